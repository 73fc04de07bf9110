// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"

#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace vitrine::core {

/// A frame of a guest thread as data: the same in every tier. Valid until guest code runs.
struct Frame {
    /// A host function between two guest frames, or a guest function.
    const Function* function = nullptr;
    /// In the module's file: the next instruction of the innermost frame of an activation, the instruction after
    /// the call in its callers. 0 for host functions.
    CodeOffset offset = 0;
    /// Index in the module's branches of the side table's cursor.
    uint32_t entry = 0;
    Slot* fp = nullptr;
    Slot* sp = nullptr;
    /// The control stack as it is when this frame executes: tells frames apart while they live.
    const Record* control = nullptr;
    /// Whether it is the innermost of its activation: `offset` is an instruction to be executed.
    bool is_innermost = false;
    /// Which activation, counted from the outermost.
    uint32_t activation = 0;
    const Thread* thread = nullptr;

    bool is_host() const { return function->is_host(); }
    Slot* locals() const { return fp; }
    Slot* operands() const { return fp + function->meta->local_slots; }
    uint32_t operand_slots() const { return static_cast<uint32_t>(sp - operands()); }
};

/// Calls `visit` with each frame of every activation, innermost first, until it answers false.
void walk_frames(const Thread& thread, const std::function<bool(const Frame&)>& visit);

/// The frames of every activation, innermost first, at most `limit`.
std::vector<Frame> frames_of(const Thread& thread, size_t limit = SIZE_MAX);

/// The number of frames that `frames_of` would give: cheap to compare while stepping.
size_t depth_of(const Thread& thread);

/// Functions and offsets for a trap's backtrace: guest frames only, callers at their call instruction's end.
std::vector<TraceEntry> trace_of(const Thread& thread);

} // namespace vitrine::core
