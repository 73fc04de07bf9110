// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/session.h"
#include "gdb/stub.h"

#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace vitrine::core::gdb {

/// The server for LLDB. Listens on a TCP port or a Unix socket and serves one client at a time, on
/// a thread of its own. The session must outlive it. When a client disconnects, in whatever way,
/// the server accepts the next one.
///
/// A web page can connect, too. Therefore the first bytes must be a debugger's first packet and
/// nothing else (`greeting_of`), and a byte that belongs to no packet ends the connection at any
/// time.
class Server {
public:
    /// Starts to listen, at an address as `net::parse_address` takes it. Fails if another client
    /// controls the guest already, unless the process is its `Owner`.
    static Result<std::unique_ptr<Server>> open(
        debug::Session& session, std::string_view address, Process process);
    /// Closes the server.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// The address it listens on, as `HOST:PORT` or as the absolute path of a Unix socket.
    const std::string& address() const;
    /// Whether only programs on this machine can connect.
    bool is_local() const;

    /// There will be an instance of this module, whose file is `path` (absolute; empty if there is
    /// none). Clients see the module already now, and LLDB reads the file instead of asking for the
    /// bytes.
    void announce(std::shared_ptr<const Module> module, std::string path);

    /// Whether a client has attached that launched this process (`is_launched_by_peer`). Then the
    /// guest ends with its client, and the terminal of this process is the client's. May be called
    /// from any thread.
    bool is_launched_by_client() const;

    /// Sends the guest's output to the client. Called on the guest's thread, which waits while the
    /// client has too much to read, but not when the guest is interrupted or ended.
    void send_output(Bytes bytes);

    /// Reports the end to the client, and waits for a moment until it has read the report. Returns
    /// the number of bytes of output that were not sent because the client did not read them.
    size_t close();

    /// Waits until a client has attached and has resumed the guest, so that its breakpoints are
    /// set.
    void wait_for_client();

private:
    class Door;

    explicit Server(std::shared_ptr<Door> door);

    std::shared_ptr<Door> door_;
    std::thread thread_;
};

} // namespace vitrine::core::gdb
