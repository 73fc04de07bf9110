// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "capi/capi.h"

#include <algorithm>
#include <array>
#include <limits>

namespace vitrine::capi {

namespace {

constexpr auto valtypes = [] {
    std::array<wasm_valtype_t, static_cast<size_t>(ValKind::ExnRef) + 1> types {};
    for (size_t i = 0; i < types.size(); ++i)
        types[i].kind = kind_of(static_cast<ValKind>(i));
    return types;
}();

/// Nobody changes it.
wasm_valtype_t* valtype_of(ValKind kind)
{
    return const_cast<wasm_valtype_t*>(&valtypes[static_cast<size_t>(kind)]);
}

/// The function type, or null if there is no memory for all of it.
wasm_functype_t* make_functype(std::span<const ValKind> params, std::span<const ValKind> results)
{
    auto type = std::make_unique<wasm_functype_t>();
    const auto fill = [](wasm_valtype_vec_t& out, std::span<const ValKind> from) {
        allocate(out, from.size());
        for (size_t i = 0; i < out.size; ++i)
            out.data[i] = valtype_of(from[i]);
        return out.size == from.size();
    };
    return fill(type->params, params) && fill(type->results, results) ? type.release() : nullptr;
}

std::vector<ValKind> kinds_of(const wasm_valtype_vec_t& types)
{
    std::vector<ValKind> result;
    for (size_t i = 0; i < types.size; ++i)
        result.push_back(kind_of(types.data[i]->kind).value_or(ValKind::None));
    return result;
}

wasm_externtype_t* copy_of(const wasm_externtype_t& type)
{
    switch (type.kind) {
    case WASM_EXTERN_FUNC: {
        const auto& func = static_cast<const wasm_functype_t&>(type);
        return make_functype(kinds_of(func.params), kinds_of(func.results));
    }
    case WASM_EXTERN_GLOBAL: {
        const auto& global = static_cast<const wasm_globaltype_t&>(type);
        return new wasm_globaltype_t(global.content, global.mutability);
    }
    case WASM_EXTERN_TABLE: {
        const auto& table = static_cast<const wasm_tabletype_t&>(type);
        return new wasm_tabletype_t(table.element, table.limits);
    }
    case WASM_EXTERN_MEMORY: return new wasm_memorytype_t(static_cast<const wasm_memorytype_t&>(type).limits);
    default: return new wasm_externtype_t(type.kind);
    }
}

/// The type as a special one, or null if it is of another kind.
template<class T> T* special(wasm_externtype_t* type, wasm_externkind_t kind)
{
    return type && type->kind == kind ? static_cast<T*>(type) : nullptr;
}

} // namespace

std::optional<ValKind> kind_of(wasm_valkind_t number)
{
    for (auto kind = ValKind::I32; kind <= ValKind::ExnRef;
        kind = static_cast<ValKind>(static_cast<int>(kind) + 1))
        if (kind_of(kind) == number)
            return kind;
    return std::nullopt;
}

wasm_externtype_t* make_type(const FuncType& type) { return make_functype(type.params, type.results); }

wasm_externtype_t* make_type(const GlobalType& type)
{
    return new wasm_globaltype_t(
        { kind_of(type.kind) }, static_cast<wasm_mutability_t>(type.is_mutable ? WASM_VAR : WASM_CONST));
}

wasm_externtype_t* make_type(const TableType& type)
{
    return new wasm_tabletype_t({ kind_of(type.element) }, limits_of(type.min, type.max));
}

wasm_externtype_t* make_type(const MemoryType& type)
{
    return new wasm_memorytype_t(limits_of(type.min, type.max));
}

FuncType type_of(const wasm_functype_t& type) { return { kinds_of(type.params), kinds_of(type.results) }; }

wasm_importtype_t* make_importtype(std::string_view module, std::string_view name, wasm_externtype_t* type)
{
    wasm_name_t made_module, made_name;
    fill(made_module, module);
    fill(made_name, name);
    const bool is_complete = made_module.data && made_name.data;
    auto* const made = wasm_importtype_new(&made_module, &made_name, type);
    if (is_complete)
        return made;
    wasm_importtype_delete(made);
    return nullptr;
}

wasm_exporttype_t* make_exporttype(std::string_view name, wasm_externtype_t* type)
{
    wasm_name_t made_name;
    fill(made_name, name);
    const bool is_complete = made_name.data;
    auto* const made = wasm_exporttype_new(&made_name, type);
    if (is_complete)
        return made;
    wasm_exporttype_delete(made);
    return nullptr;
}

wasm_limits_t limits_of(uint64_t min, std::optional<uint64_t> max)
{
    constexpr uint64_t most = std::numeric_limits<uint32_t>::max();
    return { static_cast<uint32_t>(std::min(min, most)),
        static_cast<uint32_t>(std::min(max.value_or(most), most)) };
}

} // namespace vitrine::capi

using vitrine::capi::copy_of;
using vitrine::capi::guarded;
using vitrine::capi::kind_of;
using vitrine::capi::make_exporttype;
using vitrine::capi::make_importtype;
using vitrine::capi::misuse;
using vitrine::capi::required;
using vitrine::capi::special;
using vitrine::capi::text_of;
using vitrine::capi::valtype_of;

// Value types.

wasm_valtype_t* wasm_valtype_new(wasm_valkind_t kind)
{
    const auto known = kind_of(kind);
    if (!known)
        misuse(__func__, "there is no such kind");
    return valtype_of(*known);
}
void wasm_valtype_delete(wasm_valtype_t*) {}
wasm_valtype_t* wasm_valtype_copy(const wasm_valtype_t* type)
{
    // One in another type ends with that.
    return valtype_of(*kind_of(required(type, __func__, "type").kind));
}
wasm_valkind_t wasm_valtype_kind(const wasm_valtype_t* type) { return required(type, __func__, "type").kind; }

// Types of entities.

#define EXTERN_TYPE(name, kind)                                                                              \
    void wasm_##name##_delete(wasm_##name##_t* type) { delete type; }                                        \
    wasm_##name##_t* wasm_##name##_copy(const wasm_##name##_t* type)                                         \
    {                                                                                                        \
        const auto& original = required(type, __func__, "type");                                             \
        return guarded<wasm_##name##_t*>(                                                                    \
            nullptr, [&] { return static_cast<wasm_##name##_t*>(copy_of(original)); });                      \
    }                                                                                                        \
    wasm_externtype_t* wasm_##name##_as_externtype(wasm_##name##_t* type) { return type; }                   \
    const wasm_externtype_t* wasm_##name##_as_externtype_const(const wasm_##name##_t* type) { return type; } \
    wasm_##name##_t* wasm_externtype_as_##name(wasm_externtype_t* type)                                      \
    {                                                                                                        \
        return special<wasm_##name##_t>(type, kind);                                                         \
    }                                                                                                        \
    const wasm_##name##_t* wasm_externtype_as_##name##_const(const wasm_externtype_t* type)                  \
    {                                                                                                        \
        return special<wasm_##name##_t>(const_cast<wasm_externtype_t*>(type), kind);                         \
    }

EXTERN_TYPE(functype, WASM_EXTERN_FUNC)
EXTERN_TYPE(globaltype, WASM_EXTERN_GLOBAL)
EXTERN_TYPE(tabletype, WASM_EXTERN_TABLE)
EXTERN_TYPE(memorytype, WASM_EXTERN_MEMORY)

void wasm_externtype_delete(wasm_externtype_t* type) { delete type; }
wasm_externtype_t* wasm_externtype_copy(const wasm_externtype_t* type)
{
    const auto& original = required(type, __func__, "type");
    return guarded<wasm_externtype_t*>(nullptr, [&] { return copy_of(original); });
}
wasm_externkind_t wasm_externtype_kind(const wasm_externtype_t* type)
{
    return required(type, __func__, "type").kind;
}

wasm_functype_t::~wasm_functype_t()
{
    wasm_valtype_vec_delete(&params);
    wasm_valtype_vec_delete(&results);
}

wasm_functype_t* wasm_functype_new(wasm_valtype_vec_t* params, wasm_valtype_vec_t* results)
{
    for (wasm_valtype_vec_t* const types : { params, results }) {
        required(types, __func__, types == params ? "params" : "results");
        for (size_t i = 0; i < types->size; ++i)
            required(types->data[i], __func__, "an element");
    }
    auto* const type = new (std::nothrow) wasm_functype_t;
    if (type) {
        type->params = std::exchange(*params, {});
        type->results = std::exchange(*results, {});
    } else {
        wasm_valtype_vec_delete(params);
        wasm_valtype_vec_delete(results);
    }
    return type;
}
const wasm_valtype_vec_t* wasm_functype_params(const wasm_functype_t* type)
{
    return &required(type, __func__, "type").params;
}
const wasm_valtype_vec_t* wasm_functype_results(const wasm_functype_t* type)
{
    return &required(type, __func__, "type").results;
}

wasm_globaltype_t* wasm_globaltype_new(wasm_valtype_t* content, wasm_mutability_t mutability)
{
    return new (std::nothrow) wasm_globaltype_t(required(content, __func__, "content"), mutability);
}
const wasm_valtype_t* wasm_globaltype_content(const wasm_globaltype_t* type)
{
    return &required(type, __func__, "type").content;
}
wasm_mutability_t wasm_globaltype_mutability(const wasm_globaltype_t* type)
{
    return required(type, __func__, "type").mutability;
}

wasm_tabletype_t* wasm_tabletype_new(wasm_valtype_t* element, const wasm_limits_t* limits)
{
    return new (std::nothrow)
        wasm_tabletype_t(required(element, __func__, "element"), required(limits, __func__, "limits"));
}
const wasm_valtype_t* wasm_tabletype_element(const wasm_tabletype_t* type)
{
    return &required(type, __func__, "type").element;
}
const wasm_limits_t* wasm_tabletype_limits(const wasm_tabletype_t* type)
{
    return &required(type, __func__, "type").limits;
}

wasm_memorytype_t* wasm_memorytype_new(const wasm_limits_t* limits)
{
    return new (std::nothrow) wasm_memorytype_t(required(limits, __func__, "limits"));
}
const wasm_limits_t* wasm_memorytype_limits(const wasm_memorytype_t* type)
{
    return &required(type, __func__, "type").limits;
}

// Imports and exports of modules.

wasm_importtype_t::~wasm_importtype_t()
{
    wasm_name_delete(&module);
    wasm_name_delete(&name);
    wasm_externtype_delete(type);
}

wasm_importtype_t* wasm_importtype_new(wasm_name_t* module, wasm_name_t* name, wasm_externtype_t* type)
{
    required(module, __func__, "module");
    required(name, __func__, "name");
    auto* const made = type ? new (std::nothrow) wasm_importtype_t : nullptr;
    if (!made) {
        wasm_name_delete(module);
        wasm_name_delete(name);
        wasm_externtype_delete(type);
        return nullptr;
    }
    made->module = std::exchange(*module, {});
    made->name = std::exchange(*name, {});
    made->type = type;
    return made;
}
void wasm_importtype_delete(wasm_importtype_t* type) { delete type; }
wasm_importtype_t* wasm_importtype_copy(const wasm_importtype_t* type)
{
    const auto& original = required(type, __func__, "type");
    return make_importtype(
        text_of(original.module), text_of(original.name), wasm_externtype_copy(original.type));
}
const wasm_name_t* wasm_importtype_module(const wasm_importtype_t* type)
{
    return &required(type, __func__, "type").module;
}
const wasm_name_t* wasm_importtype_name(const wasm_importtype_t* type)
{
    return &required(type, __func__, "type").name;
}
const wasm_externtype_t* wasm_importtype_type(const wasm_importtype_t* type)
{
    return required(type, __func__, "type").type;
}

wasm_exporttype_t::~wasm_exporttype_t()
{
    wasm_name_delete(&name);
    wasm_externtype_delete(type);
}

wasm_exporttype_t* wasm_exporttype_new(wasm_name_t* name, wasm_externtype_t* type)
{
    required(name, __func__, "name");
    auto* const made = type ? new (std::nothrow) wasm_exporttype_t : nullptr;
    if (!made) {
        wasm_name_delete(name);
        wasm_externtype_delete(type);
        return nullptr;
    }
    made->name = std::exchange(*name, {});
    made->type = type;
    return made;
}
void wasm_exporttype_delete(wasm_exporttype_t* type) { delete type; }
wasm_exporttype_t* wasm_exporttype_copy(const wasm_exporttype_t* type)
{
    const auto& original = required(type, __func__, "type");
    return make_exporttype(text_of(original.name), wasm_externtype_copy(original.type));
}
const wasm_name_t* wasm_exporttype_name(const wasm_exporttype_t* type)
{
    return &required(type, __func__, "type").name;
}
const wasm_externtype_t* wasm_exporttype_type(const wasm_exporttype_t* type)
{
    return required(type, __func__, "type").type;
}
