// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/value.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace vitrine::core {

/// The part of a table that machine code looks at.
struct TableHead {
    Ref* data = nullptr;
    uint32_t count = 0;
};
static_assert(offsetof(TableHead, data) == 0 && offsetof(TableHead, count) == 8);

/// A table of references. Its type's indices are `TypeId`s. Elements that are null from the start take no memory of the
/// system until they are written.
class Table : TableHead {
public:
    /// Larger tables are refused, whatever their type says.
    static constexpr uint64_t max_elements = 10'000'000;

    /// `type.limits.min` elements of `initial`; an error when that is more than `max_elements`, or when the system has no
    /// memory for them.
    static Result<Table> create(const TableType& type, Ref initial);
    ~Table();
    Table(Table&& other) noexcept;
    Table& operator=(Table&& other) = delete;

    const TableType& type() const { return type_; }
    uint32_t size() const { return count; }
    bool contains(uint64_t start, uint64_t count) const { return start <= size() && count <= size() - start; }
    std::span<const Ref> elements() const { return { data, size() }; }
    /// For runtime and the tiers; everybody else writes through runtime/mutation.
    std::span<Ref> writable_elements() { return { data, size() }; }

    /// Adds elements and answers with the old size; nothing when the type's maximum, `max_elements` or the system refuses.
    /// The elements may move.
    std::optional<uint32_t> grow(uint64_t delta, Ref initial);

private:
    explicit Table(const TableType& type) : type_(type) {}
    /// Makes room; what is behind the elements is zero. False when the system has none.
    bool reserve(uint64_t capacity);

    uint32_t capacity_ = 0;
    TableType type_;
};

} // namespace vitrine::core
