// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/debugger.h"
#include "cli/number.h"
#include "cli/place.h"
#include "cli/watch_place.h"

namespace vitrine::cli {

namespace {

/// What shall run: a function with its arguments, or what the command line says.
Result<void> run_guest(Debugger& debugger, Words& words, bool stop_at_entry)
{
    GuestOptions options = debugger.guest().options();
    if (!words.at_end()) {
        options.invoke = core::eval::bare_name(words.next());
        options.arguments.clear();
        while (!words.at_end())
            options.arguments.emplace_back(words.next());
    }
    const auto entry = TRY(find_entry(debugger.guest().module(), options));
    CHECK(debugger.guest().run(entry, stop_at_entry));
    debugger.tell();
    return {};
}

/// Whether these are the frames of a thread besides the program's, in the function that it was
/// begun with.
bool is_spawned_outermost(Debugger& debugger, std::span<const debug::Frame> frames)
{
    return debugger.guest().thread_number() > 1
        && std::ranges::count_if(frames, [](const debug::Frame& frame) { return !frame.is_host(); }) == 1;
}

using Way = debug::Event (debug::Session::*)(debug::Stopped);
/// A step of a thread, by its number; 0 for the one that stopped.
using Step = debug::Event (debug::Session::*)(debug::Stopped, uint32_t);

Result<void> go(Debugger& debugger, Way way)
{
    return debugger.go_on([&](debug::Session& session, debug::Stopped stopped, uint32_t) {
        return (session.*way)(std::move(stopped));
    });
}

/// Some steps: fewer when one of them ends at something else.
Result<void> step_often(Debugger& debugger, Words& words, Step way)
{
    const auto count = TRY(words.at_end() ? 1 : words.number("a number of steps"));
    CHECK(words.end());
    Debuggee& guest = debugger.guest();
    for (uint64_t i = 0; i < count; ++i) {
        const auto gone = guest.go_on([&](debug::Session& session, debug::Stopped stopped, uint32_t thread) {
            return (session.*way)(std::move(stopped), thread);
        });
        if (!gone)
            return gone;
        if (!guest.stopped() || guest.stopped()->reason().kind != debug::StopKind::Step)
            break;
    }
    debugger.tell();
    return {};
}

Result<uint32_t> take_offset(Words& words)
{
    const auto offset = TRY(words.number("an offset"));
    CHECK(words.end());
    if (offset > UINT32_MAX)
        return Error(fmt::format("there is no code at {:#x}", offset));
    return static_cast<uint32_t>(offset);
}

Result<debug::Stopped*> stopped_guest(Debugger& debugger)
{
    if (auto* stopped = debugger.guest().stopped())
        return stopped;
    return debugger.guest().not_stopped();
}

/// Makes the change to the selected thread, and shows where it will go on.
template<class Change> Result<void> detour(Debugger& debugger, Change change)
{
    const auto stopped = TRY(stopped_guest(debugger));
    CHECK(change(*stopped, debugger.guest().thread()));
    (void)debugger.guest().select_frame(0);
    const auto frame = debugger.guest().frame();
    debugger.write(frame ? "next: " + position_text(*frame) : "next: the end");
    return {};
}

} // namespace

namespace verbs {

Result<void> run(Debugger& debugger, Words& words) { return run_guest(debugger, words, false); }

Result<void> start(Debugger& debugger, Words& words) { return run_guest(debugger, words, true); }

Result<void> go_on(Debugger& debugger, Words& words)
{
    CHECK(words.end());
    return go(debugger, &debug::Session::resume);
}

Result<void> step(Debugger& debugger, Words& words)
{
    return step_often(debugger, words, &debug::Session::step);
}

Result<void> next(Debugger& debugger, Words& words)
{
    return step_often(debugger, words, &debug::Session::step_over);
}

Result<void> finish(Debugger& debugger, Words& words)
{
    CHECK(words.end());
    if (const auto frames = debugger.guest().frames(); frames && is_spawned_outermost(debugger, *frames))
        debugger.print("thread {} has no caller: it goes on to its end", debugger.guest().thread_number());
    return debugger.go_on([](debug::Session& session, debug::Stopped stopped, uint32_t thread) {
        return session.step_out(std::move(stopped), thread);
    });
}

Result<void> until(Debugger& debugger, Words& words)
{
    const auto offset = TRY(take_offset(words));
    return debugger.go_on([&](debug::Session& session, debug::Stopped stopped, uint32_t thread) {
        return session.run_to(std::move(stopped), offset, thread);
    });
}

Result<void> call(Debugger& debugger, Words& words)
{
    const auto instance = TRY(debugger.instance());
    const std::string_view name = words.next();
    const auto row = find_function(instance.module(), name);
    if (!row)
        return Error(fmt::format("{}: {}", name, row.error().message()));
    const auto arguments = TRY(take_values(debugger, words, row->type.params));
    const Func function = *instance.debug_function(row->index);
    return debugger.go_on([&](debug::Session& session, debug::Stopped stopped, uint32_t thread) {
        return session.call(std::move(stopped), function, arguments, thread);
    });
}

Result<void> kill(Debugger& debugger, Words& words)
{
    CHECK(words.end());
    return go(debugger, &debug::Session::kill);
}

Result<void> detach(Debugger& debugger, Words& words)
{
    CHECK(words.end());
    CHECK(debugger.guest().detach());
    debugger.tell();
    return {};
}

// -- Where it goes on

Result<void> return_early(Debugger& debugger, Words& words)
{
    const auto frame = TRY(debugger.guest().frame());
    const auto values = TRY(take_values(debugger, words, frame.function().type().results));
    return detour(
        debugger, [&](debug::Stopped& stopped, uint32_t) { return stopped.return_from(frame, values); });
}

Result<void> jump(Debugger& debugger, Words& words)
{
    const auto offset = TRY(take_offset(words));
    return detour(
        debugger, [&](debug::Stopped& stopped, uint32_t thread) { return stopped.jump(offset, thread); });
}

Result<void> skip(Debugger& debugger, Words& words)
{
    CHECK(words.end());
    return detour(debugger, [](debug::Stopped& stopped, uint32_t thread) { return stopped.skip(thread); });
}

Result<void> throw_exception(Debugger& debugger, Words& words)
{
    const auto instance = TRY(debugger.instance());
    std::string_view name = words.next();
    const std::vector<TagInfo> tags = instance.module().tags();
    const bool is_indexed = name.starts_with("tag[") && name.ends_with(']');
    const TagInfo* row = find_row(tags, is_indexed ? name.substr(4, name.size() - 5) : name);
    if (!row)
        return Error(fmt::format("there is no tag {}; `tags` lists them{}", name,
            core::eval::near_names(inner(instance.module()), core::ExternKind::Tag, name)));
    const auto values = TRY(take_values(debugger, words, row->type.params));
    const auto stopped = TRY(stopped_guest(debugger));
    CHECK(stopped->throw_exception(*instance.debug_tag(row->index), values, debugger.guest().thread()));
    debugger.print("next: throws {}", label_of(*row, "tag"));
    return {};
}

Result<void> clear_exception(Debugger& debugger, Words& words)
{
    CHECK(words.end());
    const auto stopped = TRY(stopped_guest(debugger));
    CHECK(stopped->clear_exception(debugger.guest().thread()));
    debugger.write("the exception is cleared");
    return {};
}

// -- Values

namespace {

/// Whether a conversion of a number may lose a part of it.
bool may_lose(const Val& value, ValKind kind)
{
    const bool is_float = value.kind() == ValKind::F32 || value.kind() == ValKind::F64;
    switch (kind) {
    case ValKind::I32:
        return is_float || value.i64() > int64_t { UINT32_MAX } || value.i64() < int64_t { INT32_MIN };
    case ValKind::I64: return is_float;
    case ValKind::F32: return value.kind() == ValKind::F64;
    default: return false;
    }
}

/// The value of an expression for a place of that kind: converted as `set` does it, which refuses to cut
/// numbers.
Result<Val> value_for(const Scope& scope, std::string_view expression, ValKind kind)
{
    if (auto number = parse_number(expression, kind); number)
        return number;
    auto value = scope.evaluate(expression);
    if (!value)
        return with_mark(value.error(), expression);
    if (value->kind() == kind || value->is_ref() || value->kind() == ValKind::V128 || kind > ValKind::F64)
        return value;
    if (may_lose(*value, kind))
        return Error(fmt::format("{} does not fit into a place of {}: write {}(..)", to_text(value->kind()),
            to_text(kind), to_text(kind)));
    return scope.evaluate(fmt::format("{}({})", to_text(kind), expression));
}

} // namespace

Result<void> set(Debugger& debugger, Words& words)
{
    const auto scope = TRY(debugger.scope());
    if (words.at_end())
        return Error("expected a place, = and an expression");
    if (auto done = scope.assign(words.rest()); !done)
        return with_mark(done.error(), words.rest());
    return {};
}

Result<void> set_immutable(Debugger& debugger, Words& words)
{
    const auto scope = TRY(debugger.scope());
    const std::string_view text = words.rest();
    const size_t sign = text.find('=');
    if (sign == std::string_view::npos)
        return Error("expected a global, = and an expression");
    const auto global = TRY(find_global(scope, Words(text.substr(0, sign)).rest()));
    const std::string_view expression = Words(text.substr(sign + 1)).rest();
    const auto value = TRY(value_for(scope, expression, global.type().kind));
    return global.debug_set(value);
}

} // namespace verbs

} // namespace vitrine::cli
