// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/watchpoints.h"

#include "debug/breakpoints.h"

#include "base/overloaded.h"
#include "base/text.h"
#include "debug/inspect.h"
#include "debug/source_view.h"
#include "eval/syntax.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace vitrine::core::debug {

namespace {

/// The kind and the bytes of a watched place, and the type if it is a value.
struct Watched {
    StateKind kind;
    Bytes bytes;
    std::optional<ValueType> type;
};

Bytes bytes_of(const Slot* slots, ValueType type)
{
    return { reinterpret_cast<const uint8_t*>(slots), type.slots() * sizeof(Slot) };
}

/// What a watchpoint watches. No bytes if the range is not in bounds.
Watched home_of(const WatchpointSpec& spec)
{
    return std::visit(
        Overloaded {
            [](const eval::MemoryRange& range) {
                const bool is_inside = range.memory->contains(range.address, range.size);
                return Watched { StateKind::Memory,
                    is_inside ? range.memory->bytes().subspan(range.address, range.size) : Bytes {},
                    std::nullopt };
            },
            [](Global* global) {
                const ValueType type = global->type.type;
                return Watched { StateKind::Global, bytes_of(global->slots(), type), type };
            },
            [](const eval::TableSlot& slot) {
                const ValueType type = slot.table->type().element;
                if (slot.index >= slot.table->size())
                    return Watched { StateKind::Table, {}, type };
                const Ref& element = slot.table->elements()[slot.index];
                return Watched { StateKind::Table, bytes_of(&element.bits, type), type };
            },
            [](const eval::FrameLocal& local) {
                const auto home = find_local_home(local.frame, local.index);
                if (!home)
                    return Watched { StateKind::Local, {}, std::nullopt };
                return Watched { StateKind::Local, bytes_of(home->slots, home->type), home->type };
            },
        },
        spec.what);
}

std::string number_text(const std::vector<uint8_t>& bytes)
{
    if (!std::has_single_bit(bytes.size()) || bytes.size() > sizeof(uint64_t))
        return hex_of(bytes);
    uint64_t number = 0;
    std::memcpy(&number, bytes.data(), bytes.size());
    return std::to_string(number);
}

/// Keeps the object alive to which a copied value refers.
std::shared_ptr<Root> root_of(const WatchpointSpec& spec, const Watched& home)
{
    if (!home.type || !home.type->is_ref() || home.type->is_function_ref() || home.bytes.empty())
        return nullptr;
    const Ref ref = load_value(*home.type, reinterpret_cast<const Slot*>(home.bytes.data())).ref();
    if (ref.is_null() || ref.is_i31())
        return nullptr;
    return std::make_shared<Root>(const_cast<Store*>(spec.store)->heap, ref.object());
}

Value value_of(ValueType type, const std::vector<uint8_t>& bytes)
{
    Slot slots[2] {};
    std::memcpy(slots, bytes.data(), std::min(bytes.size(), sizeof slots));
    return load_value(type, slots);
}

/// The bytes that a mutation has written, if they can be watched.
Bytes written_bytes(const Mutation& mutation)
{
    return std::visit(
        Overloaded {
            [](const MemoryBytes& range) {
                return range.memory->bytes().subspan(range.address, range.count);
            },
            [](const Global* global) { return bytes_of(global->slots(), global->type.type); },
            [](const TableElements& range) {
                const auto elements = range.table->elements().subspan(range.index, range.count);
                return Bytes { reinterpret_cast<const uint8_t*>(elements.data()), elements.size_bytes() };
            },
            [](const StackSlots& range) {
                return Bytes { reinterpret_cast<const uint8_t*>(range.slots), range.count * sizeof(Slot) };
            },
            [](const auto&) { return Bytes {}; },
        },
        mutation);
}

bool overlaps(const TouchedRange& range, Bytes bytes)
{
    const auto begin = reinterpret_cast<uintptr_t>(bytes.data());
    return range.begin < begin + bytes.size() && begin < range.end;
}

bool overlaps(const Mutation& mutation, Bytes bytes)
{
    const Bytes written = written_bytes(mutation);
    const auto begin = reinterpret_cast<uintptr_t>(written.data());
    return !written.empty() && overlaps(TouchedRange { begin, begin + written.size(), true }, bytes);
}

/// What an access has done to a place, whose state was `before`.
WatchHit hit_of(
    const Watched& home, const std::vector<uint8_t>& before, std::shared_ptr<Root> root, bool is_write)
{
    WatchHit hit { .is_write = is_write, .root = std::move(root) };
    std::vector<uint8_t> now(home.bytes.begin(), home.bytes.end());
    const std::vector<uint8_t>& old = is_write ? before : now;
    if (home.type) {
        hit.old_value = value_of(*home.type, old);
        hit.new_value = value_of(*home.type, now);
    } else {
        hit.old_bytes = old;
        hit.new_bytes = std::move(now);
    }
    return hit;
}

} // namespace

std::string WatchHit::to_text() const
{
    const std::string before = old_value ? old_value->to_text() : number_text(old_bytes);
    if (!is_write)
        return before;
    return before + " -> " + (new_value ? new_value->to_text() : number_text(new_bytes));
}

Result<bool> FreeCondition::is_true(const Frame& frame, SymbolFinder* symbols)
{
    // More than the places at which a program usually touches one variable.
    constexpr size_t max_compiled = 256;
    if (text_.empty())
        return true;
    const std::pair place(frame.function, frame.offset);
    auto found = compiled_.find(place);
    if (found == compiled_.end()) {
        if (compiled_.size() == max_compiled)
            compiled_.clear();
        eval::SourceContext source;
        if (symbols)
            source.symbols = symbols->symbols_of(frame.function->instance->module);
        auto expression =
            TRY(eval::Expression::compile_condition(text_, TRY(eval::Scope::of(frame, std::move(source)))));
        found = compiled_.emplace(place, std::move(expression)).first;
    }
    return found->second.is_true(frame);
}

namespace {

/// A condition's names mean what they mean where it is evaluated; its form is the same everywhere.
Result<void> check_form(std::string_view condition)
{
    if (condition.empty())
        return {};
    if (auto parsed = eval::parse_whole_expression(condition); !parsed)
        return in_text<void>(failure("condition: " + parsed.error().message, parsed.error().offset));
    return {};
}

} // namespace

Result<void> Watchpoints::add(uint32_t id, WatchpointSpec spec)
{
    CHECK(check_form(spec.condition));
    if (const auto* range = std::get_if<eval::MemoryRange>(&spec.what)) {
        if (range->size == 0)
            return failure("a range without bytes cannot be watched");
        if (!range->memory->contains(range->address, range->size))
            return failure("the range does not lie in the memory, which has "
                + count_text(range->memory->size(), "byte"));
    }
    if (const auto* local = std::get_if<eval::FrameLocal>(&spec.what); local && !is_alive(local->frame))
        return failure("the frame is no longer valid: the guest has resumed");
    const Watched home = home_of(spec);
    if (home.bytes.empty())
        return failure(
            home.kind == StateKind::Table ? "the table has no such element" : "the frame has no such local");
    Entry& entry = entries_[id];
    entry.id = id;
    entry.condition = FreeCondition(spec.condition);
    entry.spec = std::move(spec);
    entry.copy.assign(home.bytes.begin(), home.bytes.end());
    entry.root = root_of(entry.spec, home);
    if (const auto* local = std::get_if<eval::FrameLocal>(&entry.spec.what)) {
        if (const auto caller = return_place_of(local->frame))
            entry.end = MarkedPlace { caller->function, caller->offset };
    }
    return {};
}

Result<void> Watchpoints::change(uint32_t id, WatchpointSpec spec, bool is_running)
{
    const auto found = entries_.find(id);
    if (found == entries_.end())
        return failure("there is no watchpoint " + std::to_string(id));
    CHECK(check_form(spec.condition));
    Entry& entry = found->second;
    const auto* const local = std::get_if<eval::FrameLocal>(&entry.spec.what);
    if (local && !is_running && !is_alive(local->frame))
        return failure("the frame of the watched local has ended");
    entry.condition = FreeCondition(spec.condition);
    entry.spec.condition = std::move(spec.condition);
    entry.spec.ignore_count = spec.ignore_count;
    entry.spec.every = spec.every;
    entry.spec.is_enabled = spec.is_enabled;
    if (local && is_running)
        return {};
    // What has happened while it was disabled is no access.
    const Watched home = home_of(entry.spec);
    entry.copy.assign(home.bytes.begin(), home.bytes.end());
    entry.root = root_of(entry.spec, home);
    return {};
}

Result<void> Watchpoints::remove(uint32_t id)
{
    if (entries_.erase(id) == 0)
        return failure("there is no watchpoint " + std::to_string(id));
    return {};
}

void Watchpoints::drop(const Store& store)
{
    std::erase_if(entries_, [&](const auto& row) { return row.second.spec.store == &store; });
}

std::vector<Watchpoint> Watchpoints::list() const
{
    std::vector<Watchpoint> list;
    for (const auto& [id, entry] : entries_)
        list.push_back(entry);
    return list;
}

std::unique_ptr<const Watches> Watchpoints::ranges() const
{
    std::vector<WatchedRange> ranges;
    for (const auto& [id, entry] : entries_) {
        using enum WatchpointSpec::Access;
        const Watched home = home_of(entry.spec);
        const auto begin = reinterpret_cast<uintptr_t>(home.bytes.data());
        const WatchpointSpec::Access access = entry.spec.access;
        if (!home.bytes.empty() && entry.spec.is_enabled)
            ranges.push_back({ begin, begin + home.bytes.size(), access == Read || access == ReadWrite,
                access != Read, home.kind });
    }
    return ranges.empty() ? nullptr : std::make_unique<const Watches>(std::move(ranges));
}

std::vector<MarkedPlace> Watchpoints::places_in(const Store& store) const
{
    std::vector<MarkedPlace> places;
    for (const auto& [id, entry] : entries_)
        if (entry.end && entry.end->first->instance->store == &store)
            places.push_back(*entry.end);
    return places;
}

void Watchpoints::refresh()
{
    std::erase_if(entries_, [](const auto& row) {
        const auto* local = std::get_if<eval::FrameLocal>(&row.second.spec.what);
        return local && !is_alive(local->frame);
    });
    for (auto& [id, entry] : entries_) {
        const Watched home = home_of(entry.spec);
        entry.copy.assign(home.bytes.begin(), home.bytes.end());
        entry.root = root_of(entry.spec, home);
    }
}

void Watchpoints::refresh(std::span<const Mutation> written)
{
    if (written.empty())
        return;
    for (auto& [id, entry] : entries_) {
        const Watched home = home_of(entry.spec);
        if (std::ranges::any_of(
                written, [&](const Mutation& mutation) { return overlaps(mutation, home.bytes); })) {
            entry.copy.assign(home.bytes.begin(), home.bytes.end());
            entry.root = root_of(entry.spec, home);
        }
    }
}

bool Watchpoints::drop_ended(const Thread& thread)
{
    return std::erase_if(entries_, [&](const auto& row) {
        const auto* local = std::get_if<eval::FrameLocal>(&row.second.spec.what);
        return local && local->frame.thread == &thread && !is_alive(local->frame);
    }) != 0;
}

/// Whether an access is of the kind that the watchpoint waits for.
bool Watchpoints::counts(const Entry& entry, bool was_read, bool was_written, bool has_changed)
{
    using enum WatchpointSpec::Access;
    switch (entry.spec.access) {
    case Read: return was_read;
    case Write: return was_written;
    case ReadWrite: return was_read || was_written;
    case Change: return was_written && has_changed;
    }
    std::unreachable();
}

/// Counts an access if the condition holds, and says whether it stops the thread. Returns why the
/// condition could not be evaluated; that stops the thread too.
std::string Watchpoints::count(Entry& entry, const std::optional<Frame>& frame, bool& stops) const
{
    std::string problem;
    stops = false;
    if (!entry.spec.is_enabled)
        return problem;
    if (frame) {
        const auto holds = entry.condition.is_true(*frame, symbols_.get());
        if (holds && !*holds)
            return problem;
        if (!holds)
            problem = "condition: " + holds.error().message;
    }
    ++entry.hits;
    stops = !problem.empty() || stops_at_hit(entry.hits, entry.spec.ignore_count, entry.spec.every);
    return problem;
}

std::optional<Watchpoints::Stop> Watchpoints::hit(
    const Thread& thread, std::span<const TouchedRange> touched, std::span<const Mutation> by_host)
{
    std::optional<Stop> first;
    // The innermost guest frame, for conditions.
    std::optional<Frame> frame;
    walk_frames(thread, [&](const Frame& each) {
        if (!each.is_host())
            frame = each;
        return each.is_host();
    });
    for (auto& [id, entry] : entries_) {
        const auto* local = std::get_if<eval::FrameLocal>(&entry.spec.what);
        if (local && (local->frame.thread != &thread || !is_alive(local->frame)))
            continue;
        const Watched home = home_of(entry.spec);
        const bool has_changed = !std::ranges::equal(home.bytes, entry.copy);
        bool was_read = false;
        // A write of the host that bypassed the mutator is only noticed if it changed something.
        bool was_written = touched.empty() && has_changed;
        for (const Mutation& mutation : by_host)
            was_written |= overlaps(mutation, home.bytes);
        for (const TouchedRange& range : touched)
            if (overlaps(range, home.bytes))
                (range.is_write ? was_written : was_read) = true;
        bool stops = false;
        std::string problem;
        if (counts(entry, was_read, was_written, has_changed))
            problem = count(entry, frame, stops);
        if (stops && !first)
            first = Stop { id, hit_of(home, entry.copy, entry.root, was_written), std::move(problem) };
        if (has_changed) {
            entry.copy.assign(home.bytes.begin(), home.bytes.end());
            entry.root = root_of(entry.spec, home);
        }
    }
    return first;
}

} // namespace vitrine::core::debug
