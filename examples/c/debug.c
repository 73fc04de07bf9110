// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stops a guest in a function that it does not export, shows its private state, changes it, and lets the
// guest go on: `debug bank.wasm`.
#include <vitrine.h>

#include <stdio.h>
#include <stdlib.h>

// Ends the program if there is an error.
static void check(vitrine_error_t* error)
{
    if (!error)
        return;
    wasm_byte_vec_t text;
    vitrine_error_to_text(error, &text);
    fprintf(stderr, "%s\n", text.data);
    exit(EXIT_FAILURE);
}

// Where the body of a function begins in its module, in bytes.
static uint32_t offset_of(const wasm_module_t* module, const char* name)
{
    uint32_t index = UINT32_MAX;
    vitrine_entity_t func = { .size = sizeof func };
    vitrine_module_find(module, WASM_EXTERN_FUNC, name, &index);
    check(vitrine_module_entity(module, WASM_EXTERN_FUNC, index, &func));
    const uint32_t offset = func.offset;
    vitrine_entity_delete(&func);
    return offset;
}

static void show_globals(const wasm_module_t* module, const wasm_instance_t* instance)
{
    const uint32_t count = vitrine_module_count(module, WASM_EXTERN_GLOBAL);
    for (uint32_t i = 0; i < count; ++i) {
        vitrine_entity_t info = { .size = sizeof info };
        check(vitrine_module_entity(module, WASM_EXTERN_GLOBAL, i, &info));
        wasm_global_t* const global = vitrine_instance_debug_global(instance, i);
        vitrine_val_t value;
        wasm_byte_vec_t text;
        check(vitrine_global_get(global, &value));
        check(vitrine_val_to_text(&value, &text));
        printf("  global %s: %s = %s\n", info.name.data, info.type.data, text.data);
        wasm_byte_vec_delete(&text);
        vitrine_val_delete(&value);
        wasm_global_delete(global);
        vitrine_entity_delete(&info);
    }
}

static void show_memory(const wasm_instance_t* instance, uint64_t address)
{
    uint8_t bytes[24];
    wasm_memory_t* const memory = vitrine_instance_debug_memory(instance, 0);
    check(vitrine_memory_read(memory, address, bytes, sizeof bytes));
    printf("  memory %#x:", (unsigned)address);
    for (size_t i = 0; i < sizeof bytes; ++i)
        printf(" %02x", bytes[i]);
    printf("\n");
    wasm_memory_delete(memory);
}

// Shows the locals of a frame. Returns the value of the first one.
static uint32_t show_locals(const vitrine_debug_frame_t* frame)
{
    vitrine_slot_vec_t locals;
    check(vitrine_debug_frame_locals(frame, &locals));
    for (size_t i = 0; i < locals.size; ++i)
        printf("  local %s: %s = %s\n", vitrine_slot_name(locals.data[i])->data,
            vitrine_valtype_text(vitrine_slot_type(locals.data[i]))->data,
            vitrine_slot_text(locals.data[i])->data);
    const uint32_t first = (uint32_t)vitrine_slot_value(locals.data[0])->of.i32;
    vitrine_slot_vec_delete(&locals);
    return first;
}

// What the debugger does at a stop.
static void look(
    const vitrine_stopped_t* stopped, const wasm_module_t* module, const wasm_instance_t* instance)
{
    vitrine_debug_frame_vec_t frames;
    wasm_name_t name;
    check(vitrine_stopped_frames(stopped, &frames));
    vitrine_debug_frame_name(frames.data[0], &name);
    printf("%s in %s\n", vitrine_stop_reason_to_text(vitrine_stopped_reason(stopped))->data, name.data);
    show_globals(module, instance);
    show_memory(instance, show_locals(frames.data[0]));
    check(vitrine_debug_frame_assign(frames.data[0], "$amount = 7"));
    wasm_name_delete(&name);
    vitrine_debug_frame_vec_delete(&frames);
}

int main(int argc, char* argv[])
{
    wasm_config_t* const config = wasm_config_new();
    vitrine_config_guest_debug(config, true);
    wasm_engine_t* engine;
    wasm_module_t* module;
    wasm_instance_t* instance;
    vitrine_session_t* session;
    check(vitrine_engine_new(config, &engine));
    wasm_store_t* const store = wasm_store_new(engine);
    check(vitrine_module_from_file(store, argc > 1 ? argv[1] : "bank.wasm", &module));
    check(vitrine_instance_new(store, module, NULL, 0, &instance));
    check(vitrine_session_new(store, &session));
    check(vitrine_session_add_breakpoint(session, module, offset_of(module, "deposit"), NULL, NULL));

    wasm_func_t* const day = vitrine_instance_func(instance, "day");
    vitrine_event_t event;
    check(vitrine_session_call(session, day, NULL, 0, false, &event));
    while (event.stopped) {
        vitrine_stopped_t* const stopped = event.stopped;
        look(stopped, module, instance);
        check(vitrine_session_resume(session, stopped, &event));
        vitrine_stopped_delete(stopped);
    }
    printf("the day ends with %lld\n", (long long)event.results.data[0].of.i64);

    vitrine_event_delete(&event);
    wasm_func_delete(day);
    vitrine_session_delete(session);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return EXIT_SUCCESS;
}
