// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linkers: definitions of all kinds, errors, shadowing, unknown imports.
#include "capi_test.h"

typedef struct {
    int logged;
    int finalized;
} Env;

static void finalize(void* env) { ++((Env*)env)->finalized; }

static own vitrine_error_t* log_number(void* env, vitrine_caller_t* caller, const vitrine_val_t args[],
    size_t arg_count, own vitrine_val_t results[], size_t result_count)
{
    (void)results;
    CHECK(arg_count == 1 && result_count == 0);
    if (args[0].of.i32 < 0)
        return vitrine_error_new("a negative number");
    wasm_instance_t* instance = vitrine_caller_instance(caller);
    CHECK(instance);
    wasm_instance_delete(instance);
    ((Env*)env)->logged = args[0].of.i32;
    return NULL;
}

static own vitrine_error_t* define_log(vitrine_linker_t* linker, Env* env)
{
    wasm_functype_t* type = wasm_functype_new_1_0(wasm_valtype_new_i32());
    vitrine_error_t* error =
        vitrine_linker_define_func(linker, "env", "log", type, log_number, env, finalize);
    wasm_functype_delete(type);
    return error;
}

static own wasm_global_t* number(wasm_store_t* store, int32_t value)
{
    wasm_globaltype_t* type = wasm_globaltype_new(wasm_valtype_new_i32(), WASM_CONST);
    const vitrine_val_t val = vitrine_val_i32(value);
    wasm_global_t* global = NULL;
    CHECK(succeeds(vitrine_global_new(store, type, &val, &global)));
    wasm_globaltype_delete(type);
    return global;
}

static own vitrine_linker_t* new_linker(wasm_store_t* store)
{
    vitrine_linker_t* linker = NULL;
    CHECK(succeeds(vitrine_linker_new(store, &linker)));
    return linker;
}

static void test_linking(wasm_store_t* store, const wasm_module_t* module, const wasm_module_t* doubling)
{
    vitrine_linker_t* linker = new_linker(store);
    static Env env; // functions live as long as their store
    wasm_instance_t *instance = NULL, *math = NULL;
    CHECK(fails_with(vitrine_linker_check(linker, module),
        "unknown imports: func \"env\" \"log\", global \"env\" \"base\", func \"math\" \"double\" are not "
        "defined (at offset 0x17)"));
    CHECK(succeeds(vitrine_linker_instantiate(linker, doubling, &math)));
    CHECK(succeeds(vitrine_linker_define_instance(linker, "math", math)));
    wasm_instance_delete(math);
    CHECK(succeeds(define_log(linker, &env)));
    wasm_global_t* base = number(store, 100);
    CHECK(succeeds(vitrine_linker_define(linker, "env", "base", wasm_global_as_extern(base))));
    wasm_global_delete(base);
    CHECK(succeeds(vitrine_linker_check(linker, module)));
    CHECK(succeeds(vitrine_linker_instantiate(linker, module, &instance)));

    wasm_func_t* run = vitrine_instance_func(instance, "run");
    vitrine_val_t argument = vitrine_val_i32(21), result;
    CHECK(succeeds(vitrine_func_call(run, &argument, 1, &result, 1)));
    CHECK(result.of.i32 == 142 && env.logged == 21);
    argument = vitrine_val_i32(-1);
    CHECK(fails_with(vitrine_func_call(run, &argument, 1, &result, 1), "a negative number"));
    wasm_func_delete(run);
    wasm_instance_delete(instance);

    // A name that is defined twice. The linker remembers the failure.
    CHECK(fails_with(define_log(linker, &env), "import \"env\" \"log\" is defined twice"));
    CHECK(env.finalized == 1);
    CHECK(fails_with(
        vitrine_linker_instantiate(linker, doubling, &instance), "import \"env\" \"log\" is defined twice"));
    vitrine_linker_delete(linker);
    vitrine_linker_delete(NULL);
}

static void test_shadowing(wasm_store_t* store, const wasm_module_t* module)
{
    vitrine_linker_t* linker = new_linker(store);
    vitrine_linker_allow_shadowing(linker, true);
    vitrine_linker_trap_unknown_functions(linker, true);
    static Env first, second;
    CHECK(succeeds(define_log(linker, &first)));
    CHECK(succeeds(define_log(linker, &second)));
    wasm_global_t* base = number(store, 1);
    CHECK(succeeds(vitrine_linker_define(linker, "env", "base", wasm_global_as_extern(base))));
    wasm_global_delete(base);
    wasm_instance_t* instance = NULL;
    CHECK(succeeds(vitrine_linker_instantiate(linker, module, &instance)));
    vitrine_linker_delete(linker);
    wasm_func_t* run = vitrine_instance_func(instance, "run");
    vitrine_val_t argument = vitrine_val_i32(5), result;
    CHECK(fails_with(vitrine_func_call(run, &argument, 1, &result, 1),
        "unknown import: func \"math\" \"double\" was called but is not defined"));
    CHECK(first.logged == 0 && second.logged == 5 && first.finalized == 1);
    wasm_func_delete(run);
    wasm_instance_delete(instance);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = load(store, argv[1], "linking");
    wasm_module_t* doubling = load(store, argv[1], "double");
    test_linking(store, module, doubling);
    test_shadowing(store, module);

    // An entity of another store, and the end of the store.
    wasm_store_t* other = wasm_store_new(engine);
    vitrine_linker_t* linker = new_linker(other);
    wasm_global_t* base = number(store, 1);
    wasm_instance_t* instance = NULL;
    CHECK(succeeds(vitrine_linker_define(linker, "env", "base", wasm_global_as_extern(base))));
    CHECK(fails(vitrine_linker_instantiate(linker, module, &instance)) && !instance);
    wasm_store_delete(other);
    CHECK(fails_with(
        vitrine_linker_define(linker, "env", "log", wasm_global_as_extern(base)), "the store is gone"));
    CHECK(fails_with(vitrine_linker_instantiate(linker, doubling, &instance), "the store is gone"));
    CHECK(fails_with(vitrine_linker_check(linker, doubling), "the store is gone"));
    vitrine_linker_delete(linker);
    wasm_global_delete(base);
    wasm_module_delete(module);
    wasm_module_delete(doubling);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
