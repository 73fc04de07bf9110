// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/session.h"
#include "gdb/stub.h"

#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace vitrine::core::gdb {

/// The door for LLDB: listens on a TCP port or a Unix socket and serves one client at a time, on a thread of its own. The
/// session must outlive it. A client that leaves, with or without a word, makes room for the next.
///
/// A web page can connect, too. So the first bytes must be a debugger's first packet and nothing else (`greeting_of`), and a
/// byte that belongs to no packet ends the connection at any time.
class Server {
public:
    /// Listens from here on, at an address as `listen` takes it.
    static Result<std::unique_ptr<Server>> open(
        debug::Session& session, std::string_view address, Process process);
    /// Closes it.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Where it listens, as `HOST:PORT` or as the absolute path of a Unix socket.
    const std::string& address() const;
    /// Whether only programs on this machine can connect.
    bool is_local() const;

    /// There will be an instance of this module, whose file is `path` (absolute; empty when there is none): it is shown
    /// to clients already now, and LLDB reads the file instead of asking for the bytes.
    void announce(std::shared_ptr<const Module> module, std::string path);

    /// Whether a client has come that launched this process (`is_launched_by_peer`). Such a guest ends with its client, and the
    /// terminal of this process is the client's. From any thread.
    bool is_launched_by_client() const;

    /// Shows what the guest prints. Called on the guest's thread: waits while the client has too
    /// much to read, but not when the guest is interrupted or ended.
    void send_output(Bytes bytes);

    /// Tells the client of the end, and waits for a moment until it has heard of it. Returns the
    /// bytes of output that could not be sent because the client did not read them.
    size_t close();

    /// Waits until a client has come and has let the guest go on, so that what it wished to set is set.
    void wait_for_client();

private:
    class Door;

    explicit Server(std::shared_ptr<Door> door);

    std::shared_ptr<Door> door_;
    std::thread thread_;
};

} // namespace vitrine::core::gdb
