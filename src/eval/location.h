// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/syntax.h"
#include "source/symbols.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vitrine::core::eval {

/// A part of a variable, in terms of the places of WebAssembly.
struct LocationPart {
    enum class Kind : uint8_t {
        Missing, ///< optimized out: `why` says more
        Address, ///< `node` is the address of the part in memory
        Value,   ///< `node` is the value itself
        Bytes,   ///< `bytes` are the value
    };

    Kind kind = Kind::Missing;
    Node node {};
    std::vector<uint8_t> bytes {};
    std::string why {};
    /// In bits, within the variable.
    uint64_t bit_begin = 0, bit_size = 0;
    /// Where the part begins in what the node says, in bits.
    uint64_t bit_offset = 0;

    uint64_t bit_end() const { return bit_begin + bit_size; }
};

/// What a location needs to know.
struct LocationContext {
    uint8_t address_bytes = 4;
    /// The index of the memory in which variables are.
    uint32_t memory = 0;
    /// The size of the variable.
    uint64_t bytes = 0;
    /// Null if there is none.
    const source::Expression* frame_base = nullptr;
    /// Why the frame base cannot be used here, if it is in a local. Empty if it can.
    std::string no_frame_base {};
    /// The position that the nodes get.
    uint32_t position = 0;
};

/// Lowers a location expression of DWARF to nodes of the expression language: `DW_OP_fbreg 8` with
/// the frame base in local 1 becomes `u32(local[1]) + 8`. A value that is in a local, global or
/// operand becomes that node alone, so that it can be assigned and watched. The parts cover the
/// variable, in order. Where a location is malformed or cannot be evaluated, the part is `Missing`
/// and says why. Never makes more than 300 nodes for a part.
///
/// DWARF's arithmetic is that of unsigned integers with the size of an address. As in LLDB, values
/// of larger variables are computed with 64 bits.
std::vector<LocationPart> lower_location(const source::Expression& location, const LocationContext& context);

/// A part without a location.
LocationPart missing_part(uint64_t bytes, std::string why);
LocationPart constant_part(std::vector<uint8_t> bytes);

// Nodes.

Node integer_node(uint64_t value, bool is_wide, uint32_t position);
Node cast_node(std::string_view word, Node value);
Node binary_node(std::string_view sign, Node left, Node right);
Node memory_node(std::string_view word, uint32_t memory, Node address);

} // namespace vitrine::core::eval
