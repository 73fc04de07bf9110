// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/frame.h"
#include "runtime/store.h"

#include <memory>
#include <span>

// Moves a stopped thread, which must be before one of its own instructions. A request that fails
// changes nothing. Wherever the guest continues, its stack has the operands that validation expects
// there.

namespace vitrine::core::debug {

/// Continues at the instruction at `offset` in the innermost frame's function. Fails if no
/// instruction starts there, if it is unreachable, or if it expects operands that are missing.
/// Drops operands that it does not expect.
Result<void> jump(Thread& thread, CodeOffset offset);

/// Skips the next instruction. Drops the operands that it takes. Its results become zero or null,
/// or an operand of the same type where the instruction's row does not tell how many results it
/// has. Skipping a branch that is always taken, a trap or a throw leaves the block, because no
/// reachable code follows.
Result<void> skip(Thread& thread);

/// Returns from a frame of the innermost activation to its caller, with these results. The frames
/// above it end too.
Result<void> return_from(Thread& thread, const Frame& frame, std::span<const Value> results);

/// Makes an exception of the store and keeps it alive.
Result<std::shared_ptr<Root>> make_exception(Store& store, const Tag& tag, std::span<const Value> values);

} // namespace vitrine::core::debug
