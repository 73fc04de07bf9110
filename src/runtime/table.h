// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/value.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace vitrine::core {

/// The part of a table that machine code accesses.
struct TableHead {
    Ref* data = nullptr;
    uint32_t count = 0;
};
static_assert(offsetof(TableHead, data) == 0 && offsetof(TableHead, count) == 8);

/// A table of references. Its type contains `TypeId`s. Elements that are initially null take no
/// system memory until they are written.
class Table : TableHead {
public:
    /// The maximum size of a table, whatever its type says.
    static constexpr uint64_t max_elements = 10'000'000;

    /// Creates a table of `type.limits.min` elements with the value `initial`. Fails if there are
    /// more than `max_elements`, or if the system has no memory for them.
    static Result<Table> create(const TableType& type, Ref initial);
    ~Table();
    Table(Table&& other) noexcept;
    Table& operator=(Table&& other) = delete;

    const TableType& type() const { return type_; }
    uint32_t size() const { return count; }
    bool contains(uint64_t start, uint64_t count) const { return start <= size() && count <= size() - start; }
    std::span<const Ref> elements() const { return { data, size() }; }
    /// For the runtime and the tiers. All others write through runtime/mutation.
    std::span<Ref> writable_elements() { return { data, size() }; }

    /// Appends elements. Returns the old size, or nothing if the type's maximum or `max_elements`
    /// is exceeded or the system refuses the memory. The elements can move.
    std::optional<uint32_t> grow(uint64_t delta, Ref initial);

private:
    explicit Table(const TableType& type) : type_(type) {}
    /// Makes room. The memory after the elements is zero. Returns false if the system has no
    /// memory.
    bool reserve(uint64_t capacity);

    uint32_t capacity_ = 0;
    TableType type_;
};

} // namespace vitrine::core
