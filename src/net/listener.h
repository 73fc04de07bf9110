// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "net/address.h"

#include <boost/asio.hpp>

#include <functional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace vitrine::core::net {

/// TCP and Unix sockets alike.
using Protocol = boost::asio::generic::stream_protocol;
using Socket = Protocol::socket;

/// The file of a Unix socket. Removed with the object, unless another file has taken its place.
class SocketFile {
public:
    SocketFile() = default;
    /// Takes over the file to which a socket has just been bound.
    explicit SocketFile(std::string path);
    ~SocketFile();
    SocketFile(SocketFile&& other) noexcept : SocketFile() { swap(other); }
    SocketFile& operator=(SocketFile&& other) noexcept
    {
        SocketFile(std::move(other)).swap(*this);
        return *this;
    }

private:
    void swap(SocketFile& other) noexcept;

    std::string path_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

/// A listening TCP or Unix socket. Runs on the thread of its `io_context`.
class Listener {
public:
    explicit Listener(boost::asio::io_context& io) : acceptor_(io), timer_(io) {}

    /// Listens on an address as `parse_address` takes it. Only the user who runs this program can
    /// connect to a Unix socket. The file of a socket on which nobody listens any more is replaced;
    /// any other file is an error.
    Result<void> open(std::string_view address);
    /// `HOST:PORT`, or the absolute path of a Unix socket.
    const std::string& address() const { return address_; }
    /// Whether only programs on this machine can connect.
    bool is_local() const { return is_local_; }

    /// Passes each connection to `take` until the listener is closed. If called again, the new
    /// `take` replaces the former one.
    void accept(std::function<void(Socket)> take);
    /// Removes the file, too.
    void close();

private:
    using Acceptor = boost::asio::basic_socket_acceptor<Protocol>;

    Result<void> open_port(const TcpAddress& address);
    Result<void> open_path(const SocketPath& address);
    void accept_next();

    Acceptor acceptor_;
    /// While no connection can be accepted, for want of descriptors.
    boost::asio::steady_timer timer_;
    std::function<void(Socket)> take_;
    std::string address_;
    bool is_local_ = false;
    SocketFile file_;
};

} // namespace vitrine::core::net
