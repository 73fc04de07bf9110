// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasi/call.h"
#include "wasi/files.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <mutex>
#include <optional>
#include <poll.h>
#include <span>
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

/// Calls `attempt` with what `piece` gives, and again when the file is ready for as long as it fails with EAGAIN or EINTR; it
/// answers as a system call does, and does not wait. Several threads of a guest take turns.
template<class Piece, class Attempt>
Answer<size_t> attempt_when_ready(
    Call& call, File& file, short events, const Piece& piece, const Attempt& attempt)
{
    for (;;) {
        const std::span<const iovec> buffers = TRY(piece());
        std::unique_lock turn(file.exchange, std::defer_lock);
        if (file.may_wait())
            turn.lock();
        const ssize_t size = attempt(buffers);
        const int error = errno;
        if (file.may_wait())
            turn.unlock();
        if (size >= 0)
            return static_cast<size_t>(size);
        if (error != EAGAIN && error != EINTR)
            return refuse(errno_of(error));
        CHECK(wait_for(call, file, events));
    }
}

/// Exchanges a copy of a message that the guest has in more buffers than the host takes.
template<class Attempt>
Answer<size_t> exchange_copy(Call& call, File& file, short events, Buffers& buffers, const Attempt& attempt)
{
    // No socket has longer messages.
    std::vector<std::byte> bytes(std::min(buffers.rest(), bytes_at_once));
    if (events == POLLOUT) {
        if (buffers.rest() > bytes.size())
            return refuse(Errno::Msgsize);
        (void)TRY(buffers.gather(bytes));
    }
    const iovec whole { bytes.data(), bytes.size() };
    const auto piece = [&]() -> Answer<std::span<const iovec>> { return std::span(&whole, 1); };
    const size_t size = TRY(attempt_when_ready(call, file, events, piece, attempt));
    if (events == POLLIN)
        (void)TRY(buffers.scatter(std::span<const std::byte>(bytes).first(std::min(size, bytes.size()))));
    return size;
}

/// One exchange with the guest's buffers, and an advance in them.
template<class Attempt>
Answer<size_t> exchange(Call& call, File& file, short events, Buffers& buffers, const Attempt& attempt)
{
    // The wrong end of a pipe is never ready.
    if (file.may_wait() && !(file.rights() & (events == POLLIN ? rights::fd_read : rights::fd_write)))
        return refuse(Errno::Badf);
    if (file.keeps_messages() && buffers.count() > IOV_MAX)
        return exchange_copy(call, file, events, buffers, attempt);
    const size_t most = file.keeps_messages() ? SIZE_MAX : bytes_at_once;
    const size_t size =
        TRY(attempt_when_ready(call, file, events, [&] { return buffers.piece(most); }, attempt));
    CHECK(buffers.advance(size));
    return size;
}

/// Whether a transfer goes on until all buffers are done.
enum class Extent : uint8_t { Once, Whole };

/// Transfers piece by piece, and looks at what was asked of the guest in between. Ends early, with what has been done, at the end
/// of the file and when the rest is refused.
template<class Attempt>
Answer<size_t> transfer(
    Call& call, File& file, short events, Buffers& buffers, Extent extent, const Attempt& attempt)
{
    for (;;) {
        const auto size = exchange(call, file, events, buffers, attempt);
        if (!size && (buffers.done() == 0 || call.trap))
            return refuse(size.error());
        // A file that need not wait gives less than it is asked for only at its end.
        const bool is_end =
            size.value_or(0) == 0 || (events == POLLIN && !file.may_wait() && *size < buffers.piece_bytes());
        if (is_end || buffers.rest() == 0 || extent == Extent::Once)
            return buffers.done();
        CHECK(call.check_requests());
    }
}

/// Writes all buffers: to what may have to wait, in pieces that fit once there is room. Fewer bytes when the rest is refused.
Answer<size_t> write_all(Call& call, File& file, Buffers& buffers);

} // namespace vitrine::core::wasi
