// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/session.h"

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::gdb {

/// What LLDB has to be told to debug this module behind the door at `address`: its commands, in order. They may be given with `-O`.
///
/// LLDB 22 aborts when an expression is evaluated in a function whose source language it has no expressions for (none at all,
/// Rust), unless `target.language` is set. The setting also filters `breakpoint set --name`: `c++` finds functions of C++ and
/// Rust, `c` those of C, Zig and WAT. So it is `c++` when there are any of the former, and otherwise `c`. LLDB 23
/// needs no setting.
std::vector<std::string> lldb_commands(const Module& module, std::string_view address);

} // namespace vitrine::core::gdb
