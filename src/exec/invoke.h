// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"
#include "runtime/linker.h"

#include <span>
#include <variant>
#include <vector>

namespace vitrine::core {

/// How a call of a guest function ended.
using CallEnd = std::variant<std::vector<Value>, Trap, Suspended>;

/// Calls a function with arguments of its parameter types and runs it until it ends or suspends.
/// May be called while the thread's guest waits in a host function or in a probe: the call is then
/// a nested activation.
CallEnd start_call(Thread& thread, Function& function, std::span<const Value> arguments);
/// Passes the results of a suspended host function to the guest and continues the call.
CallEnd resume_call(Thread& thread, std::span<const Value> results);
/// Ends a suspended call; no more guest code runs.
void cancel_call(Thread& thread);

/// Like `start_call`, but traps when a host function suspends.
OrTrapped<std::vector<Value>> invoke(Thread& thread, Function& function, std::span<const Value> arguments);

/// The same with the arguments in slots, as the guest has them, where the results go.
OrTrapped<void> invoke_slots(Thread& thread, Function& function, Slot* slots);

/// Makes an instance, reports it to the probes, and runs its start function. [spec: exec/modules,
/// instantiation]
std::expected<Instance*, Failure> instantiate(
    Thread& thread, const Linker& linker, std::shared_ptr<const Module> module);
/// The same with the module's imports given in order: entities of the thread's store, of matching
/// types.
std::expected<Instance*, Failure> instantiate(
    Thread& thread, std::shared_ptr<const Module> module, std::span<const Extern> imports);

/// For host functions that block, on the guest's thread: handles pending requests. A debugger may
/// stop the guest in here. Returns false when the host function must end with the trap
/// `Interrupted`.
bool poll_in_host(Thread& thread);

/// For tiers: fires the probes, if there are any. `Thread::state` must be complete. Returns false
/// when the activation must end with `Thread::trap`. Otherwise the guest continues at
/// `Thread::state`, and `Thread::was_moved` tells whether a probe has changed where that is.
bool fire(Thread& thread, Cause cause);
/// For tiers: fires the probes for a watch, with the ranges that were touched.
bool fire_watch(Thread& thread, std::span<const TouchedRange> touched);
/// For tiers: handles the requests after a poll found the limit lowered or a bit set. Returns as
/// `fire` does.
bool handle_requests(Thread& thread);
/// For tiers: the same at a `loop` whose tick has already been counted. Probes see the thread
/// before the `loop` instruction, so the tick is taken back while they run, and for good if they
/// move the guest.
bool handle_requests_at_loop(Thread& thread);
/// For tiers: records a trap at `Thread::state` and fires the probes. Returns true when a probe has
/// moved the guest: it continues there.
[[nodiscard]] bool raise(Thread& thread, Trap trap);

} // namespace vitrine::core
