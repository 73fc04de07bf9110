// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/instruction.h"
#include "wasm/module.h"

#include <string>

namespace vitrine::core {

/// One instruction as WAT writes it, with names where the module has them: `local.get $n`, `i32.load offset=12`, `br_table 0 1 2`.
std::string to_text(const Instruction& instruction, const Module& module, std::optional<FuncIndex> function);

/// A function's disassembly: a header line, then one line per instruction with its offset, indented by nesting.
std::string disassemble(const Module& module, FuncIndex function);

/// The whole module: imports, index spaces, segments, exports and all bodies, WAT-like, with offsets.
std::string disassemble(const Module& module);

/// `(func (param i32))`, `(sub 0 (struct (field i32)))`
std::string to_text(const SubType& type);

/// `name` as an identifier of WAT: `$name`, quoted (`$"a b"`) where it has other characters; without a name `fallback[index]`, e.g. `func[3]`.
std::string identifier(std::string_view name, std::string_view fallback, uint32_t index);

} // namespace vitrine::core
