// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// WASI for programs in C.
#include "capi/capi.h"
#include <vitrine/wasi.h>
#include <vitrine/wasi.hpp>

struct vitrine_wasi_config_t {
    vitrine::WasiConfig config;
    /// Whether there was memory for all settings.
    bool is_complete = true;
};

struct vitrine_wasi_listener_t {
    vitrine::WasiListener listener;
};

namespace vitrine::capi {

namespace {

static_assert(VITRINE_WASI_READ_WRITE == static_cast<int>(WasiAccess::ReadWrite));
static_assert(VITRINE_WASI_READ_ONLY == static_cast<int>(WasiAccess::ReadOnly));
static_assert(VITRINE_WASI_REALTIME == static_cast<int>(WasiClock::Realtime));
static_assert(VITRINE_WASI_MONOTONIC == static_cast<int>(WasiClock::Monotonic));
static_assert(VITRINE_WASI_PROCESS_CPU == static_cast<int>(WasiClock::ProcessCpu));
static_assert(VITRINE_WASI_THREAD_CPU == static_cast<int>(WasiClock::ThreadCpu));

/// Changes a configuration, or notes that there was no memory.
template<class F> void change(vitrine_wasi_config_t& config, const F& set)
{
    config.is_complete &= guarded(false, [&] {
        set(config.config);
        return true;
    });
}

/// The configuration, unless there was no memory for some of it.
const WasiConfig& complete(const vitrine_wasi_config_t& config)
{
    if (!config.is_complete)
        throw std::bad_alloc();
    return config.config;
}

/// The environment of a callback, for all copies of the function that calls it.
using Env = std::shared_ptr<const HostInfo>;

Env share(HostInfo& env) { return std::make_shared<const HostInfo>(std::move(env)); }

WasiConfig::Sink sink_of(vitrine_wasi_sink_t sink, Env env)
{
    return [sink, env = std::move(env)](
               std::span<const std::byte> bytes) { sink(env->get(), bytes.data(), bytes.size()); };
}

std::function<bool()> question_of(bool (*ask)(void*), Env env)
{
    if (!ask)
        return {};
    return [ask, env = std::move(env)] { return ask(env->get()); };
}

} // namespace

} // namespace vitrine::capi

using vitrine::Result;
using vitrine::Store;
using vitrine::WasiAccess;
using vitrine::WasiClock;
using vitrine::WasiConfig;
using vitrine::WasiListener;
using vitrine::capi::attempt;
using vitrine::capi::change;
using vitrine::capi::complete;
using vitrine::capi::Env;
using vitrine::capi::fill;
using vitrine::capi::HostInfo;
using vitrine::capi::misuse;
using vitrine::capi::question_of;
using vitrine::capi::required;
using vitrine::capi::share;
using vitrine::capi::sink_of;
using vitrine::capi::with_linker;

vitrine_wasi_config_t* vitrine_wasi_config_new(void) { return new (std::nothrow) vitrine_wasi_config_t; }
void vitrine_wasi_config_delete(vitrine_wasi_config_t* config) { delete config; }

void vitrine_wasi_config_args(vitrine_wasi_config_t* config, const char* const args[], size_t count)
{
    auto& changed = required(config, __func__, "config");
    if (count != 0)
        required(args, __func__, "args");
    for (size_t i = 0; i < count; ++i)
        required(args[i], __func__, "an argument");
    change(changed, [&](WasiConfig& to) { to.args({ args, args + count }); });
}

void vitrine_wasi_config_env(vitrine_wasi_config_t* config, const char* name, const char* value)
{
    auto& changed = required(config, __func__, "config");
    const char* const variable = &required(name, __func__, "name");
    const char* const text = &required(value, __func__, "value");
    change(changed, [&](WasiConfig& to) { to.env(variable, text); });
}

void vitrine_wasi_config_inherit_env(vitrine_wasi_config_t* config)
{
    change(required(config, __func__, "config"), [](WasiConfig& to) { to.inherit_env(); });
}

void vitrine_wasi_config_preopen(vitrine_wasi_config_t* config, const char* host_path, const char* guest_path,
    vitrine_wasi_access_t access)
{
    auto& changed = required(config, __func__, "config");
    const char* const from = &required(host_path, __func__, "host_path");
    const char* const name = &required(guest_path, __func__, "guest_path");
    if (access > VITRINE_WASI_READ_ONLY)
        misuse(__func__, "there is no such access");
    change(changed, [&](WasiConfig& to) { to.preopen(from, name, static_cast<WasiAccess>(access)); });
}

// Sockets.

vitrine_error_t* vitrine_wasi_listener_bind(const char* address, vitrine_wasi_listener_t** out)
{
    const char* const text = &required(address, __func__, "address");
    vitrine_wasi_listener_t*& made = required(out, __func__, "out");
    return attempt(nullptr, [&]() -> Result<void> {
        auto listener = WasiListener::bind(text);
        if (!listener)
            return std::move(listener).error();
        made = new vitrine_wasi_listener_t { std::move(*listener) };
        return {};
    });
}

void vitrine_wasi_listener_delete(vitrine_wasi_listener_t* listener) { delete listener; }

void vitrine_wasi_listener_address(const vitrine_wasi_listener_t* listener, wasm_byte_vec_t* out)
{
    const auto& described = required(listener, __func__, "listener");
    fill(required(out, __func__, "out"), described.listener.address());
}

void vitrine_wasi_config_listener(vitrine_wasi_config_t* config, const vitrine_wasi_listener_t* listener)
{
    auto& changed = required(config, __func__, "config");
    const auto& given = required(listener, __func__, "listener").listener;
    change(changed, [&](WasiConfig& to) { to.socket(given); });
}

void vitrine_wasi_config_socket(vitrine_wasi_config_t* config, int descriptor)
{
    change(required(config, __func__, "config"), [&](WasiConfig& to) { to.socket(descriptor); });
}

// Standard streams.

void vitrine_wasi_config_stdin_bytes(vitrine_wasi_config_t* config, const void* bytes, size_t size)
{
    auto& changed = required(config, __func__, "config");
    if (size != 0)
        required(static_cast<const char*>(bytes), __func__, "bytes");
    change(
        changed, [&](WasiConfig& to) { to.stdin_text(std::string(static_cast<const char*>(bytes), size)); });
}

void vitrine_wasi_config_stdin_file(vitrine_wasi_config_t* config, const char* path)
{
    auto& changed = required(config, __func__, "config");
    const char* const file = &required(path, __func__, "path");
    change(changed, [&](WasiConfig& to) { to.stdin_file(file); });
}

void vitrine_wasi_config_stdin_descriptor(vitrine_wasi_config_t* config, int descriptor)
{
    change(required(config, __func__, "config"), [&](WasiConfig& to) { to.stdin_from(descriptor); });
}

void vitrine_wasi_config_stdin_from(
    vitrine_wasi_config_t* config, vitrine_wasi_source_t source, void* env, void (*finalizer)(void*))
{
    HostInfo owned(env, finalizer);
    auto& changed = required(config, __func__, "config");
    if (!source)
        misuse(__func__, "source is null");
    change(changed, [&](WasiConfig& to) {
        to.stdin_from([source, shared = share(owned)](std::span<std::byte> bytes) {
            return source(shared->get(), bytes.data(), bytes.size());
        });
    });
}

#define OUTPUT(stream)                                                                                     \
    void vitrine_wasi_config_##stream##_to(                                                                \
        vitrine_wasi_config_t* config, vitrine_wasi_sink_t sink, void* env, void (*finalizer)(void*))      \
    {                                                                                                      \
        HostInfo owned(env, finalizer);                                                                    \
        auto& changed = required(config, __func__, "config");                                              \
        if (!sink)                                                                                         \
            misuse(__func__, "sink is null");                                                              \
        change(changed, [&](WasiConfig& to) { to.stream##_to(sink_of(sink, share(owned))); });             \
    }                                                                                                      \
    void vitrine_wasi_config_##stream##_copy(vitrine_wasi_config_t* config, vitrine_wasi_sink_t sink,      \
        bool (*is_sink_alone)(void*), void* env, void (*finalizer)(void*))                                 \
    {                                                                                                      \
        HostInfo owned(env, finalizer);                                                                    \
        auto& changed = required(config, __func__, "config");                                              \
        if (!sink)                                                                                         \
            misuse(__func__, "sink is null");                                                              \
        change(changed, [&](WasiConfig& to) {                                                              \
            const Env shared = share(owned);                                                               \
            to.stream##_copy(sink_of(sink, shared), question_of(is_sink_alone, shared));                   \
        });                                                                                                \
    }                                                                                                      \
    void vitrine_wasi_config_##stream##_descriptor(vitrine_wasi_config_t* config, int descriptor)          \
    {                                                                                                      \
        change(required(config, __func__, "config"), [&](WasiConfig& to) { to.stream##_to(descriptor); }); \
    }

OUTPUT(stdout)
OUTPUT(stderr)

// Clocks and random bytes.

void vitrine_wasi_config_clock(vitrine_wasi_config_t* config, uint64_t (*clock)(void*, vitrine_wasi_clock_t),
    void* env, void (*finalizer)(void*))
{
    HostInfo owned(env, finalizer);
    auto& changed = required(config, __func__, "config");
    if (!clock)
        misuse(__func__, "clock is null");
    change(changed, [&](WasiConfig& to) {
        to.clock([clock, shared = share(owned)](WasiClock which) {
            return clock(shared->get(), static_cast<vitrine_wasi_clock_t>(which));
        });
    });
}

void vitrine_wasi_config_random(
    vitrine_wasi_config_t* config, void (*random)(void*, void*, size_t), void* env, void (*finalizer)(void*))
{
    HostInfo owned(env, finalizer);
    auto& changed = required(config, __func__, "config");
    if (!random)
        misuse(__func__, "random is null");
    change(changed, [&](WasiConfig& to) {
        to.random([random, shared = share(owned)](
                      std::span<std::byte> bytes) { random(shared->get(), bytes.data(), bytes.size()); });
    });
}

void vitrine_wasi_config_paths_by_component(vitrine_wasi_config_t* config, bool on)
{
    change(required(config, __func__, "config"), [&](WasiConfig& to) { to.paths_by_component(on); });
}

// Linking.

vitrine_error_t* vitrine_linker_add_wasi(vitrine_linker_t* linker, const vitrine_wasi_config_t* config)
{
    auto& changed = required(linker, __func__, "linker");
    const auto& wanted = required(config, __func__, "config");
    return with_linker(
        changed, [&](Store& store) { return vitrine::add_wasi(changed.linker, store, complete(wanted)); });
}

vitrine_error_t* vitrine_linker_add_wasi_threads(vitrine_linker_t* linker, const wasm_module_t* module)
{
    auto& changed = required(linker, __func__, "linker");
    const auto& imported = required(module, __func__, "module").module();
    return with_linker(
        changed, [&](Store& store) { return vitrine::add_wasi_threads(changed.linker, store, imported); });
}

void vitrine_store_end_wasi_threads(wasm_store_t* store)
{
    vitrine::end_wasi_threads(*required(store, __func__, "store").body->store);
}

// Components.

vitrine_error_t* vitrine_component_linker_add_wasi(vitrine_component_linker_t* linker)
{
    auto& changed = required(linker, __func__, "linker").linker;
    return attempt(nullptr, [&] { return vitrine::add_wasi(changed); });
}

vitrine_error_t* vitrine_store_set_wasi(wasm_store_t* store, const vitrine_wasi_config_t* config)
{
    const auto& body = required(store, __func__, "store").body;
    const auto& wanted = required(config, __func__, "config");
    return attempt(body, [&] { return vitrine::set_wasi(*body->store, complete(wanted)); });
}
