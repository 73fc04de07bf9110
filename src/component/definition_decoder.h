// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/component.h"
#include "wasm/type_decoder.h"

namespace vitrine::core::component {

/// `invalid leading byte (0x2) for core instance`
std::unexpected<Error> invalid_leading_byte(uint8_t byte, std::string_view what, uint64_t offset);

/// What all decoders of a file have in common.
struct DecoderState {
    FeatureSet features;
    /// Definitions so far, in all components and types of the file.
    uint32_t definitions = 0;
};

/// Decodes single definitions. Items of a section that contain definitions themselves (types of
/// components and instances) are decoded by recursion, whose depth is limited.
class DefinitionDecoder {
public:
    /// Keeps references to all of these.
    DefinitionDecoder(ByteReader& in, DecoderState& state) : in_(in), state_(state), core_(in, state.features)
    {}

    Result<CoreInstanceDef> core_instance();
    Result<CoreTypeDef> core_type();
    Result<InstanceDef> instance();
    Result<AliasDef> alias();
    Result<TypeSectionDef> type();
    Result<CanonDef> canon();
    Result<ImportDef> import();
    Result<ExportDef> exported();

    /// Counts a definition. Fails if the file has too many.
    Result<void> count_definition();

private:
    // type_decoder.cpp
    Result<CoreTypeGroup> core_type_group();
    Result<ModuleTypeDef> module_type();
    Result<ModuleTypeItem> module_type_item();
    Result<ResourceDef> resource();
    Result<FuncType> func_type(bool is_async);
    Result<std::vector<Definition>> type_items(bool is_component);
    Result<Definition> type_item(bool is_component);
    Result<ValueDef> value_def(uint8_t code, uint64_t start);
    Result<std::vector<Field>> fields(std::string_view what, uint32_t limit);
    Result<std::vector<std::string_view>> labels(std::string_view what);
    Result<ValType> val_type();
    Result<std::optional<ValType>> optional_val_type();
    Result<std::optional<ValType>> result_list();
    Result<ExternTypeDef> extern_type();

    // decoder.cpp
    Result<ExternName> extern_name();
    Result<Sort> sort();
    Result<SortIndex> sort_index();
    Result<bool> boolean();
    Result<uint32_t> index() { return in_.leb<uint32_t>(); }
    Result<std::vector<CanonOption>> canon_options();
    Result<void> zero_byte(std::string_view what);

    ByteReader& in_;
    DecoderState& state_;
    core::TypeDecoder core_;
    uint32_t depth_ = 0;
};

} // namespace vitrine::core::component
