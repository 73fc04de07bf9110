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
#include <vector>

namespace vitrine {

/// A global variable.
class VITRINE_API Global : public detail::Handle {
public:
    static Result<Global> create(Store& store, GlobalType type, const Val& value);
    GlobalType type() const;
    /// The value. Says nothing of a failure: when the store is gone or must not be used now, the value
    /// is of kind none. `try_get` says why.
    Val get() const;
    Result<Val> try_get() const;
    /// Refused for an immutable global and for a value of another kind.
    Result<void> set(const Val& value) const;
    /// As `set`, also for an immutable global; refused when guest_debug is off.
    Result<void> debug_set(const Val& value) const;

private:
    friend detail::Access;
};

/// A linear memory that is not shared. Reads and writes are all or nothing.
class VITRINE_API Memory : public detail::Handle {
public:
    static Result<Memory> create(Store& store, MemoryType type);
    MemoryType type() const;
    /// Bytes; 0 when the store is gone or must not be used now, which `try_size` reports.
    std::uint64_t size() const;
    Result<std::uint64_t> try_size() const;
    Result<void> read(std::uint64_t address, std::span<std::byte> to) const;
    Result<void> write(std::uint64_t address, std::span<const std::byte> from) const;
    Result<void> fill(std::uint64_t address, std::uint64_t count, std::byte value) const;
    /// Adds pages of 64 KiB and answers with the old size in pages.
    Result<std::uint64_t> grow(std::uint64_t pages) const;
    /// The first address at or after `from` where these bytes are; none if there is none, and also when
    /// the store is gone or must not be used now, which `try_find` reports.
    std::optional<std::uint64_t> find(std::span<const std::byte> bytes, std::uint64_t from = 0) const;
    Result<std::optional<std::uint64_t>> try_find(
        std::span<const std::byte> bytes, std::uint64_t from = 0) const;
    /// All bytes, valid until the next guest call or growth; empty when the store is gone or must not be
    /// used now, which `try_data` reports.
    std::span<std::byte> data() const;
    Result<std::span<std::byte>> try_data() const;

private:
    friend detail::Access;
};

/// A linear memory that several stores of an engine may have; outlives them. May be used from any thread, also while
/// guests run: bytes that they change meanwhile are read as they were before or after. Reads and writes are all or nothing.
class VITRINE_API SharedMemory {
public:
    SharedMemory(const SharedMemory&) = default;
    SharedMemory& operator=(const SharedMemory&) = default;

    /// It is shared whatever the type says, and needs a maximum.
    static Result<SharedMemory> create(const Engine& engine, MemoryType type);
    MemoryType type() const;
    /// Bytes.
    std::uint64_t size() const;
    Result<void> read(std::uint64_t address, std::span<std::byte> to) const;
    Result<void> write(std::uint64_t address, std::span<const std::byte> from) const;
    /// Adds pages of 64 KiB and answers with the old size in pages.
    Result<std::uint64_t> grow(std::uint64_t pages) const;
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
    static Result<Table> create(Store& store, TableType type, const Val& initial);
    TableType type() const;
    /// Elements; 0 when the store is gone or must not be used now, which `try_size` reports.
    std::uint64_t size() const;
    Result<std::uint64_t> try_size() const;
    Result<Val> get(std::uint64_t index) const;
    Result<void> set(std::uint64_t index, const Val& value) const;
    /// Adds elements and answers with the old size.
    Result<std::uint64_t> grow(std::uint64_t count, const Val& initial) const;

private:
    friend detail::Access;
};

/// The kind of an exception.
class VITRINE_API Tag : public detail::Handle {
public:
    static Result<Tag> create(Store& store, const FuncType& type);
    FuncType type() const;

private:
    friend detail::Access;
};

} // namespace vitrine

template<> struct std::hash<vitrine::SharedMemory> {
    std::size_t operator()(const vitrine::SharedMemory& memory) const noexcept { return memory.hash(); }
};
