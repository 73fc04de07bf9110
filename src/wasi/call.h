// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "host/file.h"
#include "host/path_calls.h"
#include "host/wait.h"
#include "runtime/store.h"
#include "wasi/abi.h"

#include <bit>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace vitrine::core::wasi {

static_assert(std::endian::native == std::endian::little,
    "guest memory is read and written in the byte order of the host");

using host::File;
/// Bytes of the guest that are being written. Only those that are committed count.
using Edit = Mutator::Edit;
class Preview1;

/// A checked range of the guest's memory for results. Valid during the whole call, even if the
/// memory moves.
class Room {
public:
    Room(Mutator& mutator, Memory& memory, Pointer at, uint64_t size)
        : mutator_(&mutator), memory_(&memory), at_(static_cast<uint32_t>(at)), size_(size)
    {}

    uint64_t size() const { return size_; }
    /// Writes bytes at an offset. They must fit.
    void put(uint64_t offset, Bytes bytes) const
    {
        ASSERT(offset <= size_ && bytes.size() <= size_ - offset);
        mutator_->write(Origin::Host, *memory_, at_ + offset, bytes);
    }
    /// A part of the range, to be filled in.
    Edit edit(uint64_t offset, uint64_t count) const
    {
        ASSERT(offset <= size_ && count <= size_ - offset);
        return mutator_->edit(Origin::Host, *memory_, at_ + offset, count);
    }

private:
    Mutator* mutator_;
    Memory* memory_;
    uint64_t at_;
    uint64_t size_;
};

/// A checked range for a single number.
template<class T> class Out {
public:
    explicit Out(Room room) : room_(room) {}
    void put(T value) const { room_.put(0, { reinterpret_cast<const uint8_t*>(&value), sizeof value }); }

private:
    Room room_;
};

/// A call of a WASI function. Every address that the guest passes is checked here; the result is
/// `Fault` if it is out of bounds.
class Call final : public host::Guest {
public:
    Call(Preview1& process, const HostCall& call, const Snapshot& snapshot, Memory* memory)
        : process(process), thread(call.thread), store(call.store), snapshot(snapshot), memory_(memory)
    {}

    Preview1& process;
    /// The guest thread that makes the call.
    Thread& thread;
    Store& store;
    const Snapshot& snapshot;
    /// The trap that ends the guest, if the function ends this way. Its return value is then
    /// ignored.
    std::optional<Trap> trap;

    Answer<std::shared_ptr<File>> file(Fd fd) const;
    /// The guest's bytes in a range, valid until the guest runs or waits. Its other threads may
    /// change them at any time.
    Answer<Bytes> in(Pointer at, uint64_t count) const;
    /// A range for results.
    Answer<Room> room(Pointer at, uint64_t count) const;
    template<class T> Answer<Out<T>> out(Pointer at) const { return Out<T>(TRY(room(at, sizeof(T)))); }
    /// A path of the guest. `Inval` if it contains a NUL, which no host path can.
    Answer<std::string> path(Pointer at, Number length) const;
    host::Path path_in(const File& folder, const std::string& name) const;
    /// Call this between the pieces of a long operation. Fails when the guest must end.
    Answer<void> check_requests();

    int wake_fd() override;
    /// Sets `trap` to `Interrupted` when it returns false.
    bool may_go_on(bool is_woken) override;

private:
    Memory* memory_;
};

// The functions, one for each row of the table.
#define FUNCTION(name, ...) Answer<void> name(Call& call __VA_OPT__(, ) __VA_ARGS__);
#include "wasi/preview1.inc"

} // namespace vitrine::core::wasi
