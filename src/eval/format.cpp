// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/format.h"

#include "base/text.h"

#include <bit>

namespace vitrine::core::eval {

namespace {

/// The number of bits of a number type; 0 for other types.
unsigned width_of(ValueType type)
{
    switch (type.kind()) {
    case ValueKind::I32:
    case ValueKind::F32: return 32;
    case ValueKind::I64:
    case ValueKind::F64: return 64;
    default: return 0;
    }
}

std::string binary_text(uint64_t bits)
{
    std::string text = "0b";
    for (int at = bits == 0 ? 0 : std::bit_width(bits) - 1; at >= 0; --at)
        text += static_cast<char>('0' + (bits >> at & 1));
    return text;
}

/// As C writes it: `017`.
std::string octal_text(uint64_t bits)
{
    std::string text;
    do
        text.insert(text.begin(), static_cast<char>('0' + (bits & 7)));
    while ((bits >>= 3) != 0);
    return text == "0" ? text : "0" + text;
}

std::string character_text(uint64_t code)
{
    if (code >= 0x20 && code < 0x7f && code != '\'' && code != '\\')
        return std::string("'") + static_cast<char>(code) + "'";
    return "'\\x" + hex_digits(code & 0xff, 2) + "'";
}

std::string bytes_text(const Value& vector)
{
    std::string text = "i8x16";
    for (const uint64_t half : { vector.low, vector.high })
        for (int shift = 0; shift < 64; shift += 8)
            text += " " + hex_digits(half >> shift & 0xff, 2);
    return text;
}

} // namespace

Result<std::string> formatted(uint64_t bits, unsigned width, char format)
{
    const unsigned unused = 64 - width;
    bits = bits << unused >> unused;
    switch (format) {
    case 'x':
    case 'a': return hex(bits);
    case 'u': return std::to_string(bits);
    case 'o': return octal_text(bits);
    case 't': return binary_text(bits);
    case 'c': return character_text(bits);
    case 'f':
        if (width < 32)
            return failure("a float has 4 or 8 bytes: /fw or /fg");
        return Value { width == 32 ? ValueType::f32 : ValueType::f64, bits }.to_text();
    default: return std::to_string(static_cast<int64_t>(bits << unused) >> unused);
    }
}

Result<std::string> formatted(const Value& value, char format)
{
    if (value.type.kind() == ValueKind::V128 && format == 'x')
        return bytes_text(value);
    const unsigned width = width_of(value.type);
    if (width == 0)
        return failure(
            (value.type.is_ref() ? "a reference" : value.type.to_text()) + " has no format /" + format);
    return formatted(value.low, width, format);
}

} // namespace vitrine::core::eval
