// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/crossing.h"
#include "exec/thread.h"
#include "jit/version.h"

namespace vitrine::core::jit {

/// Makes the frame in which machine code was left the thread's state: writes all values to their
/// slots, as `note` says, and sets `Thread::state` and `Thread::control`. With `Note::is_entry` the
/// thread is then as described for `Handed::Call`.
void take_exit(Thread& thread, const MachineContext& context, Function& function, const Note& note);

/// Compares the state of the thread with what validation knows about the place, and asserts that
/// they agree. Slow; for debug builds and tests.
void check_exit(const Thread& thread);

/// For C++ functions that machine code calls through `RequestWords::call_out`: sets `Thread::state`
/// and `Thread::control` to the calling frame, at the instruction that makes the call. The call must
/// have a site, whose `call_offset` is that instruction and whose `fp_slots` is the end of the
/// frame's operands.
void save_caller(Thread& thread, const MachineContext& context);

} // namespace vitrine::core::jit
