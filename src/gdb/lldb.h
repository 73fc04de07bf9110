// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/session.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::gdb {

/// What LLDB has to be told to debug these modules, which run together, behind the door at `address`: its commands, in order. They
/// may be given with `-O`.
///
/// LLDB 22 aborts when an expression is evaluated in a function whose source language it has no expressions for (none at all,
/// Rust), unless `target.language` is set. The setting also filters `breakpoint set --name`: `c++` finds functions of C++ and
/// Rust, `c` those of C, Zig and WAT. So it is `c++` when there are any of the former, and otherwise `c`. LLDB 23
/// needs no setting.
///
/// LLDB does not tell the memories of several modules apart when it makes an address of a variable, and keeps what it has read
/// from one; so it shall keep nothing when more than one module has a memory.
std::vector<std::string> lldb_commands(std::span<const Module* const> modules, std::string_view address);

} // namespace vitrine::core::gdb
