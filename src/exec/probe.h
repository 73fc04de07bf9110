// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace vitrine::core {

class Thread;
struct Instance;

/// Why the probe fires. Each firing has one cause; when a step ends at a marked instruction, it is
/// `Mark`.
enum class Cause : uint8_t {
    /// The next instruction is marked.
    Mark,
    /// The thread is stepping: one instruction was executed.
    Step,
    /// A pause was requested.
    Pause,
    /// The thread has reached its stop tick (`set_stop_tick`).
    Tick,
    /// `Thread::thrown` is being thrown and a guest frame will catch it; nothing is unwound yet.
    Throw,
    /// The exception was caught: `Thread::state` is the beginning of the handler.
    Catch,
    /// The instruction at `Thread::state` has trapped with `Thread::trap`; nothing is unwound yet.
    /// So does the call of a host function that ends the guest, with the kind `Exit`. The kind
    /// `Killed` is not announced.
    Trap,
    /// An instance was made and `Probe::on_instance` was called; its start function has not run
    /// yet.
    Load,
    /// Only while the thread has `Watches`. If `Thread::touched` is not empty, the last instruction
    /// accessed those watched ranges. If it is empty, any watched state may have changed or moved:
    /// a host function returned, or a memory or table was told to grow. While the thread is
    /// stepping this cause replaces `Step`; a `Mark` is reported in addition.
    Watch,
};

/// How the guest continues after the probe has fired.
enum class Wish : uint8_t {
    /// As if there were no probe: a trap unwinds, an exception propagates.
    Continue,
    /// Continue at `Thread::state`, whatever was about to happen. If the state has no function, the
    /// activation returns; its results lie at its base.
    Move,
    /// Throw `Thread::thrown` at `Thread::state`.
    Throw,
    /// End the activation with `Thread::trap`, without reporting the trap to the probes.
    Fail,
    /// End all guest code of the thread with the trap `Killed`.
    Kill,
};

/// Called when execution reaches something of interest. This is the only way in which execution
/// knows of debugging. While the probe runs, the thread's state is complete: the probe may read and
/// change frames, set and remove marks, and call functions.
class Probe {
public:
    virtual ~Probe() = default;
    virtual Wish fire(Thread& thread, Cause cause) = 0;
    /// An instance was made; its start function has not run yet.
    virtual void on_instance(Instance&) {}
    /// The thread is about to execute guest code while a pause is requested. Blocks as long as the
    /// thread must not run. `Thread::execution` is `Inside` when it returns.
    virtual void wait_outside(Thread&) {}
    /// A host function has returned while a pause was requested. Returns true when the guest must
    /// end with the trap `Killed` instead of continuing.
    virtual bool wants_end(Thread&) { return false; }
    /// The guest has made another guest thread, which has run nothing yet. Called on the thread
    /// that made it.
    virtual void on_spawn(Thread&) {}
    /// A guest thread made by the guest has ended and runs nothing any more. Called on that thread.
    virtual void on_thread_end(Thread&) {}
};

} // namespace vitrine::core
