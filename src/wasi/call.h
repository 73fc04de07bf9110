// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "runtime/instance.h"
#include "wasi/files.h"

#include <bit>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <sys/uio.h>
#include <vector>

namespace vitrine::core::wasi {

static_assert(std::endian::native == std::endian::little, "the guest's numbers are read as they lie");

class Preview1;

/// A place in the guest's memory that was checked, for a result. Good for as long as the call, even if the memory moves.
template<class T> class Out {
public:
    Out(Memory& memory, Pointer at) : memory_(&memory), at_(static_cast<uint32_t>(at)) {}
    void put(T value) const { std::memcpy(memory_->base() + at_, &value, sizeof value); }

private:
    Memory* memory_;
    uint32_t at_;
};

/// A function's view of who called it. Every address of the guest is checked here: one that is out of bounds is `Fault`.
class Call {
public:
    Call(Preview1& host, Store& store, const Snapshot& snapshot, Memory* memory)
        : host(host), store(store), snapshot(snapshot), memory_(memory)
    {}

    Preview1& host;
    Store& store;
    const Snapshot& snapshot;
    /// Why the guest cannot go on, when the function ends so; its answer does not count then.
    std::optional<Trap> trap;

    Answer<std::shared_ptr<File>> file(Fd fd) const;
    /// Bytes of the guest, valid until it runs or waits.
    Answer<std::span<uint8_t>> bytes(Pointer at, uint64_t count) const;
    template<class T> Answer<Out<T>> out(Pointer at) const
    {
        if (auto checked = bytes(at, sizeof(T)); !checked)
            return refuse(checked.error());
        return Out<T>(*memory_, at);
    }
    /// A path of the guest; `Inval` when there is a NUL in it, which no path of the host can have.
    Answer<std::string> path(Pointer at, Number length) const;
    /// Ends the function with `Intr`, and a trap here, when the guest must not go on. To be called between the pieces of work
    /// that takes long; meanwhile a debugger may have a look, and the guest's memory may change and move.
    Answer<void> check_requests();

private:
    Memory* memory_;
};

/// What a function does between two looks at what was asked of the guest: so many bytes at most are transferred, filled or
/// copied at once.
inline constexpr size_t bytes_at_once = size_t { 1 } << 20;
/// The same for buffers of a vector, most of which may be empty.
inline constexpr Number buffers_at_once = 1 << 16;

/// The guest's vector of buffers, taken piece by piece: however long the vector is, the host keeps no copy of it. A list that
/// other threads change meanwhile is checked again, so that a piece never leaves the guest's memory.
class Buffers {
public:
    /// Checks all buffers: one that is out of bounds is `Fault`, more than 4 GiB together are `Inval`.
    static Answer<Buffers> of(Call& call, Pointer at, Number count);

    /// At most IOV_MAX buffers of what is left, and at most `most` bytes. Valid until the guest runs or waits, and until the
    /// next call.
    Answer<std::span<const iovec>> piece(size_t most);
    /// The bytes of the last piece.
    size_t piece_bytes() const { return piece_bytes_; }
    /// The next `bytes` bytes have been transferred.
    Answer<void> advance(size_t bytes);

    /// Copies what comes next from or to the guest, as far as there is room in both, and advances. Answers how much.
    Answer<size_t> gather(std::span<std::byte> to);
    Answer<size_t> scatter(std::span<const std::byte> from);

    Number count() const { return count_; }
    size_t done() const { return done_; }
    size_t rest() const { return size_ - done_; }

private:
    Buffers(Call& call, Pointer at, Number count) : call_(&call), at_(at), count_(count) {}

    /// A buffer of the list, checked.
    Answer<std::span<uint8_t>> buffer(Number index) const;
    template<class Copy> Answer<size_t> copy(size_t most, const Copy& copy);

    Call* call_;
    Pointer at_;
    Number count_;
    size_t size_ = 0;
    size_t done_ = 0;
    /// The first buffer that is not done, and how much of it is.
    Number next_ = 0;
    size_t skipped_ = 0;
    std::vector<iovec> piece_;
    size_t piece_bytes_ = 0;
};

// The functions, one for each row of the table.
#define FUNCTION(name, ...) Answer<void> name(Call& call __VA_OPT__(, ) __VA_ARGS__);
#include "wasi/preview1.inc"

} // namespace vitrine::core::wasi
