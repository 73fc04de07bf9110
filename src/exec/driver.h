// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"

namespace vitrine::core {

/// [doc] The driver
///
/// Stands between the host, the tiers and each other's frames: it enters the guest, hands a thread from tier to tier,
/// and calls host functions. A host function may ask for a call (`CallGuest`), of a guest function or of another host
/// function. No C++ frame waits for that call: a record says that the host function goes on when it returns. A trap ends the
/// frames above the innermost host function that waits, which decides what becomes of it.

/// What a thread does next.
enum class Turn : uint8_t {
    /// `Tier::enter`: the function of the thread's state has its record and its arguments.
    Enter,
    /// `Tier::resume`: a host function has returned, or the probe has moved the guest.
    Resume,
    /// `Tier::go_on`
    GoOn,
    // The run ends, as `RunEnd` says.
    Returned,
    Trapped,
    Suspended,
};

/// Calls `callee` at the base of an activation. Its arguments are the topmost operands of the thread's state, which
/// has no function.
RunEnd run_call(Thread& thread, Function& callee);
/// Goes on after a host function that suspended; its results lie where the operands of the thread's state end.
RunEnd run_resumed(Thread& thread, const Function& host);

// For tiers.

/// Calls a host function whose arguments are at `slots`. The thread's state is the caller's behind its call, without
/// the arguments; `Thread::host_call_offset` is the call.
Turn call_host_function(Thread& thread, const Function& host, Slot* slots);
/// A tail call of a host function by the frame in the thread's state, whose arguments lie at the frame's start: the
/// frame ends, and its caller calls the host function.
Turn tail_call_host_function(Thread& thread, const Function& host);
/// The frame in the thread's state has returned, its results lie at its start, and the record that is popped belongs
/// to the host: the activation ends, or the host function goes on that waited for the call.
Turn return_to_host(Thread& thread);

} // namespace vitrine::core
