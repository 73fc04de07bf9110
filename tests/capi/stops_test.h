// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A session that debugs an instance of stops.wat.
#pragma once

#include "debug_test.h"

typedef struct {
    wasm_engine_t* engine;
    wasm_store_t* store;
    wasm_module_t* module;
    wasm_instance_t* instance;
    vitrine_session_t* session;
} World;

// What the function that the module imports does.
static own wasm_trap_t* (*host_call)(int32_t);

static own wasm_trap_t* call_host(const wasm_val_vec_t* args, own wasm_val_vec_t* results)
{
    (void)results;
    return host_call ? host_call(args->data[0].of.i32) : NULL;
}

static inline own wasm_extern_t* make_import(wasm_store_t* store)
{
    wasm_functype_t* type = wasm_functype_new_1_0(wasm_valtype_new_i32());
    wasm_func_t* func = wasm_func_new(store, type, call_host);
    wasm_functype_delete(type);
    return wasm_func_as_extern(func);
}

static inline own wasm_instance_t* make_instance(wasm_store_t* store, const wasm_module_t* module)
{
    wasm_extern_t* import = make_import(store);
    wasm_instance_t* instance = instantiate(store, module, &import, 1);
    wasm_extern_delete(import);
    return instance;
}

// Without a session.
static inline World open_guest(const char* folder)
{
    World world = { .engine = debug_engine() };
    world.store = wasm_store_new(world.engine);
    world.module = load(world.store, folder, "stops");
    world.instance = make_instance(world.store, world.module);
    return world;
}

static inline World open_world(const char* folder)
{
    World world = open_guest(folder);
    CHECK(succeeds(vitrine_session_new(world.store, &world.session)));
    return world;
}

static inline void close_world(World* world)
{
    vitrine_session_delete(world->session);
    wasm_instance_delete(world->instance);
    wasm_module_delete(world->module);
    wasm_store_delete(world->store);
    wasm_engine_delete(world->engine);
    host_call = NULL;
}

// Calls a function with as many of the arguments as it takes.
static inline own vitrine_error_t* start(
    const World* world, const char* name, int32_t a, int32_t b, bool stop_at_entry, own vitrine_event_t* out)
{
    wasm_func_t* func = vitrine_instance_debug_func_named(world->instance, name);
    CHECK(func);
    const vitrine_val_t args[2] = { vitrine_val_i32(a), vitrine_val_i32(b) };
    vitrine_error_t* error =
        vitrine_session_call(world->session, func, args, wasm_func_param_arity(func), stop_at_entry, out);
    wasm_func_delete(func);
    return error;
}

static inline own vitrine_event_t call(const World* world, const char* name, int32_t a, int32_t b)
{
    vitrine_event_t event = { 0 };
    CHECK(succeeds(start(world, name, a, b, false, &event)));
    return event;
}

static inline uint32_t break_at(
    const World* world, const char* name, const vitrine_breakpoint_options_t* options)
{
    uint32_t id = 0;
    CHECK(succeeds(vitrine_session_add_breakpoint(
        world->session, world->module, offset_of(world->module, name), options, &id)));
    return id;
}

static inline void finish(const World* world, vitrine_event_t* event)
{
    NEXT(*event, vitrine_session_resume(world->session, stop, event));
}
