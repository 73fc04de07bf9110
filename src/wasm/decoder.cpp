// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/decoder.h"

#include "wasm/body_validator.h"
#include "wasm/instruction.h"
#include "wasm/type_decoder.h"

#include <algorithm>
#include <array>

// [doc] Decoding a module
//
// One reader processes the whole file, like the decoder of the specification's reference
// interpreter. So an item that extends beyond the end of its section is detected at that end.
// Function bodies are skipped.

namespace vitrine::core {

namespace {

constexpr uint8_t custom_section = 0;

class Decoder {
public:
    /// Decodes what follows the header.
    Decoder(Module& module, FeatureSet features, ByteReader in)
        : module_(module), features_(features), in_(in), types_(in_, features)
    {}
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

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
    /// Decodes a vector and appends each item to `items`.
    template<class Items, class DecodeItem>
    Result<void> decode_items(std::string_view what, Items& items, DecodeItem decode_item);
    template<class Kind> Result<Index<Kind>> index() { return Index<Kind> { TRY(in_.leb<uint32_t>()) }; }
    CodeOffset offset() const { return static_cast<CodeOffset>(in_.offset()); }

    Module& module_;
    const FeatureSet features_;
    ByteReader in_;
    TypeDecoder types_;
    uint32_t defined_functions_ = 0;
};

/// All sections except custom ones, in the order in which they appear in a file.
/// [spec: binary/modules]
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

// -- Sections

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

template<class Items, class DecodeItem>
Result<void> Decoder::decode_items(std::string_view what, Items& items, DecodeItem decode_item)
{
    const uint32_t added =
        TRY(in_.count(what, limits::items - std::min<size_t>(items.size(), limits::items)));
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
    const uint32_t groups = TRY(in_.count("types", limits::items));
    for (uint32_t i = 0; i < groups; ++i)
        CHECK(types_.decode_recursion_group(module_.types));
    module_.types.shrink_to_fit();
    return {};
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
    const uint32_t imports = TRY(in_.count("imports", limits::items));
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
    const ExternDesc type = TRY(types_.decode_extern_type("import"));
    import.kind = kind_of(type);
    import.index = module_.imported(import.kind);
    const CodeOffset start = import.offset;
    switch (import.kind) {
    case ExternKind::Func:
        module_.functions.push_back({ std::get<ExternFunc<TypeIndex>>(type).type, start });
        break;
    case ExternKind::Table:
        module_.tables.push_back({ .type = std::get<TableType>(type), .offset = start });
        break;
    case ExternKind::Memory: module_.memories.push_back({ std::get<MemoryType>(type), start }); break;
    case ExternKind::Global:
        module_.globals.push_back({ .type = std::get<GlobalType>(type), .offset = start });
        break;
    case ExternKind::Tag: module_.tags.push_back({ std::get<ExternTag<TypeIndex>>(type).type, start }); break;
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
        table.type = TRY(types_.decode_table_type());
        if (has_init)
            table.init = TRY(decode_const_expr());
        return table;
    });
}

Result<void> Decoder::decode_memories()
{
    return decode_items("memories", module_.memories, [&]() -> Result<MemoryDecl> {
        const CodeOffset start = offset();
        return MemoryDecl { TRY(types_.decode_memory_type()), start };
    });
}

Result<void> Decoder::decode_tags()
{
    if (!features_.has(Feature::LegacyExceptions))
        CHECK(check_feature(features_, Feature::Exceptions, "the tag section", offset()));
    return decode_items("tags", module_.tags, [&]() -> Result<TagDecl> {
        const CodeOffset start = offset();
        return TagDecl { TRY(types_.decode_tag_type()), start };
    });
}

Result<void> Decoder::decode_globals()
{
    return decode_items("globals", module_.globals, [&]() -> Result<GlobalDecl> {
        GlobalDecl global { .type = {}, .offset = offset() };
        global.type = TRY(types_.decode_global_type());
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

/// The three low bits of the flags: the segment is not active; it names a table or is declarative;
/// its items are expressions. [spec: binary/modules, element section]
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
        elem.type = has_exprs ? TRY(types_.decode_ref_type()) : TRY(decode_elem_kind());
    const uint32_t size = TRY(in_.count("elements of a segment", limits::segment_items));
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
    const uint32_t bodies = TRY(in_.count("function bodies", limits::items));
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

/// Returns the number of locals.
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

/// Validation decodes the bodies. If something after them is malformed, an error inside them must
/// still be reported first.
std::optional<Error> find_malformed_instruction(const Module& module)
{
    for (const FuncMeta& body : module.bodies) {
        // The last instruction may extend beyond the body.
        ByteReader in(module.bytes().subspan(body.code_offset), body.code_offset);
        while (in.offset() < body.end_offset)
            if (auto instruction = decode_instruction(in); !instruction)
                return std::move(instruction).error();
    }
    return std::nullopt;
}

Result<Layer> decode_header(ByteReader& in)
{
    constexpr std::array<uint8_t, 4> magic { 0x00, 'a', 's', 'm' };
    const uint64_t start = in.offset();
    if (!std::ranges::equal(TRY(in.bytes(magic.size())), magic))
        return failure("magic header not detected", start);
    const Bytes version_and_layer = TRY(in.bytes(4));
    const auto version = load<uint16_t>(version_and_layer.data());
    const auto layer = load<uint16_t>(&version_and_layer[2]);
    if (layer == 0 && version == 1)
        return Layer::Module;
    if (layer == 1 && version == 0x0d)
        return Layer::Component;
    return failure("unknown binary version" + std::string(layer == 1 ? " of a component" : ""), start + 4);
}

Result<std::unique_ptr<Module>> decode_module(
    std::shared_ptr<const FileBytes> file, Bytes part, FeatureSet features)
{
    if (part.size() > limits::module_bytes)
        return failure("module too large: the limit is " + std::to_string(limits::module_bytes) + " bytes");
    ByteReader in(part);
    if (TRY(decode_header(in)) != Layer::Module)
        return failure("unknown binary version: this is a component, not a core module", 4);
    auto module = std::make_unique<Module>(std::move(file), part);
    Decoder decoder(*module, features, in);
    if (auto decoded = decoder.decode_sections(); !decoded) {
        if (auto earlier = find_malformed_instruction(*module))
            return std::unexpected(*std::move(earlier));
        return std::unexpected(std::move(decoded).error());
    }
    CHECK(decoder.check_lengths());
    module->index_exports();
    return module;
}

Result<std::unique_ptr<Module>> decode_module(std::vector<uint8_t> bytes, FeatureSet features)
{
    auto file = std::make_shared<const FileBytes>(std::move(bytes));
    const Bytes all = file->bytes();
    return decode_module(std::move(file), all, features);
}

} // namespace vitrine::core
