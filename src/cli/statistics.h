// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/message.h"

#include "jit/statistics.h"

#include <span>

namespace vitrine::cli {

/// Prints on stderr what an engine has compiled, what
/// it has not compiled, and where compiled code went back to the interpreter.
void print_statistics(const core::CompilerStatistics& statistics, std::span<const LoadedModule> modules);

} // namespace vitrine::cli
