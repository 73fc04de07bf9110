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

static_assert(std::endian::native == std::endian::little, "the guest's numbers are read as they lie");

using host::File;
/// Bytes of the guest to be filled in, of which only those count that were written.
using Edit = Mutator::Edit;
class Preview1;

/// A checked stretch of the guest's memory, for results. Good for as long as the call, even if the memory moves.
class Room {
public:
    Room(Mutator& mutator, Memory& memory, Pointer at, uint64_t size)
        : mutator_(&mutator), memory_(&memory), at_(static_cast<uint32_t>(at)), size_(size)
    {}

    uint64_t size() const { return size_; }
    /// Writes bytes at an offset; they must fit.
    void put(uint64_t offset, Bytes bytes) const
    {
        ASSERT(offset <= size_ && bytes.size() <= size_ - offset);
        mutator_->write(Origin::Host, *memory_, at_ + offset, bytes);
    }
    /// The part at an offset, to be filled in.
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

/// The same for one number.
template<class T> class Out {
public:
    explicit Out(Room room) : room_(room) {}
    void put(T value) const { room_.put(0, { reinterpret_cast<const uint8_t*>(&value), sizeof value }); }

private:
    Room room_;
};

/// A function's view of who called it. Every address of the guest is checked here: one that is out of bounds is `Fault`.
class Call final : public host::Guest {
public:
    Call(Preview1& process, const HostCall& call, const Snapshot& snapshot, Memory* memory)
        : process(process), thread(call.thread), store(call.store), snapshot(snapshot), memory_(memory)
    {}

    Preview1& process;
    /// The guest thread that calls.
    Thread& thread;
    Store& store;
    const Snapshot& snapshot;
    /// Why the guest cannot go on, when the function ends so; its answer does not count then.
    std::optional<Trap> trap;

    Answer<std::shared_ptr<File>> file(Fd fd) const;
    /// Bytes that the guest gives, valid until it runs or waits. Another of its threads may change them.
    Answer<Bytes> in(Pointer at, uint64_t count) const;
    /// Where the guest gets results.
    Answer<Room> room(Pointer at, uint64_t count) const;
    template<class T> Answer<Out<T>> out(Pointer at) const { return Out<T>(TRY(room(at, sizeof(T)))); }
    /// A path of the guest; `Inval` when there is a NUL in it, which no path of the host can have.
    Answer<std::string> path(Pointer at, Number length) const;
    host::Path path_in(const File& folder, const std::string& name) const;
    /// To be called between the pieces of work that takes long: ends the function when the guest must not go on.
    Answer<void> check_requests();

    int wake_fd() override;
    /// False leaves the trap `Interrupted` here.
    bool may_go_on(bool is_woken) override;

private:
    Memory* memory_;
};

// The functions, one for each row of the table.
#define FUNCTION(name, ...) Answer<void> name(Call& call __VA_OPT__(, ) __VA_ARGS__);
#include "wasi/preview1.inc"

} // namespace vitrine::core::wasi
