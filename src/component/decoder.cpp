// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/decoder.h"

#include "base/text.h"
#include "component/definition_decoder.h"
#include "wasm/decoder.h"

#include <algorithm>

namespace vitrine::core::component {

std::unexpected<Error> invalid_leading_byte(uint8_t byte, std::string_view what, uint64_t offset)
{
    return failure("invalid leading byte (" + hex(byte) + ") for " + std::string(what), offset);
}

namespace {

std::unexpected<Error> values_are_not_supported(uint64_t offset)
{
    return failure("component model values and start functions are not supported", offset);
}

/// A sort from its first byte and, if that is 0, its second one. Only sorts that components import,
/// export and pass as arguments.
Result<Sort> external_sort(uint8_t first, std::optional<uint8_t> second, uint64_t offset)
{
    constexpr std::string_view what = "component external kind";
    switch (first) {
    case 0x00:
        if (second == 0x11)
            return Sort::CoreModule;
        return invalid_leading_byte(*second, what, offset + 1);
    case 0x01: return Sort::Func;
    case 0x02: return values_are_not_supported(offset);
    case 0x03: return Sort::Type;
    case 0x04: return Sort::Component;
    case 0x05: return Sort::Instance;
    default: return invalid_leading_byte(first, what, offset);
    }
}

Result<Sort> outer_sort(uint8_t first, std::optional<uint8_t> second, uint64_t offset)
{
    constexpr std::string_view what = "component outer alias kind";
    switch (first) {
    case 0x00:
        if (second == 0x10)
            return Sort::CoreType;
        if (second == 0x11)
            return Sort::CoreModule;
        return invalid_leading_byte(*second, what, offset + 1);
    case 0x03: return Sort::Type;
    case 0x04: return Sort::Component;
    default: return invalid_leading_byte(first, what, offset);
    }
}

Result<core::ExternKind> core_kind(uint8_t byte, uint64_t offset)
{
    if (byte > static_cast<uint8_t>(core::ExternKind::Tag))
        return invalid_leading_byte(byte, "external kind", offset);
    return static_cast<core::ExternKind>(byte);
}

} // namespace

// -- Parts of definitions

Result<void> DefinitionDecoder::count_definition()
{
    if (state_.definitions++ == limits::items)
        return failure("too many definitions: the limit is " + std::to_string(limits::items), in_.offset());
    return {};
}

Result<void> DefinitionDecoder::zero_byte(std::string_view what)
{
    const uint64_t start = in_.offset();
    if (const uint8_t byte = TRY(in_.byte()); byte != 0)
        return invalid_leading_byte(byte, what, start);
    return {};
}

Result<bool> DefinitionDecoder::boolean()
{
    const uint64_t start = in_.offset();
    const uint8_t byte = TRY(in_.byte());
    if (byte > 1)
        return failure("invalid boolean value", start);
    return byte == 1;
}

Result<Sort> DefinitionDecoder::sort()
{
    const uint64_t start = in_.offset();
    const uint8_t first = TRY(in_.byte());
    std::optional<uint8_t> second;
    if (first == 0)
        second = TRY(in_.byte());
    return external_sort(first, second, start);
}

Result<SortIndex> DefinitionDecoder::sort_index()
{
    const Sort of = TRY(sort());
    return SortIndex { of, TRY(index()) };
}

/// A name with attributes if its first byte is 2. The bytes 0 and 1 mean the same.
Result<ExternName> DefinitionDecoder::extern_name()
{
    const uint64_t start = in_.offset();
    const uint8_t form = TRY(in_.byte());
    if (form > 2)
        return invalid_leading_byte(form, "component name", start);
    ExternName name { .name = TRY(in_.name()) };
    if (form != 2)
        return name;
    for (uint32_t left = TRY(in_.count("attributes of a name", limits::items)); left > 0; --left) {
        const uint64_t at = in_.offset();
        const uint8_t attribute = TRY(in_.byte());
        if (attribute > 2)
            return invalid_leading_byte(attribute, "name option", at);
        constexpr std::string_view texts[] = { "implements", "versionsuffix", "external-id" };
        std::optional<std::string_view>* const slots[] = { &name.implements, &name.version_suffix,
            &name.external_id };
        if (*slots[attribute])
            return failure("duplicate '" + std::string(texts[attribute]) + "' option in name", at);
        *slots[attribute] = TRY(in_.name());
    }
    return name;
}

// -- Instances, aliases, imports and exports

Result<CoreInstanceDef> DefinitionDecoder::core_instance()
{
    const uint64_t start = in_.offset();
    const uint8_t form = TRY(in_.byte());
    CoreInstanceDef def;
    if (form == 0x00) {
        def.module = TRY(index());
        for (uint32_t left = TRY(in_.count("core instantiation arguments", limits::arguments)); left > 0;
            --left) {
            CoreArgument argument { TRY(in_.name()), 0 };
            const uint64_t at = in_.offset();
            if (const uint8_t kind = TRY(in_.byte()); kind != 0x12)
                return invalid_leading_byte(kind, "instantiation arg kind", at);
            argument.index = TRY(index());
            def.arguments.push_back(argument);
        }
    } else if (form == 0x01) {
        for (uint32_t left = TRY(in_.count("core instantiation exports", limits::arguments)); left > 0;
            --left) {
            CoreExport item {};
            item.name = TRY(in_.name());
            const uint64_t at = in_.offset();
            item.kind = TRY(core_kind(TRY(in_.byte()), at));
            item.index = TRY(index());
            def.exports.push_back(item);
        }
    } else {
        return invalid_leading_byte(form, "core instance", start);
    }
    return def;
}

Result<InstanceDef> DefinitionDecoder::instance()
{
    const uint64_t start = in_.offset();
    const uint8_t form = TRY(in_.byte());
    InstanceDef def;
    if (form == 0x00) {
        def.component = TRY(index());
        for (uint32_t left = TRY(in_.count("instantiation arguments", limits::arguments)); left > 0; --left) {
            const std::string_view name = TRY(in_.name());
            def.arguments.push_back({ name, TRY(sort_index()) });
        }
    } else if (form == 0x01) {
        for (uint32_t left = TRY(in_.count("instantiation exports", limits::arguments)); left > 0; --left) {
            const ExternName name = TRY(extern_name());
            def.exports.push_back({ name, TRY(sort_index()) });
        }
    } else {
        return invalid_leading_byte(form, "instance", start);
    }
    return def;
}

Result<AliasDef> DefinitionDecoder::alias()
{
    const uint64_t start = in_.offset();
    const uint8_t first = TRY(in_.byte());
    std::optional<uint8_t> second;
    if (first == 0)
        second = TRY(in_.byte());
    const uint64_t target_offset = in_.offset();
    const uint8_t target = TRY(in_.byte());
    switch (target) {
    case 0x00: {
        const Sort sort = TRY(external_sort(first, second, start));
        const uint32_t instance = TRY(index());
        return AliasDef { sort, ExportAlias { instance, TRY(in_.name()) } };
    }
    case 0x01: {
        if (!second)
            return invalid_leading_byte(first, "core instance export kind", start);
        const auto kind = TRY(core_kind(*second, start + 1));
        const uint32_t instance = TRY(index());
        // The core sorts have the order of `ExternKind`.
        return AliasDef { static_cast<Sort>(kind), CoreExportAlias { instance, TRY(in_.name()) } };
    }
    case 0x02: {
        const Sort sort = TRY(outer_sort(first, second, start));
        const uint32_t outer = TRY(index());
        return AliasDef { sort, OuterAlias { outer, TRY(index()) } };
    }
    default: return invalid_leading_byte(target, "alias", target_offset);
    }
}

Result<ImportDef> DefinitionDecoder::import()
{
    const ExternName name = TRY(extern_name());
    return ImportDef { name, TRY(extern_type()) };
}

Result<ExportDef> DefinitionDecoder::exported()
{
    ExportDef def { TRY(extern_name()), TRY(sort_index()), {} };
    const uint64_t start = in_.offset();
    const uint8_t has_type = TRY(in_.byte());
    if (has_type > 1)
        return invalid_leading_byte(has_type, "optional component export type", start);
    if (has_type == 1)
        def.type = TRY(extern_type());
    return def;
}

// -- Canonical definitions

namespace {

/// What follows the code of a canonical definition.
enum class CanonImmediates : uint8_t {
    None,
    Lift,        ///< 0x00, core function, options, type
    Lower,       ///< 0x00, function, options
    Type,        ///< type
    CoreType,    ///< core type
    Flag,        ///< whether it is async or cancellable
    Result,      ///< result list, options
    Context,     ///< core value type, slot
    TypeOptions, ///< type, options
    TypeFlag,    ///< type, whether it is async
    Options,     ///< options
    FlagMemory,  ///< whether it is cancellable, memory
    TypeTable,   ///< core type, table
};

struct CanonRow {
    CanonOp op;
    uint8_t code;
    CanonImmediates immediates;
};

constexpr CanonRow canon_rows[] = {
#define CANON(name, code, text, immediates, rule, signature) \
    { CanonOp::name, code, CanonImmediates::immediates },
#include "component/canon.inc"
};

} // namespace

Result<std::vector<CanonOption>> DefinitionDecoder::canon_options()
{
    std::vector<CanonOption> options;
    for (uint32_t left = TRY(in_.count("canonical options", limits::canon_options)); left > 0; --left) {
        const uint64_t start = in_.offset();
        const uint8_t code = TRY(in_.byte());
        if (code > static_cast<uint8_t>(CanonOptionKind::Callback))
            return invalid_leading_byte(code, "canonical option", start);
        CanonOption option { static_cast<CanonOptionKind>(code) };
        if (option.kind >= CanonOptionKind::Memory && option.kind != CanonOptionKind::Async)
            option.index = TRY(index());
        options.push_back(option);
    }
    return options;
}

Result<CanonDef> DefinitionDecoder::canon()
{
    const uint64_t start = in_.offset();
    const uint8_t code = TRY(in_.byte());
    const auto* row = std::ranges::find(canon_rows, code, &CanonRow::code);
    if (row == std::end(canon_rows))
        return invalid_leading_byte(code, "canonical function", start);
    CanonDef def { .op = row->op };
    switch (row->immediates) {
    case CanonImmediates::None: break;
    case CanonImmediates::Lift:
        CHECK(zero_byte("canonical function lift"));
        def.index = TRY(index());
        def.option_list = TRY(canon_options());
        def.second = TRY(index());
        break;
    case CanonImmediates::Lower:
        CHECK(zero_byte("canonical function lower"));
        def.index = TRY(index());
        def.option_list = TRY(canon_options());
        break;
    case CanonImmediates::Type:
    case CanonImmediates::CoreType: def.index = TRY(index()); break;
    case CanonImmediates::Flag: def.flag = TRY(boolean()); break;
    case CanonImmediates::Result:
        def.result = TRY(result_list());
        def.option_list = TRY(canon_options());
        break;
    case CanonImmediates::Context:
        def.context = TRY(core::decode_value_type(in_));
        def.second = TRY(index());
        break;
    case CanonImmediates::TypeOptions:
        def.index = TRY(index());
        def.option_list = TRY(canon_options());
        break;
    case CanonImmediates::TypeFlag:
        def.index = TRY(index());
        def.flag = TRY(boolean());
        break;
    case CanonImmediates::Options: def.option_list = TRY(canon_options()); break;
    case CanonImmediates::FlagMemory:
        def.flag = TRY(boolean());
        def.second = TRY(index());
        break;
    case CanonImmediates::TypeTable:
        def.index = TRY(index());
        def.second = TRY(index());
        break;
    }
    return def;
}

// -- Sections

namespace {

/// Adds the place of a nested component or module to the offset of an error inside it.
template<class T> Result<T> at_place(Result<T> result, uint64_t place)
{
    if (!result)
        result.error().offset = result.error().offset.value_or(0) + place;
    return result;
}

Result<std::unique_ptr<Component>> decode(
    std::shared_ptr<const FileBytes> file, Bytes part, DecoderState& state, uint32_t depth);

/// Decodes the sections of one component.
class SectionDecoder {
public:
    SectionDecoder(Component& component, ByteReader in, DecoderState& state, uint32_t depth)
        : component_(component), in_(in), state_(state), depth_(depth)
    {}

    Result<void> decode_sections()
    {
        while (!in_.at_end()) {
            const uint64_t start = in_.offset();
            const uint8_t id = TRY(in_.byte());
            if (id > 12)
                return failure("malformed section id", start);
            const uint32_t size = TRY(in_.length());
            ByteReader section = TRY(in_.sub_reader(size));
            CHECK(decode_section(id, start, section));
            if (!section.at_end())
                return failure("section size mismatch", section.offset());
        }
        return {};
    }

private:
    Result<void> decode_section(uint8_t id, uint64_t start, ByteReader& in)
    {
        using D = DefinitionDecoder;
        switch (id) {
        case 0: return decode_custom(in);
        case 1: return decode_core_module(in);
        case 2: return decode_items("core instances", in, &D::core_instance);
        case 3: return decode_items("core types", in, &D::core_type);
        case 4: return decode_component(in);
        case 5: return decode_items("instances", in, &D::instance);
        case 6: return decode_items("aliases", in, &D::alias);
        case 7: return decode_items("types", in, &D::type);
        case 8: return decode_items("canonical definitions", in, &D::canon);
        case 10: return decode_items("imports", in, &D::import);
        case 11: return decode_items("exports", in, &D::exported);
        default: return values_are_not_supported(start);
        }
    }

    template<class Def>
    Result<void> decode_items(
        std::string_view what, ByteReader& in, Result<Def> (DefinitionDecoder::*decode)())
    {
        DefinitionDecoder decoder(in, state_);
        for (uint32_t left = TRY(in.count(what, limits::items)); left > 0; --left) {
            CHECK(decoder.count_definition());
            const auto offset = static_cast<CodeOffset>(in.offset());
            component_.definitions.push_back({ TRY((decoder.*decode)()), offset });
        }
        return {};
    }

    Result<void> decode_custom(ByteReader& in)
    {
        if (component_.customs.size() == limits::items)
            return failure(
                "too many custom sections: the limit is " + std::to_string(limits::items), in.offset());
        CustomSection section;
        section.name = TRY(in.name());
        section.offset = static_cast<CodeOffset>(in.offset());
        section.bytes = TRY(in.bytes(in.remaining()));
        component_.customs.push_back(section);
        return {};
    }

    /// Fails if a section does not hold a binary of this layer.
    static Result<void> check_header(ByteReader in, core::Layer layer)
    {
        const uint64_t start = in.offset();
        if (TRY(core::decode_header(in)) != layer)
            return failure(layer == core::Layer::Module ? "expected a version header for a module"
                                                        : "expected a version header for a component",
                start + 4);
        return {};
    }

    Result<void> decode_core_module(ByteReader& in)
    {
        CHECK(DefinitionDecoder(in, state_).count_definition());
        CHECK(check_header(in, core::Layer::Module));
        const uint64_t start = in.offset();
        const Bytes part = TRY(in.bytes(in.remaining()));
        std::shared_ptr<core::Module> module =
            TRY(at_place(core::decode_module(component_.file(), part, state_.features), start));
        component_.definitions.push_back(
            { CoreModuleDef { std::move(module) }, static_cast<CodeOffset>(start) });
        return {};
    }

    Result<void> decode_component(ByteReader& in)
    {
        CHECK(DefinitionDecoder(in, state_).count_definition());
        CHECK(check_header(in, core::Layer::Component));
        const uint64_t start = in.offset();
        const Bytes part = TRY(in.bytes(in.remaining()));
        std::shared_ptr<Component> nested =
            TRY(at_place(decode(component_.file(), part, state_, depth_ + 1), start));
        component_.definitions.push_back(
            { NestedComponentDef { std::move(nested) }, static_cast<CodeOffset>(start) });
        return {};
    }

    Component& component_;
    ByteReader in_;
    DecoderState& state_;
    const uint32_t depth_;
};

Result<std::unique_ptr<Component>> decode(
    std::shared_ptr<const FileBytes> file, Bytes part, DecoderState& state, uint32_t depth)
{
    if (depth > limits::nesting)
        return failure(
            "components are nested too deeply: the limit is " + std::to_string(limits::nesting), 0);
    ByteReader in(part);
    if (TRY(core::decode_header(in)) != core::Layer::Component)
        return failure("unknown binary version: this is a core module, not a component", 4);
    auto component = std::make_unique<Component>(std::move(file), part);
    CHECK(SectionDecoder(*component, in, state, depth).decode_sections());
    return component;
}

} // namespace

bool is_component(Bytes bytes)
{
    constexpr std::array<uint8_t, 4> magic { 0x00, 'a', 's', 'm' };
    return bytes.size() >= 8 && std::ranges::equal(bytes.first(4), magic) && load<uint16_t>(&bytes[6]) == 1;
}

Result<std::unique_ptr<Component>> decode_component(
    std::shared_ptr<const FileBytes> file, Bytes part, FeatureSet features)
{
    if (part.size() > core::limits::module_bytes)
        return failure(
            "component too large: the limit is " + std::to_string(core::limits::module_bytes) + " bytes", 0);
    DecoderState state { features };
    return decode(std::move(file), part, state, 1);
}

} // namespace vitrine::core::component
