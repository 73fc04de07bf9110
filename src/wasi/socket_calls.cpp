// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/preview1.h"
#include "wasi/wait.h"

#include <sys/socket.h>

// What is done to sockets: the functions sock_*. All of them come from the embedder, or are accepted from one that does.

namespace vitrine::core::wasi {

namespace {

Answer<std::shared_ptr<File>> socket_of(Call& call, Fd fd)
{
    auto file = TRY(call.file(fd));
    if (!file->is_socket())
        return refuse(Errno::Notsock);
    return file;
}

/// The next connection, once there is one. Another process may take it away between our look and our call, so that the call must
/// not wait.
Answer<HostFd> accepted(Call& call, File& listener)
{
    for (;;) {
        {
            const std::lock_guard turn(listener.exchange);
            if (is_ready(listener, POLLIN)) {
                HostFd connection(::accept4(listener.host(), nullptr, nullptr, SOCK_CLOEXEC));
                if (connection)
                    return connection;
            }
            if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
                return host_error();
        }
        CHECK(wait_for(call, listener, POLLIN));
    }
}

} // namespace

Answer<void> sock_accept(Call& call, Fd fd, Number flags, Pointer result)
{
    const auto listener = TRY(socket_of(call, fd));
    const auto out = TRY(call.out<Fd>(result));
    if (flags & ~fd_flags::nonblock)
        return refuse(Errno::Inval);
    if (!(listener->rights() & rights::sock_accept))
        return refuse(Errno::Inval);
    CHECK(call.host.files().check_room());
    HostFd connection = TRY(accepted(call, *listener));
    const auto file = TRY(File::open(std::move(connection), false));
    file->set_nonblocking(flags & fd_flags::nonblock);
    out.put(TRY(call.host.files().add(file)));
    return {};
}

Answer<void> sock_recv(
    Call& call, Fd fd, Pointer iovs, Number count, Number flags, Pointer size_result, Pointer flags_result)
{
    const auto socket = TRY(socket_of(call, fd));
    const auto size_out = TRY(call.out<Number>(size_result));
    const auto flags_out = TRY(call.out<uint16_t>(flags_result));
    if (flags & ~receive_flags::all)
        return refuse(Errno::Inval);
    auto buffers = TRY(Buffers::of(call, iovs, count));
    const bool is_peek = flags & receive_flags::peek;
    bool is_truncated = false;
    const auto receive = [&](std::span<const iovec> piece) {
        msghdr message {};
        message.msg_iov = const_cast<iovec*>(piece.data());
        message.msg_iovlen = piece.size();
        const ssize_t got = ::recvmsg(socket->host(), &message, MSG_DONTWAIT | (is_peek ? MSG_PEEK : 0));
        is_truncated = message.msg_flags & MSG_TRUNC;
        return got;
    };
    const Extent extent = flags & receive_flags::wait_all && !is_peek ? Extent::Whole : Extent::Once;
    const size_t received = TRY(transfer(call, *socket, POLLIN, buffers, extent, receive));
    size_out.put(static_cast<Number>(received));
    flags_out.put(is_truncated ? receive_flags::truncated : uint16_t { 0 });
    return {};
}

Answer<void> sock_send(Call& call, Fd fd, Pointer iovs, Number count, Number flags, Pointer result)
{
    const auto socket = TRY(socket_of(call, fd));
    const auto out = TRY(call.out<Number>(result));
    if (flags != 0)
        return refuse(Errno::Inval);
    auto buffers = TRY(Buffers::of(call, iovs, count));
    out.put(static_cast<Number>(TRY(write_all(call, *socket, buffers))));
    return {};
}

Answer<void> sock_shutdown(Call& call, Fd fd, Number how)
{
    constexpr int host_ways[] { SHUT_RD, SHUT_WR, SHUT_RDWR };
    const auto socket = TRY(socket_of(call, fd));
    if (how == 0 || how & ~shutdown_flags::all)
        return refuse(Errno::Inval);
    return answer_of(::shutdown(socket->host(), host_ways[how - 1]));
}

} // namespace vitrine::core::wasi
