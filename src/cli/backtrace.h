// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/message.h"

namespace vitrine::cli {

/// One line for each frame of a trap, innermost first: index, function, offset and, if one of these
/// modules has it, the source line.
std::string backtrace_text(const Trap& trap, std::span<const LoadedModule> modules);

} // namespace vitrine::cli
