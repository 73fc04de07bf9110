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

Result<char> parse_format(std::string_view word)
{
    if (word.size() != 2 || word[0] != '/' || !std::string_view("xdutcf").contains(word[1]))
        return failure(std::string(word) + ": expected /x, /d, /u, /t, /c or /f");
    return word[1];
}

Result<std::string> formatted(const Value& value, char format)
{
    if (value.type.kind() == ValueKind::V128 && format == 'x')
        return bytes_text(value);
    const unsigned width = width_of(value.type);
    if (width == 0)
        return failure(
            (value.type.is_ref() ? "a reference" : value.type.to_text()) + " has no format /" + format);
    const uint64_t bits = width == 32 ? static_cast<uint32_t>(value.low) : value.low;
    switch (format) {
    case 'x': return hex(bits);
    case 'u': return std::to_string(bits);
    case 't': return binary_text(bits);
    case 'c': return character_text(bits);
    case 'f': return Value { width == 32 ? ValueType::f32 : ValueType::f64, bits }.to_text();
    default: return std::to_string(width == 32 ? static_cast<int32_t>(bits) : static_cast<int64_t>(bits));
    }
}

} // namespace vitrine::core::eval
