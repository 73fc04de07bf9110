// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"

#include <string>

namespace vitrine::core {

/// Describes the out-of-bounds access behind a trap of this kind at `Thread::state`. Decodes the
/// instruction there again and reads its operands, which are still on the stack. Empty for every
/// other kind of trap.
std::string detail_of(const Thread& thread, TrapKind kind);

} // namespace vitrine::core
