// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Traps: messages, frames, traps of the host, a trap in a start function.
#include "capi_test.h"

static wasm_store_t* store;

static own wasm_trap_t* back(const wasm_val_vec_t* args, own wasm_val_vec_t* results)
{
    (void)args;
    (void)results;
    wasm_message_t message;
    wasm_name_new_from_string_nt(&message, "from the host");
    wasm_trap_t* trap = wasm_trap_new(store, &message);
    CHECK(!wasm_trap_origin(trap));
    wasm_frame_vec_t frames;
    wasm_trap_trace(trap, &frames);
    CHECK(frames.size == 0);
    wasm_name_delete(&message);
    return trap;
}

static own wasm_trap_t* call(const wasm_extern_t* export, int32_t argument)
{
    const wasm_func_t* func = wasm_extern_as_func_const(export);
    wasm_val_t args[1] = { WASM_I32_VAL(argument) };
    const wasm_val_vec_t arg_vec = { wasm_func_param_arity(func), args };
    return wasm_func_call(func, &arg_vec, NULL);
}

// Offsets as `wasm-tools objdump` and `vitrine objdump` show them.
static void test_frames(const wasm_extern_t* outer, const wasm_instance_t* instance)
{
    wasm_trap_t* trap = call(outer, 0);
    wasm_frame_t* origin = wasm_trap_origin(trap);
    CHECK(wasm_frame_func_index(origin) == 1);
    CHECK(wasm_instance_same(wasm_frame_instance(origin), instance));
    wasm_frame_vec_t frames;
    wasm_trap_trace(trap, &frames);
    CHECK(frames.size == 2 && wasm_frame_func_index(frames.data[1]) == 2);
    CHECK(wasm_frame_module_offset(frames.data[0]) == wasm_frame_module_offset(origin));
    // The division is 5 bytes behind the start of the body: no locals, i32.const, local.get.
    CHECK(wasm_frame_func_offset(origin) == 5);
    // local.get and call are 4 bytes.
    CHECK(wasm_frame_func_offset(frames.data[1]) == 5);
    CHECK(wasm_frame_module_offset(frames.data[1]) > wasm_frame_module_offset(origin));

    wasm_frame_vec_t copies;
    wasm_frame_vec_copy(&copies, &frames);
    wasm_frame_vec_delete(&frames);
    wasm_frame_t* copy = wasm_frame_copy(copies.data[1]);
    wasm_frame_vec_delete(&copies);
    CHECK(wasm_frame_func_index(copy) == 2 && wasm_instance_same(wasm_frame_instance(copy), instance));
    wasm_frame_delete(copy);
    wasm_frame_delete(origin);
    wasm_trap_t* same = wasm_trap_copy(trap);
    CHECK(wasm_trap_same(trap, same));
    wasm_trap_delete(trap);
    CHECK(has_message(same, "integer divide by zero"));
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    wasm_engine_t* engine = wasm_engine_new();
    store = wasm_store_new(engine);
    wasm_module_t* module = load(store, argv[1], "traps");
    wasm_functype_t* type = wasm_functype_new_0_0();
    wasm_func_t* func = wasm_func_new(store, type, back);
    wasm_functype_delete(type);
    wasm_extern_t* imports[1] = { wasm_func_as_extern(func) };
    // The frames tell two instances of one module apart.
    wasm_instance_t* first = instantiate(store, module, imports, 1);
    wasm_instance_t* second = instantiate(store, module, imports, 1);
    CHECK(!wasm_instance_same(first, second));
    wasm_extern_vec_t exports, others;
    wasm_instance_exports(first, &exports);
    wasm_instance_exports(second, &others);
    test_frames(exports.data[0], first);
    test_frames(others.data[0], second);
    CHECK(has_message(call(exports.data[0], 1), "from the host"));
    wasm_trap_t* trap = call(exports.data[1], 0);
    wasm_frame_vec_t frames;
    wasm_trap_trace(trap, &frames);
    CHECK(frames.size > 10 && wasm_frame_func_index(frames.data[frames.size - 1]) == 3);
    wasm_frame_vec_delete(&frames);
    CHECK(has_message(trap, "call stack exhausted"));

    wasm_module_t* starting = load(store, argv[1], "start");
    const wasm_extern_vec_t none = WASM_EMPTY_VEC;
    trap = NULL;
    CHECK(!wasm_instance_new(store, starting, &none, &trap));
    wasm_frame_t* origin = wasm_trap_origin(trap);
    CHECK(wasm_frame_func_index(origin) == 0);
    wasm_frame_delete(origin);
    CHECK(has_message(trap, "unreachable"));
    wasm_module_delete(starting);

    // A trap outlives its store.
    trap = call(exports.data[0], 0);
    wasm_extern_vec_delete(&exports);
    wasm_extern_vec_delete(&others);
    wasm_instance_delete(first);
    wasm_instance_delete(second);
    wasm_module_delete(module);
    wasm_func_delete(func);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    origin = wasm_trap_origin(trap);
    CHECK(wasm_frame_func_index(origin) == 1 && !wasm_frame_instance(origin));
    wasm_frame_delete(origin);
    CHECK(has_message(trap, "integer divide by zero"));
    return 0;
}
