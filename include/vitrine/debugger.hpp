// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Debug servers, through which a debugger such as LLDB attaches to a debug session.
#pragma once

#include <vitrine/vitrine.hpp>

namespace vitrine::debug {

namespace detail {
struct GdbServerBody;
}

/// Lets LLDB attach to a session: listens on a TCP port or a Unix socket and serves one client at a
/// time, on a thread of its own. While a client is attached, it controls the guest: stops are
/// reported to the client, the session's own calls wait for the end of the guest, and resuming the
/// guest from a stop of the session is an error. The session must outlive the server.
class VITRINE_API GdbServer {
public:
    enum class Serves : std::uint8_t {
        /// The session makes any number of calls. Without a client, the guest runs as if there were
        /// no server.
        Embedder,
        /// The session makes one call. The end of the call is the end of the process for the
        /// client, and a stopped guest waits for a client.
        OneCall,
        /// Like `OneCall`, but the call does not wait for the first client. The session must still
        /// make it stop at its entry.
        OneFreeCall,
        /// Like `OneFreeCall`, beside other servers of the session: a client controls the guest
        /// only while it is attached. When the last client of all servers disconnects, the guest
        /// is resumed.
        OneSharedCall,
    };

    /// Starts listening. The address is `HOST:PORT`, `[HOST]:PORT`, `PORT`, or the path of a Unix
    /// socket, which contains a `/` or ends in `.sock`. The host defaults to 127.0.0.1. Port 0
    /// stands for any free port. Only programs of the same user can connect to a Unix socket. Its
    /// file is removed with the server; the file of a socket on which nobody listens is replaced.
    /// If the server cannot listen, or another server controls the guest, `error` says why.
    GdbServer(Session& session, std::string_view address, Serves serves = Serves::Embedder);
    static Result<GdbServer> create(
        Session& session, std::string_view address, Serves serves = Serves::Embedder);
    ~GdbServer();
    GdbServer(GdbServer&&) noexcept;
    GdbServer& operator=(GdbServer&&) noexcept;

    /// Why the server cannot be used. Null if it can.
    const Error* error() const;
    /// The address it listens on, as `HOST:PORT` or as the absolute path of the socket. Empty if it
    /// does not listen.
    std::string address() const;
    /// Whether only programs on this machine can connect.
    bool is_loopback() const;

    /// Tells clients about a module before an instance of it exists. `path` is the absolute path of
    /// its file, which LLDB reads instead of fetching the bytes from the server; empty if there is
    /// no such file.
    void announce(const Module& module, std::string path);
    /// Whether a client has connected that launched this process, as LLDB's `process launch` does.
    /// The terminal that this process prints to then belongs to the client, and with `OneCall` or
    /// `OneFreeCall` the guest is killed when the client disconnects. May be called from any
    /// thread.
    bool is_launched_by_client() const;
    /// Shows the guest's output in the client. Must be called on the guest's thread. Blocks while
    /// the client has too much unread data, unless the guest is interrupted or ended.
    void send_output(std::span<const std::byte> bytes);
    /// Stops serving, as the destructor does. Tells the client, and waits for up to ten seconds
    /// while the client reads what is left. Returns the number of bytes of output that were not
    /// sent because the client did not read them.
    std::size_t close();
    /// The LLDB 22 commands that set up debugging of this module through this server, in order.
    /// `others` are further modules that run beside it.
    std::vector<std::string> lldb_commands(const Module& module, std::span<const Module> others = {}) const;
    /// Waits until a client has connected and resumed the guest, so that its breakpoints are set.
    void wait_for_client();

private:
    friend vitrine::detail::Access;
    GdbServer() = default;
    std::unique_ptr<detail::GdbServerBody> body_;
};

} // namespace vitrine::debug
