// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Why a guest stops: watchpoints, traps, exceptions, loads, and handlers that are told of it.
#include "stops_test.h"

#include <stddef.h>

static bool is_bytes(own wasm_byte_vec_t* bytes, int32_t expected)
{
    const bool is_same = bytes->size == 4 && memcmp(bytes->data, &expected, 4) == 0;
    wasm_byte_vec_delete(bytes);
    return is_same;
}

static uint32_t watch(const World* world, own vitrine_place_t* place, vitrine_watch_access_t access)
{
    uint32_t id = 0;
    CHECK(succeeds(vitrine_session_add_watchpoint(world->session, place, access, NULL, &id)));
    vitrine_place_delete(place);
    return id;
}

static void unwatch(const World* world, uint32_t id)
{
    CHECK(succeeds(vitrine_session_remove_watchpoint(world->session, id)));
}

static own vitrine_watchpoint_t* only_watchpoint(const World* world)
{
    vitrine_watchpoint_vec_t all;
    CHECK(succeeds(vitrine_session_watchpoints(world->session, &all)) && all.size == 1);
    vitrine_watchpoint_t* only = all.data[0];
    all.data[0] = NULL;
    vitrine_watchpoint_vec_delete(&all);
    return only;
}

// A watchpoint with a condition and a count is changed. The memory has 22 at address 64.
static void test_changed(const World* world, uint32_t id)
{
    vitrine_watchpoint_t* watchpoint = only_watchpoint(world);
    vitrine_watchpoint_options_t options = { .size = sizeof options };
    vitrine_watchpoint_options(watchpoint, &options);
    CHECK(strcmp(options.condition, "i32[64] > 20") == 0 && options.every == 2 && !options.is_disabled);
    CHECK(vitrine_watchpoint_hits(watchpoint) == 2);
    // A caller that knows less of the struct.
    vitrine_watchpoint_options_t less = { .size = offsetof(vitrine_watchpoint_options_t, every), .every = 7 };
    vitrine_watchpoint_options(watchpoint, &less);
    CHECK(strcmp(less.condition, "i32[64] > 20") == 0 && less.every == 7);
    vitrine_watchpoint_delete(watchpoint);

    options = (vitrine_watchpoint_options_t) { .size = sizeof options, .is_disabled = true };
    CHECK(succeeds(vitrine_session_change_watchpoint(world->session, id, &options)));
    vitrine_event_t event = call(world, "store", 64, 30);
    CHECK(!event.stopped);
    CHECK(succeeds(vitrine_session_change_watchpoint(world->session, id, NULL)));
    event = call(world, "store", 64, 3);
    CHECK(is_stopped(&event, "watchpoint 2: 30 -> 3"));
    finish(world, &event);
    watchpoint = only_watchpoint(world);
    options = (vitrine_watchpoint_options_t) { .size = sizeof options, .every = 9 };
    vitrine_watchpoint_options(watchpoint, &options);
    CHECK(options.condition[0] == 0 && options.every <= 1 && !options.is_disabled);
    CHECK(vitrine_watchpoint_hits(watchpoint) == 3);
    vitrine_watchpoint_delete(watchpoint);

    options = (vitrine_watchpoint_options_t) { .size = sizeof options, .condition = "1 +" };
    vitrine_error_t* error = vitrine_session_change_watchpoint(world->session, id, &options);
    uint64_t position = 0;
    CHECK(vitrine_error_is_in_text(error) && vitrine_error_offset(error, &position) && position == 3);
    vitrine_error_delete(error);
    options = (vitrine_watchpoint_options_t) { .size = 1 };
    CHECK(fails_with(vitrine_session_change_watchpoint(world->session, id, &options),
        "the size of the options is not set"));
    CHECK(
        fails_with(vitrine_session_change_watchpoint(world->session, 99, NULL), "there is no watchpoint 99"));
}

static void test_watched_memory(const World* world)
{
    wasm_memory_t* memory = vitrine_instance_debug_memory(world->instance, 0);
    const uint32_t id = watch(world, vitrine_place_new_memory(memory, 64, 4), VITRINE_WATCH_CHANGE);
    vitrine_event_t event = call(world, "store", 64, 9);
    CHECK(is_stopped(&event, "watchpoint 1: 0 -> 9"));
    const vitrine_stop_reason_t* reason = vitrine_stopped_reason(event.stopped);
    CHECK(
        vitrine_stop_reason_kind(reason) == VITRINE_STOP_WATCHPOINT && vitrine_stop_reason_id(reason) == id);
    CHECK(vitrine_stop_reason_is_write(reason));
    wasm_byte_vec_t before, after;
    CHECK(vitrine_stop_reason_watched_bytes(reason, &before, &after));
    CHECK(is_bytes(&before, 0) && is_bytes(&after, 9));
    vitrine_val_t none;
    CHECK(!vitrine_stop_reason_watched_values(reason, &none, &none));
    finish(world, &event);
    // The same value again is no change, and reads do not count.
    event = call(world, "store", 64, 9);
    CHECK(!event.stopped);
    event = call(world, "load", 64, 0);
    CHECK(is_result(&event, 9));
    vitrine_watchpoint_vec_t all;
    CHECK(succeeds(vitrine_session_watchpoints(world->session, &all)));
    CHECK(all.size == 1 && vitrine_watchpoint_id(all.data[0]) == id);
    CHECK(vitrine_watchpoint_access(all.data[0]) == VITRINE_WATCH_CHANGE);
    CHECK(vitrine_watchpoint_hits(all.data[0]) == 1);
    vitrine_watchpoint_delete(all.data[0]);
    all.data[0] = NULL;
    vitrine_watchpoint_vec_delete(&all);
    CHECK(all.size == 0 && !all.data);
    unwatch(world, id);

    // With a condition, every second time.
    vitrine_place_t* place = vitrine_place_new_memory(memory, 64, 4);
    vitrine_watchpoint_options_t options = {
        .size = sizeof options, .condition = "i32[64] > 20", .every = 2
    };
    uint32_t every = 0;
    CHECK(succeeds(
        vitrine_session_add_watchpoint(world->session, place, VITRINE_WATCH_CHANGE, &options, &every)));
    for (int32_t value = 19; value < 23; ++value) {
        event = call(world, "store", 64, value);
        CHECK((event.stopped != NULL) == (value == 22));
    }
    finish(world, &event);
    test_changed(world, every);
    unwatch(world, every);
    options.condition = "1 +";
    CHECK(
        fails(vitrine_session_add_watchpoint(world->session, place, VITRINE_WATCH_CHANGE, &options, &every)));
    vitrine_place_delete(place);
    event = call(world, "store", 64, 9);
    CHECK(!event.stopped);

    // A read.
    const uint32_t read = watch(world, vitrine_place_new_memory(memory, 64, 4), VITRINE_WATCH_READ);
    event = call(world, "store", 64, 10);
    CHECK(!event.stopped);
    event = call(world, "load", 64, 0);
    CHECK(event.stopped && !vitrine_stop_reason_is_write(vitrine_stopped_reason(event.stopped)));
    CHECK(vitrine_stop_reason_watched_bytes(vitrine_stopped_reason(event.stopped), &before, &after));
    CHECK(is_bytes(&before, 10) && is_bytes(&after, 10));
    finish(world, &event);
    CHECK(is_result(&event, 10));
    unwatch(world, read);
    wasm_memory_delete(memory);
}

static void test_watched_global(const World* world)
{
    vitrine_place_t* place;
    CHECK(succeeds(vitrine_instance_debug_place(world->instance, "$total", &place)));
    const uint32_t id = watch(world, place, VITRINE_WATCH_WRITE);
    wasm_func_t* add = vitrine_instance_debug_func_named(world->instance, "add");
    const vitrine_val_t zero = vitrine_val_i64(0), two = vitrine_val_i64(2);
    vitrine_event_t event;
    // A write of the same value is a write, too.
    CHECK(succeeds(vitrine_session_call(world->session, add, &zero, 1, false, &event)));
    CHECK(event.stopped);
    finish(world, &event);
    CHECK(succeeds(vitrine_session_call(world->session, add, &two, 1, false, &event)));
    const vitrine_stop_reason_t* reason = vitrine_stopped_reason(event.stopped);
    CHECK(is_text(vitrine_stop_reason_details(reason), "5 -> 7"));
    vitrine_val_t before, after;
    CHECK(vitrine_stop_reason_watched_values(reason, &before, &after));
    CHECK(before.kind == WASM_I64 && before.of.i64 == 5 && after.of.i64 == 7);
    wasm_byte_vec_t none;
    CHECK(!vitrine_stop_reason_watched_bytes(reason, &none, &none));
    finish(world, &event);
    CHECK(!event.stopped);
    unwatch(world, id);
    wasm_func_delete(add);
}

static void test_watched_element(const World* world)
{
    wasm_table_t* table = vitrine_instance_debug_table(world->instance, 0);
    const uint32_t id = watch(world, vitrine_place_new_table(table, 2), VITRINE_WATCH_READ_WRITE);
    vitrine_event_t event = call(world, "put", 1, 0);
    CHECK(!event.stopped);
    event = call(world, "put", 2, 0);
    vitrine_val_t before, after;
    CHECK(vitrine_stop_reason_watched_values(vitrine_stopped_reason(event.stopped), &before, &after));
    CHECK(before.kind == WASM_FUNCREF && !before.of.ref);
    wasm_func_t* stored = vitrine_instance_debug_func_named(world->instance, "store");
    CHECK(wasm_ref_same(after.of.ref, wasm_func_as_ref(stored)));
    vitrine_val_delete(&before);
    vitrine_val_delete(&after);
    finish(world, &event);
    unwatch(world, id);
    wasm_func_delete(stored);
    wasm_table_delete(table);
}

static void test_watched_local(const World* world)
{
    vitrine_event_t event = { 0 };
    CHECK(succeeds(start(world, "run", 2, 0, true, &event)));
    vitrine_debug_frame_t* frame = frame_at(event.stopped, 0);
    const uint32_t id = watch(world, vitrine_place_new_local(frame, 1), VITRINE_WATCH_CHANGE);
    vitrine_debug_frame_delete(frame);
    for (int32_t i = 0; i < 2; ++i) {
        finish(world, &event);
        vitrine_val_t before, after;
        CHECK(vitrine_stop_reason_watched_values(vitrine_stopped_reason(event.stopped), &before, &after));
        CHECK(before.of.i32 == i && after.of.i32 == i + 1);
    }
    finish(world, &event);
    CHECK(is_result(&event, 4));

    // One on a local ends with its frame, be it the outermost one or another.
    vitrine_watchpoint_vec_t all;
    CHECK(succeeds(vitrine_session_watchpoints(world->session, &all)) && all.size == 0);
    const uint32_t breakpoint = break_at(world, "twice", NULL);
    event = call(world, "run", 2, 0);
    frame = frame_at(event.stopped, 0);
    watch(world, vitrine_place_new_local(frame, 0), VITRINE_WATCH_READ);
    vitrine_debug_frame_delete(frame);
    for (int i = 0; i < 2; ++i) {
        finish(world, &event);
        CHECK(is_text(vitrine_stop_reason_details(vitrine_stopped_reason(event.stopped)), "2"));
    }
    finish(world, &event);
    CHECK(is_result(&event, 4));
    CHECK(succeeds(vitrine_session_watchpoints(world->session, &all)) && all.size == 0);
    CHECK(fails_with(vitrine_session_remove_watchpoint(world->session, id), "there is no watchpoint 6"));
    CHECK(succeeds(vitrine_session_remove_breakpoint(world->session, breakpoint)));
}

static void test_refused_watchpoints(const World* world)
{
    wasm_memory_t* memory = vitrine_instance_debug_memory(world->instance, 0);
    vitrine_place_t* place = vitrine_place_new_memory(memory, 65535, 2);
    uint32_t id = 77;
    CHECK(fails_with(vitrine_session_add_watchpoint(world->session, place, VITRINE_WATCH_CHANGE, NULL, &id),
        "the range does not lie in the memory, which has 65536 bytes"));
    CHECK(fails_with(
        vitrine_session_add_watchpoint(world->session, place, 9, NULL, &id), "there is no kind of access 9"));
    vitrine_place_delete(place);
    wasm_memory_delete(memory);
    // Of another store.
    wasm_store_t* store = wasm_store_new(world->engine);
    wasm_globaltype_t* type = wasm_globaltype_new(wasm_valtype_new_i32(), WASM_VAR);
    const wasm_val_t zero = WASM_I32_VAL(0);
    wasm_global_t* global = wasm_global_new(store, type, &zero);
    place = vitrine_place_new_global(global);
    CHECK(fails_with(vitrine_session_add_watchpoint(world->session, place, VITRINE_WATCH_CHANGE, NULL, &id),
        "the watched place does not exist or does not belong to a store of the session"));
    CHECK(id == 77);
    vitrine_place_delete(place);
    wasm_global_delete(global);
    wasm_globaltype_delete(type);
    wasm_store_delete(store);
}

static wasm_store_t* trapping_store;
static own wasm_trap_t* fail(int32_t number)
{
    if (number < 2)
        return NULL;
    wasm_message_t message;
    wasm_name_new_from_string_nt(&message, "no more");
    wasm_trap_t* trap = wasm_trap_new(trapping_store, &message);
    wasm_name_delete(&message);
    return trap;
}

static void test_traps(const World* world)
{
    vitrine_event_t event = call(world, "divide", 1, 0);
    CHECK(is_stopped(&event, "trap: integer divide by zero"));
    const vitrine_stop_reason_t* reason = vitrine_stopped_reason(event.stopped);
    CHECK(vitrine_stop_reason_kind(reason) == VITRINE_STOP_TRAP);
    CHECK(vitrine_stop_reason_trap(reason) == VITRINE_TRAP_INTEGER_DIVIDE_BY_ZERO);
    // Nothing has been unwound.
    CHECK(is_value(&event, "$a", "1") && is_value(&event, "$b", "0"));
    vitrine_stopped_t* stopped = event.stopped;
    vitrine_error_t* error = vitrine_session_resume(world->session, stopped, &event);
    vitrine_stopped_delete(stopped);
    wasm_trap_t* trap = vitrine_error_trap(error);
    CHECK(vitrine_trap_kind(trap) == VITRINE_TRAP_INTEGER_DIVIDE_BY_ZERO);
    wasm_frame_t* origin = wasm_trap_origin(trap);
    CHECK(wasm_instance_same(wasm_frame_instance(origin), world->instance));
    wasm_frame_delete(origin);
    CHECK(has_message(trap, "integer divide by zero"));
    vitrine_error_delete(error);

    host_call = fail;
    trapping_store = world->store;
    event = call(world, "run", 5, 0);
    CHECK(vitrine_stop_reason_trap(vitrine_stopped_reason(event.stopped)) == VITRINE_TRAP_HOST_ERROR);
    CHECK(is_text(vitrine_stop_reason_details(vitrine_stopped_reason(event.stopped)), "no more"));
    CHECK(is_value(&event, "$i", "2"));
    LAST(event, vitrine_session_resume(world->session, stop, &event), "no more");
    CHECK(succeeds(vitrine_session_stop_on(world->session, 0)));
    CHECK(fails_with(start(world, "run", 5, 0, false, &event), "no more"));
    host_call = NULL;
    CHECK(fails_with(start(world, "divide", 1, 0, false, &event), "integer divide by zero"));
    CHECK(fails_with(vitrine_session_stop_on(world->session, 3 << 10), "unknown events 3072"));
    CHECK(succeeds(vitrine_session_stop_on(world->session, VITRINE_STOP_ON_DEFAULT)));
}

static void test_exceptions(const World* world)
{
    // By default, only one that nothing catches.
    vitrine_event_t event = call(world, "catch", 6, 0);
    CHECK(is_result(&event, 6));
    event = call(world, "throw", 8, 0);
    const vitrine_stop_reason_t* reason = vitrine_stopped_reason(event.stopped);
    CHECK(vitrine_stop_reason_trap(reason) == VITRINE_TRAP_UNCAUGHT_EXCEPTION);
    vitrine_val_t exception = vitrine_val_ref(VITRINE_EXNREF, vitrine_stop_reason_exception(reason));
    CHECK(exception.of.ref);
    wasm_byte_vec_t text;
    CHECK(succeeds(vitrine_val_to_text(&exception, &text)));
    CHECK(is_own_text(&text, "exception {8}"));
    vitrine_val_delete(&exception);
    LAST(event, vitrine_session_resume(world->session, stop, &event), "uncaught exception {8}");

    CHECK(succeeds(
        vitrine_session_stop_on(world->session, VITRINE_STOP_ON_DEFAULT | VITRINE_STOP_ON_CAUGHT_THROW)));
    event = call(world, "catch", 6, 0);
    reason = vitrine_stopped_reason(event.stopped);
    CHECK(vitrine_stop_reason_kind(reason) == VITRINE_STOP_THROW);
    CHECK(vitrine_stop_reason_trap(reason) == VITRINE_TRAP_NONE);
    CHECK(is_value(&event, "$n", "6"));
    finish(world, &event);
    CHECK(is_result(&event, 6));
    CHECK(succeeds(vitrine_session_stop_on(world->session, VITRINE_STOP_ON_DEFAULT)));
}

static void test_loads(const World* world)
{
    CHECK(succeeds(vitrine_session_stop_on(world->session, VITRINE_STOP_ON_LOAD)));
    wasm_extern_t* import = make_import(world->store);
    vitrine_event_t event;
    CHECK(succeeds(vitrine_session_instantiate(world->session, world->module, &import, 1, false, &event)));
    const vitrine_stop_reason_t* reason = vitrine_stopped_reason(event.stopped);
    CHECK(vitrine_stop_reason_kind(reason) == VITRINE_STOP_LOAD);
    wasm_instance_t* loaded = vitrine_stop_reason_instance(reason);
    CHECK(loaded);
    wasm_byte_vec_t text;
    CHECK(succeeds(vitrine_instance_debug_text_of(loaded, "$total", &text)));
    CHECK(is_own_text(&text, "5"));
    finish(world, &event);
    wasm_instance_t* made = vitrine_session_instance(world->session);
    CHECK(wasm_instance_same(made, loaded));
    wasm_instance_delete(made);
    wasm_instance_delete(loaded);
    wasm_extern_delete(import);
    CHECK(succeeds(vitrine_session_stop_on(world->session, VITRINE_STOP_ON_DEFAULT)));
}

static own vitrine_error_t* leave(void* env, vitrine_caller_t* caller, const vitrine_val_t args[],
    size_t arg_count, own vitrine_val_t results[], size_t result_count)
{
    (void)env;
    (void)caller;
    (void)results;
    CHECK(arg_count == 1 && result_count == 0);
    return vitrine_error_new_exit(args[0].of.i32 + 2);
}

static void test_exit(const World* world)
{
    wasm_functype_t* type = wasm_functype_new_1_0(wasm_valtype_new_i32());
    wasm_func_t* func;
    CHECK(succeeds(vitrine_func_new(world->store, type, leave, NULL, NULL, &func)));
    wasm_extern_t* import = wasm_func_as_extern(func);
    wasm_instance_t* instance = instantiate(world->store, world->module, &import, 1);
    wasm_func_t* run = vitrine_instance_debug_func_named(instance, "run");
    const vitrine_val_t arg = vitrine_val_i32(1);
    CHECK(succeeds(vitrine_session_stop_on(world->session, VITRINE_STOP_ON_EXIT)));
    vitrine_event_t event;
    CHECK(succeeds(vitrine_session_call(world->session, run, &arg, 1, false, &event)));
    const vitrine_stop_reason_t* reason = vitrine_stopped_reason(event.stopped);
    int32_t stop_status = 0;
    int status = 0;
    CHECK(vitrine_stop_reason_kind(reason) == VITRINE_STOP_EXIT);
    CHECK(vitrine_stop_reason_exit_status(reason, &stop_status) && stop_status == 3);
    CHECK(is_text(vitrine_stop_reason_to_text(reason), "exit (status 3)"));
    vitrine_stopped_t* stopped = event.stopped;
    vitrine_error_t* error = vitrine_session_resume(world->session, stopped, &event);
    CHECK(vitrine_error_exit_status(error, &status) && status == 3);
    vitrine_error_delete(error);
    vitrine_stopped_delete(stopped);
    CHECK(succeeds(vitrine_session_stop_on(world->session, VITRINE_STOP_ON_DEFAULT)));
    wasm_func_delete(run);
    wasm_instance_delete(instance);
    wasm_func_delete(func);
    wasm_functype_delete(type);
}

// Handlers.

typedef struct {
    World world;
    vitrine_resume_t answers[4];
    size_t count;
    bool is_nested;
    bool is_finalized;
} Handled;

static vitrine_resume_t handle(void* env, vitrine_stopped_t* stopped)
{
    Handled* handled = env;
    const vitrine_stop_reason_t* reason = vitrine_stopped_reason(stopped);
    // The handler decides how the guest resumes, and nobody else.
    vitrine_event_t event;
    CHECK(fails_with(vitrine_session_resume(handled->world.session, stopped, &event),
        "the session has a handler, which decides how the guest resumes"));
    vitrine_debug_frame_t* frame = frame_at(stopped, 0);
    CHECK(vitrine_debug_frame_is_valid(frame));
    if (handled->count == 0) {
        CHECK(vitrine_stop_reason_kind(reason) == VITRINE_STOP_BREAKPOINT);
        CHECK(succeeds(vitrine_debug_frame_assign(frame, "$n = 21")));
    }
    if (handled->is_nested) {
        // It can call the guest. Stops nest.
        handled->is_nested = false;
        wasm_func_t* func = vitrine_debug_frame_func(frame);
        wasm_val_t arg = WASM_I32_VAL(4), result;
        const wasm_val_vec_t args = { 1, &arg };
        wasm_val_vec_t results = { 1, &result };
        CHECK(!wasm_func_call(func, &args, &results) && result.of.i32 == 42);
        wasm_func_delete(func);
    }
    vitrine_debug_frame_delete(frame);
    return handled->answers[handled->count++];
}

static void finish_handler(void* env) { ((Handled*)env)->is_finalized = true; }

static own wasm_trap_t* run(const World* world, int32_t* result)
{
    wasm_func_t* func = vitrine_instance_debug_func_named(world->instance, "run");
    wasm_val_t arg = WASM_I32_VAL(3), value = WASM_I32_VAL(0);
    const wasm_val_vec_t args = { 1, &arg };
    wasm_val_vec_t results = { 1, &value };
    wasm_trap_t* trap = wasm_func_call(func, &args, &results);
    *result = value.of.i32;
    wasm_func_delete(func);
    return trap;
}

static Handled open_handled(const char* folder)
{
    Handled handled = { .world = open_guest(folder) };
    return handled;
}

static void begin(Handled* handled)
{
    World* world = &handled->world;
    CHECK(succeeds(
        vitrine_session_new_with_handler(world->store, handle, handled, finish_handler, &world->session)));
    break_at(world, "twice", NULL);
}

static void end(Handled* handled)
{
    close_world(&handled->world);
    CHECK(handled->is_finalized);
}

static void test_handler(const char* folder)
{
    int32_t result;
    Handled handled = open_handled(folder);
    handled.answers[1].kind = VITRINE_RESUME_STEP;
    handled.answers[0].kind = VITRINE_RESUME_STEP_OVER;
    handled.answers[2].kind = VITRINE_RESUME_STEP_OUT;
    begin(&handled);
    CHECK(!run(&handled.world, &result) && result == 42 && handled.count == 4);
    vitrine_event_t event;
    CHECK(fails_with(
        vitrine_session_wait(handled.world.session, &event), "the session's handler is told of all stops"));
    // One store has one session.
    Handled second = { .world = handled.world };
    CHECK(fails_with(vitrine_session_new_with_handler(
                         handled.world.store, handle, &second, finish_handler, &second.world.session),
        "the store has a session already"));
    CHECK(second.is_finalized);
    end(&handled);

    handled = open_handled(folder);
    handled.is_nested = true;
    begin(&handled);
    CHECK(!run(&handled.world, &result) && handled.count == 2);
    end(&handled);

    handled = open_handled(folder);
    handled.answers[0].kind = VITRINE_RESUME_RUN_TO;
    handled.answers[0].offset = offset_of(handled.world.module, "twice") + 5;
    handled.answers[1].kind = VITRINE_RESUME_KILL;
    begin(&handled);
    CHECK(has_message(run(&handled.world, &result), "stopped by the debugger") && handled.count == 2);
    end(&handled);

    handled = open_handled(folder);
    handled.answers[0].kind = 77;
    begin(&handled);
    CHECK(has_message(run(&handled.world, &result),
        "the debugger's handler failed: the stop handler returned no kind of resume"));
    end(&handled);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    World world = open_world(argv[1]);
    test_watched_memory(&world);
    test_watched_global(&world);
    test_watched_element(&world);
    test_watched_local(&world);
    test_refused_watchpoints(&world);
    test_traps(&world);
    test_exceptions(&world);
    test_loads(&world);
    test_exit(&world);
    close_world(&world);
    test_handler(argv[1]);
    return 0;
}
