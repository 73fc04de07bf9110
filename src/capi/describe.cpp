// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What vitrine.h says about modules.
#include "capi/capi.h"

namespace vitrine::capi {

vitrine_limits_t limits_of(const MemoryType& type)
{
    return { type.min, type.max.value_or(0), type.max.has_value(), type.is_64, type.is_shared };
}

vitrine_limits_t limits_of(const TableType& type)
{
    return { type.min, type.max.value_or(0), type.max.has_value(), type.is_64, false };
}

namespace {

/// Deletes the parts of an entity.
struct DeleteEntity {
    void operator()(vitrine_entity_t* entity) const { vitrine_entity_delete(entity); }
};

/// An entity from its name in the name section, its imports and exports.
void describe(vitrine_entity_t& out, const EntityInfo& row)
{
    out.index = row.index;
    assign(out.name, row.name);
    if (row.import) {
        out.is_imported = true;
        assign(out.import_module, row.import->module);
        assign(out.import_name, row.import->name);
    }
    allocate(out.exports, row.exports.size());
    if (out.exports.size != row.exports.size())
        throw std::bad_alloc();
    for (size_t i = 0; i < out.exports.size; ++i)
        assign(out.exports.data[i], row.exports[i]);
}

void describe_type(vitrine_entity_t& out, const FuncInfo& row)
{
    assign(out.type, row.type.to_text());
    out.offset = row.offset;
    out.end = row.end;
}

void describe_type(vitrine_entity_t& out, const TagInfo& row) { assign(out.type, row.type.to_text()); }

void describe_type(vitrine_entity_t& out, const GlobalInfo& row)
{
    assign(out.type, row.type.type.to_text());
    out.is_mutable = row.type.is_mutable;
}

void describe_type(vitrine_entity_t& out, const TableInfo& row)
{
    assign(out.type, row.type.element_type.to_text());
    out.limits = limits_of(row.type);
}

void describe_type(vitrine_entity_t& out, const MemoryInfo& row) { out.limits = limits_of(row.type); }

/// Describes a row for a caller that knows all of the struct.
template<class Row>
Result<void> describe_to(vitrine_entity_t& out, const std::optional<Row>& row, const char* missing)
{
    if (!row)
        return Error(missing);
    if (out.size < sizeof out)
        return Error("the size of the description is not set");
    vitrine_entity_t made {};
    const std::unique_ptr<vitrine_entity_t, DeleteEntity> owner(&made);
    made.size = out.size;
    describe(made, *row);
    describe_type(made, *row);
    out = std::exchange(made, {});
    return {};
}

Result<void> describe_entity(
    const Module& module, wasm_externkind_t kind, uint32_t index, vitrine_entity_t& out)
{
    switch (kind) {
    case WASM_EXTERN_FUNC: return describe_to(out, module.function(index), "there is no such function");
    case WASM_EXTERN_GLOBAL: return describe_to(out, module.global(index), "there is no such global");
    case WASM_EXTERN_TABLE: return describe_to(out, module.table(index), "there is no such table");
    case WASM_EXTERN_MEMORY: return describe_to(out, module.memory(index), "there is no such memory");
    case VITRINE_EXTERN_TAG: return describe_to(out, module.tag(index), "there is no such tag");
    default: return Error("there is no such kind of entities");
    }
}

/// Empty for what is no kind.
std::optional<ExternKind> extern_kind_of(wasm_externkind_t kind)
{
    switch (kind) {
    case WASM_EXTERN_FUNC: return ExternKind::Func;
    case WASM_EXTERN_GLOBAL: return ExternKind::Global;
    case WASM_EXTERN_TABLE: return ExternKind::Table;
    case WASM_EXTERN_MEMORY: return ExternKind::Memory;
    case VITRINE_EXTERN_TAG: return ExternKind::Tag;
    default: return std::nullopt;
    }
}

void destroy(vitrine_custom_section_t* section) { wasm_name_delete(&section->name); }

} // namespace

} // namespace vitrine::capi

using vitrine::CustomSection;
using vitrine::Module;
using vitrine::Result;
using vitrine::capi::allocate;
using vitrine::capi::assign;
using vitrine::capi::attempt;
using vitrine::capi::describe_entity;
using vitrine::capi::describe_to;
using vitrine::capi::destroy;
using vitrine::capi::destroy_elements;
using vitrine::capi::extern_kind_of;
using vitrine::capi::fill_text;
using vitrine::capi::guarded;
using vitrine::capi::required;

void vitrine_name_vec_delete(vitrine_name_vec_t* names) { destroy_elements(names, wasm_name_delete); }

void vitrine_entity_delete(vitrine_entity_t* entity)
{
    if (!entity)
        return;
    wasm_name_delete(&entity->name);
    wasm_name_delete(&entity->import_module);
    wasm_name_delete(&entity->import_name);
    vitrine_name_vec_delete(&entity->exports);
    wasm_byte_vec_delete(&entity->type);
}

void vitrine_module_name(const wasm_module_t* module, wasm_name_t* out)
{
    const Module& described = required(module, __func__, "module").module();
    fill_text(required(out, __func__, "out"), [&] { return described.name(); });
}

uint64_t vitrine_module_file_offset(const wasm_module_t* module)
{
    return required(module, __func__, "module").module().file_offset();
}

const void* vitrine_module_bytecode(const wasm_module_t* module, size_t* size)
{
    const auto bytes = required(module, __func__, "module").module().bytecode();
    if (!bytes)
        return nullptr;
    required(size, __func__, "size") = bytes->size();
    return bytes->data();
}

bool vitrine_module_owns(const wasm_module_t* module, const wasm_frame_t* frame)
{
    const Module& owner = required(module, __func__, "module").module();
    return owner.owns(required(frame, __func__, "frame").frame);
}

uint32_t vitrine_module_count(const wasm_module_t* module, wasm_externkind_t kind)
{
    const Module& described = required(module, __func__, "module").module();
    const auto counted = extern_kind_of(kind);
    return counted ? described.count(*counted) : 0;
}

bool vitrine_module_find(
    const wasm_module_t* module, wasm_externkind_t kind, const char* name, uint32_t* index)
{
    const Module& searched = required(module, __func__, "module").module();
    const char* const wanted = &required(name, __func__, "name");
    uint32_t& out = required(index, __func__, "index");
    const auto found_kind = extern_kind_of(kind);
    return found_kind && guarded(false, [&] {
        const auto found = searched.find(*found_kind, wanted);
        out = found.value_or(out);
        return found.has_value();
    });
}

vitrine_error_t* vitrine_module_entity(
    const wasm_module_t* module, wasm_externkind_t kind, uint32_t index, vitrine_entity_t* out)
{
    const Module& described = required(module, __func__, "module").module();
    vitrine_entity_t& filled = required(out, __func__, "out");
    return attempt(nullptr, [&] { return describe_entity(described, kind, index, filled); });
}

vitrine_error_t* vitrine_module_func_at(const wasm_module_t* module, uint32_t offset, vitrine_entity_t* out)
{
    const Module& described = required(module, __func__, "module").module();
    vitrine_entity_t& filled = required(out, __func__, "out");
    return attempt(nullptr, [&] {
        return describe_to(filled, described.function_at(offset), "there is no function at this offset");
    });
}

void vitrine_custom_section_vec_delete(vitrine_custom_section_vec_t* sections)
{
    destroy_elements(sections, destroy);
}

vitrine_error_t* vitrine_module_custom_sections(
    const wasm_module_t* module, vitrine_custom_section_vec_t* out)
{
    const Module& described = required(module, __func__, "module").module();
    vitrine_custom_section_vec_t& filled = required(out, __func__, "out");
    return attempt(nullptr, [&]() -> Result<void> {
        const std::vector<CustomSection> rows = described.custom_sections();
        vitrine_custom_section_vec_t made {};
        const std::unique_ptr<vitrine_custom_section_vec_t, decltype(&vitrine_custom_section_vec_delete)>
            owner(&made, vitrine_custom_section_vec_delete);
        allocate(made, rows.size());
        if (made.size != rows.size())
            throw std::bad_alloc();
        for (size_t i = 0; i < rows.size(); ++i) {
            made.data[i] = { {}, rows[i].bytes.data(), rows[i].bytes.size(), rows[i].offset };
            assign(made.data[i].name, rows[i].name);
        }
        filled = std::exchange(made, {});
        return {};
    });
}
