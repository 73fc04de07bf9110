// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <vitrine/debugger.hpp>

#include "api/session_body.h"
#include "gdb/lldb.h"
#include "gdb/server.h"

namespace vitrine::debug {

using vitrine::detail::Access;

namespace detail {

struct GdbServerBody {
    /// Kept alive, though closed, if the public session ends first.
    std::shared_ptr<core::debug::Session> session;
    std::unique_ptr<core::gdb::Server> server;
    std::optional<Error> error;
};

} // namespace detail

namespace {

core::gdb::Process process_of(GdbServer::Serves serves)
{
    switch (serves) {
    case GdbServer::Serves::Embedder: return core::gdb::Process::Owner;
    case GdbServer::Serves::OneCall: return core::gdb::Process::Call;
    case GdbServer::Serves::OneFreeCall: return core::gdb::Process::FreeCall;
    case GdbServer::Serves::OneSharedCall: return core::gdb::Process::SharedCall;
    }
    std::unreachable();
}

} // namespace

GdbServer::GdbServer(Session& session, std::string_view address, Serves serves)
    : body_(std::make_unique<detail::GdbServerBody>())
{
    if (session.error()) {
        body_->error = *session.error();
        return;
    }
    body_->session = Access::body(session)->session;
    auto server = core::gdb::Server::open(*body_->session, address, process_of(serves));
    if (!server)
        body_->error = Access::error(server.error());
    else
        body_->server = std::move(*server);
}

Result<GdbServer> GdbServer::create(Session& session, std::string_view address, Serves serves)
{
    GdbServer server(session, address, serves);
    if (server.error())
        return *server.error();
    return server;
}

GdbServer::~GdbServer() = default;
GdbServer::GdbServer(GdbServer&&) noexcept = default;
GdbServer& GdbServer::operator=(GdbServer&&) noexcept = default;

const Error* GdbServer::error() const { return body_->error ? &*body_->error : nullptr; }

std::string GdbServer::address() const { return body_->server ? body_->server->address() : ""; }

bool GdbServer::is_loopback() const { return !body_->server || body_->server->is_local(); }

void GdbServer::announce(const Module& module, std::string path)
{
    if (body_->server)
        body_->server->announce(Access::body(module)->module, std::move(path));
}

bool GdbServer::is_launched_by_client() const
{
    return body_->server && body_->server->is_launched_by_client();
}

void GdbServer::send_output(std::span<const std::byte> bytes)
{
    if (body_->server)
        body_->server->send_output({ reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size() });
}

std::size_t GdbServer::close() { return body_->server ? body_->server->close() : 0; }

std::vector<std::string> GdbServer::lldb_commands(const Module& module, std::span<const Module> others) const
{
    std::vector<const core::Module*> modules { Access::body(module)->module.get() };
    for (const Module& other : others)
        modules.push_back(Access::body(other)->module.get());
    return core::gdb::lldb_commands(modules, address());
}

void GdbServer::wait_for_client()
{
    if (body_->server)
        body_->server->wait_for_client();
}

} // namespace vitrine::debug
