// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/probes.h"
#include "exec/watch.h"
#include "runtime/instance.h"

namespace vitrine::core {

class Thread;

// What a debugger asks of execution: to look up after each instruction, at an access, at a place. These functions
// are the only ones that change it, and they tell the thread's tier. Call them only while the thread's guest executes
// no instruction; any host thread may.

/// Whether the thread's probe of a role fires before every instruction.
void set_stepping(Thread& thread, bool is_stepping, ProbeRole role = ProbeRole::Session);
/// What the thread watches; null for nothing. The thread refers to `watches` until the next call.
void set_watches(Thread& thread, const Watches* watches);
/// Where the thread's probes fire with `Cause::Tick`, once: before the first instruction whose position has this tick or a
/// later one (exec/position.h). `UINT64_MAX` for nowhere.
void set_stop_tick(Thread& thread, uint64_t tick);
/// Marks the instruction of a function of the thread's store that starts at `offset`: the probe fires when the
/// instruction is reached. See exec/code.h.
void mark(Thread& thread, Function& function, CodeOffset offset);
/// Removes the mark, if there is one.
void unmark(Thread& thread, Function& function, CodeOffset offset);

} // namespace vitrine::core
