// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handles of a debug session that are used too late, or in the wrong order, and nulls.
#include "misuse_test.h"
#include "stops_test.h"

static const char already[] = "the guest has already resumed from this stop";
static const char stale[] = "the frame is no longer valid: the guest has resumed";

// What is left of a stop and its frame when the guest is no longer there. `gone` is what the session says.
static void check_stale(const World* world, vitrine_stopped_t* stopped, const vitrine_debug_frame_t* frame,
    const vitrine_guest_thread_t* thread, const char* gone)
{
    CHECK(!vitrine_debug_frame_is_valid(frame));
    CHECK(!vitrine_debug_frame_instance(frame) && !vitrine_debug_frame_module(frame));
    vitrine_slot_vec_t slots;
    CHECK(fails_with(vitrine_debug_frame_locals(frame, &slots), stale));
    CHECK(fails_with(vitrine_debug_frame_operands(frame, &slots), stale));
    const vitrine_val_t one = vitrine_val_i32(1);
    CHECK(fails_with(vitrine_debug_frame_set_local(frame, 0, &one), stale));
    CHECK(fails_with(vitrine_debug_frame_set_operand(frame, 0, &one), stale));
    vitrine_val_t val;
    wasm_byte_vec_t text;
    vitrine_place_t* place;
    CHECK(fails_with(vitrine_debug_frame_evaluate(frame, "$n", &val), stale));
    CHECK(fails_with(vitrine_debug_frame_text_of(frame, "$n", &text), stale));
    CHECK(fails_with(vitrine_debug_frame_assign(frame, "$n = 1"), stale));
    CHECK(fails_with(vitrine_debug_frame_place(frame, "$n", &place), stale));
    // These still say what they said.
    wasm_func_t* func = vitrine_debug_frame_func(frame);
    CHECK(func);
    wasm_func_delete(func);
    CHECK(vitrine_debug_frame_offset(frame) != 0 && vitrine_debug_frame_activation(frame) == 0);
    CHECK(is_text(vitrine_stop_reason_to_text(vitrine_stopped_reason(stopped)), "entry"));

    vitrine_debug_frame_vec_t frames;
    CHECK(vitrine_guest_thread_id(thread) == 1);
    CHECK(!vitrine_stopped_is_valid(stopped));
    CHECK(fails_with(vitrine_stopped_frames(stopped, &frames), already));
    vitrine_guest_thread_vec_t threads;
    CHECK(fails_with(vitrine_stopped_threads(stopped, &threads), already));
    wasm_extern_t* tag = vitrine_instance_debug_tag(world->instance, 0);
    CHECK(fails_with(vitrine_stopped_jump(stopped, 0, 0), already));
    CHECK(fails_with(vitrine_stopped_skip(stopped, 0), already));
    CHECK(fails_with(vitrine_stopped_clear_exception(stopped, 0), already));
    if (tag)
        CHECK(fails_with(vitrine_stopped_throw(stopped, tag, &one, 1, 0), already));
    wasm_extern_delete(tag);
    if (!world->session)
        return;
    vitrine_event_t event;
    CHECK(fails_with(vitrine_session_resume(world->session, stopped, &event), gone));
    const bool is_store_gone = strcmp(gone, "the store is gone") == 0;
    CHECK(fails_with(vitrine_session_go(world->session, stopped), is_store_gone ? gone : already));
}

typedef struct {
    vitrine_stopped_t* stopped;
    vitrine_debug_frame_t* frame;
    vitrine_guest_thread_t* thread;
} Stop;

static size_t count_frames(const vitrine_guest_thread_t* thread)
{
    vitrine_debug_frame_vec_t frames;
    CHECK(succeeds(vitrine_guest_thread_frames(thread, &frames)));
    const size_t count = frames.size;
    vitrine_debug_frame_vec_delete(&frames);
    return count;
}

static bool has_no_frames(const vitrine_guest_thread_t* thread)
{
    vitrine_debug_frame_vec_t frames;
    return fails_with(vitrine_guest_thread_frames(thread, &frames), "the guest is not stopped");
}

static Stop stop_guest(const World* world)
{
    vitrine_event_t event = { 0 };
    CHECK(succeeds(start(world, "twice", 5, 0, true, &event)));
    Stop stop = { event.stopped, frame_at(event.stopped, 0), NULL };
    vitrine_guest_thread_vec_t threads;
    CHECK(succeeds(vitrine_stopped_threads(event.stopped, &threads)));
    CHECK(threads.size == 1 && vitrine_guest_thread_is_running(threads.data[0]));
    CHECK(count_frames(threads.data[0]) == 1);
    stop.thread = threads.data[0];
    threads.data[0] = NULL;
    vitrine_guest_thread_vec_delete(&threads);
    return stop;
}

static void delete_stop(Stop* stop)
{
    vitrine_guest_thread_delete(stop->thread);
    vitrine_debug_frame_delete(stop->frame);
    vitrine_stopped_delete(stop->stopped);
}

static void test_resumed(const char* folder)
{
    World world = open_world(folder);
    Stop stop = stop_guest(&world);
    vitrine_event_t event;
    CHECK(succeeds(vitrine_session_step(world.session, stop.stopped, 0, &event)));
    check_stale(&world, stop.stopped, stop.frame, stop.thread, already);
    // The thread is the same one at later stops.
    CHECK(count_frames(stop.thread) == 1);
    finish(&world, &event);
    CHECK(is_result(&event, 10));
    check_stale(&world, stop.stopped, stop.frame, stop.thread, already);
    CHECK(has_no_frames(stop.thread));
    delete_stop(&stop);
    close_world(&world);
}

static void test_killed(const char* folder)
{
    World world = open_world(folder);
    Stop stop = stop_guest(&world);
    vitrine_session_kill(world.session);
    vitrine_event_t event;
    CHECK(fails_with(vitrine_session_wait(world.session, &event), "stopped by the debugger"));
    check_stale(&world, stop.stopped, stop.frame, stop.thread, "the session's guest is not running");
    delete_stop(&stop);
    close_world(&world);
}

static void test_end_of_session(const char* folder)
{
    World world = open_world(folder);
    Stop stop = stop_guest(&world);
    vitrine_session_delete(world.session);
    world.session = NULL;
    check_stale(&world, stop.stopped, stop.frame, stop.thread, "");
    CHECK(has_no_frames(stop.thread));
    delete_stop(&stop);
    // The store can have another session, and can be used.
    CHECK(succeeds(vitrine_session_new(world.store, &world.session)));
    vitrine_event_t event = call(&world, "twice", 4, 0);
    CHECK(is_result(&event, 8));
    close_world(&world);
}

static void test_end_of_store(const char* folder)
{
    World world = open_world(folder);
    Stop stop = stop_guest(&world);
    wasm_func_t* func = vitrine_instance_debug_func_named(world.instance, "twice");
    wasm_memory_t* memory = vitrine_instance_debug_memory(world.instance, 0);
    wasm_store_delete(world.store);
    world.store = NULL;
    check_stale(&world, stop.stopped, stop.frame, stop.thread, "the store is gone");
    CHECK(has_no_frames(stop.thread));
    const char gone[] = "the store is gone";
    vitrine_event_t event = { 0 };
    const vitrine_val_t arg = vitrine_val_i32(1);
    CHECK(fails_with(vitrine_session_call(world.session, func, &arg, 1, false, &event), gone));
    CHECK(fails_with(vitrine_session_wait(world.session, &event), gone));
    CHECK(fails_with(vitrine_session_stop_on(world.session, 0), gone));
    CHECK(fails_with(vitrine_session_on_message(world.session, NULL, NULL, NULL), gone));
    uint32_t id;
    CHECK(fails_with(vitrine_session_add_breakpoint(world.session, world.module, 0, NULL, &id), gone));
    CHECK(fails_with(vitrine_session_remove_breakpoint(world.session, 1), gone));
    CHECK(fails_with(vitrine_session_change_breakpoint(world.session, 1, NULL), gone));
    vitrine_place_t* place = vitrine_place_new_memory(memory, 0, 4);
    CHECK(fails_with(
        vitrine_session_add_watchpoint(world.session, place, VITRINE_WATCH_CHANGE, NULL, &id), gone));
    CHECK(fails_with(vitrine_session_remove_watchpoint(world.session, 1), gone));
    vitrine_breakpoint_vec_t breakpoints;
    vitrine_watchpoint_vec_t watchpoints;
    CHECK(succeeds(vitrine_session_breakpoints(world.session, &breakpoints)) && breakpoints.size == 0);
    CHECK(succeeds(vitrine_session_watchpoints(world.session, &watchpoints)) && watchpoints.size == 0);
    CHECK(fails_with(vitrine_session_instantiate(world.session, world.module, NULL, 0, false, &event), gone));
    vitrine_session_interrupt(world.session);
    vitrine_session_kill(world.session);
    CHECK(!vitrine_session_stopped(world.session) && !vitrine_session_instance(world.session));
    vitrine_place_delete(place);
    wasm_memory_delete(memory);
    wasm_func_delete(func);
    delete_stop(&stop);
    close_world(&world);
}

// Nulls.

static World alive;
static vitrine_event_t event;

static void session_of_no_store(void) { vitrine_session_new(NULL, &alive.session); }
static void session_without_handler(void)
{
    vitrine_session_new_with_handler(alive.store, NULL, NULL, NULL, &alive.session);
}
static void session_to_nowhere(void) { vitrine_session_new(alive.store, NULL); }
static void call_of_nothing(void) { vitrine_session_call(alive.session, NULL, NULL, 0, false, &event); }
static void call_without_arguments(void)
{
    wasm_func_t* func = vitrine_instance_debug_func(alive.instance, 0);
    vitrine_session_call(alive.session, func, NULL, 1, false, &event);
}
static void run_of_nothing(void) { vitrine_session_run(alive.session, NULL, NULL, false, &event); }
static void import_of_nothing(void)
{
    wasm_extern_t* none = NULL;
    vitrine_session_instantiate(alive.session, alive.module, &none, 1, false, &event);
}
static void resume_from_nothing(void) { vitrine_session_resume(alive.session, NULL, &event); }
static void watch_of_nothing(void)
{
    vitrine_session_add_watchpoint(alive.session, NULL, VITRINE_WATCH_CHANGE, NULL, NULL);
}
static void expression_of_nothing(void)
{
    vitrine_val_t val;
    vitrine_instance_debug_evaluate(alive.instance, NULL, &val);
}
static void global_of_nothing(void) { vitrine_instance_debug_global(NULL, 0); }
static void name_of_nothing(void) { vitrine_instance_debug_global_named(alive.instance, NULL); }
static void reason_of_nothing(void) { vitrine_stop_reason_kind(NULL); }

static const Misuse rows[] = {
    { session_of_no_store, "vitrine: vitrine_session_new: store is null\n" },
    { session_without_handler, "vitrine: vitrine_session_new_with_handler: handler is null\n" },
    { session_to_nowhere, "vitrine: vitrine_session_new: out is null\n" },
    { call_of_nothing, "vitrine: vitrine_session_call: func is null\n" },
    { call_without_arguments, "vitrine: vitrine_session_call: args is null\n" },
    { run_of_nothing, "vitrine: vitrine_session_run: body is null\n" },
    { import_of_nothing, "vitrine: vitrine_session_instantiate: an import is null\n" },
    { resume_from_nothing, "vitrine: vitrine_session_resume: stopped is null\n" },
    { watch_of_nothing, "vitrine: vitrine_session_add_watchpoint: place is null\n" },
    { expression_of_nothing, "vitrine: vitrine_instance_debug_evaluate: expression is null\n" },
    { global_of_nothing, "vitrine: vitrine_instance_debug_global: instance is null\n" },
    { name_of_nothing, "vitrine: vitrine_instance_debug_global_named: name is null\n" },
    { reason_of_nothing, "vitrine: vitrine_stop_reason_kind: reason is null\n" },
};

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    test_resumed(argv[1]);
    test_killed(argv[1]);
    test_end_of_session(argv[1]);
    test_end_of_store(argv[1]);
    alive = open_world(argv[1]);
    expect_aborts(rows, sizeof rows / sizeof *rows);
    close_world(&alive);
    // Nothing can be deleted.
    vitrine_session_delete(NULL);
    vitrine_stopped_delete(NULL);
    vitrine_event_delete(NULL);
    vitrine_debug_frame_delete(NULL);
    vitrine_debug_frame_vec_delete(NULL);
    vitrine_slot_delete(NULL);
    vitrine_breakpoint_delete(NULL);
    vitrine_stop_reason_delete(NULL);
    vitrine_guest_thread_delete(NULL);
    return 0;
}
