// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/operand.h"
#include "wasm/opcode.h"

#include <array>
#include <cstring>

namespace vitrine::core::jit {

/// Reads the code of a valid body, quickly. All functions advance `at`.
namespace bytecode {

namespace detail {

constexpr uint16_t unknown = UINT16_MAX;

/// Instructions by opcode byte, and by the number after each of the prefixes 0xfb to 0xfe.
struct OpTables {
    std::array<uint16_t, 256> plain {};
    std::array<std::array<uint16_t, 0x120>, 4> prefixed {};
};

inline constexpr OpTables op_tables = [] {
    OpTables tables;
    tables.plain.fill(unknown);
    for (auto& row : tables.prefixed)
        row.fill(unknown);
    for (size_t i = 0; i < op_table.size(); ++i) {
        const OpInfo& row = op_table[i];
        (row.is_prefixed() ? tables.prefixed[row.prefix() - 0xfb][row.subcode()] : tables.plain[row.code]) =
            static_cast<uint16_t>(i);
    }
    return tables;
}();

} // namespace detail

using operand::read;

template<class T> T read_bytes(const uint8_t*& at)
{
    T value;
    std::memcpy(&value, at, sizeof value);
    at += sizeof value;
    return value;
}

inline void skip_number(const uint8_t*& at)
{
    while (*at++ & 0x80) {}
}

inline void skip_type(const uint8_t*& at) { at = operand::skip_type(at); }

/// The instruction at `at`: an opcode byte, or a prefix and a number.
inline Op read_op(const uint8_t*& at)
{
    const uint8_t byte = *at++;
    if (is_prefix(byte)) [[unlikely]]
        return static_cast<Op>(detail::op_tables.prefixed[byte - 0xfb][read<uint32_t>(at)]);
    return static_cast<Op>(detail::op_tables.plain[byte]);
}

/// Advances past the immediates of an instruction.
inline void skip_immediates(Op op, const uint8_t*& at)
{
    const auto skip_numbers = [&](int count) {
        for (; count > 0; --count)
            skip_number(at);
    };
    switch (info(op).immediate) {
    case Immediate::None: return;
    case Immediate::Block: return skip_type(at);
    case Immediate::Label:
    case Immediate::Func:
    case Immediate::Type:
    case Immediate::Local:
    case Immediate::Global:
    case Immediate::Table:
    case Immediate::Elem:
    case Immediate::Data:
    case Immediate::Memory:
    case Immediate::I32:
    case Immediate::I64:
    case Immediate::Heap:
    case Immediate::Ref:
    case Immediate::RefNull:
    case Immediate::Tag: return skip_number(at);
    case Immediate::CallIndirect:
    case Immediate::TableTable:
    case Immediate::TableInit:
    case Immediate::MemoryMemory:
    case Immediate::MemoryInit:
    case Immediate::TypeField:
    case Immediate::TypeCount:
    case Immediate::TypeData:
    case Immediate::TypeElem:
    case Immediate::TypeType: return skip_numbers(2);
    case Immediate::LabelTable: return skip_numbers(static_cast<int>(read<uint32_t>(at)) + 1);
    case Immediate::MemArg:
    case Immediate::MemArgLane: {
        constexpr uint32_t names_memory = 0x40;
        if (read<uint32_t>(at) & names_memory)
            skip_number(at);
        skip_number(at);
        at += info(op).immediate == Immediate::MemArgLane;
        return;
    }
    case Immediate::Lane:
    case Immediate::ZeroByte: ++at; return;
    case Immediate::F32: at += 4; return;
    case Immediate::F64: at += 8; return;
    case Immediate::Lanes16:
    case Immediate::V128: at += 16; return;
    case Immediate::Types:
        for (uint32_t count = read<uint32_t>(at); count != 0; --count)
            skip_type(at);
        return;
    case Immediate::CastBranch: ++at; return skip_numbers(3);
    case Immediate::Catches:
        skip_type(at);
        for (uint32_t count = read<uint32_t>(at); count != 0; --count) {
            constexpr uint8_t catches_all = 2;
            if (!(*at++ & catches_all))
                skip_number(at);
            skip_number(at);
        }
        return;
    }
}

} // namespace bytecode

} // namespace vitrine::core::jit
