// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/marks.h"
#include "exec/frame.h"
#include "exec/probe.h"

#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include <vitrine/kinds.hpp>

namespace vitrine::core::debug {

/// See debug/source_view.h.
struct SourceResult;

/// What a function returned to its caller.
struct FunctionResults {
    std::vector<Value> values {};
    /// Keep what the values refer to alive.
    std::vector<std::unique_ptr<Root>> roots {};
    /// The function. It has debug information if there is `source`.
    const Function* function = nullptr;
    std::shared_ptr<const SourceResult> source {};
};

/// An instruction before which a thread reports to its step.
struct StepMark {
    StepMark(MarkedPlace at, const Slot* only_in = nullptr) : place(at), frame(only_in) {}

    MarkedPlace place;
    /// The locals of the frame in which it reports; null for any. Where others pass the mark, they
    /// are hardly slower. A step must still compare the frame's id: a later frame can have the same
    /// locals.
    const Slot* frame;
};

/// Where a thread reports to its step next. A plan without either ends the step: the thread goes on
/// as if it had not been stepping.
struct StepPlan {
    std::vector<StepMark> marks {};
    /// Before the next instruction, whichever it is.
    bool is_single = false;

    bool is_empty() const { return marks.empty() && !is_single; }
};

/// The step has not ended, and its plan stays.
struct StepGoesOn {};

/// The step has ended: the thread stops.
struct StepEnd {
    /// What the function that was stepped out of returned. Null if it did not return, or not to
    /// this frame.
    std::shared_ptr<const FunctionResults> results {};
    /// See `StopReason::entered`.
    uint32_t entered = 0;
};

using StepAnswer = std::variant<StepGoesOn, StepEnd, StepPlan>;

/// One step of a thread. The session asks it where the thread must report, and what each report
/// means. A step knows only marks and frames: it works the same in every tier.
///
/// A stop for another reason, such as a breakpoint, also ends the step, and so does a stop of
/// another thread.
class Step {
public:
    virtual ~Step() = default;
    /// How the step ends if the thread need not execute anything for it: it then stops again at
    /// once. The session is locked: like `begin`, this must not wait.
    virtual std::optional<StepEnd> end_at_once() { return std::nullopt; }
    /// Begins the step. `frames` are the thread's innermost frames, innermost first, up to the
    /// caller of its innermost guest function. If `reports_again`, the thread may report the
    /// instruction at which it stands once more before it executes it.
    virtual StepPlan begin(std::span<const Frame> frames, bool reports_again) = 0;
    /// The thread is at an instruction of the plan (`Mark` or `Step`), or at the beginning of a
    /// handler that has caught an exception (`Catch`). `frame` is its innermost frame. The session
    /// is not locked: a step may wait here for debug information.
    virtual StepAnswer at(Cause cause, const Frame& frame) = 0;
};

/// The step for a way to resume, or null if the thread just goes on. `offset` is for `RunTo`.
std::shared_ptr<Step> make_step(vitrine::debug::ResumeKind kind, CodeOffset offset);

/// The instruction in the code of the frame's function.
MarkedPlace place_in(const Frame& frame, CodeOffset offset);
/// The results of a function that has just returned to this frame: they lie on top of its operands.
std::shared_ptr<FunctionResults> results_in(const Frame& caller, const Function& function);

/// The frames that `Step::begin` wants.
std::vector<Frame> frames_for_step(const Thread& thread);

} // namespace vitrine::core::debug
