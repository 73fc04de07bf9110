// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasi/call.h"
#include "wasi/files.h"

#include <cstdint>
#include <mutex>
#include <optional>
#include <poll.h>
#include <vector>

namespace vitrine::core::wasi {

/// Nanoseconds of a clock of the host.
uint64_t host_time(clockid_t clock);
/// Nanoseconds of a clock as the guest sees it.
uint64_t time_of(const Call& call, Clock clock);

/// Waits until one of the descriptors is ready or the host's monotonic clock reaches the deadline. Whoever runs the guest can wake it
/// meanwhile: a debugger may have a look, and the guest and its memory change. Ends with `Intr`, and a trap in the call, when the
/// guest must not go on.
Answer<void> wait(Call& call, std::vector<pollfd>& polled, std::optional<uint64_t> deadline);

/// Whether the file is ready for `events` (POLLIN, POLLOUT), or will never be; `errno` is EAGAIN when it is not.
bool is_ready(const File& file, short events);
/// Waits until it is: `Again` when the guest wants no waits.
Answer<void> wait_for(Call& call, const File& file, short events);

/// Calls `attempt` with the guest's buffers, and again when the file is ready for as long as it fails with EAGAIN or EINTR; it answers as
/// a system call does, and does not wait. Several threads of a guest take turns.
template<class Attempt>
Answer<size_t> exchange(
    Call& call, File& file, short events, Pointer at, Number count, const Attempt& attempt)
{
    // The wrong end of a pipe is never ready.
    if (file.may_wait() && !(file.rights() & (events == POLLIN ? rights::fd_read : rights::fd_write)))
        return refuse(Errno::Badf);
    for (;;) {
        const auto buffers = TRY(call.buffers(at, count));
        {
            std::unique_lock turn(file.exchange, std::defer_lock);
            if (file.may_wait())
                turn.lock();
            const ssize_t size = attempt(buffers);
            if (size >= 0)
                return static_cast<size_t>(size);
            if (errno != EAGAIN && errno != EINTR)
                return host_error();
        }
        CHECK(wait_for(call, file, events));
    }
}

/// Writes all buffers: to what may have to wait, in pieces that fit once there is room. Fewer bytes when the rest is refused.
Answer<size_t> write_all(Call& call, File& file, Pointer at, Number count);

} // namespace vitrine::core::wasi
