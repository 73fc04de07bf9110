// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Debug servers.
#include "capi/debug.h"

#include <vitrine/debugger.h>
#include <vitrine/debugger.hpp>

#include <algorithm>

using vitrine::Error;
using vitrine::Module;
using vitrine::Result;
using vitrine::capi::allocate;
using vitrine::capi::attempt;
using vitrine::capi::check_stop;
using vitrine::capi::fill;
using vitrine::capi::give_event;
using vitrine::capi::guarded;
using vitrine::capi::options_of;
using vitrine::capi::required;
using vitrine::capi::StoreBody;
using vitrine::capi::take;
using vitrine::debug::DapOptions;
using vitrine::debug::DapServer;
using vitrine::debug::Event;
using vitrine::debug::GdbServer;

#define SAME(name, kind) static_assert(VITRINE_GDB_SERVES_##name == static_cast<int>(GdbServer::Serves::kind))
SAME(EMBEDDER, Embedder);
SAME(ONE_CALL, OneCall);
SAME(ONE_FREE_CALL, OneFreeCall);
SAME(ONE_SHARED_CALL, OneSharedCall);
#undef SAME

struct vitrine_gdb_server_t {
    std::shared_ptr<StoreBody> store;
    GdbServer server;
};

struct vitrine_dap_server_t {
    std::shared_ptr<StoreBody> store;
    DapServer server;
};

namespace {

template<class Server> void give_address(const Server& handle, wasm_byte_vec_t& out)
{
    out = {};
    guarded(false, [&] {
        fill(out, handle.server.address());
        return true;
    });
}

template<class Server> vitrine_error_t* announce(Server& handle, const Module& module, const char* path)
{
    return attempt(handle.store, [&]() -> Result<void> {
        handle.server.announce(module, path ? path : "");
        return {};
    });
}

template<class Server> vitrine_error_t* wait_for_client(Server& handle)
{
    return attempt(handle.store, [&]() -> Result<void> {
        handle.server.wait_for_client();
        return {};
    });
}

template<class Server>
vitrine_error_t* send_output(Server& handle, const byte_t* bytes, size_t size, const char* function)
{
    if (size != 0)
        required(bytes, function, "bytes");
    return attempt(handle.store, [&]() -> Result<void> {
        handle.server.send_output(std::as_bytes(std::span(bytes, size)));
        return {};
    });
}

template<class Server> size_t close(Server& handle)
{
    return guarded<size_t>(0, [&] { return handle.server.close(); });
}

Result<void> give_names(const std::vector<std::string>& names, vitrine_name_vec_t& out)
{
    vitrine_name_vec_t made {};
    allocate(made, names.size());
    for (size_t i = 0; i < made.size; ++i)
        fill(made.data[i], names[i]);
    if (made.size != names.size()
        || std::any_of(made.data, made.data + made.size, [](const auto& name) { return !name.data; })) {
        vitrine_name_vec_delete(&made);
        return Error("out of memory");
    }
    out = made;
    return {};
}

} // namespace

// LLDB.

vitrine_error_t* vitrine_gdb_server_new(
    vitrine_session_t* session, const char* address, vitrine_gdb_serves_t serves, vitrine_gdb_server_t** out)
{
    auto& served = required(session, __func__, "session");
    const char* const where = &required(address, __func__, "address");
    vitrine_gdb_server_t*& made = required(out, __func__, "out");
    const auto& store = served.state->stores.own();
    return attempt(store, [&]() -> Result<void> {
        if (serves > VITRINE_GDB_SERVES_ONE_SHARED_CALL)
            return Error("a server cannot serve " + std::to_string(serves));
        return take(GdbServer::create(served.session, where, static_cast<GdbServer::Serves>(serves)),
            [&](GdbServer& server) { made = new vitrine_gdb_server_t { store, std::move(server) }; });
    });
}
void vitrine_gdb_server_delete(vitrine_gdb_server_t* server) { delete server; }

void vitrine_gdb_server_address(const vitrine_gdb_server_t* server, wasm_byte_vec_t* out)
{
    give_address(required(server, __func__, "server"), required(out, __func__, "out"));
}
bool vitrine_gdb_server_is_loopback(const vitrine_gdb_server_t* server)
{
    return required(server, __func__, "server").server.is_loopback();
}
vitrine_error_t* vitrine_gdb_server_announce(
    vitrine_gdb_server_t* server, const wasm_module_t* module, const char* path)
{
    return announce(
        required(server, __func__, "server"), required(module, __func__, "module").module(), path);
}
vitrine_error_t* vitrine_gdb_server_wait_for_client(vitrine_gdb_server_t* server)
{
    return wait_for_client(required(server, __func__, "server"));
}
bool vitrine_gdb_server_is_launched_by_client(const vitrine_gdb_server_t* server)
{
    return required(server, __func__, "server").server.is_launched_by_client();
}
vitrine_error_t* vitrine_gdb_server_send_output(
    vitrine_gdb_server_t* server, const byte_t bytes[], size_t size)
{
    return send_output(required(server, __func__, "server"), bytes, size, __func__);
}
vitrine_error_t* vitrine_gdb_server_lldb_commands(const vitrine_gdb_server_t* server,
    const wasm_module_t* module, const wasm_module_t* const others[], size_t other_count,
    vitrine_name_vec_t* out)
{
    const auto& described = required(server, __func__, "server");
    const Module& main = required(module, __func__, "module").module();
    if (other_count != 0)
        required(others, __func__, "others");
    vitrine_name_vec_t& filled = required(out, __func__, "out");
    return attempt(described.store, [&] {
        std::vector<Module> beside;
        for (size_t i = 0; i < other_count; ++i)
            beside.push_back(required(others[i], "vitrine_gdb_server_lldb_commands", "a module").module());
        return give_names(described.server.lldb_commands(main, beside), filled);
    });
}
size_t vitrine_gdb_server_close(vitrine_gdb_server_t* server)
{
    return close(required(server, __func__, "server"));
}

// Editors.

vitrine_error_t* vitrine_dap_server_new(vitrine_session_t* session, const char* address,
    const vitrine_dap_options_t* options, vitrine_dap_server_t** out)
{
    auto& served = required(session, __func__, "session");
    const char* const where = &required(address, __func__, "address");
    vitrine_dap_server_t*& made = required(out, __func__, "out");
    const auto& store = served.state->stores.own();
    return attempt(store, [&]() -> Result<void> {
        const auto given = options_of(options);
        if (!given)
            return given.error();
        const DapOptions wanted { given->name ? given->name : "", given->reader ? given->reader : "" };
        return take(DapServer::create(served.session, where, wanted),
            [&](DapServer& server) { made = new vitrine_dap_server_t { store, std::move(server) }; });
    });
}
void vitrine_dap_server_delete(vitrine_dap_server_t* server) { delete server; }

void vitrine_dap_server_address(const vitrine_dap_server_t* server, wasm_byte_vec_t* out)
{
    give_address(required(server, __func__, "server"), required(out, __func__, "out"));
}
bool vitrine_dap_server_is_loopback(const vitrine_dap_server_t* server)
{
    return required(server, __func__, "server").server.is_loopback();
}
vitrine_error_t* vitrine_dap_server_announce(
    vitrine_dap_server_t* server, const wasm_module_t* module, const char* path)
{
    return announce(
        required(server, __func__, "server"), required(module, __func__, "module").module(), path);
}
vitrine_error_t* vitrine_dap_server_wait_for_client(vitrine_dap_server_t* server)
{
    return wait_for_client(required(server, __func__, "server"));
}
vitrine_error_t* vitrine_dap_server_send_output(
    vitrine_dap_server_t* server, const byte_t bytes[], size_t size)
{
    return send_output(required(server, __func__, "server"), bytes, size, __func__);
}
size_t vitrine_dap_server_close(vitrine_dap_server_t* server)
{
    return close(required(server, __func__, "server"));
}

vitrine_error_t* vitrine_dap_server_finish(
    vitrine_dap_server_t* server, vitrine_session_t* session, vitrine_event_t* event)
{
    auto& waiting = required(server, __func__, "server").server;
    auto& used = required(session, __func__, "session");
    vitrine_event_t& finished = required(event, __func__, "event");
    if (!finished.stopped)
        return nullptr;
    const std::unique_ptr<vitrine_stopped_t> handle(std::exchange(finished.stopped, nullptr));
    return give_event(used.state, finished, [&]() -> Result<Event> {
        if (auto checked = check_stop(used, *handle); !checked)
            return std::move(checked).error();
        return waiting.finish(used.session, Event(std::move(handle->stopped)));
    });
}
