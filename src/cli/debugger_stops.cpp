// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/debugger.h"
#include "cli/place.h"
#include "cli/watch_place.h"

#include "api/session_body.h"
#include "base/text.h"
#include "debug/listing.h"

namespace vitrine::cli {

namespace {

/// `breakpoint 1: $double at 0x20, if $n == 7, 2 hits`; in a preloaded module `at 0x20 in NAME`.
std::string line_of(const Debuggee& guest, const BreakpointRow& row)
{
    const debug::BreakpointSpec& spec = row.spec;
    const std::string preload = guest.preload_name(spec.module);
    const std::string place =
        core::hex(row.offset) + (preload.empty() ? "" : " in " + core::escaped(preload));
    return core::debug::breakpoint_line({ .id = row.id,
                                            .spec = { .module = detail::Access::body(spec.module)->module,
                                                .offset = spec.offset,
                                                .condition = spec.condition,
                                                .ignore_count = spec.ignore_count,
                                                .message = spec.message,
                                                .is_temporary = spec.is_temporary,
                                                .is_enabled = spec.is_enabled },
                                            .offset = row.offset,
                                            .hits = row.hits },
        place, core::hex(spec.offset));
}

std::string line_of(const WatchpointRow& row)
{
    return core::debug::watchpoint_line(row.id, row.access, row.place, row.hits);
}

/// What stops, in the order of the numbers.
void list_stops(Debugger& debugger)
{
    std::map<uint32_t, std::string> lines;
    for (const BreakpointRow& row : debugger.guest().breakpoints())
        lines[row.id] = line_of(debugger.guest(), row);
    for (const WatchpointRow& row : debugger.guest().watchpoints())
        lines[row.id] = line_of(row);
    for (const auto& [id, line] : lines)
        debugger.write(line);
    if (lines.empty())
        debugger.write("no breakpoints");
}

Result<BreakpointRow> find_breakpoint(Debugger& debugger, uint64_t id)
{
    for (BreakpointRow& row : debugger.guest().breakpoints())
        if (row.id == id)
            return std::move(row);
    return Error(fmt::format("there is no breakpoint {}", id));
}

/// Reads `ignore N`, `log "MESSAGE"` and `if EXPR`, which takes all that is left.
Result<void> take_options(Words& words, debug::BreakpointSpec& spec)
{
    while (!words.at_end()) {
        if (words.take("if")) {
            spec.condition = words.rest();
            if (spec.condition.empty())
                return Error("expected an expression behind if");
            return {};
        }
        if (words.take("ignore")) {
            const auto count = TRY(words.number("a count behind ignore"));
            spec.ignore_count = count;
        } else if (words.take("log")) {
            auto message = TRY(words.quoted("a message behind log,"));
            spec.message = std::move(message);
        } else {
            return Error(fmt::format("unexpected {}: expected ignore, log or if", words.next()));
        }
    }
    return {};
}

/// An error in a breakpoint's texts, with a mark.
Error marked(const Error& error, const debug::BreakpointSpec& spec)
{
    return with_mark(error, spec.condition.empty() ? spec.message : spec.condition);
}

Result<void> add(Debugger& debugger, Words& words, bool is_temporary)
{
    const auto places = TRY(find_code(debugger.guest(), words.next()));
    debug::BreakpointSpec options { .module = places.front().module, .is_temporary = is_temporary };
    CHECK(take_options(words, options));
    for (const CodePlace& place : places) {
        debug::BreakpointSpec spec = options;
        spec.module = place.module;
        spec.offset = place.offset;
        const auto id = debugger.guest().add_breakpoint(spec);
        if (!id)
            return marked(id.error(), spec);
        const auto row = TRY(find_breakpoint(debugger, *id));
        debugger.write(line_of(debugger.guest(), row));
    }
    return {};
}

/// Changes one breakpoint, and shows it.
template<class Change> Result<void> change(Debugger& debugger, uint64_t id, Change change)
{
    auto row = TRY(find_breakpoint(debugger, id));
    change(row.spec);
    if (auto changed = debugger.guest().change_breakpoint(row.id, row.spec); !changed)
        return marked(changed.error(), row.spec);
    debugger.write(line_of(debugger.guest(), row));
    return {};
}

/// The numbers that are left, or those of all breakpoints.
Result<std::vector<uint64_t>> take_ids(Debugger& debugger, Words& words, bool with_watchpoints)
{
    std::vector<uint64_t> ids;
    if (words.at_end()) {
        for (const BreakpointRow& row : debugger.guest().breakpoints())
            ids.push_back(row.id);
        if (with_watchpoints)
            for (const WatchpointRow& row : debugger.guest().watchpoints())
                ids.push_back(row.id);
    }
    while (!words.at_end()) {
        const auto id = TRY(words.number("the number of a breakpoint"));
        ids.push_back(id);
    }
    return ids;
}

Result<void> set_enabled(Debugger& debugger, Words& words, bool is_enabled)
{
    const auto ids = TRY(take_ids(debugger, words, false));
    for (const uint64_t id : ids)
        if (auto done =
                change(debugger, id, [&](debug::BreakpointSpec& spec) { spec.is_enabled = is_enabled; });
            !done)
            return done;
    return {};
}

Result<void> watch(Debugger& debugger, Words& words, debug::WatchAccess access)
{
    const std::string text(words.rest());
    // After the program's end nothing changes any more.
    if (!debugger.guest().stopped())
        return debugger.guest().not_stopped();
    const auto scope = TRY(debugger.scope());
    auto what = TRY(find_watch_place(scope, text));
    const auto id = TRY(debugger.guest().add_watchpoint({ std::move(what), access }, text));
    debugger.write(line_of(WatchpointRow { id, text, access }));
    return {};
}

constexpr auto& events = core::debug::stop_events<debug::StopsOn>;

} // namespace

namespace verbs {

Result<void> set_breakpoint(Debugger& debugger, Words& words)
{
    if (words.at_end())
        return list_stops(debugger), Result<void>();
    return add(debugger, words, false);
}

Result<void> set_temporary(Debugger& debugger, Words& words)
{
    if (words.at_end())
        return Error("expected a place");
    return add(debugger, words, true);
}

Result<void> set_condition(Debugger& debugger, Words& words)
{
    const auto id = TRY(words.number("the number of a breakpoint"));
    return change(debugger, id, [&](debug::BreakpointSpec& spec) { spec.condition = words.rest(); });
}

Result<void> set_ignore(Debugger& debugger, Words& words)
{
    const auto id = TRY(words.number("the number of a breakpoint"));
    const auto count = TRY(words.number("a count"));
    return change(debugger, id, [&](debug::BreakpointSpec& spec) { spec.ignore_count = count; });
}

Result<void> enable(Debugger& debugger, Words& words) { return set_enabled(debugger, words, true); }

Result<void> disable(Debugger& debugger, Words& words) { return set_enabled(debugger, words, false); }

Result<void> remove(Debugger& debugger, Words& words)
{
    const auto ids = TRY(take_ids(debugger, words, true));
    for (const uint64_t id : ids) {
        CHECK(debugger.guest().remove(static_cast<uint32_t>(std::min<uint64_t>(id, UINT32_MAX))));
        debugger.print("deleted {}", id);
    }
    return {};
}

Result<void> watch_changes(Debugger& debugger, Words& words)
{
    return watch(debugger, words, debug::WatchAccess::Change);
}

Result<void> watch_reads(Debugger& debugger, Words& words)
{
    return watch(debugger, words, debug::WatchAccess::Read);
}

Result<void> watch_accesses(Debugger& debugger, Words& words)
{
    return watch(debugger, words, debug::WatchAccess::ReadWrite);
}

Result<void> catch_events(Debugger& debugger, Words& words)
{
    debug::StopsOn what = debugger.guest().stops_on();
    if (words.at_end()) {
        for (const auto& [name, flag] : events)
            debugger.write(core::debug::stop_event_line(name, what.*flag));
        return {};
    }
    const std::string_view name = words.next();
    const auto* event = std::ranges::find_if(events, [&](const auto& each) { return each.name == name; });
    if (event == std::end(events))
        return Error(fmt::format("{}: {}", name, core::debug::expected_stop_event));
    const bool is_off = words.take("off");
    CHECK(words.end());
    what.*event->flag = !is_off;
    CHECK(debugger.guest().stop_on(what));
    debugger.write(core::debug::stop_event_line(name, !is_off));
    return {};
}

} // namespace verbs

} // namespace vitrine::cli
