// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Locations of DWARF: what compilers write, and what is refused, with its offset.
#include "source/location.h"

#include "support/literal_symbols.h"

#include <gmock/gmock.h>

namespace vitrine::core::source {
namespace {

using test::append_leb;
using test::joined;
using testing::HasSubstr;

/// `WASM_location 0 1, stack_value; piece 32`
std::string text_of(const std::vector<Piece>& pieces)
{
    std::string text;
    for (const Piece& piece : pieces) {
        text += text.empty() ? "" : "; ";
        for (const Operation& operation : piece.operations) {
            text += to_text(operation.op).substr(6);
            if (operation.first != 0 || operation.second != 0)
                text += " " + std::to_string(static_cast<int64_t>(operation.first));
            if (operation.second != 0)
                text += " " + std::to_string(static_cast<int64_t>(operation.second));
            text += ", ";
        }
        text += piece.is_value                                ? "value"
            : piece.operations.empty() && piece.bytes.empty() ? "nothing"
                                                              : "here";
        for (const uint8_t byte : piece.bytes)
            text += " " + std::to_string(byte);
        if (piece.bit_size != 0)
            text += " of " + std::to_string(piece.bit_size);
        if (piece.bit_offset != 0)
            text += " at " + std::to_string(piece.bit_offset);
    }
    return text;
}

std::string parsed(const Expression& expression, uint8_t address_bytes = 4)
{
    const auto pieces = parse_location(expression, address_bytes);
    return pieces ? text_of(*pieces)
                  : std::to_string(pieces.error().offset.value()) + ": " + pieces.error().message;
}

TEST(Location, WhatCompilersWrite)
{
    EXPECT_EQ(parsed(test::at_address(0x10000)), "addr 65536, here");
    EXPECT_EQ(parsed({ 3, 1, 0, 0, 0, 1, 0, 0, 0 }, 8), "addr 4294967297, here");
    EXPECT_EQ(parsed(test::at_frame(-8)), "fbreg -8, here");
    EXPECT_EQ(parsed(test::in_wasm(0, 300)), "WASM_location 0 300, value");
    EXPECT_EQ(parsed(test::in_wasm(2, 1, false)), "WASM_location 2 1, here");
    EXPECT_EQ(parsed({ 0xed, 3, 0xff, 0xff, 0xff, 0xff, 3, 16, 0, 0, 0, 0x22 }),
        "WASM_location 3 4294967295, addr 16, plus, here");
    EXPECT_EQ(parsed({}), "nothing");
    EXPECT_EQ(parsed({ 0x35, 0x9f }), "lit 5, value");
    EXPECT_EQ(parsed({ 0x11, 0x7f, 0x96, 0x9f }), "consts -1, value");
    EXPECT_EQ(parsed({ 0x9e, 2, 7, 8 }), "here 7 8");
    EXPECT_EQ(parsed({ 0xa4, 5, 2, 0x34, 0x12, 0x9f }), "const_type 5 4660, value");
    EXPECT_EQ(parsed({ 0xa3, 3, 0xed, 0, 1, 0x9f }), "entry_value, value");
}

TEST(Location, Pieces)
{
    const Expression two = joined({ test::piece(test::in_wasm(0, 1), 4), test::piece({}, 4) });
    EXPECT_EQ(parsed(two), "WASM_location 0 1, value of 32; nothing of 32");
    EXPECT_EQ(parsed({ 0x31, 0x9f, 0x9d, 3, 5 }), "lit 1, value of 3 at 5");
    EXPECT_EQ(parsed({ 0x31, 0x9f, 0x93, 4, 0x32 }), "5: a location ends without the size of its last piece");
    EXPECT_EQ(parsed({ 0x31, 0x93, 0 }), "1: a piece of a location has an impossible size");
}

TEST(Location, ABareOffsetIsOneFromTheFrameBase)
{
    EXPECT_EQ(parsed({ 0x23, 12 }), "fbreg 12, here");
    EXPECT_EQ(parsed({ 0x31, 0x23, 12 }), "lit 1, plus_uconst 12, here");
}

TEST(Location, WhatIsRefused)
{
    EXPECT_EQ(parsed({ 0x22 }), "0: DW_OP_plus lacks an operand");
    EXPECT_EQ(parsed({ 0x31, 0x15, 1 }), "1: DW_OP_pick lacks an operand");
    EXPECT_EQ(parsed({ 0x31, 0x13 }), "1: a location leaves no operand");
    EXPECT_EQ(parsed({ 0x31, 0x2f, 0xfd, 0xff }), "1: a location has DW_OP_skip, which is not supported");
    EXPECT_EQ(parsed({ 0x31, 0x9f, 0x31 }), "2: a location goes on behind its value");
    EXPECT_EQ(parsed({ 0xed, 4, 1 }), "0: a location has an unknown kind of DW_OP_WASM_location (4)");
    EXPECT_EQ(parsed({ 0x31, 0x01 }), "1: a location has an unknown operation (code 1)");
    EXPECT_THAT(parsed({ 3, 1, 2 }), HasSubstr("unexpected end"));
    EXPECT_THAT(parsed({ 0x9e, 5, 1 }), HasSubstr("length out of bounds"));
    EXPECT_EQ(parsed(Expression(1001, 0x96)), "1000: a location has at most 1000 operations");
    EXPECT_EQ(parsed(Expression(65, 0x31)), "64: a location pushes too many operands");
}

} // namespace
} // namespace vitrine::core::source
