// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/debugger.h"

#include <string_view>

namespace vitrine::cli {

/// Memory `[index:]address` of the scope's instance, where index is a number or a name and the address an expression.
struct MemoryPlace {
    std::variant<Memory, SharedMemory> memory;
    uint32_t index = 0;
    uint64_t address = 0;
};

Result<MemoryPlace> find_memory_place(const Scope& scope, std::string_view text);

/// What a watchpoint is to watch, written as in an expression: `i32[0x10]`, `i32[1: 0x10]`, `table[2]`, `global[0]`, `local[1]`, `$name`; or
/// `memory ADDRESS LENGTH`.
Result<decltype(debug::WatchpointSpec::what)> find_watch_place(const Scope& scope, std::string_view text);

/// The global that a text means: `global[0]`, `global[name]`, `$name`, `name`.
Result<Global> find_global(const Instance& instance, std::string_view text);

} // namespace vitrine::cli
