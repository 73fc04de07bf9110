// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules: what they import and export, serialisation, sharing by threads, many instances.
#include "capi_test.h"

#include <pthread.h>

static void test_imports(const wasm_module_t* module)
{
    wasm_importtype_vec_t imports;
    wasm_module_imports(module, &imports);
    CHECK(imports.size == 5);
    const wasm_importtype_t* func = imports.data[0];
    CHECK(is_text(wasm_importtype_module(func), "a") && is_text(wasm_importtype_name(func), "func"));
    const wasm_functype_t* type = wasm_externtype_as_functype_const(wasm_importtype_type(func));
    CHECK(wasm_functype_params(type)->size == 2 && wasm_functype_results(type)->size == 1);
    CHECK(wasm_valtype_kind(wasm_functype_params(type)->data[1]) == WASM_F64);
    CHECK(wasm_valtype_kind(wasm_functype_results(type)->data[0]) == WASM_I64);
    type = wasm_externtype_as_functype_const(wasm_importtype_type(imports.data[1]));
    CHECK(wasm_functype_params(type)->size == 0 && wasm_functype_results(type)->size == 0);
    const wasm_tabletype_t* table = wasm_externtype_as_tabletype_const(wasm_importtype_type(imports.data[2]));
    CHECK(wasm_valtype_kind(wasm_tabletype_element(table)) == WASM_EXTERNREF);
    CHECK(wasm_tabletype_limits(table)->min == 1 && wasm_tabletype_limits(table)->max == 2);
    CHECK(is_text(wasm_importtype_module(imports.data[3]), ""));
    const wasm_memorytype_t* memory = wasm_externtype_as_memorytype_const(wasm_importtype_type(imports.data[3]));
    CHECK(wasm_memorytype_limits(memory)->min == 3);
    CHECK(wasm_memorytype_limits(memory)->max == wasm_limits_max_default);
    const wasm_globaltype_t* global = wasm_externtype_as_globaltype_const(wasm_importtype_type(imports.data[4]));
    CHECK(wasm_globaltype_mutability(global) == WASM_VAR);
    CHECK(!wasm_externtype_as_functype_const(wasm_importtype_type(imports.data[4])));

    wasm_importtype_vec_t copies;
    wasm_importtype_vec_copy(&copies, &imports);
    wasm_importtype_vec_delete(&imports);
    CHECK(copies.size == 5 && is_text(wasm_importtype_name(copies.data[4]), "global"));
    wasm_importtype_vec_delete(&copies);
}

static void test_exports(const wasm_module_t* module)
{
    static const wasm_externkind_t kinds[] = { WASM_EXTERN_FUNC, WASM_EXTERN_FUNC, WASM_EXTERN_MEMORY, 4,
        WASM_EXTERN_GLOBAL, WASM_EXTERN_TABLE };
    static const char* const names[] = { "run", "", "memory", "tag", "global", "table" };
    wasm_exporttype_vec_t exports;
    wasm_module_exports(module, &exports);
    CHECK(exports.size == sizeof kinds);
    for (size_t i = 0; i < exports.size; ++i) {
        CHECK(is_text(wasm_exporttype_name(exports.data[i]), names[i]));
        CHECK(wasm_externtype_kind(wasm_exporttype_type(exports.data[i])) == kinds[i]);
    }
    wasm_exporttype_t* copy = wasm_exporttype_copy(exports.data[3]);
    CHECK(wasm_externtype_kind(wasm_exporttype_type(copy)) == 4);
    wasm_exporttype_delete(copy);
    wasm_exporttype_vec_delete(&exports);
}

static void test_serialized(wasm_store_t* store, const wasm_module_t* module)
{
    wasm_byte_vec_t bytes;
    wasm_module_serialize(module, &bytes);
    CHECK(bytes.size > 50);
    wasm_module_t* again = wasm_module_deserialize(store, &bytes);
    CHECK(again && !wasm_module_same(again, module));
    test_exports(again);
    wasm_module_delete(again);

    // Whatever is shorter is refused. With a damaged byte it may be valid.
    const size_t size = bytes.size;
    for (bytes.size = 0; bytes.size < size; ++bytes.size)
        CHECK(!wasm_module_deserialize(store, &bytes));
    for (size_t i = 0; i < size; ++i) {
        bytes.data[i] ^= 1;
        wasm_module_t* damaged = wasm_module_deserialize(store, &bytes);
        CHECK(!damaged || i >= 15);
        wasm_module_delete(damaged);
        bytes.data[i] ^= 1;
    }
    wasm_byte_vec_t binary = { size - 20, bytes.data };
    CHECK(!wasm_module_new(store, &binary) && !wasm_module_validate(store, &binary));
    wasm_byte_vec_delete(&bytes);
}

typedef struct {
    wasm_engine_t* engine;
    const wasm_shared_module_t* module;
    int sum;
} Job;

static int32_t run(wasm_store_t* store, const wasm_module_t* module, int32_t argument)
{
    wasm_instance_t* instance = instantiate(store, module, NULL, 0);
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    wasm_val_t args[1] = { WASM_I32_VAL(argument) };
    wasm_val_t results[1] = { WASM_INIT_VAL };
    const wasm_val_vec_t arg_vec = WASM_ARRAY_VEC(args);
    wasm_val_vec_t result_vec = WASM_ARRAY_VEC(results);
    CHECK(!wasm_func_call(wasm_extern_as_func(exports.data[0]), &arg_vec, &result_vec));
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    return results[0].of.i32;
}

static void* work(void* data)
{
    Job* job = data;
    for (int i = 0; i < 20; ++i) {
        wasm_store_t* store = wasm_store_new(job->engine);
        wasm_module_t* module = wasm_module_obtain(store, job->module);
        CHECK(module);
        job->sum += run(store, module, i);
        wasm_module_delete(module);
        wasm_store_delete(store);
    }
    return NULL;
}

static void test_threads(wasm_engine_t* engine, wasm_module_t* module)
{
    enum { Count = 10 };
    pthread_t threads[Count];
    Job jobs[Count];
    wasm_shared_module_t* shared = wasm_module_share(module);
    for (int i = 0; i < Count; ++i) {
        jobs[i] = (Job) { engine, shared, 0 };
        CHECK(pthread_create(&threads[i], NULL, work, &jobs[i]) == 0);
    }
    for (int i = 0; i < Count; ++i) {
        pthread_join(threads[i], NULL);
        CHECK(jobs[i].sum == 3 * 190);
    }
    wasm_engine_t* other = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(other);
    CHECK(!wasm_module_obtain(store, shared));
    wasm_store_delete(store);
    wasm_engine_delete(other);
    wasm_shared_module_delete(shared);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = load(store, argv[1], "modules");
    test_imports(module);
    test_exports(module);
    test_serialized(store, module);
    wasm_module_delete(module);

    module = load(store, argv[1], "shared");
    test_threads(engine, module);
    for (int i = 0; i < 1000; ++i)
        CHECK(run(store, module, i) == 3 * i);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
