// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::eval {

/// What a node of an expression is. Its children are named in the order in which they lie.
enum class Syntax : uint8_t {
    Integer,  ///< `number`, with `is_unsigned` and `is_long` as its suffix says
    Float,    ///< `real`; `is_single` with the suffix `f`
    Text,     ///< `text`
    Null,     ///< `null`
    Name,     ///< `selector`: a local, or a global
    Local,    ///< `selector`
    Global,   ///< `selector`
    Function, ///< `selector`: a reference to it
    Operand,  ///< (index)
    Slot,     ///< (index) of the table `selector`
    Memory,   ///< (address) in the memory `selector`, read as `word` says: `i8` to `v128`, `cstr`
    Part,     ///< (object, index)
    Cast,     ///< (value) to the number type that `word` names
    AsType,   ///< (reference) to the type `selector`
    AsTag,    ///< (exception) to one with the tag `selector`
    IsNull,   ///< (reference)
    Length,   ///< (array)
    Size,     ///< of the memory or table `selector`, as `word` says
    Unary,    ///< (value): `!`, `~`, `-` in `word`
    Binary,   ///< (left, right): the operator in `word`
    And,      ///< (left, right)
    Or,       ///< (left, right)
    Choice,   ///< (condition, one, other)
};

/// What is chosen from an index space: nothing (the first), by index, or by name.
struct Selector {
    bool is_given = false;
    std::optional<uint32_t> index {};
    std::string name {};
};

/// A node of an expression, with its place in the text.
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

/// Longer texts and deeper nesting are refused.
inline constexpr size_t max_expression_bytes = 4096;
inline constexpr uint32_t max_expression_depth = 100;

/// `text` from `start` on as an expression, and where it ends: at the end of the text or at what cannot go on with it.
/// Words in the nodes point into static text; positions count from the beginning of `text`.
struct Parsed {
    Node node;
    size_t end;
};
Result<Parsed> parse_expression(std::string_view text, size_t start = 0);

/// All of `text` as an expression.
Result<Node> parse_whole_expression(std::string_view text);

/// All of `text` as `place = expression` or `place op= expression`; then the value is that of `place op expression`.
struct ParsedAssignment {
    Node place;
    Node value;
};
Result<ParsedAssignment> parse_assignment(std::string_view text);

} // namespace vitrine::core::eval
