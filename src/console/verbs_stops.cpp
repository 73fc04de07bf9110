// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What stops the program: breakpoints, watchpoints, events.
#include "console/console.h"
#include "console/places.h"
#include "console/values.h"

#include "base/number.h"
#include "debug/listing.h"

#include <algorithm>
#include <map>

namespace vitrine::core::console {

namespace {

using Access = debug::WatchpointSpec::Access;

/// `breakpoint 1: $double at 0x20, if $n == 7, 2 hits`
std::string line_of(Console& console, const debug::Breakpoint& row)
{
    const debug::BreakpointSpec& spec = row.spec;
    const Instance* like = spec.instance ? spec.instance : console.scope().instance;
    return debug::breakpoint_line(row, console.place_text(*spec.module, row.offset, like),
        console.target().place_text(*spec.module, spec.offset, like));
}

std::string line_of(const Stops::WatchRow& row)
{
    return debug::watchpoint_line(row.id, row.access, row.place, row.hits);
}

/// Breakpoints and watchpoints, by ascending number.
void list_stops(Console& console)
{
    std::map<uint32_t, std::string> lines;
    for (const debug::Breakpoint& row : console.stops().breakpoints())
        lines[row.id] = line_of(console, row);
    for (const Stops::WatchRow& row : console.stops().watchpoints())
        lines[row.id] = line_of(row);
    for (const auto& [id, line] : lines)
        console.write(line);
    if (lines.empty())
        console.write("no breakpoints");
}

/// `log "MESSAGE"`, or without quotes all that is left.
Result<std::string> take_message(Words& words)
{
    constexpr std::string_view what = "a message after `log`";
    if (words.rest().starts_with('"'))
        return words.quoted(what);
    std::string message(words.rest());
    if (message.empty())
        return failure("expected " + std::string(what));
    words = Words("");
    return message;
}

/// Takes `ignore N`, `log "MESSAGE"` and `if EXPR`, which takes all that is left.
Result<void> take_options(Words& words, debug::BreakpointSpec& spec)
{
    while (!words.at_end()) {
        if (words.take("if")) {
            spec.condition = words.rest();
            if (spec.condition.empty())
                return failure("expected an expression after `if`");
            return {};
        }
        if (words.take("ignore"))
            spec.ignore_count = TRY(words.number("a count after `ignore`"));
        else if (words.take("log"))
            spec.message = TRY(take_message(words));
        else
            return failure(
                "unexpected argument \"" + std::string(words.next()) + "\": expected ignore, log or if");
    }
    return {};
}

/// An error in a breakpoint's condition or message, with a mark.
std::unexpected<Error> marked(const Error& error, const debug::BreakpointSpec& spec)
{
    return with_mark(error, spec.condition.empty() ? spec.message : spec.condition);
}

Result<std::vector<CodePlace>> take_places(Console& console, Words& words)
{
    const std::string_view text = words.next();
    if (text.empty())
        return failure("expected a place");
    if (const auto number = parse_unsigned(text))
        if (auto place = console.target().find_address(*number))
            return std::vector { *std::move(place) };
    const std::vector<LoadedModule> modules = console.target().modules();
    if (!console.scope().module)
        return failure("there is no module yet");
    auto places = TRY(find_places(modules, console.scope().module, text, console.target().demangle()));
    if (const Instance* only = console.scope().named_instance)
        for (CodePlace& place : places)
            if (place.module == only->module)
                place.instance = only;
    return places;
}

Result<void> add(Console& console, Words& words, bool is_temporary)
{
    const std::vector<CodePlace> places = TRY(take_places(console, words));
    debug::BreakpointSpec options { .module = places.front().module, .is_temporary = is_temporary };
    CHECK(take_options(words, options));
    for (const CodePlace& place : places) {
        debug::BreakpointSpec spec = options;
        spec.module = place.module;
        spec.offset = place.offset;
        spec.instance = place.instance;
        const auto id = console.stops().add(spec);
        if (!id)
            return marked(id.error(), spec);
        console.write(line_of(console, TRY(console.stops().find_breakpoint(*id))));
    }
    return {};
}

/// Changes one breakpoint, and shows it.
template<class Change> Result<void> change(Console& console, uint64_t id, Change change)
{
    debug::Breakpoint row = TRY(console.stops().find_breakpoint(id));
    change(row.spec);
    if (const auto changed = console.stops().change(row.id, row.spec); !changed)
        return marked(changed.error(), row.spec);
    console.write(line_of(console, row));
    return {};
}

/// The numbers that are left, or those of all breakpoints.
Result<std::vector<uint64_t>> take_ids(Console& console, Words& words, bool with_watchpoints)
{
    std::vector<uint64_t> ids;
    if (words.at_end()) {
        for (const debug::Breakpoint& row : console.stops().breakpoints())
            ids.push_back(row.id);
        if (with_watchpoints)
            for (const Stops::WatchRow& row : console.stops().watchpoints())
                ids.push_back(row.id);
    }
    while (!words.at_end())
        ids.push_back(TRY(words.number("the number of a breakpoint")));
    return ids;
}

Result<void> set_enabled(Console& console, Words& words, bool is_enabled)
{
    for (const uint64_t id : TRY(take_ids(console, words, false)))
        CHECK(change(console, id, [&](debug::BreakpointSpec& spec) { spec.is_enabled = is_enabled; }));
    return {};
}

/// Parses what to watch: a place as in expressions, or `memory [INDEX:]ADDRESS LENGTH`.
Result<eval::WatchPlace> find_watched(const Scope& scope, std::string_view text)
{
    if (text.empty())
        return failure("expected a place, for example i32[0x10], $name, global[0] or table[2]");
    Words words(text);
    if (!words.take("memory"))
        return scope.place(as_expression(text));
    std::string place(words.next());
    const std::string_view second = words.next();
    // `memory INDEX ADDRESS LENGTH`, too.
    const bool has_index = !words.at_end() || place.ends_with(':');
    if (has_index)
        place += (place.ends_with(':') ? "" : ":") + std::string(second);
    eval::MemoryRange range = TRY(find_memory_place(scope, place));
    range.size =
        has_index ? TRY(words.number("a length in bytes")) : TRY(Words(second).number("a length in bytes"));
    CHECK(words.end());
    return range;
}

Result<void> watch(Console& console, Words& words, Access access)
{
    constexpr std::pair<std::string_view, Access> accesses[] { { "read", Access::Read },
        { "write", Access::Write }, { "access", Access::ReadWrite } };
    for (const auto& [word, asked] : accesses)
        if (words.take_last(word))
            access = asked;
    const std::string_view text = words.rest();
    debug::WatchpointSpec spec { .what = TRY(find_watched(console.scope(), text)),
        .access = access,
        .store = console.scope().instance->store };
    if (const auto* range = std::get_if<eval::MemoryRange>(&spec.what); range && range->shared)
        spec.store = nullptr;
    const uint32_t id = TRY(console.stops().add(std::move(spec), std::string(text)));
    console.write(line_of(Stops::WatchRow { id, access, std::string(text), 0 }));
    return {};
}

} // namespace

namespace verbs {

Result<void> set_breakpoint(Console& console, Words& words)
{
    if (!words.at_end())
        return add(console, words, false);
    list_stops(console);
    return {};
}

Result<void> set_temporary(Console& console, Words& words) { return add(console, words, true); }

Result<void> set_condition(Console& console, Words& words)
{
    const uint64_t id = TRY(words.number("the number of a breakpoint"));
    return change(console, id, [&](debug::BreakpointSpec& spec) { spec.condition = words.rest(); });
}

Result<void> set_ignore(Console& console, Words& words)
{
    const uint64_t id = TRY(words.number("the number of a breakpoint"));
    const uint64_t count = TRY(words.number("a count"));
    CHECK(words.end());
    return change(console, id, [&](debug::BreakpointSpec& spec) { spec.ignore_count = count; });
}

Result<void> enable(Console& console, Words& words) { return set_enabled(console, words, true); }

Result<void> disable(Console& console, Words& words) { return set_enabled(console, words, false); }

Result<void> remove(Console& console, Words& words)
{
    for (const uint64_t id : TRY(take_ids(console, words, true))) {
        CHECK(console.stops().remove(id));
        console.write("deleted " + std::to_string(id));
    }
    return {};
}

Result<void> watch_changes(Console& console, Words& words) { return watch(console, words, Access::Change); }

Result<void> watch_reads(Console& console, Words& words) { return watch(console, words, Access::Read); }

Result<void> watch_accesses(Console& console, Words& words)
{
    return watch(console, words, Access::ReadWrite);
}

Result<void> catch_events(Console& console, Words& words)
{
    constexpr auto& events = debug::stop_events<debug::StopsOn>;
    debug::StopsOn what = console.stops().stops_on();
    if (words.at_end()) {
        for (const auto& [name, flag] : events)
            console.write(debug::stop_event_line(name, console.session().stops_on().*flag));
        return {};
    }
    const std::string_view name = words.next();
    const auto* event = std::ranges::find_if(events, [&](const auto& each) { return each.name == name; });
    if (event == std::end(events))
        return failure(std::string(name) + ": " + std::string(debug::expected_stop_event));
    const bool is_off = words.take("off");
    CHECK(words.end());
    what.*event->flag = !is_off;
    console.stops().stop_on(what);
    // Another client may still ask for it.
    console.write(debug::stop_event_line(name, console.session().stops_on().*event->flag));
    return {};
}

} // namespace verbs

} // namespace vitrine::core::console
