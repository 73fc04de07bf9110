// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>

namespace vitrine::cli {

/// Commands for LLDB in Python, made from lldb_script.inc and the console's table of verbs. With
/// `is_rust` they also load rustc's formatters.
std::string lldb_script(bool is_rust);

/// A file for `command source -e false`. Defines commands for an LLDB without Python, which pass
/// lines to the console, and loads the script at `path` in their place.
std::string lldb_start_file(const std::string& path);

} // namespace vitrine::cli
