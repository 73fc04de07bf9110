// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dap/host.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace vitrine::core::dap {

/// The door for editors on a guest of this process: listens on a TCP port or a Unix socket, and
/// serves any number of clients, each on threads of its own. The session must outlive it.
///
/// A web page can connect, too. The first byte that does not belong to the protocol ends its
/// connection, and so does silence.
class Server {
public:
    /// Starts to listen, at an address as `net::parse_address` takes it.
    static Result<std::unique_ptr<Server>> open(
        debug::Session& session, std::string_view address, HostedGuest guest);
    /// Closes the server.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// The address it listens on, as `HOST:PORT` or as the absolute path of a Unix socket.
    const std::string& address() const;
    /// Whether only programs on this machine can connect.
    bool is_local() const;

    /// See `Host`.
    void announce(debug::LoadedModule module);
    void send_output(Launcher::Stream stream, std::string_view bytes);
    void wait_for_client();
    void wait_while_stopped();

    /// Stops serving: tells the clients, and waits for a moment until they have read what is left.
    /// Returns the number of bytes of output that they did not read.
    size_t close();

private:
    class Door;

    explicit Server(std::unique_ptr<Door> door);

    std::unique_ptr<Door> door_;
};

} // namespace vitrine::core::dap
