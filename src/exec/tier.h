// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/instance.h"

namespace vitrine::core {

class Thread;

/// How a run of guest code ended.
enum class RunEnd : uint8_t {
    /// The activation's results are at its base.
    Returned,
    /// `Thread::trap` holds the trap; the frames are still there.
    Trapped,
    /// A host function has suspended. `resume_call` supplies its results and continues.
    Suspended,
    /// Only from a tier to the driver: another tier may continue. `Thread::handed` says where the
    /// guest is.
    Handed,
};

/// Where the guest is when a tier returns `RunEnd::Handed`.
enum class Handed : uint8_t {
    /// At the entry of the function in `Thread::state`. Its record is pushed and its arguments are
    /// at `fp`; its other locals are not zeroed yet, and requests have not been polled.
    Call,
    /// In the frame of `Thread::state`: at the first instruction inside a `loop` whose header has
    /// polled, or where the guest continues after an exception or a trap.
    Loop,
    /// Returned to a site: the results are at `state.fp`, and the site's record was popped last.
    Return,
};

/// One way to execute guest code. All tiers use the thread's stacks with the same layout, and the
/// driver (exec/driver.h) runs tiers in turn. Each function returns when no frame is left for this
/// tier to run.
class Tier {
public:
    virtual ~Tier() = default;
    /// Enters the function in `Thread::state`, which must be as described for `Handed::Call`.
    virtual RunEnd enter(Thread& thread) = 0;
    /// Continues the frame in `Thread::state` after a host function, which may have changed
    /// anything.
    virtual RunEnd resume(Thread& thread) = 0;
    /// Continues the frame in `Thread::state`. No host function was called in between.
    virtual RunEnd go_on(Thread& thread) = 0;

    /// Instructions of the function were marked or unmarked. The thread's guest is not executing an
    /// instruction. The caller may be on another host thread.
    virtual void code_changed(Thread&, Function&) {}
    /// The thread's watches have changed. Called under the same conditions as `code_changed`.
    virtual void watches_changed(Thread&) {}
};

} // namespace vitrine::core
