// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/debugger.h"

#include <string_view>

namespace vitrine::cli {

/// A byte of a memory, `[index:]address` in the scope, where index is a number or a name and the address an expression.
Result<debug::MemoryRange> find_memory_place(const Scope& scope, std::string_view text);

/// What a watchpoint is to watch: a place as expressions write it, or `memory [index:]address length`.
Result<debug::WatchPlace> find_watch_place(const Scope& scope, std::string_view text);

/// The global that an expression stands for.
Result<Global> find_global(const Scope& scope, std::string_view text);

} // namespace vitrine::cli
