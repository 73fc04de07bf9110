// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasi/call.h"

#include <poll.h>
#include <span>
#include <sys/uio.h>
#include <vector>

namespace vitrine::core::wasi {

/// The number of buffers that are examined between two checks for requests; most of them may be
/// empty.
inline constexpr Number buffers_at_once = 1 << 16;

/// Whether the guest's buffers are filled or written out. The values are the poll events of a file
/// that is ready for this.
enum class Direction : short { ToGuest = POLLIN, FromGuest = POLLOUT };

/// The guest's vector of buffers, processed piece by piece: the host never copies the whole vector.
/// Each buffer is checked again when it is used, because other threads may change the vector, so a
/// piece never lies outside of the guest's memory.
class Buffers {
public:
    /// Checks all buffers. `Fault` if one is out of bounds, `Inval` if they have more than 4 GiB
    /// together.
    static Answer<Buffers> of(Call& call, Direction direction, Pointer at, Number count);

    /// The next piece of what is left: at most IOV_MAX buffers and `most` bytes. Valid until the
    /// guest runs or waits, and until the next call.
    Answer<std::span<const iovec>> piece(size_t most);
    /// The number of bytes in the last piece.
    size_t piece_bytes() const { return piece_bytes_; }
    /// Must be called after the first `bytes` bytes of the last piece have been transferred. Only
    /// these have changed in the guest's memory.
    Answer<void> advance(size_t bytes);

    /// Copies the next bytes from or to the guest, as many as both sides have room for, and
    /// advances. Returns the number of bytes.
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

    /// A buffer of the vector, as the guest gives it.
    struct Buffer {
        Pointer at;
        Number size;
    };
    /// Reads and checks one buffer.
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
    /// The first buffer that is not complete, and how many of its bytes are done.
    Number next_ = 0;
    size_t skipped_ = 0;
    std::vector<iovec> piece_;
    /// With `ToGuest`: the edits for the piece's buffers.
    std::vector<Edit> edits_;
    size_t piece_bytes_ = 0;
};

} // namespace vitrine::core::wasi
