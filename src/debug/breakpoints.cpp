// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/breakpoints.h"

#include "base/text.h"
#include "debug/source_view.h"
#include "eval/message.h"
#include "wasm/instruction.h"

#include <algorithm>

namespace vitrine::core::debug {

Breakpoints::Breakpoints(const TypeRegistry& types) : types_(types) {}
Breakpoints::~Breakpoints() = default;

void Breakpoints::set_symbols(std::shared_ptr<SymbolFinder> finder)
{
    const std::lock_guard lock(compiling_);
    symbols_ = std::move(finder);
}

/// Like `find_instruction_boundary`, but fast for many breakpoints in one long function.
std::optional<CodeOffset> Breakpoints::find_instruction(
    const std::shared_ptr<const Module>& module, FuncIndex function, CodeOffset offset)
{
    const std::lock_guard lock(compiling_);
    if (instructions_.module != module || instructions_.function != function) {
        const FuncMeta& meta = module->meta(function);
        instructions_ = { module, function, {} };
        for (CodeOffset at = meta.code_offset; at < meta.end_offset;
            at = next_instruction(module->bytes(), at))
            instructions_.begins.push_back(at);
    }
    const auto found = std::ranges::lower_bound(instructions_.begins, offset);
    return found != instructions_.begins.end() ? std::optional(*found) : std::nullopt;
}

Result<Breakpoints::Compiled> Breakpoints::compile(BreakpointSpec spec)
{
    std::shared_ptr<SymbolFinder> finder;
    {
        const std::lock_guard lock(compiling_);
        finder = symbols_;
    }
    const auto function = spec.module->find_function(spec.offset);
    const auto offset = function ? find_instruction(spec.module, *function, spec.offset) : std::nullopt;
    if (!offset)
        return failure("no instruction of the module is at or behind this place of a function", spec.offset);
    Entry entry { { .spec = std::move(spec), .offset = *offset }, {}, {}, {} };
    eval::Scope scope {
        .module = entry.spec.module, .types = &types_, .function = *function, .offset = *offset
    };
    const bool has_names = !entry.spec.condition.empty() || !entry.spec.message.empty();
    if (has_names && finder)
        scope.source = { .symbols = finder->symbols_of(entry.spec.module),
            .level = entry.spec.level,
            .memory = finder->memory_of(*entry.spec.module) };
    const auto explain = [](const char* what, Error error) {
        error.message = std::string(what) + ": " + error.message;
        return std::unexpected(std::move(error));
    };
    if (!entry.spec.condition.empty()) {
        auto condition = eval::Expression::compile_condition(entry.spec.condition, scope);
        if (!condition)
            return explain("condition", std::move(condition).error());
        entry.guard = condition->guard();
        entry.condition = std::move(*condition);
    }
    if (!entry.spec.message.empty()) {
        auto message = eval::LogMessage::compile(entry.spec.message, scope);
        if (!message)
            return explain("message", std::move(message).error());
        entry.message = std::make_shared<const eval::LogMessage>(std::move(*message));
        entry.is_slow = entry.message->is_slow();
    }
    return Compiled(std::move(entry));
}

void Breakpoints::add(uint32_t id, Compiled breakpoint)
{
    breakpoint.entry_.id = id;
    Entry& added = entries_.emplace(id, std::move(breakpoint.entry_)).first->second;
    at_[{ added.spec.module.get(), added.offset }].push_back(&added);
}

Result<std::map<uint32_t, Breakpoints::Entry>::iterator> Breakpoints::look_up(uint32_t id)
{
    const auto found = entries_.find(id);
    if (found == entries_.end())
        return failure("there is no breakpoint " + std::to_string(id));
    return found;
}

Result<void> Breakpoints::change(uint32_t id, Compiled breakpoint)
{
    Entry& old = TRY(look_up(id))->second;
    Entry& entry = breakpoint.entry_;
    if (entry.spec.module != old.spec.module || entry.spec.offset != old.spec.offset)
        return failure("a breakpoint's place cannot be changed");
    entry.id = id;
    entry.hits = old.hits;
    old = std::move(entry);
    return {};
}

Result<void> Breakpoints::remove(uint32_t id)
{
    const auto found = TRY(look_up(id));
    const auto at = at_.find({ found->second.spec.module.get(), found->second.offset });
    std::erase(at->second, &found->second);
    if (at->second.empty())
        at_.erase(at);
    entries_.erase(found);
    return {};
}

void Breakpoints::clear()
{
    const std::lock_guard lock(compiling_);
    instructions_ = {};
    at_.clear();
    entries_.clear();
}

std::vector<Breakpoint> Breakpoints::list() const
{
    std::vector<Breakpoint> list;
    for (const auto& [id, entry] : entries_)
        list.push_back(entry);
    return list;
}

const Breakpoint* Breakpoints::find(uint32_t id) const
{
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : &found->second;
}

bool Breakpoints::is_meant(const Breakpoint& breakpoint, const Instance& instance)
{
    const BreakpointSpec& spec = breakpoint.spec;
    return spec.is_enabled && spec.module == instance.module
        && (!spec.instance || spec.instance == &instance);
}

bool Breakpoint::is_at(const Frame& frame) const
{
    return offset == frame.offset && Breakpoints::is_meant(*this, *frame.function->instance);
}

GuardedPlaces Breakpoints::places_in(Store& store) const
{
    GuardedPlaces places;
    if (entries_.empty())
        return places;
    for (Instance& instance : store.instances())
        for (const auto& [id, entry] : entries_) {
            if (!is_meant(entry, instance))
                continue;
            const FuncIndex function = *entry.spec.module->find_function(entry.offset);
            const auto [place, is_new] = places.try_emplace(
                MarkedPlace(instance.functions[function.value], entry.offset), entry.guard);
            if (!is_new)
                place->second = either(place->second, entry.guard);
        }
    return places;
}

Breakpoints::Hit Breakpoints::hit(const Frame& frame, Messages& messages)
{
    const Instance& instance = *frame.function->instance;
    const auto found = at_.find({ instance.module.get(), frame.offset });
    if (found == at_.end())
        return {};
    Hit hit;
    for (Entry* entry : found->second) {
        if (!is_meant(*entry, instance))
            continue;
        std::string problem;
        if (entry->condition) {
            const auto holds = entry->condition->is_true(frame);
            if (holds && !*holds)
                continue;
            if (!holds)
                problem = "condition: " + holds.error().message;
        }
        uint64_t hits = ++entry->hits;
        if (const auto& group = entry->spec.group)
            hits = ++group->hits;
        if (problem.empty() && !stops_at_hit(hits, entry->spec.ignore_count, entry->spec.every))
            continue;
        if (entry->message && problem.empty())
            messages.push_back({ entry->id, entry->message });
        else if (hit.id == 0)
            hit = { entry->id, std::move(problem), entry->spec.entered };
    }
    if (const Breakpoint* stops = find(hit.id); stops && stops->spec.is_temporary)
        remove_temporary(hit.id);
    return hit;
}

/// Removes a breakpoint that has stopped the guest, with its group.
void Breakpoints::remove_temporary(uint32_t id)
{
    std::vector<uint32_t> ids { id };
    if (const auto group = entries_.at(id).spec.group)
        for (const auto& [other, entry] : entries_)
            if (other != id && entry.spec.group == group)
                ids.push_back(other);
    for (const uint32_t each : ids)
        (void)remove(each);
}

} // namespace vitrine::core::debug
