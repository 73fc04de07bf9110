// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/opcode.h"

#include <algorithm>
#include <type_traits>

namespace vitrine::core {

namespace {

constexpr bool has_unique_codes()
{
    std::array<uint32_t, op_table.size()> codes {};
    std::ranges::transform(op_table, codes.begin(), &OpInfo::code);
    std::ranges::sort(codes);
    return std::ranges::adjacent_find(codes) == codes.end();
}
static_assert(has_unique_codes(), "two instructions have one code");

constexpr uint16_t no_op = 0xffff;
constexpr uint8_t first_prefix = 0xfb;
constexpr uint32_t max_subcodes = 0x120;

constexpr bool has_room_for_codes()
{
    return std::ranges::all_of(op_table, [](const OpInfo& row) {
        return row.is_prefixed() ? is_prefix(row.prefix()) && row.subcode() < max_subcodes
                                 : row.code < first_prefix;
    });
}
static_assert(has_room_for_codes(), "a code beyond the tables below");

/// The kind of state that an immediate refers to. The type of an object refers to objects.
constexpr std::optional<StateKind> state_named_by(Immediate immediate)
{
    switch (immediate) {
    case Immediate::Local: return StateKind::Local;
    case Immediate::Global: return StateKind::Global;
    case Immediate::CallIndirect:
    case Immediate::Table:
    case Immediate::TableTable:
    case Immediate::TableInit: return StateKind::Table;
    case Immediate::Memory:
    case Immediate::MemoryMemory:
    case Immediate::MemoryInit:
    case Immediate::MemArg:
    case Immediate::MemArgLane: return StateKind::Memory;
    case Immediate::Type:
    case Immediate::TypeField:
    case Immediate::TypeType:
    case Immediate::TypeData:
    case Immediate::TypeElem: return StateKind::Object;
    default: return std::nullopt;
    }
}

constexpr bool uses_what_it_names(const OpInfo& row)
{
    const StateUse& use = row.state;
    if (use == StateUse {})
        return row.shape != Shape::Variable && row.shape != Shape::Load && row.shape != Shape::Store;
    const bool copies = row.immediate == Immediate::TableTable || row.immediate == Immediate::MemoryMemory
        || row.immediate == Immediate::TypeType;
    return use.kind == state_named_by(row.immediate)
        && (row.shape == Shape::Atomic || copies == (use.reads && use.writes));
}
static_assert(std::ranges::all_of(op_table, uses_what_it_names), "a state that the immediates do not name");

/// Whether the signature has the operands after the address and the result that this kind of atomic
/// has.
constexpr bool has_operands_of(AtomicKind kind, const Signature& signature)
{
    const int operands = signature.param_count - 1;
    switch (kind) {
    case AtomicKind::Load: return operands == 0 && signature.has_result;
    case AtomicKind::Store: return operands == 1 && !signature.has_result;
    case AtomicKind::CompareExchange:
    case AtomicKind::Wait: return operands == 2 && signature.has_result;
    default: return operands == 1 && signature.has_result;
    }
}
#define OP(...)
#define ATOMIC(name, text, code, signature, type, atomic) \
    static_assert(has_operands_of(AtomicKind::atomic, parse_signature(#signature)), text);
#include "wasm/opcodes.inc"

/// Whether `T` is the right type in memory: an array if the lanes are filled from several numbers.
template<class T> constexpr bool is_type_of(LaneFill fill)
{
    switch (fill) {
    case LaneFill::Whole: return std::is_array_v<T> && sizeof(T) == 16;
    case LaneFill::Extend: return std::is_array_v<T> && sizeof(T) == 8;
    case LaneFill::Splat:
    case LaneFill::Zero: return std::is_unsigned_v<T>;
    }
    std::unreachable();
}
#define OP(...)
#define VECTOR_MEMORY(name, text, code, signature, type, fill) \
    static_assert(is_type_of<type>(LaneFill::fill), text);
#include "wasm/opcodes.inc"

/// Positions in the instruction table, by opcode byte and by prefix and the number that follows.
struct CodeTables {
    std::array<uint16_t, 256> bytes;
    std::array<std::array<uint16_t, max_subcodes>, 4> prefixed;
};

constexpr CodeTables make_code_tables()
{
    CodeTables tables;
    tables.bytes.fill(no_op);
    for (auto& codes : tables.prefixed)
        codes.fill(no_op);
    for (uint16_t number = 0; number < op_table.size(); ++number) {
        const OpInfo& row = op_table[number];
        if (row.is_prefixed())
            tables.prefixed[row.prefix() - first_prefix][row.subcode()] = number;
        else
            tables.bytes[row.code] = number;
    }
    return tables;
}

constexpr CodeTables code_tables = make_code_tables();

std::optional<Op> op_of(uint16_t number)
{
    return number == no_op ? std::nullopt : std::optional(static_cast<Op>(number));
}

} // namespace

std::optional<Op> find_op(uint8_t byte) { return op_of(code_tables.bytes[byte]); }

std::optional<Op> find_op(uint8_t prefix, uint32_t code)
{
    if (!is_prefix(prefix) || code >= max_subcodes)
        return std::nullopt;
    return op_of(code_tables.prefixed[prefix - first_prefix][code]);
}

std::optional<Op> find_op(std::string_view text)
{
    const auto* row = std::ranges::find(op_table, text, &OpInfo::text);
    if (row == op_table.end())
        return std::nullopt;
    return static_cast<Op>(row - op_table.begin());
}

} // namespace vitrine::core
