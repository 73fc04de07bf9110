// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Breakpoints, stepping, frames, and the ways to run a guest in a session.
#include "stops_test.h"

static void test_frames(const World* world)
{
    const uint32_t id = break_at(world, "twice", NULL);
    vitrine_event_t event = call(world, "run", 3, 0);
    CHECK(is_stopped(&event, "breakpoint 1"));
    const vitrine_stop_reason_t* reason = vitrine_stopped_reason(event.stopped);
    CHECK(vitrine_stop_reason_kind(reason) == VITRINE_STOP_BREAKPOINT);
    CHECK(vitrine_stop_reason_id(reason) == id && vitrine_stop_reason_thread(reason) == 1);
    CHECK(is_text(vitrine_stop_reason_details(reason), ""));
    CHECK(vitrine_stop_reason_trap(reason) == VITRINE_TRAP_NONE && !vitrine_stop_reason_exception(reason));
    int32_t status;
    wasm_byte_vec_t old_bytes, new_bytes;
    vitrine_val_t old_value, new_value;
    vitrine_val_vec_t results;
    vitrine_error_t* error;
    CHECK(!vitrine_stop_reason_instance(reason) && !vitrine_stop_reason_exit_status(reason, &status));
    CHECK(!vitrine_stop_reason_watched_bytes(reason, &old_bytes, &new_bytes));
    CHECK(!vitrine_stop_reason_watched_values(reason, &old_value, &new_value));
    CHECK(!vitrine_stop_reason_is_write(reason) && !vitrine_stop_reason_results(reason, &results, &error));

    vitrine_debug_frame_vec_t frames;
    CHECK(succeeds(vitrine_stopped_frames(event.stopped, &frames)));
    CHECK(frames.size == 2);
    const char* names[] = { "twice", "run" };
    for (size_t i = 0; i < 2; ++i) {
        const vitrine_debug_frame_t* frame = frames.data[i];
        CHECK(vitrine_debug_frame_is_valid(frame) && !vitrine_debug_frame_is_host(frame));
        CHECK(vitrine_debug_frame_activation(frame) == 0);
        wasm_name_t name;
        vitrine_debug_frame_name(frame, &name);
        CHECK(is_own_text(&name, names[i]));
        wasm_func_t* func = vitrine_debug_frame_func(frame);
        wasm_func_t* same = vitrine_instance_debug_func_named(world->instance, names[i]);
        CHECK(wasm_func_same(func, same));
        wasm_instance_t* instance = vitrine_debug_frame_instance(frame);
        CHECK(wasm_instance_same(instance, world->instance));
        wasm_module_t* module = vitrine_debug_frame_module(frame);
        CHECK(wasm_module_same(module, world->module));
        wasm_module_delete(module);
        wasm_instance_delete(instance);
        wasm_func_delete(func);
        wasm_func_delete(same);
    }
    vitrine_breakpoint_vec_t breakpoints;
    CHECK(succeeds(vitrine_session_breakpoints(world->session, &breakpoints)));
    CHECK(vitrine_debug_frame_offset(frames.data[0]) == vitrine_breakpoint_offset(breakpoints.data[0]));
    vitrine_breakpoint_vec_delete(&breakpoints);

    vitrine_slot_vec_t locals;
    CHECK(succeeds(vitrine_debug_frame_locals(frames.data[1], &locals)));
    CHECK(locals.size == 2);
    CHECK(is_text(vitrine_slot_name(locals.data[0]), "n") && is_text(vitrine_slot_name(locals.data[1]), "i"));
    CHECK(is_text(vitrine_slot_text(locals.data[1]), "3"));
    CHECK(vitrine_slot_value(locals.data[1])->kind == WASM_I32
        && vitrine_slot_value(locals.data[1])->of.i32 == 3);
    const vitrine_valtype_t* type = vitrine_slot_type(locals.data[1]);
    CHECK(vitrine_valtype_kind(type) == WASM_I32 && is_text(vitrine_valtype_text(type), "i32"));
    vitrine_slot_vec_delete(&locals);

    const vitrine_val_t fifty = vitrine_val_i32(50), wrong = vitrine_val_f64(1);
    CHECK(succeeds(vitrine_debug_frame_set_local(frames.data[0], 0, &fifty)));
    CHECK(
        fails_with(vitrine_debug_frame_set_local(frames.data[0], 9, &fifty), "no local 9: the frame has 1"));
    CHECK(fails_with(
        vitrine_debug_frame_set_local(frames.data[0], 0, &wrong), "local 0 is of type i32, not f64"));
    CHECK(fails_with(
        vitrine_debug_frame_set_operand(frames.data[0], 0, &fifty), "no operand 0: the frame has 0"));
    vitrine_debug_frame_vec_delete(&frames);

    NEXT(event, vitrine_session_step(world->session, stop, 0, &event));
    CHECK(is_stopped(&event, "step") && is_value(&event, "stack[0]", "50"));
    NEXT(event, vitrine_session_step(world->session, stop, 0, &event));
    vitrine_debug_frame_t* frame = frame_at(event.stopped, 0);
    const vitrine_val_t forty = vitrine_val_i32(40);
    CHECK(succeeds(vitrine_debug_frame_set_operand(frame, 0, &forty)));
    vitrine_slot_vec_t operands;
    CHECK(succeeds(vitrine_debug_frame_operands(frame, &operands)));
    CHECK(operands.size == 2 && is_text(vitrine_slot_name(operands.data[0]), ""));
    CHECK(is_text(vitrine_slot_text(operands.data[0]), "40")
        && is_text(vitrine_slot_text(operands.data[1]), "50"));
    CHECK(is_text(vitrine_valtype_text(vitrine_slot_type(operands.data[0])), "i32"));
    vitrine_slot_delete(operands.data[0]);
    operands.data[0] = NULL;
    vitrine_slot_vec_delete(&operands);
    vitrine_debug_frame_delete(frame);
    finish(world, &event);
    CHECK(is_result(&event, 90));
    CHECK(succeeds(vitrine_session_remove_breakpoint(world->session, id)));
}

static void test_expressions(const World* world)
{
    const uint32_t id = break_at(world, "twice", NULL);
    vitrine_event_t event = call(world, "run", 3, 0);
    vitrine_debug_frame_t* frame = frame_at(event.stopped, 0);
    vitrine_val_t val = vitrine_val_i32(0);
    CHECK(succeeds(vitrine_debug_frame_evaluate(frame, "$n * 2 + $total", &val)));
    CHECK(val.kind == WASM_I64 && val.of.i64 == 11);
    CHECK(succeeds(vitrine_debug_frame_assign(frame, "$n += 4")));
    CHECK(succeeds(vitrine_debug_frame_assign(frame, "i32[64] = $n")));
    wasm_byte_vec_t text;
    CHECK(succeeds(vitrine_debug_frame_text_of(frame, "i32[64]", &text)));
    CHECK(is_own_text(&text, "7"));
    vitrine_error_t* error = vitrine_debug_frame_text_of(frame, "$n +", &text);
    uint64_t offset = 0;
    CHECK(vitrine_error_offset(error, &offset) && offset == 4);
    vitrine_error_delete(error);
    vitrine_place_t* place;
    CHECK(succeeds(vitrine_debug_frame_place(frame, "$n", &place)));
    CHECK(vitrine_place_kind(place) == VITRINE_PLACE_LOCAL && vitrine_place_index(place) == 0);
    CHECK(!vitrine_place_extern(place));
    vitrine_place_delete(place);
    vitrine_debug_frame_delete(frame);
    finish(world, &event);
    CHECK(is_result(&event, 14));
    CHECK(succeeds(vitrine_session_remove_breakpoint(world->session, id)));
}

// Calls of the guest by the host while the guest is running.
static const World* calling;
static own wasm_trap_t* load_number(int32_t address)
{
    wasm_func_t* func = vitrine_instance_debug_func_named(calling->instance, "load");
    wasm_val_t arg = WASM_I32_VAL(address), result;
    const wasm_val_vec_t args = { 1, &arg };
    wasm_val_vec_t results = { 1, &result };
    wasm_trap_t* trap = wasm_func_call(func, &args, &results);
    wasm_func_delete(func);
    return trap;
}

static void test_activations(const World* world)
{
    calling = world;
    host_call = load_number;
    const uint32_t id = break_at(world, "load", NULL);
    vitrine_event_t event = call(world, "run", 1, 0);
    vitrine_debug_frame_vec_t frames;
    CHECK(succeeds(vitrine_stopped_frames(event.stopped, &frames)));
    CHECK(frames.size == 3);
    for (size_t i = 0; i < 3; ++i) {
        CHECK(vitrine_debug_frame_is_host(frames.data[i]) == (i == 1));
        CHECK(vitrine_debug_frame_activation(frames.data[i]) == (i == 0 ? 1 : 0));
    }
    const vitrine_debug_frame_t* host = frames.data[1];
    CHECK(!vitrine_debug_frame_instance(host) && !vitrine_debug_frame_module(host));
    wasm_func_t* func = vitrine_debug_frame_func(host);
    wasm_func_t* imported = vitrine_instance_debug_func(world->instance, 0);
    CHECK(wasm_func_same(func, imported));
    wasm_name_t name;
    vitrine_debug_frame_name(host, &name);
    CHECK(is_own_text(&name, "host.function0"));
    vitrine_slot_vec_t locals;
    CHECK(succeeds(vitrine_debug_frame_locals(host, &locals)) && locals.size == 0);
    wasm_func_delete(func);
    wasm_func_delete(imported);
    vitrine_debug_frame_vec_delete(&frames);
    finish(world, &event);
    CHECK(is_result(&event, 2));
    host_call = NULL;
    CHECK(succeeds(vitrine_session_remove_breakpoint(world->session, id)));
}

static char logged[256];
static int finalized;
static void append(void* env, const wasm_name_t* message)
{
    CHECK(env == logged && message->data[message->size] == 0);
    strcat(strcat(logged, message->data), ";");
}
static void finalize(void* env) { finalized += env == logged; }

static uint64_t hits_of(const World* world, uint32_t id)
{
    vitrine_breakpoint_vec_t all;
    CHECK(succeeds(vitrine_session_breakpoints(world->session, &all)));
    uint64_t hits = UINT64_MAX;
    for (size_t i = 0; i < all.size; ++i)
        if (vitrine_breakpoint_id(all.data[i]) == id)
            hits = vitrine_breakpoint_hits(all.data[i]);
    vitrine_breakpoint_vec_delete(&all);
    return hits;
}

static void test_breakpoint_options(const World* world)
{
    vitrine_breakpoint_options_t options = { .size = sizeof options, .condition = "$n == 4" };
    const uint32_t id = break_at(world, "twice", &options);
    vitrine_event_t event = call(world, "run", 3, 0);
    CHECK(is_result(&event, 6) && hits_of(world, id) == 0);
    event = call(world, "run", 4, 0);
    CHECK(event.stopped && hits_of(world, id) == 1);
    finish(world, &event);
    CHECK(is_result(&event, 8));

    // Everything else can be replaced, and the count of hits is kept.
    options = (vitrine_breakpoint_options_t) { .size = sizeof options, .ignore_count = 2 };
    CHECK(succeeds(vitrine_session_change_breakpoint(world->session, id, &options)));
    event = call(world, "run", 1, 0);
    CHECK(is_result(&event, 2));
    event = call(world, "run", 1, 0);
    CHECK(event.stopped);
    finish(world, &event);
    CHECK(is_result(&event, 2));

    options = (vitrine_breakpoint_options_t) { .size = sizeof options, .message = "n is {$n}" };
    CHECK(succeeds(vitrine_session_change_breakpoint(world->session, id, &options)));
    CHECK(succeeds(vitrine_session_on_message(world->session, append, logged, finalize)));
    event = call(world, "run", 5, 0);
    CHECK(is_result(&event, 10) && strcmp(logged, "n is 5;") == 0 && finalized == 0);
    CHECK(succeeds(vitrine_session_on_message(world->session, NULL, logged, finalize)));
    CHECK(finalized == 2);
    event = call(world, "run", 5, 0);
    CHECK(is_result(&event, 10) && strcmp(logged, "n is 5;") == 0);

    options = (vitrine_breakpoint_options_t) { .size = sizeof options, .is_disabled = true };
    CHECK(succeeds(vitrine_session_change_breakpoint(world->session, id, &options)));
    event = call(world, "run", 1, 0);
    CHECK(is_result(&event, 2));

    // Of one instance.
    wasm_instance_t* other = make_instance(world->store, world->module);
    options =
        (vitrine_breakpoint_options_t) { .size = sizeof options, .instance = other, .is_temporary = true };
    CHECK(succeeds(vitrine_session_change_breakpoint(world->session, id, &options)));
    event = call(world, "run", 1, 0);
    CHECK(is_result(&event, 2));
    vitrine_breakpoint_vec_t all;
    CHECK(succeeds(vitrine_session_breakpoints(world->session, &all)));
    CHECK(all.size == 1);
    const vitrine_breakpoint_t* row = all.data[0];
    CHECK(vitrine_breakpoint_requested_offset(row) == offset_of(world->module, "twice"));
    CHECK(vitrine_breakpoint_offset(row) > vitrine_breakpoint_requested_offset(row));
    wasm_module_t* module = vitrine_breakpoint_module(row);
    CHECK(wasm_module_same(module, world->module));
    vitrine_breakpoint_options_t read = { .size = sizeof read };
    vitrine_breakpoint_options(row, &read);
    CHECK(wasm_instance_same(read.instance, other) && read.is_temporary && !read.is_disabled);
    CHECK(strcmp(read.condition, "") == 0 && strcmp(read.message, "") == 0 && read.ignore_count == 0
        && read.every == 0);
    // An older program knows fewer members.
    memset(&read, 1, sizeof read);
    read.size = offsetof(vitrine_breakpoint_options_t, condition);
    vitrine_breakpoint_options(row, &read);
    CHECK(wasm_instance_same(read.instance, other) && read.ignore_count == 0x0101010101010101);
    vitrine_breakpoint_delete(all.data[0]);
    all.data[0] = NULL;
    vitrine_breakpoint_vec_delete(&all);
    wasm_module_delete(module);

    // It is gone after its first stop.
    wasm_func_t* run = vitrine_instance_debug_func_named(other, "run");
    const vitrine_val_t arg = vitrine_val_i32(2);
    CHECK(succeeds(vitrine_session_call(world->session, run, &arg, 1, false, &event)));
    CHECK(event.stopped);
    CHECK(fails_with(vitrine_session_remove_breakpoint(world->session, id), "there is no breakpoint 3"));
    CHECK(
        fails_with(vitrine_session_change_breakpoint(world->session, id, NULL), "there is no breakpoint 3"));
    finish(world, &event);
    CHECK(is_result(&event, 4));
    wasm_func_delete(run);
    wasm_instance_delete(other);
}

static void test_refused_breakpoints(const World* world)
{
    uint32_t id = 77;
    vitrine_breakpoint_options_t options = { .size = sizeof options, .condition = "$nothing == 1" };
    const uint32_t offset = offset_of(world->module, "twice");
    vitrine_error_t* error =
        vitrine_session_add_breakpoint(world->session, world->module, offset, &options, &id);
    uint64_t at = 1;
    CHECK(error && vitrine_error_offset(error, &at) && at == 0 && id == 77);
    vitrine_error_delete(error);
    options.size = 0;
    CHECK(fails_with(vitrine_session_add_breakpoint(world->session, world->module, offset, &options, &id),
        "the size of the options is not set"));
    CHECK(fails_with(vitrine_session_add_breakpoint(world->session, world->module, 100000, NULL, &id),
        "no instruction of the module is at or behind this place of a function (at offset 0x186a0)"));
    // Its members after `size` do not count.
    options = (vitrine_breakpoint_options_t) { .size = offsetof(vitrine_breakpoint_options_t, condition),
        .condition = "$nothing == 1" };
    CHECK(succeeds(vitrine_session_add_breakpoint(world->session, world->module, offset, &options, NULL)));
    CHECK(succeeds(vitrine_session_add_breakpoint(world->session, world->module, offset, NULL, &id)));
    CHECK(succeeds(vitrine_session_remove_breakpoint(world->session, id - 1)));
    CHECK(succeeds(vitrine_session_remove_breakpoint(world->session, id)));
    // One whose condition cannot be evaluated stops, and says why.
    options = (vitrine_breakpoint_options_t) { .size = sizeof options, .condition = "1 / ($n - 3) == 1" };
    id = break_at(world, "twice", &options);
    vitrine_event_t event = call(world, "run", 3, 0);
    CHECK(event.stopped);
    CHECK(vitrine_stop_reason_details(vitrine_stopped_reason(event.stopped))->size > 0);
    finish(world, &event);
    CHECK(is_result(&event, 6));
    CHECK(succeeds(vitrine_session_remove_breakpoint(world->session, id)));
}

static void test_steps(const World* world)
{
    vitrine_event_t event = { 0 };
    CHECK(succeeds(start(world, "run", 1, 0, true, &event)));
    CHECK(is_stopped(&event, "entry"));
    // To the call of $twice, which is the last instruction but one.
    vitrine_entity_t run = { .size = sizeof run };
    CHECK(succeeds(vitrine_module_entity(
        world->module, WASM_EXTERN_FUNC, index_of(world->module, WASM_EXTERN_FUNC, "run"), &run)));
    NEXT(event, vitrine_session_run_to(world->session, stop, run.end - 3, 0, &event));
    CHECK(is_stopped(&event, "step") && is_value(&event, "stack[-1]", "1"));
    NEXT(event, vitrine_session_step(world->session, stop, 0, &event));
    CHECK(is_value(&event, "$n", "1"));
    vitrine_debug_frame_t* frame = frame_at(event.stopped, 1);
    CHECK(vitrine_debug_frame_offset(frame) == run.end - 1);
    vitrine_debug_frame_delete(frame);
    NEXT(event, vitrine_session_step_out(world->session, stop, 0, &event));
    CHECK(is_stopped(&event, "step"));
    vitrine_val_vec_t results;
    vitrine_error_t* error = NULL;
    CHECK(vitrine_stop_reason_results(vitrine_stopped_reason(event.stopped), &results, &error));
    CHECK(!error && results.size == 1 && results.data[0].of.i32 == 2);
    vitrine_val_vec_delete(&results);
    finish(world, &event);
    CHECK(is_result(&event, 2));

    CHECK(succeeds(start(world, "run", 1, 0, true, &event)));
    NEXT(event, vitrine_session_run_to(world->session, stop, run.end - 3, 0, &event));
    NEXT(event, vitrine_session_step_over(world->session, stop, 0, &event));
    CHECK(is_value(&event, "stack[-1]", "2"));
    frame = frame_at(event.stopped, 0);
    CHECK(vitrine_debug_frame_offset(frame) == run.end - 1);
    vitrine_debug_frame_delete(frame);
    // After a failure, the stop is as it was. The session gives it again, too.
    vitrine_stopped_t* stopped = event.stopped;
    CHECK(fails_with(vitrine_session_run_to(world->session, stopped, 0xffffff, 0, &event),
        "offset 0xffffff is not in the innermost function"));
    CHECK(!event.stopped && vitrine_stopped_is_valid(stopped));
    CHECK(fails_with(vitrine_session_step(world->session, stopped, 9, &event), "there is no thread 9"));
    CHECK(vitrine_stopped_is_valid(stopped));
    CHECK(succeeds(vitrine_session_wait(world->session, &event)));
    CHECK(is_stopped(&event, "step") && vitrine_stopped_is_valid(event.stopped));
    vitrine_stopped_t* again = event.stopped;
    CHECK(fails_with(
        vitrine_session_kill_stopped(world->session, stopped, &event), "stopped by the debugger"));
    CHECK(!vitrine_stopped_is_valid(stopped) && !vitrine_stopped_is_valid(again));
    CHECK(fails_with(vitrine_session_step(world->session, stopped, 0, &event),
        "the guest has already resumed from this stop"));
    vitrine_stopped_delete(stopped);
    vitrine_stopped_delete(again);
    vitrine_entity_delete(&run);
}

static int32_t result_of_body;
static own vitrine_error_t* body(void* env)
{
    const World* world = env;
    wasm_func_t* func = vitrine_instance_debug_func_named(world->instance, "run");
    wasm_val_t arg = WASM_I32_VAL(2), result;
    const wasm_val_vec_t args = { 1, &arg };
    wasm_val_vec_t result_vec = { 1, &result };
    CHECK(!wasm_func_call(func, &args, &result_vec));
    wasm_func_delete(func);
    result_of_body = result.of.i32;
    return NULL;
}
static own vitrine_error_t* failing_body(void* env)
{
    (void)env;
    return vitrine_error_new("not today");
}

static void test_other_runs(World* world)
{
    const uint32_t id = break_at(world, "twice", NULL);
    vitrine_event_t event;
    CHECK(succeeds(vitrine_session_run(world->session, body, world, false, &event)));
    CHECK(event.stopped);
    finish(world, &event);
    CHECK(!event.stopped && event.results.size == 0 && result_of_body == 4);
    CHECK(fails_with(vitrine_session_run(world->session, failing_body, world, false, &event), "not today"));
    CHECK(succeeds(vitrine_session_remove_breakpoint(world->session, id)));

    // The start function of a new instance stops, too.
    const uint32_t in_start = break_at(world, "start", NULL);
    CHECK(!vitrine_session_instance(world->session));
    wasm_extern_t* import = make_import(world->store);
    CHECK(succeeds(vitrine_session_instantiate(world->session, world->module, &import, 1, false, &event)));
    CHECK(event.stopped && !vitrine_session_instance(world->session));
    finish(world, &event);
    CHECK(!event.stopped && event.results.size == 0);
    wasm_instance_t* made = vitrine_session_instance(world->session);
    CHECK(made && !wasm_instance_same(made, world->instance));
    wasm_module_t* module = vitrine_instance_module(made);
    CHECK(wasm_module_same(module, world->module));
    CHECK(fails_with(vitrine_session_instantiate(world->session, world->module, NULL, 0, false, &event),
        "expected 1 imports, got 0"));
    CHECK(!vitrine_session_instance(world->session));
    vitrine_linker_t* linker;
    CHECK(succeeds(vitrine_linker_new(world->store, &linker)));
    CHECK(fails_with(vitrine_session_instantiate_linked(world->session, linker, world->module, false, &event),
        "unknown import: func \"host\" \"call\" is not defined (at offset 0x29)"));
    CHECK(succeeds(vitrine_linker_define(linker, "host", "call", import)));
    CHECK(succeeds(vitrine_session_instantiate_linked(world->session, linker, world->module, false, &event)));
    vitrine_linker_delete(linker);
    CHECK(event.stopped && !vitrine_session_instance(world->session));
    finish(world, &event);
    wasm_instance_t* linked = vitrine_session_instance(world->session);
    CHECK(linked && vitrine_instance_number(linked) == vitrine_instance_number(made) + 1);
    wasm_instance_delete(linked);
    wasm_module_delete(module);
    wasm_instance_delete(made);
    wasm_extern_delete(import);
    CHECK(succeeds(vitrine_session_remove_breakpoint(world->session, in_start)));
}

// What is wrong with a call is said before anything runs.
static void test_refused_calls(const World* world)
{
    wasm_func_t* run = vitrine_instance_debug_func_named(world->instance, "run");
    vitrine_event_t event = { 0 };
    vitrine_val_t arg = vitrine_val_f32(1);
    CHECK(fails_with(vitrine_session_call(world->session, run, &arg, 1, false, &event),
        "cannot call run: value 0: expected a value of type i32, got f32"));
    CHECK(fails_with(vitrine_session_call(world->session, run, NULL, 0, false, &event),
        "cannot call run: expected 1 value [i32], got 0"));
    arg.kind = 77;
    CHECK(fails_with(
        vitrine_session_call(world->session, run, &arg, 1, false, &event), "value 0: there is no kind 77"));
    CHECK(fails_with(vitrine_session_wait(world->session, &event), "the session's guest is not running"));
    wasm_store_t* other = wasm_store_new(world->engine);
    wasm_extern_t* foreign = make_import(other);
    arg = vitrine_val_i32(1);
    CHECK(
        fails_with(vitrine_session_call(world->session, wasm_extern_as_func(foreign), &arg, 1, false, &event),
            "the function does not belong to the session's store"));
    vitrine_session_t* second = NULL;
    CHECK(fails_with(vitrine_session_new(world->store, &second), "the store has a session already"));
    CHECK(!second && !event.stopped && !event.results.data);
    wasm_extern_delete(foreign);
    wasm_store_delete(other);
    wasm_func_delete(run);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    World world = open_world(argv[1]);
    test_frames(&world);
    close_world(&world);
    world = open_world(argv[1]);
    test_expressions(&world);
    test_activations(&world);
    test_breakpoint_options(&world);
    test_refused_breakpoints(&world);
    test_steps(&world);
    test_other_runs(&world);
    test_refused_calls(&world);
    close_world(&world);
    return 0;
}
