// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/buffers.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <limits>

namespace vitrine::core::wasi {

Answer<Buffers> Buffers::of(Call& call, Direction direction, Pointer at, Number count)
{
    // Check the list's own range first, whatever its length.
    (void)TRY(call.in(at, uint64_t { count } * 8));
    Buffers buffers(call, direction, at, count);
    for (Number i = 0; i < count; ++i) {
        if (i != 0 && i % buffers_at_once == 0)
            CHECK(call.check_requests());
        buffers.size_ += TRY(buffers.buffer(i)).size;
    }
    if (buffers.size_ > std::numeric_limits<Number>::max())
        return refuse(Errno::Inval);
    CHECK(buffers.pass(0));
    return buffers;
}

Answer<Buffers::Buffer> Buffers::buffer(Number index) const
{
    const auto item = TRY(call_->in(Pointer { static_cast<Number>(at_) + index * 8 }, 8));
    // Read each number once, because another thread may change it.
    const Buffer buffer { load<Pointer>(item.data()), load<Number>(&item[4]) };
    (void)TRY(call_->in(buffer.at, buffer.size));
    return buffer;
}

Answer<void> Buffers::add_to_piece(Buffer part)
{
    if (direction_ == Direction::ToGuest) {
        edits_.push_back(TRY(call_->room(part.at, part.size)).edit(0, part.size));
        piece_.push_back({ edits_.back().bytes().data(), part.size });
    } else {
        piece_.push_back({ const_cast<uint8_t*>(TRY(call_->in(part.at, part.size)).data()), part.size });
    }
    piece_bytes_ += part.size;
    return {};
}

Answer<std::span<const iovec>> Buffers::piece(size_t most)
{
    most = std::min(most, rest());
    piece_.clear();
    edits_.clear();
    piece_bytes_ = 0;
    size_t skipped = skipped_;
    const Number end = next_ + std::min(count_ - next_, buffers_at_once);
    for (Number i = next_; i < end && piece_bytes_ < most && piece_.size() < IOV_MAX; ++i) {
        const Buffer whole = TRY(buffer(i));
        const auto gone = static_cast<Number>(std::min<size_t>(skipped, whole.size));
        const auto size = static_cast<Number>(std::min<size_t>(whole.size - gone, most - piece_bytes_));
        if (size != 0)
            CHECK(add_to_piece({ Pointer { static_cast<Number>(whole.at) + gone }, size }));
        skipped = 0;
    }
    return std::span<const iovec>(piece_);
}

Answer<void> Buffers::advance(size_t bytes)
{
    size_t rest = bytes;
    for (const Edit& edit : edits_) {
        const size_t size = std::min(rest, edit.bytes().size());
        if (size == 0)
            break;
        edit.commit(size);
        rest -= size;
    }
    edits_.clear();
    return pass(bytes);
}

/// Moves past the next bytes.
Answer<void> Buffers::pass(size_t bytes)
{
    done_ += bytes;
    skipped_ += bytes;
    // Also pass empty buffers, so that the next piece begins with a buffer that is not empty.
    for (Number passed = 1; next_ < count_ && rest() > 0; ++passed) {
        const size_t size = TRY(buffer(next_)).size;
        if (skipped_ < size)
            break;
        skipped_ -= size;
        ++next_;
        if (passed % buffers_at_once == 0)
            CHECK(call_->check_requests());
    }
    return {};
}

template<class Copy> Answer<size_t> Buffers::copy(size_t most, const Copy& copy)
{
    size_t copied = 0;
    while (copied < most && rest() > 0) {
        size_t at = copied;
        for (const iovec& part : TRY(piece(most - copied))) {
            copy(at, part);
            at += part.iov_len;
        }
        // Another thread may have made the buffers shorter.
        if (at == copied)
            break;
        CHECK(advance(at - copied));
        copied = at;
    }
    return copied;
}

Answer<size_t> Buffers::gather(std::span<std::byte> to)
{
    return copy(to.size(),
        [&](size_t at, const iovec& part) { std::memcpy(to.data() + at, part.iov_base, part.iov_len); });
}

Answer<size_t> Buffers::scatter(std::span<const std::byte> from)
{
    return copy(from.size(),
        [&](size_t at, const iovec& part) { std::memcpy(part.iov_base, from.data() + at, part.iov_len); });
}

} // namespace vitrine::core::wasi
