// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/types.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vitrine {

/// A feature of the language that came after its first version; from `features.inc`.
enum class Feature : uint8_t {
#define FEATURE(name, flag, supported) name,
#include "wasm/features.inc"
};

struct FeatureInfo {
    std::string_view flag;
    bool is_supported;
};

inline constexpr FeatureInfo feature_table[] = {
#define FEATURE(name, flag, supported) { flag, supported },
#include "wasm/features.inc"
};

constexpr const FeatureInfo& info(Feature feature)
{
    return feature_table[static_cast<size_t>(feature)];
}

/// What follows an opcode in the binary. [spec: binary/instructions]
enum class Immediate : uint8_t {
    None,
    Block,           ///< block type
    Label,           ///< label depth
    LabelTable,      ///< br_table: vector of depths, then the default
    Func,            ///< function index
    CallIndirect,    ///< type index, table index
    Type,            ///< type index
    Local,           ///< local index
    Global,          ///< global index
    Table,           ///< table index
    TableTable,      ///< destination table, source table
    TableInit,       ///< element segment, table
    Elem,            ///< element segment
    Data,            ///< data segment
    Memory,          ///< memory index
    MemoryMemory,    ///< destination memory, source memory
    MemoryInit,      ///< data segment, memory
    MemArg,          ///< alignment (with memory index when bit 6 is set), offset
    MemArgLane,      ///< memory argument, lane
    Lane,            ///< lane number
    Lanes16,         ///< i8x16.shuffle: 16 lane numbers
    I32,             ///< signed LEB128 of 32 bits
    I64,             ///< signed LEB128 of 64 bits
    F32,             ///< 4 bytes
    F64,             ///< 8 bytes
    V128,            ///< 16 bytes
    Heap,            ///< heap type
    Types,           ///< select: vector of value types
    TypeField,       ///< struct type, field
    TypeCount,       ///< array.new_fixed: array type, length
    TypeData,        ///< array type, data segment
    TypeElem,        ///< array type, element segment
    TypeType,        ///< array.copy: destination type, source type
    CastBranch,      ///< br_on_cast: flags, label, two heap types
    Tag,             ///< tag index
    Catches,         ///< try_table: block type, vector of catch clauses
    ZeroByte,        ///< atomic.fence: one zero byte
};

/// The shape of a row in `opcodes.inc`, which is the macro that writes it.
enum class Shape : uint8_t { Op, Control, Call, Variable, Const, Load, Store, Numeric, Vector, Lane, Atomic, Reference, Bulk };

/// Operand and result types of a monomorphic instruction; `is_poly` when they depend on the context.
struct Signature {
    std::array<ValueKind, 3> params {};
    uint8_t param_count = 0;
    ValueKind result = ValueKind::Bottom;
    bool has_result = false;
    bool is_poly = false;

    friend constexpr bool operator==(const Signature&, const Signature&) = default;
};

/// Every instruction, in the order of `opcodes.inc`.
enum class Op : uint16_t {
#define OP(name, ...) name,
#include "wasm/opcodes.inc"
};

/// A row of the instruction table.
struct OpInfo {
    std::string_view text;
    /// The byte, or for a prefixed instruction the prefix followed by three hexadecimal digits: 0xfc00a.
    uint32_t code;
    Shape shape;
    Immediate immediate;
    Signature signature;
    Feature feature;
    /// How many bytes a load or store accesses; 0 for other instructions.
    uint8_t access_bytes;
};

extern const std::span<const OpInfo> op_table;

const OpInfo& info(Op op);

/// The instruction of a one-byte opcode, or of a prefix byte and what follows it.
std::optional<Op> find_op(uint8_t byte);
std::optional<Op> find_op(uint8_t prefix, uint32_t code);
/// The instruction of a name as WAT writes it.
std::optional<Op> find_op(std::string_view text);

constexpr bool is_prefix(uint8_t byte)
{
    return byte >= 0xfb && byte <= 0xfe;
}

} // namespace vitrine
