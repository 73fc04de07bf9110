// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Debug servers, through which a debugger such as LLDB attaches to a debug session.
#pragma once

#include <vitrine/vitrine.hpp>

namespace vitrine::debug {

namespace detail {
struct GdbServerBody;
struct DapServerBody;
} // namespace detail

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

/// How a `DapServer` shows the guest.
struct DapOptions {
    /// What clients call the program, for example the path of its module.
    std::string name {};
    /// The path of a `vitrine` command, which is started to read debug information, in a process of
    /// its own. Without it, clients see no lines and variables of the source.
    std::string reader {};
};

/// Lets editors attach to a session, with the Debug Adapter Protocol: listens on a TCP port or a
/// Unix socket, and serves any number of clients at a time, each on threads of its own. Clients
/// attach without stopping the guest, and have breakpoints of their own. All are told of stops and
/// resumes, and each may resume the guest, unless a `GdbServer` has a client. When a client
/// disconnects, in whatever way, its breakpoints are removed; when the last one does, a stopped
/// guest is resumed. The session must outlive the server.
///
/// The session's calls also return at stops. `finish` leaves these to the clients.
class VITRINE_API DapServer {
public:
    /// Starts listening, at an address as `GdbServer` takes it. If that fails, `error` says why.
    DapServer(Session& session, std::string_view address, const DapOptions& options = {});
    static Result<DapServer> create(
        Session& session, std::string_view address, const DapOptions& options = {});
    ~DapServer();
    DapServer(DapServer&&) noexcept;
    DapServer& operator=(DapServer&&) noexcept;

    /// Why the server cannot be used. Null if it can.
    const Error* error() const;
    /// The address it listens on, as `HOST:PORT` or as the absolute path of the socket. Empty if it
    /// does not listen.
    std::string address() const;
    /// Whether only programs on this machine can connect.
    bool is_loopback() const;

    /// Tells clients about a module before an instance of it exists. `path` is the absolute path of
    /// its file, near which sources are looked for; empty if there is no such file.
    void announce(const Module& module, std::string path);
    /// Shows the guest's output in the clients. Must be called on the guest's thread. Blocks while
    /// a client has too much unread data, unless the guest is interrupted or ended.
    void send_output(std::span<const std::byte> bytes);
    /// Waits until a client has set its breakpoints (`configurationDone`).
    void wait_for_client();
    /// Returns how the call has ended whose first event this is: waits while clients have the guest
    /// stopped. A guest that is stopped without a client is resumed.
    Event finish(Session& session, Event event);
    /// Stops serving, as the destructor does. Tells the clients, and waits for some seconds while
    /// they read what is left. Returns the number of bytes of output that they did not read.
    std::size_t close();

private:
    friend vitrine::detail::Access;
    DapServer() = default;
    std::unique_ptr<detail::DapServerBody> body_;
};

} // namespace vitrine::debug
