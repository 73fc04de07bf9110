// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::eval {

/// The kind of a node. Comments list its children in parentheses, in order.
enum class Syntax : uint8_t {
    Integer,  ///< `number`; the suffix sets `is_unsigned` and `is_long`
    Float,    ///< `real`; `is_single` with the suffix `f`
    Text,     ///< `text`
    Null,     ///< `null`
    Name,     ///< `selector`: a local, else a global
    Local,    ///< `selector`
    Global,   ///< `selector`
    Function, ///< `selector`: a reference to it
    Operand,  ///< (index)
    Slot,     ///< (index): a slot of the table `selector`
    Memory,   ///< (address): memory `selector`, read as `word` says: `i8` .. `v128`, `cstr`
    Part,     ///< (object, index)
    Cast,     ///< (value): to the number type in `word`; `is_unsigned` takes an i32 for a u32
    AsType,   ///< (reference): to the type `selector`
    AsTag,    ///< (exception): to one with the tag `selector`
    IsNull,   ///< (reference)
    Length,   ///< (array)
    Size,     ///< the size of the memory or table `selector`; `word` says which
    Unary,    ///< (value): `word` is `!`, `~` or `-`
    Binary,   ///< (left, right): `word` is the operator
    And,      ///< (left, right)
    Or,       ///< (left, right)
    Choice,   ///< (condition, one, other)

    // Only for names and types of the source.
    Scoped,    ///< `selector`: the variable `a::b`, or `::x`; `text` is its file, if it is given
    Member,    ///< (object): its member `text`
    Deref,     ///< (pointer)
    AddressOf, ///< (place)
    ToType,    ///< (value): to the type `text`
    SizeOf,    ///< (value), or none: of the type `text`
    Range,     ///< (first, count): consecutive elements
    Call,      ///< (function, arguments...)
};

/// Selects an entity in an index space, by index or by name. If nothing is given, the first.
struct Selector {
    bool is_given = false;
    std::optional<uint32_t> index {};
    std::string name {};
    /// Written with `$`: never a name of the source.
    bool is_wasm = false;
};

/// A node of an expression, with its position in the text.
struct Node {
    Syntax syntax;
    uint32_t position;
    std::string_view word {};
    Selector selector {};
    uint64_t number = 0;
    bool is_unsigned = false, is_long = false, is_hex = false, is_single = false;
    double real = 0;
    std::string text {};
    uint32_t depth = 1;
    std::vector<Node> children {};
};

// Longer texts and deeper nesting are refused.
inline constexpr size_t max_expression_bytes = 4096;
inline constexpr uint32_t max_expression_depth = 100;

/// Says whether a text is the name of a type: without one there are no casts such as `(T)x`.
using IsType = std::function<bool(std::string_view text)>;

/// Parses the longest expression that begins at `start`. `end` is the offset after it. `word` in
/// the nodes points into static text. Positions are offsets in `text`.
struct Parsed {
    Node node;
    size_t end;
};
Result<Parsed> parse_expression(std::string_view text, size_t start = 0, const IsType& is_type = {});

/// Parses all of `text` as an expression.
Result<Node> parse_whole_expression(std::string_view text, const IsType& is_type = {});

/// Parses all of `text` as `place = expression` or `place op= expression`. For the latter the value
/// is `place op expression`.
struct ParsedAssignment {
    Node place;
    Node value;
};
Result<ParsedAssignment> parse_assignment(std::string_view text, const IsType& is_type = {});

} // namespace vitrine::core::eval
