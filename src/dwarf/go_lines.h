// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "source/symbols.h"

#include <memory>

namespace vitrine::core::dwarf {

/// [doc] Lines of Go
///
/// Go writes no DWARF for WebAssembly. But its runtime needs to know functions and lines for stack
/// traces and the collector, so they are in the module's data: the table that Go calls pclntab,
/// from Go 1.20 on. [spec: Go, runtime/symtab.go and cmd/link/internal/wasm]
///
/// A program counter of Go is not an offset: its high bits are the index of a function, its low 16
/// bits count points in it. At most of these points execution can resume after a call, where
/// another goroutine may have run; so the function begins with nested blocks and a `br_table` that
/// leads to each point. The code between two such points has one row, with the line of the call at
/// its end. That is right for stack traces. A line without a call has a row only if no call follows
/// it.

/// Reads the functions and lines of a module that Go compiled. Null if it has no such table. The
/// bytes must outlive the result.
std::unique_ptr<source::Symbols> read_go_lines(Bytes module);

} // namespace vitrine::core::dwarf
