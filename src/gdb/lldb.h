// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/session.h"

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::gdb {

/// What LLDB has to be told to debug this module behind the door at `address`: its commands, in order. They may be given with `-O`.
///
/// LLDB 22 aborts when an expression is evaluated in a function without a source language, unless `target.language` is
/// set. As that also restricts `breakpoint set --name` to functions of the language, it is set to the module's.
std::vector<std::string> lldb_commands(const Module& module, std::string_view address);

} // namespace vitrine::core::gdb
