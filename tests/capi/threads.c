// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sessions with several threads: stores of other threads, guests that run in the background.
#include "stops_test.h"

#include <pthread.h>

// A guest thread with a store of its own.
typedef struct {
    wasm_store_t* store;
    wasm_module_t* module;
    wasm_instance_t* instance;
    int32_t result;
} Other;

static own wasm_trap_t* host_of_other(const wasm_val_vec_t* args, own wasm_val_vec_t* results)
{
    (void)args;
    (void)results;
    return NULL;
}

static Other open_other(const World* world, const char* folder)
{
    Other other = { .store = wasm_store_new(world->engine) };
    // The module is shared, so that its breakpoints apply.
    wasm_shared_module_t* shared = wasm_module_share(world->module);
    other.module = wasm_module_obtain(other.store, shared);
    wasm_shared_module_delete(shared);
    wasm_functype_t* type = wasm_functype_new_1_0(wasm_valtype_new_i32());
    wasm_func_t* func = wasm_func_new(other.store, type, host_of_other);
    wasm_functype_delete(type);
    wasm_extern_t* import = wasm_func_as_extern(func);
    other.instance = instantiate(other.store, other.module, &import, 1);
    wasm_func_delete(func);
    (void)folder;
    return other;
}

static void close_other(Other* other)
{
    wasm_instance_delete(other->instance);
    wasm_module_delete(other->module);
    wasm_store_delete(other->store);
}

static void* run_other(void* env)
{
    Other* other = env;
    wasm_func_t* func = vitrine_instance_debug_func_named(other->instance, "run");
    const vitrine_val_t arg = vitrine_val_i32(7);
    vitrine_val_t result = vitrine_val_i32(0);
    CHECK(succeeds(vitrine_func_call(func, &arg, 1, &result, 1)));
    other->result = result.of.i32;
    wasm_func_delete(func);
    return NULL;
}

static void test_added_store(const char* folder)
{
    World world = open_world(folder);
    Other other = open_other(&world, folder);
    CHECK(succeeds(vitrine_session_add_store(world.session, other.store)));
    CHECK(
        fails_with(vitrine_session_add_store(world.session, other.store), "the store has a session already"));
    break_at(&world, "twice", NULL);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run_other, &other) == 0);
    vitrine_event_t event;
    CHECK(succeeds(vitrine_session_wait(world.session, &event)));
    CHECK(is_stopped(&event, "breakpoint 1"));
    CHECK(vitrine_stop_reason_thread(vitrine_stopped_reason(event.stopped)) == 2);
    vitrine_guest_thread_vec_t threads;
    CHECK(succeeds(vitrine_stopped_threads(event.stopped, &threads)));
    CHECK(threads.size == 2 && vitrine_guest_thread_id(threads.data[1]) == 2);
    CHECK(!vitrine_guest_thread_is_running(threads.data[0])
        && vitrine_guest_thread_is_running(threads.data[1]));
    vitrine_debug_frame_vec_t frames;
    CHECK(succeeds(vitrine_guest_thread_frames(threads.data[1], &frames)));
    CHECK(frames.size == 2);
    // Its handles are those of the other store.
    wasm_instance_t* instance = vitrine_debug_frame_instance(frames.data[0]);
    CHECK(wasm_instance_same(instance, other.instance) && !wasm_instance_same(instance, world.instance));
    wasm_instance_set_host_info(instance, &other);
    CHECK(wasm_instance_get_host_info(other.instance) == &other);
    wasm_module_t* module = vitrine_debug_frame_module(frames.data[0]);
    CHECK(wasm_module_same(module, other.module));
    wasm_module_delete(module);
    wasm_instance_delete(instance);
    vitrine_debug_frame_vec_delete(&frames);
    vitrine_guest_thread_vec_delete(&threads);
    CHECK(is_value(&event, "$n", "7"));
    NEXT(event, vitrine_session_step(world.session, stop, 2, &event));
    CHECK(is_stopped(&event, "step"));
    CHECK(
        fails_with(vitrine_session_remove_store(world.session, other.store), "the store's guest is running"));
    vitrine_stopped_t* stopped = event.stopped;
    CHECK(succeeds(vitrine_session_go(world.session, stopped)));
    vitrine_stopped_delete(stopped);
    CHECK(pthread_join(thread, NULL) == 0 && other.result == 14);
    CHECK(succeeds(vitrine_session_remove_store(world.session, other.store)));
    CHECK(fails_with(
        vitrine_session_remove_store(world.session, other.store), "the store is not one of the session"));
    CHECK(fails_with(vitrine_session_remove_store(world.session, world.store),
        "the session's own store stays until it ends"));
    close_other(&other);

    // Of another engine.
    World second = open_guest(folder);
    CHECK(fails_with(vitrine_session_add_store(world.session, second.store),
        "the store and the session belong to different engines"));
    close_world(&second);
    close_world(&world);
}

static void* interrupt(void* session)
{
    vitrine_session_interrupt(session);
    return NULL;
}
static void* kill_guest(void* session)
{
    vitrine_session_kill(session);
    return NULL;
}

static void test_interrupts(const char* folder)
{
    World world = open_world(folder);
    vitrine_session_interrupt(world.session);
    vitrine_event_t event = { 0 };
    CHECK(succeeds(start(&world, "spin", 0, 0, true, &event)));
    vitrine_stop_reason_t* reason = vitrine_session_stopped(world.session);
    CHECK(reason && vitrine_stop_reason_kind(reason) == VITRINE_STOP_ENTRY);
    vitrine_stop_reason_delete(reason);
    vitrine_stopped_t* stopped = event.stopped;
    CHECK(succeeds(vitrine_session_go(world.session, stopped)));
    CHECK(!vitrine_session_stopped(world.session));
    vitrine_stopped_delete(stopped);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, interrupt, world.session) == 0);
    CHECK(succeeds(vitrine_session_wait(world.session, &event)));
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(is_stopped(&event, "interrupt"));
    // While it runs, nobody else may use the store.
    stopped = event.stopped;
    CHECK(succeeds(vitrine_session_go(world.session, stopped)));
    vitrine_stopped_delete(stopped);
    vitrine_val_t val;
    CHECK(fails_with(vitrine_instance_debug_evaluate(world.instance, "$total", &val),
        "the store is running under a debug session"));
    CHECK(pthread_create(&thread, NULL, kill_guest, world.session) == 0);
    CHECK(fails_with(vitrine_session_wait(world.session, &event), "stopped by the debugger"));
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(succeeds(vitrine_instance_debug_evaluate(world.instance, "$total", &val)) && val.of.i64 == 5);
    close_world(&world);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    test_added_store(argv[1]);
    test_interrupts(argv[1]);
    return 0;
}
