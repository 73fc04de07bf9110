// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all kinds of references have in common: copies, identity, host information, conversions.
#include "capi_test.h"

static int finalized;

static void finalize(void* info) { finalized += *(int*)info; }

static int count_kinds(wasm_ref_t* ref)
{
    CHECK(!wasm_ref_as_func(ref) == !wasm_ref_as_func_const(ref));
    CHECK(!wasm_ref_as_global(ref) == !wasm_ref_as_global_const(ref));
    CHECK(!wasm_ref_as_table(ref) == !wasm_ref_as_table_const(ref));
    CHECK(!wasm_ref_as_memory(ref) == !wasm_ref_as_memory_const(ref));
    CHECK(!wasm_ref_as_instance(ref) == !wasm_ref_as_instance_const(ref));
    CHECK(!wasm_ref_as_module(ref) == !wasm_ref_as_module_const(ref));
    CHECK(!wasm_ref_as_trap(ref) == !wasm_ref_as_trap_const(ref));
    CHECK(!wasm_ref_as_foreign(ref) == !wasm_ref_as_foreign_const(ref));
    CHECK(!wasm_ref_as_extern(ref) == !wasm_ref_as_extern_const(ref));
    return !!wasm_ref_as_func(ref) + !!wasm_ref_as_global(ref) + !!wasm_ref_as_table(ref)
        + !!wasm_ref_as_memory(ref) + !!wasm_ref_as_instance(ref) + !!wasm_ref_as_module(ref)
        + !!wasm_ref_as_trap(ref) + !!wasm_ref_as_foreign(ref);
}

#define TEST_KIND(name, reference) \
    do { \
        static int first = 1, second = 10; \
        finalized = 0; \
        wasm_##name##_t* one = (reference); \
        wasm_##name##_t* other = wasm_##name##_copy(one); \
        CHECK(one && other && wasm_##name##_same(one, other)); \
        CHECK(!wasm_##name##_get_host_info(one)); \
        wasm_##name##_set_host_info(one, &first); \
        CHECK(wasm_##name##_get_host_info(other) == &first); \
        wasm_##name##_set_host_info_with_finalizer(other, &second, finalize); \
        CHECK(wasm_##name##_get_host_info(one) == &second && finalized == 0); \
        wasm_##name##_set_host_info(one, NULL); \
        CHECK(finalized == 10); \
        wasm_##name##_delete(other); \
        wasm_##name##_delete(NULL); \
    } while (0)

#define TEST_REFERENCE(name, reference) \
    do { \
        wasm_##name##_t* original = (reference); \
        TEST_KIND(name, original); \
        wasm_ref_t* ref = wasm_##name##_as_ref(original); \
        CHECK(wasm_ref_as_##name(ref) == original); \
        CHECK(wasm_ref_as_##name##_const(wasm_##name##_as_ref_const(original)) == original); \
        CHECK(count_kinds(ref) == 1); \
        TEST_KIND(ref, ref); \
        wasm_ref_t* copy = wasm_ref_copy(ref); \
        CHECK(wasm_##name##_same(wasm_ref_as_##name(copy), original)); \
        wasm_ref_delete(copy); \
        CHECK(!wasm_ref_as_##name(NULL)); \
    } while (0)

#define TEST_EXTERN(name, reference) \
    do { \
        wasm_##name##_t* entity = (reference); \
        TEST_REFERENCE(name, entity); \
        wasm_extern_t* item = wasm_##name##_as_extern(entity); \
        CHECK(wasm_extern_as_##name(item) == entity); \
        CHECK(wasm_extern_as_##name##_const(wasm_##name##_as_extern_const(entity)) == entity); \
        TEST_KIND(extern, item); \
        CHECK(wasm_extern_as_ref(item) == wasm_##name##_as_ref(entity)); \
        CHECK(wasm_extern_as_ref_const(item) == wasm_##name##_as_ref_const(entity)); \
        CHECK(wasm_ref_as_extern(wasm_##name##_as_ref(entity)) == item); \
        wasm_extern_t* copies[2] = { wasm_extern_copy(item), wasm_extern_copy(item) }; \
        wasm_extern_vec_t vec; \
        wasm_extern_vec_new(&vec, 2, copies); \
        CHECK(vec.size == 2 && wasm_extern_same(vec.data[1], item)); \
        wasm_extern_vec_delete(&vec); \
        wasm_##name##_delete(entity); \
    } while (0)

static own wasm_trap_t* nothing(const wasm_val_vec_t* args, own wasm_val_vec_t* results)
{
    (void)args;
    (void)results;
    return NULL;
}

static void test_vectors(void)
{
    wasm_extern_vec_t externs;
    wasm_extern_vec_new_empty(&externs);
    wasm_extern_vec_new_uninitialized(&externs, 2);
    wasm_extern_vec_delete(&externs);
    wasm_externtype_vec_t types, type_copies;
    wasm_externtype_vec_new_empty(&types);
    wasm_externtype_vec_new_uninitialized(&types, 2);
    types.data[0] = wasm_functype_as_externtype(wasm_functype_new_0_0());
    wasm_externtype_vec_copy(&type_copies, &types);
    CHECK(wasm_externtype_kind(type_copies.data[0]) == WASM_EXTERN_FUNC && !type_copies.data[1]);
    wasm_externtype_vec_delete(&types);
    wasm_externtype_vec_delete(&type_copies);
    wasm_frame_vec_t frames;
    wasm_frame_vec_new_empty(&frames);
    wasm_frame_vec_new(&frames, 0, NULL);
    wasm_frame_vec_new_uninitialized(&frames, 1);
    wasm_frame_vec_delete(&frames);
    wasm_valtype_vec_t valtypes;
    wasm_valtype_vec_new_empty(&valtypes);
    wasm_valtype_vec_delete(&valtypes);
}

static void test_values(wasm_store_t* store)
{
    wasm_foreign_t* foreign = wasm_foreign_new(store);
    wasm_val_t vals[2] = { WASM_REF_VAL(wasm_foreign_as_ref(foreign)), WASM_I32_VAL(4) };
    wasm_val_vec_t vec, copies;
    wasm_val_vec_new(&vec, 2, vals);
    wasm_val_vec_copy(&copies, &vec);
    CHECK(copies.data[1].of.i32 == 4 && copies.data[0].of.ref != vec.data[0].of.ref);
    CHECK(wasm_ref_same(copies.data[0].of.ref, vec.data[0].of.ref));
    // The vector owns the reference.
    wasm_val_vec_delete(&vec);
    wasm_val_vec_delete(&copies);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    test_vectors();
    test_values(store);

    wasm_module_t* module = load(store, argv[1], "shared");
    wasm_instance_t* instance = instantiate(store, module, NULL, 0);
    TEST_REFERENCE(module, module);
    TEST_REFERENCE(instance, instance);
    wasm_foreign_t* foreign = wasm_foreign_new(store);
    TEST_REFERENCE(foreign, foreign);
    wasm_message_t message = WASM_EMPTY_VEC;
    wasm_trap_t* trap = wasm_trap_new(store, &message);
    TEST_REFERENCE(trap, trap);

    const wasm_limits_t limits = { 1, 1 };
    wasm_functype_t* functype = wasm_functype_new_0_0();
    wasm_globaltype_t* globaltype = wasm_globaltype_new(wasm_valtype_new_i32(), WASM_VAR);
    wasm_tabletype_t* tabletype = wasm_tabletype_new(wasm_valtype_new_externref(), &limits);
    wasm_memorytype_t* memorytype = wasm_memorytype_new(&limits);
    const wasm_val_t zero = WASM_I32_VAL(0);
    TEST_EXTERN(func, wasm_func_new(store, functype, nothing));
    TEST_EXTERN(global, wasm_global_new(store, globaltype, &zero));
    TEST_EXTERN(table, wasm_table_new(store, tabletype, wasm_foreign_as_ref(foreign)));
    TEST_EXTERN(memory, wasm_memory_new(store, memorytype));
    wasm_functype_delete(functype);
    wasm_globaltype_delete(globaltype);
    wasm_tabletype_delete(tabletype);
    wasm_memorytype_delete(memorytype);

    // With the last reference, or with the store.
    static int info = 100;
    finalized = 0;
    wasm_foreign_set_host_info_with_finalizer(foreign, &info, finalize);
    wasm_instance_set_host_info_with_finalizer(instance, &info, finalize);
    CHECK(has_message(trap, ""));
    wasm_module_delete(module);
    wasm_instance_delete(instance);
    CHECK(finalized == 0);
    wasm_store_delete(store);
    // The table of the store had the foreign object, too.
    CHECK(finalized == 100);
    wasm_foreign_delete(foreign);
    CHECK(finalized == 200);
    wasm_engine_delete(engine);
    return 0;
}
