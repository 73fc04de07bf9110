// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Globals, memories, tables and tags of a store.
#pragma once

#include <vitrine/engine.hpp>
#include <vitrine/value.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace vitrine {

/// A global variable.
class VITRINE_API Global : public detail::Handle {
public:
    /// Creates a global with an initial value.
    static Result<Global> create(Store& store, GlobalType type, const Val& value);
    GlobalType type() const;
    /// The value. If the store is gone or cannot be used at the moment, returns a value of kind
    /// `None` without saying why; `try_get` returns the error instead.
    Val get() const;
    Result<Val> try_get() const;
    /// Fails if the global is immutable or the value has the wrong type.
    Result<void> set(const Val& value) const;
    /// Like `set`, but also works on immutable globals. Fails if `guest_debug` is off.
    Result<void> debug_set(const Val& value) const;

private:
    friend detail::Access;
};

/// A linear memory that is not shared. Addresses and sizes are in bytes unless noted otherwise. A
/// read or write that is partly out of bounds fails and transfers nothing.
class VITRINE_API Memory : public detail::Handle {
public:
    /// Creates a zeroed memory of `type.min` pages. Fails if `type.is_shared` is set.
    static Result<Memory> create(Store& store, MemoryType type);
    MemoryType type() const;
    /// Size in bytes. Returns 0 if the store is gone or cannot be used at the moment; `try_size`
    /// returns the error instead.
    std::uint64_t size() const;
    Result<std::uint64_t> try_size() const;
    Result<void> read(std::uint64_t address, std::span<std::byte> to) const;
    Result<void> write(std::uint64_t address, std::span<const std::byte> from) const;
    Result<void> fill(std::uint64_t address, std::uint64_t count, std::byte value) const;
    /// Grows the memory by `pages` pages (see `MemoryType`). Returns the old size in pages.
    Result<std::uint64_t> grow(std::uint64_t pages) const;
    /// Whether the contents can move when the memory grows. If not, the address of `data` stays the
    /// same as long as the store exists, and only the size changes. That holds for memories with
    /// 32-bit addresses, unless the engine has too many of them (8,192) or the system lacks address
    /// space for them. It does not change during the life of a memory. Returns true if the store is
    /// gone or cannot be used at the moment.
    bool can_move() const;
    /// The first address at or after `from` at which `bytes` occurs, if any. Also returns nothing
    /// if the store is gone or cannot be used at the moment; `try_find` returns the error instead.
    std::optional<std::uint64_t> find(std::span<const std::byte> bytes, std::uint64_t from = 0) const;
    Result<std::optional<std::uint64_t>> try_find(
        std::span<const std::byte> bytes, std::uint64_t from = 0) const;
    /// The contents of the memory. Valid until the guest is called or the memory grows, or as long
    /// as the store exists if the memory cannot move (`can_move`). Returns an empty span if the
    /// store is gone or cannot be used at the moment; `try_data` returns the error instead.
    std::span<std::byte> data() const;
    Result<std::span<std::byte>> try_data() const;

private:
    friend detail::Access;
};

/// A linear memory that stores of the same engine can share. It outlives the stores that use it.
/// All members may be called from any thread, also while guests run. If a guest writes to the
/// memory during a read, each byte read is either the old or the new one. A read or write that is
/// partly out of bounds fails and transfers nothing.
class VITRINE_API SharedMemory {
public:
    SharedMemory(const SharedMemory&) = default;
    SharedMemory& operator=(const SharedMemory&) = default;

    /// The memory is always shared, whatever `type.is_shared` says. `type.max` is required.
    static Result<SharedMemory> create(const Engine& engine, MemoryType type);
    MemoryType type() const;
    /// Size in bytes.
    std::uint64_t size() const;
    Result<void> read(std::uint64_t address, std::span<std::byte> to) const;
    Result<void> write(std::uint64_t address, std::span<const std::byte> from) const;
    /// Grows the memory by `pages` pages (see `MemoryType`). Returns the old size in pages.
    Result<std::uint64_t> grow(std::uint64_t pages) const;
    /// The contents, `size()` bytes at the time of the call. They never move. Guests may write to
    /// them at any time, so use atomic accesses.
    std::byte* data() const;
    std::size_t hash() const { return std::hash<void*>()(object_.get()); }

    friend bool operator==(const SharedMemory& a, const SharedMemory& b) { return a.object_ == b.object_; }

private:
    friend detail::Access;
    SharedMemory() = default;
    std::shared_ptr<detail::EngineBody> engine_;
    std::shared_ptr<void> object_;
};

/// A table of references.
class VITRINE_API Table : public detail::Handle {
public:
    /// Creates a table of `type.min` elements, all with the value `initial`.
    static Result<Table> create(Store& store, TableType type, const Val& initial);
    TableType type() const;
    /// Number of elements. Returns 0 if the store is gone or cannot be used at the moment;
    /// `try_size` returns the error instead.
    std::uint64_t size() const;
    Result<std::uint64_t> try_size() const;
    /// Fails if the index is out of bounds.
    Result<Val> get(std::uint64_t index) const;
    /// Fails if the index is out of bounds or the value has the wrong type.
    Result<void> set(std::uint64_t index, const Val& value) const;
    /// Appends `count` elements with the value `initial`. Returns the old size.
    Result<std::uint64_t> grow(std::uint64_t count, const Val& initial) const;

private:
    friend detail::Access;
};

/// A tag: the type of an exception.
class VITRINE_API Tag : public detail::Handle {
public:
    /// Creates a tag. The parameters of `type` are the types of the exception's values.
    static Result<Tag> create(Store& store, const FuncType& type);
    FuncType type() const;

private:
    friend detail::Access;
};

/// An entity that can be imported and exported.
using Extern = std::variant<Func, Global, Memory, SharedMemory, Table, Tag>;

} // namespace vitrine

template<> struct std::hash<vitrine::SharedMemory> {
    std::size_t operator()(const vitrine::SharedMemory& memory) const noexcept { return memory.hash(); }
};
