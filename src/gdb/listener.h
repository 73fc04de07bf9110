// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <boost/asio.hpp>

#include <string>
#include <string_view>

#include <sys/types.h>

namespace vitrine::core::gdb {

/// TCP and Unix sockets alike.
using Protocol = boost::asio::generic::stream_protocol;
using Socket = Protocol::socket;
using Acceptor = boost::asio::basic_socket_acceptor<Protocol>;

/// The file of a Unix socket. Removed with the object, unless somebody has put another file there.
class SocketFile {
public:
    SocketFile() = default;
    /// Takes over the file that a socket has just been bound to.
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

/// What `listen` has opened.
struct Listening {
    /// `HOST:PORT`, or the absolute path of a Unix socket.
    std::string address;
    /// Whether only programs on this machine can connect.
    bool is_local = false;
    SocketFile file {};
};

/// Opens `acceptor` on an address: `HOST:PORT`, `[HOST]:PORT`, `PORT`, or the path of a Unix socket, which is told by a `/` in
/// it. The host defaults to 127.0.0.1; port 0 takes a free one. Only the user who runs this program can connect to
/// a Unix socket; a socket that a former program left behind is replaced.
Result<Listening> listen(Acceptor& acceptor, std::string_view address);

/// Keeps programs that this one starts from holding the socket open.
void close_on_exec(int descriptor);

} // namespace vitrine::core::gdb
