// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/value.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace vitrine::core::source {

/// [doc] Elements of containers
///
/// Expressions can index what a formatter shows as a list, and follow what it shows as a pointer.
/// An expression is compiled before there is a value, so its types must follow from the type of the
/// container alone; the formatter finds the element once there is a value.

/// What `container[index]` is.
struct Indexing {
    TypeId element {};
    /// The type of the keys of a map; 0 if elements are found by their number.
    TypeId key {};
    /// Elements have no address: the bits of `std::vector<bool>`.
    bool is_copied = false;
};

/// Nothing if values of the type are not shown as a list or map.
std::optional<Indexing> indexing_of(Symbols& symbols, TypeId container);
/// How values of a smart pointer lead to what they point to: the names of members, where `*` stands
/// for what a pointer points to. Empty for those that may have no value: `value_in` knows. Nothing
/// if the type is none of them.
std::optional<std::string_view> pointee_path(Symbols& symbols, TypeId pointer);

/// What an `std::optional` has. Fails if it has nothing.
Result<Value> value_in(Reader& reader, const Value& value);
/// The element with this number. Fails with the size of the container if there is none.
Result<Value> element_at(Reader& reader, const Value& container, int64_t index);
/// What a map has for a key, which is a value or, for a type that is shown as text, its text.
Result<Value> entry_at(Reader& reader, const Value& map, const Value& key);
Result<Value> entry_at(Reader& reader, const Value& map, std::string_view key);

} // namespace vitrine::core::source
