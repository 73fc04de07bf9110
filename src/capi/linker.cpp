// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linkers.
#include "capi/capi.h"

#include <array>

using vitrine::Instance;
using vitrine::Linker;
using vitrine::Module;
using vitrine::Result;
using vitrine::Store;
using vitrine::capi::attempt;
using vitrine::capi::extern_of;
using vitrine::capi::host_function;
using vitrine::capi::HostInfo;
using vitrine::capi::make;
using vitrine::capi::misuse;
using vitrine::capi::required;
using vitrine::capi::type_of;
using vitrine::capi::with_linker;

vitrine_error_t* vitrine_linker_new(wasm_store_t* store, vitrine_linker_t** out)
{
    const auto& body = required(store, __func__, "store").body;
    vitrine_linker_t*& made = required(out, __func__, "out");
    return attempt(body, [&]() -> Result<void> {
        constexpr std::array<unsigned char, 8> bytes { 0, 'a', 's', 'm', 1, 0, 0, 0 };
        const auto empty = Module::from_bytes(body->engine, std::as_bytes(std::span(bytes)));
        if (!empty)
            return empty.error();
        made = new vitrine_linker_t { body, Linker(body->engine), *empty };
        return {};
    });
}

void vitrine_linker_delete(vitrine_linker_t* linker) { delete linker; }

void vitrine_linker_allow_shadowing(vitrine_linker_t* linker, bool allow)
{
    required(linker, __func__, "linker").linker.allow_shadowing(allow);
}

void vitrine_linker_trap_unknown_functions(vitrine_linker_t* linker, bool trap)
{
    required(linker, __func__, "linker").linker.trap_unknown_functions(trap);
}

vitrine_error_t* vitrine_linker_define(
    vitrine_linker_t* linker, const char* module, const char* name, const wasm_extern_t* item)
{
    auto& changed = required(linker, __func__, "linker");
    const char* const from = &required(module, __func__, "module");
    const char* const field = &required(name, __func__, "name");
    const auto& defined = required(item, __func__, "item");
    return with_linker(changed, [&](Store& store) -> Result<void> {
        std::visit(
            [&](const auto& entity) { changed.linker.define(from, field, entity); }, *extern_of(defined));
        return changed.linker.check(store, changed.empty);
    });
}

vitrine_error_t* vitrine_linker_define_func(vitrine_linker_t* linker, const char* module, const char* name,
    const wasm_functype_t* type, vitrine_func_callback_t callback, void* env, void (*finalizer)(void*))
{
    HostInfo owned(env, finalizer);
    auto& changed = required(linker, __func__, "linker");
    const char* const from = &required(module, __func__, "module");
    const char* const field = &required(name, __func__, "name");
    const auto& wanted = required(type, __func__, "type");
    if (!callback)
        misuse(__func__, "callback is null");
    return with_linker(changed, [&](Store& store) -> Result<void> {
        const auto signature = type_of(wanted);
        changed.linker.define(
            from, field, signature, host_function(changed.store, signature, callback, std::move(owned)));
        return changed.linker.check(store, changed.empty);
    });
}

vitrine_error_t* vitrine_linker_define_instance(
    vitrine_linker_t* linker, const char* module, const wasm_instance_t* instance)
{
    auto& changed = required(linker, __func__, "linker");
    const char* const from = &required(module, __func__, "module");
    const Instance& exporting = required(instance, __func__, "instance").instance();
    return with_linker(changed, [&](Store& store) -> Result<void> {
        changed.linker.define_instance(from, exporting);
        return changed.linker.check(store, changed.empty);
    });
}

vitrine_error_t* vitrine_linker_instantiate(
    const vitrine_linker_t* linker, const wasm_module_t* module, wasm_instance_t** out)
{
    const auto& used = required(linker, __func__, "linker");
    const Module& instantiated = required(module, __func__, "module").module();
    wasm_instance_t*& made = required(out, __func__, "out");
    return with_linker(used, [&](Store& store) -> Result<void> {
        const auto instance = used.linker.instantiate(store, instantiated);
        if (!instance)
            return instance.error();
        made = make<wasm_instance_t>(used.store, *instance);
        return {};
    });
}

vitrine_error_t* vitrine_linker_check(const vitrine_linker_t* linker, const wasm_module_t* module)
{
    const auto& used = required(linker, __func__, "linker");
    const Module& checked = required(module, __func__, "module").module();
    return with_linker(used, [&](Store& store) { return used.linker.check(store, checked); });
}
