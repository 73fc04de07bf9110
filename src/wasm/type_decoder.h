// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "wasm/opcode.h"
#include "wasm/types.h"

#include <string_view>
#include <vector>

namespace vitrine::core {

/// Whether a type that starts with this byte is a negative number: a shorthand of one byte, never an index.
constexpr bool is_type_shorthand(uint8_t byte) { return (byte & 0xc0) == 0x40; }

/// A type index where a shorthand could stand, too; an error calls it `malformed` and `what`.
Result<TypeIndex> decode_type_index_s33(ByteReader& in, std::string_view what);

/// A value type and a heap type of the binary format. [spec: binary/types]
Result<ValueType> decode_value_type(ByteReader& in);
Result<ValueType> decode_heap_type(ByteReader& in, bool nullable);

/// Decodes types from a reader, and moves it behind them. What it answers is well formed, not yet valid. Modules are made
/// of these rules, and so are the core types of a component. [spec: binary/types]
class TypeDecoder {
public:
    /// The reader is used by reference.
    TypeDecoder(ByteReader& in, FeatureSet features) : in_(in), features_(features) {}

    /// Appends the types of a recursion group: one type, or several behind a count.
    Result<void> decode_recursion_group(IndexVector<TypeIndex, SubType>& types);
    Result<ValueType> decode_ref_type();
    Result<TableType> decode_table_type();
    Result<MemoryType> decode_memory_type();
    Result<GlobalType> decode_global_type();
    Result<TypeIndex> decode_tag_type();
    /// The kind and type of an import; an error calls it `malformed`, `what` and `kind`.
    Result<ExternDesc> decode_extern_type(std::string_view what);

private:
    Result<SubType> decode_sub_type();
    Result<CompositeType> decode_composite_type();
    Result<std::vector<ValueType>> decode_value_types(std::string_view what);
    Result<FieldType> decode_field_type();
    Result<Limits> decode_limits(uint8_t max_flags);
    Result<bool> decode_mutability();
    Result<TypeIndex> decode_index() { return TypeIndex { TRY(in_.leb<uint32_t>()) }; }

    ByteReader& in_;
    const FeatureSet features_;
};

} // namespace vitrine::core
