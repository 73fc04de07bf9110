// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/commands.h"

#include <span>

namespace vitrine::cli {

/// Finds the command that the arguments name and runs it. Returns the exit status of the process.
int run_command_line(std::span<const CommandRow> commands, int argc, char** argv);

} // namespace vitrine::cli
