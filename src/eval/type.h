// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/type_registry.h"

#include <cstdint>
#include <string_view>

namespace vitrine::core::source {
enum class TypeId : uint64_t;
}

namespace vitrine::core::eval {

/// The types of numbers.
enum class NumberKind : uint8_t { I32, U32, I64, U64, F32, F64 };
inline constexpr size_t number_kinds = 6;

constexpr bool is_float(NumberKind kind) { return kind >= NumberKind::F32; }
constexpr bool is_wide(NumberKind kind)
{
    return kind == NumberKind::I64 || kind == NumberKind::U64 || kind == NumberKind::F64;
}
/// `i32` .. `f64`
std::string_view to_text(NumberKind kind);
/// The common type of two operands. As in C, but an integer and an f32 become f64.
NumberKind common_kind(NumberKind a, NumberKind b);

/// The type of an expression: a number as in C, or what only WebAssembly has, or a value of the
/// source that is no number (its address is on the stack).
struct Type {
    enum class Kind : uint8_t { Number, Vector, Reference, Text, Aggregate } kind = Kind::Number;
    NumberKind number = NumberKind::I32;
    /// For a number and an aggregate: its type in the source, if it has one.
    source::TypeId source {};
    /// The type of a reference. Its index is a `TypeId`.
    ValueType reference {};
    /// The payload of an exception whose tag is known, else null.
    const TypeInfo* payload = nullptr;

    static constexpr Type of(NumberKind number, source::TypeId source = {})
    {
        return { .number = number, .source = source };
    }
    bool is(NumberKind wanted) const { return kind == Kind::Number && number == wanted; }
    bool is_number() const { return kind == Kind::Number; }
    bool is_integer() const { return is_number() && number < NumberKind::F32; }
    bool is_reference() const { return kind == Kind::Reference; }
    uint32_t slots() const { return kind == Kind::Vector || kind == Kind::Text ? 2 : 1; }
    /// The WebAssembly type of its values. There is none for a text and an aggregate.
    ValueType value_type() const;
};

/// The type, made nullable.
ValueType with_null(ValueType type);

/// The number of bits of `i8`, `u8`, `i16` and `u16`; 0 for other words.
uint32_t narrow_bits(std::string_view word);
/// The type of a value that is read from memory as `i8` .. `v128` or `cstr`. Narrow integers become
/// i32, as in C.
Type type_of_word(std::string_view word);

} // namespace vitrine::core::eval
