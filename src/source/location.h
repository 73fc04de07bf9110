// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "source/symbols.h"

#include <cstdint>
#include <vector>

namespace vitrine::core::source {

/// The operations of DWARF's location expressions: see ops.inc.
enum class Op : uint8_t {
#define OP(name, ...) name,
#include "source/ops.inc"
};

/// An operation with its operands: constants, offsets, or the kind and index of a
/// `DW_OP_WASM_location`.
struct Operation {
    Op op;
    uint64_t first = 0, second = 0;
};

/// A part of a variable: the operations that say where it is, and its size. Without operations the
/// part was optimized out.
struct Piece {
    std::vector<Operation> operations {};
    /// Whether the operations push the value itself (`DW_OP_stack_value`) rather than its address.
    bool is_value = false;
    /// `DW_OP_implicit_value`: the bytes themselves.
    std::vector<uint8_t> bytes {};
    /// In bits. For a location of one piece, 0: as large as the variable.
    uint64_t bit_size = 0, bit_offset = 0;
};

/// Parses an expression. Fails, with the offset in it, for what is malformed, unknown, or too long
/// (more than 1,000 operations or pieces). The operations of each piece have enough operands.
Result<std::vector<Piece>> parse_location(Bytes expression, uint8_t address_bytes);

} // namespace vitrine::core::source
