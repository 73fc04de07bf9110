// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/instruction.h"
#include "wasm/module.h"

#include <string>
#include <vector>

namespace vitrine::core {

/// An instruction in the text format, with names from the module: `local.get $n`,
/// `i32.load offset=12`, `br_table 0 1 2`.
std::string to_text(const Instruction& instruction, const Module& module, std::optional<FuncIndex> function);

/// Disassembles a function: a header line, then one line per instruction with its offset, indented
/// by nesting.
std::string disassemble(const Module& module, FuncIndex function);

/// The same, with the offset that each line begins with: that of the body for the header and of a
/// declaration for locals, else of the instruction.
struct DisassembledFunction {
    std::string text;
    std::vector<CodeOffset> offsets;
};
DisassembledFunction disassemble_lines(const Module& module, FuncIndex function);

/// Disassembles the module in a form close to the text format, with offsets: imports, index spaces,
/// segments, exports and all bodies.
std::string disassemble(const Module& module);

/// `(func (param i32))`, `(sub 0 (struct (field $value i32)))`
std::string to_text(const SubType& type, const NameMap* field_names = nullptr);

/// `name` as an identifier of the text format: `$name`, or `$"a b"` if it needs quotes. If the name
/// is empty, `fallback[index]`, such as `func[3]`.
std::string identifier(std::string_view name, std::string_view fallback, uint32_t index);

} // namespace vitrine::core
