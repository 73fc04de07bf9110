// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "runtime/value.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

// The gate for writes. Every change to guest state that the guest does not make itself goes through
// this file, with its origin, and listeners are told. The tiers write guest state directly, and so
// do bulk operations and object allocation, which the guest requests.

namespace vitrine::core {

class Global;
class Memory;
class Store;
class Table;
struct Object;

/// On whose behalf guest state changes.
enum class Origin : uint8_t {
    /// The engine, as part of the guest's semantics. The same in every run of the same guest.
    Engine,
    /// A host function.
    Host,
    /// The embedder, through its API.
    Embedder,
    Debugger,
};

// What was changed: where, but not the values. The address of an entity is its identity.

struct MemoryBytes {
    const Memory* memory;
    uint64_t address;
    uint64_t count;
};
struct TableElements {
    const Table* table;
    uint64_t index;
    uint64_t count;
};
/// A field of a struct, an element of an array, or a value of an exception.
struct ObjectPart {
    const Object* object;
    uint32_t index;
};
/// The slots of a local or operand on a guest stack.
struct StackSlots {
    const Slot* slots;
    uint32_t count;
};
/// A memory that has grown.
struct GrownMemory {
    const Memory* memory;
    uint64_t old_pages;
};
/// A table that has grown.
struct GrownTable {
    const Table* table;
    uint32_t old_size;
};
using Mutation =
    std::variant<MemoryBytes, const Global*, TableElements, ObjectPart, StackSlots, GrownMemory, GrownTable>;

/// Told of each mutation right after it. Called on the thread that made it. Must not use the
/// mutator.
class MutationListener {
public:
    virtual void on_mutation(Origin origin, const Mutation& mutation) = 0;

protected:
    ~MutationListener() = default;
};

/// Changes the state of a store's entities. Locations must be in bounds and values must have the
/// right type: callers check and report errors.
class Mutator {
public:
    explicit Mutator(Store& store) : store_(store) {}
    Mutator(const Mutator&) = delete;
    Mutator& operator=(const Mutator&) = delete;

    /// Access to bytes of a memory that will be overwritten, for example by a system call. Writes
    /// take effect immediately; `commit` tells the listeners. Valid until the guest runs or the
    /// memory grows.
    class Edit {
    public:
        std::span<uint8_t> bytes() const { return bytes_; }
        /// Reports that the first `count` bytes have been written.
        void commit(uint64_t count) const;

    private:
        friend Mutator;
        Edit(Mutator& mutator, Origin origin, Memory& memory, uint64_t address, std::span<uint8_t> bytes)
            : mutator_(&mutator), origin_(origin), memory_(&memory), address_(address), bytes_(bytes)
        {}

        Mutator* mutator_;
        Origin origin_;
        Memory* memory_;
        uint64_t address_;
        std::span<uint8_t> bytes_;
    };

    void write(Origin origin, Memory& memory, uint64_t address, Bytes bytes);
    void fill(Origin origin, Memory& memory, uint64_t address, uint8_t value, uint64_t count);
    Edit edit(Origin origin, Memory& memory, uint64_t address, uint64_t count);
    void set(Origin origin, Global& global, const Value& value);
    void set(Origin origin, Table& table, uint64_t index, Ref value);
    void set(Origin origin, Object& object, uint32_t part, const Value& value);
    /// Writes the slots of a local or operand.
    void set(Origin origin, Slot* slots, std::span<const Slot> values);
    // See `Store::grow`.
    std::optional<uint64_t> grow(Origin origin, Memory& memory, uint64_t delta_pages);
    std::optional<uint32_t> grow(Origin origin, Table& table, uint64_t delta, Ref initial);

    /// Sets the listener, or removes it if null. May be called from any thread. As with
    /// `Thread::probe`, a host function or API call that is running at the same time may still use
    /// the previous listener.
    void set_listener(MutationListener* listener) { listener_.store(listener); }

private:
    void tell(Origin origin, const Mutation& mutation) const
    {
        if (MutationListener* const listener = listener_.load(std::memory_order_acquire))
            listener->on_mutation(origin, mutation);
    }

    Store& store_;
    std::atomic<MutationListener*> listener_ = nullptr;
};

/// Writes to a shared memory on behalf of a host thread that does not use a store with it. No
/// listener is told.
void write_shared(Memory& memory, uint64_t address, Bytes bytes);

} // namespace vitrine::core
