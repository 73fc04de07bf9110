// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "source/symbols.h"

#include <cstdint>
#include <string>
#include <vector>

namespace vitrine::core::source {

/// The operations of DWARF's location expressions: see ops.inc.
enum class Op : uint8_t {
#define OP(name, ...) name,
#include "source/ops.inc"
};

/// `DW_OP_plus_uconst`
std::string to_text(Op op);

/// An operation with its operands: constants (sign-extended), offsets, or the kind and index of a
/// `DW_OP_WASM_location`. A `lit` has its number as the first operand, and so have `reg` and
/// `breg`. The operand of an `entry_value` is left out.
struct Operation {
    Op op;
    uint64_t first = 0, second = 0;

    friend bool operator==(const Operation&, const Operation&) = default;
};

/// The kinds of `DW_OP_WASM_location`.
enum class WasmLocation : uint8_t {
    Local,
    Global,
    Operand, ///< 0 is the bottom of the operand stack
    Global32 ///< a global whose index a linker could change
};

/// A part of a variable: the operations that say where it is, and its size. Without operations and
/// bytes the part was optimized out.
struct Piece {
    std::vector<Operation> operations {};
    /// Whether the operations push the value itself (`DW_OP_stack_value`) rather than its address.
    bool is_value = false;
    /// `DW_OP_implicit_value`: the bytes themselves.
    std::vector<uint8_t> bytes {};
    /// In bits. For a location of one piece, 0: as large as the variable.
    uint64_t bit_size = 0, bit_offset = 0;

    friend bool operator==(const Piece&, const Piece&) = default;
};

/// Parses an expression; there is at least one piece. Fails, with the offset in it, for what is
/// malformed, unknown, jumps, or is too long (more than 1,000 operations or pieces). The operations
/// of each piece have enough operands, and leave at least one.
///
/// A piece that begins with `DW_OP_plus_uconst`, which has no operand there, means the frame base:
/// it is returned as `DW_OP_fbreg`. Rust's standard library has such variables.
Result<std::vector<Piece>> parse_location(Bytes expression, uint8_t address_bytes);

} // namespace vitrine::core::source
