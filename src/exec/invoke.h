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

/// Calls a function with arguments of its parameter types and runs it until it ends or suspends. May be used while the
/// thread's guest waits in a host function or in a probe: the call is an activation of its own.
CallEnd start_call(Thread& thread, Function& function, std::span<const Value> arguments);
/// Gives a suspended host function its results, and runs on.
CallEnd resume_call(Thread& thread, std::span<const Value> results);
/// Ends a suspended call without running any more of the guest.
void cancel_call(Thread& thread);

/// As `start_call`; a host function that suspends is a trap here.
OrTrapped<std::vector<Value>> invoke(Thread& thread, Function& function, std::span<const Value> arguments);

/// Makes an instance, tells the probe of it, and runs its start function. [spec: exec/modules, instantiation]
std::expected<Instance*, Failure> instantiate(
    Thread& thread, const Linker& linker, std::shared_ptr<const Module> module);
/// The same with the module's imports, in their order: entities of the thread's store, of fitting types.
std::expected<Instance*, Failure> instantiate(
    Thread& thread, std::shared_ptr<const Module> module, std::span<const Extern> imports);

/// For host functions that block, on the guest's thread: deals with what was asked of the thread meanwhile; a debugger may stop the guest in
/// here. False when the host function must end with a trap (`Interrupted`) instead of going on.
bool poll_in_host(Thread& thread);

/// For tiers: fires the probe, if there is one, with the thread's state complete. False when the activation must end
/// with `Thread::trap`. True when the guest goes on where the thread's state says; `Thread::was_moved` tells whether
/// that is somewhere else than where it was.
bool fire(Thread& thread, Cause cause);
/// For tiers: fires it because of watches, and shows what was touched.
bool fire_watch(Thread& thread, std::span<const TouchedRange> touched);
/// For tiers: a poll found the limit lowered or a bit set. As `fire`.
bool handle_requests(Thread& thread);
/// For tiers: the same at a `loop` whose tick has been counted. Whoever looks up stands before the instruction, so the tick does
/// not count meanwhile, and not at all if the guest is moved.
bool handle_requests_at_loop(Thread& thread);
/// For tiers: records a trap at the thread's state and tells the probe. True when that has moved the guest elsewhere: then it goes on there.
[[nodiscard]] bool raise(Thread& thread, Trap trap);

} // namespace vitrine::core
