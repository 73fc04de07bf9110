// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/decoder.h"

#include "wasm/body_validator.h"
#include "wasm/instruction.h"

#include <algorithm>
#include <array>

// [doc] Decoding a module
//
// One reader goes over the whole file: an item that is longer than its section says is noticed where the section
// should have ended, as in the spec's own decoder. Function bodies are stepped over.

namespace vitrine::core {

namespace {

constexpr uint8_t custom_section = 0;

class Decoder {
public:
    Decoder(Module& module, FeatureSet features) : module_(module), features_(features), in_(module.bytes())
    {}

    Result<void> decode_header();
    Result<void> decode_sections();
    Result<void> check_lengths();

private:
    Result<void> decode_custom(uint32_t size);
    Result<void> decode_types();
    Result<void> decode_imports();
    Result<void> decode_functions();
    Result<void> decode_tables();
    Result<void> decode_memories();
    Result<void> decode_tags();
    Result<void> decode_globals();
    Result<void> decode_exports();
    Result<void> decode_start();
    Result<void> decode_elems();
    Result<void> decode_data_count();
    Result<void> decode_code();
    Result<void> decode_datas();

    Result<void> decode_recursion_group();
    Result<SubType> decode_sub_type();
    Result<CompositeType> decode_composite_type();
    Result<std::vector<ValueType>> decode_value_types(std::string_view what);
    Result<FieldType> decode_field_type();
    Result<ValueType> decode_ref_type();
    Result<Limits> decode_limits(uint8_t max_flags);
    Result<bool> decode_mutability();
    Result<TableType> decode_table_type();
    Result<MemoryType> decode_memory_type();
    Result<GlobalType> decode_global_type();
    Result<TypeIndex> decode_tag_type();
    Result<ConstExpr> decode_const_expr();
    Result<void> decode_import();
    Result<ElemSegment> decode_elem();
    Result<ValueType> decode_elem_kind();
    Result<DataSegment> decode_data();
    Result<void> decode_body();
    Result<uint32_t> skip_locals();

    struct SectionRow {
        uint8_t id;
        Result<void> (Decoder::*decode)();
    };
    static const std::array<SectionRow, 13> section_order;

    Result<void> decode_section(const SectionRow& row, uint32_t size);
    /// The count of a vector: at most `room`, and not more than the bytes that are left.
    Result<uint32_t> count(std::string_view what, uint64_t room);
    /// Appends the items of a section to `items`, one by `decode_item` each.
    template<class Items, class DecodeItem>
    Result<void> decode_items(std::string_view what, Items& items, DecodeItem decode_item);
    template<class Kind> Result<Index<Kind>> index() { return Index<Kind> { TRY(in_.leb<uint32_t>()) }; }
    CodeOffset offset() const { return static_cast<CodeOffset>(in_.offset()); }

    Module& module_;
    const FeatureSet features_;
    ByteReader in_;
    uint32_t defined_functions_ = 0;
};

/// The sections but custom ones, in the order they have in a file. [spec: binary/modules]
const std::array<Decoder::SectionRow, 13> Decoder::section_order { {
    { 1, &Decoder::decode_types },
    { 2, &Decoder::decode_imports },
    { 3, &Decoder::decode_functions },
    { 4, &Decoder::decode_tables },
    { 5, &Decoder::decode_memories },
    { 13, &Decoder::decode_tags },
    { 6, &Decoder::decode_globals },
    { 7, &Decoder::decode_exports },
    { 8, &Decoder::decode_start },
    { 9, &Decoder::decode_elems },
    { 12, &Decoder::decode_data_count },
    { 10, &Decoder::decode_code },
    { 11, &Decoder::decode_datas },
} };

// -- The file

Result<void> Decoder::decode_header()
{
    constexpr std::array<uint8_t, 4> magic { 0x00, 'a', 's', 'm' };
    constexpr std::array<uint8_t, 4> version { 1, 0, 0, 0 };
    constexpr std::array<uint8_t, 4> component { 0x0d, 0, 1, 0 };
    if (!std::ranges::equal(TRY(in_.bytes(4)), magic))
        return failure("magic header not detected", 0);
    const Bytes found = TRY(in_.bytes(4));
    if (std::ranges::equal(found, component))
        return failure("unknown binary version: this is a component, not a core module", 4);
    if (!std::ranges::equal(found, version))
        return failure("unknown binary version", 4);
    return {};
}

Result<void> Decoder::decode_sections()
{
    auto next = section_order.begin();
    while (!in_.at_end()) {
        const uint64_t start = in_.offset();
        const uint8_t id = TRY(in_.byte());
        const auto row = std::ranges::find(section_order, id, &SectionRow::id);
        if (id != custom_section && row == section_order.end())
            return failure("malformed section id", start);
        const uint32_t size = TRY(in_.length());
        module_.sections.push_back({ id, offset(), size });
        if (id == custom_section) {
            CHECK(decode_custom(size));
            continue;
        }
        if (row < next)
            return failure("unexpected content after last section", start);
        next = row + 1;
        CHECK(decode_section(*row, size));
    }
    return {};
}

Result<void> Decoder::decode_section(const SectionRow& row, uint32_t size)
{
    const uint64_t end = in_.offset() + size;
    CHECK((this->*row.decode)());
    if (in_.offset() != end)
        return failure("section size mismatch", std::min(in_.offset(), end));
    return {};
}

Result<void> Decoder::check_lengths()
{
    if (module_.bodies.size() != defined_functions_)
        return failure("function and code section have inconsistent lengths", in_.offset());
    if (module_.data_count && *module_.data_count != module_.datas.size())
        return failure("data count and data section have inconsistent lengths", in_.offset());
    return {};
}

Result<uint32_t> Decoder::count(std::string_view what, uint64_t room)
{
    const uint64_t start = in_.offset();
    const auto count = TRY(in_.leb<uint32_t>());
    if (count > room)
        return failure("too many " + std::string(what) + ": the limit is " + std::to_string(room), start);
    if (count > in_.remaining())
        return failure("unexpected end of section or function", start);
    return count;
}

template<class Items, class DecodeItem>
Result<void> Decoder::decode_items(std::string_view what, Items& items, DecodeItem decode_item)
{
    const uint32_t added = TRY(count(what, limits::items - std::min<size_t>(items.size(), limits::items)));
    items.reserve(items.size() + added);
    for (uint32_t i = 0; i < added; ++i)
        items.push_back(TRY(decode_item()));
    return {};
}

Result<void> Decoder::decode_custom(uint32_t size)
{
    if (module_.customs.size() == limits::items)
        return failure(
            "too many custom sections: the limit is " + std::to_string(limits::items), in_.offset());
    ByteReader in = TRY(in_.sub_reader(size));
    CustomSection section;
    section.name = TRY(in.name());
    section.offset = static_cast<CodeOffset>(in.offset());
    section.bytes = TRY(in.bytes(in.remaining()));
    module_.customs.push_back(section);
    return {};
}

// -- Types

Result<void> Decoder::decode_types()
{
    const uint32_t groups = TRY(count("types", limits::items));
    for (uint32_t i = 0; i < groups; ++i)
        CHECK(decode_recursion_group());
    module_.types.shrink_to_fit();
    return {};
}

Result<void> Decoder::decode_recursion_group()
{
    const uint32_t start = module_.types.size();
    uint32_t size = 1;
    if (!in_.at_end() && in_.peek() == 0x4e) {
        CHECK(check_feature(features_, Feature::Gc, "a recursion group", in_.offset()));
        CHECK(in_.byte());
        size = TRY(count("types", limits::items - start));
    } else if (start == limits::items) {
        return failure("too many types: the limit is " + std::to_string(limits::items), in_.offset());
    }
    for (uint32_t i = 0; i < size; ++i) {
        SubType type = TRY(decode_sub_type());
        type.group_start = start;
        type.group_size = size;
        module_.types.push_back(std::move(type));
    }
    return {};
}

Result<SubType> Decoder::decode_sub_type()
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

Result<CompositeType> Decoder::decode_composite_type()
{
    const uint64_t start = in_.offset();
    switch (TRY(in_.leb<int8_t, 7>()) & 0x7f) {
    case 0x60: {
        auto params = TRY(decode_value_types("parameters"));
        return FuncType { std::move(params), TRY(decode_value_types("results")) };
    }
    case 0x5f: {
        StructType type;
        const uint32_t fields = TRY(count("fields", limits::fields));
        type.fields.reserve(fields);
        for (uint32_t i = 0; i < fields; ++i)
            type.fields.push_back(TRY(decode_field_type()));
        return type;
    }
    case 0x5e: return ArrayType { TRY(decode_field_type()) };
    }
    return failure("malformed definition type", start);
}

Result<std::vector<ValueType>> Decoder::decode_value_types(std::string_view what)
{
    std::vector<ValueType> types(TRY(count(what, limits::params)));
    for (ValueType& type : types)
        type = TRY(decode_value_type(in_));
    return types;
}

Result<FieldType> Decoder::decode_field_type()
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

Result<bool> Decoder::decode_mutability()
{
    const uint64_t start = in_.offset();
    const uint8_t byte = TRY(in_.byte());
    if (byte > 1)
        return failure("malformed mutability", start);
    return byte == 1;
}

Result<ValueType> Decoder::decode_ref_type()
{
    const uint64_t start = in_.offset();
    auto type = decode_value_type(in_);
    if (type && !type->is_ref())
        return failure("malformed reference type", start);
    return type;
}

Result<Limits> Decoder::decode_limits(uint8_t max_flags)
{
    constexpr uint8_t has_max = 1, is_shared = 2, is_64 = 4;
    const uint64_t start = in_.offset();
    const uint8_t flags = TRY(in_.byte());
    if (flags != (flags & max_flags))
        return failure("malformed limits flags", start);
    Limits limits;
    limits.is_64 = flags & is_64;
    limits.is_shared = flags & is_shared;
    // Before there were 64-bit memories, a limit had at most 5 bytes.
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

Result<TableType> Decoder::decode_table_type()
{
    TableType type;
    type.element = TRY(decode_ref_type());
    type.limits = TRY(decode_limits(0b101));
    return type;
}

Result<MemoryType> Decoder::decode_memory_type()
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

Result<GlobalType> Decoder::decode_global_type()
{
    GlobalType type;
    type.type = TRY(decode_value_type(in_));
    type.is_mutable = TRY(decode_mutability());
    return type;
}

Result<TypeIndex> Decoder::decode_tag_type()
{
    const uint64_t start = in_.offset();
    if (TRY(in_.byte()) != 0)
        return failure("malformed tag attribute", start);
    return index<TypeKind>();
}

Result<ConstExpr> Decoder::decode_const_expr()
{
    const CodeOffset start = offset();
    for (uint32_t depth = 1; depth > 0;) {
        const Instruction instruction = TRY(decode_instruction(in_));
        const Immediate immediate = info(instruction.op).immediate;
        if (immediate == Immediate::Block || immediate == Immediate::Catches)
            ++depth;
        else if (instruction.op == Op::End || instruction.op == Op::Delegate)
            --depth;
    }
    return ConstExpr { start, offset() - start };
}

// -- Imports and declarations

Result<void> Decoder::decode_imports()
{
    const uint32_t imports = TRY(count("imports", limits::items));
    module_.imports.reserve(imports);
    for (uint32_t i = 0; i < imports; ++i)
        CHECK(decode_import());
    return {};
}

Result<void> Decoder::decode_import()
{
    Import import {};
    import.offset = offset();
    import.module = TRY(in_.name());
    import.name = TRY(in_.name());
    const uint64_t kind_offset = in_.offset();
    const uint8_t kind = TRY(in_.byte());
    if (kind > static_cast<uint8_t>(ExternKind::Tag))
        return failure("malformed import kind", kind_offset);
    import.kind = static_cast<ExternKind>(kind);
    import.index = module_.imported(import.kind);
    switch (import.kind) {
    case ExternKind::Func: module_.functions.push_back({ TRY(index<TypeKind>()), import.offset }); break;
    case ExternKind::Table:
        module_.tables.push_back({ .type = TRY(decode_table_type()), .offset = import.offset });
        break;
    case ExternKind::Memory: module_.memories.push_back({ TRY(decode_memory_type()), import.offset }); break;
    case ExternKind::Global:
        module_.globals.push_back({ .type = TRY(decode_global_type()), .offset = import.offset });
        break;
    case ExternKind::Tag: module_.tags.push_back({ TRY(decode_tag_type()), import.offset }); break;
    }
    module_.add_import(import);
    return {};
}

Result<void> Decoder::decode_functions()
{
    CHECK(decode_items("functions", module_.functions, [&]() -> Result<FuncDecl> {
        const CodeOffset start = offset();
        return FuncDecl { TRY(index<TypeKind>()), start };
    }));
    defined_functions_ = module_.functions.size() - module_.imported(ExternKind::Func);
    return {};
}

Result<void> Decoder::decode_tables()
{
    return decode_items("tables", module_.tables, [&]() -> Result<TableDecl> {
        TableDecl table { .type = {}, .offset = offset() };
        const bool has_init = !in_.at_end() && in_.peek() == 0x40;
        if (has_init) {
            CHECK(in_.byte());
            const uint64_t start = in_.offset();
            if (TRY(in_.byte()) != 0)
                return failure("zero byte expected", start);
        }
        table.type = TRY(decode_table_type());
        if (has_init)
            table.init = TRY(decode_const_expr());
        return table;
    });
}

Result<void> Decoder::decode_memories()
{
    return decode_items("memories", module_.memories, [&]() -> Result<MemoryDecl> {
        const CodeOffset start = offset();
        return MemoryDecl { TRY(decode_memory_type()), start };
    });
}

Result<void> Decoder::decode_tags()
{
    if (!features_.has(Feature::LegacyExceptions))
        CHECK(check_feature(features_, Feature::Exceptions, "the tag section", offset()));
    return decode_items("tags", module_.tags, [&]() -> Result<TagDecl> {
        const CodeOffset start = offset();
        return TagDecl { TRY(decode_tag_type()), start };
    });
}

Result<void> Decoder::decode_globals()
{
    return decode_items("globals", module_.globals, [&]() -> Result<GlobalDecl> {
        GlobalDecl global { .type = {}, .offset = offset() };
        global.type = TRY(decode_global_type());
        global.init = TRY(decode_const_expr());
        return global;
    });
}

Result<void> Decoder::decode_exports()
{
    return decode_items("exports", module_.exports, [&]() -> Result<Export> {
        Export item {};
        item.offset = offset();
        item.name = TRY(in_.name());
        const uint64_t kind_offset = in_.offset();
        const uint8_t kind = TRY(in_.byte());
        if (kind > static_cast<uint8_t>(ExternKind::Tag))
            return failure("malformed export kind", kind_offset);
        item.kind = static_cast<ExternKind>(kind);
        item.index = TRY(in_.leb<uint32_t>());
        return item;
    });
}

Result<void> Decoder::decode_start()
{
    module_.start_offset = offset();
    module_.start = TRY(index<FuncKind>());
    return {};
}

// -- Segments

Result<void> Decoder::decode_elems()
{
    return decode_items("element segments", module_.elems, [&] { return decode_elem(); });
}

/// The three bits of the kind: not active; a table or the declarative mode is named; items are expressions.
/// [spec: binary/modules, element section]
Result<ElemSegment> Decoder::decode_elem()
{
    ElemSegment elem {};
    elem.offset = offset();
    const auto kind = TRY(in_.leb<uint32_t>());
    if (kind > 7)
        return failure("malformed elements segment kind", elem.offset);
    const bool is_active = !(kind & 1), has_index = kind & 2, has_exprs = kind & 4;
    if (!is_active)
        CHECK(check_feature(
            features_, Feature::BulkMemory, "an element segment that is not active", elem.offset));
    if (has_exprs)
        CHECK(check_feature(
            features_, Feature::ReferenceTypes, "an element segment of expressions", elem.offset));
    elem.mode = is_active ? SegmentMode::Active : has_index ? SegmentMode::Declarative : SegmentMode::Passive;
    if (is_active) {
        if (has_index)
            elem.table = TRY(index<TableKind>());
        elem.start = TRY(decode_const_expr());
    }
    elem.type = has_exprs ? ValueType::funcref : ValueType::ref(HeapKind::Func, false);
    if (!is_active || has_index)
        elem.type = has_exprs ? TRY(decode_ref_type()) : TRY(decode_elem_kind());
    const uint32_t size = TRY(count("elements of a segment", limits::segment_items));
    if (has_exprs) {
        std::vector<ConstExpr> items(size);
        for (ConstExpr& item : items)
            item = TRY(decode_const_expr());
        elem.items = std::move(items);
    } else {
        std::vector<FuncIndex> items(size);
        for (FuncIndex& item : items)
            item = TRY(index<FuncKind>());
        elem.items = std::move(items);
    }
    return elem;
}

Result<ValueType> Decoder::decode_elem_kind()
{
    const uint64_t start = in_.offset();
    if (TRY(in_.byte()) != 0)
        return failure("malformed element kind", start);
    return ValueType::ref(HeapKind::Func, false);
}

Result<void> Decoder::decode_data_count()
{
    CHECK(check_feature(features_, Feature::BulkMemory, "the data count section", offset()));
    module_.data_count = TRY(in_.leb<uint32_t>());
    return {};
}

Result<void> Decoder::decode_datas()
{
    return decode_items("data segments", module_.datas, [&] { return decode_data(); });
}

Result<DataSegment> Decoder::decode_data()
{
    DataSegment data {};
    data.offset = offset();
    const auto kind = TRY(in_.leb<uint32_t>());
    if (kind > 2)
        return failure("malformed data segment kind", data.offset);
    if (kind == 1)
        CHECK(check_feature(features_, Feature::BulkMemory, "a passive data segment", data.offset));
    data.mode = kind == 1 ? SegmentMode::Passive : SegmentMode::Active;
    if (kind == 2)
        data.memory = TRY(index<MemoryKind>());
    if (data.mode == SegmentMode::Active)
        data.start = TRY(decode_const_expr());
    data.bytes = TRY(in_.bytes(TRY(in_.leb<uint32_t>())));
    return data;
}

// -- Code

Result<void> Decoder::decode_code()
{
    const uint32_t bodies = TRY(count("function bodies", limits::items));
    module_.bodies.reserve(bodies);
    for (uint32_t i = 0; i < bodies; ++i)
        CHECK(decode_body());
    return {};
}

Result<void> Decoder::decode_body()
{
    const uint64_t start = in_.offset();
    const uint32_t size = TRY(in_.length());
    if (size > limits::body_bytes)
        return failure("function body too large: the limit is " + std::to_string(limits::body_bytes), start);
    FuncMeta body;
    body.body_offset = offset();
    body.end_offset = body.body_offset + size;
    body.local_count = TRY(skip_locals());
    body.code_offset = offset();
    if (body.code_offset > body.end_offset)
        return failure("section size mismatch", body.end_offset);
    CHECK(in_.bytes(body.end_offset - body.code_offset));
    module_.bodies.push_back(body);
    return {};
}

/// Answers how many they are.
Result<uint32_t> Decoder::skip_locals()
{
    uint64_t total = 0;
    const uint32_t groups = TRY(in_.length());
    for (uint32_t i = 0; i < groups; ++i) {
        const uint64_t start = in_.offset();
        total += TRY(in_.leb<uint32_t>());
        if (total > limits::locals)
            return failure("too many locals: the limit is " + std::to_string(limits::locals), start);
        CHECK(decode_value_type(in_));
    }
    return static_cast<uint32_t>(total);
}

} // namespace

/// Bodies are decoded by validation. When something behind them is malformed, what is wrong in them comes first.
std::optional<Error> find_malformed_instruction(const Module& module)
{
    for (const FuncMeta& body : module.bodies) {
        // The last instruction may go on behind the body's end.
        ByteReader in(module.bytes().subspan(body.code_offset), body.code_offset);
        while (in.offset() < body.end_offset)
            if (auto instruction = decode_instruction(in); !instruction)
                return std::move(instruction).error();
    }
    return std::nullopt;
}

Result<std::unique_ptr<Module>> decode_module(std::vector<uint8_t> bytes, FeatureSet features)
{
    if (bytes.size() > limits::module_bytes)
        return failure("module too large: the limit is " + std::to_string(limits::module_bytes) + " bytes");
    auto module = std::make_unique<Module>(std::move(bytes));
    Decoder decoder(*module, features);
    CHECK(decoder.decode_header());
    if (auto decoded = decoder.decode_sections(); !decoded) {
        if (auto earlier = find_malformed_instruction(*module))
            return std::unexpected(*std::move(earlier));
        return std::unexpected(std::move(decoded).error());
    }
    CHECK(decoder.check_lengths());
    module->index_exports();
    return module;
}

} // namespace vitrine::core
