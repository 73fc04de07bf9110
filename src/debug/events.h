// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/stepping.h"
#include "debug/watchpoints.h"
#include "runtime/heap.h"
#include "runtime/trap.h"
#include "runtime/value.h"

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <vitrine/kinds.hpp>

namespace vitrine::core::debug {

using vitrine::debug::StopKind;
using vitrine::debug::StopsOn;

/// How guest code ended: results, a refusal, or a trap (`Exit` is one).
using Outcome = std::expected<std::vector<Value>, Failure>;

/// Why the guest stopped. Each stop has one reason.
struct StopReason {
    StopKind kind = StopKind::Entry;
    /// Only for `Trap` and `Exit`.
    TrapKind trap = no_trap;
    /// How many of the inlined bodies that begin at the thread's instruction it has entered. In the
    /// others it is still at the call (debug/source_view.h).
    uint16_t entered = 0;
    /// The guest thread that stopped.
    uint32_t thread = 1;
    /// The id of the breakpoint or watchpoint. Only for `Breakpoint` and `Watchpoint`.
    uint32_t id = 0;
    /// The status with which the guest ends when it resumes. Only for `Exit`.
    int32_t exit_status = 0;
    /// Says more about the stop. `Trap`: the trap's text. `Throw`: what was thrown. `Load`:
    /// `instance 0`. `Breakpoint`: why its condition could not be evaluated. `Step`: empty, or that
    /// `stop_at_catch` asked for it.
    std::string text {};
    /// The exception. Only for `Throw`, and for `Trap` if nobody caught it.
    std::shared_ptr<Root> exception {};
    /// The new instance. Only for `Load`.
    Instance* instance = nullptr;
    /// What was accessed. Only for `Watchpoint`.
    std::optional<WatchHit> watch {};
    /// What the function returned, if a step out of it ends with this stop; else null.
    std::shared_ptr<const FunctionResults> results {};
    /// From 1, in the order of the session's stops.
    uint64_t number = 0;

    /// `entry`, `breakpoint 1`, `step`, `interrupt`, `trap: integer divide by zero`,
    /// `throw: exception {7}`, `load of instance 0`, `call has ended`, `watchpoint 2: 7 -> 9`,
    /// `exit (status 3)`
    std::string to_text() const;
};

/// How to go on from a stop.
struct Resume {
    using Kind = vitrine::debug::ResumeKind;

    Kind kind = Kind::Go;
    /// An offset in the innermost guest frame's function. Only for `RunTo`.
    CodeOffset offset = 0;
    /// The guest thread that steps; 0 is the one that stopped.
    uint32_t thread = 0;
    /// Whether the other guest threads stay stopped meanwhile.
    bool is_alone = false;
    /// The others go on nevertheless if the thread's next instruction may wait for them.
    bool unless_it_waits = false;
    /// How the thread steps, if not as `kind` says. A step object is used once.
    std::shared_ptr<Step> step {};
};

/// A client let a stopped guest go on.
struct Resumed {
    /// The client's name.
    std::string by;
    Resume how;
    /// Whether it made the guest call a function. The call ends with the stop `CallEnd`.
    bool is_call = false;
};

/// The guest stopped, or it ended.
using Event = std::variant<StopReason, Outcome>;

} // namespace vitrine::core::debug
