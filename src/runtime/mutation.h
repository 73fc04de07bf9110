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
// here, with its origin, and a listener is told of it. The tiers write guest state directly, as do
// bulk operations and object allocation, which the guest asks for.

namespace vitrine::core {

class Global;
class Memory;
class Store;
class Table;
struct Object;

/// On whose behalf guest state changes.
enum class Origin : uint8_t {
    /// The engine's own part in the guest's semantics: the same in every run, given the same guest.
    Engine,
    /// A host function.
    Host,
    /// The embedder, through its API.
    Embedder,
    Debugger,
};

// What was changed: where, never with which value. The address of an entity is its identity.

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
/// A field, an element, or a value of an exception.
struct ObjectPart {
    const Object* object;
    uint32_t index;
};
/// A local or an operand: its slots on a guest stack.
struct StackSlots {
    const Slot* slots;
    uint32_t count;
};
/// A memory that has more pages than before.
struct GrownMemory {
    const Memory* memory;
    uint64_t old_pages;
};
/// A table that has more elements than before.
struct GrownTable {
    const Table* table;
    uint32_t old_size;
};
using Mutation =
    std::variant<MemoryBytes, const Global*, TableElements, ObjectPart, StackSlots, GrownMemory, GrownTable>;

/// Hears of each mutation, right after it. Called on the thread that made it, and must not use the mutator.
class MutationListener {
public:
    virtual void on_mutation(Origin origin, const Mutation& mutation) = 0;

protected:
    ~MutationListener() = default;
};

/// Changes the state of a store's entities. Places must exist and values be of the place's type: callers check and report.
class Mutator {
public:
    explicit Mutator(Store& store) : store_(store) {}
    Mutator(const Mutator&) = delete;
    Mutator& operator=(const Mutator&) = delete;

    /// Bytes of a memory to be filled in, by a system call for instance. They change when they are written; listeners hear of
    /// those that are committed. Valid until the guest runs or the memory grows.
    class Edit {
    public:
        std::span<uint8_t> bytes() const { return bytes_; }
        /// The first `count` bytes have been written.
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
    /// A local or an operand: its slots, and what they are to hold.
    void set(Origin origin, Slot* slots, std::span<const Slot> values);
    // As those of the store.
    std::optional<uint64_t> grow(Origin origin, Memory& memory, uint64_t delta_pages);
    std::optional<uint32_t> grow(Origin origin, Table& table, uint64_t delta, Ref initial);

    /// Who hears of mutations from now on, or null; from any thread. As with `Thread::probe`, a host function or a call of
    /// the embedder's that runs meanwhile may still be using the former one.
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

/// Writes to a shared memory on behalf of a host thread that uses no store of it: no listener hears.
void write_shared(Memory& memory, uint64_t address, Bytes bytes);

} // namespace vitrine::core
