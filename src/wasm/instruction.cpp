// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/instruction.h"

#include "base/text.h"
#include "wasm/type_decoder.h"

#include <algorithm>

namespace vitrine::core {

namespace {

constexpr uint32_t max_branch_targets = 65'520;

/// Decodes what follows a prefix byte. Any other byte is rejected.
Result<Op> decode_prefixed_op(ByteReader& in)
{
    const uint64_t start = in.offset();
    const uint8_t byte = TRY(in.byte());
    if (!is_prefix(byte))
        return failure("illegal opcode " + hex_digits(byte, 2), start);
    const auto code = TRY(in.leb<uint32_t>());
    if (const auto op = find_op(byte, code)) [[likely]]
        return *op;
    return failure(
        "illegal opcode " + hex_digits(byte, 2) + " " + hex_digits(code, code > 0xff ? 8 : 2), start);
}

Result<void> decode_mem_arg(ByteReader& in, MemArg& memory)
{
    const uint64_t start = in.offset();
    const auto flags = TRY(in.leb<uint32_t>());
    if (flags >= 0x80)
        return failure("malformed memop flags", start);
    memory.align = flags & 0x3f;
    memory.names_memory = flags & 0x40;
    if (memory.names_memory)
        memory.memory.value = TRY(in.leb<uint32_t>());
    const uint64_t offset_start = in.offset();
    memory.offset = TRY(in.leb<uint64_t>());
    memory.offset_bytes = static_cast<uint8_t>(in.offset() - offset_start);
    return {};
}

Result<void> decode_block_type(ByteReader& in, BlockType& block)
{
    if (!in.at_end() && in.peek() == 0x40) {
        CHECK(in.byte());
        block.kind = BlockType::Kind::Empty;
    } else if (!in.at_end() && is_type_shorthand(in.peek())) {
        block.kind = BlockType::Kind::Value;
        block.value = TRY(decode_value_type(in));
    } else {
        block.kind = BlockType::Kind::Type;
        block.type = TRY(decode_type_index_s33(in, "block type"));
    }
    return {};
}

Result<void> decode_lane(ByteReader& in, uint32_t& lane)
{
    lane = TRY(in.byte());
    return {};
}

template<class T> Result<void> decode_fixed(ByteReader& in, uint64_t& bits)
{
    bits = TRY(in.fixed<T>());
    return {};
}

Result<void> decode_v128(ByteReader& in, Instruction& instruction)
{
    CHECK(decode_fixed<uint64_t>(in, instruction.constant));
    return decode_fixed<uint64_t>(in, instruction.constant_high);
}

Result<void> decode_heap(ByteReader& in, Instruction& instruction, bool nullable)
{
    instruction.type = TRY(decode_heap_type(in, nullable));
    return {};
}

/// Decodes a vector, calling `item` for each item. The encoded bytes remain in
/// `instruction.vector`.
template<class Item> Result<void> decode_vector(ByteReader& in, Instruction& instruction, Item item)
{
    const uint8_t* start = in.position();
    instruction.index = TRY(in.leb<uint32_t>());
    for (uint32_t i = 0; i < instruction.index; ++i)
        CHECK(item());
    instruction.vector = { start, in.position() };
    return {};
}

Result<void> decode_label_table(ByteReader& in, Instruction& instruction)
{
    const uint64_t start = in.offset();
    const uint8_t* first = in.position();
    CHECK(decode_vector(in, instruction, [&] { return in.leb<uint32_t>(); }));
    if (instruction.index > max_branch_targets)
        return failure(
            "br_table has too many targets: the limit is " + std::to_string(max_branch_targets), start);
    instruction.index2 = TRY(in.leb<uint32_t>());
    instruction.vector = { first, in.position() };
    return {};
}

Result<void> decode_catch(ByteReader& in)
{
    const uint64_t start = in.offset();
    const uint8_t kind = TRY(in.byte());
    if (kind > 3)
        return failure("malformed catch clause", start);
    if (kind < 2)
        CHECK(in.leb<uint32_t>());
    CHECK(in.leb<uint32_t>());
    return {};
}

Result<void> decode_cast_branch(ByteReader& in, Instruction& instruction)
{
    const uint64_t start = in.offset();
    const uint8_t flags = TRY(in.byte());
    if (flags > 3)
        return failure("malformed br_on_cast flags", start);
    instruction.index = TRY(in.leb<uint32_t>());
    instruction.type = TRY(decode_heap_type(in, flags & 1));
    instruction.type2 = TRY(decode_heap_type(in, flags & 2));
    return {};
}

Result<void> decode_zero_byte(ByteReader& in)
{
    const uint64_t start = in.offset();
    if (TRY(in.byte()) != 0)
        return failure("zero byte expected", start);
    return {};
}

Result<void> decode_immediate(ByteReader& in, Instruction& to, Immediate immediate)
{
    switch (immediate) {
    case Immediate::None: return {};
    case Immediate::Block: return decode_block_type(in, to.block);
    case Immediate::Label:
    case Immediate::Func:
    case Immediate::Type:
    case Immediate::Local:
    case Immediate::Global:
    case Immediate::Table:
    case Immediate::Elem:
    case Immediate::Data:
    case Immediate::Memory:
    case Immediate::Tag: to.index = TRY(in.leb<uint32_t>()); return {};
    case Immediate::CallIndirect:
    case Immediate::TableTable:
    case Immediate::TableInit:
    case Immediate::MemoryMemory:
    case Immediate::MemoryInit:
    case Immediate::TypeField:
    case Immediate::TypeCount:
    case Immediate::TypeData:
    case Immediate::TypeElem:
    case Immediate::TypeType:
        to.index = TRY(in.leb<uint32_t>());
        to.index2 = TRY(in.leb<uint32_t>());
        return {};
    case Immediate::LabelTable: return decode_label_table(in, to);
    case Immediate::MemArg: return decode_mem_arg(in, to.memory);
    case Immediate::MemArgLane: CHECK(decode_mem_arg(in, to.memory)); return decode_lane(in, to.index);
    case Immediate::Lane: return decode_lane(in, to.index);
    case Immediate::Lanes16: to.vector = TRY(in.bytes(16)); return {};
    case Immediate::I32: to.constant = static_cast<uint32_t>(TRY(in.leb<int32_t>())); return {};
    case Immediate::I64: to.constant = static_cast<uint64_t>(TRY(in.leb<int64_t>())); return {};
    case Immediate::F32: return decode_fixed<uint32_t>(in, to.constant);
    case Immediate::F64: return decode_fixed<uint64_t>(in, to.constant);
    case Immediate::V128: return decode_v128(in, to);
    case Immediate::Heap:
    case Immediate::RefNull: return decode_heap(in, to, true);
    case Immediate::Ref: return decode_heap(in, to, false);
    case Immediate::Types: return decode_vector(in, to, [&] { return decode_value_type(in); });
    case Immediate::CastBranch: return decode_cast_branch(in, to);
    case Immediate::Catches:
        CHECK(decode_block_type(in, to.block));
        return decode_vector(in, to, [&] { return decode_catch(in); });
    case Immediate::ZeroByte: return decode_zero_byte(in);
    }
    std::unreachable();
}

/// A one-byte instruction and the kind of its immediate.
struct ShortOp {
    Op op {};
    Immediate immediate {};
    bool exists = false;
};

constexpr auto short_ops = [] {
    std::array<ShortOp, 256> table {};
    for (size_t number = 0; number < op_table.size(); ++number)
        if (!op_table[number].is_prefixed())
            table[op_table[number].code] = { static_cast<Op>(number), op_table[number].immediate, true };
    return table;
}();

/// Decodes the opcode and returns the kind of its immediate. Validation spends much of its time
/// here, and nearly all opcodes take the first branch.
inline Result<Immediate> decode_op(ByteReader& in, Op& op)
{
    if (!in.at_end()) [[likely]] {
        if (const ShortOp& found = short_ops[in.peek()]; found.exists) [[likely]] {
            in.set_position(in.position() + 1);
            op = found.op;
            return found.immediate;
        }
    }
    op = TRY(decode_prefixed_op(in));
    return info(op).immediate;
}

} // namespace

Result<void> decode_instruction(ByteReader& in, Instruction& to)
{
    to = { .op = {}, .offset = static_cast<CodeOffset>(in.offset()), .end = 0 };
    CHECK(decode_immediate(in, to, TRY(decode_op(in, to.op))));
    to.end = static_cast<CodeOffset>(in.offset());
    return {};
}

Result<Instruction> decode_instruction(ByteReader& in)
{
    Instruction instruction;
    CHECK(decode_instruction(in, instruction));
    return instruction;
}

CodeOffset next_instruction(Bytes module, CodeOffset offset)
{
    ByteReader in(module.subspan(offset), offset);
    const auto instruction = decode_instruction(in);
    ASSERT(instruction);
    return instruction->end;
}

} // namespace vitrine::core
