// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/stops.h"

#include <algorithm>

namespace vitrine::core::console {

Result<uint32_t> Stops::add(debug::BreakpointSpec spec)
{
    entries_[next_id_] = { TRY(target_.client().add_breakpoint(std::move(spec))) };
    return next_id_++;
}

Result<uint32_t> Stops::add(debug::WatchpointSpec spec, std::string place)
{
    const bool is_local = std::holds_alternative<eval::FrameLocal>(spec.what);
    entries_[next_id_] = { TRY(target_.add_watchpoint(std::move(spec))), std::move(place), is_local };
    return next_id_++;
}

Result<void> Stops::change(uint32_t id, debug::BreakpointSpec spec)
{
    return target_.client().change_breakpoint(entries_.at(id).session_id, std::move(spec));
}

Result<void> Stops::remove(uint64_t id)
{
    const auto found = id <= UINT32_MAX ? entries_.find(static_cast<uint32_t>(id)) : entries_.end();
    const auto rows = breakpoints();
    const bool is_there = found != entries_.end()
        && (!found->second.place.empty()
            || std::ranges::find(rows, id, &debug::Breakpoint::id) != rows.end());
    if (!is_there)
        return failure("there is no breakpoint or watchpoint " + std::to_string(id));
    // It may be gone already.
    (void)target_.client().remove_stop(found->second.session_id);
    entries_.erase(found);
    return {};
}

uint32_t Stops::number_of(uint32_t session_id) const
{
    const auto found = std::ranges::find_if(
        entries_, [&](const auto& entry) { return entry.second.session_id == session_id; });
    return found == entries_.end() ? 0 : found->first;
}

std::vector<debug::Breakpoint> Stops::breakpoints()
{
    std::vector<debug::Breakpoint> rows;
    for (debug::Breakpoint& row : target_.session().breakpoints())
        if (const uint32_t id = number_of(row.id)) {
            row.id = id;
            rows.push_back(std::move(row));
        }
    std::ranges::sort(rows, {}, &debug::Breakpoint::id);
    return rows;
}

std::vector<Stops::WatchRow> Stops::watchpoints()
{
    std::vector<WatchRow> rows;
    for (const debug::Watchpoint& row : target_.session().watchpoints())
        if (const uint32_t id = number_of(row.id))
            rows.push_back({ id, row.spec.access, entries_.at(id).place, row.hits });
    std::ranges::sort(rows, {}, &WatchRow::id);
    return rows;
}

Result<debug::Breakpoint> Stops::find_breakpoint(uint64_t id)
{
    for (debug::Breakpoint& row : breakpoints())
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
        if (entry.is_local && !is_there)
            ended.push_back(id);
    }
    for (const uint32_t id : ended)
        entries_.erase(id);
    return ended;
}

void Stops::stop_on(const debug::StopsOn& what)
{
    target_.client().stop_on(what);
    stops_on_ = what;
}

void Stops::keep() { kept_ = breakpoints(); }

Result<void> Stops::restore()
{
    entries_.clear();
    if (stops_on_)
        target_.client().stop_on(*stops_on_);
    for (debug::Breakpoint& row : std::exchange(kept_, {}))
        entries_[row.id] = { TRY(target_.client().add_breakpoint(std::move(row.spec))) };
    return {};
}

} // namespace vitrine::core::console
