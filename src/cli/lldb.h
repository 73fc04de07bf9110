// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "vitrine/vitrine.hpp"

#include <string>

#include <sys/types.h>

namespace vitrine::cli {

/// The line that attaches LLDB to a door, fit to be pasted into a shell.
std::string lldb_command(const std::string& address);

/// Starts the installed LLDB on a door, in this terminal; its process id.
Result<pid_t> start_lldb(const std::string& address);

/// Waits until that LLDB has ended.
void wait_for_lldb(pid_t process);

} // namespace vitrine::cli
