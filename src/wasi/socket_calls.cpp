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
    HostFd connection;
    while (!connection) {
        CHECK(wait_for(call, *listener, POLLIN));
        const std::lock_guard turn(listener->exchange);
        if (is_ready(*listener, POLLIN))
            connection = HostFd(::accept4(listener->host(), nullptr, nullptr, SOCK_CLOEXEC));
        else
            continue;
        if (!connection && errno != EAGAIN && errno != EINTR)
            return host_error();
    }
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
    const bool is_peek = flags & receive_flags::peek;
    bool is_truncated = false;
    size_t size = 0, received = 0;
    do {
        const auto more = exchange(call, *socket, POLLIN, iovs, count, [&](std::span<const iovec> buffers) {
            size = size_of(buffers);
            auto rest = part_of(buffers, received, size);
            msghdr message {};
            message.msg_iov = rest.data();
            message.msg_iovlen = rest.size();
            const ssize_t got = ::recvmsg(socket->host(), &message, MSG_DONTWAIT | (is_peek ? MSG_PEEK : 0));
            is_truncated = message.msg_flags & MSG_TRUNC;
            return got;
        });
        if (!more && (received == 0 || call.trap))
            return refuse(more.error());
        if (more.value_or(0) == 0)
            break;
        received += *more;
    } while (received < size && flags & receive_flags::wait_all && !is_peek);
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
    out.put(static_cast<Number>(TRY(write_all(call, *socket, iovs, count))));
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
