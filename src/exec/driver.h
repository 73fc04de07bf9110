// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"

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

/// Calls `callee` at the base of an activation. Its arguments are the topmost operands of
/// `Thread::state`, which has no function.
RunEnd run_call(Thread& thread, Function& callee);
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
