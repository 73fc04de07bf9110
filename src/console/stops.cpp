// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/stops.h"

#include "base/overloaded.h"
#include "base/text.h"
#include "console/scope.h"

#include <algorithm>

namespace vitrine::core::console {

namespace {

template<class Entities, class Entity>
std::optional<uint32_t> index_of(const Entities& entities, const Entity* entity)
{
    const auto found = std::ranges::find(entities, entity);
    return found == entities.end() ? std::nullopt
                                   : std::optional(static_cast<uint32_t>(found - entities.begin()));
}

} // namespace

/// None for a local, which is in no other run.
std::optional<Stops::Home> Stops::home_of(const eval::WatchPlace& place, const Instance& instance)
{
    Home home { .module = instance.module, .number = instance.number };
    const auto in = [&](ExternKind kind, std::optional<uint32_t> index) {
        home.kind = kind;
        home.index = index.value_or(0);
        return index.has_value();
    };
    const bool is_there = std::visit(
        Overloaded {
            [&](const eval::MemoryRange& range) {
                home.at = range.address;
                home.size = range.size;
                return in(ExternKind::Memory, index_of(instance.memories, range.memory));
            },
            [&](Global* global) { return in(ExternKind::Global, index_of(instance.globals, global)); },
            [&](const eval::TableSlot& slot) {
                home.at = slot.index;
                return in(ExternKind::Table, index_of(instance.tables, slot.table));
            },
            [](const eval::FrameLocal&) { return false; },
        },
        place);
    return is_there ? std::optional(home) : std::nullopt;
}

std::optional<eval::WatchPlace> Stops::place_of(const Home& home, Instance& instance)
{
    if (instance.module != home.module || instance.number != home.number)
        return std::nullopt;
    switch (home.kind) {
    case ExternKind::Memory: {
        Memory* const memory = instance.memories[home.index];
        return eval::MemoryRange { memory, home.at, home.size, instance.store->find_shared(memory) };
    }
    case ExternKind::Global: return instance.globals[home.index];
    default: return eval::TableSlot { instance.tables[home.index], home.at };
    }
}

Stops::Stops(Target& target, SourceView& view)
    : target_(target), view_(view), requests_([this](const debug::Requests::Event& event) {
          const std::lock_guard lock(changed_mutex_);
          if (event.kind == debug::Requests::Event::Kind::Changed)
              changed_.push_back(event.request.id);
      })
{}

debug::Requests& Stops::requests()
{
    debug::Client& client = target_.client();
    if (client_ != &client) {
        client_ = &client;
        requests_.attach(client, view_.sources(), target_.modules(), target_.demangle());
    }
    return requests_;
}

std::string WatchedValue::text() const { return source::type_text(*symbols, type) + " " + place; }

std::string WatchedValue::value_text(Instance& instance, Bytes bytes) const
{
    eval::MemoryReader reader(instance, symbols, memory);
    return source::render(reader, { .type = type, .bytes = { bytes.begin(), bytes.end() } });
}

Result<uint32_t> Stops::add(debug::WatchpointSpec spec, std::string place, const Instance& instance,
    std::optional<WatchedValue> value)
{
    auto home = home_of(spec.what, instance);
    const uint32_t session_id = TRY(target_.add_watchpoint(std::move(spec)));
    const uint32_t id = requests().take_id();
    entries_[id] = { session_id, std::move(place), std::move(value), std::move(home) };
    return id;
}

std::optional<WatchedValue> Stops::watched_value(uint32_t session_id) const
{
    const auto found = std::ranges::find_if(
        entries_, [&](const auto& entry) { return entry.second.session_id == session_id; });
    return found == entries_.end() ? std::nullopt : found->second.value;
}

Result<void> Stops::change(uint32_t id, debug::WatchpointSpec spec)
{
    Entry& entry = entries_.at(id);
    if (entry.session_id != 0)
        return target_.client().change_watchpoint(entry.session_id, std::move(spec));
    entry.spec = std::move(spec);
    return {};
}

Result<void> Stops::remove(uint64_t id)
{
    const auto number = static_cast<uint32_t>(std::min<uint64_t>(id, UINT32_MAX));
    const auto found = entries_.find(number);
    if (found != entries_.end()) {
        // It may be gone already.
        (void)target_.client().remove_stop(found->second.session_id);
        entries_.erase(found);
    } else if (!requests().remove(number)) {
        return failure("there is no breakpoint or watchpoint " + std::to_string(id));
    }
    commands_.erase(number);
    return {};
}

uint32_t Stops::number_of(uint32_t session_id) const
{
    if (session_id == 0)
        return 0;
    if (const auto hit = requests_.find_hit(session_id))
        return hit->request;
    const auto found = std::ranges::find_if(
        entries_, [&](const auto& entry) { return entry.second.session_id == session_id; });
    return found == entries_.end() ? 0 : found->first;
}

uint32_t Stops::last_number()
{
    const std::vector<debug::Request> all = breakpoints();
    return std::max(all.empty() ? 0 : all.back().id, entries_.empty() ? 0 : entries_.rbegin()->first);
}

std::vector<debug::Breakpoint> Stops::session_breakpoints()
{
    std::vector<debug::Breakpoint> rows = target_.session().breakpoints();
    std::erase_if(rows, [&](const debug::Breakpoint& row) { return number_of(row.id) == 0; });
    return rows;
}

std::vector<debug::Request> Stops::take_changed()
{
    std::vector<uint32_t> ids;
    {
        const std::lock_guard lock(changed_mutex_);
        ids = std::exchange(changed_, {});
    }
    std::vector<debug::Request> rows = breakpoints();
    std::erase_if(
        rows, [&](const debug::Request& row) { return std::ranges::find(ids, row.id) == ids.end(); });
    return rows;
}

std::vector<Stops::WatchRow> Stops::watchpoints()
{
    const std::vector<debug::Watchpoint> all = target_.session().watchpoints();
    std::vector<WatchRow> rows;
    for (const auto& [id, entry] : entries_) {
        WatchRow row { { .id = id, .spec = entry.spec }, entry.place, entry.value, entry.session_id == 0,
            entry.is_local() };
        const auto found = std::ranges::find(all, entry.session_id, &debug::Watchpoint::id);
        if (!row.is_pending && found == all.end())
            continue;
        if (!row.is_pending) {
            row.spec = found->spec;
            row.hits = found->hits;
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<std::string> Stops::commands(uint32_t id) const
{
    const auto found = commands_.find(id);
    return found == commands_.end() ? std::vector<std::string>() : found->second;
}

void Stops::set_commands(uint32_t id, std::vector<std::string> lines)
{
    if (lines.empty())
        commands_.erase(id);
    else
        commands_[id] = std::move(lines);
}

Result<debug::Request> Stops::find_breakpoint(uint64_t id)
{
    for (debug::Request& row : breakpoints())
        if (row.id == id)
            return std::move(row);
    return failure("there is no breakpoint " + std::to_string(id));
}

std::vector<uint32_t> Stops::take_ended()
{
    std::vector<uint32_t> ended;
    const bool is_stopped = target_.session().stopped().has_value();
    const std::vector<debug::Watchpoint> rows = target_.session().watchpoints();
    for (const auto& [id, entry] : entries_) {
        const bool is_there =
            is_stopped && std::ranges::find(rows, entry.session_id, &debug::Watchpoint::id) != rows.end();
        if (entry.is_local() && !is_there)
            ended.push_back(id);
    }
    for (const uint32_t id : ended)
        entries_.erase(id);
    return ended;
}

void Stops::stop_on(const debug::StopsOn& what)
{
    stops_on_ = what;
    debug::StopsOn asked = what;
    if (before_waiting_) {
        before_waiting_ = what;
        asked.load = true;
    }
    target_.client().stop_on(asked);
}

void Stops::keep()
{
    kept_watches_ = watchpoints();
    leave();
}

Result<void> Stops::restore()
{
    before_waiting_.reset();
    if (stops_on_)
        target_.client().stop_on(*stops_on_);
    const std::map<uint32_t, Entry> before = std::exchange(entries_, {});
    attach();
    for (WatchRow& row : std::exchange(kept_watches_, {})) {
        const auto& home = before.at(row.id).home;
        if (!home)
            continue;
        entries_[row.id] = { 0, std::move(row.place), std::move(row.value), home, std::move(row.spec) };
        if (!before_waiting_)
            before_waiting_ = stops_on();
    }
    if (before_waiting_) {
        debug::StopsOn asked = *before_waiting_;
        asked.load = true;
        target_.client().stop_on(asked);
    }
    return {};
}

/// Sets a watchpoint that waits if its instance is there.
Result<void> Stops::set_if_there(Entry& entry)
{
    for (Instance* const instance : instances_of(target_.session())) {
        auto place = place_of(*entry.home, *instance);
        if (!place)
            continue;
        const auto* range = std::get_if<eval::MemoryRange>(&*place);
        entry.spec.store = range && range->shared ? nullptr : instance->store;
        entry.spec.what = *std::move(place);
        entry.session_id = TRY(target_.add_watchpoint(entry.spec));
        return {};
    }
    return {};
}

std::vector<std::string> Stops::set_waiting()
{
    std::vector<std::string> notes;
    std::vector<uint32_t> impossible;
    bool is_any_left = false;
    for (auto& [id, entry] : entries_) {
        if (entry.session_id != 0)
            continue;
        if (const auto done = set_if_there(entry); !done) {
            notes.push_back("watchpoint " + std::to_string(id) + " deleted: " + done.error().message);
            impossible.push_back(id);
        } else {
            is_any_left |= entry.session_id == 0;
        }
    }
    for (const uint32_t id : impossible)
        entries_.erase(id);
    if (!is_any_left)
        target_.client().stop_on(*std::exchange(before_waiting_, std::nullopt));
    return notes;
}

} // namespace vitrine::core::console
