// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules and instances.
#include "capi/capi.h"

#include <algorithm>

namespace vitrine::capi {

namespace {

std::span<const std::byte> bytes_of(const wasm_byte_vec_t& bytes)
{
    return std::as_bytes(std::span(bytes.data, bytes.size));
}

std::span<const std::byte> bytes_of(const void* bytes, size_t size)
{
    return { static_cast<const std::byte*>(bytes), size };
}

wasm_module_t* module_or_null(const std::shared_ptr<StoreBody>& store, const Result<Module>& module)
{
    return module ? make_module(store, *module) : nullptr;
}

/// The type of an entity of a module.
wasm_externtype_t* make_type_of(const Module& module, ExternKind kind, uint32_t index)
{
    switch (kind) {
    case ExternKind::Func: return make_type(module.function(index)->type);
    case ExternKind::Table: return make_type(module.table(index)->type);
    case ExternKind::Memory: return make_type(module.memory(index)->type);
    case ExternKind::Global: return make_type(module.global(index)->type);
    case ExternKind::Tag: break;
    }
    return new wasm_externtype_t(tag_kind);
}

/// Fills a vector with what `make` makes of each row.
template<class V, class Row, class F> void fill_rows(V& out, const std::vector<Row>& rows, const F& make)
{
    allocate(out, rows.size());
    if (out.size != rows.size())
        throw std::bad_alloc();
    for (size_t i = 0; i < out.size; ++i) {
        out.data[i] = make(rows[i]);
        if (!out.data[i])
            throw std::bad_alloc();
    }
}

/// Sets `out` to a reference to the module.
Result<void> give(const std::shared_ptr<StoreBody>& store, Result<Module> module, wasm_module_t*& out)
{
    if (!module)
        return std::move(module).error();
    out = make_module(store, *module);
    return {};
}

} // namespace

wasm_module_t* make_module(const std::shared_ptr<StoreBody>& store, const Module& module)
{
    const std::lock_guard lock(store->modules_mutex);
    auto& modules = store->modules;
    std::erase_if(modules, [](const auto& known) { return known.expired(); });
    for (const auto& known : modules)
        if (auto shared = known.lock(); shared && shared->value == module)
            return make<wasm_module_t>(store, std::move(shared));
    auto shared = std::make_shared<Shared<Module>>(module);
    modules.push_back(shared);
    return make<wasm_module_t>(store, std::move(shared));
}

std::vector<Extern> externs_of(std::span<wasm_extern_t* const> imports, const char* function)
{
    std::vector<Extern> result;
    for (const wasm_extern_t* const item : imports)
        result.push_back(*extern_of(required(item, function, "an import")));
    return result;
}

} // namespace vitrine::capi

using vitrine::ExportInfo;
using vitrine::Extern;
using vitrine::ImportInfo;
using vitrine::Instance;
using vitrine::Module;
using vitrine::Result;
using vitrine::capi::attempt;
using vitrine::capi::bytes_of;
using vitrine::capi::externs_of;
using vitrine::capi::fill;
using vitrine::capi::fill_rows;
using vitrine::capi::give;
using vitrine::capi::guarded;
using vitrine::capi::HostInfo;
using vitrine::capi::make;
using vitrine::capi::make_exporttype;
using vitrine::capi::make_extern;
using vitrine::capi::make_importtype;
using vitrine::capi::make_memory;
using vitrine::capi::make_module;
using vitrine::capi::make_trap;
using vitrine::capi::make_type_of;
using vitrine::capi::module_or_null;
using vitrine::capi::required;
using vitrine::capi::text_of;

wasm_module_t* wasm_module_new(wasm_store_t* store, const wasm_byte_vec_t* binary)
{
    const auto& body = required(store, __func__, "store").body;
    const auto bytes = bytes_of(required(binary, __func__, "binary"));
    return guarded<wasm_module_t*>(
        nullptr, [&] { return module_or_null(body, Module::from_bytes(body->engine, bytes)); });
}

bool wasm_module_validate(wasm_store_t* store, const wasm_byte_vec_t* binary)
{
    const auto& body = required(store, __func__, "store").body;
    const auto bytes = bytes_of(required(binary, __func__, "binary"));
    return guarded(false, [&] { return Module::from_bytes(body->engine, bytes).has_value(); });
}

void wasm_module_imports(const wasm_module_t* module, wasm_importtype_vec_t* out)
{
    const Module& described = required(module, __func__, "module").module();
    required(out, __func__, "out") = {};
    const bool is_done = guarded(false, [&] {
        fill_rows(*out, described.imports(), [&](const ImportInfo& row) {
            return make_importtype(row.module, row.name, make_type_of(described, row.kind, row.index));
        });
        return true;
    });
    if (!is_done)
        wasm_importtype_vec_delete(out);
}

void wasm_module_exports(const wasm_module_t* module, wasm_exporttype_vec_t* out)
{
    const Module& described = required(module, __func__, "module").module();
    required(out, __func__, "out") = {};
    const bool is_done = guarded(false, [&] {
        fill_rows(*out, described.exports(), [&](const ExportInfo& row) {
            return make_exporttype(row.name, make_type_of(described, row.kind, row.index));
        });
        return true;
    });
    if (!is_done)
        wasm_exporttype_vec_delete(out);
}

void wasm_module_serialize(const wasm_module_t* module, wasm_byte_vec_t* out)
{
    const Module& serialized = required(module, __func__, "module").module();
    required(out, __func__, "out") = {};
    guarded(false, [&] {
        const std::vector<std::byte> bytes = serialized.serialize();
        fill(*out, { reinterpret_cast<const char*>(bytes.data()), bytes.size() });
        return true;
    });
}

wasm_module_t* wasm_module_deserialize(wasm_store_t* store, const wasm_byte_vec_t* serialized)
{
    const auto& body = required(store, __func__, "store").body;
    const auto bytes = bytes_of(required(serialized, __func__, "serialized"));
    return guarded<wasm_module_t*>(
        nullptr, [&] { return module_or_null(body, Module::deserialize(body->engine, bytes)); });
}

wasm_shared_module_t* wasm_module_share(const wasm_module_t* module)
{
    const auto& shared = required(module, __func__, "module");
    return guarded<wasm_shared_module_t*>(
        nullptr, [&] { return new wasm_shared_module_t { shared.store->engine, shared.module() }; });
}
void wasm_shared_module_delete(wasm_shared_module_t* module) { delete module; }

wasm_module_t* wasm_module_obtain(wasm_store_t* store, const wasm_shared_module_t* module)
{
    const auto& body = required(store, __func__, "store").body;
    const wasm_shared_module_t& shared = required(module, __func__, "module");
    return guarded<wasm_module_t*>(
        nullptr, [&] { return shared.engine == body->engine ? make_module(body, shared.module) : nullptr; });
}

wasm_instance_t* wasm_instance_new(
    wasm_store_t* store, const wasm_module_t* module, const wasm_extern_vec_t* imports, wasm_trap_t** trap)
{
    const auto& body = required(store, __func__, "store").body;
    const Module& made = required(module, __func__, "module").module();
    if (trap)
        *trap = nullptr;
    return guarded<wasm_instance_t*>(nullptr, [&]() -> wasm_instance_t* {
        const std::vector<Extern> externs =
            externs_of(imports ? std::span(imports->data, imports->size) : std::span<wasm_extern_t*>(),
                "wasm_instance_new");
        const auto instance = Instance::create(*body->store, made, externs);
        if (instance)
            return make<wasm_instance_t>(body, *instance);
        if (trap)
            *trap = make_trap(body, instance.error());
        return nullptr;
    });
}

void wasm_instance_exports(const wasm_instance_t* instance, wasm_extern_vec_t* out)
{
    const Instance& exporting = required(instance, __func__, "instance").instance();
    required(out, __func__, "out") = {};
    const bool is_done = guarded(false, [&] {
        std::vector<Extern> externs;
        for (const ExportInfo& row : exporting.module().exports())
            if (auto item = exporting.find(row.name))
                externs.push_back(std::move(*item));
        fill_rows(*out, externs, [&](const Extern& item) { return make_extern(instance->store, item); });
        return true;
    });
    if (!is_done)
        wasm_extern_vec_delete(out);
}

// What vitrine.h adds.

vitrine_error_t* vitrine_module_new(wasm_store_t* store, const void* bytes, size_t size, wasm_module_t** out)
{
    const auto& body = required(store, __func__, "store").body;
    const auto binary = bytes_of(&required(static_cast<const char*>(bytes), __func__, "bytes"), size);
    wasm_module_t*& made = required(out, __func__, "out");
    return attempt(body, [&] { return give(body, Module::from_bytes(body->engine, binary), made); });
}

vitrine_error_t* vitrine_module_from_file(wasm_store_t* store, const char* path, wasm_module_t** out)
{
    const auto& body = required(store, __func__, "store").body;
    const char* const file = &required(path, __func__, "path");
    wasm_module_t*& made = required(out, __func__, "out");
    return attempt(body, [&] { return give(body, Module::from_file(body->engine, file), made); });
}

vitrine_error_t* vitrine_module_from_part_of_file(
    wasm_store_t* store, const char* path, uint64_t offset, uint64_t size, wasm_module_t** out)
{
    const auto& body = required(store, __func__, "store").body;
    const char* const file = &required(path, __func__, "path");
    wasm_module_t*& made = required(out, __func__, "out");
    const auto limit = size == UINT64_MAX ? std::nullopt : std::optional(size);
    return attempt(
        body, [&] { return give(body, Module::from_file(body->engine, file, offset, limit), made); });
}

vitrine_error_t* vitrine_module_from_memory(wasm_store_t* store, const void* bytes, size_t size,
    uint64_t file_offset, void* env, void (*finalizer)(void*), wasm_module_t** out)
{
    HostInfo owned(env, finalizer);
    const auto& body = required(store, __func__, "store").body;
    const auto binary = bytes_of(&required(static_cast<const char*>(bytes), __func__, "bytes"), size);
    wasm_module_t*& made = required(out, __func__, "out");
    return attempt(body, [&] {
        const auto owner = std::make_shared<HostInfo>(std::move(owned));
        return give(body, Module::from_part(body->engine, { owner, binary, file_offset }), made);
    });
}

vitrine_error_t* vitrine_module_deserialize(
    wasm_store_t* store, const void* bytes, size_t size, wasm_module_t** out)
{
    const auto& body = required(store, __func__, "store").body;
    const auto serialized = bytes_of(&required(static_cast<const char*>(bytes), __func__, "bytes"), size);
    wasm_module_t*& made = required(out, __func__, "out");
    return attempt(body, [&] { return give(body, Module::deserialize(body->engine, serialized), made); });
}

vitrine_error_t* vitrine_instance_new(wasm_store_t* store, const wasm_module_t* module,
    wasm_extern_t* const imports[], size_t import_count, wasm_instance_t** out)
{
    const auto& body = required(store, __func__, "store").body;
    const Module& instantiated = required(module, __func__, "module").module();
    if (import_count != 0)
        required(imports, __func__, "imports");
    wasm_instance_t*& made = required(out, __func__, "out");
    return attempt(body, [&]() -> Result<void> {
        const std::vector<Extern> externs =
            externs_of(std::span(imports, import_count), "vitrine_instance_new");
        const auto instance = Instance::create(*body->store, instantiated, externs);
        if (!instance)
            return instance.error();
        made = make<wasm_instance_t>(body, *instance);
        return {};
    });
}

wasm_module_t* vitrine_instance_module(const wasm_instance_t* instance)
{
    const auto& described = required(instance, __func__, "instance");
    return guarded<wasm_module_t*>(
        nullptr, [&] { return make_module(described.store, described.instance().module()); });
}

uint32_t vitrine_instance_number(const wasm_instance_t* instance)
{
    return required(instance, __func__, "instance").instance().number();
}

wasm_extern_t* vitrine_instance_export(const wasm_instance_t* instance, const wasm_name_t* name)
{
    const auto& exporting = required(instance, __func__, "instance");
    const auto text = text_of(required(name, __func__, "name"));
    return guarded<wasm_extern_t*>(
        nullptr, [&] { return make_extern(exporting.store, exporting.instance().find(text)); });
}

wasm_func_t* vitrine_instance_func(const wasm_instance_t* instance, const char* name)
{
    const auto& exporting = required(instance, __func__, "instance");
    const char* const text = &required(name, __func__, "name");
    return guarded<wasm_func_t*>(nullptr, [&] {
        const auto func = exporting.instance().func(text);
        return func ? make<wasm_func_t>(exporting.store, *func) : nullptr;
    });
}

wasm_memory_t* vitrine_instance_memory(const wasm_instance_t* instance, const char* name)
{
    const auto& exporting = required(instance, __func__, "instance");
    const char* const text = &required(name, __func__, "name");
    return guarded<wasm_memory_t*>(
        nullptr, [&] { return make_memory(exporting.store, exporting.instance(), text); });
}
