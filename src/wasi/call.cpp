// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call.h"

#include "wasi/preview1.h"

#include <algorithm>
#include <climits>
#include <limits>

namespace vitrine::core::wasi {

Errno errno_of(int host)
{
    switch (host) {
    case 0: return Errno::Success;
#define ERRNO(name, host) \
    case host: return Errno::name;
#include "wasi/errno.inc"
    default: return Errno::Io;
    }
}

Answer<std::shared_ptr<File>> Call::file(Fd fd) const { return host.files().find(fd); }

Answer<std::span<uint8_t>> Call::bytes(Pointer at, uint64_t count) const
{
    const auto address = static_cast<uint32_t>(at);
    if (!memory_->contains(address, count))
        return refuse(Errno::Fault);
    return std::span(memory_->base() + address, count);
}

Answer<std::string> Call::path(Pointer at, Number length) const
{
    const auto from = TRY(bytes(at, length));
    if (length >= PATH_MAX)
        return refuse(Errno::Nametoolong);
    std::string path(text_of(from));
    if (path.contains('\0'))
        return refuse(Errno::Inval);
    return path;
}

Answer<Buffers> Buffers::of(Call& call, Pointer at, Number count)
{
    // The whole list first: its own place must be right whatever its length.
    (void)TRY(call.bytes(at, uint64_t { count } * 8));
    Buffers buffers(call, at, count);
    for (Number i = 0; i < count; ++i) {
        if (i != 0 && i % buffers_at_once == 0)
            CHECK(call.check_requests());
        buffers.size_ += TRY(buffers.buffer(i)).size();
    }
    if (buffers.size_ > std::numeric_limits<Number>::max())
        return refuse(Errno::Inval);
    CHECK(buffers.advance(0));
    return buffers;
}

Answer<std::span<uint8_t>> Buffers::buffer(Number index) const
{
    const auto item = TRY(call_->bytes(Pointer { static_cast<Number>(at_) + index * 8 }, 8));
    // Each number is read once: another thread may write it.
    return call_->bytes(load<Pointer>(item.data()), load<Number>(&item[4]));
}

Answer<std::span<const iovec>> Buffers::piece(size_t most)
{
    most = std::min(most, rest());
    piece_.clear();
    piece_bytes_ = 0;
    size_t skipped = skipped_;
    const Number end = next_ + std::min(count_ - next_, buffers_at_once);
    for (Number i = next_; i < end && piece_bytes_ < most && piece_.size() < IOV_MAX; ++i) {
        const auto whole = TRY(buffer(i));
        const auto left = whole.subspan(std::min(skipped, whole.size()));
        const auto part = left.first(std::min(left.size(), most - piece_bytes_));
        if (!part.empty())
            piece_.push_back({ part.data(), part.size() });
        piece_bytes_ += part.size();
        skipped = 0;
    }
    return std::span<const iovec>(piece_);
}

Answer<void> Buffers::advance(size_t bytes)
{
    done_ += bytes;
    skipped_ += bytes;
    // Empty buffers are passed too, so that the next piece begins with one that is not.
    for (Number passed = 1; next_ < count_ && rest() > 0; ++passed) {
        const size_t size = TRY(buffer(next_)).size();
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
        // Another thread has made the list shorter.
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
