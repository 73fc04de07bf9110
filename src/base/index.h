// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <compare>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace vitrine::core {

/// An index into one of a module's index spaces. `Kind` makes function indices, table indices and
/// so on different types.
template<class Kind> struct Index {
    uint32_t value = 0;

    friend auto operator<=>(Index, Index) = default;
};

/// A vector that can only be indexed with its own type of index.
template<class I, class T> class IndexVector {
public:
    IndexVector() = default;
    explicit IndexVector(size_t size) : items_(size) {}

    T& operator[](I index)
    {
        ASSERT(index.value < items_.size());
        return items_[index.value];
    }
    const T& operator[](I index) const
    {
        ASSERT(index.value < items_.size());
        return items_[index.value];
    }
    /// The item, or null when the index is out of bounds.
    T* find(I index) { return index.value < items_.size() ? &items_[index.value] : nullptr; }
    const T* find(I index) const { return index.value < items_.size() ? &items_[index.value] : nullptr; }

    bool contains(I index) const { return index.value < items_.size(); }
    uint32_t size() const { return static_cast<uint32_t>(items_.size()); }
    bool empty() const { return items_.empty(); }
    I push_back(T item)
    {
        items_.push_back(std::move(item));
        return I { size() - 1 };
    }
    template<class... Arguments> T& emplace_back(Arguments&&... arguments)
    {
        return items_.emplace_back(std::forward<Arguments>(arguments)...);
    }
    void reserve(size_t count) { items_.reserve(count); }
    void resize(size_t count) { items_.resize(count); }
    void shrink_to_fit() { items_.shrink_to_fit(); }

    auto begin() { return items_.begin(); }
    auto end() { return items_.end(); }
    auto begin() const { return items_.begin(); }
    auto end() const { return items_.end(); }
    T& back() { return items_.back(); }
    const T* data() const { return items_.data(); }

private:
    std::vector<T> items_;
};

} // namespace vitrine::core

template<class Kind> struct std::hash<vitrine::core::Index<Kind>> {
    size_t operator()(vitrine::core::Index<Kind> index) const noexcept
    {
        return std::hash<uint32_t> {}(index.value);
    }
};
