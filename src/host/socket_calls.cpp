// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/socket_calls.h"

#include "base/result.h"

#include <sys/socket.h>

namespace vitrine::core::host {

Answer<std::shared_ptr<File>> accept(Guest& guest, File& listener)
{
    // Another process may take the connection between our check and our call, so the call must not
    // block.
    for (;;) {
        {
            const std::lock_guard turn(listener.exchange);
            if (is_ready(listener, POLLIN)) {
                HostFd connection(::accept4(listener.descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
                if (connection)
                    return File::open(std::move(connection), false);
            }
            if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
                return system_error();
        }
        CHECK(wait_for(guest, listener, POLLIN));
    }
}

Answer<Received> receive(File& socket, std::span<const iovec> to, bool is_peek)
{
    const std::lock_guard turn(socket.exchange);
    msghdr message {};
    message.msg_iov = const_cast<iovec*>(to.data());
    message.msg_iovlen = to.size();
    const ssize_t size = ::recvmsg(socket.descriptor(), &message, MSG_DONTWAIT | (is_peek ? MSG_PEEK : 0));
    if (size < 0)
        return system_error();
    return Received { static_cast<size_t>(size), (message.msg_flags & MSG_TRUNC) != 0 };
}

Answer<void> shut_down(File& socket, int how) { return answer_of(::shutdown(socket.descriptor(), how)); }

} // namespace vitrine::core::host
