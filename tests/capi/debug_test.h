// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the tests of debugging share.
#pragma once

#include "capi_test.h"

static inline own wasm_engine_t* debug_engine(void)
{
    wasm_config_t* config = wasm_config_new();
    vitrine_config_guest_debug(config, true);
    wasm_engine_t* engine = wasm_engine_new_with_config(config);
    CHECK(engine);
    return engine;
}

// The index of the entity of this name.
static inline uint32_t index_of(const wasm_module_t* module, wasm_externkind_t kind, const char* name)
{
    uint32_t index;
    CHECK(vitrine_module_find(module, kind, name, &index));
    return index;
}

// Where the body of a function begins in the module.
static inline uint32_t offset_of(const wasm_module_t* module, const char* name)
{
    vitrine_entity_t func = { .size = sizeof func };
    CHECK(succeeds(
        vitrine_module_entity(module, WASM_EXTERN_FUNC, index_of(module, WASM_EXTERN_FUNC, name), &func)));
    const uint32_t offset = func.offset;
    vitrine_entity_delete(&func);
    return offset;
}

// Continues from the stop of an event: `call` uses `stop`, and sets the event.
#define NEXT(event, call)                          \
    do {                                           \
        vitrine_stopped_t* stop = (event).stopped; \
        CHECK(stop);                               \
        CHECK(succeeds(call));                     \
        vitrine_stopped_delete(stop);              \
    } while (0)

// The same for a guest that ends with an error.
#define LAST(event, call, message)                 \
    do {                                           \
        vitrine_stopped_t* stop = (event).stopped; \
        CHECK(stop);                               \
        CHECK(fails_with(call, message));          \
        vitrine_stopped_delete(stop);              \
    } while (0)

// Whether the guest has stopped for this reason.
static inline bool is_stopped(const vitrine_event_t* event, const char* reason)
{
    CHECK(event->stopped);
    const wasm_name_t* text = vitrine_stop_reason_to_text(vitrine_stopped_reason(event->stopped));
    if (!is_text(text, reason))
        fprintf(stderr, "the reason is: %s\n", text->data);
    return is_text(text, reason);
}

// The frame at a position, from the innermost one.
static inline own vitrine_debug_frame_t* frame_at(const vitrine_stopped_t* stopped, size_t position)
{
    vitrine_debug_frame_vec_t frames;
    CHECK(succeeds(vitrine_stopped_frames(stopped, &frames)));
    CHECK(position < frames.size);
    vitrine_debug_frame_t* frame = frames.data[position];
    frames.data[position] = NULL;
    vitrine_debug_frame_vec_delete(&frames);
    return frame;
}

// Whether an expression has this value as text in the innermost frame.
static inline bool is_value(const vitrine_event_t* event, const char* expression, const char* value)
{
    vitrine_debug_frame_t* frame = frame_at(event->stopped, 0);
    wasm_byte_vec_t text;
    CHECK(succeeds(vitrine_debug_frame_text_of(frame, expression, &text)));
    vitrine_debug_frame_delete(frame);
    return is_own_text(&text, value);
}

// Whether the guest has ended with one number of 32 bits. Deletes the event.
static inline bool is_result(vitrine_event_t* event, int32_t number)
{
    const vitrine_val_vec_t* results = &event->results;
    const bool is_same = !event->stopped && results->size == 1 && results->data[0].kind == WASM_I32
        && results->data[0].of.i32 == number;
    if (!is_same && results->size == 1)
        fprintf(stderr, "the result is: %d\n", results->data[0].of.i32);
    vitrine_event_delete(event);
    return is_same;
}
