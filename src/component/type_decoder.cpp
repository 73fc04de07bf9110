// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The types in a component. [component model: Binary, type definitions]
#include "component/definition_decoder.h"

#include "wasm/decoder.h"

namespace vitrine::core::component {

namespace {

std::optional<Primitive> find_primitive(uint8_t code)
{
    // From bool down to string, in order.
    constexpr uint8_t first = 0x7f, last = 0x73, error_context = 0x64;
    if (code == error_context)
        return Primitive::ErrorContext;
    if (code < last || code > first)
        return std::nullopt;
    return static_cast<Primitive>(first - code);
}

/// Counts levels of recursion while it lives.
class Level {
public:
    explicit Level(uint32_t& depth) : depth_(depth) { ++depth_; }
    ~Level() { --depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

private:
    uint32_t& depth_;
};

} // namespace

// -- Core types

Result<CoreTypeGroup> DefinitionDecoder::core_type_group()
{
    CoreTypeGroup group;
    CHECK(core_.decode_recursion_group(group.types));
    return group;
}

/// The byte 0x50 begins both a module type and a sub type that is not final. So a sub type has 0x00
/// in front of it here.
Result<CoreTypeDef> DefinitionDecoder::core_type()
{
    if (in_.at_end())
        return failure("unexpected end of section or function", in_.offset());
    if (in_.peek() == 0x50) {
        CHECK(in_.byte());
        return CoreTypeDef { TRY(module_type()) };
    }
    if (in_.peek() == 0x00) {
        CHECK(in_.byte());
        if (!in_.at_end() && in_.peek() != 0x50)
            return invalid_leading_byte(in_.peek(), "non-final sub type", in_.offset());
    }
    return CoreTypeDef { TRY(core_type_group()) };
}

Result<ModuleTypeDef> DefinitionDecoder::module_type()
{
    ModuleTypeDef def;
    for (uint32_t left = TRY(in_.count("declarations of a module type", limits::items)); left > 0; --left) {
        CHECK(count_definition());
        def.items.push_back(TRY(module_type_item()));
    }
    return def;
}

Result<ModuleTypeItem> DefinitionDecoder::module_type_item()
{
    const uint64_t start = in_.offset();
    const auto offset = static_cast<CodeOffset>(start);
    const uint8_t code = TRY(in_.byte());
    switch (code) {
    case 0x00: {
        const std::string_view module = TRY(in_.name()), name = TRY(in_.name());
        return ModuleTypeItem { ModuleTypeImport { module, name, TRY(core_.decode_extern_type("import")) },
            offset };
    }
    case 0x01: return ModuleTypeItem { TRY(core_type_group()), offset };
    case 0x02: {
        if (const uint8_t kind = TRY(in_.byte()); kind != 0x10)
            return invalid_leading_byte(kind, "outer alias kind", start + 1);
        if (const uint8_t target = TRY(in_.byte()); target != 0x01)
            return invalid_leading_byte(target, "outer alias target", start + 2);
        const uint32_t outer = TRY(index());
        return ModuleTypeItem { ModuleTypeAlias { outer, TRY(index()) }, offset };
    }
    case 0x03: {
        const std::string_view name = TRY(in_.name());
        return ModuleTypeItem { ModuleTypeExport { name, TRY(core_.decode_extern_type("export")) }, offset };
    }
    default: return invalid_leading_byte(code, "type definition", start);
    }
}

// -- Value types

Result<ValType> DefinitionDecoder::val_type()
{
    const uint64_t start = in_.offset();
    if (!in_.at_end())
        if (const auto primitive = find_primitive(in_.peek())) {
            CHECK(in_.byte());
            return *primitive;
        }
    const uint8_t first = in_.at_end() ? 0 : in_.peek();
    const auto number = TRY((in_.leb<int64_t, 33>()));
    if (number < 0)
        return invalid_leading_byte(first, "component value type", start);
    // Larger indices do not exist, and would not fit.
    if (number > limits::items)
        return failure("unknown type " + std::to_string(number) + ": type index out of bounds", start);
    return TypeId { static_cast<uint32_t>(number) };
}

Result<std::optional<ValType>> DefinitionDecoder::optional_val_type()
{
    const uint64_t start = in_.offset();
    const uint8_t byte = TRY(in_.byte());
    if (byte > 1)
        return invalid_leading_byte(byte, "optional component value type", start);
    if (byte == 0)
        return std::nullopt;
    return TRY(val_type());
}

Result<std::optional<ValType>> DefinitionDecoder::result_list()
{
    const uint64_t start = in_.offset();
    const uint8_t byte = TRY(in_.byte());
    if (byte == 0x00)
        return TRY(val_type());
    if (byte != 0x01)
        return invalid_leading_byte(byte, "component function results", start);
    CHECK(zero_byte("number of results"));
    return std::nullopt;
}

Result<std::vector<Field>> DefinitionDecoder::fields(std::string_view what, uint32_t limit)
{
    std::vector<Field> list(TRY(in_.count(what, limit)));
    for (Field& field : list) {
        field.name = TRY(in_.name());
        field.type = TRY(val_type());
    }
    return list;
}

Result<std::vector<std::string_view>> DefinitionDecoder::labels(std::string_view what)
{
    std::vector<std::string_view> list(TRY(in_.count(what, limits::fields)));
    for (std::string_view& label : list)
        label = TRY(in_.name());
    return list;
}

Result<ValueDef> DefinitionDecoder::value_def(uint8_t code, uint64_t start)
{
    if (const auto primitive = find_primitive(code))
        return *primitive;
    switch (code) {
    case 0x72: return RecordType { TRY(fields("record fields", limits::fields)) };
    case 0x71: {
        VariantType variant;
        variant.cases.resize(TRY(in_.count("variant cases", limits::fields)));
        for (Case& item : variant.cases) {
            item.name = TRY(in_.name());
            item.type = TRY(optional_val_type());
            CHECK(zero_byte("zero byte required"));
        }
        return variant;
    }
    case 0x70: return ListType { TRY(val_type()) };
    case 0x6f: {
        TupleType tuple;
        tuple.types.resize(TRY(in_.count("tuple types", limits::fields)));
        for (ValType& type : tuple.types)
            type = TRY(val_type());
        return tuple;
    }
    case 0x6e: return FlagsType { TRY(labels("flag names")) };
    case 0x6d: return EnumType { TRY(labels("enum cases")) };
    case 0x6b: return OptionType { TRY(val_type()) };
    case 0x6a: {
        const auto ok = TRY(optional_val_type());
        return ResultType { ok, TRY(optional_val_type()) };
    }
    case 0x69: return OwnType { { TRY(index()) } };
    case 0x68: return BorrowType { { TRY(index()) } };
    case 0x67: {
        const ValType element = TRY(val_type());
        return ListType { element, TRY(index()) };
    }
    case 0x66: return StreamType { TRY(optional_val_type()) };
    case 0x65: return FutureType { TRY(optional_val_type()) };
    case 0x63: {
        const ValType key = TRY(val_type());
        return MapType { key, TRY(val_type()) };
    }
    default: return invalid_leading_byte(code, "component defined type", start);
    }
}

// -- Other types

Result<FuncType> DefinitionDecoder::func_type(bool is_async)
{
    auto params = TRY(fields("parameters", limits::params));
    return FuncType { std::move(params), TRY(result_list()), is_async };
}

Result<ResourceDef> DefinitionDecoder::resource()
{
    ResourceDef def { TRY(core::decode_value_type(in_)), {} };
    const uint64_t start = in_.offset();
    const uint8_t has_destructor = TRY(in_.byte());
    if (has_destructor > 1)
        return invalid_leading_byte(has_destructor, "resource destructor", start);
    if (has_destructor == 1)
        def.destructor = TRY(index());
    return def;
}

Result<TypeSectionDef> DefinitionDecoder::type()
{
    const uint64_t start = in_.offset();
    const uint8_t code = TRY(in_.byte());
    switch (code) {
    case 0x3f: return TypeSectionDef { TRY(resource()) };
    case 0x40: return TypeSectionDef { TRY(func_type(false)) };
    case 0x43: return TypeSectionDef { TRY(func_type(true)) };
    case 0x41: return TypeSectionDef { ComponentTypeDef { TRY(type_items(true)) } };
    case 0x42: return TypeSectionDef { InstanceTypeDef { TRY(type_items(false)) } };
    default: return TypeSectionDef { TRY(value_def(code, start)) };
    }
}

Result<std::vector<Definition>> DefinitionDecoder::type_items(bool is_component)
{
    const Level level(depth_);
    if (depth_ > limits::nesting)
        return failure(
            "type nesting is too deep: the limit is " + std::to_string(limits::nesting), in_.offset());
    std::vector<Definition> items;
    for (uint32_t left = TRY(in_.count("declarations of a type", limits::items)); left > 0; --left) {
        CHECK(count_definition());
        items.push_back(TRY(type_item(is_component)));
    }
    return items;
}

Result<Definition> DefinitionDecoder::type_item(bool is_component)
{
    const uint64_t start = in_.offset();
    const auto offset = static_cast<CodeOffset>(start);
    const uint8_t code = TRY(in_.byte());
    switch (code) {
    case 0x00: return Definition { TRY(core_type()), offset };
    case 0x01: return Definition { TRY(type()), offset };
    case 0x02: return Definition { TRY(alias()), offset };
    case 0x03:
        if (is_component)
            return Definition { TRY(import()), offset };
        break;
    case 0x04: {
        const ExternName name = TRY(extern_name());
        return Definition { ExportDef { name, {}, TRY(extern_type()) }, offset };
    }
    default: break;
    }
    return invalid_leading_byte(code, "component or instance type declaration", start);
}

Result<ExternTypeDef> DefinitionDecoder::extern_type()
{
    const Sort of = TRY(sort());
    if (of != Sort::Type)
        return ExternTypeDef { of, TRY(index()) };
    const uint64_t start = in_.offset();
    const uint8_t bound = TRY(in_.byte());
    if (bound > 1)
        return invalid_leading_byte(bound, "type bound", start);
    if (bound == 1)
        return ExternTypeDef { of, {} };
    return ExternTypeDef { of, TRY(index()) };
}

} // namespace vitrine::core::component
