// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace vitrine::core {

class Thread;
struct Instance;

/// Why execution looks up. One cause at a time: where a step ends at a marked instruction, the mark counts.
enum class Cause : uint8_t {
    /// The next instruction is marked.
    Mark,
    /// One instruction was executed while the thread was stepping.
    Step,
    /// The pause that was requested.
    Pause,
    /// The thread has come to the tick at which it was to look up (`set_stop_tick`).
    Tick,
    /// `Thread::thrown` is thrown, and a guest catches it; nothing is unwound yet.
    Throw,
    /// It is caught: the thread's state is the beginning of the handler.
    Catch,
    /// `Thread::trap` happened at the next instruction; nothing is unwound yet.
    Trap,
    /// An instance was made, which the probe has heard of; its start function has not run.
    Load,
    /// Only with `Thread::watches`. One instruction was executed that accessed what is watched: `Thread::touched` says what. Or,
    /// with nothing in there, whatever is watched may have changed or moved: a host function came back, or a memory or a
    /// table was told to grow. While the thread is stepping it counts as `Step`, which does not come on top. `Mark` does.
    Watch,
};

/// How to go on.
enum class Wish : uint8_t {
    /// As if nobody had looked: a trap unwinds, what is thrown flies on.
    Continue,
    /// Where the thread's state says now, whatever was about to happen. Without a function in the state the activation
    /// returns; its results lie at its base.
    Move,
    /// Throw `Thread::thrown` where the thread's state is.
    Throw,
    /// End the activation with `Thread::trap`, which nobody is told of.
    Fail,
    /// End all guest code of the thread with the trap `Killed`.
    Kill,
};

/// Looks when execution reaches something: the one way in which execution knows of debugging. While it looks,
/// the thread's state is complete: frames can be read and changed, marks set and removed, functions called.
class Probe {
public:
    virtual ~Probe() = default;
    virtual Wish fire(Thread& thread, Cause cause) = 0;
    /// An instance was made; its start function has not run.
    virtual void on_instance(Instance&) {}
    /// The thread is about to execute guest code, and something was asked of it: waits as long as it must stand still.
    /// `Thread::execution` is `Inside` from then on.
    virtual void wait_outside(Thread&) {}
    /// A host function has come back while something was asked of the thread. True when the guest must end with the trap
    /// `Killed` instead of going on.
    virtual bool wants_end(Thread&) { return false; }
    /// The guest made another guest thread, which has run nothing yet. On the thread that made it.
    virtual void on_spawn(Thread&) {}
    /// A guest thread that was made so ends: it runs nothing any more. On that thread.
    virtual void on_thread_end(Thread&) {}
};

} // namespace vitrine::core
