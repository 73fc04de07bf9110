// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/instance.h"

namespace vitrine::core {

class Thread;

/// How a run of guest code ended.
enum class RunEnd : uint8_t {
    /// The activation's results lie at its base.
    Returned,
    /// `Thread::trap` says why; the frames are still there.
    Trapped,
    /// A host function suspended; the call is resumed with its results.
    Suspended,
    /// Only from a tier to the driver: another tier may go on. `Thread::handed` says how.
    Handed,
};

/// What a tier hands over with `RunEnd::Handed`, by where the guest is.
enum class Handed : uint8_t {
    /// At the entry of the function in the thread's state. Its record is pushed and its arguments lie at `fp`; its
    /// other locals are not zeroed and requests are not polled yet.
    Call,
    /// In the frame of the thread's state, at the first instruction of a `loop` whose header has been polled.
    Loop,
    /// Returned to a site: the results lie at `state.fp`, and the site's record is the one just popped.
    Return,
};

/// A way of executing guest code. It works on the thread's stacks, which all tiers lay out alike; the driver
/// (exec/driver.h) runs tiers in turn. Each function returns when no frame is left for this tier to run.
class Tier {
public:
    virtual ~Tier() = default;
    /// Enters a function, as `Handed::Call` leaves it.
    virtual RunEnd enter(Thread& thread) = 0;
    /// Goes on in the frame of the thread's state, after a host function, which may have changed anything.
    virtual RunEnd resume(Thread& thread) = 0;
    /// Goes on in the frame of the thread's state. No host function was called in between.
    virtual RunEnd go_on(Thread& thread) = 0;

    /// Instructions of the function were marked or unmarked. The thread's guest executes no instruction; the caller
    /// may be on another host thread.
    virtual void code_changed(Thread&, Function&) {}
    /// The thread watches something else, or nothing any more. Called as `code_changed` is.
    virtual void watches_changed(Thread&) {}
};

} // namespace vitrine::core
