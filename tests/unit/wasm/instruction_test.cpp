// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/instruction.h"

#include "support/module_builder.h"
#include "support/wat.h"
#include "wasm/decoder.h"
#include "wasm/printer.h"

#include <gtest/gtest.h>

#include <string>

namespace vitrine::core::test {
namespace {

/// Valid bytes for each kind of immediate.
const char* example_of(Immediate immediate)
{
    switch (immediate) {
    case Immediate::None: return "";
    case Immediate::Block: return "40";
    case Immediate::Label:
    case Immediate::Func:
    case Immediate::Type:
    case Immediate::Local:
    case Immediate::Global:
    case Immediate::Table:
    case Immediate::Elem:
    case Immediate::Data:
    case Immediate::Memory:
    case Immediate::Tag:
    case Immediate::Lane:
    case Immediate::ZeroByte: return "00";
    case Immediate::LabelTable: return "02 00 00 00";
    case Immediate::CallIndirect:
    case Immediate::TableTable:
    case Immediate::TableInit:
    case Immediate::MemoryMemory:
    case Immediate::MemoryInit: return "00 00";
    case Immediate::MemArg: return "00 08";
    case Immediate::MemArgLane: return "00 08 01";
    case Immediate::Lanes16: return "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 1f";
    case Immediate::I32: return "c0 bb 78";
    case Immediate::I64: return "c0 bb 78";
    case Immediate::F32: return "00 00 80 3f";
    case Immediate::F64: return "00 00 00 00 00 00 f0 3f";
    case Immediate::V128: return "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f";
    case Immediate::Heap:
    case Immediate::Ref:
    case Immediate::RefNull: return "70";
    case Immediate::Types: return "01 7f";
    case Immediate::TypeField:
    case Immediate::TypeCount:
    case Immediate::TypeData:
    case Immediate::TypeElem:
    case Immediate::TypeType: return "01 00";
    case Immediate::CastBranch: return "01 00 6e 6d";
    case Immediate::Catches: return "40 02 00 00 00 02 00";
    }
    return "";
}

ByteVector opcode_bytes(const OpInfo& row)
{
    ByteWriter out;
    if (row.is_prefixed()) {
        out.byte(row.prefix());
        out.leb(row.subcode());
    } else {
        out.byte(static_cast<uint8_t>(row.code));
    }
    return out.bytes();
}

ByteVector encoded(const OpInfo& row)
{
    return joined({ opcode_bytes(row), hex_bytes(example_of(row.immediate)) });
}

Result<Instruction> decode(const ByteVector& bytes, uint64_t base = 0)
{
    ByteReader in(bytes, base);
    return decode_instruction(in);
}

/// A module with one of every kind of entity, so that index 0 exists; type 1 is a struct, type 2 an
/// array.
ByteVector module_of_bodies(const std::vector<ByteVector>& bodies)
{
    return module_with({
        section(1, hex_bytes("03 60 00 00 5f 01 7f 01 5e 7f 01")),
        section(3, std::vector<ByteVector>(bodies.size(), hex_bytes("00"))),
        section(4, hex_bytes("01 70 00 01")),
        section(5, hex_bytes("01 00 01")),
        section(13, hex_bytes("01 00 00")),
        section(6, hex_bytes("01 7f 01 41 00 0b")),
        section(9, hex_bytes("01 01 00 00")),
        section(12, hex_bytes("01")),
        section(10, bodies),
        section(11, hex_bytes("01 01 00")),
    });
}

TEST(Instruction, EveryRowDecodesAndPrintsItsText)
{
    const auto module = decode_module(module_of_bodies({}));
    ASSERT_TRUE(module.has_value()) << module.error().to_text();
    size_t tested = 0;
    for (const OpInfo& row : op_table) {
        const ByteVector bytes = encoded(row);
        const auto instruction = decode(bytes, 0x10);
        ASSERT_TRUE(instruction.has_value()) << row.text << ": " << instruction.error().to_text();
        EXPECT_EQ(&info(instruction->op), &row);
        EXPECT_EQ(instruction->offset, 0x10u) << row.text;
        EXPECT_EQ(instruction->end, 0x10 + bytes.size()) << row.text;
        EXPECT_EQ(next_instruction(bytes, 0), bytes.size()) << row.text;
        const std::string text = to_text(*instruction, **module, {});
        EXPECT_TRUE(text == row.text || text.starts_with(std::string(row.text) + " ")) << text;
        ++tested;
    }
    EXPECT_EQ(tested, op_table.size());
}

TEST(Instruction, EveryRowIsRefusedWhenCut)
{
    for (const OpInfo& row : op_table) {
        const ByteVector bytes = encoded(row);
        for (size_t size = 0; size < bytes.size(); ++size) {
            const auto instruction =
                decode(ByteVector(bytes.begin(), bytes.begin() + static_cast<long>(size)), 0x10);
            ASSERT_FALSE(instruction.has_value()) << row.text;
            EXPECT_EQ(instruction.error().message, "unexpected end of section or function") << row.text;
            EXPECT_GE(*instruction.error().offset, 0x10u) << row.text;
        }
    }
}

/// A body with the example of a row inside the blocks that it needs.
ByteVector body_around(const OpInfo& row)
{
    const Op op = static_cast<Op>(&row - op_table.data());
    const ByteVector code = encoded(row), end = hex_bytes("0b"), legacy_try = hex_bytes("06 40");
    if (op == Op::End)
        return body_of(end);
    if (op == Op::Else)
        return body_of(joined({ hex_bytes("04 40"), code, end, end }));
    if (op == Op::Catch || op == Op::CatchAll)
        return body_of(joined({ legacy_try, code, end, end }));
    if (op == Op::Delegate)
        return body_of(joined({ legacy_try, code, end }));
    if (op == Op::Rethrow)
        return body_of(joined({ legacy_try, hex_bytes("19"), code, end, end }));
    if (row.immediate == Immediate::Block || row.immediate == Immediate::Catches)
        return body_of(joined({ code, end, end }));
    return body_of(joined({ code, end }));
}

/// Another decoder finds the same names for our codes.
TEST(Instruction, WasmToolsAgreesOnEveryRow)
{
    std::vector<ByteVector> bodies;
    for (const OpInfo& row : op_table)
        bodies.push_back(body_around(row));
    const std::string wat = wat_of(module_of_bodies(bodies));
    size_t at = 0, tested = 0;
    for (const OpInfo& row : op_table) {
        const std::string header = "(func (;" + std::to_string(tested) + ";)";
        at = wat.find(header, at);
        ASSERT_NE(at, std::string::npos) << row.text;
        const std::string function = wat.substr(at, wat.find("(func (;", at + 1) - at);
        // wasm-tools does not print the `end` of a function.
        if (row.text != "end") {
            const bool found = function.contains("\n    " + std::string(row.text) + "\n")
                || function.contains("\n    " + std::string(row.text) + " ")
                || function.contains("\n      " + std::string(row.text) + "\n")
                || function.contains("\n      " + std::string(row.text) + " ");
            EXPECT_TRUE(found) << row.text << " in " << function;
        }
        ++tested;
    }
    EXPECT_EQ(tested, op_table.size());
}

TEST(Instruction, ImmediatesAreKept)
{
    const auto load = decode(hex_bytes("28 42 03 ff ff ff ff 1f"));
    EXPECT_EQ(load->memory.align, 2u);
    EXPECT_EQ(load->memory.memory.value, 3u);
    EXPECT_EQ(load->memory.offset, 0x1ffffffffu);

    const ByteVector branch = hex_bytes("0e 02 01 80 01 05");
    const auto table = decode(branch);
    EXPECT_EQ(table->index, 2u);
    EXPECT_EQ(table->index2, 5u);
    EXPECT_EQ(table->vector.data(), branch.data() + 1);
    EXPECT_EQ(table->vector.size(), 5u);

    EXPECT_EQ(decode(hex_bytes("41 7f"))->constant, 0xffffffffu);
    EXPECT_EQ(decode(hex_bytes("42 7f"))->constant, 0xffffffffffffffffu);
    EXPECT_EQ(decode(hex_bytes("43 00 00 80 3f"))->constant, 0x3f800000u);

    const auto indirect = decode(hex_bytes("11 03 04"));
    EXPECT_EQ(indirect->index, 3u);
    EXPECT_EQ(indirect->index2, 4u);

    const auto cast = decode(hex_bytes("fb 18 02 07 6e 05"));
    EXPECT_EQ(cast->index, 7u);
    EXPECT_EQ(cast->type, ValueType::ref(HeapKind::Any, false));
    EXPECT_EQ(cast->type2, ValueType::ref(HeapKind::Defined, true, 5));

    EXPECT_EQ(decode(hex_bytes("fb 14 6d"))->type, ValueType::ref(HeapKind::Eq, false));
    EXPECT_EQ(decode(hex_bytes("fb 15 6d"))->type, ValueType::ref(HeapKind::Eq, true));
    EXPECT_EQ(decode(hex_bytes("d0 05"))->type, ValueType::ref(HeapKind::Defined, true, 5));
}

TEST(Instruction, BlockTypesAreKept)
{
    EXPECT_EQ(decode(hex_bytes("02 40"))->block.kind, BlockType::Kind::Empty);
    const auto value = decode(hex_bytes("02 63 05"));
    EXPECT_EQ(value->block.kind, BlockType::Kind::Value);
    EXPECT_EQ(value->block.value, ValueType::ref(HeapKind::Defined, true, 5));
    const auto type = decode(hex_bytes("02 c0 00"));
    EXPECT_EQ(type->block.kind, BlockType::Kind::Type);
    EXPECT_EQ(type->block.type.value, 0x40u);
}

TEST(Instruction, LongEncodingsOfPrefixedOpcodesAreRead)
{
    EXPECT_EQ(decode(hex_bytes("fc 87 80 80 80 00"))->op, Op::I64TruncSatF64U);
    EXPECT_EQ(decode(hex_bytes("fd 80 82 00"))->op, Op::I8x16RelaxedSwizzle);
}

struct BadInstruction {
    const char* hex;
    const char* message;
    uint64_t offset;
};

TEST(Instruction, ErrorsNameTheFaultAndItsOffset)
{
    const BadInstruction table[] = {
        { "ff", "illegal opcode ff", 0 },
        { "27", "illegal opcode 27", 0 },
        { "fc 12", "illegal opcode fc 12", 0 },
        { "fe 04", "illegal opcode fe 04", 0 },
        { "fb 1f", "illegal opcode fb 1f", 0 },
        { "fd 9a 01", "illegal opcode fd 9a", 0 },
        { "fd 94 02", "illegal opcode fd 00000114", 0 },
        { "fc 80 80 80 80 80 00", "integer representation too long", 1 },
        { "28 80 01 00", "malformed memop flags", 1 },
        { "28 02 80 80 80 80 80 80 80 80 80 02", "integer too large", 2 },
        { "fe 03 01", "zero byte expected", 2 },
        { "02 5a", "malformed value type", 1 },
        { "02 80 7f", "malformed block type", 1 },
        { "d0 41", "malformed heap type", 1 },
        { "d0 80 7f", "malformed heap type", 1 },
        { "d0 80 80 80 02", "unknown type 4194304", 1 },
        { "1c 01 7a", "malformed value type", 2 },
        { "1f 40 01 04 00", "malformed catch clause", 3 },
        { "fb 18 04 00 6e 6e", "malformed br_on_cast flags", 2 },
        { "41 80 80 80 80 10", "integer too large", 1 },
    };
    for (const auto& [hex, message, offset] : table) {
        const auto instruction = decode(hex_bytes(hex), 0x100);
        ASSERT_FALSE(instruction.has_value()) << hex;
        EXPECT_EQ(instruction.error().message, message) << hex;
        EXPECT_EQ(instruction.error().offset, 0x100 + offset) << hex;
    }
}

TEST(Instruction, ABranchTableHasALimit)
{
    const auto table_of = [](uint32_t targets) {
        ByteWriter out;
        out.byte(0x0e);
        out.leb(targets);
        out.append(ByteVector(targets + 1));
        return out.bytes();
    };
    EXPECT_TRUE(decode(table_of(65520)).has_value());
    const auto error = decode(table_of(65521));
    ASSERT_FALSE(error.has_value());
    EXPECT_EQ(error.error().message, "br_table has too many targets: the limit is 65520");
    EXPECT_EQ(error.error().offset, 1u);
}

} // namespace
} // namespace vitrine::core::test
