// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/value.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace vitrine::core {

/// A table of references. Its type's indices are `TypeId`s.
class Table {
public:
    /// Larger tables are refused, whatever their type says.
    static constexpr uint64_t max_elements = 10'000'000;

    /// `type.limits.min` elements of `initial`; an error when that is more than `max_elements`.
    static Result<Table> create(const TableType& type, Ref initial);

    const TableType& type() const { return type_; }
    uint32_t size() const { return static_cast<uint32_t>(elements_.size()); }
    bool contains(uint64_t start, uint64_t count) const { return start <= size() && count <= size() - start; }
    std::span<Ref> elements() { return elements_; }
    std::span<const Ref> elements() const { return elements_; }

    /// Adds elements and answers with the old size; nothing when the type's maximum or `max_elements` refuses.
    std::optional<uint32_t> grow(uint64_t delta, Ref initial);

private:
    Table(const TableType& type, Ref initial) : type_(type), elements_(type.limits.min, initial) {}

    TableType type_;
    std::vector<Ref> elements_;
};

} // namespace vitrine::core
