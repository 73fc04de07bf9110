// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/symbols.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace vitrine::core::source {

/// Asks `Symbols` for types and keeps the answers while a value is looked at. Types are hostile:
/// they may refer to themselves, and every search is bounded.
class Types {
public:
    explicit Types(Symbols& symbols) : symbols_(&symbols) {}

    Symbols& symbols() const { return *symbols_; }

    /// The type as it is. The reference is valid as long as this object.
    const Type& at(TypeId id);
    /// Without typedefs and qualifiers; the definition of a type that is only declared. Of kind
    /// `Unknown` if they lead to nothing.
    const Type& stripped(TypeId id);

    /// The member of a struct, a class or a union, also one of a base class or of an anonymous
    /// member. Its offset counts from the beginning of `type`. `0` finds the first member of a
    /// tuple of Rust.
    std::optional<Member> member(TypeId type, std::string_view name);
    /// The template argument with this name, or the first type among them for an empty name.
    std::optional<TypeId> argument(TypeId type, std::string_view name = {});
    /// The value of the template argument with this name.
    std::optional<int64_t> argument_value(TypeId type, std::string_view name);

    /// In bytes; none if it is unknown or does not fit in 2^62. The size of an array is that of its
    /// part behind the first `indexed` dimensions.
    std::optional<uint64_t> size_of(TypeId type, uint8_t address_bytes, uint32_t indexed = 0);

private:
    const Type& resolved(TypeId id);
    std::optional<Member> member(TypeId type, std::string_view name, uint32_t depth, uint32_t& left);

    Symbols* symbols_;
    std::unordered_map<uint64_t, std::unique_ptr<const Type>> types_ {};
    std::unordered_map<uint64_t, const Type*> stripped_ {};
};

/// The last component of a name, without scopes and template arguments: `vector` for
/// `std::__2::vector<a::b>`.
std::string_view base_name(std::string_view name);

} // namespace vitrine::core::source
