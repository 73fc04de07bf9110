// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Private parts of components, and sessions that run them.
#include "misuse_test.h"

#include "debug_test.h"

static vitrine_session_t* session;

static own vitrine_component_t* load_component(
    const wasm_engine_t* engine, const char* folder, const char* name)
{
    wasm_byte_vec_t bytes = read_module(folder, name);
    vitrine_component_t* component = NULL;
    CHECK(succeeds(vitrine_component_new(engine, bytes.data, bytes.size, &component)));
    wasm_byte_vec_delete(&bytes);
    return component;
}

static void test_contents(const vitrine_component_instance_t* app)
{
    vitrine_core_instance_vec_t cores;
    CHECK(succeeds(vitrine_component_instance_debug_cores(app, &cores)));
    CHECK(cores.size == 2);
    CHECK(is_text(&cores.data[0].name, "inner/main") && is_text(&cores.data[1].name, "keeper"));
    wasm_global_t* count = vitrine_instance_debug_global_named(cores.data[0].instance, "count");
    vitrine_val_t val;
    CHECK(succeeds(vitrine_global_get(count, &val)) && val.of.i32 == 5);
    wasm_global_delete(count);
    vitrine_core_instance_vec_delete(&cores);
    CHECK(cores.size == 0);

    vitrine_component_instance_vec_t nested;
    CHECK(succeeds(vitrine_component_instance_debug_nested(app, &nested)));
    CHECK(nested.size == 1);
    CHECK(succeeds(vitrine_component_instance_debug_cores(nested.data[0], &cores)));
    CHECK(cores.size == 1);
    vitrine_core_instance_vec_delete(&cores);
    vitrine_component_instance_vec_delete(&nested);

    vitrine_component_handle_vec_t handles;
    CHECK(succeeds(vitrine_component_instance_debug_handles(app, &handles)) && handles.size == 0);
    vitrine_component_func_t* keep = vitrine_component_instance_func(app, NULL, "keep");
    vitrine_event_t event;
    CHECK(succeeds(vitrine_session_call_component(session, keep, NULL, 0, false, &event)));
    CHECK(!event.stopped && event.results.size == 0);
    CHECK(succeeds(vitrine_component_instance_debug_handles(app, &handles)));
    CHECK(handles.size == 1 && handles.data[0].index == 1 && handles.data[0].rep == 7);
    CHECK(handles.data[0].is_own && handles.data[0].lends == 0);
    vitrine_component_handle_vec_delete(&handles);
    vitrine_component_func_delete(keep);
}

static own vitrine_component_val_t* number_for(const vitrine_component_func_t* func, int64_t number)
{
    vitrine_component_type_t* type;
    vitrine_component_val_t* val;
    CHECK(vitrine_component_func_param(func, 0, NULL, &type));
    CHECK(succeeds(vitrine_component_val_from_int(type, number, &val)));
    vitrine_component_type_delete(type);
    return val;
}

static bool has_returned(const char* text)
{
    vitrine_component_val_t* result = vitrine_session_component_result(session);
    CHECK(result);
    wasm_byte_vec_t shown;
    vitrine_component_val_to_text(result, &shown);
    vitrine_component_val_delete(result);
    return is_own_text(&shown, text);
}

static void test_calls(const vitrine_component_instance_t* app, const vitrine_component_instance_t* second,
    const wasm_module_t* counter)
{
    uint32_t id;
    CHECK(succeeds(vitrine_session_add_breakpoint(session, counter, offset_of(counter, "bump"), NULL, &id)));
    vitrine_component_func_t* bump = vitrine_component_instance_func(app, NULL, "bump");
    vitrine_component_func_t* fail = vitrine_component_instance_func(second, NULL, "fail");
    vitrine_component_func_t* other = vitrine_component_instance_func(second, NULL, "bump");
    vitrine_component_val_t* two = number_for(bump, 2);
    const vitrine_component_val_t* args[1] = { two };
    vitrine_event_t event;
    CHECK(succeeds(vitrine_session_call_component(session, bump, args, 1, false, &event)));
    CHECK(is_stopped(&event, "breakpoint 1") && is_value(&event, "$by", "2")
        && is_value(&event, "$count", "5"));
    CHECK(succeeds(vitrine_session_remove_breakpoint(session, id)));

    // A trap in a call of a stopped guest leaves the component as it was.
    NEXT(event, vitrine_session_call_component_stopped(session, stop, fail, NULL, 0, 0, &event));
    CHECK(is_stopped(&event, "trap: unreachable"));
    NEXT(event, vitrine_session_resume(session, stop, &event));
    const vitrine_stop_reason_t* reason = vitrine_stopped_reason(event.stopped);
    CHECK(vitrine_stop_reason_kind(reason) == VITRINE_STOP_CALL_END);
    vitrine_val_vec_t results;
    vitrine_error_t* error;
    CHECK(vitrine_stop_reason_results(reason, &results, &error) && fails_with(error, "unreachable"));
    NEXT(event, vitrine_session_call_component_stopped(session, stop, other, args, 1, 0, &event));
    CHECK(vitrine_stop_reason_kind(vitrine_stopped_reason(event.stopped)) == VITRINE_STOP_CALL_END);
    CHECK(has_returned("7") && is_value(&event, "$count", "5"));
    NEXT(event, vitrine_session_resume(session, stop, &event));
    CHECK(!event.stopped && has_returned("7"));

    CHECK(fails_with(vitrine_session_call_component(session, bump, NULL, 0, false, &event),
        "cannot call bump: expected 1 argument, got 0"));
    CHECK(succeeds(vitrine_session_stop_on(session, VITRINE_STOP_ON_COMPONENT_CALL)));
    CHECK(succeeds(vitrine_session_call_component(session, bump, args, 1, false, &event)));
    CHECK(vitrine_stop_reason_kind(vitrine_stopped_reason(event.stopped)) == VITRINE_STOP_COMPONENT_CALL);
    NEXT(event, vitrine_session_resume(session, stop, &event));
    CHECK(has_returned("9"));
    vitrine_component_val_delete(two);
    vitrine_component_func_delete(bump);
    vitrine_component_func_delete(fail);
    vitrine_component_func_delete(other);
}

static void call_without_argument(void)
{
    vitrine_component_instance_t* app = vitrine_session_component_instance(session);
    vitrine_component_func_t* bump = vitrine_component_instance_func(app, NULL, "bump");
    const vitrine_component_val_t* none = NULL;
    vitrine_event_t event;
    vitrine_session_call_component(session, bump, &none, 1, false, &event);
}
static const Misuse rows[] = {
    { call_without_argument, "vitrine: vitrine_session_call_component: an argument is null\n" },
};

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    wasm_engine_t* engine = debug_engine();
    wasm_store_t* store = wasm_store_new(engine);
    vitrine_component_t* component = load_component(engine, argv[1], "nested");
    CHECK(succeeds(vitrine_session_new(store, &session)));

    vitrine_core_module_vec_t modules;
    CHECK(succeeds(vitrine_component_core_modules(component, store, &modules)));
    CHECK(modules.size == 2);
    CHECK(is_text(&modules.data[0].name, "counter") && is_text(&modules.data[1].name, "keeper"));
    size_t size = 0;
    const char* bytes = vitrine_module_bytecode(modules.data[0].module, &size);
    CHECK(size > 8 && memcmp(bytes, "\0asm\1\0\0\0", 8) == 0);

    vitrine_component_linker_t* linker;
    vitrine_prepared_component_t* prepared;
    vitrine_event_t event;
    CHECK(succeeds(vitrine_component_linker_new(engine, &linker)));
    CHECK(!vitrine_session_component_instance(session) && !vitrine_session_component_result(session));
    CHECK(succeeds(vitrine_session_instantiate_component(session, linker, component, false, &event)));
    vitrine_component_instance_t* app = vitrine_session_component_instance(session);
    CHECK(!event.stopped && app);
    CHECK(succeeds(vitrine_component_linker_prepare(linker, component, &prepared)));
    CHECK(succeeds(vitrine_session_instantiate_prepared(session, prepared, false, &event)));
    vitrine_component_instance_t* second = vitrine_session_component_instance(session);
    CHECK(second);
    test_contents(app);
    test_calls(app, second, modules.data[0].module);
    // The other instance has a state of its own.
    vitrine_core_instance_vec_t cores;
    CHECK(succeeds(vitrine_component_instance_debug_cores(second, &cores)));
    wasm_byte_vec_t text;
    CHECK(succeeds(vitrine_instance_debug_text_of(cores.data[0].instance, "$count", &text)));
    CHECK(is_own_text(&text, "7"));
    wasm_module_t* module = vitrine_instance_module(cores.data[0].instance);
    CHECK(wasm_module_same(module, modules.data[0].module));
    wasm_module_delete(module);
    vitrine_core_instance_vec_delete(&cores);
    expect_aborts(rows, sizeof rows / sizeof *rows);

    vitrine_component_instance_delete(second);
    vitrine_component_instance_delete(app);
    vitrine_prepared_component_delete(prepared);
    vitrine_component_linker_delete(linker);
    vitrine_core_module_vec_delete(&modules);
    vitrine_component_delete(component);
    vitrine_session_delete(session);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
