// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "wasm/opcode.h"
#include "wasm/types.h"

#include <string_view>
#include <vector>

namespace vitrine::core {

/// Whether a type that begins with this byte is a one-byte shorthand: a negative number, not a type
/// index.
constexpr bool is_type_shorthand(uint8_t byte) { return (byte & 0xc0) == 0x40; }

/// Decodes a type index where a shorthand could also occur. Errors say `malformed` followed by
/// `what`.
Result<TypeIndex> decode_type_index_s33(ByteReader& in, std::string_view what);

/// Decode a value type and a heap type. [spec: binary/types]
Result<ValueType> decode_value_type(ByteReader& in);
Result<ValueType> decode_heap_type(ByteReader& in, bool nullable);

/// Decodes types from a reader. The results are well-formed but not yet valid. Used for the types
/// of modules and for the core types of components. [spec: binary/types]
class TypeDecoder {
public:
    /// Keeps a reference to the reader.
    TypeDecoder(ByteReader& in, FeatureSet features) : in_(in), features_(features) {}

    /// Decodes a recursion group, which is one type or a count and several types, and appends its
    /// types.
    Result<void> decode_recursion_group(IndexVector<TypeIndex, SubType>& types);
    Result<ValueType> decode_ref_type();
    Result<TableType> decode_table_type();
    Result<MemoryType> decode_memory_type();
    Result<GlobalType> decode_global_type();
    Result<TypeIndex> decode_tag_type();
    /// Decodes the kind and type of an import. Errors say `malformed`, then `what` and `kind`.
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
