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

wasm_module_t* make_module(const std::shared_ptr<StoreBody>& store, const Result<Module>& module)
{
    return module ? make<wasm_module_t>(store, std::make_shared<Shared<Module>>(*module)) : nullptr;
}

/// The type of an entity of a module. The rows of each index space are only made once.
class TypesOf {
public:
    explicit TypesOf(const Module& module) : module_(module) {}

    wasm_externtype_t* make(ExternKind kind, uint32_t index)
    {
        switch (kind) {
        case ExternKind::Func: return make_type(module_.function(index)->type);
        case ExternKind::Table: return make_row(tables_, &Module::tables, index);
        case ExternKind::Memory: return make_row(memories_, &Module::memories, index);
        case ExternKind::Global: return make_row(globals_, &Module::globals, index);
        case ExternKind::Tag: break;
        }
        return new wasm_externtype_t(tag_kind);
    }

private:
    template<class Row>
    wasm_externtype_t* make_row(
        std::vector<Row>& rows, std::vector<Row> (Module::*get)() const, uint32_t index)
    {
        if (rows.empty())
            rows = (module_.*get)();
        return make_type(rows[index].type);
    }

    const Module& module_;
    std::vector<TableInfo> tables_;
    std::vector<MemoryInfo> memories_;
    std::vector<GlobalInfo> globals_;
};

/// Fills a vector with what `make` makes of each row. It is empty if there is no memory.
template<class V, class Row, class F> void fill_rows(V& out, const std::vector<Row>& rows, const F& make)
{
    allocate(out, rows.size());
    for (size_t i = 0; i < out.size; ++i)
        out.data[i] = make(rows[i]);
}

std::vector<Extern> externs_of(const wasm_extern_vec_t* imports)
{
    std::vector<Extern> result;
    for (size_t i = 0; imports && i < imports->size; ++i)
        std::visit(
            [&]<class T>(const T& entity) {
                if constexpr (std::is_constructible_v<Extern, T>)
                    result.emplace_back(entity);
            },
            required(imports->data[i], "wasm_instance_new", "an import").entity);
    return result;
}

} // namespace

} // namespace vitrine::capi

using vitrine::ExportInfo;
using vitrine::Extern;
using vitrine::ImportInfo;
using vitrine::Instance;
using vitrine::Module;
using vitrine::capi::bytes_of;
using vitrine::capi::externs_of;
using vitrine::capi::fill;
using vitrine::capi::fill_rows;
using vitrine::capi::guarded;
using vitrine::capi::make;
using vitrine::capi::make_module;
using vitrine::capi::make_trap;
using vitrine::capi::required;
using vitrine::capi::TypesOf;

wasm_module_t* wasm_module_new(wasm_store_t* store, const wasm_byte_vec_t* binary)
{
    const auto& body = required(store, __func__, "store").body;
    const auto bytes = bytes_of(required(binary, __func__, "binary"));
    return guarded<wasm_module_t*>(
        nullptr, [&] { return make_module(body, Module::from_bytes(body->engine, bytes)); });
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
        TypesOf types(described);
        fill_rows(*out, described.imports(), [&](const ImportInfo& row) {
            wasm_name_t from, name;
            fill(from, row.module);
            fill(name, row.name);
            return wasm_importtype_new(&from, &name, types.make(row.kind, row.index));
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
        TypesOf types(described);
        fill_rows(*out, described.exports(), [&](const ExportInfo& row) {
            wasm_name_t name;
            fill(name, row.name);
            return wasm_exporttype_new(&name, types.make(row.kind, row.index));
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
        nullptr, [&] { return make_module(body, Module::deserialize(body->engine, bytes)); });
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
        const std::vector<Extern> externs = externs_of(imports);
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
        fill_rows(*out, externs, [&](const Extern& item) {
            return std::visit(
                [&](const auto& entity) { return make<wasm_extern_t>(instance->store, entity); }, item);
        });
        return true;
    });
    if (!is_done)
        wasm_extern_vec_delete(out);
}
