// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "wasm/func_meta.h"
#include "wasm/opcode.h"

#include <array>

namespace vitrine::core {

/// The type of a block: no result, one result, or a function type.
/// [spec: binary/instructions, block types]
struct BlockType {
    enum class Kind : uint8_t { Empty, Value, Type } kind = Kind::Empty;
    ValueType value {};
    TypeIndex type {};
};

/// The alignment (as a power of 2), offset and memory of a load or store.
struct MemArg {
    uint32_t align = 0;
    MemoryIndex memory {};
    uint64_t offset = 0;
    /// Whether the encoding names the memory, which is optional for memory 0, and how many bytes
    /// encode the offset.
    bool names_memory = false;
    uint8_t offset_bytes = 0;
};

/// A decoded instruction. `info(op).immediate` determines which members are used.
struct Instruction {
    Op op {};
    /// Offset of the first byte, and of the byte after the last.
    CodeOffset offset = 0;
    CodeOffset end = 0;
    /// Immediates that are indices, depths, lanes or counts, in the order of the binary.
    uint32_t index = 0;
    uint32_t index2 = 0;
    MemArg memory {};
    BlockType block {};
    /// A heap type, represented as a reference type. br_on_cast uses both, with their nullability.
    ValueType type {};
    ValueType type2 {};
    /// The bits of an integer or float constant, or the low half of a v128 constant.
    uint64_t constant = 0;
    uint64_t constant_high = 0;
    /// The undecoded immediate of br_table (count, labels, default), select (count, types) or
    /// try_table (count, clauses), which is well-formed; or the 16 lanes of a shuffle. `index` is
    /// the count; for br_table, `index2` is the default label.
    Bytes vector {};
};

/// Decodes the instruction at the reader's position. Fails with the offset for unknown opcodes
/// (`illegal opcode ff`) and malformed immediates. Does not check features.
Result<Instruction> decode_instruction(ByteReader& in);
/// Like the above, but reuses `to`. For decoding many instructions.
Result<void> decode_instruction(ByteReader& in, Instruction& to);

/// The offset of the instruction after the one at `offset`, in the bytes of a valid module.
CodeOffset next_instruction(Bytes module, CodeOffset offset);

} // namespace vitrine::core
