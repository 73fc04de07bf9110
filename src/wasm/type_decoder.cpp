// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/type_decoder.h"

#include "wasm/body_validator.h"
#include "wasm/decoder.h"

#include <algorithm>

namespace vitrine::core {

namespace {

std::optional<HeapKind> find_heap_kind(uint8_t code)
{
    const auto* row = std::ranges::find(heap_table, code, &HeapInfo::code);
    if (row == std::end(heap_table))
        return {};
    return static_cast<HeapKind>(row - heap_table);
}

} // namespace

Result<TypeIndex> decode_type_index_s33(ByteReader& in, std::string_view what)
{
    const uint64_t start = in.offset();
    const auto number = TRY(in.leb<int64_t, 33>());
    if (number < 0)
        return failure("malformed " + std::string(what), start);
    return TypeIndex { static_cast<uint32_t>(number) };
}

Result<ValueType> decode_value_type(ByteReader& in)
{
    const uint64_t start = in.offset();
    const uint8_t byte = TRY(in.byte());
    switch (byte) {
    case 0x7f: return ValueType::i32;
    case 0x7e: return ValueType::i64;
    case 0x7d: return ValueType::f32;
    case 0x7c: return ValueType::f64;
    case 0x7b: return ValueType::v128;
    case 0x64: return decode_heap_type(in, false);
    case 0x63: return decode_heap_type(in, true);
    }
    if (const auto heap = find_heap_kind(byte))
        return ValueType::ref(*heap);
    return failure("malformed value type", start);
}

Result<ValueType> decode_heap_type(ByteReader& in, bool nullable)
{
    const uint64_t start = in.offset();
    if (!in.at_end() && is_type_shorthand(in.peek())) {
        if (const auto heap = find_heap_kind(TRY(in.byte())))
            return ValueType::ref(*heap, nullable);
        return failure("malformed heap type", start);
    }
    const TypeIndex index = TRY(decode_type_index_s33(in, "heap type"));
    if (index.value >= ValueType::max_index)
        return failure("unknown type " + std::to_string(index.value), start);
    return ValueType::ref(HeapKind::Defined, nullable, index.value);
}

Result<void> TypeDecoder::decode_recursion_group(IndexVector<TypeIndex, SubType>& types)
{
    const uint32_t start = types.size();
    uint32_t size = 1;
    if (!in_.at_end() && in_.peek() == 0x4e) {
        CHECK(check_feature(features_, Feature::Gc, "a recursion group", in_.offset()));
        CHECK(in_.byte());
        size = TRY(in_.count("types", limits::items - start));
    } else if (start == limits::items) {
        return failure("too many types: the limit is " + std::to_string(limits::items), in_.offset());
    }
    for (uint32_t i = 0; i < size; ++i) {
        SubType type = TRY(decode_sub_type());
        type.group_start = start;
        type.group_size = size;
        types.push_back(std::move(type));
    }
    return {};
}

Result<SubType> TypeDecoder::decode_sub_type()
{
    SubType type;
    type.offset = in_.offset();
    if (!in_.at_end() && (in_.peek() == 0x50 || in_.peek() == 0x4f)) {
        CHECK(check_feature(features_, Feature::Gc, "a sub type", in_.offset()));
        type.is_final = TRY(in_.byte()) == 0x4f;
        const uint64_t start = in_.offset();
        const uint32_t supertypes = TRY(in_.length());
        if (supertypes > 1)
            return failure("sub type with more than one super type", start);
        if (supertypes == 1)
            type.supertype = TRY(in_.leb<uint32_t>());
    }
    type.composite = TRY(decode_composite_type());
    return type;
}

Result<CompositeType> TypeDecoder::decode_composite_type()
{
    const uint64_t start = in_.offset();
    switch (TRY(in_.leb<int8_t, 7>()) & 0x7f) {
    case 0x60: {
        auto params = TRY(decode_value_types("parameters"));
        auto results = TRY(decode_value_types("results"));
        return FuncType { std::move(params), std::move(results) };
    }
    case 0x5f: {
        StructType type;
        const uint32_t fields = TRY(in_.count("fields", limits::fields));
        type.fields.reserve(fields);
        for (uint32_t i = 0; i < fields; ++i)
            type.fields.push_back(TRY(decode_field_type()));
        return type;
    }
    case 0x5e: return ArrayType { TRY(decode_field_type()) };
    }
    return failure("malformed definition type", start);
}

Result<std::vector<ValueType>> TypeDecoder::decode_value_types(std::string_view what)
{
    std::vector<ValueType> types(TRY(in_.count(what, limits::params)));
    for (ValueType& type : types)
        type = TRY(decode_value_type(in_));
    return types;
}

Result<FieldType> TypeDecoder::decode_field_type()
{
    FieldType field;
    if (!in_.at_end() && (in_.peek() == 0x78 || in_.peek() == 0x77)) {
        field.packed_bytes = TRY(in_.byte()) == 0x78 ? 1 : 2;
        field.type = ValueType::i32;
    } else {
        field.type = TRY(decode_value_type(in_));
    }
    field.is_mutable = TRY(decode_mutability());
    return field;
}

Result<bool> TypeDecoder::decode_mutability()
{
    const uint64_t start = in_.offset();
    const uint8_t byte = TRY(in_.byte());
    if (byte > 1)
        return failure("malformed mutability", start);
    return byte == 1;
}

Result<ValueType> TypeDecoder::decode_ref_type()
{
    const uint64_t start = in_.offset();
    auto type = decode_value_type(in_);
    if (type && !type->is_ref())
        return failure("malformed reference type", start);
    return type;
}

Result<Limits> TypeDecoder::decode_limits(uint8_t max_flags)
{
    constexpr uint8_t has_max = 1, is_shared = 2, is_64 = 4;
    const uint64_t start = in_.offset();
    const uint8_t flags = TRY(in_.byte());
    if (flags != (flags & max_flags))
        return failure("malformed limits flags", start);
    Limits limits;
    limits.is_64 = flags & is_64;
    limits.is_shared = flags & is_shared;
    // Without 64-bit memories, a limit has at most 5 bytes.
    const auto decode_limit = [&]() -> Result<uint64_t> {
        if (limits.is_64 || features_.has(Feature::Memory64))
            return in_.leb<uint64_t>();
        return in_.leb<uint32_t>();
    };
    limits.min = TRY(decode_limit());
    if (flags & has_max)
        limits.max = TRY(decode_limit());
    return limits;
}

Result<TableType> TypeDecoder::decode_table_type()
{
    TableType type;
    type.element = TRY(decode_ref_type());
    type.limits = TRY(decode_limits(0b101));
    return type;
}

Result<MemoryType> TypeDecoder::decode_memory_type()
{
    constexpr uint8_t has_page_size = 8;
    const bool is_paged = !in_.at_end() && in_.peek() & has_page_size;
    MemoryType type { TRY(decode_limits(features_.has(Feature::CustomPageSizes) ? 0b1111 : 0b111)) };
    if (is_paged) {
        const uint64_t start = in_.offset();
        const auto log2 = TRY(in_.leb<uint32_t>());
        if (log2 > 16)
            return failure("invalid custom page size", start);
        type.page_size_log2 = static_cast<uint8_t>(log2);
    }
    return type;
}

Result<GlobalType> TypeDecoder::decode_global_type()
{
    GlobalType type;
    type.type = TRY(decode_value_type(in_));
    type.is_mutable = TRY(decode_mutability());
    return type;
}

Result<TypeIndex> TypeDecoder::decode_tag_type()
{
    const uint64_t start = in_.offset();
    if (TRY(in_.byte()) != 0)
        return failure("malformed tag attribute", start);
    return decode_index();
}

Result<ExternDesc> TypeDecoder::decode_extern_type(std::string_view what)
{
    const uint64_t start = in_.offset();
    const uint8_t kind = TRY(in_.byte());
    if (kind > static_cast<uint8_t>(ExternKind::Tag))
        return failure("malformed " + std::string(what) + " kind", start);
    switch (static_cast<ExternKind>(kind)) {
    case ExternKind::Func: return ExternFunc<TypeIndex> { TRY(decode_index()) };
    case ExternKind::Table: return TRY(decode_table_type());
    case ExternKind::Memory: return TRY(decode_memory_type());
    case ExternKind::Global: return TRY(decode_global_type());
    case ExternKind::Tag: return ExternTag<TypeIndex> { TRY(decode_tag_type()) };
    }
    std::unreachable();
}

} // namespace vitrine::core
