// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/message.h"

namespace vitrine::cli {

/// A line for each frame of a trap, innermost first: index, function, offset, and the source line where a module of these says it.
std::string backtrace_text(const Trap& trap, std::span<const LoadedModule> modules);

} // namespace vitrine::cli
