// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"

#include <compare>
#include <cstdint>

namespace vitrine::core {

/// [doc] Positions
///
/// A position tells how far the execution of a guest thread has come. Of any two instructions that
/// the thread executes, the later one has the greater position. The same execution goes through the
/// same positions in every tier.
///
/// `Thread::tick` grows by one when a guest function is entered, by any kind of call, after the
/// check for stack overflow, and when a `loop` instruction is executed. Between two ticks no frame
/// is entered and no branch goes back, so control only moves forward in a frame or returns to its
/// caller. Hence the order: by tick, then the deeper frame first, then by offset.
///
/// The interpreter always counts. Compiled code only does so while the thread has a recorder's
/// probe or a stop tick; without them the tick means nothing.
///
/// A backward branch leads to the `loop` instruction itself, which counts its tick when it is
/// executed. A thread that is about to execute a `loop` has the position of that coming tick.
struct Position {
    uint64_t tick = 0;
    /// The number of records on the control stack: frames, waiting host functions and entries from
    /// the host.
    uint32_t depth = 0;
    /// Byte offset in the module; in a host function, the offset of the call. 0 before any guest
    /// function is entered.
    CodeOffset offset = 0;

    friend bool operator==(const Position&, const Position&) = default;
    friend std::strong_ordering operator<=>(const Position& a, const Position& b)
    {
        if (a.tick != b.tick)
            return a.tick <=> b.tick;
        return a.depth != b.depth ? b.depth <=> a.depth : a.offset <=> b.offset;
    }
};

/// The thread's position: before the next instruction, or in a host function. The thread's state
/// must be complete. All that happens in one call of a host function has the same position.
Position position_of(const Thread& thread);

} // namespace vitrine::core
