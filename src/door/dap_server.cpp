// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <vitrine/debugger.hpp>

#include "api/session_body.h"
#include "dap/server.h"
#include "door/reader_symbols.h"

namespace vitrine::debug {

using vitrine::detail::Access;

namespace detail {

struct DapServerBody {
    /// Kept alive, though closed, if the public session ends first.
    std::shared_ptr<core::debug::Session> session;
    std::unique_ptr<core::dap::Server> server;
    std::optional<Error> error;
};

} // namespace detail

DapServer::DapServer(Session& session, std::string_view address, const DapOptions& options)
    : body_(std::make_unique<detail::DapServerBody>())
{
    if (session.error()) {
        body_->error = *session.error();
        return;
    }
    body_->session = Access::body(session)->session;
    if (!options.reader.empty() && !body_->session->symbols())
        body_->session->set_symbols(std::make_shared<door::ReaderSymbols>(options.reader));
    core::dap::HostedGuest guest;
    guest.name = options.name;
    auto server = core::dap::Server::open(*body_->session, address, std::move(guest));
    if (!server)
        body_->error = Access::error(server.error());
    else
        body_->server = std::move(*server);
}

Result<DapServer> DapServer::create(Session& session, std::string_view address, const DapOptions& options)
{
    DapServer server(session, address, options);
    if (server.error())
        return *server.error();
    return server;
}

DapServer::~DapServer() = default;
DapServer::DapServer(DapServer&&) noexcept = default;
DapServer& DapServer::operator=(DapServer&&) noexcept = default;

const Error* DapServer::error() const { return body_->error ? &*body_->error : nullptr; }

std::string DapServer::address() const { return body_->server ? body_->server->address() : ""; }

bool DapServer::is_loopback() const { return !body_->server || body_->server->is_local(); }

void DapServer::announce(const Module& module, std::string path)
{
    if (body_->server)
        body_->server->announce({ Access::body(module)->module, std::move(path) });
}

void DapServer::send_output(std::span<const std::byte> bytes)
{
    if (body_->server)
        body_->server->send_output(
            core::dap::Launcher::Stream::Out, { reinterpret_cast<const char*>(bytes.data()), bytes.size() });
}

void DapServer::wait_for_client()
{
    if (body_->server)
        body_->server->wait_for_client();
}

Event DapServer::finish(Session& session, Event event)
{
    while (body_->server && std::holds_alternative<Stopped>(event)) {
        body_->server->wait_while_stopped();
        event = session.wait();
    }
    return event;
}

std::size_t DapServer::close() { return body_->server ? body_->server->close() : 0; }

} // namespace vitrine::debug
