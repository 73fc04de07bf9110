// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/type.h"

#include <algorithm>
#include <utility>

namespace vitrine::core::eval {

namespace {

constexpr std::string_view number_words[number_kinds] = { "i32", "u32", "i64", "u64", "f32", "f64" };

} // namespace

std::string_view to_text(NumberKind kind) { return number_words[static_cast<size_t>(kind)]; }

NumberKind common_kind(NumberKind a, NumberKind b)
{
    if (a == b)
        return a;
    if (is_float(a) || is_float(b))
        return NumberKind::F64;
    if (is_wide(a) != is_wide(b))
        return is_wide(a) ? a : b;
    return is_wide(a) ? NumberKind::U64 : NumberKind::U32;
}

ValueType Type::value_type() const
{
    switch (kind) {
    case Kind::Vector: return ValueType::v128;
    case Kind::Reference: return reference;
    case Kind::Number: break;
    case Kind::Text:
    case Kind::Aggregate: return ValueType::bottom;
    }
    constexpr ValueType types[] = { ValueType::i32, ValueType::i32, ValueType::i64, ValueType::i64,
        ValueType::f32, ValueType::f64 };
    return types[static_cast<size_t>(number)];
}

ValueType with_null(ValueType type)
{
    return type.heap() == HeapKind::Defined
        ? ValueType::ref(TypeId { type.index() }, true, type.is_function_ref())
        : ValueType::ref(type.heap(), true);
}

uint32_t narrow_bits(std::string_view word)
{
    return word == "i8" || word == "u8" ? 8 : word == "i16" || word == "u16" ? 16 : 0;
}

Type type_of_word(std::string_view word)
{
    if (word == "v128")
        return { .kind = Type::Kind::Vector };
    if (word == "cstr")
        return { .kind = Type::Kind::Text };
    const auto* const found = std::ranges::find(number_words, word);
    return Type::of(
        found == std::end(number_words) ? NumberKind::I32 : static_cast<NumberKind>(found - number_words));
}

} // namespace vitrine::core::eval
