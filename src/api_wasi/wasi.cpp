// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <vitrine/wasi.hpp>

#include "api/component_body.h"
#include "host/listener.h"
#include "wasi/preview1.h"
#include "wasi2/definitions.h"
#include "wasi2/world.h"

#include <cstdlib>
#include <string_view>
#include <unistd.h>

namespace vitrine {

using detail::Access;

WasiConfig& WasiConfig::inherit_env()
{
    for (char** variable = ::environ; variable && *variable; ++variable) {
        const std::string_view text = *variable;
        // A variable without a name or without "=" cannot be passed to a guest.
        if (const size_t sign = text.find('='); sign != 0 && sign != text.npos)
            env(std::string(text.substr(0, sign)), std::string(text.substr(sign + 1)));
    }
    return *this;
}

namespace detail {

/// Has access to the private members of the classes of wasi.hpp.
struct WasiParts {
    static core::wasi::Config config(const WasiConfig& config);
};

core::wasi::Config WasiParts::config(const WasiConfig& config)
{
    core::wasi::Config result;
    result.args = config.args_;
    result.env = config.env_;
    for (const auto& folder : config.preopens_)
        result.preopens.push_back({ folder.host_path, folder.guest_path, folder.access });
    for (const auto& socket : config.sockets_)
        result.sockets.push_back(*socket);
    if (const auto* text = std::get_if<std::string>(&config.stdin_))
        result.in = *text;
    else if (const auto* file = std::get_if<WasiConfig::File>(&config.stdin_))
        result.in = core::host::InputFile { file->path };
    else if (const auto* source = std::get_if<WasiConfig::Source>(&config.stdin_))
        result.in = *source;
    else if (const auto* descriptor = std::get_if<int>(&config.stdin_))
        result.in = *descriptor;
    const auto output_of = [](const WasiConfig::Output& output, int stream) -> core::host::Output {
        if (!output.sink)
            return output.descriptor.value_or(stream);
        if (!output.is_copy)
            return output.sink;
        return core::host::Output(stream, output.sink, output.is_sink_alone);
    };
    result.out = output_of(config.stdout_, STDOUT_FILENO);
    result.err = output_of(config.stderr_, STDERR_FILENO);
    if (config.clock_)
        result.clock = config.clock_;
    result.random = config.random_;
    if (config.paths_by_component_)
        result.resolution = core::host::Resolution::Components;
    result.wake_fd = [](core::Thread& thread) { return thread.requests->wake_fd(); };
    result.may_go_on = [](core::Thread& thread) { return core::poll_in_host(thread); };
    return result;
}

} // namespace detail

Result<WasiListener> WasiListener::bind(const std::string& address)
{
    return detail::guarded<WasiListener>([&]() -> Result<WasiListener> {
        auto socket = TRY(core::host::listen_on(address));
        WasiListener listener;
        listener.address_ = core::host::address_of(socket);
        listener.socket_ =
            std::shared_ptr<const int>(new const int(socket.release()), [](const int* descriptor) {
                ::close(*descriptor);
                delete descriptor;
            });
        return listener;
    });
}

Result<void> add_wasi(Linker& linker, Store& store, const WasiConfig& config)
{
    return detail::guarded<void>([&]() -> Result<void> {
        CHECK(Access::check_use(Access::link(store)));
        if (Access::link(store)->engine != Access::body(linker)->engine)
            return Error("the store and the linker belong to different engines");
        auto host = TRY(core::wasi::Preview1::create(detail::WasiParts::config(config)));
        CHECK(core::wasi::define(Access::body(linker)->linker, host));
        return {};
    });
}

Result<void> add_wasi(ComponentLinker& linker)
{
    return detail::guarded<void>([&]() -> Result<void> {
        if (Access::body(linker)->error)
            return *Access::body(linker)->error;
        CHECK(core::wasi2::add_to(Access::body(linker)->linker));
        return {};
    });
}

Result<void> set_wasi(Store& store, const WasiConfig& config)
{
    return detail::guarded<void>([&]() -> Result<void> {
        const auto& link = Access::link(store);
        CHECK(Access::check_use(link));
        CHECK(core::wasi2::attach(link->guest->store, detail::WasiParts::config(config)));
        return {};
    });
}

Result<void> add_wasi(ComponentLinker& linker, Store& store, const WasiConfig& config)
{
    if (auto added = add_wasi(linker); !added)
        return added;
    return set_wasi(store, config);
}

} // namespace vitrine
