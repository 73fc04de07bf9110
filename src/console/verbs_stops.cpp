// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What stops the program: breakpoints, watchpoints, events.
#include "console/places.h"
#include "console/values.h"
#include "console/verbs.h"

#include "base/number.h"
#include "debug/listing.h"

#include <algorithm>
#include <map>
#include <type_traits>

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

std::string line_of(const Stops::WatchRow& row) { return debug::watchpoint_line(row, row.place); }

/// Breakpoints and watchpoints, by ascending number, with their commands.
void list_stops(Console& console)
{
    std::map<uint32_t, std::string> lines;
    for (const debug::Breakpoint& row : console.stops().breakpoints())
        lines[row.id] = line_of(console, row);
    for (const Stops::WatchRow& row : console.stops().watchpoints())
        lines[row.id] = line_of(row) + (row.is_pending ? ", pending" : "");
    for (const auto& [id, line] : lines) {
        console.write(line);
        for (const std::string& command : console.stops().commands(id))
            console.write("    " + command);
    }
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

/// Takes `ignore N`, `if EXPR`, which takes all that is left, and for a breakpoint `log "MESSAGE"`.
template<class Spec> Result<void> take_options(Words& words, Spec& spec)
{
    constexpr bool has_message = std::is_same_v<Spec, debug::BreakpointSpec>;
    while (!words.at_end()) {
        if (words.take("if")) {
            spec.condition = words.rest();
            if (spec.condition.empty())
                return failure("expected an expression after `if`");
            return {};
        }
        if (words.take("ignore")) {
            spec.ignore_count = TRY(words.number("a count after `ignore`"));
            continue;
        }
        if constexpr (has_message)
            if (words.take("log")) {
                spec.message = TRY(take_message(words));
                continue;
            }
        return failure("unexpected argument \"" + std::string(words.next())
            + (has_message ? "\": expected ignore, log or if" : "\": expected ignore or if"));
    }
    return {};
}

/// An error in a condition or message, with a mark.
std::unexpected<Error> marked(const Error& error, const debug::BreakpointSpec& spec)
{
    return with_mark(error, spec.condition.empty() ? spec.message : spec.condition);
}
std::unexpected<Error> marked(const Error& error, const debug::WatchpointSpec& spec)
{
    return with_mark(error, spec.condition);
}

Result<void> add(Console& console, Words& words, bool is_temporary)
{
    const std::string said(words.peek());
    const std::vector<CodePlace> places = TRY(take_places(console, words));
    debug::BreakpointSpec options { .module = places.front().module, .is_temporary = is_temporary };
    CHECK(take_options(words, options));
    for (const CodePlace& place : places) {
        debug::BreakpointSpec spec = options;
        spec.module = place.module;
        spec.offset = place.offset;
        spec.instance = place.instance;
        const auto id = console.stops().add(spec, places.size() == 1 ? said : "");
        if (!id)
            return marked(id.error(), spec);
        console.write(line_of(console, TRY(console.stops().find_breakpoint(*id))));
    }
    return {};
}

/// Changes one breakpoint or watchpoint, and shows it.
template<class Change> Result<void> change(Console& console, uint64_t id, Change change)
{
    const auto apply = [&](auto row) -> Result<void> {
        change(row.spec);
        if (const auto changed = console.stops().change(row.id, row.spec); !changed)
            return marked(changed.error(), row.spec);
        if constexpr (std::is_same_v<decltype(row), debug::Breakpoint>)
            console.write(line_of(console, row));
        else
            console.write(line_of(row));
        return {};
    };
    for (const Stops::WatchRow& row : console.stops().watchpoints())
        if (row.id == id)
            return apply(row);
    if (auto row = console.stops().find_breakpoint(id))
        return apply(*std::move(row));
    return failure("there is no breakpoint or watchpoint " + std::to_string(id));
}

/// The number of a breakpoint or watchpoint; `$bpnum` is the one that was set last.
Result<uint64_t> take_id(Console& console, Words& words)
{
    if (words.take("$bpnum"))
        return console.stops().last_number();
    return words.number("the number of a breakpoint");
}

/// The numbers that are left, or all of them.
Result<std::vector<uint64_t>> take_ids(Console& console, Words& words)
{
    std::vector<uint64_t> ids;
    if (words.at_end()) {
        for (const debug::Breakpoint& row : console.stops().breakpoints())
            ids.push_back(row.id);
        for (const Stops::WatchRow& row : console.stops().watchpoints())
            ids.push_back(row.id);
        std::ranges::sort(ids);
    }
    while (!words.at_end())
        ids.push_back(TRY(take_id(console, words)));
    return ids;
}

Result<void> set_enabled(Console& console, Words& words, bool is_enabled)
{
    for (const uint64_t id : TRY(take_ids(console, words)))
        CHECK(change(console, id, [&](auto& spec) { spec.is_enabled = is_enabled; }));
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

/// Takes what is in front of the options: `ignore N`, `if EXPR`.
std::string_view take_watched(Words& words)
{
    const std::string_view all = words.rest();
    while (!words.at_end() && words.peek() != "if" && words.peek() != "ignore")
        words.next();
    return trimmed(all.substr(0, all.size() - words.rest().size()));
}

/// A condition on names of this frame alone is a mistake that the user should learn of now. It can
/// be meant, so the watchpoint is set.
void warn_of(Console& console, const std::string& condition)
{
    if (condition.empty())
        return;
    if (const auto type = console.scope().type_of(condition); !type)
        console.write("note: here the condition cannot be evaluated: "
            + type.error().message.substr(0, type.error().message.find('\n')));
}

Result<void> watch(Console& console, Words& words, Access access)
{
    Words watched(take_watched(words));
    constexpr std::pair<std::string_view, Access> accesses[] { { "read", Access::Read },
        { "write", Access::Write }, { "access", Access::ReadWrite } };
    for (const auto& [word, asked] : accesses)
        if (watched.take_last(word))
            access = asked;
    const std::string_view text = watched.rest();
    const Instance& instance = *console.scope().instance;
    debug::WatchpointSpec spec {
        .what = TRY(find_watched(console.scope(), text)), .access = access, .store = instance.store
    };
    if (const auto* range = std::get_if<eval::MemoryRange>(&spec.what); range && range->shared)
        spec.store = nullptr;
    CHECK(take_options(words, spec));
    const auto id = console.stops().add(spec, std::string(text), instance);
    if (!id)
        return marked(id.error(), spec);
    console.write(line_of(Stops::WatchRow { { .id = *id, .spec = spec }, std::string(text) }));
    warn_of(console, spec.condition);
    return {};
}

} // namespace

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
    const uint64_t id = TRY(take_id(console, words));
    return change(console, id, [&](auto& spec) { spec.condition = words.rest(); });
}

Result<void> set_ignore(Console& console, Words& words)
{
    const uint64_t id = TRY(take_id(console, words));
    const uint64_t count = TRY(words.number("a count"));
    CHECK(words.end());
    return change(console, id, [&](auto& spec) { spec.ignore_count = count; });
}

Result<void> enable(Console& console, Words& words) { return set_enabled(console, words, true); }

Result<void> disable(Console& console, Words& words) { return set_enabled(console, words, false); }

Result<void> remove(Console& console, Words& words)
{
    for (const uint64_t id : TRY(take_ids(console, words))) {
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
