// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "wasm/func_meta.h"
#include "wasm/opcode.h"

#include <array>

namespace vitrine::core {

/// The type of a block: nothing, one result, or a function type. [spec: binary/instructions, block types]
struct BlockType {
    enum class Kind : uint8_t { Empty, Value, Type } kind = Kind::Empty;
    ValueType value {};
    TypeIndex type {};
};

/// Alignment (binary logarithm), offset and memory of a load or store.
struct MemArg {
    uint32_t align = 0;
    MemoryIndex memory {};
    uint64_t offset = 0;
    /// Whether the memory is named, which index 0 need not be; how many bytes the offset takes in the file.
    bool names_memory = false;
    uint8_t offset_bytes = 0;
};

/// One decoded instruction. Which members count is said by `info(op).immediate`.
struct Instruction {
    Op op {};
    /// Offset of the first byte, and behind the last.
    CodeOffset offset = 0;
    CodeOffset end = 0;
    /// Immediates that are indices, depths, lanes or counts, in the order of the binary.
    uint32_t index = 0;
    uint32_t index2 = 0;
    MemArg memory {};
    BlockType block {};
    /// A heap type as a reference type; of br_on_cast both, with their nullability.
    ValueType type {};
    ValueType type2 {};
    /// Bits of an integer or float constant, the lower half of a v128 constant.
    uint64_t constant = 0;
    uint64_t constant_high = 0;
    /// The still encoded vector of br_table (count, labels, default), select (count, types) or try_table (count,
    /// clauses), validated for form only; the 16 lanes of a shuffle. Of a vector `index` is the count, and of
    /// br_table `index2` the default.
    Bytes vector {};
};

/// Decodes the instruction at the reader's position; refuses unknown opcodes (`illegal opcode ff`) and malformed
/// immediates with their offset. Does not look at features.
Result<Instruction> decode_instruction(ByteReader& in);
/// The same in place, for those who decode many: whatever `to` was before.
Result<void> decode_instruction(ByteReader& in, Instruction& to);

/// The offset behind the valid instruction that starts at `offset` of the module's bytes.
CodeOffset next_instruction(Bytes module, CodeOffset offset);

} // namespace vitrine::core
