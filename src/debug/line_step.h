// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/places.h"
#include "debug/skips.h"
#include "debug/sources.h"
#include "debug/stepping.h"

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace vitrine::core::debug {

class Session;

/// [doc] Steps by source lines
///
/// A line step is a set of marks, not a series of single steps: at each statement of another line
/// that the thread can come to next, and at the return of its function. The marks hold in one frame
/// only (exec/guard.h), so a line of ten million calls runs at full speed, and neither recursion
/// nor other threads disturb. Where a step ends depends on its kind:
///
/// - `Next`: at the first statement of another line in the same function, or where its caller goes
///   on. What is called, or inlined, belongs to the line. A loop in one line is one step.
/// - `Step`: the same, but also behind the prologue of a function with lines that the line calls,
///   and at an inlined body in it. Host functions are passed, with what they call; but the call of
///   another component leads into its function. Functions without lines, and those that `Skips`
///   names, are passed too, also those that they call.
/// - `Until`: like `Next`, but a loop goes on until its end.
/// - `Finish`: where the function returns, or behind the inlined body, with the results.
///
/// In a function without lines, each instruction is a line: that is what its generated source shows
/// (debug/wat_source.h). A `Step` from there also enters functions without lines. Other steps that
/// come back to a caller without lines go on to the next caller that has some; without any, the
/// thread just goes on. An exception that is caught in the frame or further out ends a step at the
/// next statement there.
///
/// Use:
///
///     Sources sources(session.symbols());     // one for all steps and requests of a session
///     Resume how { .step = make_line_step(LineStepKind::Next, session, sources, { ... }) };
///     client.resume(how);
///
/// A null step means that the thread is not stopped in guest code: resume with the instruction step
/// of the same meaning. The stop that ends the step has the kind `Step`, with `results` after a
/// finish, and with `entered` for `logical_frames`.
enum class LineStepKind : uint8_t { Next, Step, Until, Finish };

/// Where a step begins.
struct LineStepFrom {
    /// The guest thread; 0 is the one that stopped.
    uint32_t thread = 0;
    /// `LogicalFrame::frame` and `level` of the frame to finish. The other kinds step in the
    /// innermost frame.
    size_t frame = 0;
    uint32_t level = 0;
    /// What `Step` does not enter. Null: only libraries.
    std::shared_ptr<const Skips> skips {};
    /// The call that `Step` enters, of those that `calls_of_line` has found: no other one, and no
    /// inlined body. Whether the function is one to skip does not matter then, nor whether it has
    /// lines.
    std::optional<CodeOffset> only_call {};
};

/// A call that a thread can come to before it leaves its line.
struct LineCall {
    CodeOffset offset = 0;
    /// Null if that depends on a value: an indirect call.
    const Function* callee = nullptr;
    /// Where the source has the call; none if that is not known.
    std::optional<source::Place> place {};
};
/// The calls of guest functions that a thread can come to before it leaves its line, by offset.
/// Empty if its innermost frame is one of the host.
std::vector<LineCall> calls_of_line(
    Session& session, const std::shared_ptr<Sources>& sources, const LineStepFrom& from);

/// The guest must be resumed with the step before it is resumed otherwise.
std::shared_ptr<Step> make_line_step(
    LineStepKind kind, Session& session, const std::shared_ptr<Sources>& sources, LineStepFrom from);

/// The same for a thread's frames, from the one in which the step begins outwards: that of a guest
/// function first, and at least up to its caller. `entered` is that of the thread's stop.
std::shared_ptr<Step> make_line_step(LineStepKind kind, std::vector<Frame> frames, uint32_t entered,
    const std::shared_ptr<Sources>& sources, LineStepFrom from);

/// Runs until the thread comes to one of these places or the selected frame returns. Places in the
/// frame's own function count only in this frame (`until LINE`, run to cursor), unless
/// `in_any_frame` (`advance`). The places are those of a request (`find_locations`).
std::shared_ptr<Step> make_run_to(
    Session& session, std::span<const CodePlace> places, const LineStepFrom& from, bool in_any_frame);

} // namespace vitrine::core::debug
