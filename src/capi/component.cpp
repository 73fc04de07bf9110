// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Components: loading, instances, functions, linking.
#include "capi/component.h"

namespace vitrine::capi {

namespace {

void destroy(vitrine_component_extern_t* item)
{
    wasm_name_delete(&item->name);
    wasm_name_delete(&item->kind);
}

/// Fills a vector with the imports or exports that `list` returns.
template<class F> void fill_externs(vitrine_component_extern_vec_t& out, const F& list)
{
    out = {};
    guarded(false, [&] {
        const std::vector<ComponentExtern> rows = list();
        allocate(out, rows.size());
        for (size_t i = 0; i < out.size; ++i) {
            fill(out.data[i].name, rows[i].name);
            fill(out.data[i].kind, rows[i].kind);
        }
        return true;
    });
}

/// Sets `out` to a handle of what was made.
template<class T, class V> Result<void> give(const Result<V>& made, T*& out)
{
    if (!made)
        return made.error();
    out = new T { *made };
    return {};
}

Result<void> give(const std::shared_ptr<StoreBody>& store, const Result<ComponentInstance>& made,
    vitrine_component_instance_t*& out)
{
    if (!made)
        return made.error();
    out = new vitrine_component_instance_t { store, *made };
    return {};
}

/// Calls the callback of a C program.
Result<ComponentVal> call_host(vitrine_component_callback_t callback, const HostInfo& env,
    ComponentCaller& caller, std::span<const ComponentVal> arguments)
{
    const auto* const store = static_cast<const StoreData*>(caller.store().data().get());
    const vitrine_component_caller_t seen { caller, { store->lock() } };
    std::vector<vitrine_component_val_t> vals;
    for (const ComponentVal& argument : arguments)
        vals.push_back({ argument });
    std::vector<const vitrine_component_val_t*> args;
    for (const auto& val : vals)
        args.push_back(&val);
    vitrine_component_val_t* made = nullptr;
    vitrine_error_t* const error = callback(env.get(), &seen, args.data(), args.size(), &made);
    const std::unique_ptr<vitrine_component_val_t> result(made);
    if (error) {
        Error failed = error->error;
        vitrine_error_delete(error);
        return failed;
    }
    return result ? std::move(result->val) : ComponentVal();
}

std::string_view or_empty(const char* text) { return text ? text : ""; }

std::span<const std::byte> bytes_of(const void* bytes, size_t size)
{
    return { static_cast<const std::byte*>(bytes), size };
}

} // namespace

} // namespace vitrine::capi

using vitrine::Component;
using vitrine::ComponentCaller;
using vitrine::ComponentFuncType;
using vitrine::ComponentLinker;
using vitrine::ComponentVal;
using vitrine::Result;
using vitrine::capi::attempt;
using vitrine::capi::bytes_of;
using vitrine::capi::call_host;
using vitrine::capi::component_vals_of;
using vitrine::capi::destroy;
using vitrine::capi::destroy_elements;
using vitrine::capi::fill_externs;
using vitrine::capi::fill_text;
using vitrine::capi::give;
using vitrine::capi::guarded;
using vitrine::capi::HostInfo;
using vitrine::capi::make;
using vitrine::capi::make_component_type;
using vitrine::capi::misuse;
using vitrine::capi::or_empty;
using vitrine::capi::required;

// Components.

bool vitrine_is_component(const void* bytes, size_t size)
{
    if (size != 0)
        required(static_cast<const char*>(bytes), __func__, "bytes");
    return Component::is_component(bytes_of(bytes, size));
}

vitrine_error_t* vitrine_component_new(
    const wasm_engine_t* engine, const void* bytes, size_t size, vitrine_component_t** out)
{
    const auto& used = required(engine, __func__, "engine").engine;
    const auto binary = bytes_of(&required(static_cast<const char*>(bytes), __func__, "bytes"), size);
    auto& made = required(out, __func__, "out");
    return attempt(nullptr, [&] { return give(Component::from_bytes(used, binary), made); });
}

vitrine_error_t* vitrine_component_from_file(
    const wasm_engine_t* engine, const char* path, vitrine_component_t** out)
{
    const auto& used = required(engine, __func__, "engine").engine;
    const char* const file = &required(path, __func__, "path");
    auto& made = required(out, __func__, "out");
    return attempt(nullptr, [&] { return give(Component::from_file(used, file), made); });
}

vitrine_error_t* vitrine_component_from_part_of_file(
    const wasm_engine_t* engine, const char* path, uint64_t offset, uint64_t size, vitrine_component_t** out)
{
    const auto& used = required(engine, __func__, "engine").engine;
    const char* const file = &required(path, __func__, "path");
    auto& made = required(out, __func__, "out");
    const auto limit = size == UINT64_MAX ? std::nullopt : std::optional(size);
    return attempt(nullptr, [&] { return give(Component::from_file(used, file, offset, limit), made); });
}

void vitrine_component_delete(vitrine_component_t* component) { delete component; }

bool vitrine_component_same(const vitrine_component_t* a, const vitrine_component_t* b)
{
    return required(a, __func__, "a").component == required(b, __func__, "b").component;
}

void vitrine_component_to_text(const vitrine_component_t* component, wasm_byte_vec_t* out)
{
    const Component& described = required(component, __func__, "component").component;
    fill_text(required(out, __func__, "out"), [&] { return described.to_text(); });
}

void vitrine_component_extern_vec_delete(vitrine_component_extern_vec_t* externs)
{
    destroy_elements(externs, destroy);
}

void vitrine_component_imports(const vitrine_component_t* component, vitrine_component_extern_vec_t* out)
{
    const Component& described = required(component, __func__, "component").component;
    fill_externs(required(out, __func__, "out"), [&] { return described.imports(); });
}

void vitrine_component_exports(const vitrine_component_t* component, vitrine_component_extern_vec_t* out)
{
    const Component& described = required(component, __func__, "component").component;
    fill_externs(required(out, __func__, "out"), [&] { return described.exports(); });
}

// Instances and functions.

void vitrine_component_instance_delete(vitrine_component_instance_t* instance) { delete instance; }

vitrine_component_func_t* vitrine_component_instance_func(
    const vitrine_component_instance_t* instance, const char* interface, const char* name)
{
    const auto& exporting = required(instance, __func__, "instance");
    const char* const text = &required(name, __func__, "name");
    return guarded<vitrine_component_func_t*>(nullptr, [&] {
        const auto func =
            interface ? exporting.instance.func(interface, text) : exporting.instance.func(text);
        return func ? new vitrine_component_func_t { exporting.store, *func } : nullptr;
    });
}

wasm_instance_t* vitrine_component_instance_core(
    const vitrine_component_instance_t* instance, const char* name)
{
    const auto& inspected = required(instance, __func__, "instance");
    const char* const text = &required(name, __func__, "name");
    return guarded<wasm_instance_t*>(nullptr, [&] {
        const auto core = inspected.instance.debug_core_instance(text);
        return core ? make<wasm_instance_t>(inspected.store, *core) : nullptr;
    });
}

void vitrine_component_func_delete(vitrine_component_func_t* func) { delete func; }

void vitrine_component_func_name(const vitrine_component_func_t* func, wasm_name_t* out)
{
    const auto& described = required(func, __func__, "func").func;
    fill_text(required(out, __func__, "out"), [&] { return described.name(); });
}

void vitrine_component_func_to_text(const vitrine_component_func_t* func, wasm_byte_vec_t* out)
{
    const auto& described = required(func, __func__, "func").func;
    fill_text(required(out, __func__, "out"), [&] { return described.type().text; });
}

size_t vitrine_component_func_param_count(const vitrine_component_func_t* func)
{
    const auto& described = required(func, __func__, "func").func;
    return guarded<size_t>(0, [&] { return described.type().params.size(); });
}

bool vitrine_component_func_is_async(const vitrine_component_func_t* func)
{
    const auto& described = required(func, __func__, "func").func;
    return guarded(false, [&] { return described.type().is_async; });
}

bool vitrine_component_func_param(
    const vitrine_component_func_t* func, size_t index, wasm_name_t* name, vitrine_component_type_t** type)
{
    const auto& described = required(func, __func__, "func").func;
    return guarded(false, [&] {
        const ComponentFuncType signature = described.type();
        if (index >= signature.params.size())
            return false;
        if (type)
            *type = make_component_type(signature.params[index].type);
        if (name)
            vitrine::capi::fill(*name, signature.params[index].name);
        return true;
    });
}

vitrine_component_type_t* vitrine_component_func_result(const vitrine_component_func_t* func)
{
    const auto& described = required(func, __func__, "func").func;
    return guarded<vitrine_component_type_t*>(
        nullptr, [&] { return make_component_type(described.type().result); });
}

vitrine_error_t* vitrine_component_func_call(const vitrine_component_func_t* func,
    const vitrine_component_val_t* const args[], size_t arg_count, vitrine_component_val_t** result)
{
    const auto& callee = required(func, __func__, "func");
    return attempt(callee.store, [&]() -> Result<void> {
        const auto vals = component_vals_of(args, arg_count, "vitrine_component_func_call");
        auto returned = callee.func.call(vals);
        if (!returned)
            return std::move(returned).error();
        if (result)
            *result = new vitrine_component_val_t { std::move(*returned) };
        return {};
    });
}

// Linking.

vitrine_error_t* vitrine_component_linker_new(const wasm_engine_t* engine, vitrine_component_linker_t** out)
{
    const auto& used = required(engine, __func__, "engine").engine;
    auto& made = required(out, __func__, "out");
    return attempt(nullptr, [&]() -> Result<void> {
        made = new vitrine_component_linker_t { ComponentLinker(used) };
        return {};
    });
}

void vitrine_component_linker_delete(vitrine_component_linker_t* linker) { delete linker; }

void vitrine_component_linker_trap_unknown_functions(vitrine_component_linker_t* linker, bool trap)
{
    required(linker, __func__, "linker").linker.trap_unknown_functions(trap);
}

vitrine_component_instance_t* vitrine_component_caller_instance(const vitrine_component_caller_t* caller)
{
    const auto& seen = required(caller, __func__, "caller");
    return guarded<vitrine_component_instance_t*>(nullptr,
        [&] { return new vitrine_component_instance_t { seen.store.body, seen.caller.instance() }; });
}

wasm_store_t* vitrine_component_caller_store(const vitrine_component_caller_t* caller)
{
    // The program may change the store, but not which one it is.
    return const_cast<wasm_store_t*>(&required(caller, __func__, "caller").store);
}

void vitrine_component_caller_to_text(const vitrine_component_caller_t* caller, wasm_byte_vec_t* out)
{
    const auto& seen = required(caller, __func__, "caller").caller;
    fill_text(required(out, __func__, "out"), [&] { return seen.type().text; });
}

vitrine_component_type_t* vitrine_component_caller_result(const vitrine_component_caller_t* caller)
{
    const auto& seen = required(caller, __func__, "caller").caller;
    return guarded<vitrine_component_type_t*>(
        nullptr, [&] { return make_component_type(seen.type().result); });
}

vitrine_error_t* vitrine_component_linker_define_func(vitrine_component_linker_t* linker,
    const char* interface, const char* name, vitrine_component_callback_t callback, void* env,
    void (*finalizer)(void*))
{
    HostInfo owned(env, finalizer);
    auto& changed = required(linker, __func__, "linker").linker;
    const char* const text = &required(name, __func__, "name");
    if (!callback)
        misuse(__func__, "callback is null");
    return attempt(nullptr, [&]() -> Result<void> {
        changed.define_untyped(or_empty(interface), text,
            [callback, shared = std::make_shared<const HostInfo>(std::move(owned))](
                ComponentCaller& caller, std::span<const ComponentVal> arguments) {
                return call_host(callback, *shared, caller, arguments);
            });
        return {};
    });
}

vitrine_error_t* vitrine_component_linker_define_resource(vitrine_component_linker_t* linker,
    const char* interface, const char* name, const vitrine_component_resource_type_t* type)
{
    auto& changed = required(linker, __func__, "linker").linker;
    const char* const text = &required(name, __func__, "name");
    const auto& defined = required(type, __func__, "type").body->type;
    return attempt(nullptr, [&]() -> Result<void> {
        changed.resource(or_empty(interface), text, defined);
        return {};
    });
}

vitrine_error_t* vitrine_component_linker_define_module(
    vitrine_component_linker_t* linker, const char* interface, const char* name, const wasm_module_t* module)
{
    auto& changed = required(linker, __func__, "linker").linker;
    const char* const text = &required(name, __func__, "name");
    const auto& defined = required(module, __func__, "module").module();
    return attempt(nullptr, [&]() -> Result<void> {
        changed.define_module(or_empty(interface), text, defined);
        return {};
    });
}

vitrine_error_t* vitrine_component_linker_define_instance(vitrine_component_linker_t* linker,
    const char* interface, const vitrine_component_instance_t* instance, const char* exported)
{
    auto& changed = required(linker, __func__, "linker").linker;
    const char* const import = &required(interface, __func__, "interface");
    const auto& exporting = required(instance, __func__, "instance").instance;
    const char* const text = &required(exported, __func__, "exported");
    return attempt(nullptr, [&]() -> Result<void> {
        changed.define_instance(import, exporting, text);
        return {};
    });
}

vitrine_error_t* vitrine_component_linker_instantiate(const vitrine_component_linker_t* linker,
    wasm_store_t* store, const vitrine_component_t* component, vitrine_component_instance_t** out)
{
    const auto& used = required(linker, __func__, "linker").linker;
    const auto& body = required(store, __func__, "store").body;
    const Component& instantiated = required(component, __func__, "component").component;
    auto& made = required(out, __func__, "out");
    return attempt(body, [&] { return give(body, used.instantiate(*body->store, instantiated), made); });
}

void vitrine_prepared_component_delete(vitrine_prepared_component_t* component) { delete component; }

vitrine_error_t* vitrine_component_linker_prepare(const vitrine_component_linker_t* linker,
    const vitrine_component_t* component, vitrine_prepared_component_t** out)
{
    const auto& used = required(linker, __func__, "linker").linker;
    const Component& prepared = required(component, __func__, "component").component;
    auto& made = required(out, __func__, "out");
    return attempt(nullptr, [&] { return give(used.prepare(prepared), made); });
}

vitrine_component_t* vitrine_prepared_component_component(const vitrine_prepared_component_t* component)
{
    const auto& prepared = required(component, __func__, "component").component;
    return guarded<vitrine_component_t*>(
        nullptr, [&] { return new vitrine_component_t { prepared.component() }; });
}

vitrine_error_t* vitrine_prepared_component_instantiate(
    const vitrine_prepared_component_t* component, wasm_store_t* store, vitrine_component_instance_t** out)
{
    const auto& prepared = required(component, __func__, "component").component;
    const auto& body = required(store, __func__, "store").body;
    auto& made = required(out, __func__, "out");
    return attempt(body, [&] { return give(body, prepared.instantiate(*body->store), made); });
}

vitrine_error_t* vitrine_component_linker_check(
    const vitrine_component_linker_t* linker, wasm_store_t* store, const vitrine_component_t* component)
{
    const auto& used = required(linker, __func__, "linker").linker;
    const auto& body = required(store, __func__, "store").body;
    const Component& checked = required(component, __func__, "component").component;
    return attempt(body, [&] { return used.check(*body->store, checked); });
}
