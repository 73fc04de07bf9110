// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/frame.h"

namespace vitrine::core {

/// [doc] The driver
///
/// The driver connects the host and the tiers. It enters the guest, hands a thread from one tier to
/// the next, and calls host functions. A host function may ask for a call (`CallGuest`) to a guest
/// function or to another host function. No C++ frame waits for that call: a record on the control
/// stack says that the host function continues when the call returns. A trap unwinds the frames
/// above the innermost waiting host function. That function receives the trap and decides what to
/// do with it.

/// What a thread does next.
enum class Turn : uint8_t {
    /// `Tier::enter`: the record of the function in `Thread::state` is pushed, and its arguments
    /// are in place.
    Enter,
    /// `Tier::resume`: a host function has returned, or the probe has moved the guest.
    Resume,
    /// `Tier::go_on`
    GoOn,
    // The run ends as the `RunEnd` of the same name says.
    Returned,
    Trapped,
    Suspended,
};

// The steps of `run_call`, which is here so that it can be inlined into a call of the embedder.

/// Pushes a record and makes the callee's frame the thread's state. Its arguments are at
/// `arguments`, above the current frame. Returns false, with nothing changed, when the stack has no
/// room.
inline bool enter_function(Thread& thread, Function& callee, ReturnTo return_to, Slot* arguments)
{
    const uint32_t slots = callee.is_host() ? 1 : callee.meta->frame_slots;
    if (arguments + slots > thread.stack->limit())
        return false;
    push_record(thread, return_to, thread.state);
    if (callee.is_host())
        thread.state = { nullptr, 0, 0, arguments, arguments };
    else
        thread.state = { &callee, callee.meta->code_offset - callee.meta->body_offset, 0, arguments,
            arguments + callee.meta->param_slots };
    return true;
}

/// Takes the turns that follow after one has ended, until the activation's run ends.
RunEnd drive_on(Thread& thread, RunEnd end);
/// Calls a host function, or a guest function whose frame does not fit on the stack.
RunEnd run_other_call(Thread& thread, Function& callee);

/// Calls `callee` at the base of an activation. Its arguments are the topmost operands of
/// `Thread::state`, which has no function.
inline RunEnd run_call(Thread& thread, Function& callee)
{
    if (callee.is_host() || !enter_function(thread, callee, ReturnTo::host(), thread.state.fp)) [[unlikely]]
        return run_other_call(thread, callee);
    const RunEnd end = thread.tier.enter(thread);
    return end == RunEnd::Returned ? end : drive_on(thread, end);
}

/// Continues after a suspended host function. Its results start at `Thread::state.sp`.
RunEnd run_resumed(Thread& thread, const Function& host);

// For tiers:

/// Calls a host function whose arguments are at `slots`. `Thread::state` is the caller's state
/// after the call instruction, without the arguments; `Thread::host_call_offset` is the offset of
/// that instruction.
Turn call_host_function(Thread& thread, const Function& host, Slot* slots);
/// Performs a tail call of a host function by the frame in `Thread::state`, whose arguments start
/// at `fp`. The frame ends, and its caller calls the host function.
Turn tail_call_host_function(Thread& thread, const Function& host);
/// Called when the frame in `Thread::state` has returned to a record that belongs to the host. Its
/// results start at `fp`, and the record has been popped. Ends the activation, or continues the
/// host function that waits for the call.
Turn return_to_host(Thread& thread);

} // namespace vitrine::core
