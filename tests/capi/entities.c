// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Globals, memories and tables, made by the host and exported by the guest.
#include "capi_test.h"

enum { Constant, Variable, Own, Count, Load, Store, Call };

static wasm_extern_vec_t exports;

static int32_t call(int number, int32_t first, int32_t second)
{
    const wasm_func_t* func = wasm_extern_as_func(exports.data[number]);
    wasm_val_t args[2] = { WASM_I32_VAL(first), WASM_I32_VAL(second) };
    wasm_val_t results[1] = { WASM_I32_VAL(0) };
    const wasm_val_vec_t arg_vec = { wasm_func_param_arity(func), args };
    wasm_val_vec_t result_vec = { wasm_func_result_arity(func), results };
    CHECK(!wasm_func_call(func, &arg_vec, &result_vec));
    return results[0].of.i32;
}

static void test_globals(wasm_store_t* store, wasm_global_t* counter)
{
    CHECK(call(Count, 0, 0) == 42);
    wasm_val_t val;
    wasm_global_get(counter, &val);
    CHECK(val.kind == WASM_I32 && val.of.i32 == 42);
    val.of.i32 = 7;
    wasm_global_set(counter, &val);
    CHECK(call(Count, 0, 0) == 8);

    const wasm_global_t* constant = wasm_extern_as_global(exports.data[Constant]);
    wasm_global_get(constant, &val);
    CHECK(val.kind == WASM_F64 && val.of.f64 == 2.5);
    wasm_globaltype_t* type = wasm_global_type(constant);
    CHECK(wasm_valtype_kind(wasm_globaltype_content(type)) == WASM_F64);
    CHECK(wasm_globaltype_mutability(type) == WASM_CONST);
    // A value of another type.
    const wasm_val_t wrong = WASM_I32_VAL(0);
    CHECK(!wasm_global_new(store, type, &wrong));
    wasm_globaltype_delete(type);

    wasm_global_t* variable = wasm_extern_as_global(exports.data[Variable]);
    val = (wasm_val_t)WASM_I64_VAL(INT64_MAX);
    wasm_global_set(variable, &val);
    wasm_global_get(variable, &val);
    CHECK(val.of.i64 == INT64_MAX && !wasm_global_same(variable, counter));
}

static void test_memories(wasm_memory_t* memory)
{
    CHECK(wasm_memory_size(memory) == 1 && wasm_memory_data_size(memory) == MEMORY_PAGE_SIZE);
    wasm_memory_data(memory)[65535] = 9;
    CHECK(call(Load, 65535, 0) == 9);
    call(Store, 0, 5);
    CHECK(wasm_memory_data(memory)[0] == 5);
    CHECK(wasm_memory_grow(memory, 2) && wasm_memory_size(memory) == 3);
    CHECK(!wasm_memory_grow(memory, 1) && wasm_memory_size(memory) == 3);
    CHECK(wasm_memory_grow(memory, 0) && wasm_memory_data(memory)[65535] == 9);
    CHECK(call(Load, 3 * 65536 - 1, 0) == 0);

    const wasm_memory_t* own_memory = wasm_extern_as_memory_const(exports.data[Own]);
    wasm_memorytype_t* type = wasm_memory_type(own_memory);
    CHECK(wasm_memorytype_limits(type)->min == 2 && wasm_memorytype_limits(type)->max == 4);
    wasm_memorytype_delete(type);
    CHECK(!wasm_memory_same(own_memory, memory));
}

static own wasm_trap_t* eleven(const wasm_val_vec_t* args, own wasm_val_vec_t* results)
{
    CHECK(args->size == 0);
    results->data[0] = (wasm_val_t)WASM_I32_VAL(11);
    return NULL;
}

static void test_tables(wasm_store_t* store, wasm_table_t* table)
{
    wasm_functype_t* type = wasm_functype_new_0_1(wasm_valtype_new_i32());
    wasm_func_t* func = wasm_func_new(store, type, eleven);
    wasm_functype_delete(type);
    CHECK(wasm_table_set(table, 1, wasm_func_as_ref(func)));
    wasm_func_delete(func);
    CHECK(call(Call, 1, 0) == 11);
    wasm_tabletype_t* table_type = wasm_table_type(table);
    CHECK(wasm_valtype_kind(wasm_tabletype_element(table_type)) == WASM_FUNCREF);
    CHECK(wasm_tabletype_limits(table_type)->max == wasm_limits_max_default);
    wasm_tabletype_delete(table_type);

    // A table of numbers.
    const wasm_limits_t limits = { 1, 1 };
    table_type = wasm_tabletype_new(wasm_valtype_new_i32(), &limits);
    CHECK(!wasm_table_new(store, table_type, NULL));
    wasm_tabletype_delete(table_type);
}

static void test_externs(void)
{
    static const wasm_externkind_t kinds[] = { WASM_EXTERN_GLOBAL, WASM_EXTERN_GLOBAL, WASM_EXTERN_MEMORY,
        WASM_EXTERN_FUNC, WASM_EXTERN_FUNC, WASM_EXTERN_FUNC, WASM_EXTERN_FUNC };
    CHECK(exports.size == sizeof kinds);
    for (size_t i = 0; i < exports.size; ++i) {
        const wasm_extern_t* item = exports.data[i];
        CHECK(wasm_extern_kind(item) == kinds[i]);
        wasm_externtype_t* type = wasm_extern_type(item);
        CHECK(wasm_externtype_kind(type) == kinds[i]);
        wasm_externtype_delete(type);
        CHECK(!wasm_extern_as_func_const(item) == (kinds[i] != WASM_EXTERN_FUNC));
        CHECK(!wasm_extern_as_global_const(item) == (kinds[i] != WASM_EXTERN_GLOBAL));
        CHECK(!wasm_extern_as_table_const(item) == (kinds[i] != WASM_EXTERN_TABLE));
        CHECK(!wasm_extern_as_memory_const(item) == (kinds[i] != WASM_EXTERN_MEMORY));
        wasm_extern_t* copy = wasm_extern_copy(item);
        CHECK(wasm_extern_same(copy, item));
        wasm_extern_delete(copy);
    }
    wasm_extern_vec_t copies;
    wasm_extern_vec_copy(&copies, &exports);
    CHECK(copies.size == exports.size && wasm_extern_same(copies.data[6], exports.data[6]));
    wasm_extern_vec_delete(&copies);
}

static void test_imports(wasm_store_t* store, wasm_module_t* module, wasm_extern_t* imports[3])
{
    wasm_trap_t* trap = NULL;
    wasm_extern_vec_t vec = { 2, imports };
    CHECK(!wasm_instance_new(store, module, &vec, &trap));
    CHECK(has_message(trap, "expected 3 imports, got 2"));
    CHECK(!wasm_instance_new(store, module, NULL, NULL));
    wasm_extern_t* swapped[3] = { imports[0], imports[2], imports[1] };
    vec = (wasm_extern_vec_t)WASM_ARRAY_VEC(swapped);
    CHECK(!wasm_instance_new(store, module, &vec, &trap));
    CHECK(has_message(trap,
        "incompatible import type: \"host\" \"memory\" is a table that does not match the imported memory "
        "(at offset 0x2c)"));
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    wasm_config_t* config = wasm_config_new();
    wasm_engine_t* engine = wasm_engine_new_with_config(config);
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = load(store, argv[1], "entities");

    wasm_globaltype_t* global_type = wasm_globaltype_new(wasm_valtype_new_i32(), WASM_VAR);
    const wasm_val_t initial = WASM_I32_VAL(41);
    wasm_global_t* counter = wasm_global_new(store, global_type, &initial);
    wasm_globaltype_delete(global_type);
    const wasm_limits_t memory_limits = { 1, 3 };
    wasm_memorytype_t* memory_type = wasm_memorytype_new(&memory_limits);
    wasm_memory_t* memory = wasm_memory_new(store, memory_type);
    wasm_memorytype_delete(memory_type);
    const wasm_limits_t table_limits = { 2, wasm_limits_max_default };
    wasm_tabletype_t* table_type = wasm_tabletype_new(wasm_valtype_new_funcref(), &table_limits);
    wasm_table_t* table = wasm_table_new(store, table_type, NULL);
    wasm_tabletype_delete(table_type);
    CHECK(counter && memory && table);

    wasm_extern_t* imports[3] = { wasm_global_as_extern(counter), wasm_memory_as_extern(memory),
        wasm_table_as_extern(table) };
    test_imports(store, module, imports);
    wasm_instance_t* instance = instantiate(store, module, imports, 3);
    wasm_instance_exports(instance, &exports);
    test_externs();
    test_globals(store, counter);
    test_memories(memory);
    test_tables(store, table);

    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_global_delete(counter);
    wasm_memory_delete(memory);
    wasm_table_delete(table);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
