// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/session.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::gdb {

/// The commands that LLDB needs, in order, to debug these modules, which run together, through the
/// door at `address`. They can be passed with `-O`.
///
/// LLDB 22 aborts when it evaluates an expression in a function whose source language has no
/// expression support (none, Rust), unless `target.language` is set. The setting also filters
/// `breakpoint set --name`: `c++` finds functions of C++ and Rust, `c` those of C, Zig and WAT. So
/// it is set to `c++` if there are functions of the first kind, and to `c` otherwise. LLDB 23 does
/// not need the setting.
///
/// LLDB does not distinguish the memories of several modules when it computes a variable's address,
/// and caches what it has read from one of them. So its cache is turned off if more than one module
/// has a memory.
std::vector<std::string> lldb_commands(std::span<const Module* const> modules, std::string_view address);

/// Whether a part of the module was written in Rust.
bool has_rust(const Module& module);

} // namespace vitrine::core::gdb
