// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a debugger can change about a stopped guest: where it goes on, returns, exceptions, calls.
#include "stops_test.h"

static vitrine_event_t stop_in(const World* world, const char* name, int32_t a, int32_t b)
{
    vitrine_event_t event = { 0 };
    CHECK(succeeds(start(world, name, a, b, true, &event)));
    CHECK(is_stopped(&event, "entry"));
    return event;
}

static void test_jumps(const World* world)
{
    // Past `local.get $n` and `local.get $n`, to the addition, there are no operands.
    vitrine_event_t event = stop_in(world, "twice", 5, 0);
    vitrine_debug_frame_t* frame = frame_at(event.stopped, 0);
    const uint32_t offset = vitrine_debug_frame_offset(frame);
    vitrine_error_t* error = vitrine_stopped_jump(event.stopped, offset + 4, 0);
    uint64_t refused = 0;
    wasm_byte_vec_t message;
    CHECK(vitrine_error_offset(error, &refused) && refused == offset + 4);
    vitrine_error_message(error, &message);
    CHECK(is_own_text(&message, "the instruction expects the operands [i32 i32], and there are []"));
    vitrine_error_delete(error);
    CHECK(vitrine_debug_frame_is_valid(frame));
    CHECK(succeeds(vitrine_stopped_jump(event.stopped, offset, 0)));
    CHECK(!vitrine_debug_frame_is_valid(frame));
    vitrine_debug_frame_delete(frame);
    finish(world, &event);
    CHECK(is_result(&event, 10));

    // Without the addition, its operands are dropped, and the result is zero.
    event = stop_in(world, "twice", 5, 0);
    for (int i = 0; i < 2; ++i)
        NEXT(event, vitrine_session_step(world->session, stop, 0, &event));
    CHECK(succeeds(vitrine_stopped_skip(event.stopped, 0)));
    finish(world, &event);
    CHECK(is_result(&event, 0));
}

static void test_returns(const World* world)
{
    const uint32_t id = break_at(world, "twice", NULL);
    vitrine_event_t event = call(world, "run", 1, 0);
    vitrine_debug_frame_t* frame = frame_at(event.stopped, 0);
    vitrine_val_t val = vitrine_val_f32(1);
    CHECK(fails_with(vitrine_stopped_return_from(event.stopped, frame, &val, 1),
        "value 0: expected a value of type i32, got f32"));
    CHECK(fails_with(
        vitrine_stopped_return_from(event.stopped, frame, NULL, 0), "expected 1 value [i32], got 0"));
    val.kind = 77;
    CHECK(fails_with(
        vitrine_stopped_return_from(event.stopped, frame, &val, 1), "value 0: there is no kind 77"));
    val = vitrine_val_i32(33);
    CHECK(succeeds(vitrine_stopped_return_from(event.stopped, frame, &val, 1)));
    CHECK(fails_with(vitrine_stopped_return_from(event.stopped, frame, &val, 1),
        "the frame is no longer valid: the guest has resumed"));
    vitrine_debug_frame_delete(frame);
    finish(world, &event);
    CHECK(is_result(&event, 33));
    CHECK(succeeds(vitrine_session_remove_breakpoint(world->session, id)));
}

static void test_exceptions(const World* world)
{
    wasm_extern_t* tag = vitrine_instance_debug_tag_named(world->instance, "failed");
    const uint32_t id = break_at(world, "throw", NULL);
    vitrine_event_t event = call(world, "catch", 1, 0);
    vitrine_val_t val = vitrine_val_i32(44);
    CHECK(fails_with(vitrine_stopped_throw(event.stopped, tag, NULL, 0, 0), "expected 1 value [i32], got 0"));
    wasm_func_t* func = vitrine_instance_debug_func(world->instance, 0);
    CHECK(fails_with(
        vitrine_stopped_throw(event.stopped, wasm_func_as_extern(func), &val, 1, 0), "the extern is no tag"));
    CHECK(fails_with(vitrine_stopped_clear_exception(event.stopped, 0), "no exception is being thrown"));
    CHECK(fails_with(vitrine_stopped_throw(event.stopped, tag, &val, 1, 9), "there is no guest thread 9"));
    CHECK(succeeds(vitrine_stopped_throw(event.stopped, tag, &val, 1, 0)));
    finish(world, &event);
    CHECK(is_result(&event, 44));
    CHECK(succeeds(vitrine_session_remove_breakpoint(world->session, id)));

    CHECK(succeeds(vitrine_session_stop_on(world->session, VITRINE_STOP_ON_CAUGHT_THROW)));
    event = call(world, "catch", 1, 0);
    CHECK(succeeds(vitrine_stopped_clear_exception(event.stopped, 0)));
    vitrine_stopped_t* stopped = event.stopped;
    vitrine_error_t* error = vitrine_session_resume(world->session, stopped, &event);
    CHECK(error);
    vitrine_error_delete(error);
    vitrine_stopped_delete(stopped);
    CHECK(succeeds(vitrine_session_stop_on(world->session, VITRINE_STOP_ON_DEFAULT)));
    wasm_func_delete(func);
    wasm_extern_delete(tag);
}

static void test_calls(const World* world)
{
    vitrine_event_t event = stop_in(world, "twice", 5, 0);
    wasm_func_t* divide = vitrine_instance_debug_func_named(world->instance, "divide");
    const vitrine_val_t args[2] = { vitrine_val_i32(42), vitrine_val_i32(6) };
    const vitrine_val_t by_zero[2] = { vitrine_val_i32(42), vitrine_val_i32(0) };
    NEXT(event, vitrine_session_call_stopped(world->session, stop, divide, args, 2, 0, &event));
    const vitrine_stop_reason_t* reason = vitrine_stopped_reason(event.stopped);
    CHECK(vitrine_stop_reason_kind(reason) == VITRINE_STOP_CALL_END);
    vitrine_val_vec_t results = { 0, NULL };
    vitrine_error_t* error = NULL;
    CHECK(vitrine_stop_reason_results(reason, &results, &error));
    CHECK(!error && results.size == 1 && results.data[0].of.i32 == 7);
    vitrine_val_vec_delete(&results);

    // A trap stops, and unwinds only the call.
    NEXT(event, vitrine_session_call_stopped(world->session, stop, divide, by_zero, 2, 0, &event));
    CHECK(is_stopped(&event, "trap: integer divide by zero"));
    finish(world, &event);
    CHECK(vitrine_stop_reason_kind(vitrine_stopped_reason(event.stopped)) == VITRINE_STOP_CALL_END);
    CHECK(vitrine_stop_reason_results(vitrine_stopped_reason(event.stopped), &results, &error));
    CHECK(results.size == 0 && fails_with(error, "integer divide by zero"));

    // Arguments that are no values do not touch the stop. There is no event after a failure.
    vitrine_val_t wrong = vitrine_val_i32(1);
    wrong.kind = 77;
    vitrine_event_t second = event;
    CHECK(
        fails_with(vitrine_session_call_stopped(world->session, event.stopped, divide, &wrong, 1, 0, &second),
            "value 0: there is no kind 77"));
    CHECK(!second.stopped && second.results.size == 0);
    CHECK(is_value(&event, "$n", "5"));
    finish(world, &event);
    CHECK(is_result(&event, 10));
    wasm_func_delete(divide);
}

// A stop of one session is nothing to another one.
static void test_two_sessions(const World* world, const char* folder)
{
    World other = open_world(folder);
    vitrine_event_t event = stop_in(world, "twice", 5, 0), second = { 0 };
    CHECK(fails_with(vitrine_session_resume(other.session, event.stopped, &second),
        "the guest stopped in another session"));
    CHECK(
        fails_with(vitrine_session_go(other.session, event.stopped), "the guest stopped in another session"));
    CHECK(is_value(&event, "$n", "5"));
    finish(world, &event);
    CHECK(is_result(&event, 10));
    close_world(&other);
}

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    World world = open_world(argv[1]);
    test_jumps(&world);
    test_returns(&world);
    test_exceptions(&world);
    test_calls(&world);
    test_two_sessions(&world, argv[1]);
    close_world(&world);
    return 0;
}
