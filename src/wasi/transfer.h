// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/io.h"
#include "host/wait.h"
#include "wasi/buffers.h"

#include <algorithm>
#include <climits>
#include <span>
#include <vector>

// Transfers the bytes of a file from or to the guest's buffers, piece by piece.

namespace vitrine::core::wasi {

/// Calls `attempt` with the buffers from `piece`. As long as that fails with EAGAIN or EINTR, waits
/// until the file is ready and tries again. `attempt` is a function like those of host/io.h: it
/// does not block. The buffers are taken again after each wait, because the guest's memory may have
/// moved.
template<class Piece, class Attempt>
Answer<size_t> attempt_when_ready(
    Call& call, File& file, short events, const Piece& piece, const Attempt& attempt)
{
    for (;;) {
        const std::span<const iovec> buffers = TRY(piece());
        const host::Answer<size_t> size = attempt(buffers);
        if (size)
            return *size;
        if (size.error() != host::Errno(EAGAIN) && size.error() != host::Errno(EINTR))
            return refuse(number_of(size.error()));
        CHECK(host::wait_for(call, file, events));
    }
}

/// Transfers a message through a copy, for when the guest has it in more buffers than the host
/// accepts.
template<class Attempt>
Answer<size_t> exchange_copy(Call& call, File& file, Buffers& buffers, const Attempt& attempt)
{
    // No socket has longer messages.
    std::vector<std::byte> bytes(std::min(buffers.rest(), host::bytes_at_once));
    if (buffers.direction() == Direction::FromGuest) {
        if (buffers.rest() > bytes.size())
            return refuse(Errno::Msgsize);
        (void)TRY(buffers.gather(bytes));
    }
    const iovec whole { bytes.data(), bytes.size() };
    const auto piece = [&]() -> Answer<std::span<const iovec>> { return std::span(&whole, 1); };
    const size_t size = TRY(attempt_when_ready(call, file, buffers.events(), piece, attempt));
    if (buffers.direction() == Direction::ToGuest)
        (void)TRY(buffers.scatter(std::span<const std::byte>(bytes).first(std::min(size, bytes.size()))));
    return size;
}

/// Transfers one piece and advances in the guest's buffers.
template<class Attempt>
Answer<size_t> exchange(Call& call, File& file, Buffers& buffers, const Attempt& attempt)
{
    CHECK(host::check_direction(file, buffers.events()));
    if (file.keeps_messages() && buffers.count() > IOV_MAX)
        return exchange_copy(call, file, buffers, attempt);
    const size_t most = file.keeps_messages() ? SIZE_MAX : host::bytes_at_once;
    const auto piece = [&] { return buffers.piece(most); };
    const size_t size = TRY(attempt_when_ready(call, file, buffers.events(), piece, attempt));
    CHECK(buffers.advance(size));
    return size;
}

/// Whether a transfer continues until all buffers are done.
enum class Extent : uint8_t { Once, Whole };

/// Transfers piece by piece, and checks for requests to the guest in between. Stops early at the
/// end of the file. Also stops when a piece fails after others have succeeded: it then returns the
/// number of bytes done.
template<class Attempt>
Answer<size_t> transfer(Call& call, File& file, Buffers& buffers, Extent extent, const Attempt& attempt)
{
    for (;;) {
        const auto size = exchange(call, file, buffers, attempt);
        if (!size && (buffers.done() == 0 || call.trap))
            return refuse(size.error());
        // A file that never blocks only returns less than requested at its end.
        const bool is_end = size.value_or(0) == 0
            || (buffers.direction() == Direction::ToGuest && !file.may_wait()
                && *size < buffers.piece_bytes());
        if (is_end || buffers.rest() == 0 || extent == Extent::Once)
            return buffers.done();
        CHECK(call.check_requests());
    }
}

/// Writes all buffers. Where a write may block, writes pieces that fit once there is room. Returns
/// fewer bytes when a later piece fails.
Answer<size_t> write_all(Call& call, File& file, Buffers& buffers);

} // namespace vitrine::core::wasi
