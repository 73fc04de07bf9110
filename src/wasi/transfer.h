// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/io.h"
#include "host/wait.h"
#include "wasi/buffers.h"

#include <algorithm>
#include <climits>
#include <span>
#include <vector>

// The bytes of a file, from or to the guest's buffers: what the host does with a piece at once, done until all of them are
// through.

namespace vitrine::core::wasi {

/// Calls `attempt` with what `piece` gives, and again when the file is ready for as long as it fails with EAGAIN or EINTR. It
/// answers as functions of host/io.h do, and does not wait. After a wait the guest's memory may be elsewhere.
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

/// Exchanges a copy of a message that the guest has in more buffers than the host takes.
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

/// One exchange with the guest's buffers, and an advance in them.
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

/// Whether a transfer goes on until all buffers are done.
enum class Extent : uint8_t { Once, Whole };

/// Transfers piece by piece, and looks at what was asked of the guest in between. Ends early, with what has been done, at the end
/// of the file and when the rest is refused.
template<class Attempt>
Answer<size_t> transfer(Call& call, File& file, Buffers& buffers, Extent extent, const Attempt& attempt)
{
    for (;;) {
        const auto size = exchange(call, file, buffers, attempt);
        if (!size && (buffers.done() == 0 || call.trap))
            return refuse(size.error());
        // A file that need not wait gives less than it is asked for only at its end.
        const bool is_end = size.value_or(0) == 0
            || (buffers.direction() == Direction::ToGuest && !file.may_wait()
                && *size < buffers.piece_bytes());
        if (is_end || buffers.rest() == 0 || extent == Extent::Once)
            return buffers.done();
        CHECK(call.check_requests());
    }
}

/// Writes all buffers: to what may have to wait, in pieces that fit once there is room. Fewer bytes when the rest is refused.
Answer<size_t> write_all(Call& call, File& file, Buffers& buffers);

} // namespace vitrine::core::wasi
