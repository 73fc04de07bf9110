// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Configurations, engines, stores, traps and their frames.
#include "capi/capi.h"

#include <algorithm>

namespace vitrine::capi {

namespace {

wasm_frame_t* make_frame(const std::shared_ptr<StoreBody>& store, const TraceFrame& frame)
{
    auto made = std::make_unique<wasm_frame_t>();
    made->frame = frame;
    if (store->store)
        if (const auto instance = store->store->instance_of(frame)) {
            const auto function = instance->module().function(frame.function);
            made->function_offset = frame.offset - (function ? function->offset : 0);
            made->instance.reset(make<wasm_instance_t>(store, *instance));
        }
    return made.release();
}

std::span<const TraceFrame> frames_of(const wasm_trap_t& trap)
{
    const Trap* const ended = trap.error().trap();
    return ended ? std::span<const TraceFrame>(ended->backtrace) : std::span<const TraceFrame>();
}

} // namespace

wasm_trap_t* make_trap(const std::shared_ptr<StoreBody>& store, const Error& error) noexcept
{
    return guarded(out_of_memory_trap(),
        [&] { return make<wasm_trap_t>(store, std::make_shared<Shared<Error>>(error)); });
}

wasm_trap_t* out_of_memory_trap()
{
    // It is never deleted, and has no host information, so nobody changes it.
    static wasm_trap_t trap(nullptr,
        std::make_shared<Shared<Error>>(
            Error(Trap { .kind = TrapKind::OutOfMemory, .text = "out of memory" })));
    return &trap;
}

} // namespace vitrine::capi

using vitrine::Engine;
using vitrine::Error;
using vitrine::Trap;
using vitrine::TrapKind;
using vitrine::capi::allocate;
using vitrine::capi::fill;
using vitrine::capi::frames_of;
using vitrine::capi::guarded;
using vitrine::capi::HostInfo;
using vitrine::capi::make_frame;
using vitrine::capi::make_trap;
using vitrine::capi::out_of_memory_trap;
using vitrine::capi::required;
using vitrine::capi::StoreBody;
using vitrine::capi::StoreData;

wasm_config_t* wasm_config_new(void) { return new (std::nothrow) wasm_config_t; }
void wasm_config_delete(wasm_config_t* config) { delete config; }

wasm_engine_t* wasm_engine_new(void) { return wasm_engine_new_with_config(nullptr); }
wasm_engine_t* wasm_engine_new_with_config(wasm_config_t* config)
{
    wasm_engine_t* engine = nullptr;
    vitrine_error_delete(vitrine_engine_new(config, &engine));
    return engine;
}
void wasm_engine_delete(wasm_engine_t* engine) { delete engine; }

wasm_store_t* wasm_store_new(wasm_engine_t* engine)
{
    const Engine& used = required(engine, __func__, "engine").engine;
    return guarded<wasm_store_t*>(nullptr, [&]() -> wasm_store_t* {
        auto body = std::make_shared<StoreBody>(used);
        if (body->store->error())
            return nullptr;
        body->store->set_data(std::make_shared<StoreData>(body));
        return new wasm_store_t { std::move(body) };
    });
}

void wasm_store_delete(wasm_store_t* store)
{
    if (!store)
        return;
    // References may outlive it. What a finalizer does with them fails.
    StoreBody& body = *store->body;
    body.store.reset();
    const auto infos = std::move(body.infos);
    body.infos.clear();
    const HostInfo data = std::move(body.data);
    delete store;
}

void vitrine_store_set_data(wasm_store_t* store, void* data, void (*finalizer)(void*))
{
    // The finalizer of the former data may look at the store.
    HostInfo replaced(data, finalizer);
    std::swap(replaced, required(store, __func__, "store").body->data);
}
void* vitrine_store_data(const wasm_store_t* store)
{
    return required(store, __func__, "store").body->data.get();
}

// Traps.

wasm_trap_t* wasm_trap_new(wasm_store_t* store, const wasm_message_t* message)
{
    const auto& body = required(store, __func__, "store").body;
    const wasm_message_t& text = required(message, __func__, "message");
    return guarded(out_of_memory_trap(), [&] {
        std::string_view words(text.data, text.size);
        if (words.ends_with('\0'))
            words.remove_suffix(1);
        return make_trap(body, Error(Trap { .kind = TrapKind::HostError, .text = std::string(words) }));
    });
}

void wasm_trap_message(const wasm_trap_t* trap, wasm_message_t* out)
{
    const Error& error = required(trap, __func__, "trap").error();
    wasm_message_t& filled = required(out, __func__, "out");
    filled = {};
    guarded(false, [&] {
        const std::string text = error.trap() ? error.trap()->text : error.to_text();
        fill(filled, std::string_view(text.c_str(), text.size() + 1));
        return true;
    });
}

wasm_frame_t* wasm_trap_origin(const wasm_trap_t* trap)
{
    const auto frames = frames_of(required(trap, __func__, "trap"));
    if (frames.empty())
        return nullptr;
    return guarded<wasm_frame_t*>(nullptr, [&] { return make_frame(trap->store, frames.front()); });
}

void wasm_trap_trace(const wasm_trap_t* trap, wasm_frame_vec_t* out)
{
    const auto frames = frames_of(required(trap, __func__, "trap"));
    allocate(required(out, __func__, "out"), frames.size());
    const bool is_done = guarded(false, [&] {
        for (size_t i = 0; i < out->size; ++i)
            out->data[i] = make_frame(trap->store, frames[i]);
        return true;
    });
    if (!is_done)
        wasm_frame_vec_delete(out);
}

void wasm_frame_delete(wasm_frame_t* frame) { delete frame; }
wasm_frame_t* wasm_frame_copy(const wasm_frame_t* frame)
{
    const auto& original = required(frame, __func__, "frame");
    return guarded<wasm_frame_t*>(nullptr, [&] { return new wasm_frame_t(original); });
}
wasm_instance_t* wasm_frame_instance(const wasm_frame_t* frame)
{
    return required(frame, __func__, "frame").instance.get();
}
uint32_t wasm_frame_func_index(const wasm_frame_t* frame)
{
    return required(frame, __func__, "frame").frame.function;
}
size_t wasm_frame_func_offset(const wasm_frame_t* frame)
{
    return required(frame, __func__, "frame").function_offset;
}
size_t wasm_frame_module_offset(const wasm_frame_t* frame)
{
    return required(frame, __func__, "frame").frame.offset;
}
