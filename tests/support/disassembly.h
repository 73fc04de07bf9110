// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vitrine::core::test {

/// A machine instruction, as Zydis reads it.
struct Disassembled {
    /// From the first byte of the code.
    uint32_t offset;
    /// In Intel's form, with the size of each memory operand: `add dword ptr [rbx+0x8], eax`.
    std::string text;
    /// Where a jump or an operand relative to the instruction points, from the first byte.
    std::optional<uint64_t> target;
};

/// The instructions in machine code. Bytes that are none end the list with `(bad)`.
std::vector<Disassembled> disassemble(std::span<const uint8_t> code);

} // namespace vitrine::core::test
