// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions of the host and of the guest: arguments, results, traps, environments.
#include "capi_test.h"

static int printed;

static own wasm_trap_t* print(const wasm_val_vec_t* args, own wasm_val_vec_t* results)
{
    CHECK(args->size == 1 && args->data[0].kind == WASM_I32);
    CHECK(results->size == 0);
    printed = args->data[0].of.i32;
    return NULL;
}

typedef struct {
    wasm_store_t* store;
    int calls;
    int finalized;
    enum { Right, WrongKind, Traps } behaviour;
} Env;

static own wasm_trap_t* mix(void* data, const wasm_val_vec_t* args, own wasm_val_vec_t* results)
{
    Env* env = data;
    ++env->calls;
    if (env->behaviour == Traps) {
        wasm_message_t message;
        wasm_name_new_from_string_nt(&message, "out of paper");
        wasm_trap_t* trap = wasm_trap_new(env->store, &message);
        wasm_name_delete(&message);
        return trap;
    }
    CHECK(args->size == 4 && results->size == 4);
    for (size_t i = 0; i < 4; ++i)
        wasm_val_copy(&results->data[i], &args->data[3 - i]);
    if (env->behaviour == WrongKind)
        results->data[2] = (wasm_val_t)WASM_I32_VAL(1);
    return NULL;
}

static void finalize(void* data) { ++((Env*)data)->finalized; }

static void test_calls(wasm_extern_vec_t exports, Env* env)
{
    const wasm_func_t* twice = wasm_extern_as_func(exports.data[0]);
    CHECK(wasm_func_param_arity(twice) == 1 && wasm_func_result_arity(twice) == 1);
    wasm_val_t args[1] = { WASM_I32_VAL(21) };
    wasm_val_t results[1] = { WASM_INIT_VAL };
    wasm_val_vec_t arg_vec = WASM_ARRAY_VEC(args);
    wasm_val_vec_t result_vec = WASM_ARRAY_VEC(results);
    CHECK(!wasm_func_call(twice, &arg_vec, &result_vec));
    CHECK(printed == 21 && results[0].kind == WASM_I32 && results[0].of.i32 == 42);

    const wasm_func_t* mixed = wasm_extern_as_func(exports.data[1]);
    wasm_val_t four[4] = { WASM_I32_VAL(-1), WASM_I64_VAL(INT64_MIN), WASM_F32_VAL(1.5f), WASM_F64_VAL(-0.25) };
    wasm_val_t reversed[4] = { WASM_INIT_VAL, WASM_INIT_VAL, WASM_INIT_VAL, WASM_INIT_VAL };
    wasm_val_vec_t four_vec = WASM_ARRAY_VEC(four);
    wasm_val_vec_t reversed_vec = WASM_ARRAY_VEC(reversed);
    CHECK(!wasm_func_call(mixed, &four_vec, &reversed_vec));
    CHECK(reversed[0].kind == WASM_F64 && reversed[0].of.f64 == -0.25);
    CHECK(reversed[1].kind == WASM_F32 && reversed[1].of.f32 == 1.5f);
    CHECK(reversed[2].kind == WASM_I64 && reversed[2].of.i64 == INT64_MIN);
    CHECK(reversed[3].kind == WASM_I32 && reversed[3].of.i32 == -1);
    CHECK(env->calls == 1);

    env->behaviour = WrongKind;
    CHECK(has_message(wasm_func_call(mixed, &four_vec, &reversed_vec),
        "result 2: expected a value of kind i64, got i32"));
    env->behaviour = Traps;
    CHECK(has_message(wasm_func_call(mixed, &four_vec, &reversed_vec), "out of paper"));

    const wasm_func_t* many = wasm_extern_as_func(exports.data[3]);
    wasm_val_t numbers[18];
    for (int i = 0; i < 18; ++i)
        numbers[i] = (wasm_val_t)WASM_I32_VAL(i);
    wasm_val_vec_t numbers_vec = WASM_ARRAY_VEC(numbers);
    CHECK(!wasm_func_call(many, &numbers_vec, &result_vec));
    CHECK(results[0].of.i32 == -17);
}

static void test_errors(wasm_extern_vec_t exports)
{
    const wasm_func_t* divide = wasm_extern_as_func(exports.data[2]);
    wasm_val_t args[2] = { WASM_I32_VAL(1), WASM_I32_VAL(0) };
    wasm_val_t results[1] = { WASM_INIT_VAL };
    wasm_val_vec_t arg_vec = WASM_ARRAY_VEC(args);
    wasm_val_vec_t result_vec = WASM_ARRAY_VEC(results);
    CHECK(has_message(wasm_func_call(divide, &arg_vec, &result_vec), "integer divide by zero"));
    args[1] = (wasm_val_t)WASM_F32_VAL(0);
    CHECK(has_message(
        wasm_func_call(divide, &arg_vec, &result_vec), "argument 1: expected a value of kind i32, got f32"));
    arg_vec.size = 1;
    CHECK(has_message(wasm_func_call(divide, &arg_vec, &result_vec), "expected 2 arguments, got 1"));
    CHECK(has_message(wasm_func_call(divide, NULL, &result_vec), "expected 2 arguments, got 0"));
    arg_vec.size = 2;
    args[1] = (wasm_val_t)WASM_I32_VAL(1);
    CHECK(has_message(wasm_func_call(divide, &arg_vec, NULL), "expected 1 results, got 0"));
    CHECK(results[0].of.ref == NULL);

    const wasm_func_t* wide = wasm_extern_as_func(exports.data[4]);
    wasm_functype_t* type = wasm_func_type(wide);
    CHECK(wasm_valtype_kind(wasm_functype_params(type)->data[0]) == 4);
    wasm_functype_delete(type);
    wasm_val_t bits[1] = { { .kind = 4 } };
    wasm_val_vec_t bits_vec = WASM_ARRAY_VEC(bits);
    CHECK(has_message(wasm_func_call(wide, &bits_vec, &result_vec),
        "argument 0: a value of kind v128 does not fit into a wasm_val_t"));
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = load(store, argv[1], "functions");

    wasm_functype_t* print_type = wasm_functype_new_1_0(wasm_valtype_new_i32());
    wasm_func_t* print_func = wasm_func_new(store, print_type, print);
    wasm_functype_delete(print_type);
    wasm_valtype_t* params[4] = { wasm_valtype_new_i32(), wasm_valtype_new_i64(), wasm_valtype_new_f32(),
        wasm_valtype_new_f64() };
    wasm_valtype_t* results[4] = { wasm_valtype_new_f64(), wasm_valtype_new_f32(), wasm_valtype_new_i64(),
        wasm_valtype_new_i32() };
    wasm_functype_t* mix_type = wasm_functype_new_of(4, params, 4, results);
    Env env = { .store = store };
    wasm_func_t* mix_func = wasm_func_new_with_env(store, mix_type, mix, &env, finalize);
    wasm_functype_delete(mix_type);
    CHECK(wasm_func_param_arity(mix_func) == 4);

    wasm_extern_t* imports[2] = { wasm_func_as_extern(print_func), wasm_func_as_extern(mix_func) };
    wasm_instance_t* instance = instantiate(store, module, imports, 2);
    wasm_module_delete(module);
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    wasm_instance_delete(instance);
    CHECK(exports.size == 5);

    test_calls(exports, &env);
    test_errors(exports);

    // A function lives as long as its store, without a reference.
    wasm_func_delete(print_func);
    wasm_func_delete(mix_func);
    CHECK(env.finalized == 0);
    wasm_engine_delete(engine);
    wasm_store_delete(store);
    CHECK(env.finalized == 1);

    // References outlive the store.
    const wasm_func_t* divide = wasm_extern_as_func(exports.data[2]);
    wasm_val_t args[2] = { WASM_I32_VAL(1), WASM_I32_VAL(1) };
    wasm_val_vec_t arg_vec = WASM_ARRAY_VEC(args);
    wasm_val_t quotient[1] = { WASM_INIT_VAL };
    wasm_val_vec_t quotient_vec = WASM_ARRAY_VEC(quotient);
    CHECK(has_message(wasm_func_call(divide, &arg_vec, &quotient_vec), "the store is gone"));
    wasm_extern_vec_delete(&exports);
    CHECK(exports.size == 0 && !exports.data);
    return 0;
}
