// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/frame.h"
#include "runtime/store.h"

#include <memory>
#include <span>

// Sends a thread that stands before an instruction of its own somewhere else. What is refused changes nothing. The guest's
// stack stays what validation says of it, wherever it goes on.

namespace vitrine::core::debug {

/// The next instruction is the one at `offset` of the innermost frame's function. Refused when none starts there, when it cannot
/// be reached, or when it expects operands that are not there; those that it does not expect are dropped.
Result<void> jump(Thread& thread, CodeOffset offset);

/// The next instruction is the one behind the next instruction. Operands that this one takes are dropped; what it would have made is zero or
/// null, or for want of a better value one of the operands. Behind a branch that is always taken, a trap or a throw the block is
/// left.
Result<void> skip(Thread& thread);

/// The frame, and all above it, return to the frame's caller with these results. The frame must be one of the innermost activation.
Result<void> return_from(Thread& thread, const Frame& frame, std::span<const Value> results);

/// An exception of the store, kept alive.
Result<std::shared_ptr<Root>> make_exception(Store& store, const Tag& tag, std::span<const Value> values);

} // namespace vitrine::core::debug
