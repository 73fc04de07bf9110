// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::source {

/// How a value becomes text.
struct Style {
    enum class Base : uint8_t { Natural, Decimal, Unsigned, Hex, Octal, Binary, Character, Float, Address };

    Base base = Base::Natural;
    /// Members as they are in memory, without formatters (`print /r`).
    bool is_raw = false;
    /// Texts have their characters as elements.
    bool has_units = false;
    /// Longer texts are cut off, and marked with `...`.
    uint32_t max_text = 200;
    uint32_t max_elements = 20;
    uint32_t max_depth = 4;
};

/// The name of a type as its language writes it: `const char *`, `int (*)(int)`, `&[u8]`.
std::string type_text(Symbols& symbols, TypeId type);
/// The declaration of something of that type: `int (*operation)(int)`, `name: &[u8]`.
std::string declaration_text(Symbols& symbols, TypeId type, std::string_view name);
/// The type of a function: `int (struct account *, int)`, `fn(u32) -> u32`.
std::string function_type_text(Symbols& symbols, const Function& function);

/// A value as one line: `{owner = "jade", balance = 80}`, `Some(3)`, `0x109d8`. What cannot be read
/// or is corrupt is said in angle brackets; it never fails.
std::string render(Reader& reader, const Value& value, const Style& style = {});

/// A part of a value, for views that expand.
struct Child {
    /// `owner`, `[3]`
    std::string name;
    Value value;
    /// What must stand behind the parent's expression to name the child: `.owner`, `[3]`. Empty if
    /// the language of expressions cannot name it.
    std::string suffix {};
};

/// The number of a value's children: by formatters, or its members or elements. Bounded: a corrupt
/// length counts as 0.
uint64_t child_count(Reader& reader, const Value& value, const Style& style = {});
/// Children `from` .. `from + count`.
std::vector<Child> children(
    Reader& reader, const Value& value, uint64_t from, uint64_t count, const Style& style = {});
/// The child with this name: `owner`, `[3]`, `["key"]`. Also a member that is not a child because a
/// formatter hides it.
std::optional<Value> child_named(
    Reader& reader, const Value& value, std::string_view name, const Style& style = {});

} // namespace vitrine::core::source
