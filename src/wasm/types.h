// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/index.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <vitrine/kinds.hpp>

namespace vitrine::core {

using TypeIndex = Index<struct TypeKind>;
using FuncIndex = Index<struct FuncKind>;
using TableIndex = Index<struct TableKind>;
using MemoryIndex = Index<struct MemoryKind>;
using GlobalIndex = Index<struct GlobalKind>;
using TagIndex = Index<struct TagKind>;
using ElemIndex = Index<struct ElemKind>;
using DataIndex = Index<struct DataKind>;

/// The engine-wide identity of a type: two types of two modules are equal if and only if their ids
/// are equal. Assigned by `TypeRegistry`.
using TypeId = Index<struct CanonicalTypeKind>;

/// Heap types. `Defined` is a defined type, identified by an index.
/// [spec: syntax/types, heap types]
using vitrine::HeapKind;

/// The bottom of all heap types: the type of references in unreachable code.
inline constexpr HeapKind bottom_heap { static_cast<uint8_t>(HeapKind::Defined) + 1 };

/// An abstract heap type: its byte in the binary format, its name, and the name of the nullable
/// reference to it.
struct HeapInfo {
    uint8_t code;
    std::string_view text;
    std::string_view ref_text;
};

/// The abstract heap types, in the order of `HeapKind`.
inline constexpr HeapInfo heap_table[] = {
    { 0x70, "func", "funcref" },
    { 0x6f, "extern", "externref" },
    { 0x6e, "any", "anyref" },
    { 0x6d, "eq", "eqref" },
    { 0x6c, "i31", "i31ref" },
    { 0x6b, "struct", "structref" },
    { 0x6a, "array", "arrayref" },
    { 0x69, "exn", "exnref" },
    { 0x71, "none", "nullref" },
    { 0x73, "nofunc", "nullfuncref" },
    { 0x72, "noextern", "nullexternref" },
    { 0x74, "noexn", "nullexnref" },
};

/// Only for abstract heap types.
constexpr const HeapInfo& info(HeapKind kind) { return heap_table[static_cast<size_t>(kind)]; }

enum class ValueKind : uint8_t { Bottom, I32, I64, F32, F64, V128, Ref };

/// A value type in four bytes, comparable as an integer. The index of a defined heap type is the
/// module's type index or, in types from the registry, a `TypeId`. Only types from the registry
/// have the flag for function types, which determines how the bits of a reference are interpreted.
///
///      31 ........ 10 | 9           | 8 ...... 5 | 4        | 3 .. 0
///      index          | is function | HeapKind   | nullable | ValueKind
class ValueType {
public:
    constexpr ValueType() = default;
    constexpr ValueType(ValueKind kind) : bits_(static_cast<uint32_t>(kind)) {}
    static constexpr ValueType ref(HeapKind heap, bool nullable = true, uint32_t index = 0)
    {
        ValueType type(ValueKind::Ref);
        type.bits_ |= (nullable ? 16u : 0u) | static_cast<uint32_t>(heap) << 5 | index << 10;
        return type;
    }
    /// A reference to a defined type, identified by its id.
    static constexpr ValueType ref(TypeId type, bool nullable, bool is_function)
    {
        ValueType result = ref(HeapKind::Defined, nullable, type.value);
        result.bits_ |= is_function ? function_bit : 0;
        return result;
    }
    /// Indices of defined types are less than this.
    static constexpr uint32_t max_index = 1u << 22;

    static const ValueType i32, i64, f32, f64, v128, funcref, externref, exnref, anyref, bottom;

    constexpr ValueKind kind() const { return static_cast<ValueKind>(bits_ & 15); }
    constexpr bool is_ref() const { return kind() == ValueKind::Ref; }
    constexpr bool is_numeric() const { return kind() >= ValueKind::I32 && kind() <= ValueKind::F64; }
    constexpr bool is_nullable() const { return bits_ & 16; }
    constexpr HeapKind heap() const { return static_cast<HeapKind>(bits_ >> 5 & 15); }
    /// Whether this is a reference to functions. The index must be a `TypeId`.
    constexpr bool is_function_ref() const
    {
        return is_ref()
            && (heap() == HeapKind::Func || heap() == HeapKind::NoFunc || (bits_ & function_bit) != 0);
    }
    constexpr uint32_t index() const { return bits_ >> 10; }
    /// Whether a local or table element of this type has a default value.
    constexpr bool is_defaultable() const { return !is_ref() || is_nullable(); }
    /// The number of 8-byte slots that a value takes on the guest's stack.
    constexpr uint32_t slots() const { return kind() == ValueKind::V128 ? 2 : 1; }
    /// The type in the text format: `i32`, `funcref`, `(ref null 3)`.
    std::string to_text() const;

    friend constexpr bool operator==(ValueType, ValueType) = default;

private:
    static constexpr uint32_t function_bit = 1u << 9;

    uint32_t bits_ = 0;
};
static_assert(static_cast<uint32_t>(bottom_heap) < 16);

inline constexpr ValueType ValueType::i32 { ValueKind::I32 };
inline constexpr ValueType ValueType::i64 { ValueKind::I64 };
inline constexpr ValueType ValueType::f32 { ValueKind::F32 };
inline constexpr ValueType ValueType::f64 { ValueKind::F64 };
inline constexpr ValueType ValueType::v128 { ValueKind::V128 };
inline constexpr ValueType ValueType::funcref = ValueType::ref(HeapKind::Func);
inline constexpr ValueType ValueType::externref = ValueType::ref(HeapKind::Extern);
inline constexpr ValueType ValueType::exnref = ValueType::ref(HeapKind::Exn);
inline constexpr ValueType ValueType::anyref = ValueType::ref(HeapKind::Any);
inline constexpr ValueType ValueType::bottom { ValueKind::Bottom };

/// `[i32 i64]`, as the error messages of the test suite write a sequence of types.
std::string to_text(std::span<const ValueType> types);

/// The total number of slots of values of these types.
uint32_t slots_of(std::span<const ValueType> types);

struct FuncType {
    std::vector<ValueType> params;
    std::vector<ValueType> results;

    /// `(param i32) (result i64)`
    std::string to_text() const;
    friend bool operator==(const FuncType&, const FuncType&) = default;
};

/// The type of a struct field or array element: a value type, or an integer packed into 1 or 2
/// bytes.
struct FieldType {
    ValueType type;
    uint8_t packed_bytes = 0;
    bool is_mutable = false;

    bool is_packed() const { return packed_bytes != 0; }
    friend bool operator==(const FieldType&, const FieldType&) = default;
};

struct StructType {
    std::vector<FieldType> fields;
    friend bool operator==(const StructType&, const StructType&) = default;
};

struct ArrayType {
    FieldType element;
    friend bool operator==(const ArrayType&, const ArrayType&) = default;
};

using CompositeType = std::variant<FuncType, StructType, ArrayType>;

/// A defined type with its supertype. [spec: syntax/types, recursive types]
struct SubType {
    CompositeType composite;
    std::optional<uint32_t> supertype {};
    bool is_final = true;
    /// Its recursion group: the index of the first type, and the number of types.
    uint32_t group_start = 0;
    uint32_t group_size = 1;
    uint64_t offset = 0;

    const FuncType* func() const { return std::get_if<FuncType>(&composite); }
    const StructType* structure() const { return std::get_if<StructType>(&composite); }
    const ArrayType* array() const { return std::get_if<ArrayType>(&composite); }
};

/// Size limits of a memory (in pages) or a table (in elements).
struct Limits {
    uint64_t min = 0;
    std::optional<uint64_t> max {};
    bool is_64 = false;
    bool is_shared = false;
    friend bool operator==(const Limits&, const Limits&) = default;
};

struct TableType {
    ValueType element;
    Limits limits;
    friend bool operator==(const TableType&, const TableType&) = default;
};

struct MemoryType {
    Limits limits;
    /// Binary logarithm of the page size. 16 (64 KiB) unless the module uses custom-page-sizes.
    uint8_t page_size_log2 = 16;
    friend bool operator==(const MemoryType&, const MemoryType&) = default;
};

struct GlobalType {
    ValueType type;
    bool is_mutable = false;
    friend bool operator==(const GlobalType&, const GlobalType&) = default;
};

using vitrine::ExternKind;
using vitrine::to_text;

/// The type of an import or export, in the order of `ExternKind`.
/// [spec: syntax/types, external types]
template<class Type> struct ExternFunc {
    Type type;
};
template<class Type> struct ExternTag {
    Type type;
};
template<class Type>
using ExternTypeOf = std::variant<ExternFunc<Type>, TableType, MemoryType, GlobalType, ExternTag<Type>>;
/// As declared in a binary: with type indices of the module.
using ExternDesc = ExternTypeOf<TypeIndex>;
/// Engine-wide: with `TypeId`s.
using ExternType = ExternTypeOf<TypeId>;

template<class Type> ExternKind kind_of(const ExternTypeOf<Type>& type)
{
    return static_cast<ExternKind>(type.index());
}

inline constexpr uint32_t max_memory_pages = 65536;

} // namespace vitrine::core
