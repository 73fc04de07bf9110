// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How the program runs.
#include "console/places.h"
#include "console/values.h"
#include "console/verbs.h"
#include "runtime/program_view.h"

#include "base/text.h"
#include "debug/listing.h"
#include "eval/names.h"
#include "eval/source_call.h"
#include "exec/invoke.h"
#include "source/render.h"

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

const debug::Resume one_instruction { .kind = Kind::Step, .is_alone = true, .unless_it_waits = true };

/// A number of steps: fewer if one of them ends with another kind of stop.
Result<void> step_often(Console& console, Words& words, debug::Resume how,
    std::optional<debug::LineStepKind> by_lines = std::nullopt)
{
    const uint64_t count = words.at_end() ? 1 : TRY(words.number("a number of steps"));
    CHECK(words.end());
    how.thread = console.scope().thread;
    for (uint64_t i = 0; i < count && !console.is_interrupted(); ++i) {
        if (i > 0 && by_lines)
            console.select(console.selection_at_stop());
        how.step = by_lines ? line_step(console, *by_lines) : nullptr;
        debug::Resume now = how;
        if (how.step)
            now = { .thread = how.thread, .step = how.step };
        CHECK(console.target().resume(now));
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

/// Runs to one of the places that the words mean, or until the selected frame returns.
Result<void> run_to(Console& console, Words& words, bool in_any_frame)
{
    const std::vector<CodePlace> places = TRY(take_places(console, words));
    CHECK(words.end());
    const Scope& scope = console.scope();
    debug::LineStepFrom from { .thread = scope.thread };
    if (const auto row = scope.row()) {
        from.frame = row->frame;
        from.level = row->level;
    }
    auto step = debug::make_run_to(console.session(), places, from, in_any_frame);
    if (!step)
        return failure("the thread is not in the program's code");
    return console.resume({ .thread = scope.thread, .step = std::move(step) });
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

bool is_source_call(const Scope& scope, std::string_view text)
{
    const Frame* const frame = scope.guest_frame();
    if (!frame || !scope.symbols || !text.ends_with(')'))
        return false;
    const auto names = eval::Scope::of(*frame, scope.source());
    return names && eval::SourceCall::is_call(text, *names);
}

Result<void> call_source(Console& console, std::string_view text, const CallStyle& style)
{
    const Scope scope = console.scope();
    const Variables::Text replaced = TRY(scope.replaced(text));
    auto prepared = eval::SourceCall::prepare(*scope.guest_frame(), replaced.text, scope.source());
    if (!prepared) {
        Error error = prepared.error();
        if (error.offset)
            error.offset = replaced.original(*error.offset);
        return with_mark(error, text);
    }
    const auto call = std::make_shared<eval::SourceCall>(*std::move(prepared));
    const auto kept = std::make_shared<std::optional<Computed>>();
    return console.call(
        [call, kept, scope, style](Thread& thread) -> OrTrapped<std::string> {
            const auto results = invoke(thread, call->function(), call->arguments());
            if (!results) {
                call->put_back();
                return std::unexpected(results.error());
            }
            std::string shown;
            if (auto result = call->result(*results); !result) {
                shown = "<" + result.error().message + ">";
            } else if (result->value) {
                *kept = computed_from(*std::move(result), *call->function().instance, scope.source_memory);
                const auto text = style.format ? text_in(scope, **kept, *style.format) : (*kept)->text;
                shown = text ? *text : text.error().message;
            }
            call->put_back();
            return shown;
        },
        { kept, style.is_print });
}

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
    return step_often(console, words, one_instruction, debug::LineStepKind::Step);
}

Result<void> next(Console& console, Words& words)
{
    return step_often(console, words, { .kind = Kind::StepOver }, debug::LineStepKind::Next);
}

Result<void> step_instruction(Console& console, Words& words)
{
    return step_often(console, words, one_instruction);
}

Result<void> next_instruction(Console& console, Words& words)
{
    return step_often(console, words, { .kind = Kind::StepOver });
}

Result<void> finish(Console& console, Words& words)
{
    CHECK(words.end());
    const Scope& scope = console.scope();
    if (is_spawned_outermost(scope))
        console.write("thread " + std::to_string(scope.thread) + " has no caller: it goes on to its end");
    return console.resume({ .kind = Kind::StepOut,
        .thread = scope.thread,
        .step = line_step(console, debug::LineStepKind::Finish) });
}

Result<void> until(Console& console, Words& words)
{
    if (words.at_end())
        return step_often(console, words, { .kind = Kind::StepOver }, debug::LineStepKind::Until);
    return run_to(console, words, false);
}

Result<void> advance(Console& console, Words& words) { return run_to(console, words, true); }

Result<void> call(Console& console, Words& words)
{
    Instance& instance = *console.scope().instance;
    if (is_source_call(console.scope(), words.rest()))
        return call_source(console, words.rest(), {});
    // The arguments of a component's function are in parentheses.
    if (ProgramView* const program = instance.store->program_view; program && words.rest().ends_with(')'))
        return console.call(TRY(program->prepare_call(words.rest())));
    const std::string_view name = words.next();
    const auto index = find_function(LoadedModule { instance.module, {} }, name, console.target().demangle());
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
    for (const debug::Request& row : stops.breakpoints())
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
    if (TRY(change_skips(console, words)))
        return {};
    CHECK(words.end());
    CHECK(console.target().check(Needs::Stopped, "skip"));
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
