// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/monitor_control.h"

#include "base/text.h"
#include "debug/listing.h"

#include <algorithm>

namespace vitrine::core::gdb {

namespace {

using Answer = Result<std::string>;

/// The first of the values that a text lists, and takes it off. Commas part them, or else blanks, unless it is the only one.
std::string_view take_piece(std::string_view& text, bool is_only)
{
    const char separator = text.contains(',') ? ',' : ' ';
    const size_t end = is_only ? text.size() : std::min(text.find(separator), text.size());
    const std::string_view piece = text.substr(0, end);
    text.remove_prefix(std::min(text.find_first_not_of(" \t", std::min(end + 1, text.size())), text.size()));
    return piece;
}

/// A value as words, or else as an expression.
Result<Value> take_value(const Scope& scope, ValueType type, std::string_view text)
{
    Words words(text);
    if (const auto value = parse_value(scope, type, words))
        return *value;
    const auto value = eval::evaluate(*scope.frame, text);
    if (!value)
        return marked(value.error(), text);
    const Module& module = *scope.instance.module;
    if (value->type != type)
        return failure(
            debug::other_type(text, debug::type_text(module, value->type), debug::type_text(module, type)));
    return *value;
}

/// The values of these types that are left.
Result<std::vector<Value>> parse_values(const Scope& scope, std::span<const ValueType> types, Words& words)
{
    std::string_view text = words.rest();
    const bool is_only = types.size() == 1 && (types[0].is_ref() || types[0] == ValueType::v128);
    std::vector<Value> values;
    while (!text.empty()) {
        const std::string_view piece = take_piece(text, is_only);
        if (values.size() == types.size())
            return failure(debug::too_many_values(piece, types.size()));
        values.push_back(TRY(take_value(scope, types[values.size()], piece)));
    }
    if (values.size() < types.size())
        return failure(debug::too_few_values(values.size(), types.size()));
    return values;
}

Result<eval::WatchPlace> find_place_of(const Scope& scope, std::string_view expression)
{
    auto place = scope.frame ? eval::find_place(*scope.frame, expression)
                             : eval::find_place(scope.instance, expression);
    if (!place)
        return marked(place.error(), expression);
    return place;
}

/// An expression, or words as `find_place` takes them; or `memory N ADDRESS SIZE`.
Result<eval::WatchPlace> take_watched(const Scope& scope, Words& words)
{
    const bool is_memory = words.peek() == "memory";
    if (!is_memory && !names_place(words)) {
        const std::string_view text = words.rest();
        const auto parsed = eval::parse_expression(text);
        if (!parsed)
            return marked(parsed.error(), text);
        words.drop(parsed->end);
        return find_place_of(scope, text.substr(0, parsed->end));
    }
    const std::string kind(words.next());
    const std::string index = std::to_string(TRY(words.number("its number")));
    if (kind == "element")
        return find_place_of(
            scope, "table[" + index + ": " + std::to_string(TRY(words.number("an element"))) + "]");
    if (!is_memory)
        return find_place_of(scope, kind + "[" + index + "]");
    auto place = TRY(
        find_place_of(scope, "u8[" + index + ": " + std::to_string(TRY(words.number("an address"))) + "]"));
    std::get<eval::MemoryRange>(place).size = TRY(words.number("bytes"));
    return place;
}

/// The thread that is sent elsewhere. The one that was looked at last may not be the one that the
/// user has in mind: where that is not the one that stopped, the command must say which.
Result<uint32_t> thread_to_steer(const Scope& scope)
{
    const uint32_t thread = scope.view.thread(), stopped = scope.view.stopped_thread();
    if (!scope.names_thread && thread != stopped)
        return failure("thread " + std::to_string(stopped) + " stopped, and thread " + std::to_string(thread)
            + " was looked at last: end the command with `on " + std::to_string(stopped) + "` or `on "
            + std::to_string(thread) + "`");
    return thread;
}

std::string where_now(const Scope& scope)
{
    scope.view.move_secretly();
    const uint64_t pc = scope.view.pc();
    if (pc == 0)
        return "next: the end\n";
    return "next: " + hex(pc) + "; LLDB learns of it with `stepi`, which executes nothing now\n";
}

/// `log TEXT`: in quotes, or all that is left.
Result<std::string> take_message(Words& words)
{
    const std::string_view rest = words.rest();
    std::string text;
    if (!rest.starts_with('"')) {
        words.drop(rest.size());
        text = rest;
    } else {
        size_t at = 1;
        for (; at < rest.size() && rest[at] != '"'; ++at) {
            const bool is_escape =
                rest[at] == '\\' && at + 1 < rest.size() && (rest[at + 1] == '"' || rest[at + 1] == '\\');
            text += rest[is_escape ? ++at : at];
        }
        if (at == rest.size())
            return failure("the message has no end");
        words.drop(at + 1);
    }
    if (text.empty())
        return failure("expected a message after 'log'");
    return text;
}

/// `ignore N`, `log TEXT` and `if EXPRESSION`, which takes all that is left.
Result<void> take_options(Words& words, debug::BreakpointSpec& spec)
{
    while (!words.at_end()) {
        const std::string_view option = words.next();
        if (option == "ignore") {
            spec.ignore_count = TRY(words.number("hits"));
        } else if (option == "log") {
            spec.message = TRY(take_message(words));
        } else if (option == "if") {
            spec.condition = words.rest();
            if (spec.condition.empty())
                return failure("expected an expression after 'if'");
            return {};
        } else {
            return failure("expected ignore, log or if, not '" + escaped(option) + "'");
        }
    }
    return {};
}

/// The error of a breakpoint's condition or message.
std::unexpected<Error> marked_in(const Error& error, const debug::BreakpointSpec& spec)
{
    return marked(error, spec.condition.empty() ? spec.message : spec.condition);
}

std::string line_of(const View& view, const debug::Breakpoint& breakpoint)
{
    const auto place = [&](CodeOffset offset) {
        return hex(view.place_of(*breakpoint.spec.instance, offset).bits());
    };
    return debug::breakpoint_line(breakpoint, place(breakpoint.offset), place(breakpoint.spec.offset)) + "\n";
}

Result<debug::Breakpoint> find_breakpoint(const Scope& scope, uint64_t id)
{
    for (debug::Breakpoint& breakpoint : scope.view.session().breakpoints())
        if (breakpoint.id == id && scope.view.find_own_stop(breakpoint.id))
            return std::move(breakpoint);
    return failure("there is no breakpoint " + std::to_string(id));
}

Answer add_breakpoint(const Scope& scope, Words& words, bool is_temporary)
{
    const CodePlace place = TRY(find_code(scope, words));
    debug::BreakpointSpec spec { .module = place.instance->module,
        .offset = place.offset,
        .instance = place.instance,
        .is_temporary = is_temporary };
    CHECK(take_options(words, spec));
    const auto id = scope.view.session().add_breakpoint(spec);
    if (!id)
        return marked_in(id.error(), spec);
    scope.view.own_stop(*id, "");
    return line_of(scope.view, TRY(find_breakpoint(scope, *id)));
}

/// Changes one breakpoint, and shows it.
template<class Change> Answer change(const Scope& scope, Words& words, Change change)
{
    const uint64_t id = TRY(words.number("a breakpoint"));
    debug::Breakpoint breakpoint = TRY(find_breakpoint(scope, id));
    CHECK(change(breakpoint.spec));
    CHECK(words.end());
    if (const auto changed = scope.view.session().change_breakpoint(breakpoint.id, breakpoint.spec); !changed)
        return marked_in(changed.error(), breakpoint.spec);
    return line_of(scope.view, breakpoint);
}

Answer set_enabled(const Scope& scope, Words& words, bool is_enabled)
{
    return change(scope, words, [&](debug::BreakpointSpec& spec) -> Result<void> {
        spec.is_enabled = is_enabled;
        return {};
    });
}

} // namespace

Answer set_break(const Scope& scope, Words& words) { return add_breakpoint(scope, words, false); }

Answer set_temporary(const Scope& scope, Words& words) { return add_breakpoint(scope, words, true); }

Answer set_condition(const Scope& scope, Words& words)
{
    return change(scope, words, [&](debug::BreakpointSpec& spec) -> Result<void> {
        spec.condition = words.rest();
        words.drop(spec.condition.size());
        return {};
    });
}

Answer set_ignore(const Scope& scope, Words& words)
{
    return change(scope, words, [&](debug::BreakpointSpec& spec) -> Result<void> {
        spec.ignore_count = TRY(words.number("hits"));
        return {};
    });
}

Answer enable(const Scope& scope, Words& words) { return set_enabled(scope, words, true); }

Answer disable(const Scope& scope, Words& words) { return set_enabled(scope, words, false); }

Answer set_watch(const Scope& scope, Words& words)
{
    const std::string_view text = words.rest();
    if (text.empty())
        return failure("expected a place, for example i32[0x10], $name, global[0] or table[2]");
    debug::WatchpointSpec spec { .what = TRY(take_watched(scope, words)), .store = scope.instance.store };
    if (const auto* range = std::get_if<eval::MemoryRange>(&spec.what); range && range->shared)
        spec.store = nullptr;
    const std::string place(
        text.substr(0, words.at_end() ? text.size() : words.rest().data() - text.data() - 1));
    using enum debug::WatchpointSpec::Access;
    const std::string_view access = words.next();
    CHECK(words.end());
    if (access == "read")
        spec.access = Read;
    else if (access == "write")
        spec.access = Write;
    else if (access == "access")
        spec.access = ReadWrite;
    else if (!access.empty())
        return failure("expected read, write or access, not '" + escaped(access) + "'");
    const auto how = spec.access;
    const uint32_t id = TRY(scope.view.add_watchpoint(std::move(spec)));
    scope.view.own_stop(id, place);
    return debug::watchpoint_line(id, how, place, 0) + "\n";
}

Answer catch_events(const Scope& scope, Words& words)
{
    constexpr auto& events = debug::stop_events<debug::StopsOn>;
    debug::StopsOn what = scope.view.session().stops_on();
    std::string text;
    if (words.at_end()) {
        for (const auto& [name, flag] : events)
            text += debug::stop_event_line(name, what.*flag) + "\n";
        return text;
    }
    const std::string_view name = words.next();
    const bool is_off = words.peek() == "off";
    if (is_off)
        words.next();
    CHECK(words.end());
    const auto* event = std::ranges::find_if(events, [&](const auto& each) { return each.name == name; });
    if (event == std::end(events))
        return failure(escaped(name) + ": " + std::string(debug::expected_stop_event));
    what.*event->flag = !is_off;
    scope.view.stop_on(what);
    // Another client may ask for it still.
    return debug::stop_event_line(name, scope.view.session().stops_on().*event->flag) + "\n";
}

Answer list_stops(const Scope& scope, Words& words)
{
    CHECK(words.end());
    std::string text;
    for (const debug::Breakpoint& breakpoint : scope.view.session().breakpoints())
        if (scope.view.find_own_stop(breakpoint.id))
            text += line_of(scope.view, breakpoint);
    for (const debug::Watchpoint& watchpoint : scope.view.session().watchpoints())
        if (const std::string* place = scope.view.find_own_stop(watchpoint.id))
            text +=
                debug::watchpoint_line(watchpoint.id, watchpoint.spec.access, *place, watchpoint.hits) + "\n";
    return text.empty() ? "nothing that `break` or `watch` have set\n" : text;
}

Answer delete_stop(const Scope& scope, Words& words)
{
    const uint64_t id = TRY(words.number("a breakpoint or watchpoint"));
    CHECK(words.end());
    if (id > UINT32_MAX || !scope.view.find_own_stop(static_cast<uint32_t>(id)))
        return failure("none with the number " + std::to_string(id) + " was set with a command");
    scope.view.disown_stop(static_cast<uint32_t>(id));
    return "deleted " + std::to_string(id) + "\n";
}

Answer skip(const Scope& scope, Words& words)
{
    CHECK(words.end());
    CHECK(scope.view.session().skip(TRY(thread_to_steer(scope))));
    return where_now(scope);
}

Answer return_values(const Scope& scope, Words& words)
{
    CHECK(thread_to_steer(scope));
    if (!scope.frame)
        return failure("the thread executes nothing");
    const FuncType& type = *scope.instance.store->engine().types[scope.frame->function->type].func();
    const auto results = TRY(parse_values(scope, type.results, words));
    CHECK(scope.view.session().return_from(*scope.frame, results));
    return where_now(scope);
}

Answer throw_tag(const Scope& scope, Words& words)
{
    const uint32_t thread = TRY(thread_to_steer(scope));
    const uint64_t index = TRY(words.number("a tag"));
    if (index >= scope.instance.tags.size())
        return failure("the instance has no tag " + std::to_string(index));
    const Tag& tag = *scope.instance.tags[index];
    const auto values = TRY(parse_values(scope, tag.type->type.func()->params, words));
    CHECK(scope.view.session().throw_exception(tag, values, thread));
    return "next: throws "
        + debug::short_label(*scope.instance.module, ExternKind::Tag, static_cast<uint32_t>(index)) + "\n";
}

Answer clear_exception(const Scope& scope, Words& words)
{
    CHECK(words.end());
    CHECK(scope.view.session().clear_exception(TRY(thread_to_steer(scope))));
    return "the exception is cleared\n";
}

} // namespace vitrine::core::gdb
