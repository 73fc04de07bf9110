// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// References: foreign objects and entities as externrefs, functions as funcrefs, objects of the
// garbage-collected heap, identity, host information.
#include "capi_test.h"

enum { Keep = 3, Pass, GetGlobal, IsNull, Make, Read, Hide, Reveal };

static wasm_extern_vec_t exports;
static wasm_ref_t* kept;
static int finalized;

static void finalize(void* data) { finalized += *(int*)data; }

static own wasm_trap_t* keep(void* env, const wasm_val_vec_t* args, own wasm_val_vec_t* results)
{
    (void)env;
    CHECK(args->data[0].kind == WASM_EXTERNREF);
    if (kept)
        wasm_ref_delete(kept);
    kept = args->data[0].of.ref ? wasm_ref_copy(args->data[0].of.ref) : NULL;
    wasm_val_copy(&results->data[0], &args->data[0]);
    return NULL;
}

// Calls an export with at most one argument and one result. The argument stays the caller's.
static own wasm_val_t call(int number, const wasm_val_t* arg)
{
    const wasm_func_t* func = wasm_extern_as_func(exports.data[number]);
    const wasm_val_vec_t args = { arg ? 1 : 0, (wasm_val_t*)arg };
    wasm_val_t result[1] = { WASM_INIT_VAL };
    wasm_val_vec_t results = WASM_ARRAY_VEC(result);
    wasm_trap_t* trap = wasm_func_call(func, &args, &results);
    if (trap)
        CHECK(has_message(trap, ""));
    return result[0];
}

static void test_round_trip(wasm_ref_t* ref)
{
    const wasm_val_t arg = WASM_REF_VAL(ref);
    wasm_val_t back = call(Keep, &arg);
    CHECK(back.kind == WASM_EXTERNREF && back.of.ref);
    CHECK(wasm_ref_same(back.of.ref, ref) && wasm_ref_same(kept, ref));
    CHECK(wasm_ref_get_host_info(back.of.ref) == wasm_ref_get_host_info(ref));
    wasm_val_delete(&back);
    CHECK(!back.of.ref);
    back = call(IsNull, &arg);
    CHECK(back.of.i32 == 0);
}

static void test_null(void)
{
    const wasm_val_t null = WASM_INIT_VAL;
    wasm_val_t result = call(Keep, &null);
    CHECK(result.kind == WASM_EXTERNREF && !result.of.ref && !kept);
    result = call(IsNull, &null);
    CHECK(result.of.i32 == 1);
}

static void test_functions(wasm_store_t* store)
{
    wasm_func_t* seven = wasm_extern_as_func(exports.data[2]);
    wasm_val_t arg = { .kind = WASM_FUNCREF, .of = { .ref = wasm_func_as_ref(seven) } };
    wasm_val_t back = call(Pass, &arg);
    CHECK(back.kind == WASM_FUNCREF && wasm_ref_same(back.of.ref, arg.of.ref));
    const wasm_func_t* same = wasm_ref_as_func_const(back.of.ref);
    CHECK(same && wasm_func_same(same, seven));
    wasm_val_t seven_vals[1] = { WASM_INIT_VAL };
    wasm_val_vec_t results = WASM_ARRAY_VEC(seven_vals);
    CHECK(!wasm_func_call(same, NULL, &results) && seven_vals[0].of.i32 == 7);
    wasm_val_delete(&back);

    // A foreign object is no function.
    wasm_foreign_t* foreign = wasm_foreign_new(store);
    arg.of.ref = wasm_foreign_as_ref(foreign);
    const wasm_val_vec_t args = { 1, &arg };
    CHECK(has_message(wasm_func_call(wasm_extern_as_func(exports.data[Pass]), &args, &results),
        "argument 0: the reference is no funcref"));
    wasm_foreign_delete(foreign);
}

static void test_objects(void)
{
    wasm_val_t point = call(Make, NULL);
    CHECK(point.kind == 130 && point.of.ref);
    wasm_val_t copy;
    wasm_val_copy(&copy, &point);
    CHECK(copy.of.ref != point.of.ref && wasm_ref_same(copy.of.ref, point.of.ref));
    wasm_val_delete(&point);
    wasm_val_t result = call(Read, &copy);
    CHECK(result.kind == WASM_I32 && result.of.i32 == 5);
    wasm_val_delete(&copy);

    wasm_val_t hidden = call(Hide, NULL);
    CHECK(hidden.kind == WASM_EXTERNREF && !wasm_ref_as_foreign(hidden.of.ref));
    result = call(Reveal, &hidden);
    CHECK(result.of.i32 == 6);
    test_round_trip(hidden.of.ref);
    wasm_val_delete(&hidden);
}

static void test_tables(wasm_foreign_t* foreign)
{
    wasm_table_t* table = wasm_extern_as_table(exports.data[0]);
    CHECK(wasm_table_size(table) == 4 && !wasm_table_get(table, 0) && !wasm_table_get(table, 4));
    CHECK(wasm_table_set(table, 3, wasm_foreign_as_ref(foreign)));
    CHECK(!wasm_table_set(table, 4, NULL));
    wasm_ref_t* element = wasm_table_get(table, 3);
    CHECK(wasm_ref_same(element, wasm_foreign_as_ref(foreign)));
    CHECK(wasm_table_grow(table, 4, element) && wasm_table_size(table) == 8);
    CHECK(!wasm_table_grow(table, 1, NULL) && wasm_table_size(table) == 8);
    wasm_ref_delete(element);
    element = wasm_table_get(table, 7);
    CHECK(wasm_ref_as_foreign(element) && wasm_foreign_same(wasm_ref_as_foreign(element), foreign));
    wasm_ref_delete(element);

    wasm_table_t* functions = wasm_extern_as_table(exports.data[1]);
    element = wasm_table_get(functions, 0);
    CHECK(wasm_func_same(wasm_ref_as_func(element), wasm_extern_as_func(exports.data[2])));
    CHECK(!wasm_table_set(functions, 1, wasm_foreign_as_ref(foreign)));
    CHECK(wasm_table_set(functions, 1, element) && wasm_table_set(functions, 0, NULL));
    wasm_ref_delete(element);
    CHECK(!wasm_table_get(functions, 0));
}

static void test_info(wasm_foreign_t* foreign, int* info)
{
    CHECK(!wasm_foreign_get_host_info(foreign));
    wasm_foreign_set_host_info_with_finalizer(foreign, info, finalize);
    wasm_foreign_t* copy = wasm_foreign_copy(foreign);
    CHECK(wasm_foreign_get_host_info(copy) == info);
    wasm_foreign_delete(copy);
    CHECK(finalized == 0);
    test_round_trip(wasm_foreign_as_ref(foreign));

    // The information belongs to the function, not to the reference.
    wasm_func_t* seven = wasm_extern_as_func(exports.data[2]);
    wasm_func_set_host_info(seven, info);
    wasm_func_t* same = wasm_func_copy(seven);
    CHECK(wasm_func_get_host_info(same) == info);
    wasm_func_set_host_info(same, NULL);
    CHECK(!wasm_func_get_host_info(seven));
    wasm_func_delete(same);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = load(store, argv[1], "references");
    wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new_externref(), wasm_valtype_new_externref());
    wasm_func_t* func = wasm_func_new_with_env(store, type, keep, NULL, NULL);
    wasm_functype_delete(type);
    wasm_foreign_t* foreign = wasm_foreign_new(store);
    wasm_globaltype_t* global_type = wasm_globaltype_new(wasm_valtype_new_externref(), WASM_VAR);
    const wasm_val_t initial = WASM_REF_VAL(wasm_foreign_as_ref(foreign));
    wasm_global_t* global = wasm_global_new(store, global_type, &initial);
    wasm_globaltype_delete(global_type);
    wasm_extern_t* imports[2] = { wasm_func_as_extern(func), wasm_global_as_extern(global) };
    wasm_instance_t* instance = instantiate(store, module, imports, 2);
    wasm_instance_exports(instance, &exports);

    int info = 100;
    test_info(foreign, &info);
    test_null();
    test_functions(store);
    test_objects();
    test_tables(foreign);
    wasm_val_t in_global = call(GetGlobal, NULL);
    CHECK(wasm_ref_same(in_global.of.ref, wasm_foreign_as_ref(foreign)));
    wasm_val_delete(&in_global);

    // All kinds of entities.
    wasm_trap_t* trap = NULL;
    wasm_message_t message;
    wasm_name_new_from_string(&message, "a trap");
    trap = wasm_trap_new(store, &message);
    wasm_name_delete(&message);
    test_round_trip(wasm_func_as_ref(func));
    test_round_trip(wasm_global_as_ref(global));
    test_round_trip(wasm_table_as_ref(wasm_extern_as_table(exports.data[0])));
    test_round_trip(wasm_instance_as_ref(instance));
    test_round_trip(wasm_module_as_ref(module));
    test_round_trip(wasm_trap_as_ref(trap));
    CHECK(has_message(trap, "a trap"));
    CHECK(!wasm_ref_as_memory(wasm_func_as_ref(func)) && !wasm_ref_as_extern(wasm_module_as_ref(module)));
    CHECK(!wasm_func_same(func, wasm_extern_as_func(exports.data[2])));

    // The store of another engine refuses what is not its own.
    wasm_store_t* other = wasm_store_new(engine);
    wasm_foreign_t* stranger = wasm_foreign_new(other);
    CHECK(!wasm_table_set(wasm_extern_as_table(exports.data[0]), 0, wasm_foreign_as_ref(stranger)));
    wasm_foreign_delete(stranger);
    wasm_store_delete(other);

    wasm_ref_delete(kept);
    wasm_module_delete(module);
    wasm_instance_delete(instance);
    wasm_func_delete(func);
    wasm_global_delete(global);
    // The table and the global have it.
    wasm_foreign_delete(foreign);
    CHECK(finalized == 0);
    wasm_extern_vec_delete(&exports);
    wasm_store_delete(store);
    CHECK(finalized == 100);
    wasm_engine_delete(engine);
    return 0;
}
