// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Components: loading, types and values, functions of the host, linking, resources.
#include "capi_test.h"

typedef struct {
    char logged[16];
    int finalized;
    enum { Right, WrongType, Nothing, Fails } behaviour;
} Env;

static void finalize(void* env) { ++((Env*)env)->finalized; }

// Remembers the text, and returns 20.
static own vitrine_error_t* log_text(void* data, const vitrine_component_caller_t* caller,
    const vitrine_component_val_t* const args[], size_t arg_count, own vitrine_component_val_t** result)
{
    Env* env = data;
    CHECK(arg_count == 1 && !*result);
    wasm_byte_vec_t text;
    CHECK(succeeds(vitrine_component_val_to_bytes(args[0], &text)));
    CHECK(text.size < sizeof env->logged);
    memcpy(env->logged, text.data, text.size + 1);
    wasm_byte_vec_delete(&text);
    vitrine_component_caller_to_text(caller, &text);
    CHECK(is_own_text(&text, "func(text: string) -> u32"));
    CHECK(vitrine_store_data(vitrine_component_caller_store(caller)) == env);
    vitrine_component_instance_t* instance = vitrine_component_caller_instance(caller);
    wasm_instance_t* core = vitrine_component_instance_core(instance, "main");
    CHECK(core);
    wasm_instance_delete(core);
    vitrine_component_instance_delete(instance);
    if (env->behaviour == Fails)
        return vitrine_error_new("the log is full");
    if (env->behaviour == Nothing)
        return NULL;
    vitrine_component_type_t* type = vitrine_component_caller_result(caller);
    CHECK(vitrine_component_type_kind(type) == VITRINE_COMPONENT_U32);
    if (env->behaviour == WrongType)
        *result = vitrine_component_val_copy(args[0]);
    else
        CHECK(succeeds(vitrine_component_val_from_int(type, 20, result)));
    vitrine_component_type_delete(type);
    return NULL;
}

static own vitrine_component_t* load_component(
    const wasm_engine_t* engine, const char* folder, const char* name)
{
    wasm_byte_vec_t bytes = read_module(folder, name);
    CHECK(vitrine_is_component(bytes.data, bytes.size));
    vitrine_component_t* component = NULL;
    CHECK(succeeds(vitrine_component_new(engine, bytes.data, bytes.size, &component)));
    wasm_byte_vec_delete(&bytes);
    return component;
}

static void test_loading(const wasm_engine_t* engine, const char* folder)
{
    vitrine_component_t* component = NULL;
    CHECK(!vitrine_is_component("\0asm\1\0\0\0", 8) && !vitrine_is_component(NULL, 0));
    vitrine_error_t* error = vitrine_component_new(engine, "\0asm\x0d\0\1\0\x77", 9, &component);
    uint64_t offset = 0;
    CHECK(error && vitrine_error_offset(error, &offset) && offset >= 8 && !component);
    vitrine_error_delete(error);

    char path[4096];
    snprintf(path, sizeof path, "%s/things.wasm", folder);
    CHECK(succeeds(vitrine_component_from_file(engine, path, &component)));
    wasm_byte_vec_t text;
    vitrine_component_to_text(component, &text);
    CHECK(strstr(text.data, "export same-point: func(v: point) -> point;"));
    wasm_byte_vec_delete(&text);
    vitrine_component_extern_vec_t externs;
    vitrine_component_imports(component, &externs);
    CHECK(
        externs.size == 2 && is_text(&externs.data[0].name, "log") && is_text(&externs.data[0].kind, "func"));
    CHECK(is_text(&externs.data[1].name, "test:host/numbers@0.1.0"));
    CHECK(is_text(&externs.data[1].kind, "instance"));
    vitrine_component_extern_vec_delete(&externs);
    vitrine_component_exports(component, &externs);
    CHECK(externs.size > 20 && is_text(&externs.data[0].name, "file")
        && is_text(&externs.data[0].kind, "type"));
    vitrine_component_extern_vec_delete(&externs);
    vitrine_component_delete(component);
    vitrine_component_delete(NULL);

    component = NULL;
    CHECK(succeeds(vitrine_component_from_part_of_file(engine, path, 0, UINT64_MAX, &component)));
    vitrine_component_delete(component);
    component = NULL;
    error = vitrine_component_from_part_of_file(engine, path, 0, 100, &component);
    CHECK(error && !component);
    vitrine_error_delete(error);
}

static own vitrine_component_func_t* find(
    const vitrine_component_instance_t* instance, const char* interface, const char* name)
{
    vitrine_component_func_t* func = vitrine_component_instance_func(instance, interface, name);
    CHECK(func);
    return func;
}

// The type of a function's only parameter.
static own vitrine_component_type_t* param_of(const vitrine_component_func_t* func)
{
    vitrine_component_type_t* type = NULL;
    CHECK(vitrine_component_func_param_count(func) == 1);
    CHECK(vitrine_component_func_param(func, 0, NULL, &type));
    return type;
}

// Calls a function with one argument, which is deleted.
static own vitrine_component_val_t* call(
    const vitrine_component_instance_t* instance, const char* name, own vitrine_component_val_t* argument)
{
    vitrine_component_func_t* func = find(instance, NULL, name);
    const vitrine_component_val_t* const args[1] = { argument };
    vitrine_component_val_t* result = NULL;
    CHECK(succeeds(vitrine_component_func_call(func, args, argument ? 1 : 0, &result)));
    vitrine_component_val_delete(argument);
    vitrine_component_func_delete(func);
    return result;
}

static int64_t call_for_int(const vitrine_component_instance_t* instance, const char* name)
{
    vitrine_component_val_t* result = call(instance, name, NULL);
    int64_t value = 0;
    CHECK(succeeds(vitrine_component_val_to_int(result, &value)));
    vitrine_component_val_delete(result);
    return value;
}

static bool passes(const vitrine_component_instance_t* instance, const char* name, int64_t value)
{
    vitrine_component_func_t* func = find(instance, NULL, name);
    vitrine_component_type_t* type = param_of(func);
    vitrine_component_val_t* val = NULL;
    CHECK(succeeds(vitrine_component_val_from_int(type, value, &val)));
    vitrine_component_type_delete(type);
    vitrine_component_func_delete(func);
    vitrine_component_val_t* result = call(instance, name, val);
    int64_t back = 0;
    CHECK(succeeds(vitrine_component_val_to_int(result, &back)));
    vitrine_component_val_delete(result);
    return back == value;
}

static void refuses(
    const vitrine_component_instance_t* instance, const char* name, int64_t value, const char* text)
{
    vitrine_component_func_t* func = find(instance, NULL, name);
    vitrine_component_type_t* type = param_of(func);
    vitrine_component_val_t* val = NULL;
    CHECK(fails_with(vitrine_component_val_from_int(type, value, &val), text) && !val);
    vitrine_component_type_delete(type);
    vitrine_component_func_delete(func);
}

static void test_integers(const vitrine_component_instance_t* instance)
{
    CHECK(passes(instance, "same-bool", 1) && passes(instance, "same-bool", 0));
    CHECK(passes(instance, "same-s8", -128) && passes(instance, "same-u8", 255));
    CHECK(passes(instance, "same-s16", INT16_MIN) && passes(instance, "same-u16", UINT16_MAX));
    CHECK(passes(instance, "same-s32", INT32_MIN) && passes(instance, "same-u32", UINT32_MAX));
    CHECK(passes(instance, "same-s64", INT64_MIN) && passes(instance, "same-u64", -1));
    CHECK(passes(instance, "same-char", 0x1f642));
    refuses(instance, "same-bool", 2, "2 is no bool");
    refuses(instance, "same-s8", 128, "128 is no s8");
    refuses(instance, "same-u32", -1, "-1 is no u32");
    refuses(instance, "same-char", 0xd800, "55296 is no char");
    refuses(instance, "same-f32", 1, "a value of the type f32 is no integer");
}

static void test_floats(const vitrine_component_instance_t* instance)
{
    const char* const names[2] = { "same-f32", "same-f64" };
    for (int i = 0; i < 2; ++i) {
        vitrine_component_func_t* func = find(instance, NULL, names[i]);
        vitrine_component_type_t* type = param_of(func);
        vitrine_component_val_t* val = NULL;
        CHECK(succeeds(vitrine_component_val_from_float(type, -0.75, &val)));
        vitrine_component_val_t* result = call(instance, names[i], val);
        double back = 0;
        int64_t none = 5;
        CHECK(succeeds(vitrine_component_val_to_float(result, &back)) && back == -0.75);
        CHECK(fails(vitrine_component_val_to_int(result, &none)) && none == 5);
        vitrine_component_val_delete(result);
        vitrine_component_type_delete(type);
        vitrine_component_func_delete(func);
    }
}

static void test_bytes(const vitrine_component_instance_t* instance)
{
    // Without its version, the interface is found, too.
    vitrine_component_func_t* func = find(instance, "test:things/texts", "same");
    wasm_byte_vec_t text;
    vitrine_component_func_name(func, &text);
    CHECK(is_own_text(&text, "pair"));
    vitrine_component_func_to_text(func, &text);
    CHECK(is_own_text(&text, "func(v: string) -> string"));
    vitrine_component_type_t* type = param_of(func);
    vitrine_component_val_t *val = NULL, *result = NULL;
    CHECK(succeeds(vitrine_component_val_from_bytes(type, "gr\xc3\xbc\xc3\x9f", 6, &val)));
    const vitrine_component_val_t* const args[1] = { val };
    CHECK(succeeds(vitrine_component_func_call(func, args, 1, &result)));
    CHECK(succeeds(vitrine_component_val_to_bytes(result, &text)));
    CHECK(is_own_text(&text, "gr\xc3\xbc\xc3\x9f"));
    vitrine_component_val_delete(result);
    CHECK(fails_with(
        vitrine_component_func_call(func, NULL, 0, &result), "cannot call pair: expected 1 argument, got 0"));
    vitrine_component_val_delete(val);
    vitrine_component_type_delete(type);
    vitrine_component_func_delete(func);

    func = find(instance, NULL, "same-bytes");
    type = param_of(func);
    CHECK(vitrine_component_type_kind(type) == VITRINE_COMPONENT_LIST);
    CHECK(vitrine_component_type_part_count(type) == 1);
    CHECK(succeeds(vitrine_component_val_from_bytes(type, "\0\xff", 2, &val)));
    result = call(instance, "same-bytes", val);
    CHECK(succeeds(vitrine_component_val_to_bytes(result, &text)));
    CHECK(text.size == 2 && memcmp(text.data, "\0\xff", 2) == 0);
    wasm_byte_vec_delete(&text);
    CHECK(vitrine_component_val_size(result) == 2);
    vitrine_component_val_to_text(result, &text);
    CHECK(is_own_text(&text, "[0, 255]"));
    vitrine_component_val_delete(result);
    CHECK(fails_with(
        vitrine_component_val_from_float(type, 1, &val), "a value of the type list<u8> is no float"));
    vitrine_component_type_delete(type);
    vitrine_component_func_delete(func);
}

static void test_records(const vitrine_component_instance_t* instance)
{
    vitrine_component_func_t* func = find(instance, NULL, "same-point");
    vitrine_component_type_t *type = NULL, *field = NULL;
    wasm_byte_vec_t text;
    CHECK(vitrine_component_func_param(func, 0, &text, &type) && is_own_text(&text, "v"));
    CHECK(!vitrine_component_func_param(func, 1, &text, &field));
    vitrine_component_type_to_text(type, &text);
    CHECK(is_own_text(&text, "point"));
    CHECK(vitrine_component_type_kind(type) == VITRINE_COMPONENT_RECORD);
    CHECK(vitrine_component_type_part_count(type) == 2);
    CHECK(vitrine_component_type_part(type, 1, &text, &field) && is_own_text(&text, "y"));
    CHECK(vitrine_component_type_kind(field) == VITRINE_COMPONENT_S32);
    CHECK(vitrine_component_type_part(type, 1, NULL, NULL)
        && !vitrine_component_type_part(type, 2, &text, NULL));
    vitrine_component_type_delete(field);

    vitrine_component_val_t* val = NULL;
    CHECK(fails_with(
        vitrine_component_val_parse(type, "{x: 1}", &val), "field \"y\" is missing (at position 0)"));
    CHECK(succeeds(vitrine_component_val_parse(type, "{x: 1, y: -2}", &val)));
    vitrine_component_val_t* result = call(instance, "same-point", val);
    vitrine_component_val_t* y = vitrine_component_val_field(result, "y");
    int64_t number = 0;
    CHECK(succeeds(vitrine_component_val_to_int(y, &number)) && number == -2);
    vitrine_component_val_delete(y);
    CHECK(!vitrine_component_val_field(result, "z") && !vitrine_component_val_at(result, 2));
    vitrine_component_val_t* x = vitrine_component_val_at(result, 0);
    vitrine_component_val_to_text(x, &text);
    CHECK(is_own_text(&text, "1"));
    vitrine_component_val_delete(x);
    field = vitrine_component_val_type(result);
    CHECK(vitrine_component_type_kind(field) == VITRINE_COMPONENT_RECORD);
    vitrine_component_type_delete(field);
    vitrine_component_val_delete(result);
    vitrine_component_type_delete(type);
    type = vitrine_component_func_result(func);
    CHECK(type);
    vitrine_component_type_delete(type);
    vitrine_component_func_delete(func);
}

// Values made of values.
static void test_parts(const vitrine_component_instance_t* instance)
{
    vitrine_component_func_t* func = find(instance, NULL, "same-point");
    CHECK(!vitrine_component_func_is_async(func));
    vitrine_component_type_t *point = param_of(func), *s32 = NULL;
    vitrine_component_func_delete(func);
    CHECK(vitrine_component_type_part(point, 0, NULL, &s32));
    vitrine_component_val_t *x = NULL, *y = NULL, *val = NULL;
    CHECK(succeeds(vitrine_component_val_from_int(s32, 3, &x)));
    CHECK(succeeds(vitrine_component_val_from_int(s32, -4, &y)));
    const vitrine_component_val_t* const fields[2] = { x, y };
    CHECK(succeeds(vitrine_component_val_from_parts(point, fields, 2, &val)));
    val = call(instance, "same-point", val);
    wasm_byte_vec_t text;
    vitrine_component_val_to_text(val, &text);
    CHECK(is_own_text(&text, "{x: 3, y: -4}"));
    vitrine_component_val_t* none = NULL;
    CHECK(fails_with(vitrine_component_val_from_parts(point, fields, 1, &none), "expected 2 fields, got 1"));
    const vitrine_component_val_t* const wrong[2] = { x, val };
    CHECK(fails_with(vitrine_component_val_from_parts(point, wrong, 2, &none),
        "field \"y\": expected a value of the type s32, got point"));
    CHECK(fails(vitrine_component_val_from_parts(s32, NULL, 0, &none)) && !none);
    CHECK(!vitrine_component_val_is_own(val));
    vitrine_component_val_delete(val);

    func = find(instance, NULL, "check");
    vitrine_component_type_t* result = vitrine_component_func_result(func);
    vitrine_component_type_t* u32 = param_of(func);
    vitrine_component_func_delete(func);
    vitrine_component_val_t* number = NULL;
    CHECK(succeeds(vitrine_component_val_from_int(u32, 5, &number)));
    CHECK(succeeds(vitrine_component_val_from_case(result, "ok", number, &val)));
    vitrine_component_val_to_text(val, &text);
    CHECK(is_own_text(&text, "ok(5)"));
    vitrine_component_val_delete(val);
    CHECK(succeeds(vitrine_component_val_from_case(result, "err", NULL, &val)));
    vitrine_component_val_case_name(val, &text);
    CHECK(is_own_text(&text, "err"));
    vitrine_component_val_delete(val);
    CHECK(fails_with(vitrine_component_val_from_case(result, "ok", x, &none),
        "case \"ok\": expected a value of the type u32, got s32"));
    CHECK(fails(vitrine_component_val_from_case(result, "maybe", NULL, &none)) && !none);
    vitrine_component_val_delete(number);
    vitrine_component_type_delete(u32);
    vitrine_component_type_delete(result);
    vitrine_component_val_delete(x);
    vitrine_component_val_delete(y);
    vitrine_component_type_delete(s32);
    vitrine_component_type_delete(point);
}

static void test_cases(const vitrine_component_instance_t* instance)
{
    vitrine_component_func_t* func = find(instance, NULL, "check");
    vitrine_component_type_t* type = param_of(func);
    for (int64_t n = 0; n < 2; ++n) {
        vitrine_component_val_t* val = NULL;
        CHECK(succeeds(vitrine_component_val_from_int(type, n, &val)));
        vitrine_component_val_t* result = call(instance, "check", val);
        wasm_byte_vec_t text;
        vitrine_component_val_case_name(result, &text);
        CHECK(is_own_text(&text, n ? "ok" : "err"));
        CHECK(vitrine_component_val_size(result) == (n ? 1 : 0));
        vitrine_component_val_delete(result);
    }
    vitrine_component_type_delete(type);
    vitrine_component_func_delete(func);
}

static void test_resources(wasm_store_t* store, const vitrine_component_instance_t* instance)
{
    vitrine_component_val_t* file = call(instance, "open", NULL);
    vitrine_component_val_t* size = call(instance, "size", vitrine_component_val_copy(file));
    int64_t number = 0;
    CHECK(succeeds(vitrine_component_val_to_int(size, &number)) && number == 7);
    CHECK(vitrine_component_val_is_own(file) && !vitrine_component_val_is_own(size));
    CHECK(call_for_int(instance, "closed") == 0);
    CHECK(succeeds(vitrine_component_val_drop(store, file)));
    CHECK(call_for_int(instance, "closed") == 7);
    CHECK(!vitrine_component_val_is_own(file));
    CHECK(fails(vitrine_component_val_drop(store, file)));
    CHECK(fails(vitrine_component_val_drop(store, size)));
    vitrine_component_val_delete(size);
    vitrine_component_val_delete(file);
    vitrine_component_val_delete(NULL);
}

// The host functions of the component, and what they may do wrong.
static void test_host(const vitrine_component_linker_t* linker, wasm_store_t* store,
    const vitrine_component_t* component, Env* env)
{
    static const char* const messages[] = { NULL,
        "result of the host function log: expected a value of the type u32, got a value of the type string",
        "result of the host function log: expected a value of the type u32, got a value of the type tuple<>",
        "the log is full" };
    for (env->behaviour = Right; env->behaviour <= Fails; ++env->behaviour) {
        vitrine_component_instance_t* instance = NULL;
        CHECK(succeeds(vitrine_component_linker_instantiate(linker, store, component, &instance)));
        vitrine_component_func_t* func = find(instance, NULL, "run");
        vitrine_component_val_t* result = NULL;
        vitrine_error_t* error = vitrine_component_func_call(func, NULL, 0, &result);
        CHECK(strcmp(env->logged, "hello") == 0);
        memset(env->logged, 0, sizeof env->logged);
        if (env->behaviour == Right) {
            int64_t number = 0;
            CHECK(succeeds(error) && succeeds(vitrine_component_val_to_int(result, &number)) && number == 40);
            vitrine_component_val_delete(result);
        } else {
            wasm_trap_t* trap = vitrine_error_trap(error);
            CHECK(vitrine_trap_kind(trap) == VITRINE_TRAP_HOST_ERROR && !result);
            wasm_trap_delete(trap);
            wasm_byte_vec_t text;
            vitrine_error_message(error, &text);
            if (!strstr(text.data, messages[env->behaviour]))
                fprintf(stderr, "the message is: %s\n", text.data);
            CHECK(strstr(text.data, messages[env->behaviour]));
            wasm_byte_vec_delete(&text);
            vitrine_error_delete(error);
            // A trap ends the instance.
            CHECK(fails(vitrine_component_func_call(func, NULL, 0, NULL)));
        }
        vitrine_component_func_delete(func);
        vitrine_component_instance_delete(instance);
    }
    env->behaviour = Right;
}

// An instance of the component that `things` imports an interface from.
static own vitrine_component_instance_t* numbers(
    const wasm_engine_t* engine, wasm_store_t* store, const char* folder)
{
    vitrine_component_linker_t* linker = NULL;
    CHECK(succeeds(vitrine_component_linker_new(engine, &linker)));
    wasm_module_t* module = load(store, folder, "twice");
    CHECK(succeeds(vitrine_component_linker_define_module(linker, NULL, "code", module)));
    wasm_module_delete(module);
    vitrine_component_t* component = load_component(engine, folder, "numbers");
    vitrine_component_instance_t* instance = NULL;
    CHECK(succeeds(vitrine_component_linker_instantiate(linker, store, component, &instance)));
    vitrine_component_linker_delete(linker);
    vitrine_component_delete(component);
    return instance;
}

static void test_unknown(
    const wasm_engine_t* engine, wasm_store_t* store, const vitrine_component_t* component)
{
    vitrine_component_linker_t* linker = NULL;
    CHECK(succeeds(vitrine_component_linker_new(engine, &linker)));
    vitrine_component_instance_t* instance = NULL;
    vitrine_prepared_component_t* prepared = NULL;
    CHECK(fails(vitrine_component_linker_check(linker, store, component)));
    CHECK(fails(vitrine_component_linker_instantiate(linker, store, component, &instance)));
    CHECK(fails(vitrine_component_linker_prepare(linker, component, &prepared)) && !prepared);
    vitrine_component_linker_trap_unknown_functions(linker, true);
    CHECK(succeeds(vitrine_component_linker_check(linker, store, component)));
    CHECK(succeeds(vitrine_component_linker_prepare(linker, component, &prepared)));
    vitrine_component_t* of = vitrine_prepared_component_component(prepared);
    CHECK(vitrine_component_same(of, component));
    vitrine_component_delete(of);
    vitrine_component_linker_delete(linker);
    vitrine_component_linker_delete(NULL);
    CHECK(succeeds(vitrine_prepared_component_instantiate(prepared, store, &instance)));
    vitrine_prepared_component_delete(prepared);
    vitrine_prepared_component_delete(NULL);
    CHECK(!vitrine_component_instance_func(instance, NULL, "none"));
    CHECK(!vitrine_component_instance_func(instance, "none", "same"));
    vitrine_component_func_t* func = find(instance, NULL, "run");
    CHECK(fails(vitrine_component_func_call(func, NULL, 0, NULL)));
    vitrine_component_func_delete(func);
    vitrine_component_instance_delete(instance);
}

static void test_core(const vitrine_component_instance_t* instance)
{
    wasm_instance_t* core = vitrine_component_instance_core(instance, "store");
    wasm_memory_t* memory = vitrine_instance_memory(core, "memory");
    char text[6] = { 0 };
    CHECK(succeeds(vitrine_memory_read(memory, 32, text, 5)) && strcmp(text, "hello") == 0);
    wasm_memory_delete(memory);
    wasm_instance_delete(core);
    CHECK(!vitrine_component_instance_core(instance, "none"));
}

// A resource type of the host: its resources are counters.

typedef struct {
    vitrine_component_resource_type_t* type;
    int made, destroyed, finalized, sum;
    enum { Good, OfOtherType } behaviour;
    vitrine_component_resource_type_t* other;
    vitrine_component_val_t* kept;
} Counters;

static void destroy_counter(void* env, void* rep)
{
    Counters* counters = env;
    ++counters->destroyed;
    counters->sum += *(int*)rep;
    free(rep);
}
static void finalize_counters(void* env) { ++((Counters*)env)->finalized; }

// `[constructor]counter: func(from: u32) -> counter`
static own vitrine_error_t* new_counter(void* env, const vitrine_component_caller_t* caller,
    const vitrine_component_val_t* const args[], size_t arg_count, own vitrine_component_val_t** result)
{
    Counters* counters = env;
    CHECK(arg_count == 1);
    int64_t from = 0;
    CHECK(succeeds(vitrine_component_val_to_int(args[0], &from)));
    int* rep = malloc(sizeof *rep);
    *rep = (int)from;
    vitrine_component_type_t* type = vitrine_component_caller_result(caller);
    CHECK(vitrine_component_type_kind(type) == VITRINE_COMPONENT_OWN);
    CHECK(succeeds(vitrine_component_val_from_rep(
        type, counters->behaviour == OfOtherType ? counters->other : counters->type, rep, result)));
    ++counters->made;
    vitrine_component_type_delete(type);
    return NULL;
}

// `[method]counter.add: func(self: borrow<counter>, n: u32) -> u32`
static own vitrine_error_t* add(void* env, const vitrine_component_caller_t* caller,
    const vitrine_component_val_t* const args[], size_t arg_count, own vitrine_component_val_t** result)
{
    Counters* counters = env;
    CHECK(arg_count == 2 && !vitrine_component_val_is_own(args[0]));
    void* rep = NULL;
    CHECK(fails_with(
        vitrine_component_val_to_rep(args[0], counters->other, &rep), "the resource is of another type"));
    CHECK(fails(vitrine_component_val_to_rep(args[1], counters->type, &rep)) && !rep);
    CHECK(succeeds(vitrine_component_val_to_rep(args[0], counters->type, &rep)));
    int64_t n = 0;
    CHECK(succeeds(vitrine_component_val_to_int(args[1], &n)));
    *(int*)rep += (int)n;
    vitrine_component_type_t* type = vitrine_component_caller_result(caller);
    CHECK(succeeds(vitrine_component_val_from_int(type, *(int*)rep, result)));
    vitrine_component_type_delete(type);
    // A borrowed resource cannot be used after the call.
    vitrine_component_val_delete(counters->kept);
    counters->kept = vitrine_component_val_copy(args[0]);
    return NULL;
}

static own vitrine_component_val_t* call_counted(
    const vitrine_component_instance_t* instance, const char* name, const vitrine_component_val_t* argument)
{
    vitrine_component_func_t* func = find(instance, NULL, name);
    vitrine_component_val_t* result = NULL;
    CHECK(succeeds(vitrine_component_func_call(func, &argument, 1, &result)));
    vitrine_component_func_delete(func);
    return result;
}

static void test_host_resources(const wasm_engine_t* engine, const char* folder)
{
    Counters counters = { .behaviour = Good };
    CHECK(succeeds(
        vitrine_component_resource_type_new(destroy_counter, &counters, finalize_counters, &counters.type)));
    CHECK(succeeds(vitrine_component_resource_type_new(destroy_counter, &counters, NULL, &counters.other)));
    vitrine_component_t* component = load_component(engine, folder, "counters");
    vitrine_component_linker_t* linker = NULL;
    CHECK(succeeds(vitrine_component_linker_new(engine, &linker)));
    const char interface[] = "test:host/counters@0.1.0";
    CHECK(succeeds(vitrine_component_linker_define_resource(linker, interface, "counter", counters.type)));
    CHECK(succeeds(vitrine_component_linker_define_func(
        linker, interface, "[constructor]counter", new_counter, &counters, NULL)));
    CHECK(succeeds(vitrine_component_linker_define_func(
        linker, interface, "[method]counter.add", add, &counters, NULL)));
    wasm_store_t* store = wasm_store_new((wasm_engine_t*)engine);
    vitrine_component_instance_t* instance = NULL;
    CHECK(succeeds(vitrine_component_linker_instantiate(linker, store, component, &instance)));

    // The guest makes a counter, adds 5, drops it, and returns the sum.
    vitrine_component_func_t* func = find(instance, NULL, "count");
    vitrine_component_type_t* u32 = param_of(func);
    vitrine_component_func_delete(func);
    vitrine_component_val_t* seven = NULL;
    CHECK(succeeds(vitrine_component_val_from_int(u32, 7, &seven)));
    vitrine_component_val_t* result = call_counted(instance, "count", seven);
    int64_t number = 0;
    CHECK(succeeds(vitrine_component_val_to_int(result, &number)) && number == 12);
    vitrine_component_val_delete(result);
    void* rep = NULL;
    CHECK(fails_with(vitrine_component_val_to_rep(counters.kept, counters.type, &rep),
        "the resource was passed on, or the call that lent it has ended"));
    // The copy of what was borrowed delays the end of the resource.
    CHECK(counters.made == 1 && counters.destroyed == 0);
    vitrine_component_val_delete(counters.kept);
    counters.kept = NULL;
    CHECK(counters.destroyed == 1 && counters.sum == 12);

    // The guest returns one, which the host then lends to it, gives back, and no longer owns.
    vitrine_component_val_t* counter = call_counted(instance, "make", seven);
    CHECK(vitrine_component_val_is_own(counter));
    CHECK(succeeds(vitrine_component_val_to_rep(counter, counters.type, &rep)) && *(int*)rep == 7);
    result = call_counted(instance, "add-one", counter);
    CHECK(succeeds(vitrine_component_val_to_int(result, &number)) && number == 8 && *(int*)rep == 8);
    vitrine_component_val_delete(result);
    vitrine_component_val_delete(counters.kept);
    counters.kept = NULL;
    result = call_counted(instance, "take", counter);
    vitrine_component_val_delete(result);
    CHECK(counters.destroyed == 2 && counters.sum == 20 && !vitrine_component_val_is_own(counter));
    CHECK(fails(vitrine_component_val_to_rep(counter, counters.type, &rep)));
    vitrine_component_val_delete(counter);

    // One that the host makes and never passes on.
    vitrine_component_type_t* own_counter = NULL;
    func = find(instance, NULL, "take");
    own_counter = param_of(func);
    vitrine_component_func_delete(func);
    int* lone = malloc(sizeof *lone);
    *lone = 100;
    CHECK(fails(vitrine_component_val_from_rep(u32, counters.type, lone, &counter)));
    CHECK(counters.destroyed == 2);
    CHECK(succeeds(vitrine_component_val_from_rep(own_counter, counters.type, lone, &counter)));
    vitrine_component_val_delete(counter);
    CHECK(counters.destroyed == 3 && counters.sum == 120);
    vitrine_component_type_delete(own_counter);

    // The guest keeps one until the end of its store.
    result = call_counted(instance, "keep", seven);
    vitrine_component_val_delete(result);
    CHECK(counters.destroyed == 3);

    // A resource of another type of the host.
    counters.behaviour = OfOtherType;
    func = find(instance, NULL, "count");
    const vitrine_component_val_t* const args[1] = { seven };
    vitrine_error_t* error = vitrine_component_func_call(func, args, 1, &result);
    wasm_byte_vec_t text;
    vitrine_error_message(error, &text);
    CHECK(strstr(text.data, "has another type"));
    wasm_byte_vec_delete(&text);
    vitrine_error_delete(error);
    vitrine_component_func_delete(func);

    vitrine_component_val_delete(seven);
    vitrine_component_type_delete(u32);
    vitrine_component_val_delete(counters.kept);
    vitrine_component_instance_delete(instance);
    vitrine_component_linker_delete(linker);
    vitrine_component_delete(component);
    vitrine_component_resource_type_delete(counters.type);
    vitrine_component_resource_type_delete(counters.other);
    vitrine_component_resource_type_delete(NULL);
    wasm_store_delete(store);
    CHECK(counters.made == 4 && counters.destroyed == 5 && counters.finalized == 1);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    wasm_config_t* config = wasm_config_new();
    vitrine_config_guest_debug(config, true);
    wasm_engine_t* engine = wasm_engine_new_with_config(config);
    wasm_store_t* store = wasm_store_new(engine);
    test_loading(engine, argv[1]);
    test_host_resources(engine, argv[1]);
    vitrine_component_t* component = load_component(engine, argv[1], "things");

    Env env = { .behaviour = Right };
    vitrine_store_set_data(store, &env, NULL);
    vitrine_component_linker_t* linker = NULL;
    vitrine_component_instance_t *instance = NULL, *imported = numbers(engine, store, argv[1]);
    CHECK(succeeds(vitrine_component_linker_new(engine, &linker)));
    CHECK(succeeds(vitrine_component_linker_define_func(linker, NULL, "log", log_text, &env, finalize)));
    CHECK(succeeds(vitrine_component_linker_define_instance(
        linker, "test:host/numbers@0.1.0", imported, "test:host/numbers@0.1.0")));
    vitrine_component_instance_delete(imported);
    vitrine_component_instance_delete(NULL);
    CHECK(succeeds(vitrine_component_linker_instantiate(linker, store, component, &instance)));
    test_integers(instance);
    test_floats(instance);
    test_bytes(instance);
    test_records(instance);
    test_parts(instance);
    test_cases(instance);
    test_resources(store, instance);
    test_core(instance);
    test_host(linker, store, component, &env);
    test_unknown(engine, store, component);
    vitrine_component_linker_delete(linker);

    vitrine_component_func_t* fail = find(instance, NULL, "fail");
    CHECK(!vitrine_component_func_result(fail));
    vitrine_error_t* error = vitrine_component_func_call(fail, NULL, 0, NULL);
    wasm_trap_t* trap = vitrine_error_trap(error);
    CHECK(vitrine_trap_kind(trap) == VITRINE_TRAP_UNREACHABLE);
    wasm_trap_delete(trap);
    vitrine_error_delete(error);

    vitrine_component_instance_delete(instance);
    vitrine_component_delete(component);
    CHECK(env.finalized == 0);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    CHECK(env.finalized == 1);
    CHECK(fails_with(vitrine_component_func_call(fail, NULL, 0, NULL), "the store is gone"));
    vitrine_component_func_delete(fail);
    return 0;
}
