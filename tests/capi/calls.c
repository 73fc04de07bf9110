// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls with values of all kinds, callbacks that know their caller, exceptions, exits.
#include "capi_test.h"

typedef struct {
    wasm_instance_t* instance;
    wasm_trap_t* exception;
    int finalized;
    enum { Right, WrongKind, Fails, Exits, Rethrows } behaviour;
} Env;

static void finalize(void* env) { ++((Env*)env)->finalized; }

static own vitrine_error_t* mix(void* env, vitrine_caller_t* caller, const vitrine_val_t args[],
    size_t arg_count, own vitrine_val_t results[], size_t result_count)
{
    (void)env;
    CHECK(arg_count == 3 && result_count == 2);
    CHECK(args[0].kind == WASM_I32 && args[1].kind == VITRINE_V128 && args[2].kind == WASM_EXTERNREF);
    // Results have their kinds, and are zero.
    CHECK(results[0].kind == VITRINE_V128 && results[0].of.v128[3] == 0);
    CHECK(results[1].kind == WASM_FUNCREF && !results[1].of.ref);
    memcpy(results[0].of.v128, args[1].of.v128, 16);
    results[0].of.v128[args[0].of.i32] = 99;
    wasm_instance_t* instance = vitrine_caller_instance(caller);
    wasm_func_t* add = instance ? vitrine_instance_func(instance, "add") : NULL;
    wasm_instance_delete(instance);
    results[1].of.ref = add ? wasm_func_as_ref(add) : NULL;
    return NULL;
}

static own vitrine_error_t* read_byte(void* data, vitrine_caller_t* caller, const vitrine_val_t args[],
    size_t arg_count, own vitrine_val_t results[], size_t result_count)
{
    Env* env = data;
    CHECK(arg_count == 1 && result_count == 1);
    switch (env->behaviour) {
    case WrongKind: results[0] = vitrine_val_f32(1); return NULL;
    case Fails: return vitrine_error_new("out of paper");
    case Exits: return vitrine_error_new_exit(7);
    case Rethrows: return vitrine_error_new_trap(env->exception);
    case Right: break;
    }
    CHECK(!vitrine_caller_memory(caller, "add") && !vitrine_caller_memory(caller, "none"));
    wasm_memory_t* memory = vitrine_caller_memory(caller, "memory");
    if (!memory) {
        CHECK(!vitrine_caller_instance(caller));
        return vitrine_error_new("no caller");
    }
    wasm_instance_t* instance = vitrine_caller_instance(caller);
    CHECK(wasm_instance_same(instance, env->instance));
    wasm_instance_delete(instance);
    uint8_t byte = 0;
    vitrine_error_t* error = vitrine_memory_read(memory, (uint32_t)args[0].of.i32, &byte, 1);
    wasm_memory_delete(memory);
    results[0].of.i32 = byte;
    // The store of the caller is usable, and the same each time.
    wasm_store_t* store = vitrine_caller_store(caller);
    CHECK(store == vitrine_caller_store(caller));
    wasm_foreign_delete(wasm_foreign_new(store));
    return error;
}

static own vitrine_error_t* call(const wasm_instance_t* instance, const char* name,
    const vitrine_val_t args[], size_t arg_count, own vitrine_val_t results[], size_t result_count)
{
    wasm_func_t* func = vitrine_instance_func(instance, name);
    CHECK(func);
    vitrine_error_t* error = vitrine_func_call(func, args, arg_count, results, result_count);
    wasm_func_delete(func);
    return error;
}

static void test_numbers(const wasm_instance_t* instance)
{
    vitrine_val_t args[2] = { vitrine_val_i32(40), vitrine_val_i32(2) }, result;
    CHECK(succeeds(call(instance, "add", args, 2, &result, 1)));
    CHECK(result.kind == WASM_I32 && result.of.i32 == 42);
    // A failure leaves the results alone.
    args[1] = vitrine_val_i64(2);
    CHECK(fails_with(
        call(instance, "add", args, 2, &result, 1), "argument 1: expected a value of kind i32, got i64"));
    CHECK(fails_with(call(instance, "add", args, 1, &result, 1), "expected 2 arguments, got 1"));
    CHECK(fails_with(call(instance, "add", NULL, 0, &result, 1), "expected 2 arguments, got 0"));
    CHECK(fails_with(call(instance, "add", args, 2, NULL, 0), "expected 1 results, got 0"));
    args[1].kind = 77;
    CHECK(fails_with(call(instance, "add", args, 2, &result, 1),
        "argument 1: expected a value of kind i32, got one of no kind"));
    CHECK(result.of.i32 == 42);
}

static void test_mixed(wasm_store_t* store, const wasm_instance_t* instance)
{
    uint8_t bytes[16] = { 1, [15] = 200 };
    vitrine_val_t wide[2] = { vitrine_val_v128(bytes), vitrine_val_v128(bytes) }, sum;
    CHECK(succeeds(call(instance, "wide", wide, 2, &sum, 1)));
    CHECK(sum.kind == VITRINE_V128 && sum.of.v128[0] == 2 && sum.of.v128[15] == 144);

    wasm_foreign_t* foreign = wasm_foreign_new(store);
    vitrine_val_t args[3] = { vitrine_val_i32(5), vitrine_val_v128(bytes),
        vitrine_val_ref(WASM_EXTERNREF, wasm_foreign_as_ref(foreign)) };
    vitrine_val_t results[2];
    CHECK(succeeds(call(instance, "mix", args, 3, results, 2)));
    CHECK(results[0].of.v128[0] == 1 && results[0].of.v128[5] == 99 && results[0].of.v128[15] == 200);
    wasm_func_t* add = wasm_ref_as_func(results[1].of.ref);
    wasm_name_t text;
    vitrine_func_name(add, &text);
    CHECK(is_own_text(&text, "add"));
    uint32_t index = 0;
    CHECK(vitrine_func_index(add, &index) && vitrine_func_index(add, NULL) && index == 2);
    vitrine_func_type_to_text(add, &text);
    CHECK(is_own_text(&text, "(param i32 i32) (result i32)"));
    vitrine_val_delete(&results[1]);
    vitrine_val_delete(&args[2]);

    // A reference of another store.
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* other = wasm_store_new(engine);
    foreign = wasm_foreign_new(other);
    args[2] = vitrine_val_ref(WASM_EXTERNREF, wasm_foreign_as_ref(foreign));
    CHECK(fails_with(
        call(instance, "mix", args, 3, results, 2), "argument 2: the reference belongs to another store"));
    vitrine_val_delete(&args[2]);
    wasm_store_delete(other);
    wasm_engine_delete(engine);
}

static void test_callbacks(const wasm_instance_t* instance, Env* env, const wasm_func_t* read)
{
    vitrine_val_t argument = vitrine_val_i32(8), result = vitrine_val_i32(0);
    CHECK(succeeds(call(instance, "peek", &argument, 1, &result, 1)));
    CHECK(result.of.i32 == 42);
    CHECK(fails_with(vitrine_func_call(read, &argument, 1, &result, 1), "no caller"));
    argument = vitrine_val_i32(65536);
    CHECK(fails_with(call(instance, "peek", &argument, 1, &result, 1),
        "a read of 1 byte at 65536 leaves the memory of 65536 bytes"));
    env->behaviour = WrongKind;
    CHECK(fails_with(
        call(instance, "peek", &argument, 1, &result, 1), "result 0: expected a value of kind i32, got f32"));

    env->behaviour = Fails;
    vitrine_error_t* error = call(instance, "peek", &argument, 1, &result, 1);
    wasm_trap_t* trap = vitrine_error_trap(error);
    CHECK(vitrine_trap_kind(trap) == VITRINE_TRAP_HOST_ERROR);
    wasm_frame_t* frame = wasm_trap_origin(trap);
    wasm_name_t name;
    vitrine_frame_func_name(frame, &name);
    CHECK(is_own_text(&name, "peek"));
    vitrine_frame_module_name(frame, &name);
    CHECK(is_own_text(&name, "calls"));
    wasm_frame_delete(frame);
    CHECK(has_message(trap, "out of paper") && fails_with(error, "out of paper"));

    env->behaviour = Exits;
    error = call(instance, "peek", &argument, 1, &result, 1);
    int status = 0;
    CHECK(vitrine_error_exit_status(error, &status) && status == 7);
    vitrine_error_delete(error);
    CHECK(!vitrine_func_index(read, NULL));
}

static void test_exceptions(const wasm_instance_t* instance, Env* env, const wasm_extern_t* tag)
{
    wasm_functype_t* type = vitrine_tag_type(tag);
    CHECK(wasm_functype_params(type)->size == 2 && wasm_functype_results(type)->size == 0);
    wasm_functype_delete(type);

    vitrine_val_t args[2] = { vitrine_val_i32(6), vitrine_val_i64(7) }, part;
    vitrine_error_t* error = call(instance, "throw", args, 2, NULL, 0);
    env->exception = vitrine_error_trap(error);
    vitrine_error_delete(error);
    CHECK(vitrine_trap_kind(env->exception) == VITRINE_TRAP_UNCAUGHT_EXCEPTION);
    wasm_ref_t* exception = vitrine_trap_exception(env->exception);
    vitrine_object_kind_t kind = 0;
    CHECK(vitrine_object_kind(exception, &kind) && kind == VITRINE_OBJECT_EXCEPTION);
    CHECK(vitrine_object_size(exception) == 2);
    CHECK(succeeds(vitrine_object_get(exception, 0, &part)));
    CHECK(part.kind == WASM_I32 && part.of.i32 == 6);
    CHECK(succeeds(vitrine_object_get(exception, 1, &part)));
    CHECK(part.kind == WASM_I64 && part.of.i64 == 7);
    vitrine_val_t val = vitrine_val_ref(VITRINE_EXNREF, exception);
    wasm_byte_vec_t text;
    CHECK(succeeds(vitrine_val_to_text(&val, &text)));
    CHECK(is_own_text(&text, "exception {6, 7}"));
    vitrine_val_delete(&val);

    // A function of the host throws it again, and the guest catches it.
    env->behaviour = Rethrows;
    vitrine_val_t caught[2];
    CHECK(succeeds(call(instance, "catch", args, 1, caught, 2)));
    CHECK(caught[0].of.i32 == 6 && caught[1].of.i64 == 7);
    error = call(instance, "peek", args, 1, caught, 1);
    wasm_trap_t* again = vitrine_error_trap(error);
    CHECK(vitrine_trap_kind(again) == VITRINE_TRAP_UNCAUGHT_EXCEPTION);
    wasm_trap_delete(again);
    vitrine_error_delete(error);
    env->behaviour = Fails;
    error = call(instance, "peek", args, 1, caught, 1);
    again = vitrine_error_trap(error);
    CHECK(!vitrine_trap_exception(again));
    wasm_trap_delete(again);
    vitrine_error_delete(error);
    wasm_trap_delete(env->exception);
}

static void test_structs(const wasm_instance_t* instance)
{
    vitrine_val_t args[2] = { vitrine_val_i32(3), vitrine_val_f64(0.5) }, point, field;
    CHECK(succeeds(call(instance, "point", args, 2, &point, 1)));
    CHECK(point.kind == VITRINE_ANYREF && vitrine_object_size(point.of.ref) == 2);
    vitrine_object_kind_t kind = 77;
    CHECK(vitrine_object_kind(point.of.ref, &kind) && kind == VITRINE_OBJECT_STRUCT);
    wasm_byte_vec_t text;
    CHECK(succeeds(vitrine_val_type(&point, &text)));
    CHECK(is_own_text(&text, "(ref $point)"));
    CHECK(succeeds(vitrine_object_part_type(point.of.ref, 1, &text)));
    CHECK(is_own_text(&text, "f64"));
    const vitrine_val_t changed = vitrine_val_f64(8.25);
    CHECK(succeeds(vitrine_object_set(point.of.ref, 1, &changed)));
    CHECK(succeeds(vitrine_val_to_text(&point, &text)));
    CHECK(is_own_text(&text, "struct {3, 8.25}"));
    CHECK(fails_with(vitrine_object_set(point.of.ref, 0, &args[0]), "part 0 is immutable"));
    CHECK(fails_with(vitrine_object_set(point.of.ref, 1, &args[0]), "expected a value of kind f64, got i32"));
    CHECK(fails_with(
        vitrine_object_get(point.of.ref, 2, &field), "part 2 is out of bounds: the object has 2 parts"));

    // The same object comes back.
    vitrine_val_t same;
    CHECK(succeeds(call(instance, "same", &point, 1, &same, 1)));
    CHECK(wasm_ref_same(point.of.ref, same.of.ref));
    vitrine_val_delete(&same);
    vitrine_val_delete(&point);
}

static void test_objects(wasm_store_t* store, const wasm_instance_t* instance)
{
    vitrine_val_t length = vitrine_val_i32(5), array, element;
    CHECK(succeeds(call(instance, "array", &length, 1, &array, 1)));
    vitrine_object_kind_t kind = 77;
    CHECK(vitrine_object_kind(array.of.ref, &kind) && kind == VITRINE_OBJECT_ARRAY);
    CHECK(vitrine_object_size(array.of.ref) == 5);
    CHECK(succeeds(vitrine_object_get(array.of.ref, 4, &element)));
    CHECK(element.kind == WASM_I32 && element.of.i32 == 255);
    vitrine_val_delete(&array);

    vitrine_val_t number = vitrine_val_ref(VITRINE_ANYREF, vitrine_i31_new(store, -9)), back;
    CHECK(succeeds(call(instance, "same", &number, 1, &back, 1)));
    int32_t value = 0;
    CHECK(vitrine_i31_value(back.of.ref, &value) && value == -9 && vitrine_i31_value(back.of.ref, NULL));
    CHECK(!vitrine_object_kind(back.of.ref, &kind) && vitrine_object_size(back.of.ref) == 0);
    CHECK(fails_with(vitrine_object_get(back.of.ref, 0, &element), "the reference refers to no object"));
    vitrine_val_delete(&number);
    vitrine_val_delete(&back);

    wasm_foreign_t* foreign = wasm_foreign_new(store);
    vitrine_val_t data = vitrine_val_ref(WASM_EXTERNREF, wasm_foreign_as_ref(foreign));
    CHECK(succeeds(call(instance, "inside", &data, 1, &back, 1)));
    CHECK(back.kind == VITRINE_ANYREF && !vitrine_i31_value(data.of.ref, &value));
    CHECK(vitrine_object_kind(back.of.ref, &kind) && kind == VITRINE_OBJECT_EXTERN);
    vitrine_val_delete(&back);
    vitrine_val_delete(&data);
}

static own wasm_func_t* host_function(
    wasm_store_t* store, own wasm_functype_t* type, vitrine_func_callback_t callback, Env* env)
{
    wasm_func_t* func = NULL;
    CHECK(succeeds(vitrine_func_new(store, type, callback, env, finalize, &func)));
    wasm_functype_delete(type);
    return func;
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = load(store, argv[1], "calls");
    Env env = { .behaviour = Right };
    wasm_func_t* mixed = host_function(store,
        wasm_functype_new_3_2(wasm_valtype_new_i32(), wasm_valtype_new(VITRINE_V128),
            wasm_valtype_new_externref(), wasm_valtype_new(VITRINE_V128), wasm_valtype_new_funcref()),
        mix, &env);
    wasm_func_t* read = host_function(
        store, wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32()), read_byte, &env);
    wasm_extern_t* tag = NULL;
    wasm_functype_t* type = wasm_functype_new_2_0(wasm_valtype_new_i32(), wasm_valtype_new_i64());
    CHECK(succeeds(vitrine_tag_new(store, type, &tag)));
    wasm_functype_delete(type);
    CHECK(wasm_extern_kind(tag) == VITRINE_EXTERN_TAG);
    CHECK(!vitrine_tag_type(wasm_func_as_extern(read)));

    wasm_extern_t* imports[3] = { wasm_func_as_extern(mixed), wasm_func_as_extern(read), tag };
    CHECK(succeeds(vitrine_instance_new(store, module, imports, 3, &env.instance)));
    test_numbers(env.instance);
    test_mixed(store, env.instance);
    test_callbacks(env.instance, &env, read);
    test_exceptions(env.instance, &env, tag);
    test_structs(env.instance);
    test_objects(store, env.instance);

    wasm_func_t* add = vitrine_instance_func(env.instance, "add");
    wasm_extern_delete(tag);
    wasm_func_delete(mixed);
    wasm_func_delete(read);
    wasm_module_delete(module);
    wasm_instance_delete(env.instance);
    CHECK(env.finalized == 0);
    wasm_store_delete(store);
    CHECK(env.finalized == 2);
    wasm_engine_delete(engine);
    const vitrine_val_t args[2] = { vitrine_val_i32(1), vitrine_val_i32(1) };
    vitrine_val_t result;
    CHECK(fails_with(vitrine_func_call(add, args, 2, &result, 1), "the store is gone"));
    wasm_func_delete(add);
    return 0;
}
