// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the standard calls undefined ends the process with the name of the function.
#include <vitrine/wasi.h>

#include "misuse_test.h"

static wasm_engine_t* engine;
static wasm_store_t* store;
static wasm_global_t* constant;

static own wasm_trap_t* nothing(const wasm_val_vec_t* args, own wasm_val_vec_t* results)
{
    (void)args;
    (void)results;
    return NULL;
}

static void store_of_no_engine(void) { wasm_store_new(NULL); }
static void module_of_no_store(void)
{
    wasm_byte_vec_t bytes = WASM_EMPTY_VEC;
    wasm_module_new(NULL, &bytes);
}
static void module_of_no_bytes(void) { wasm_module_new(store, NULL); }
static void call_of_nothing(void) { wasm_func_call(NULL, NULL, NULL); }
static void function_without_callback(void) { wasm_func_new(store, wasm_functype_new_0_0(), NULL); }
static void kind_that_is_none(void) { wasm_valtype_new(77); }
static void write_to_a_constant(void)
{
    const wasm_val_t val = WASM_I32_VAL(1);
    wasm_global_set(constant, &val);
}
static void write_of_another_kind(void)
{
    const wasm_val_t val = WASM_F32_VAL(1);
    wasm_global_set(constant, &val);
}
static void vector_of_nothing(void)
{
    wasm_byte_vec_t bytes;
    wasm_byte_vec_new(&bytes, 1, NULL);
}
static void text_of_nothing(void) { vitrine_val_to_text(NULL, NULL); }
static void error_without_message(void) { vitrine_error_new(NULL); }
static void tier_that_is_none(void) { vitrine_config_tier(wasm_config_new(), 77); }
static void feature_without_name(void) { vitrine_config_feature(wasm_config_new(), NULL, true); }
static void engine_without_place(void) { vitrine_engine_new(NULL, NULL); }
static void module_of_no_file(void) { vitrine_module_from_file(store, NULL, NULL); }
static void module_without_place(void) { vitrine_module_new(store, "", 0, NULL); }
static void call_with_missing_arguments(void)
{
    wasm_func_t* func = wasm_func_new(store, wasm_functype_new_0_0(), nothing);
    vitrine_func_call(func, NULL, 1, NULL, 0);
}
static void new_function_without_callback(void)
{
    wasm_func_t* func = NULL;
    vitrine_func_new(store, wasm_functype_new_0_0(), NULL, NULL, NULL, &func);
}
static void import_of_nothing(void)
{
    vitrine_linker_t* linker = NULL;
    vitrine_linker_new(store, &linker);
    vitrine_linker_define(linker, "env", NULL, NULL);
}
static void interrupt_of_nothing(void) { vitrine_interrupter_interrupt(NULL); }
static void access_that_is_none(void)
{
    vitrine_wasi_config_preopen(vitrine_wasi_config_new(), ".", "/", 77);
}
static void sink_of_nothing(void)
{
    vitrine_wasi_config_stdout_to(vitrine_wasi_config_new(), NULL, NULL, NULL);
}
static void same_as_nothing(void) { wasm_global_same(constant, NULL); }

static const Misuse rows[] = {
    { store_of_no_engine, "vitrine: wasm_store_new: engine is null\n" },
    { module_of_no_store, "vitrine: wasm_module_new: store is null\n" },
    { module_of_no_bytes, "vitrine: wasm_module_new: binary is null\n" },
    { call_of_nothing, "vitrine: wasm_func_call: func is null\n" },
    { function_without_callback, "vitrine: wasm_func_new: callback is null\n" },
    { kind_that_is_none, "vitrine: wasm_valtype_new: there is no such kind\n" },
    { write_to_a_constant, "vitrine: wasm_global_set: the global is immutable\n" },
    { write_of_another_kind, "vitrine: wasm_global_set: expected a value of kind i32, got f32\n" },
    { vector_of_nothing, "vitrine: wasm_byte_vec_new: data is null\n" },
    { text_of_nothing, "vitrine: vitrine_val_to_text: val is null\n" },
    { error_without_message, "vitrine: vitrine_error_new: message is null\n" },
    { tier_that_is_none, "vitrine: vitrine_config_tier: there is no such tier\n" },
    { feature_without_name, "vitrine: vitrine_config_feature: name is null\n" },
    { engine_without_place, "vitrine: vitrine_engine_new: out is null\n" },
    { module_of_no_file, "vitrine: vitrine_module_from_file: path is null\n" },
    { module_without_place, "vitrine: vitrine_module_new: out is null\n" },
    { call_with_missing_arguments, "vitrine: vitrine_func_call: args is null\n" },
    { new_function_without_callback, "vitrine: vitrine_func_new: callback is null\n" },
    { import_of_nothing, "vitrine: vitrine_linker_define: name is null\n" },
    { interrupt_of_nothing, "vitrine: vitrine_interrupter_interrupt: interrupter is null\n" },
    { access_that_is_none, "vitrine: vitrine_wasi_config_preopen: there is no such access\n" },
    { sink_of_nothing, "vitrine: vitrine_wasi_config_stdout_to: sink is null\n" },
    { same_as_nothing, "vitrine: wasm_global_same: b is null\n" },
};

int main(void)
{
    engine = wasm_engine_new();
    store = wasm_store_new(engine);
    wasm_globaltype_t* type = wasm_globaltype_new(wasm_valtype_new_i32(), WASM_CONST);
    const wasm_val_t initial = WASM_I32_VAL(0);
    constant = wasm_global_new(store, type, &initial);
    wasm_globaltype_delete(type);
    CHECK(constant);
    expect_aborts(rows, sizeof rows / sizeof *rows);
    wasm_global_delete(constant);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
