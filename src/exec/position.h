// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"

#include <compare>
#include <cstdint>

namespace vitrine::core {

/// [doc] Positions
///
/// A position says how far the execution of a guest thread has come: of any two instructions that the thread executes, the later
/// one has the greater position, and the same execution goes through the same positions in every tier.
///
/// `Thread::tick` grows by one when a guest function is entered, by whatever call, once the check for stack overflow has passed,
/// and when a `loop` instruction is executed. Between two ticks no frame is entered and no branch goes back, so control
/// only moves forward in a frame or leaves it for its caller. That is the order: by tick, then the deeper frame first,
/// then by offset.
///
/// A branch that goes back leads to the `loop` instruction itself, whose tick is counted when it is executed. While a thread is
/// about to execute it, its position is that of the tick to come.
struct Position {
    uint64_t tick = 0;
    /// Records on the control stack: frames, waiting host functions and entries from the host.
    uint32_t depth = 0;
    /// Byte offset in the module; in a host function, that of the call. 0 before any guest function
    /// is entered.
    CodeOffset offset = 0;

    friend bool operator==(const Position&, const Position&) = default;
    friend std::strong_ordering operator<=>(const Position& a, const Position& b)
    {
        if (a.tick != b.tick)
            return a.tick <=> b.tick;
        return a.depth != b.depth ? b.depth <=> a.depth : a.offset <=> b.offset;
    }
};

/// Where the thread is: before the next instruction, or in a host function. Its state must be complete. What happens
/// in one host function has one position.
Position position_of(const Thread& thread);

} // namespace vitrine::core
