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

} // namespace vitrine::core::jit
