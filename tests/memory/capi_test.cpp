// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The C API without memory: functions return null, false, an error or an empty vector, nothing is
// left behind, and the same objects work when memory is available again.
#include "memory/sweep.h"
#include "support/wat.h"

#include <vitrine.h>
#include <vitrine/debugger.h>
#include <vitrine/wasi.h>

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace vitrine {
namespace {

constexpr auto guest_text = R"((module $m
    (import "host" "call" (func $call (param i32) (result i32)))
    (import "host" "value" (func $value (param externref) (result externref)))
    (type $node (struct (field $n (mut i32)) (field $next (mut (ref null $node)))))
    (tag $t (export "t") (param i32))
    (memory $memory (export "memory") 1 4)
    (table $table (export "table") 2 1000 funcref)
    (table $things (export "things") 2 1000 externref)
    (elem (table $table) (i32.const 0) func $leaf $leaf)
    (global $total (export "total") (mut i32) (i32.const 5))
    (global $thing (mut externref) (ref.null extern))
    (global $list (mut (ref null $node)) (ref.null $node))
    (data (i32.const 0) "....text")
    (func $leaf (export "leaf") (param $n i32) (result i32)
      (global.set $total (i32.add (global.get $total) (local.get $n)))
      (i32.add (local.get $n) (i32.const 1)))
    (func $all (export "all") (param $n i32) (result i32)
      (global.set $list (struct.new $node (local.get $n) (global.get $list)))
      (global.set $thing (call $value (global.get $thing)))
      (drop (block $h (result i32)
        (try_table (catch $t $h) (throw $t (i32.const 5)))
        (i32.const 0)))
      (call_indirect $table (param i32) (result i32) (call $call (local.get $n)) (i32.const 0)))
    (func (export "list") (result anyref) (global.get $list))
    (func (export "keep") (param externref) (result externref)
      (global.set $thing (local.get 0))
      (global.get $thing))
    (func (export "fails") (param i32) (result i32) (i32.div_u (i32.const 1) (i32.const 0)))
    (func (export "throws") (param i32) (result i32) (throw $t (i32.const 5)))))";

constexpr auto component_text = R"((component
    (import "log" (func $log (param "text" string) (result u32)))
    (core module $libc
      (memory (export "memory") 1)
      (global $top (mut i32) (i32.const 64))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $top (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const 0xff8)))
        (global.get $top)))
    (core instance $libc (instantiate $libc))
    (core func $log (canon lower (func $log) (memory (core memory $libc "memory"))))
    (core module $main
      (import "host" "log" (func $log (param i32 i32) (result i32)))
      (func (export "run") (param i32 i32 i32 f32) (result i32)
        (i32.add (call $log (local.get 0) (local.get 1)) (local.get 2))))
    (core instance $main (instantiate $main (with "host" (instance (export "log" (func $log))))))
    (type $pair (record (field "a" u32) (field "b" f32)))
    (export $exported "pair" (type $pair))
    (func (export "run") (param "name" string) (param "pair" $exported) (result u32)
      (canon lift (core func $main "run") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))))";

const std::vector<std::uint8_t>& bytes_of(const char* text)
{
    static const std::vector<std::uint8_t> guest = core::test::wasm_of(guest_text);
    static const std::vector<std::uint8_t> component = core::test::wasm_of(component_text);
    return text == guest_text ? guest : component;
}

// Ownership. `own` takes what a function of the C API has returned, which may be null.

#define RELEASE(prefix, name) \
    void release(prefix##_##name##_t* it) { prefix##_##name##_delete(it); }
RELEASE(wasm, engine)
RELEASE(wasm, store)
RELEASE(wasm, module)
RELEASE(wasm, shared_module)
RELEASE(wasm, instance)
RELEASE(wasm, trap)
RELEASE(wasm, frame)
RELEASE(wasm, foreign)
RELEASE(wasm, ref)
RELEASE(wasm, extern)
RELEASE(wasm, func)
RELEASE(wasm, global)
RELEASE(wasm, table)
RELEASE(wasm, memory)
RELEASE(wasm, valtype)
RELEASE(wasm, externtype)
RELEASE(wasm, functype)
RELEASE(wasm, globaltype)
RELEASE(wasm, tabletype)
RELEASE(wasm, memorytype)
RELEASE(wasm, importtype)
RELEASE(wasm, exporttype)
RELEASE(wasm, byte_vec)
RELEASE(wasm, val_vec)
RELEASE(wasm, functype_vec)
RELEASE(wasm, importtype_vec)
RELEASE(wasm, exporttype_vec)
RELEASE(wasm, frame_vec)
RELEASE(wasm, extern_vec)
RELEASE(vitrine, val)
RELEASE(vitrine, entity)
RELEASE(vitrine, interrupter)
RELEASE(vitrine, linker)
RELEASE(vitrine, place)
RELEASE(vitrine, instance_vec)
RELEASE(vitrine, session)
RELEASE(vitrine, stop_reason)
RELEASE(vitrine, debug_frame_vec)
RELEASE(vitrine, guest_thread_vec)
RELEASE(vitrine, slot_vec)
RELEASE(vitrine, breakpoint_vec)
RELEASE(vitrine, watchpoint_vec)
RELEASE(vitrine, component)
RELEASE(vitrine, component_extern_vec)
RELEASE(vitrine, component_type)
RELEASE(vitrine, component_func)
RELEASE(vitrine, component_instance)
RELEASE(vitrine, component_linker)
RELEASE(vitrine, prepared_component)
RELEASE(vitrine, core_module_vec)
RELEASE(vitrine, core_instance_vec)
RELEASE(vitrine, component_instance_vec)
RELEASE(vitrine, component_handle_vec)
RELEASE(vitrine, wasi_config)
RELEASE(vitrine, wasi_listener)
RELEASE(vitrine, gdb_server)
RELEASE(vitrine, dap_server)
RELEASE(vitrine, name_vec)
#undef RELEASE

struct Release {
    template<class T> void operator()(T* it) const { release(it); }
};
template<class T> using Own = std::unique_ptr<T, Release>;
template<class T> Own<T> own(T* it) { return Own<T>(it); }

/// A struct that a function fills, and whose contents are deleted.
template<class T> struct Filled : T {
    Filled() : T {} {}
    ~Filled() { release(static_cast<T*>(this)); }
    Filled(const Filled&) = delete;
};

/// Whether there is no error. Reads the error first, as programs do.
bool succeeds(vitrine_error_t* error)
{
    if (!error)
        return true;
    Filled<wasm_byte_vec_t> text, message;
    vitrine_error_to_text(error, &text);
    vitrine_error_message(error, &message);
    const auto trap = own(vitrine_error_trap(error));
    vitrine_error_delete(error);
    return false;
}

/// Calls `make`, which has an `out` parameter. Null if that fails.
template<class T, class F> Own<T> made(const F& make)
{
    T* out = nullptr;
    return succeeds(make(&out)) ? own(out) : nullptr;
}

// Functions of the host.

wasm_trap_t* pass_on(const wasm_val_vec_t* args, wasm_val_vec_t* results)
{
    wasm_val_copy(&results->data[0], &args->data[0]);
    return nullptr;
}

/// Adds 1 with a call of the guest, which it knows from its caller.
vitrine_error_t* call_leaf(
    void* env, vitrine_caller_t* caller, const vitrine_val_t* args, size_t, vitrine_val_t* results, size_t)
{
    (void)env;
    const auto instance = own(vitrine_caller_instance(caller));
    const auto memory = own(vitrine_caller_memory(caller, "memory"));
    const auto func = instance ? own(vitrine_instance_func(instance.get(), "leaf")) : nullptr;
    if (!func || !memory)
        return vitrine_error_new("out of memory");
    return vitrine_func_call(func.get(), args, 1, results, 1);
}

void count(void* env) { ++*static_cast<int*>(env); }

/// An engine with a store, a module and an instance, made while memory is available.
struct Host {
    explicit Host()
    {
        wasm_config_t* const config = wasm_config_new();
        vitrine_config_guest_debug(config, true);
        engine = made<wasm_engine_t>([&](auto out) { return vitrine_engine_new(config, out); });
        store = own(wasm_store_new(engine.get()));
        const auto& bytes = bytes_of(guest_text);
        module = made<wasm_module_t>(
            [&](auto out) { return vitrine_module_new(store.get(), bytes.data(), bytes.size(), out); });
        const auto numbers = own(wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32()));
        const auto things =
            own(wasm_functype_new_1_1(wasm_valtype_new_externref(), wasm_valtype_new_externref()));
        call = made<wasm_func_t>([&](auto out) {
            return vitrine_func_new(store.get(), numbers.get(), call_leaf, nullptr, nullptr, out);
        });
        value = own(wasm_func_new(store.get(), things.get(), pass_on));
        instance = instantiate();
    }
    Own<wasm_instance_t> instantiate() const
    {
        const std::array imports = this->imports();
        return made<wasm_instance_t>([&](auto out) {
            return vitrine_instance_new(store.get(), module.get(), imports.data(), imports.size(), out);
        });
    }
    std::array<wasm_extern_t*, 2> imports() const
    {
        return { wasm_func_as_extern(call.get()), wasm_func_as_extern(value.get()) };
    }
    Own<wasm_func_t> func(const char* name) const { return own(vitrine_instance_func(instance.get(), name)); }
    void expect_that_it_works() const
    {
        const auto all = func("all");
        ASSERT_TRUE(all);
        const vitrine_val_t argument = vitrine_val_i32(7);
        vitrine_val_t result;
        ASSERT_TRUE(succeeds(vitrine_func_call(all.get(), &argument, 1, &result, 1)));
        EXPECT_EQ(result.of.i32, 9);
    }

    Own<wasm_engine_t> engine;
    Own<wasm_store_t> store;
    Own<wasm_module_t> module;
    Own<wasm_func_t> call, value;
    Own<wasm_instance_t> instance;
};

auto make_host() { return std::make_unique<Host>(); }
void expect_that_it_works(const Host& host) { host.expect_that_it_works(); }

// What is made before a store.

TEST(CApi, FailsInTypes)
{
    sweep(
        make_host,
        [](Host&) {
            if (const auto type = own(wasm_valtype_new_i64()))
                (void)own(wasm_valtype_copy(type.get()));
            const auto func = own(wasm_functype_new_2_1(
                wasm_valtype_new_i32(), wasm_valtype_new_externref(), wasm_valtype_new_funcref()));
            const wasm_limits_t limits { 1, 4 };
            const auto global = own(wasm_globaltype_new(wasm_valtype_new_i32(), WASM_VAR));
            const auto table = own(wasm_tabletype_new(wasm_valtype_new_funcref(), &limits));
            const auto memory = own(wasm_memorytype_new(&limits));
            if (!func || !global || !table || !memory)
                return;
            (void)own(wasm_functype_copy(func.get()));
            (void)own(wasm_globaltype_copy(global.get()));
            (void)own(wasm_tabletype_copy(table.get()));
            (void)own(wasm_memorytype_copy(memory.get()));
            const auto type = own(wasm_externtype_copy(wasm_functype_as_externtype(func.get())));
            if (!type)
                return;
            wasm_name_t module, name;
            wasm_name_new_from_string(&module, "module");
            wasm_name_new_from_string(&name, "name");
            const auto import = own(wasm_importtype_new(
                &module, &name, wasm_externtype_copy(wasm_globaltype_as_externtype(global.get()))));
            wasm_name_new_from_string(&name, "name");
            const auto exported = own(wasm_exporttype_new(
                &name, wasm_externtype_copy(wasm_memorytype_as_externtype(memory.get()))));
            if (import)
                (void)own(wasm_importtype_copy(import.get()));
            if (exported)
                (void)own(wasm_exporttype_copy(exported.get()));
            // The vector takes what it is made of.
            const std::array types { wasm_functype_copy(func.get()), wasm_functype_copy(func.get()) };
            Filled<wasm_functype_vec_t> vec, copy;
            wasm_functype_vec_new(&vec, types.size(), types.data());
            wasm_functype_vec_copy(&copy, &vec);
            EXPECT_TRUE(copy.size == 0 || (copy.data[0] != nullptr) == (vec.data[0] != nullptr));
        },
        expect_that_it_works);
}

TEST(CApi, FailsWhileAnEngineAndAStoreAreMade)
{
    sweep(
        make_host,
        [](Host&) {
            wasm_config_t* const config = wasm_config_new();
            if (!config)
                return;
            vitrine_config_guest_debug(config, true);
            vitrine_config_feature(config, "memory64", true);
            const auto engine =
                made<wasm_engine_t>([&](auto out) { return vitrine_engine_new(config, out); });
            (void)own(wasm_engine_new());
            const auto store = engine ? own(wasm_store_new(engine.get())) : nullptr;
            if (!store)
                return;
            const auto interrupter = own(vitrine_interrupter_new(store.get()));
            int finalized = 0;
            (void)succeeds(
                vitrine_store_limit_resources(store.get(), [](auto...) { return true; }, &finalized, count));
            (void)succeeds(vitrine_store_limit_resources(store.get(), nullptr, nullptr, nullptr));
            EXPECT_EQ(finalized, 1);
        },
        expect_that_it_works);
}

// Modules.

TEST(CApi, FailsWhileModulesAreLoaded)
{
    sweep(
        make_host,
        [](Host& host) {
            const auto& guest = bytes_of(guest_text);
            wasm_byte_vec_t bytes { guest.size(),
                reinterpret_cast<char*>(const_cast<std::uint8_t*>(guest.data())) };
            (void)wasm_module_validate(host.store.get(), &bytes);
            const auto module = own(wasm_module_new(host.store.get(), &bytes));
            int finalized = 0;
            (void)made<wasm_module_t>([&](auto out) {
                return vitrine_module_from_memory(
                    host.store.get(), guest.data(), guest.size(), 0, &finalized, count, out);
            });
            EXPECT_EQ(finalized, 1);
            EXPECT_FALSE(made<wasm_module_t>(
                [&](auto out) { return vitrine_module_from_file(host.store.get(), "/no/such/file", out); }));
            Filled<wasm_byte_vec_t> serialized;
            wasm_module_serialize(host.module.get(), &serialized);
            if (serialized.size != 0) {
                (void)own(wasm_module_deserialize(host.store.get(), &serialized));
                (void)made<wasm_module_t>([&](auto out) {
                    return vitrine_module_deserialize(
                        host.store.get(), serialized.data, serialized.size, out);
                });
            }
            const auto copy = own(wasm_module_copy(host.module.get()));
            const auto shared = own(wasm_module_share(host.module.get()));
            if (shared)
                (void)own(wasm_module_obtain(host.store.get(), shared.get()));
        },
        expect_that_it_works);
}

TEST(CApi, FailsWhileModulesAreDescribed)
{
    sweep(
        make_host,
        [](Host& host) {
            const wasm_module_t* const module = host.module.get();
            Filled<wasm_importtype_vec_t> imports, imports_copy;
            Filled<wasm_exporttype_vec_t> exports, exports_copy;
            wasm_module_imports(module, &imports);
            EXPECT_TRUE(imports.size == 0 || imports.size == 2);
            wasm_importtype_vec_copy(&imports_copy, &imports);
            wasm_module_exports(module, &exports);
            wasm_exporttype_vec_copy(&exports_copy, &exports);
            for (size_t i = 0; i < exports_copy.size; ++i)
                EXPECT_TRUE(exports_copy.data[i]);
            Filled<wasm_name_t> name;
            vitrine_module_name(module, &name);
            for (const wasm_externkind_t kind :
                { WASM_EXTERN_FUNC, WASM_EXTERN_GLOBAL, WASM_EXTERN_TABLE, WASM_EXTERN_MEMORY })
                for (std::uint32_t i = 0; i < vitrine_module_count(module, kind); ++i) {
                    Filled<vitrine_entity_t> entity;
                    entity.vitrine_entity_t::size = sizeof(vitrine_entity_t);
                    EXPECT_TRUE(
                        !succeeds(vitrine_module_entity(module, kind, i, &entity)) || entity.index == i);
                }
            Filled<vitrine_entity_t> entity;
            entity.vitrine_entity_t::size = sizeof(vitrine_entity_t);
            (void)succeeds(vitrine_module_func_at(module, 400, &entity));
            std::uint32_t index = 0;
            (void)vitrine_module_find(module, WASM_EXTERN_FUNC, "leaf", &index);
        },
        expect_that_it_works);
}

// Entities.

TEST(CApi, FailsWhileEntitiesAreMade)
{
    sweep(
        make_host,
        [](Host& host) {
            wasm_store_t* const store = host.store.get();
            const auto number = own(wasm_globaltype_new(wasm_valtype_new_i32(), WASM_VAR));
            const wasm_limits_t limits { 1, 4 };
            const auto functions = own(wasm_tabletype_new(wasm_valtype_new_funcref(), &limits));
            const auto pages = own(wasm_memorytype_new(&limits));
            const auto type = own(wasm_functype_new_1_0(wasm_valtype_new_i32()));
            if (!number || !functions || !pages || !type)
                return;
            const wasm_val_t five = WASM_I32_VAL(5);
            const vitrine_val_t six = vitrine_val_i32(6), null = vitrine_val_zero(WASM_FUNCREF);
            if (const auto global = own(wasm_global_new(store, number.get(), &five)))
                (void)own(wasm_global_type(global.get()));
            (void)made<wasm_global_t>(
                [&](auto out) { return vitrine_global_new(store, number.get(), &six, out); });
            if (const auto table = own(wasm_table_new(store, functions.get(), nullptr))) {
                (void)own(wasm_table_type(table.get()));
                (void)wasm_table_grow(table.get(), 2, wasm_func_as_ref(host.call.get()));
                (void)own(wasm_table_get(table.get(), 1));
            }
            (void)made<wasm_table_t>(
                [&](auto out) { return vitrine_table_new(store, functions.get(), &null, out); });
            if (const auto memory = own(wasm_memory_new(store, pages.get()))) {
                (void)own(wasm_memory_type(memory.get()));
                (void)own(wasm_extern_type(wasm_memory_as_extern(memory.get())));
                (void)wasm_memory_grow(memory.get(), 1);
            }
            const vitrine_limits_t sharing { 1, 2, true, false, true };
            if (const auto memory =
                    made<wasm_memory_t>([&](auto out) { return vitrine_memory_new(store, &sharing, out); }))
                (void)made<wasm_memory_t>(
                    [&](auto out) { return vitrine_memory_obtain(store, memory.get(), out); });
            if (const auto tag =
                    made<wasm_extern_t>([&](auto out) { return vitrine_tag_new(store, type.get(), out); }))
                (void)own(vitrine_tag_type(tag.get()));
            int finalized = 0;
            (void)own(wasm_func_new_with_env(
                store, type.get(), [](auto...) -> wasm_trap_t* { return nullptr; }, &finalized, count));
            (void)made<wasm_func_t>([&](auto out) {
                return vitrine_func_new(
                    store, type.get(), [](auto...) -> vitrine_error_t* { return nullptr; }, nullptr, nullptr,
                    out);
            });
            (void)own(wasm_foreign_new(store));
            // The finalizer's argument ends here.
            host.store = nullptr;
            EXPECT_EQ(finalized, 1);
        },
        [](Host&) {});
}

TEST(CApi, FailsWhileEntitiesAreUsed)
{
    sweep(
        make_host,
        [](Host& host) {
            Filled<wasm_extern_vec_t> exports, copy;
            wasm_instance_exports(host.instance.get(), &exports);
            wasm_extern_vec_copy(&copy, &exports);
            EXPECT_TRUE(copy.size == 0 || copy.size == exports.size);
            for (size_t i = 0; i < copy.size; ++i) {
                ASSERT_TRUE(copy.data[i]);
                (void)own(wasm_extern_type(copy.data[i]));
                int finalized = 0;
                wasm_extern_set_host_info_with_finalizer(copy.data[i], &finalized, count);
                wasm_extern_set_host_info(copy.data[i], nullptr);
                EXPECT_EQ(finalized, 1);
            }
            const auto find = [&](const char* name) {
                wasm_name_t text { std::char_traits<char>::length(name), const_cast<char*>(name) };
                return own(vitrine_instance_export(host.instance.get(), &text));
            };
            if (const auto total = find("total")) {
                Filled<vitrine_val_t> value;
                const vitrine_val_t six = vitrine_val_i32(6);
                const auto* const global = wasm_extern_as_global(total.get());
                (void)succeeds(vitrine_global_get(global, &value));
                (void)succeeds(vitrine_global_set(global, &six));
                const vitrine_val_t wrong = vitrine_val_i64(6);
                EXPECT_FALSE(succeeds(vitrine_global_set(global, &wrong)));
            }
            if (const auto things = find("things")) {
                const auto* const table = wasm_extern_as_table(things.get());
                vitrine_val_t thing =
                    vitrine_val_ref(WASM_EXTERNREF, wasm_foreign_as_ref(wasm_foreign_new(host.store.get())));
                std::uint64_t size = 0;
                (void)succeeds(vitrine_table_set(table, 0, &thing));
                (void)succeeds(vitrine_table_grow(table, 2, &thing, &size));
                for (const std::uint64_t index : { 0, 1, 100 }) {
                    Filled<vitrine_val_t> value;
                    (void)succeeds(vitrine_table_get(table, index, &value));
                }
                vitrine_val_delete(&thing);
            }
            if (const auto memory = own(vitrine_instance_memory(host.instance.get(), "memory"))) {
                bool found = false;
                std::uint64_t address = 0;
                (void)succeeds(vitrine_memory_find(memory.get(), "text", 4, 0, &found, &address));
                (void)succeeds(vitrine_memory_fill(memory.get(), 100, 4, 1));
                (void)succeeds(vitrine_memory_grow(memory.get(), 1, nullptr));
                EXPECT_FALSE(succeeds(vitrine_memory_write(memory.get(), UINT64_MAX, "", 1)));
            }
            (void)own(vitrine_instance_module(host.instance.get()));
            (void)own(wasm_instance_copy(host.instance.get()));
            if (const auto leaf = host.func("leaf")) {
                Filled<wasm_name_t> name;
                Filled<wasm_byte_vec_t> type;
                vitrine_func_name(leaf.get(), &name);
                vitrine_func_type_to_text(leaf.get(), &type);
                (void)own(wasm_func_type(leaf.get()));
                (void)wasm_func_param_arity(leaf.get());
                (void)wasm_func_result_arity(leaf.get());
            }
        },
        expect_that_it_works);
}

// Instances and calls.

TEST(CApi, FailsWhileInstancesAreMade)
{
    sweep(
        make_host,
        [](Host& host) {
            std::array imports = host.imports();
            wasm_extern_vec_t vec { imports.size(), imports.data() };
            wasm_trap_t* trap = nullptr;
            const auto instance = own(wasm_instance_new(host.store.get(), host.module.get(), &vec, &trap));
            (void)own(trap);
            EXPECT_FALSE(instance && trap);
        },
        expect_that_it_works);
}

TEST(CApi, FailsInALinker)
{
    sweep(
        make_host,
        [](Host& host) {
            int finalized = 0;
            const auto numbers = own(wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32()));
            auto linker =
                made<vitrine_linker_t>([&](auto out) { return vitrine_linker_new(host.store.get(), out); });
            if (!linker || !numbers)
                return;
            (void)succeeds(vitrine_linker_define_func(
                linker.get(), "host", "call", numbers.get(), call_leaf, &finalized, count));
            (void)succeeds(
                vitrine_linker_define(linker.get(), "host", "value", wasm_func_as_extern(host.value.get())));
            (void)succeeds(vitrine_linker_define_instance(linker.get(), "guest", host.instance.get()));
            (void)succeeds(vitrine_linker_check(linker.get(), host.module.get()));
            (void)made<wasm_instance_t>(
                [&](auto out) { return vitrine_linker_instantiate(linker.get(), host.module.get(), out); });
            linker = nullptr;
            host.store = nullptr;
            EXPECT_EQ(finalized, 1);
        },
        [](Host&) {});
}

TEST(CApi, FailsInCalls)
{
    sweep(
        make_host,
        [](Host& host) {
            wasm_val_t args[] = { WASM_I32_VAL(7) }, results[] = { WASM_INIT_VAL };
            const wasm_val_vec_t arg_vec = WASM_ARRAY_VEC(args);
            wasm_val_vec_t result_vec = WASM_ARRAY_VEC(results);
            for (const std::string_view name : { "all", "fails", "throws", "keep", "list" }) {
                const auto func = host.func(name.data());
                if (!func)
                    continue;
                // The last two want other arguments.
                const auto trap = own(wasm_func_call(func.get(), &arg_vec, &result_vec));
                EXPECT_TRUE(trap || name == "all") << name;
                if (!trap) {
                    EXPECT_EQ(results[0].of.i32, 9);
                    continue;
                }
                Filled<wasm_message_t> message;
                Filled<wasm_frame_vec_t> frames, copy;
                wasm_trap_message(trap.get(), &message);
                (void)own(wasm_trap_copy(trap.get()));
                wasm_trap_trace(trap.get(), &frames);
                wasm_frame_vec_copy(&copy, &frames);
                EXPECT_TRUE(copy.size == 0 || copy.size == frames.size);
                if (const auto frame = own(wasm_trap_origin(trap.get()))) {
                    Filled<wasm_name_t> function, module;
                    vitrine_frame_func_name(frame.get(), &function);
                    vitrine_frame_module_name(frame.get(), &module);
                }
                (void)own(vitrine_trap_exception(trap.get()));
                EXPECT_FALSE(succeeds(vitrine_error_new_trap(trap.get())));
            }
            const wasm_message_t text { 5, const_cast<char*>("text") };
            EXPECT_TRUE(own(wasm_trap_new(host.store.get(), &text)));
            EXPECT_FALSE(succeeds(vitrine_error_new("text")));
            EXPECT_FALSE(succeeds(vitrine_error_new_exit(7)));
        },
        expect_that_it_works);
}

TEST(CApi, FailsWithReferences)
{
    sweep(
        make_host,
        [](Host& host) {
            const auto keep = host.func("keep"), list = host.func("list"), all = host.func("all");
            const auto foreign = own(wasm_foreign_new(host.store.get()));
            if (!keep || !list || !all || !foreign)
                return;
            wasm_val_t args[] = { WASM_REF_VAL(wasm_foreign_as_ref(foreign.get())) };
            wasm_val_t results[] = { WASM_INIT_VAL };
            const wasm_val_vec_t arg_vec = WASM_ARRAY_VEC(args);
            wasm_val_vec_t result_vec = WASM_ARRAY_VEC(results);
            if (!own(wasm_func_call(keep.get(), &arg_vec, &result_vec))) {
                ASSERT_TRUE(results[0].of.ref);
                EXPECT_TRUE(wasm_ref_same(results[0].of.ref, args[0].of.ref));
                Filled<wasm_val_vec_t> vec;
                wasm_val_vec_copy(&vec, &result_vec);
                EXPECT_TRUE(vec.size == 0 || vec.data[0].of.ref);
                wasm_val_delete(&results[0]);
            }
            const vitrine_val_t argument = vitrine_val_i32(7);
            vitrine_val_t result;
            Filled<vitrine_val_t> node;
            if (!succeeds(vitrine_func_call(all.get(), &argument, 1, &result, 1))
                || !succeeds(vitrine_func_call(list.get(), nullptr, 0, &node, 1)) || !node.of.ref)
                return;
            Filled<wasm_byte_vec_t> text, type, part_type;
            (void)succeeds(vitrine_val_to_text(&node, &text));
            (void)succeeds(vitrine_val_type(&node, &type));
            (void)succeeds(vitrine_object_part_type(node.of.ref, 0, &part_type));
            Filled<vitrine_val_t> part, copy;
            (void)succeeds(vitrine_object_get(node.of.ref, 1, &part));
            (void)succeeds(vitrine_object_set(node.of.ref, 0, &argument));
            EXPECT_FALSE(succeeds(vitrine_object_set(node.of.ref, 1, &argument)));
            vitrine_val_copy(&copy, &node);
            (void)own(vitrine_i31_new(host.store.get(), 5));
        },
        expect_that_it_works);
}

// Debugging.

TEST(CApi, FailsInInspection)
{
    sweep(
        make_host,
        [](Host& host) {
            const wasm_instance_t* const instance = host.instance.get();
            Filled<vitrine_instance_vec_t> instances;
            (void)succeeds(vitrine_store_debug_instances(host.store.get(), &instances));
            (void)own(vitrine_instance_debug_func(instance, 2));
            (void)own(vitrine_instance_debug_func_named(instance, "leaf"));
            (void)own(vitrine_instance_debug_extern(instance, WASM_EXTERN_TABLE, 0));
            (void)own(vitrine_instance_debug_tag(instance, 0));
            (void)own(vitrine_instance_debug_tag_named(instance, "t"));
            (void)own(vitrine_instance_debug_global(instance, 0));
            const vitrine_val_t null = vitrine_val_zero(WASM_EXTERNREF);
            if (const auto global = own(vitrine_instance_debug_global_named(instance, "thing"))) {
                (void)succeeds(vitrine_global_debug_set(global.get(), &null));
                if (const auto place = own(vitrine_place_new_global(global.get())))
                    (void)own(vitrine_place_extern(place.get()));
            }
            (void)own(vitrine_instance_debug_memory(instance, 0));
            if (const auto memory = own(vitrine_instance_debug_memory_named(instance, "memory")))
                (void)own(vitrine_place_new_memory(memory.get(), 0, 4));
            (void)own(vitrine_instance_debug_table(instance, 0));
            if (const auto table = own(vitrine_instance_debug_table_named(instance, "table")))
                (void)own(vitrine_place_new_table(table.get(), 0));
            for (const char* const text :
                { "1 + 2 * 3", "$total", "i32[0] == 16 && table[0] != null", "$list", "(" }) {
                Filled<vitrine_val_t> value;
                Filled<wasm_byte_vec_t> shown;
                (void)succeeds(vitrine_instance_debug_evaluate(instance, text, &value));
                (void)succeeds(vitrine_instance_debug_text_of(instance, text, &shown));
            }
            (void)succeeds(vitrine_instance_debug_assign(instance, "i32[64] = 5"));
            (void)made<vitrine_place_t>(
                [&](auto out) { return vitrine_instance_debug_place(instance, "i32[64]", out); });
        },
        expect_that_it_works);
}

void look_at(const vitrine_debug_frame_t* frame)
{
    Filled<wasm_name_t> name;
    vitrine_debug_frame_name(frame, &name);
    (void)own(vitrine_debug_frame_func(frame));
    (void)own(vitrine_debug_frame_instance(frame));
    (void)own(vitrine_debug_frame_module(frame));
    Filled<vitrine_slot_vec_t> locals, operands;
    (void)succeeds(vitrine_debug_frame_locals(frame, &locals));
    (void)succeeds(vitrine_debug_frame_operands(frame, &operands));
    Filled<vitrine_val_t> value;
    Filled<wasm_byte_vec_t> text;
    (void)succeeds(vitrine_debug_frame_evaluate(frame, "$n + 1", &value));
    (void)succeeds(vitrine_debug_frame_text_of(frame, "$n", &text));
    (void)succeeds(vitrine_debug_frame_assign(frame, "$n = $n"));
    const vitrine_val_t seven = vitrine_val_i32(7);
    (void)succeeds(vitrine_debug_frame_set_local(frame, 0, &seven));
    (void)made<vitrine_place_t>([&](auto out) { return vitrine_debug_frame_place(frame, "$n", out); });
    (void)own(vitrine_place_new_local(frame, 0));
}

/// What a debugger asks at a stop.
void look_around(const vitrine_stopped_t* stopped)
{
    const vitrine_stop_reason_t* const reason = vitrine_stopped_reason(stopped);
    (void)vitrine_stop_reason_to_text(reason);
    (void)own(vitrine_stop_reason_exception(reason));
    (void)own(vitrine_stop_reason_instance(reason));
    Filled<vitrine_val_t> old_value, new_value;
    (void)vitrine_stop_reason_watched_values(reason, &old_value, &new_value);
    Filled<wasm_byte_vec_t> old_bytes, new_bytes;
    (void)vitrine_stop_reason_watched_bytes(reason, &old_bytes, &new_bytes);
    Filled<vitrine_debug_frame_vec_t> frames;
    (void)succeeds(vitrine_stopped_frames(stopped, &frames));
    for (size_t i = 0; i < frames.size; ++i)
        look_at(frames.data[i]);
    Filled<vitrine_guest_thread_vec_t> threads;
    if (succeeds(vitrine_stopped_threads(stopped, &threads)) && threads.size != 0) {
        Filled<vitrine_debug_frame_vec_t> of_thread;
        (void)succeeds(vitrine_guest_thread_frames(threads.data[0], &of_thread));
    }
}

/// Sets a breakpoint in `leaf`, and a watchpoint on a global.
void set_stops(const Host& host, vitrine_session_t* session)
{
    vitrine_breakpoint_options_t options {};
    options.size = sizeof options;
    options.condition = "$n == 7";
    Filled<vitrine_entity_t> leaf;
    leaf.vitrine_entity_t::size = sizeof(vitrine_entity_t);
    std::uint32_t id = 0;
    if (succeeds(vitrine_module_entity(host.module.get(), WASM_EXTERN_FUNC, 2, &leaf))
        && succeeds(vitrine_session_add_breakpoint(session, host.module.get(), leaf.offset, &options, &id))) {
        options.message = "n is {$n}";
        (void)succeeds(vitrine_session_change_breakpoint(session, id, &options));
        (void)succeeds(vitrine_session_change_breakpoint(session, id, nullptr));
    }
    if (const auto place = made<vitrine_place_t>(
            [&](auto out) { return vitrine_instance_debug_place(host.instance.get(), "$total", out); }))
        (void)succeeds(
            vitrine_session_add_watchpoint(session, place.get(), VITRINE_WATCH_CHANGE, nullptr, &id));
    Filled<vitrine_breakpoint_vec_t> breakpoints;
    if (succeeds(vitrine_session_breakpoints(session, &breakpoints)) && breakpoints.size != 0) {
        (void)own(vitrine_breakpoint_module(breakpoints.data[0]));
        vitrine_breakpoint_options(breakpoints.data[0], &options);
    }
    Filled<vitrine_watchpoint_vec_t> watchpoints;
    (void)succeeds(vitrine_session_watchpoints(session, &watchpoints));
    (void)own(vitrine_session_stopped(session));
}

/// Resumes the guest, each time in another way.
vitrine_error_t* resume(int number, const wasm_func_t* leaf, vitrine_session_t* session,
    vitrine_stopped_t* stopped, vitrine_event_t* next)
{
    const vitrine_val_t argument = vitrine_val_i32(7);
    if (number < 4)
        return vitrine_session_step(session, stopped, 0, next);
    if (number < 6)
        return vitrine_session_step_over(session, stopped, 0, next);
    if (number == 6)
        return vitrine_session_step_out(session, stopped, 0, next);
    if (number == 7)
        return vitrine_session_call_stopped(session, stopped, leaf, &argument, 1, 0, next);
    if (number < 10)
        return vitrine_session_resume(session, stopped, next);
    return vitrine_session_kill_stopped(session, stopped, next);
}

TEST(CApi, FailsInASession)
{
    sweep(
        make_host,
        [](Host& host) {
            int finalized = 0;
            const auto session =
                made<vitrine_session_t>([&](auto out) { return vitrine_session_new(host.store.get(), out); });
            const auto all = host.func("all"), leaf = host.func("leaf");
            if (!session || !all || !leaf)
                return;
            (void)succeeds(vitrine_session_on_message(session.get(), [](auto...) {}, &finalized, count));
            (void)succeeds(vitrine_session_on_message(session.get(), nullptr, nullptr, nullptr));
            EXPECT_EQ(finalized, 1);
            (void)succeeds(vitrine_session_stop_on(session.get(), VITRINE_STOP_ON_CAUGHT_THROW));
            set_stops(host, session.get());
            const vitrine_val_t argument = vitrine_val_i32(7);
            vitrine_event_t event {};
            bool is_done =
                succeeds(vitrine_session_call(session.get(), all.get(), &argument, 1, true, &event));
            for (int number = 0; is_done && event.stopped; ++number) {
                look_around(event.stopped);
                vitrine_event_t next {};
                is_done = succeeds(resume(number, leaf.get(), session.get(), event.stopped, &next));
                vitrine_event_delete(&event);
                event = next;
            }
            vitrine_event_delete(&event);
        },
        expect_that_it_works);
}

TEST(CApi, FailsInAHandler)
{
    sweep(
        make_host,
        [](Host& host) {
            int finalized = 0;
            const auto look = [](void*, vitrine_stopped_t* stopped) -> vitrine_resume_t {
                look_around(stopped);
                return { VITRINE_RESUME_GO, 0 };
            };
            auto session = made<vitrine_session_t>([&](auto out) {
                return vitrine_session_new_with_handler(host.store.get(), look, &finalized, count, out);
            });
            if (session) {
                (void)succeeds(vitrine_session_stop_on(
                    session.get(), VITRINE_STOP_ON_CAUGHT_THROW | VITRINE_STOP_ON_TRAP));
                const vitrine_val_t argument = vitrine_val_i32(7);
                vitrine_val_t result;
                for (const char* const name : { "all", "fails", "throws" })
                    if (const auto func = host.func(name))
                        (void)succeeds(vitrine_func_call(func.get(), &argument, 1, &result, 1));
            }
            session = nullptr;
            EXPECT_EQ(finalized, 1);
        },
        expect_that_it_works);
}

TEST(CApi, FailsInServers)
{
    sweep(
        make_host,
        [](Host& host) {
            const auto session =
                made<vitrine_session_t>([&](auto out) { return vitrine_session_new(host.store.get(), out); });
            if (!session)
                return;
            if (const auto server = made<vitrine_gdb_server_t>([&](auto out) {
                    return vitrine_gdb_server_new(
                        session.get(), "127.0.0.1:0", VITRINE_GDB_SERVES_EMBEDDER, out);
                })) {
                Filled<wasm_byte_vec_t> address;
                vitrine_gdb_server_address(server.get(), &address);
                (void)succeeds(vitrine_gdb_server_announce(server.get(), host.module.get(), "/m.wasm"));
                Filled<vitrine_name_vec_t> commands;
                (void)succeeds(
                    vitrine_gdb_server_lldb_commands(server.get(), host.module.get(), nullptr, 0, &commands));
            }
            if (const auto server = made<vitrine_dap_server_t>([&](auto out) {
                    return vitrine_dap_server_new(session.get(), "127.0.0.1:0", nullptr, out);
                })) {
                Filled<wasm_byte_vec_t> address;
                vitrine_dap_server_address(server.get(), &address);
                (void)succeeds(vitrine_dap_server_announce(server.get(), host.module.get(), "/m.wasm"));
                (void)vitrine_dap_server_close(server.get());
            }
        },
        expect_that_it_works);
}

// WASI and components.

TEST(CApi, FailsInWasi)
{
    sweep(
        make_host,
        [](Host& host) {
            int finalized = 0;
            auto config = own(vitrine_wasi_config_new());
            auto linker =
                made<vitrine_linker_t>([&](auto out) { return vitrine_linker_new(host.store.get(), out); });
            if (!config || !linker)
                return;
            const char* const args[] = { "app", "argument" };
            vitrine_wasi_config_args(config.get(), args, 2);
            vitrine_wasi_config_env(config.get(), "NAME", "value");
            vitrine_wasi_config_inherit_env(config.get());
            vitrine_wasi_config_preopen(config.get(), "/tmp", "/", VITRINE_WASI_READ_ONLY);
            vitrine_wasi_config_stdin_bytes(config.get(), "text", 4);
            vitrine_wasi_config_stdout_to(config.get(), [](auto...) {}, &finalized, count);
            vitrine_wasi_config_clock(
                config.get(), [](auto...) -> std::uint64_t { return 0; }, &finalized, count);
            vitrine_wasi_config_random(config.get(), [](auto...) {}, &finalized, count);
            if (const auto listener = made<vitrine_wasi_listener_t>(
                    [](auto out) { return vitrine_wasi_listener_bind("0", out); })) {
                Filled<wasm_byte_vec_t> address;
                vitrine_wasi_listener_address(listener.get(), &address);
                vitrine_wasi_config_listener(config.get(), listener.get());
            }
            (void)succeeds(vitrine_linker_add_wasi(linker.get(), config.get()));
            (void)succeeds(vitrine_store_set_wasi(host.store.get(), config.get()));
            config = nullptr;
            linker = nullptr;
            host.store = nullptr;
            EXPECT_EQ(finalized, 3);
        },
        [](Host&) {});
}

vitrine_error_t* log_text(void*, const vitrine_component_caller_t* caller,
    const vitrine_component_val_t* const args[], size_t, vitrine_component_val_t** result)
{
    Filled<wasm_byte_vec_t> text;
    if (const auto error = vitrine_component_val_to_bytes(args[0], &text))
        return error;
    const auto type = own(vitrine_component_caller_result(caller));
    return type ? vitrine_component_val_from_int(type.get(), 20, result) : vitrine_error_new("out of memory");
}

void use_instance(const vitrine_component_instance_t* instance)
{
    (void)own(vitrine_component_instance_core(instance, "main"));
    Filled<vitrine_core_instance_vec_t> cores;
    (void)succeeds(vitrine_component_instance_debug_cores(instance, &cores));
    Filled<vitrine_component_instance_vec_t> nested;
    (void)succeeds(vitrine_component_instance_debug_nested(instance, &nested));
    Filled<vitrine_component_handle_vec_t> handles;
    (void)succeeds(vitrine_component_instance_debug_handles(instance, &handles));
    const auto run = own(vitrine_component_instance_func(instance, nullptr, "run"));
    if (!run)
        return;
    Filled<wasm_name_t> name;
    Filled<wasm_byte_vec_t> type;
    vitrine_component_func_name(run.get(), &name);
    vitrine_component_func_to_text(run.get(), &type);
}

void use_component(const Host& host, const vitrine_component_linker_t* linker)
{
    const auto& bytes = bytes_of(component_text);
    const auto component = made<vitrine_component_t>(
        [&](auto out) { return vitrine_component_new(host.engine.get(), bytes.data(), bytes.size(), out); });
    if (!component)
        return;
    Filled<wasm_byte_vec_t> text;
    vitrine_component_to_text(component.get(), &text);
    Filled<vitrine_component_extern_vec_t> imports, exports;
    vitrine_component_imports(component.get(), &imports);
    vitrine_component_exports(component.get(), &exports);
    Filled<vitrine_core_module_vec_t> modules;
    (void)succeeds(vitrine_component_core_modules(component.get(), host.store.get(), &modules));
    (void)succeeds(vitrine_component_linker_check(linker, host.store.get(), component.get()));
    if (const auto prepared = made<vitrine_prepared_component_t>(
            [&](auto out) { return vitrine_component_linker_prepare(linker, component.get(), out); }))
        (void)made<vitrine_component_instance_t>([&](auto out) {
            return vitrine_prepared_component_instantiate(prepared.get(), host.store.get(), out);
        });
    if (const auto instance = made<vitrine_component_instance_t>([&](auto out) {
            return vitrine_component_linker_instantiate(linker, host.store.get(), component.get(), out);
        }))
        use_instance(instance.get());
}

TEST(CApi, FailsInComponents)
{
    sweep(
        make_host,
        [](Host& host) {
            int finalized = 0;
            if (const auto linker = made<vitrine_component_linker_t>(
                    [&](auto out) { return vitrine_component_linker_new(host.engine.get(), out); })) {
                (void)succeeds(vitrine_component_linker_define_func(
                    linker.get(), nullptr, "log", log_text, &finalized, count));
                use_component(host, linker.get());
                (void)succeeds(vitrine_component_linker_add_wasi(linker.get()));
            }
            host.store = nullptr;
        },
        [](Host&) {});
}

} // namespace
} // namespace vitrine
