// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vitrine/vitrine.hpp>

#include <string>
#include <vector>

#include <sys/types.h>

namespace vitrine::cli {

/// The line that starts LLDB with these commands, fit to be pasted into a shell.
std::string lldb_command(const std::vector<std::string>& commands);

/// Starts the installed LLDB with these commands, in this terminal; its process id.
Result<pid_t> start_lldb(const std::vector<std::string>& commands);

/// Waits until that LLDB has ended.
void wait_for_lldb(pid_t process);

} // namespace vitrine::cli
