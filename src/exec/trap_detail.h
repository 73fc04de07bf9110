// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"

#include <string>

namespace vitrine::core {

/// What is out of bounds in a trap of this kind at the thread's state: the instruction there is decoded once more, and its
/// operands are still on the stack. Empty for every other trap.
std::string detail_of(const Thread& thread, TrapKind kind);

} // namespace vitrine::core
