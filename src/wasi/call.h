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

/// At most `most` bytes of the buffers from the byte `from` on.
std::vector<iovec> part_of(std::span<const iovec> buffers, size_t from, size_t most);
size_t size_of(std::span<const iovec> buffers);

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
    /// The guest's vector of buffers, valid until it runs or waits. More than 4 GiB together are `Inval`.
    Answer<std::vector<iovec>> buffers(Pointer at, Number count) const;

private:
    Memory* memory_;
};

// The functions, one for each row of the table.
#define FUNCTION(name, ...) Answer<void> name(Call& call __VA_OPT__(, ) __VA_ARGS__);
#include "wasi/preview1.inc"

} // namespace vitrine::core::wasi
