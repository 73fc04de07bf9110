// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How the program runs.
#include "console/places.h"
#include "console/values.h"
#include "console/verbs.h"
#include "runtime/program_view.h"

#include "base/text.h"
#include "debug/listing.h"
#include "eval/names.h"
#include "wasm/validator.h"

#include <algorithm>
#include <functional>

namespace vitrine::core::console {

namespace {

using Kind = debug::Resume::Kind;

/// Whether the program started the thread, and it is in the function that the thread began with:
/// that has no caller.
bool is_spawned_outermost(const Scope& scope)
{
    const auto is_guest = [](const Frame& frame) { return !frame.is_host(); };
    return scope.thread > 1 && std::ranges::count_if(scope.frames, is_guest) == 1;
}

/// A number of steps: fewer if one of them ends with another kind of stop.
Result<void> step_often(Console& console, Words& words, debug::Resume how)
{
    const uint64_t count = words.at_end() ? 1 : TRY(words.number("a number of steps"));
    CHECK(words.end());
    how.thread = console.scope().thread;
    for (uint64_t i = 0; i < count && !console.is_interrupted(); ++i) {
        CHECK(console.target().resume(how));
        const auto reason = console.session().stopped();
        if (!reason || reason->kind != debug::StopKind::Step)
            break;
        // The next one is of the thread that has stopped now.
        how.thread = 0;
    }
    console.arrive();
    return {};
}

Result<CodeOffset> take_offset(Words& words)
{
    const uint64_t offset = TRY(words.number("an offset"));
    CHECK(words.end());
    if (offset > UINT32_MAX)
        return failure("there is no code at such an offset");
    return static_cast<CodeOffset>(offset);
}

Result<CodePlace> take_one_place(Console& console, Words& words)
{
    const std::vector<CodePlace> places = TRY(take_places(console, words));
    CHECK(words.end());
    if (places.size() > 1)
        return failure("several modules have this place: write the module and a colon in front of it");
    return places.front();
}

/// Whether the place is an instruction of the innermost guest function of the thread, or in front
/// of one.
bool is_in_innermost(const Scope& scope, const CodePlace& place)
{
    const auto innermost = std::ranges::find_if(scope.frames, std::not_fn(&Frame::is_host));
    if (innermost == scope.frames.end())
        return false;
    const Module& module = innermost->function->module();
    return &module == place.module.get()
        && find_instruction_boundary(module, innermost->function->index, place.offset);
}

/// Shows where the thread goes on now.
Result<void> show_next(Console& console, uint32_t thread)
{
    const std::string note = console.target().on_move(thread);
    Selection selection = console.selection();
    selection.frame = 0;
    console.select(selection);
    const std::vector<Frame> frames = console.target().frames(thread);
    console.write(frames.empty() ? "next: the end" : "next: " + console.position_text(frames.front()));
    if (!note.empty() && !frames.empty())
        console.write(note);
    return {};
}

} // namespace

namespace verbs {

Result<void> run(Console& console, Words& words) { return console.run(words, false); }

Result<void> start(Console& console, Words& words) { return console.run(words, true); }

Result<void> go_on(Console& console, Words& words)
{
    CHECK(words.end());
    return console.resume({ .kind = Kind::Go });
}

Result<void> step(Console& console, Words& words)
{
    return step_often(console, words, { .kind = Kind::Step, .is_alone = true, .unless_it_waits = true });
}

Result<void> next(Console& console, Words& words)
{
    return step_often(console, words, { .kind = Kind::StepOver });
}

Result<void> finish(Console& console, Words& words)
{
    CHECK(words.end());
    const Scope& scope = console.scope();
    if (is_spawned_outermost(scope))
        console.write("thread " + std::to_string(scope.thread) + " has no caller: it goes on to its end");
    return console.resume({ .kind = Kind::StepOut, .thread = scope.thread });
}

Result<void> until(Console& console, Words& words)
{
    const CodePlace place = TRY(take_one_place(console, words));
    const Scope& scope = console.scope();
    if (is_in_innermost(scope, place))
        return console.resume({ .kind = Kind::RunTo, .offset = place.offset, .thread = scope.thread });
    return console.resume_to(place, { .kind = Kind::StepOut, .thread = scope.thread });
}

Result<void> advance(Console& console, Words& words)
{
    const CodePlace place = TRY(take_one_place(console, words));
    return console.resume_to(place, { .kind = Kind::StepOut, .thread = console.scope().thread });
}

Result<void> call(Console& console, Words& words)
{
    Instance& instance = *console.scope().instance;
    // The arguments of a component's function are in parentheses.
    if (ProgramView* const program = instance.store->program_view; program && words.rest().ends_with(')'))
        return console.call(TRY(program->prepare_call(words.rest())));
    const std::string_view name = words.next();
    const auto index = find_function(*instance.module, name);
    if (!index)
        return failure(std::string(name) + ": " + index.error().message);
    Function& function = *instance.functions[index->value];
    const auto& type = *instance.store->engine().types[function.type].func();
    auto arguments = TRY(take_values(console.scope(), words, type.params));
    return console.call(function, std::move(arguments));
}

Result<void> kill(Console& console, Words& words)
{
    CHECK(words.end());
    return console.resume({ .kind = Kind::Kill });
}

Result<void> detach(Console& console, Words& words)
{
    CHECK(words.end());
    CHECK(console.target().check(Needs::Stopped, "detach"));
    Stops& stops = console.stops();
    for (const debug::Breakpoint& row : stops.breakpoints())
        (void)stops.remove(row.id);
    for (const Stops::WatchRow& row : stops.watchpoints())
        (void)stops.remove(row.id);
    // What the user has asked for holds for the next run.
    console.target().client().stop_on({ .uncaught_throw = false, .trap = false, .host_error = false });
    return console.resume({ .kind = Kind::Go });
}

Result<void> return_early(Console& console, Words& words)
{
    const Scope& scope = console.scope();
    const Frame frame = TRY(scope.frame());
    const uint32_t thread = TRY(console.steered_thread());
    if (frame.is_host())
        return failure("a host function's frame cannot return");
    const auto& type = *frame.function->instance->store->engine().types[frame.function->type].func();
    const std::vector<Value> values = TRY(take_values(scope, words, type.results));
    CHECK(console.session().return_from(frame, values));
    return show_next(console, thread);
}

Result<void> jump(Console& console, Words& words)
{
    const CodeOffset offset = TRY(take_offset(words));
    const uint32_t thread = TRY(console.steered_thread());
    CHECK(console.session().jump(offset, thread));
    return show_next(console, thread);
}

Result<void> skip(Console& console, Words& words)
{
    CHECK(words.end());
    const uint32_t thread = TRY(console.steered_thread());
    CHECK(console.session().skip(thread));
    return show_next(console, thread);
}

Result<void> throw_exception(Console& console, Words& words)
{
    const Scope& scope = console.scope();
    const Module& module = *scope.instance->module;
    const std::string_view name = words.next();
    const auto index = find_entity(module, ExternKind::Tag, name);
    if (!index)
        return failure("there is no tag " + std::string(name) + "; `tags` lists them"
            + eval::near_names(module, ExternKind::Tag, name));
    const Tag& tag = *scope.instance->tags[*index];
    const std::vector<Value> values = TRY(take_values(scope, words, tag.type->type.func()->params));
    CHECK(console.target().check(Needs::Stopped, "throw"));
    CHECK(console.session().throw_exception(tag, values, TRY(console.steered_thread())));
    console.write("next: throws " + debug::short_label(module, ExternKind::Tag, *index));
    return {};
}

Result<void> clear_exception(Console& console, Words& words)
{
    CHECK(words.end());
    CHECK(console.session().clear_exception(TRY(console.steered_thread())));
    console.write("the exception is cleared");
    return {};
}

} // namespace verbs

} // namespace vitrine::core::console
