// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What stops the program: breakpoints, watchpoints, events.
#include "console/places.h"
#include "console/values.h"
#include "console/verbs.h"

#include "base/number.h"
#include "base/text.h"
#include "debug/listing.h"
#include "debug/wat_source.h"

#include <algorithm>
#include <map>
#include <type_traits>

namespace vitrine::core::console {

namespace {

using Access = debug::WatchpointSpec::Access;

/// `deposit at bank.c:25`, `$double at 0x20`, `square [inlined] at a.cpp:7`; and where the request
/// was for, if that is not an instruction.
std::string location_text(Console& console, const debug::RequestLocation& location)
{
    const debug::CodeLocation& at = location.at;
    const Instance* like = at.instance ? at.instance : console.scope().instance;
    const auto function = at.module->find_function(at.offset);
    const std::string label = function
        ? debug::short_label(*at.module, ExternKind::Func, function->value, console.target().demangle())
        : "module";
    if (at.place && at.place->line != 0) {
        const source::File file { .path = at.file };
        return (at.function.empty() ? label : printable(at.function)) + (at.is_inlined ? " [inlined]" : "")
            + " at " + debug::place_text(&file, *at.place) + console.target().module_suffix(*at.module);
    }
    CodeOffset offset = at.offset;
    std::string asked;
    for (const debug::Breakpoint& row : console.session().breakpoints())
        if (row.id == location.breakpoint) {
            offset = row.offset;
            if (debug::has_slipped(row))
                asked = " (asked for " + console.target().place_text(*at.module, at.offset, like) + ")";
        }
    return label + " at " + console.place_text(*at.module, offset, like) + asked;
}

std::string options_text(const debug::RequestSpec& spec)
{
    std::string text;
    if (spec.is_temporary)
        text += ", temporary";
    if (!spec.is_enabled)
        text += ", disabled";
    text += debug::hit_count_text(spec.ignore_count, spec.every, ", ");
    if (!spec.message.empty())
        text += ", log \"" + spec.message + "\"";
    if (!spec.condition.empty())
        text += ", if " + spec.condition;
    return text;
}

std::string line_of(const Stops::WatchRow& row) { return watchpoint_text(row); }

/// Breakpoints and watchpoints, by ascending number, with their commands.
void list_stops(Console& console)
{
    std::map<uint32_t, std::string> lines;
    for (const debug::Request& row : console.stops().breakpoints())
        lines[row.id] = request_text(console, row);
    for (const Stops::WatchRow& row : console.stops().watchpoints())
        lines[row.id] = line_of(row) + (row.is_pending ? ", pending" : "");
    for (const auto& [id, line] : lines) {
        console.write_lines(line);
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

/// Takes `ignore N`, `every N`, `if EXPR`, which takes all that is left, and for a breakpoint
/// `log "MESSAGE"`.
template<class Spec> Result<void> take_options(Words& words, Spec& spec)
{
    constexpr bool has_message = std::is_same_v<Spec, debug::RequestSpec>;
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
        if (words.take("every")) {
            spec.every = TRY(words.number("a count after `every`"));
            continue;
        }
        if constexpr (has_message)
            if (words.take("log")) {
                spec.message = TRY(take_message(words));
                continue;
            }
        return failure("unexpected argument \"" + std::string(words.next())
            + (has_message ? "\": expected ignore, every, log or if" : "\": expected ignore, every or if"));
    }
    return {};
}

/// An error in a condition or message, with a mark.
std::unexpected<Error> marked(const Error& error, const debug::RequestSpec& spec)
{
    if (!error.offset)
        return std::unexpected(error);
    return with_mark(error, spec.condition.empty() ? spec.message : spec.condition);
}
std::unexpected<Error> marked(const Error& error, const debug::WatchpointSpec& spec)
{
    return with_mark(error, spec.condition);
}

/// The file of the selected frame's line, which can be a generated one; empty if there is none.
std::string file_in_view(Console& console)
{
    const Scope& scope = console.scope();
    const auto row = scope.row();
    const Frame* const frame = scope.guest_frame();
    if (!row || !scope.module)
        return {};
    if (row->place)
        if (const auto source = console.sources().of(scope.module))
            if (const source::File* const file = source->file(row->place->file))
                return file->path;
    if (row->place || !frame || !console.sources().is_source_level())
        return {};
    const auto generated = console.sources().generated_at(scope.module, frame->offset);
    return generated ? generated->path : std::string();
}

/// A place in code as an argument.
Result<debug::AskedPlace> take_asked(Console& console, Words& words)
{
    const Scope& scope = console.scope();
    debug::AskedPlace asked {
        .text = std::string(words.next()), .module_in_view = scope.module, .instance = scope.named_instance
    };
    if (asked.text.empty())
        return failure("expected a place");
    // The name of the function belongs to the path of a generated source.
    if (debug::function_of_wat_path(asked.text) && words.peek().starts_with('$'))
        asked.text += " " + std::string(words.next());
    if (const auto number = parse_unsigned(asked.text))
        if (const auto place = console.target().find_address(*number)) {
            asked.text = hex(place->offset);
            asked.module_in_view = place->module;
            asked.instance = place->instance;
        }
    if (!asked.module_in_view)
        return failure("there is no module yet");
    asked.file_in_view = file_in_view(console);
    return asked;
}

Result<void> add(Console& console, Words& words, bool is_temporary)
{
    debug::RequestSpec spec { .place = TRY(take_asked(console, words)), .is_temporary = is_temporary };
    CHECK(take_options(words, spec));
    const auto id = console.stops().add(spec);
    if (!id)
        return marked(id.error(), spec);
    console.write_lines(request_text(console, TRY(console.stops().find_breakpoint(*id))));
    return {};
}

/// Changes one breakpoint or watchpoint, and shows it.
template<class Change> Result<void> change(Console& console, uint64_t id, Change change)
{
    const auto apply = [&](auto row) -> Result<void> {
        change(row.spec);
        if (const auto changed = console.stops().change(row.id, row.spec); !changed)
            return marked(changed.error(), row.spec);
        if constexpr (std::is_same_v<decltype(row), debug::Request>)
            console.write_lines(request_text(console, row));
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
        for (const debug::Request& row : console.stops().breakpoints())
            ids.push_back(row.id);
        for (const Stops::WatchRow& row : console.stops().watchpoints())
            ids.push_back(row.id);
        std::ranges::sort(ids);
    }
    while (!words.at_end())
        ids.push_back(TRY(take_id(console, words)));
    return ids;
}

/// `1.2`: a location of a breakpoint. None for any other word.
std::optional<std::pair<uint32_t, uint32_t>> location_number(std::string_view word)
{
    const size_t dot = word.find('.');
    const auto id = parse_unsigned(word.substr(0, dot));
    const auto number = dot == word.npos ? std::nullopt : parse_unsigned(word.substr(dot + 1));
    if (!id || !number || *id > UINT32_MAX || *number > UINT32_MAX)
        return std::nullopt;
    return std::pair(static_cast<uint32_t>(*id), static_cast<uint32_t>(*number));
}

Result<void> set_enabled(Console& console, Words& words, bool is_enabled)
{
    const bool is_all = words.at_end();
    while (const auto location = location_number(words.peek())) {
        words.next();
        CHECK(console.stops().enable_location(location->first, location->second, is_enabled));
        console.write_lines(request_text(console, TRY(console.stops().find_breakpoint(location->first))));
    }
    if (!is_all && words.at_end())
        return {};
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

/// Takes what is in front of the options.
std::string_view take_watched(Words& words)
{
    const std::string_view all = words.rest();
    while (!words.at_end() && words.peek() != "if" && words.peek() != "ignore" && words.peek() != "every")
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

} // namespace

std::optional<WatchedValue> watched_value(
    const Scope& scope, std::string_view text, const eval::WatchPlace& what)
{
    const auto computed = scope.compute(as_expression(text));
    if (!computed || !computed->source || !computed->source->value)
        return std::nullopt;
    const auto& symbols = computed->source->symbols;
    const source::Value& value = *computed->source->value;
    const uint64_t size = eval::SourceTypes(symbols, scope.address_bytes()).size_of(value.type).value_or(0);
    if (const auto* range = std::get_if<eval::MemoryRange>(&what)) {
        if (value.address != range->address || value.bit_size != 0 || size != range->size)
            return std::nullopt;
        return WatchedValue { symbols, value.type, "at " + hex(range->address), scope.source_memory };
    }
    // A number that is all of a local or global.
    const auto* local = std::get_if<eval::FrameLocal>(&what);
    const auto* global = std::get_if<Global*>(&what);
    if (value.address || size == 0 || size > sizeof(uint64_t) || (!local && !global))
        return std::nullopt;
    return WatchedValue { symbols, value.type,
        local ? "in local " + std::to_string(local->index) : "in a global", scope.source_memory };
}

namespace {

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
    const auto value = watched_value(console.scope(), text, spec.what);
    const auto id = console.stops().add(spec, std::string(text), instance, value);
    if (!id)
        return marked(id.error(), spec);
    console.write(line_of(Stops::WatchRow { { .id = *id, .spec = spec }, std::string(text), value }));
    warn_of(console, spec.condition);
    return {};
}

} // namespace

Result<std::vector<CodePlace>> take_places(Console& console, Words& words)
{
    const debug::AskedPlace asked = TRY(take_asked(console, words));
    const std::vector<LoadedModule> modules = console.target().modules();
    const auto found = TRY(
        debug::find_locations({ *console.sources().sources(), modules, console.target().demangle() }, asked));
    return std::vector<CodePlace>(found.begin(), found.end());
}

std::string request_text(Console& console, const debug::Request& request)
{
    std::string text = "breakpoint " + std::to_string(request.id) + ": ";
    const std::string options = options_text(request.spec) + debug::hits_text(request.hits());
    const auto& locations = request.locations;
    if (locations.empty())
        return text + request.spec.place.text + ", pending" + options;
    const auto text_of = [&](const debug::RequestLocation& location) {
        return location_text(console, location) + (location.problem.empty() ? "" : ", " + location.problem);
    };
    if (locations.size() == 1)
        return text + text_of(locations.front()) + (locations.front().is_enabled ? "" : ", disabled")
            + options;
    text += request.spec.place.text + ", " + std::to_string(locations.size()) + " locations" + options;
    for (const debug::RequestLocation& location : locations)
        text += "\n    " + std::to_string(request.id) + "." + std::to_string(location.number) + ": "
            + text_of(location) + (location.is_enabled ? "" : ", disabled") + debug::hits_text(location.hits);
    return text;
}

std::string watchpoint_text(const Stops::WatchRow& row)
{
    return debug::watchpoint_line(row, row.place + (row.value ? " (" + row.value->text() + ")" : ""));
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
