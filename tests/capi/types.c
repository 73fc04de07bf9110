// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Descriptions of types, vectors, and the header's short forms.
#include "capi_test.h"

static void test_vectors(void)
{
    wasm_name_t name;
    wasm_name_new_from_string(&name, "abc");
    CHECK(name.size == 3 && is_text(&name, "abc"));
    wasm_name_t copy;
    wasm_name_copy(&copy, &name);
    CHECK(copy.data != name.data && is_text(&copy, "abc"));
    wasm_name_delete(&name);
    CHECK(name.size == 0 && !name.data);
    wasm_name_delete(&copy);
    wasm_name_new_from_string_nt(&name, "abc");
    CHECK(name.size == 4 && name.data[3] == 0);
    wasm_name_delete(&name);
    wasm_name_new_empty(&name);
    CHECK(name.size == 0);
    wasm_name_delete(&name);
    wasm_name_delete(NULL);

    // Half filled.
    wasm_valtype_vec_t types;
    wasm_valtype_vec_new_uninitialized(&types, 3);
    CHECK(types.size == 3 && !types.data[2]);
    types.data[0] = wasm_valtype_new_i64();
    wasm_valtype_vec_t types_copy;
    wasm_valtype_vec_copy(&types_copy, &types);
    CHECK(types_copy.data != types.data && wasm_valtype_kind(types_copy.data[0]) == WASM_I64);
    wasm_valtype_vec_delete(&types);
    wasm_valtype_vec_delete(&types_copy);
    // More than there can be memory for.
    wasm_byte_vec_new_uninitialized(&name, SIZE_MAX / 2);
    CHECK(name.size == 0 && !name.data);

    wasm_val_t vals[2] = { WASM_I32_VAL(1), WASM_F64_VAL(2) };
    wasm_val_vec_t val_vec;
    wasm_val_vec_new(&val_vec, 2, vals);
    CHECK(val_vec.data != vals && val_vec.data[1].of.f64 == 2);
    wasm_val_vec_delete(&val_vec);
    wasm_val_vec_new_uninitialized(&val_vec, 2);
    wasm_val_vec_delete(&val_vec);
    wasm_val_vec_new_empty(&val_vec);
    wasm_val_vec_delete(&val_vec);
    wasm_val_t pointer;
    wasm_val_init_ptr(&pointer, vals);
    CHECK(wasm_val_ptr(&pointer) == vals);
}

static void test_kinds(void)
{
    wasm_valtype_t* types[] = { wasm_valtype_new_i32(), wasm_valtype_new_i64(), wasm_valtype_new_f32(),
        wasm_valtype_new_f64(), wasm_valtype_new_externref(), wasm_valtype_new_funcref() };
    static const wasm_valkind_t kinds[] = { WASM_I32, WASM_I64, WASM_F32, WASM_F64, WASM_EXTERNREF,
        WASM_FUNCREF };
    for (size_t i = 0; i < sizeof kinds; ++i) {
        CHECK(wasm_valtype_kind(types[i]) == kinds[i]);
        CHECK(wasm_valtype_is_num(types[i]) == (i < 4) && wasm_valtype_is_ref(types[i]) == (i >= 4));
        wasm_valtype_t* copy = wasm_valtype_copy(types[i]);
        CHECK(wasm_valtype_kind(copy) == kinds[i]);
        wasm_valtype_delete(copy);
        wasm_valtype_delete(types[i]);
    }
}

// Deletes the type.
static void expect_arity(own wasm_functype_t* type, size_t params, size_t results)
{
    CHECK(wasm_functype_params(type)->size == params && wasm_functype_results(type)->size == results);
    for (size_t i = 0; i < params; ++i)
        CHECK(wasm_valtype_kind(wasm_functype_params(type)->data[i]) == WASM_I32);
    for (size_t i = 0; i < results; ++i)
        CHECK(wasm_valtype_kind(wasm_functype_results(type)->data[i]) == WASM_F64);
    wasm_functype_t* copy = wasm_functype_copy(type);
    CHECK(wasm_functype_params(copy)->size == params && wasm_functype_results(copy)->size == results);
    wasm_functype_delete(copy);
    wasm_functype_delete(type);
}

static void test_functypes(void)
{
#define P wasm_valtype_new_i32()
#define R wasm_valtype_new_f64()
    expect_arity(wasm_functype_new_0_0(), 0, 0);
    expect_arity(wasm_functype_new_1_0(P), 1, 0);
    expect_arity(wasm_functype_new_2_0(P, P), 2, 0);
    expect_arity(wasm_functype_new_3_0(P, P, P), 3, 0);
    expect_arity(wasm_functype_new_0_1(R), 0, 1);
    expect_arity(wasm_functype_new_1_1(P, R), 1, 1);
    expect_arity(wasm_functype_new_2_1(P, P, R), 2, 1);
    expect_arity(wasm_functype_new_3_1(P, P, P, R), 3, 1);
    expect_arity(wasm_functype_new_0_2(R, R), 0, 2);
    expect_arity(wasm_functype_new_1_2(P, R, R), 1, 2);
    expect_arity(wasm_functype_new_2_2(P, P, R, R), 2, 2);
    expect_arity(wasm_functype_new_3_2(P, P, P, R, R), 3, 2);
}

// Each kind of type, made, copied, in a vector, and as the type of an extern.
#define TEST_TYPE(name, expression) \
    do { \
        wasm_##name##_t* type = (expression); \
        wasm_externtype_t* general = wasm_##name##_as_externtype(type); \
        CHECK(wasm_externtype_as_##name(general) == type); \
        CHECK(wasm_externtype_as_##name##_const(wasm_##name##_as_externtype_const(type)) == type); \
        CHECK(!!wasm_externtype_as_functype(general) + !!wasm_externtype_as_globaltype(general) \
                + !!wasm_externtype_as_tabletype(general) + !!wasm_externtype_as_memorytype(general) \
            == 1); \
        wasm_externtype_t* copy = wasm_externtype_copy(general); \
        CHECK(wasm_externtype_kind(copy) == wasm_externtype_kind(general)); \
        wasm_externtype_vec_t generals; \
        wasm_externtype_vec_new(&generals, 1, &copy); \
        wasm_externtype_vec_delete(&generals); \
        wasm_##name##_t* both[2] = { type, wasm_##name##_copy(type) }; \
        wasm_##name##_vec_t vec, vec_copy; \
        wasm_##name##_vec_new(&vec, 2, both); \
        wasm_##name##_vec_copy(&vec_copy, &vec); \
        wasm_##name##_vec_delete(&vec); \
        CHECK(vec_copy.size == 2); \
        wasm_##name##_vec_delete(&vec_copy); \
        wasm_##name##_vec_new_uninitialized(&vec, 1); \
        wasm_##name##_vec_delete(&vec); \
        wasm_##name##_vec_new_empty(&vec); \
        wasm_##name##_delete(NULL); \
    } while (0)

static void test_externtypes(void)
{
    const wasm_limits_t limits = { 1, 2 };
    TEST_TYPE(functype, wasm_functype_new_1_1(P, R));
    TEST_TYPE(globaltype, wasm_globaltype_new(P, WASM_VAR));
    TEST_TYPE(tabletype, wasm_tabletype_new(wasm_valtype_new_funcref(), &limits));
    TEST_TYPE(memorytype, wasm_memorytype_new(&limits));
    CHECK(!wasm_externtype_as_functype(NULL));

    wasm_name_t module, name;
    wasm_name_new_from_string(&module, "m");
    wasm_name_new_from_string(&name, "n");
    wasm_importtype_t* import =
        wasm_importtype_new(&module, &name, wasm_memorytype_as_externtype(wasm_memorytype_new(&limits)));
    CHECK(module.size == 0 && name.size == 0);
    wasm_importtype_t* import_copy = wasm_importtype_copy(import);
    wasm_importtype_delete(import);
    CHECK(is_text(wasm_importtype_module(import_copy), "m") && is_text(wasm_importtype_name(import_copy), "n"));
    CHECK(wasm_externtype_kind(wasm_importtype_type(import_copy)) == WASM_EXTERN_MEMORY);
    wasm_importtype_vec_t imports;
    wasm_importtype_vec_new(&imports, 1, &import_copy);
    wasm_importtype_vec_delete(&imports);
    wasm_importtype_vec_new_empty(&imports);
    wasm_importtype_vec_new_uninitialized(&imports, 2);
    wasm_importtype_vec_delete(&imports);

    wasm_name_new_from_string(&name, "e");
    wasm_exporttype_t* export =
        wasm_exporttype_new(&name, wasm_functype_as_externtype(wasm_functype_new_0_0()));
    wasm_exporttype_vec_t exports, exports_copy;
    wasm_exporttype_vec_new(&exports, 1, &export);
    wasm_exporttype_vec_copy(&exports_copy, &exports);
    wasm_exporttype_vec_delete(&exports);
    CHECK(is_text(wasm_exporttype_name(exports_copy.data[0]), "e"));
    wasm_exporttype_vec_delete(&exports_copy);
    wasm_exporttype_vec_new_empty(&exports);
    wasm_exporttype_vec_new_uninitialized(&exports, 1);
    wasm_exporttype_vec_delete(&exports);
}

int main(void)
{
    test_vectors();
    test_kinds();
    test_functypes();
    test_externtypes();
    wasm_config_delete(wasm_config_new());
    wasm_config_delete(NULL);
    wasm_engine_delete(NULL);
    wasm_store_delete(NULL);
    return 0;
}
