// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/driver.h"

#include "exec/frame.h"
#include "exec/invoke.h"
#include "exec/unwind.h"

#include <algorithm>

namespace vitrine::core {

namespace {

/// How a host function, or a part of one, has ended.
enum class HostAction : uint8_t {
    /// Its results are in the slots.
    Returned,
    /// `Thread::trap` says why.
    Trapped,
    /// The guest goes on where the thread's state says: it has caught what the function threw, or the probe has moved it.
    Moved,
    /// Call `HostResult::callee`; its arguments are in the slots.
    Call,
    Suspended,
};

struct HostResult {
    HostAction action;
    Function* callee = nullptr;
};

/// What was asked of the thread while a host function ran, and would be missed if no call and no loop followed: true when the
/// guest ends, with `trap`.
bool must_end(Thread& thread, Trap& trap)
{
    const uint32_t bits = thread.requests->bits.load();
    if (bits == 0)
        return false;
    Probe* const probe = thread.probe.load();
    if ((bits & Requests::pause) && probe && probe->wants_end(thread))
        thread.is_killed = true;
    else if (bits & (Requests::interrupt | Requests::over))
        trap = { .kind = TrapKind::Interrupted };
    else
        return false;
    thread.requests->bits.fetch_and(~Requests::interrupt);
    return true;
}

HostResult take_outcome(Thread& thread, Function& host, HostOutcome outcome, Slot* slots)
{
    const auto fail = [&](Trap trap) {
        return HostResult { raise(thread, std::move(trap)) ? HostAction::Moved : HostAction::Trapped };
    };
    thread.host = nullptr;
    if (Trap ending; !std::holds_alternative<Trap>(outcome) && must_end(thread, ending))
        outcome = std::move(ending);
    if (thread.is_killed)
        outcome = Trap { .kind = TrapKind::Killed };
    if (auto* trap = std::get_if<Trap>(&outcome)) {
        thread.state.offset = thread.host_call_offset;
        if (trap->exception && trap->exception->object()) {
            auto& exception = static_cast<ExceptionObject&>(*trap->exception->object());
            return { throw_exception(thread, exception, std::move(*trap)) ? HostAction::Moved
                                                                          : HostAction::Trapped };
        }
        return fail(std::move(*trap));
    }
    if (auto* call = std::get_if<std::unique_ptr<CallGuest>>(&outcome)) {
        if ((*call)->callee->is_host())
            return fail(
                { .kind = TrapKind::HostError, .message = "a host function asked for a call of another" });
        store_values((*call)->arguments, slots);
        thread.continuations.push_back({ &host, std::move((*call)->then), thread.host_call_offset });
        return { HostAction::Call, (*call)->callee };
    }
    if (std::holds_alternative<Suspended>(outcome)) {
        if (thread.activations.size() == 1 && thread.continuations.empty()) {
            thread.host = &host;
            thread.go_outside();
            return { HostAction::Suspended };
        }
        return fail({ .kind = TrapKind::HostError,
            .message = "a host function suspended inside a call made by the host" });
    }
    return { HostAction::Returned };
}

/// Runs one part of a host function: its own code, or what follows a call that it asked for.
HostResult run_part(
    Thread& thread, Function& host, const HostCallback& callback, Slot* slots, uint32_t input_slots)
{
    const uint32_t count = std::max(input_slots, slots_of(host.host->type.results));
    thread.host = &host;
    thread.free = slots + count;
    Instance* const caller = thread.state.function ? thread.state.function->instance : nullptr;
    HostCall call { thread.store, caller, { slots, count } };
    thread.go_outside();
    HostOutcome outcome = guarded([&] { return callback(call); },
        [](Thrown thrown) { return HostOutcome(trap_of(std::move(thrown))); });
    thread.go_inside();
    return take_outcome(thread, host, std::move(outcome), slots);
}

/// Pushes a record, and makes the callee's frame the thread's state. Its arguments are at `arguments`, above the
/// frame in the state.
Turn enter_function(Thread& thread, Function& callee, ReturnTo return_to, Slot* arguments)
{
    const FuncMeta& meta = *callee.meta;
    // The state is the caller's, as if the call had not begun.
    if (arguments + meta.frame_slots > thread.stack->limit())
        return raise(thread, { .kind = TrapKind::StackOverflow }) ? Turn::Resume : Turn::Trapped;
    push_record(thread, return_to, thread.state);
    thread.state = { &callee, meta.code_offset - meta.body_offset, 0, arguments,
        arguments + meta.param_slots };
    return Turn::Enter;
}

/// Goes on with the innermost host function that waits, with the results of the call that it asked for.
HostResult continue_host(Thread& thread, Slot* slots, Function*& host)
{
    const WaitingHost waiting = std::move(thread.continuations.back());
    thread.continuations.pop_back();
    host = waiting.function;
    thread.host_call_offset = waiting.call_offset;
    return run_part(
        thread, *host, waiting.then, slots, static_cast<uint32_t>(GuestStack::headroom_slots / 2));
}

/// What comes after a part of `host`, and after those of host functions that waited for it.
Turn finish_host(Thread& thread, Function* host, HostResult result, Slot* slots)
{
    for (;;) {
        switch (result.action) {
        case HostAction::Trapped: return Turn::Trapped;
        case HostAction::Moved: return Turn::Resume;
        case HostAction::Suspended: return Turn::Suspended;
        case HostAction::Call:
            return enter_function(thread, *result.callee, ReturnTo::host_function(), slots);
        case HostAction::Returned: break;
        }
        thread.state.sp = slots + slots_of(host->host->type.results);
        if (thread.state.function)
            return Turn::Resume;
        if (thread.control == thread.activations.back().base)
            return Turn::Returned;
        // It was tail-called in the place of a function that another host function waits for.
        thread.state = pop_record(thread).caller(slots);
        result = continue_host(thread, slots, host);
    }
}

/// What to do with a thread that a tier has handed over. The interpreter takes all of it.
Turn take_over(Thread& thread)
{
    Function& function = *thread.state.function;
    switch (thread.handed) {
    case Handed::Call: function.heat = Function::coldest; return Turn::Enter;
    case Handed::Loop: function.heat = Function::coldest; return Turn::GoOn;
    case Handed::Return: {
        Slot* const results_end = thread.state.sp;
        thread.state = caller_of(thread, popped_record(thread), thread.state.fp, *function.instance);
        thread.state.sp = results_end;
        return Turn::GoOn;
    }
    }
    std::unreachable();
}

RunEnd drive(Thread& thread, Turn turn)
{
    for (;;) {
        RunEnd end = RunEnd::Returned;
        switch (turn) {
        case Turn::Enter: end = thread.tier.enter(thread); break;
        case Turn::Resume:
            // Moved out of the outermost function.
            if (!thread.state.function)
                return RunEnd::Returned;
            end = thread.tier.resume(thread);
            break;
        case Turn::GoOn: end = thread.tier.go_on(thread); break;
        case Turn::Returned: return RunEnd::Returned;
        case Turn::Trapped: return RunEnd::Trapped;
        case Turn::Suspended: return RunEnd::Suspended;
        }
        if (end != RunEnd::Handed)
            return end;
        turn = take_over(thread);
    }
}

} // namespace

RunEnd run_call(Thread& thread, Function& callee)
{
    Slot* const arguments = thread.state.fp;
    if (callee.is_host()) {
        thread.state.sp = arguments;
        thread.host_call_offset = 0;
        return drive(thread, call_host_function(thread, callee, arguments));
    }
    return drive(thread, enter_function(thread, callee, ReturnTo::host(), arguments));
}

RunEnd run_resumed(Thread& thread) { return drive(thread, Turn::Resume); }

Turn call_host_function(Thread& thread, Function& host, Slot* slots)
{
    const HostResult result =
        run_part(thread, host, host.host->callback, slots, slots_of(host.host->type.params));
    return finish_host(thread, &host, result, slots);
}

Turn tail_call_host_function(Thread& thread, Function& host)
{
    Slot* const arguments = thread.state.fp;
    Instance& instance = *thread.state.function->instance;
    if (innermost_record(thread).return_to().is_host_function())
        // The record stays: it says who waits.
        thread.state = { nullptr, 0, 0, arguments, arguments };
    else
        thread.state = caller_of(thread, pop_record(thread), arguments, instance);
    // As if the caller had called it.
    thread.host_call_offset = thread.state.offset;
    return call_host_function(thread, host, arguments);
}

Turn return_to_host(Thread& thread)
{
    const Record& record = popped_record(thread);
    if (record.return_to().is_host())
        return Turn::Returned;
    Slot* const results = thread.state.fp;
    thread.state = record.caller(results);
    Function* host = nullptr;
    const HostResult result = continue_host(thread, results, host);
    return finish_host(thread, host, result, results);
}

} // namespace vitrine::core
