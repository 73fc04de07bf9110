// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Errors, the kinds of traps, and the names in frames.
#include "capi_test.h"

static own wasm_trap_t* call(const wasm_extern_t* item, int32_t argument)
{
    wasm_val_t args[1] = { WASM_I32_VAL(argument) };
    const wasm_func_t* func = wasm_extern_as_func_const(item);
    const wasm_val_vec_t arg_vec = { wasm_func_param_arity(func), args };
    return wasm_func_call(func, &arg_vec, NULL);
}

static own wasm_trap_t* nothing(const wasm_val_vec_t* args, own wasm_val_vec_t* results)
{
    (void)args;
    (void)results;
    return NULL;
}

static void test_own_errors(void)
{
    vitrine_error_t* error = vitrine_error_new("no paper");
    wasm_byte_vec_t message;
    vitrine_error_message(error, &message);
    CHECK(is_own_text(&message, "no paper"));
    uint64_t offset = 1;
    int status = 1;
    CHECK(!vitrine_error_offset(error, &offset) && offset == 1);
    CHECK(!vitrine_error_exit_status(error, &status) && status == 1);
    CHECK(!vitrine_error_trap(error));
    CHECK(fails_with(error, "no paper"));
    vitrine_error_delete(NULL);

    error = vitrine_error_new("");
    vitrine_error_message(error, &message);
    CHECK(is_own_text(&message, ""));
    vitrine_error_delete(error);

    error = vitrine_error_new_exit(7);
    CHECK(vitrine_error_exit_status(error, NULL));
    CHECK(vitrine_error_exit_status(error, &status) && status == 7);
    vitrine_error_delete(error);
}

// A trap as an error has the same trap.
static void test_traps(const wasm_extern_t* outer)
{
    wasm_trap_t* trap = call(outer, 0);
    CHECK(vitrine_trap_kind(trap) == VITRINE_TRAP_INTEGER_DIVIDE_BY_ZERO);
    vitrine_error_t* error = vitrine_error_new_trap(trap);
    wasm_trap_delete(trap);
    trap = vitrine_error_trap(error);
    CHECK(vitrine_trap_kind(trap) == VITRINE_TRAP_INTEGER_DIVIDE_BY_ZERO);
    wasm_frame_t* frame = wasm_trap_origin(trap);
    wasm_name_t name;
    vitrine_frame_func_name(frame, &name);
    CHECK(is_own_text(&name, "inner"));
    vitrine_frame_module_name(frame, &name);
    CHECK(is_own_text(&name, ""));
    wasm_frame_delete(frame);
    CHECK(has_message(trap, "integer divide by zero"));
    CHECK(fails_with(error, "integer divide by zero"));

    // A refused call is no trap of the guest.
    trap = wasm_func_call(wasm_extern_as_func_const(outer), NULL, NULL);
    CHECK(vitrine_trap_kind(trap) == VITRINE_TRAP_NONE);
    error = vitrine_error_new_trap(trap);
    CHECK(!vitrine_error_trap(error));
    CHECK(fails_with(error, "expected 1 arguments, got 0"));
    wasm_trap_delete(trap);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    test_own_errors();
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = load(store, argv[1], "traps");
    wasm_functype_t* type = wasm_functype_new_0_0();
    wasm_func_t* func = wasm_func_new(store, type, nothing);
    wasm_functype_delete(type);
    wasm_extern_t* imports[1] = { wasm_func_as_extern(func) };
    wasm_instance_t* instance = instantiate(store, module, imports, 1);
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    test_traps(exports.data[0]);
    wasm_trap_t* trap = call(exports.data[1], 0);
    CHECK(vitrine_trap_kind(trap) == VITRINE_TRAP_STACK_OVERFLOW);
    wasm_trap_delete(trap);

    wasm_message_t message;
    wasm_name_new_from_string_nt(&message, "made by the host");
    trap = wasm_trap_new(store, &message);
    wasm_name_delete(&message);
    CHECK(vitrine_trap_kind(trap) == VITRINE_TRAP_HOST_ERROR);
    vitrine_error_t* error = vitrine_error_new_trap(trap);
    wasm_trap_delete(trap);

    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_func_delete(func);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);

    // An error outlives its store.
    trap = vitrine_error_trap(error);
    CHECK(has_message(trap, "made by the host"));
    CHECK(fails_with(error, "made by the host"));
    return 0;
}
