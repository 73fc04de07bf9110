// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasi/call.h"

#include <poll.h>
#include <span>
#include <sys/uio.h>
#include <vector>

namespace vitrine::core::wasi {

/// Buffers of a vector that are looked at between two looks at what was asked of the guest; most of them may be empty.
inline constexpr Number buffers_at_once = 1 << 16;

/// Whether the guest's buffers are filled, or give what is written. The values are the events of a file that is ready for it.
enum class Direction : short { ToGuest = POLLIN, FromGuest = POLLOUT };

/// The guest's vector of buffers, taken piece by piece: however long the vector is, the host keeps no copy of it. A list that
/// other threads change meanwhile is checked again, so that a piece never leaves the guest's memory.
class Buffers {
public:
    /// Checks all buffers: one that is out of bounds is `Fault`, more than 4 GiB together are `Inval`.
    static Answer<Buffers> of(Call& call, Direction direction, Pointer at, Number count);

    /// At most IOV_MAX buffers of what is left, and at most `most` bytes. Valid until the guest runs or waits, and until the
    /// next call.
    Answer<std::span<const iovec>> piece(size_t most);
    /// The bytes of the last piece.
    size_t piece_bytes() const { return piece_bytes_; }
    /// The first `bytes` bytes of the last piece have been transferred: in the guest's memory they alone have changed.
    Answer<void> advance(size_t bytes);

    /// Copies what comes next from or to the guest, as far as there is room in both, and advances. Answers how much.
    Answer<size_t> gather(std::span<std::byte> to);
    Answer<size_t> scatter(std::span<const std::byte> from);

    Direction direction() const { return direction_; }
    short events() const { return static_cast<short>(direction_); }
    Number count() const { return count_; }
    size_t done() const { return done_; }
    size_t rest() const { return size_ - done_; }

private:
    Buffers(Call& call, Direction direction, Pointer at, Number count)
        : call_(&call), direction_(direction), at_(at), count_(count)
    {}

    /// A buffer of the list, as the guest gives it.
    struct Buffer {
        Pointer at;
        Number size;
    };
    /// Checked.
    Answer<Buffer> buffer(Number index) const;
    /// Adds a part of a buffer to the piece.
    Answer<void> add_to_piece(Buffer part);
    Answer<void> pass(size_t bytes);
    template<class Copy> Answer<size_t> copy(size_t most, const Copy& copy);

    Call* call_;
    Direction direction_;
    Pointer at_;
    Number count_;
    size_t size_ = 0;
    size_t done_ = 0;
    /// The first buffer that is not done, and how much of it is.
    Number next_ = 0;
    size_t skipped_ = 0;
    std::vector<iovec> piece_;
    /// The piece's buffers, where they are filled.
    std::vector<Edit> edits_;
    size_t piece_bytes_ = 0;
};

} // namespace vitrine::core::wasi
