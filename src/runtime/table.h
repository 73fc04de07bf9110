// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/value.h"

#include <cstdint>
#include <optional>
#include <span>

namespace vitrine::core {

/// A table of references. Its type's indices are `TypeId`s. Elements that are null from the start take no memory of the
/// system until they are written.
class Table {
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
    uint32_t size() const { return size_; }
    bool contains(uint64_t start, uint64_t count) const { return start <= size_ && count <= size_ - start; }
    std::span<Ref> elements() { return { data_, size_ }; }
    std::span<const Ref> elements() const { return { data_, size_ }; }

    /// Adds elements and answers with the old size; nothing when the type's maximum, `max_elements` or the system refuses.
    /// The elements may move.
    std::optional<uint32_t> grow(uint64_t delta, Ref initial);

private:
    explicit Table(const TableType& type) : type_(type) {}
    /// Makes room; what is behind the elements is zero. False when the system has none.
    bool reserve(uint64_t capacity);

    // Machine code reads these two, at the beginning of the table.
    Ref* data_ = nullptr;
    uint32_t size_ = 0;

    uint32_t capacity_ = 0;
    TableType type_;
};

} // namespace vitrine::core
