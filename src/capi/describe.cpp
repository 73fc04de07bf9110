// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What vitrine.h says about modules.
#include "capi/capi.h"

#include <algorithm>

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
template<class Row> Result<void> describe_to(vitrine_entity_t& out, const Row* row, const char* missing)
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

/// The row of an index space that has this index, or null.
template<class Row> const Row* at(const std::vector<Row>& rows, uint32_t index)
{
    return index < rows.size() ? &rows[index] : nullptr;
}

const FuncInfo* pointer_to(const std::optional<FuncInfo>& row) { return row ? &*row : nullptr; }

Result<void> describe_entity(
    const Module& module, wasm_externkind_t kind, uint32_t index, vitrine_entity_t& out)
{
    switch (kind) {
    case WASM_EXTERN_FUNC:
        return describe_to(out, pointer_to(module.function(index)), "there is no such function");
    case WASM_EXTERN_GLOBAL: return describe_to(out, at(module.globals(), index), "there is no such global");
    case WASM_EXTERN_TABLE: return describe_to(out, at(module.tables(), index), "there is no such table");
    case WASM_EXTERN_MEMORY: return describe_to(out, at(module.memories(), index), "there is no such memory");
    case VITRINE_EXTERN_TAG: return describe_to(out, at(module.tags(), index), "there is no such tag");
    default: return Error("there is no such kind of entities");
    }
}

size_t count_entities(const Module& module, wasm_externkind_t kind)
{
    switch (kind) {
    case WASM_EXTERN_FUNC: return module.functions().size();
    case WASM_EXTERN_GLOBAL: return module.globals().size();
    case WASM_EXTERN_TABLE: return module.tables().size();
    case WASM_EXTERN_MEMORY: return module.memories().size();
    case VITRINE_EXTERN_TAG: return module.tags().size();
    default: return 0;
    }
}

} // namespace

} // namespace vitrine::capi

using vitrine::Module;
using vitrine::capi::attempt;
using vitrine::capi::count_entities;
using vitrine::capi::describe_entity;
using vitrine::capi::describe_to;
using vitrine::capi::destroy_elements;
using vitrine::capi::fill_text;
using vitrine::capi::guarded;
using vitrine::capi::pointer_to;
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
    return guarded<uint32_t>(0, [&] { return static_cast<uint32_t>(count_entities(described, kind)); });
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
        return describe_to(
            filled, pointer_to(described.function_at(offset)), "there is no function at this offset");
    });
}
