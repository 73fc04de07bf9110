// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vitrine/wasi.hpp"

#include "api/access.h"

namespace vitrine {

using detail::Access;

namespace {

core::wasi::Sink sink_of(const WasiConfig::Sink& sink)
{
    if (!sink)
        return nullptr;
    return [sink](std::span<const uint8_t> bytes) { sink(std::as_bytes(bytes)); };
}

} // namespace

namespace detail {

core::wasi::Config Access::config(const WasiConfig& config)
{
    core::wasi::Config result;
    result.args = config.args_;
    result.env = config.env_;
    for (const auto& [host, guest] : config.preopens_)
        result.preopens.push_back({ host, guest });
    result.stdin_text = config.stdin_text_;
    result.stdout_sink = sink_of(config.stdout_);
    result.stderr_sink = sink_of(config.stderr_);
    return result;
}

} // namespace detail

Result<void> add_wasi(Linker& linker, Store& store, const WasiConfig& config)
{
    const auto body = Access::use(Access::link(store));
    if (!body)
        return body.error();
    core::wasi::Config wanted = Access::config(config);
    core::Thread& thread = (*body)->thread;
    // Only called by the thread's own guest, so that the thread is there.
    wanted.wake_fd = thread.requests->wake_fd();
    wanted.on_wake = [&thread] { return core::poll_in_host(thread); };
    auto host = core::wasi::Preview1::create(std::move(wanted));
    if (!host)
        return Access::error(host.error());
    if (auto defined = core::wasi::define(Access::body(linker)->linker, *host); !defined)
        return Access::error(defined.error());
    return {};
}

} // namespace vitrine
