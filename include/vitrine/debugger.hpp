// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Doors for debuggers: LLDB attaches to a debug session of yours.
#pragma once

#include <vitrine/vitrine.hpp>

namespace vitrine::debug {

namespace detail {
struct GdbServerBody;
}

/// Lets LLDB attach to a session: listens on a TCP port or a Unix socket, and serves one client at a time, on a thread of its
/// own. While a client is attached, stops are the client's business, and the session's own calls wait for the end. The
/// session must outlive it.
class VITRINE_API GdbServer {
public:
    enum class Serves : std::uint8_t {
        /// Calls come and go; without a client the guest runs as if there were no door.
        Embedder,
        /// The session runs one call: its end is the end of the process for the client, and a stopped guest waits for a client.
        OneCall,
        /// As `OneCall`, but the call does not wait for the first client. Let the session stop it at its entry all the same.
        OneFreeCall,
    };

    /// The address is `HOST:PORT`, `[HOST]:PORT`, `PORT`, or the path of a Unix socket, with at least one `/`. The host
    /// defaults to 127.0.0.1, and port 0 is any free one. Only this user's programs can connect to a Unix
    /// socket; its file goes with the server. A server that cannot listen carries the error.
    GdbServer(Session& session, std::string_view address, Serves serves = Serves::Embedder);
    static Result<GdbServer> create(
        Session& session, std::string_view address, Serves serves = Serves::Embedder);
    ~GdbServer();
    GdbServer(GdbServer&&) noexcept;
    GdbServer& operator=(GdbServer&&) noexcept;

    /// Why the server cannot be used; null when it can.
    const Error* error() const;
    /// Where it listens, as `HOST:PORT` or as the absolute path of the socket; empty when it does not.
    std::string address() const;
    /// Whether only programs on this machine can connect.
    bool is_loopback() const;

    /// There will be an instance of this module: clients see it already now. `path` is its file's absolute path, which LLDB reads instead of asking for the bytes; empty when there is none.
    void announce(const Module& module, std::string path);
    /// Whether a client has come that launched this process, as LLDB's `process launch` does. Then a terminal that this process
    /// prints to is the client's, and with `OneCall` or `OneFreeCall` the guest ends when the client leaves. From any
    /// thread.
    bool is_launched_by_client() const;
    /// Shows what the guest prints in the client's window. Call it on the guest's thread: it waits
    /// while the client has too much to read, but not when the guest is interrupted or ended.
    void send_output(std::span<const std::byte> bytes);
    /// Closes the door, as the destructor does: tells the client, and waits for at most ten seconds
    /// while the client reads what is left. Returns the bytes of output that could not be sent
    /// because the client did not read them.
    std::size_t close();
    /// What LLDB 22 has to be told to debug this module here, and others that run beside it: its commands, in order.
    std::vector<std::string> lldb_commands(const Module& module, std::span<const Module> others = {}) const;
    /// Waits until a client has come and has let the guest go on, so that its breakpoints are set.
    void wait_for_client();

private:
    friend vitrine::detail::Access;
    GdbServer() = default;
    std::unique_ptr<detail::GdbServerBody> body_;
};

} // namespace vitrine::debug
