// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/socket_calls.h"

#include "wasi/preview1.h"
#include "wasi/transfer.h"

#include <sys/socket.h>

// The functions sock_*: decode the guest's arguments, call the host, and store the results. The
// embedder supplies the sockets; others come from accepting on one of them.

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
    if (flags & ~fd_flags::nonblock || !listener->is_listening())
        return refuse(Errno::Inval);
    CHECK(call.process.files().check_room());
    auto connection = TRY(host::accept(call, *listener));
    connection->set_nonblocking(flags & fd_flags::nonblock);
    out.put(TRY(call.process.files().add(std::move(connection))));
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
    auto buffers = TRY(Buffers::of(call, Direction::ToGuest, iovs, count));
    const bool is_peek = flags & receive_flags::peek;
    bool is_truncated = false;
    const auto receive = [&](std::span<const iovec> piece) -> host::Answer<size_t> {
        const auto received = TRY(host::receive(*socket, piece, is_peek));
        is_truncated = received.is_truncated;
        return received.size;
    };
    const Extent extent = flags & receive_flags::wait_all && !is_peek ? Extent::Whole : Extent::Once;
    size_out.put(static_cast<Number>(TRY(transfer(call, *socket, buffers, extent, receive))));
    flags_out.put(is_truncated ? receive_flags::truncated : uint16_t { 0 });
    return {};
}

Answer<void> sock_send(Call& call, Fd fd, Pointer iovs, Number count, Number flags, Pointer result)
{
    const auto socket = TRY(socket_of(call, fd));
    const auto out = TRY(call.out<Number>(result));
    if (flags != 0)
        return refuse(Errno::Inval);
    auto buffers = TRY(Buffers::of(call, Direction::FromGuest, iovs, count));
    out.put(static_cast<Number>(TRY(write_all(call, *socket, buffers))));
    return {};
}

Answer<void> sock_shutdown(Call& call, Fd fd, Number how)
{
    constexpr int host_ways[] { SHUT_RD, SHUT_WR, SHUT_RDWR };
    const auto socket = TRY(socket_of(call, fd));
    if (how == 0 || how & ~shutdown_flags::all)
        return refuse(Errno::Inval);
    CHECK(host::shut_down(*socket, host_ways[how - 1]));
    return {};
}

} // namespace vitrine::core::wasi
