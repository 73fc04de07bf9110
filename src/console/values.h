// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "console/examine.h"
#include "console/scope.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::console {

/// The values of these types that the words list, separated by commas or else by blanks: numbers
/// as WAT writes them, `null`, `i31 5`, `i32x4 1 2 3 4`, or expressions. Takes all the words.
Result<std::vector<Value>> take_values(const Scope& scope, Words& words, std::span<const ValueType> types);

/// A value for a place of that type; an expression may be of another type of number that loses
/// nothing.
Result<Value> value_for(const Scope& scope, std::string_view text, ValueType type);

/// A value that expressions have no form for: `i31 5`, `i32x4 1 2 3 4`. None for any other text.
std::optional<Result<Value>> literal(const Scope& scope, std::string_view text, ValueType type);

/// The words `local 2`, `operand 0`, `global 1` or `element 0 3`, perhaps with numbers of fields
/// or elements behind them, as an expression: `local[2][0]`. Any other text stays as it is.
std::string as_expression(std::string_view text);

/// The value in a format of `print`.
Result<std::string> text_in(const Scope& scope, const Computed& computed, const Format& format);

/// Bytes of a memory: `[memory:]address`, where the address is an expression.
Result<eval::MemoryRange> find_memory_place(const Scope& scope, std::string_view text);

} // namespace vitrine::core::console
