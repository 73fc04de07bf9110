// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/types.h"

#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace vitrine::core {

/// A feature that was added after the first version of WebAssembly. From `features.inc`.
enum class Feature : uint8_t {
#define FEATURE(name, flag, by_default) name,
#include "wasm/features.inc"
};

struct FeatureInfo {
    std::string_view flag;
    bool is_default;
};

inline constexpr FeatureInfo feature_table[] = {
#define FEATURE(name, flag, by_default) { flag, by_default },
#include "wasm/features.inc"
};

constexpr const FeatureInfo& info(Feature feature) { return feature_table[static_cast<size_t>(feature)]; }

/// A set of features. Initially those that are enabled by default.
class FeatureSet {
public:
    constexpr FeatureSet()
    {
        for (size_t i = 0; i < std::size(feature_table); ++i)
            set(static_cast<Feature>(i), feature_table[i].is_default);
    }
    constexpr bool has(Feature feature) const { return bits_ >> static_cast<uint32_t>(feature) & 1; }
    constexpr void set(Feature feature, bool on)
    {
        const uint32_t bit = uint32_t { 1 } << static_cast<uint32_t>(feature);
        bits_ = on ? bits_ | bit : bits_ & ~bit;
    }
    /// All features.
    static constexpr FeatureSet all()
    {
        FeatureSet set;
        for (size_t i = 0; i < std::size(feature_table); ++i)
            set.set(static_cast<Feature>(i), true);
        return set;
    }

private:
    uint32_t bits_ = 0;
};

/// The kinds of immediates. [spec: binary/instructions]
enum class Immediate : uint8_t {
    None,
    Block,        ///< block type
    Label,        ///< label depth
    LabelTable,   ///< br_table: vector of label depths, then the default
    Func,         ///< function index
    CallIndirect, ///< type index, table index
    Type,         ///< type index
    Local,        ///< local index
    Global,       ///< global index
    Table,        ///< table index
    TableTable,   ///< destination table, source table
    TableInit,    ///< element segment, table
    Elem,         ///< element segment
    Data,         ///< data segment
    Memory,       ///< memory index
    MemoryMemory, ///< destination memory, source memory
    MemoryInit,   ///< data segment, memory
    MemArg,       ///< alignment (bit 6: a memory index follows), offset
    MemArgLane,   ///< memory argument, lane
    Lane,         ///< lane number
    Lanes16,      ///< i8x16.shuffle: 16 lane numbers
    I32,          ///< signed 32-bit LEB128
    I64,          ///< signed 64-bit LEB128
    F32,          ///< 4 bytes
    F64,          ///< 8 bytes
    V128,         ///< 16 bytes
    Heap,         ///< heap type
    Ref,          ///< heap type; stands for the non-nullable reference type
    RefNull,      ///< heap type; stands for the nullable reference type
    Types,        ///< select: vector of value types
    TypeField,    ///< struct type, field
    TypeCount,    ///< array.new_fixed: array type, length
    TypeData,     ///< array type, data segment
    TypeElem,     ///< array type, element segment
    TypeType,     ///< array.copy: destination type, source type
    CastBranch,   ///< br_on_cast: flags, label, two heap types
    Tag,          ///< tag index
    Catches,      ///< try_table: block type, vector of catch clauses
    ZeroByte,     ///< atomic.fence: one zero byte
};

/// The shape of a row in `opcodes.inc`: the macro it is written with.
enum class Shape : uint8_t {
    Op,
    Control,
    Call,
    Variable,
    Const,
    Load,
    Store,
    Numeric,
    Vector,
    VectorMemory,
    Lane,
    Atomic,
    Reference,
    Bulk,
};

/// Operand and result types of a monomorphic instruction. `is_poly` if they depend on the context.
struct Signature {
    std::array<ValueKind, 3> params {};
    uint8_t param_count = 0;
    ValueKind result = ValueKind::Bottom;
    bool has_result = false;
    bool is_poly = false;

    friend constexpr bool operator==(const Signature&, const Signature&) = default;
};

/// The value type that a letter in `opcodes.inc` stands for. An unknown letter is a compile-time
/// error.
constexpr ValueKind value_kind_of(char letter)
{
    switch (letter) {
    case 'i': return ValueKind::I32;
    case 'l': return ValueKind::I64;
    case 'f': return ValueKind::F32;
    case 'd': return ValueKind::F64;
    case 'v': return ValueKind::V128;
    }
    std::unreachable();
}

/// Parses a signature of `opcodes.inc`: `ii_i`, `_l`, `poly`.
constexpr Signature parse_signature(std::string_view text)
{
    Signature signature;
    if (text == "poly") {
        signature.is_poly = true;
        return signature;
    }
    const size_t line = text.find('_');
    for (const char letter : text.substr(0, line))
        signature.params[signature.param_count++] = value_kind_of(letter);
    for (const char letter : text.substr(line + 1)) {
        signature.result = value_kind_of(letter);
        signature.has_result = true;
    }
    return signature;
}

/// The kinds of guest state that can be watched.
enum class StateKind : uint8_t {
    Memory,
    Global,
    /// elements of tables
    Table,
    /// locals of a frame
    Local,
    /// fields and elements of objects
    Object,
};
inline constexpr size_t state_kinds = 5;

/// How an instruction accesses watchable state.
struct StateUse {
    /// Only meaningful if one of the flags is set.
    StateKind kind {};
    bool reads = false;
    bool writes = false;
    /// Grows a memory or table, which can move it to another host address.
    bool may_move = false;

    friend constexpr bool operator==(const StateUse&, const StateUse&) = default;
};

/// The values of the `state` column in `opcodes.inc`.
namespace state {

constexpr StateUse none() { return {}; }
constexpr StateUse reads(StateKind kind) { return { .kind = kind, .reads = true }; }
constexpr StateUse writes(StateKind kind) { return { .kind = kind, .writes = true }; }
/// Reads one range and writes another.
constexpr StateUse copies(StateKind kind) { return { .kind = kind, .reads = true, .writes = true }; }
constexpr StateUse grows(StateKind kind) { return { .kind = kind, .may_move = true }; }

} // namespace state

/// What an atomic instruction does to the value in memory.
enum class AtomicKind : uint8_t {
    Load,
    Store,
    Add,
    Sub,
    And,
    Or,
    Xor,
    Exchange,
    CompareExchange,
    Wait,
    Notify,
};

/// A compare-and-exchange counts as a read and a write, whether or not it exchanges. A notify
/// accesses nothing.
constexpr StateUse state_use(AtomicKind kind)
{
    switch (kind) {
    case AtomicKind::Notify: return state::none();
    case AtomicKind::Load:
    case AtomicKind::Wait: return state::reads(StateKind::Memory);
    case AtomicKind::Store: return state::writes(StateKind::Memory);
    default: return { .kind = StateKind::Memory, .reads = true, .writes = true };
    }
}

/// How a v128 load fills the lanes. [spec: syntax/instructions, vloadop]
enum class LaneFill : uint8_t {
    Whole,  ///< all 16 bytes unchanged
    Extend, ///< numbers half as wide as the lanes, extended
    Splat,  ///< one number in all lanes
    Zero,   ///< one number in lane 0, zero in the others
};

/// A load has a result, a store has none.
constexpr StateUse access_of_memory(std::string_view signature)
{
    return parse_signature(signature).has_result ? state::reads(StateKind::Memory)
                                                 : state::writes(StateKind::Memory);
}

/// All instructions, in the order of `opcodes.inc`.
enum class Op : uint16_t {
#define OP(name, ...) name,
#include "wasm/opcodes.inc"
};

/// A row of the instruction table.
struct OpInfo {
    std::string_view text;
    /// The opcode byte. For a prefixed instruction, the prefix followed by three hexadecimal
    /// digits: 0xfc00a.
    uint32_t code;
    Shape shape;
    Immediate immediate;
    Signature signature;
    Feature feature;
    StateUse state {};
    /// How many bytes of memory the instruction accesses. 0 if it has no memory argument.
    uint8_t access_bytes = 0;
    /// How many lanes a `Lane` instruction can select from. Otherwise 0.
    uint8_t lanes = 0;

    constexpr bool is_prefixed() const { return code > 0xff; }
    constexpr uint8_t prefix() const { return static_cast<uint8_t>(code >> 12); }
    /// The number that follows the prefix byte, encoded as LEB128.
    constexpr uint32_t subcode() const { return code & 0xfff; }
};

/// All rows. `info(op)` returns the row of an instruction.
inline constexpr auto op_table = [] {
    using state::none, state::reads, state::writes, state::copies, state::grows;
    using enum StateKind;
    return std::to_array<OpInfo>({
#define ROW(row_shape, row_text, row_code, row_immediate, row_signature, row_feature, ...) \
    { .text = row_text,                                                                    \
        .code = row_code,                                                                  \
        .shape = Shape::row_shape,                                                         \
        .immediate = Immediate::row_immediate,                                             \
        .signature = parse_signature(#row_signature),                                      \
        .feature = Feature::row_feature,                                                   \
        __VA_ARGS__ },
#define OP(name, text, code, immediate, signature, feature) ROW(Op, text, code, immediate, signature, feature)
#define CONTROL(name, text, code, immediate, signature, feature) \
    ROW(Control, text, code, immediate, signature, feature)
#define CALL(name, text, code, immediate, signature, feature, use) \
    ROW(Call, text, code, immediate, signature, feature, .state = use)
#define VARIABLE(name, text, code, immediate, signature, feature, use) \
    ROW(Variable, text, code, immediate, signature, feature, .state = use)
#define REFERENCE(name, text, code, immediate, signature, feature, use) \
    ROW(Reference, text, code, immediate, signature, feature, .state = use)
#define BULK(name, text, code, immediate, signature, feature, use) \
    ROW(Bulk, text, code, immediate, signature, feature, .state = use)
#define CONST(name, text, code, immediate, signature) ROW(Const, text, code, immediate, signature, Mvp)
#define LOAD(name, text, code, signature, type) \
    ROW(Load, text, code, MemArg, signature, Mvp, .state = reads(Memory), .access_bytes = sizeof(type))
#define STORE(name, text, code, signature, type) \
    ROW(Store, text, code, MemArg, signature, Mvp, .state = writes(Memory), .access_bytes = sizeof(type))
#define ATOMIC(name, text, code, signature, type, atomic)                                       \
    ROW(Atomic, text, code, MemArg, signature, Threads, .state = state_use(AtomicKind::atomic), \
        .access_bytes = sizeof(type))
#define VECTOR_MEMORY(name, text, code, signature, type, fill)                                    \
    ROW(VectorMemory, text, code, MemArg, signature, Simd, .state = access_of_memory(#signature), \
        .access_bytes = sizeof(type))
#define LANE(name, text, code, immediate, signature, type)                                              \
    ROW(Lane, text, code, immediate, signature, Simd,                                                   \
        .state = Immediate::immediate == Immediate::MemArgLane ? access_of_memory(#signature) : none(), \
        .access_bytes = Immediate::immediate == Immediate::MemArgLane ? sizeof(type) : 0,               \
        .lanes = 16 / sizeof(type))
#define NUMERIC(name, text, code, signature, feature) ROW(Numeric, text, code, None, signature, feature)
#define VECTOR(name, text, code, signature, feature) ROW(Vector, text, code, None, signature, feature)
#include "wasm/opcodes.inc"
#undef ROW
    });
}();

constexpr const OpInfo& info(Op op) { return op_table[static_cast<size_t>(op)]; }

/// Whether the instruction is a tail call: the callee replaces the caller's frame.
constexpr bool is_tail_call(Op op)
{
    return op == Op::ReturnCall || op == Op::ReturnCallIndirect || op == Op::ReturnCallRef;
}

constexpr bool is_prefix(uint8_t byte) { return byte >= 0xfb && byte <= 0xfe; }

/// Finds an instruction by its opcode byte, or by a prefix byte and the number that follows.
std::optional<Op> find_op(uint8_t byte);
std::optional<Op> find_op(uint8_t prefix, uint32_t code);
/// Finds the first instruction with this name in the text format.
std::optional<Op> find_op(std::string_view text);

} // namespace vitrine::core
