// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/guard.h"
#include "exec/probes.h"
#include "exec/watch.h"
#include "runtime/instance.h"

namespace vitrine::core {

class Thread;

// Switches for when a thread's probes fire: at each instruction, at an access, at a place, at a
// tick. Only these functions change them, and they notify the thread's tier. Call them while the
// thread's guest is not executing an instruction; any host thread may call them.

/// Sets whether the thread's probe of this role fires before every instruction.
void set_stepping(Thread& thread, bool is_stepping, ProbeRole role = ProbeRole::Session);
/// Sets what the thread watches; null for nothing. `watches` must stay valid until the next call.
void set_watches(Thread& thread, const Watches* watches);
/// Makes the thread's probes fire once with `Cause::Tick`, before the first instruction whose
/// position has this tick or a later one (exec/position.h). `UINT64_MAX` for never.
void set_stop_tick(Thread& thread, uint64_t tick);
/// Marks the instruction at `offset` in a function of the thread's store: the probe fires when
/// execution reaches it and the guard, if not empty, may hold. A mark has one guard; the last call
/// counts. See exec/code.h.
void mark(Thread& thread, Function& function, CodeOffset offset, GuardView guard = {});
/// Removes the mark, if there is one.
void unmark(Thread& thread, Function& function, CodeOffset offset);

} // namespace vitrine::core
