// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/driver.h"

#include "exec/frame.h"
#include "exec/invoke.h"
#include "exec/unwind.h"

#include <algorithm>

namespace vitrine::core {

namespace {

/// How a host function, or one part of it, has ended.
enum class HostAction : uint8_t {
    /// Its results are in the slots.
    Returned,
    /// `Thread::trap` holds the trap.
    Trapped,
    /// The guest continues at `Thread::state`: it has caught what the function threw, or the probe
    /// has moved it.
    Moved,
    /// Call `HostResult::callee`; its arguments are in the slots.
    Call,
    Suspended,
};

struct HostResult {
    HostAction action;
    Function* callee = nullptr;
};

/// Handles requests that arrived while a host function ran; the guest may never reach a call or
/// loop that polls for them. Returns true when the guest must end, with `trap` or because
/// `Thread::is_killed` is set.
bool must_end(Thread& thread, Trap& trap)
{
    const uint32_t bits = thread.requests->bits.load();
    if ((bits & Requests::pause) && thread.probes.wants_end(thread))
        thread.is_killed = true;
    else if (bits & (Requests::interrupt | Requests::over))
        trap = { .kind = TrapKind::Interrupted };
    else
        return false;
    thread.requests->bits.fetch_and(~Requests::interrupt);
    return true;
}

/// Handles a trap or an exception that leaves a host function.
HostResult take_trap(Thread& thread, const Function& host, Trap trap)
{
    thread.state.offset = thread.host_call_offset;
    bool is_moved = false;
    if (!host.host->is_boundary && trap.exception && trap.exception->object()) {
        auto& exception = static_cast<ExceptionObject&>(*trap.exception->object());
        is_moved = throw_exception(thread, exception, std::move(trap));
    } else {
        trap.exception = nullptr;
        is_moved = raise(thread, std::move(trap));
    }
    return { is_moved ? HostAction::Moved : HostAction::Trapped };
}

HostResult take_outcome(Thread& thread, const Function& host, HostOutcome&& outcome, Slot* slots)
{
    thread.host = nullptr;
    if (thread.requests->bits.load() != 0 && !std::holds_alternative<Trap>(outcome))
        if (Trap ending; must_end(thread, ending))
            outcome = std::move(ending);
    if (thread.is_killed)
        outcome = Trap { .kind = TrapKind::Killed };
    if (auto* trap = std::get_if<Trap>(&outcome))
        return take_trap(thread, host, std::move(*trap));
    if (auto* call = std::get_if<CallGuest>(&outcome)) {
        // In place: copying what was just written in smaller pieces stalls the processor.
        thread.continuations.emplace_back(&host, call->then, call->context, thread.host_call_offset, slots,
            thread.control - 1, call->activity);
        return { HostAction::Call, call->callee };
    }
    if (std::holds_alternative<Suspended>(outcome)) {
        if (thread.activations.size() == 1) {
            thread.host = &host;
            thread.go_outside();
            return { HostAction::Suspended };
        }
        return take_trap(thread, host,
            { .kind = TrapKind::HostError,
                .message = "a host function cannot suspend in a nested call of the guest" });
    }
    return { HostAction::Returned };
}

/// Runs a part of a host function: its callback, or the continuation after a call that it asked
/// for.
template<class Part> HostResult run_part(Thread& thread, const Function& host, Slot* slots, const Part& part)
{
    const HostFunction& definition = *host.host;
    const uint32_t count = std::max(slots_of(definition.type.params), slots_of(definition.type.results));
    thread.host = &host;
    // Take at least one slot, as a guest frame does, so that the limit of the value stack also
    // bounds the control stack.
    thread.free = slots + std::max(count, 1u);
    Instance* const caller = thread.state.function ? thread.state.function->instance : nullptr;
    HostCall call { thread, host, thread.store, caller, { slots, count },
        { thread.free, GuestStack::headroom_slots / 2 } };
    if (!definition.runs_inside)
        thread.go_outside();
    HostOutcome outcome = guarded(
        [&] { return part(call); }, [](Thrown thrown) { return HostOutcome(trap_of(std::move(thrown))); });
    if (!definition.runs_inside)
        thread.go_inside();
    thread.is_after_host = true;
    return take_outcome(thread, host, std::move(outcome), slots);
}

/// Continues a host function after the call that it asked for has ended with `called`.
/// `Thread::state` must be that of the host function's caller.
HostResult continue_host(Thread& thread, const WaitingHost& waiting, OrTrapped<void> called)
{
    thread.host_call_offset = waiting.call_offset;
    return run_part(thread, *waiting.function, waiting.slots,
        [&](HostCall& call) { return waiting.then(waiting.context, call, std::move(called)); });
}

/// Continues after a part of `host` has ended with `result`. Performs the calls that host functions
/// ask for and continues those that wait, until guest code must run or the run ends.
Turn finish_host(Thread& thread, const Function* host, HostResult result, Slot* slots)
{
    for (;;) {
        switch (result.action) {
        case HostAction::Trapped: return Turn::Trapped;
        case HostAction::Moved: return Turn::Resume;
        case HostAction::Suspended: return Turn::Suspended;
        case HostAction::Call: {
            Function& callee = *result.callee;
            // The same position as the arguments of a nested entry, so that both kinds of call
            // overflow at the same depth.
            Slot* const arguments = thread.free;
            if (!enter_function(thread, callee, ReturnTo::host_function(), arguments)) {
                const WaitingHost waiting = thread.continuations.back();
                thread.continuations.pop_back();
                result = continue_host(thread, waiting, trapped(TrapKind::StackOverflow));
                break;
            }
            if (!callee.is_host())
                return Turn::Enter;
            host = &callee;
            slots = arguments;
            thread.host_call_offset = 0;
            result = run_part(thread, callee, slots, callee.host->callback);
            break;
        }
        case HostAction::Returned: {
            thread.state.sp = slots + slots_of(host->host->type.results);
            if (thread.state.function)
                return Turn::Resume;
            if (thread.control == thread.activations.back().base)
                return Turn::Returned;
            const WaitingHost waiting = cut_to_waiting_host(thread);
            host = waiting.function;
            slots = waiting.slots;
            result = continue_host(thread, waiting, {});
            break;
        }
        }
    }
}

/// Continues the innermost waiting host function, whose call has ended with `called`.
Turn finish_call(Thread& thread, OrTrapped<void> called)
{
    const WaitingHost waiting = cut_to_waiting_host(thread);
    const HostResult result = continue_host(thread, waiting, std::move(called));
    return finish_host(thread, waiting.function, result, waiting.slots);
}

/// Whether a host function of the innermost activation waits for a call that it asked for.
bool is_host_waiting(const Thread& thread)
{
    return thread.continuations.size() > thread.activations.back().continuations;
}

/// Decides how a thread that a tier has handed over continues. The interpreter takes all of them.
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

/// Takes one turn.
RunEnd take(Thread& thread, Turn turn)
{
    switch (turn) {
    case Turn::Enter: return thread.tier.enter(thread);
    case Turn::Resume:
        // The probe may have moved the guest out of its outermost function.
        return thread.state.function ? thread.tier.resume(thread) : RunEnd::Returned;
    case Turn::GoOn: return thread.tier.go_on(thread);
    case Turn::Returned: return RunEnd::Returned;
    case Turn::Trapped: return RunEnd::Trapped;
    case Turn::Suspended: return RunEnd::Suspended;
    }
    std::unreachable();
}

RunEnd drive(Thread& thread, Turn turn) { return drive_on(thread, take(thread, turn)); }

} // namespace

RunEnd drive_on(Thread& thread, RunEnd end)
{
    for (;;) {
        if (end == RunEnd::Handed)
            end = take(thread, take_over(thread));
        else if (end == RunEnd::Trapped && is_host_waiting(thread))
            end = take(thread, finish_call(thread, std::unexpected(std::move(thread.trap))));
        else
            return end;
    }
}

RunEnd run_other_call(Thread& thread, Function& callee)
{
    if (!callee.is_host())
        return drive(
            thread, raise(thread, { .kind = TrapKind::StackOverflow }) ? Turn::Resume : Turn::Trapped);
    Slot* const arguments = thread.state.fp;
    thread.state.sp = arguments;
    thread.host_call_offset = 0;
    return drive(thread, call_host_function(thread, callee, arguments));
}

RunEnd run_resumed(Thread& thread, const Function& host)
{
    thread.is_after_host = true;
    return drive(thread, finish_host(thread, &host, { HostAction::Returned }, thread.state.sp));
}

Turn call_host_function(Thread& thread, const Function& host, Slot* slots)
{
    return finish_host(thread, &host, run_part(thread, host, slots, host.host->callback), slots);
}

Turn tail_call_host_function(Thread& thread, const Function& host)
{
    Slot* const arguments = thread.state.fp;
    Instance& instance = *thread.state.function->instance;
    if (innermost_record(thread).return_to().is_host_function())
        // Keep the record: it says which host function waits.
        thread.state = { nullptr, 0, 0, arguments, arguments };
    else
        thread.state = caller_of(thread, pop_record(thread), arguments, instance);
    // As if the caller had called the host function.
    thread.host_call_offset = thread.state.offset;
    return call_host_function(thread, host, arguments);
}

Turn return_to_host(Thread& thread)
{
    if (popped_record(thread).return_to().is_host())
        return Turn::Returned;
    return finish_call(thread, {});
}

} // namespace vitrine::core
