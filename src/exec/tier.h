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
    /// A host function suspended; `resume` goes on.
    Suspended,
};

/// A way of executing guest code. It works on the thread's stacks, which all tiers lay out alike.
class Tier {
public:
    virtual ~Tier() = default;
    /// Calls `callee`, whose arguments are the topmost operands of the thread's state, at the base of an activation.
    virtual RunEnd call(Thread& thread, Function& callee) = 0;
    /// Goes on after a host function suspended; its results are the topmost operands of the thread's state.
    virtual RunEnd resume(Thread& thread) = 0;
};

} // namespace vitrine::core
