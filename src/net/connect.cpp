// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "net/connect.h"

#include "net/address.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <variant>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace vitrine::core::net {

namespace {

constexpr int patience = 5000;

/// Connects a socket that does not block, and makes it block afterwards. 0, or what went wrong.
int connect_within_patience(int socket, const sockaddr* address, socklen_t size)
{
    if (::connect(socket, address, size) != 0) {
        // A Unix socket whose server has too many callers says EAGAIN.
        if (errno != EINPROGRESS)
            return errno;
        pollfd polled { socket, POLLOUT, 0 };
        if (::poll(&polled, 1, patience) <= 0)
            return ETIMEDOUT;
        int error = 0;
        socklen_t length = sizeof error;
        if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0)
            return error != 0 ? error : errno;
    }
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) & ~O_NONBLOCK);
    return 0;
}

Descriptor new_socket(int family)
{
    return Descriptor(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

std::unexpected<Error> cannot_connect(std::string_view address, std::string_view why)
{
    return failure("cannot connect to " + std::string(address) + ": " + std::string(why));
}

Result<Descriptor> connect_to_path(const std::string& path)
{
    sockaddr_un address { .sun_family = AF_UNIX, .sun_path = {} };
    if (path.size() >= sizeof address.sun_path)
        return cannot_connect(path, "the path is too long for a Unix socket");
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    Descriptor socket = new_socket(AF_UNIX);
    const int error = socket ? connect_within_patience(socket.number(),
                                   reinterpret_cast<const sockaddr*>(&address), sizeof address)
                             : errno;
    if (error != 0)
        return cannot_connect(path, std::strerror(error));
    return socket;
}

Result<Descriptor> connect_to_port(const TcpAddress& address, std::string_view text)
{
    const addrinfo hints { .ai_flags = AI_NUMERICSERV,
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_protocol = 0,
        .ai_addrlen = 0,
        .ai_addr = nullptr,
        .ai_canonname = nullptr,
        .ai_next = nullptr };
    addrinfo* list = nullptr;
    const int problem =
        ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &list);
    if (problem != 0)
        return cannot_connect(text, ::gai_strerror(problem));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(list, &::freeaddrinfo);
    int error = EADDRNOTAVAIL;
    for (const addrinfo* each = list; each; each = each->ai_next) {
        Descriptor socket = new_socket(each->ai_family);
        error = socket ? connect_within_patience(socket.number(), each->ai_addr, each->ai_addrlen) : errno;
        if (error != 0)
            continue;
        // Messages are small and many.
        const int on = 1;
        ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return socket;
    }
    return cannot_connect(text, std::strerror(error));
}

} // namespace

Descriptor::~Descriptor()
{
    if (number_ >= 0)
        ::close(number_);
}

Result<Descriptor> connect_to(std::string_view address)
{
    const Address parsed = TRY(parse_address(address));
    if (const auto* path = std::get_if<SocketPath>(&parsed))
        return connect_to_path(path->path);
    return connect_to_port(std::get<TcpAddress>(parsed), address);
}

} // namespace vitrine::core::net
