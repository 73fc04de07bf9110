// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/type_registry.h"

#include <cstdint>
#include <string_view>

namespace vitrine::core::eval {

/// What a value of an expression is: numbers as in C, and what only WebAssembly has. The numbers come first.
enum class NumberKind : uint8_t { I32, U32, I64, U64, F32, F64 };
inline constexpr size_t number_kinds = 6;

constexpr bool is_float(NumberKind kind) { return kind >= NumberKind::F32; }
constexpr bool is_wide(NumberKind kind)
{
    return kind == NumberKind::I64 || kind == NumberKind::U64 || kind == NumberKind::F64;
}
/// `i32` .. `f64`
std::string_view to_text(NumberKind kind);
/// The type in which two numbers meet: as C has it, but an integer and an f32 meet as f64.
NumberKind common_kind(NumberKind a, NumberKind b);

/// The type of an expression.
struct Type {
    enum class Kind : uint8_t { Number, Vector, Reference, Text } kind = Kind::Number;
    NumberKind number = NumberKind::I32;
    /// Of a reference; its index is a `TypeId`.
    ValueType reference {};
    /// Of an exception whose tag is known: what it carries.
    const TypeInfo* payload = nullptr;

    static constexpr Type of(NumberKind number) { return { .number = number }; }
    bool is(NumberKind wanted) const { return kind == Kind::Number && number == wanted; }
    bool is_number() const { return kind == Kind::Number; }
    bool is_integer() const { return is_number() && number < NumberKind::F32; }
    bool is_reference() const { return kind == Kind::Reference; }
    uint32_t slots() const { return kind == Kind::Vector || kind == Kind::Text ? 2 : 1; }
    /// What its values are outside; not of a text.
    ValueType value_type() const;
};

/// The nullable reference to the same.
ValueType with_null(ValueType type);

/// The bits of an integer in memory that is narrower than 32 bits, as `i8` .. `u16` say; else 0.
uint32_t narrow_bits(std::string_view word);
/// The type of a value that such a word, or `i32` .. `v128` or `cstr`, reads: what is narrower becomes i32, as in C.
Type type_of_word(std::string_view word);

} // namespace vitrine::core::eval
