// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/scalars.h"

#include "base/text.h"
#include "source/access.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>

namespace vitrine::core::source {
namespace {

using Wide = unsigned __int128;

Wide wide_of(std::span<const uint8_t> bytes)
{
    Wide result = 0;
    for (size_t i = 0; i < bytes.size() && i < sizeof result; ++i)
        result |= Wide(bytes[i]) << (8 * i);
    return result;
}

std::string digits(Wide value, uint32_t base)
{
    std::string result;
    do {
        result += "0123456789abcdef"[static_cast<size_t>(value % base)];
        value /= base;
    } while (value != 0);
    std::ranges::reverse(result);
    return result;
}

/// A code point inside of quotes. The escapes are those that expressions read.
std::string escaped_point(uint32_t point, char quote)
{
    switch (point) {
    case 0: return "\\0";
    case '\n': return "\\n";
    case '\t': return "\\t";
    case '\r': return "\\r";
    case '\\': return "\\\\";
    default: break;
    }
    if (point == static_cast<unsigned char>(quote))
        return std::string("\\") + quote;
    const bool is_surrogate = point >= 0xd800 && point < 0xe000;
    if (point < 0x80 && is_control(point))
        return "\\x" + hex_digits(point, 2);
    if (is_surrogate || point > 0x10ffff || is_control(point))
        return "\\u{" + digits(point, 16) + "}";
    std::string text;
    append_utf8(text, point);
    return text;
}

/// The code point at the beginning of `bytes`, and the length of it. Ill-formed ones have no point.
struct Unit {
    std::optional<uint32_t> point {};
    size_t length = 1;
};

Unit unit_at(std::span<const uint8_t> bytes, uint8_t size)
{
    if (size == 1) {
        const Character found = character_at(bytes);
        return found.length != 0 ? Unit { found.code_point, found.length } : Unit {};
    }
    const auto at = [&](size_t index) {
        return static_cast<uint32_t>(word_of(bytes.subspan(index * size, size)));
    };
    if (size == 4)
        return { at(0), 4 };
    const uint32_t high = at(0);
    if (high >= 0xd800 && high < 0xdc00 && bytes.size() >= 4)
        if (const uint32_t low = at(1); low >= 0xdc00 && low < 0xe000)
            return { 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), 4 };
    return { high, 2 };
}

/// IEEE 754 binary128, which is `long double` of WebAssembly.
long double quad(std::span<const uint8_t> bytes)
{
    const Wide bits = wide_of(bytes);
    const auto exponent = static_cast<int>(bits >> 112 & 0x7fff);
    const Wide fraction = bits & ((Wide(1) << 112) - 1);
    const bool is_negative = bits >> 127 != 0;
    constexpr int bias = 16383, fraction_bits = 112;
    long double result = 0;
    if (exponent == 0x7fff)
        result = fraction == 0 ? HUGE_VALL : std::nanl("");
    else {
        const Wide mantissa = exponent == 0 ? fraction : fraction | Wide(1) << fraction_bits;
        const auto high = static_cast<uint64_t>(mantissa >> 64), low = static_cast<uint64_t>(mantissa);
        const int scale = std::max(exponent, 1) - bias - fraction_bits;
        result = std::ldexp(static_cast<long double>(high), scale + 64)
            + std::ldexp(static_cast<long double>(low), scale);
    }
    return is_negative ? -result : result;
}

float half(uint16_t bits)
{
    const int exponent = bits >> 10 & 31;
    const int fraction = bits & 1023;
    constexpr int bias = 15, fraction_bits = 10;
    float result = std::ldexp(static_cast<float>(fraction | (exponent != 0 ? 1024 : 0)),
        std::max(exponent, 1) - bias - fraction_bits);
    if (exponent == 31)
        result = fraction == 0 ? HUGE_VALF : std::nanf("");
    return bits >> 15 != 0 ? -result : result;
}

/// Whether each value of an enumeration is made of bits that no other has, or of those of others.
bool is_flags(const Type& type)
{
    uint64_t seen = 0;
    uint32_t single = 0;
    for (const Enumerator& each : type.enumerators) {
        const auto bits = static_cast<uint64_t>(each.value);
        if (each.value < 0)
            return false;
        if (std::popcount(bits) == 1 && !(seen & bits)) {
            seen |= bits;
            ++single;
        }
    }
    return single >= 2 && std::ranges::all_of(type.enumerators, [&](const Enumerator& each) {
        return !(static_cast<uint64_t>(each.value) & ~seen);
    });
}

std::string enumerator_text(const Type& type, const Enumerator& enumerator)
{
    if (type.language != Language::Zig || enumerator.name.starts_with("error."))
        return enumerator.name;
    return "." + enumerator.name;
}

} // namespace

std::optional<TextUnit> text_unit(Types& types, TypeId id)
{
    constexpr uint32_t max_chain = 64;
    for (uint32_t i = 0; i < max_chain; ++i) {
        const Type& type = types.at(id);
        if (type.name == "wchar_t")
            return TextUnit { .size = static_cast<uint8_t>(types.stripped(id).size == 2 ? 2 : 4),
                .prefix = "L" };
        if (type.name == "char8_t")
            return TextUnit { .size = 1, .prefix = "u8" };
        if (type.name == "char16_t")
            return TextUnit { .size = 2, .prefix = "u" };
        if (type.name == "char32_t")
            return TextUnit { .size = 4, .prefix = "U" };
        switch (type.kind) {
        case Type::Kind::Typedef:
        case Type::Kind::Const:
        case Type::Kind::Volatile:
        case Type::Kind::Other: id = type.target; continue;
        case Type::Kind::Character:
            if (type.size != 1 && type.size != 2 && type.size != 4)
                return {};
            // `signed char` and `unsigned char` are small numbers.
            if (!type.is_utf && type.name != "char" && type.name.ends_with(" char"))
                return {};
            return TextUnit { .size = static_cast<uint8_t>(type.size) };
        default: return {};
        }
    }
    return {};
}

std::string integer_text(std::span<const uint8_t> bytes, bool is_signed, Style::Base base)
{
    if (bytes.empty() || bytes.size() > sizeof(Wide))
        return "<" + count_text(bytes.size(), "byte") + ">";
    const Wide bits = wide_of(bytes);
    switch (base) {
    case Style::Base::Hex:
    case Style::Base::Address: return "0x" + digits(bits, 16);
    case Style::Base::Octal: return bits == 0 ? "0" : "0" + digits(bits, 8);
    case Style::Base::Binary: return "0b" + digits(bits, 2);
    case Style::Base::Character: return character_text(static_cast<uint64_t>(bits), { .size = 1 });
    case Style::Base::Float:
        if (bytes.size() >= 2)
            return float_bytes_text(bytes, Language::C);
        break;
    case Style::Base::Unsigned: return digits(bits, 10);
    case Style::Base::Decimal: is_signed = true; break;
    case Style::Base::Natural: break;
    }
    const bool is_negative = is_signed && bytes.back() >> 7 != 0;
    if (!is_negative)
        return digits(bits, 10);
    const Wide mask = bytes.size() == sizeof(Wide) ? ~Wide(0) : (Wide(1) << (8 * bytes.size())) - 1;
    return "-" + digits((~bits & mask) + 1, 10);
}

std::string float_bytes_text(std::span<const uint8_t> bytes, Language language)
{
    std::string text;
    switch (bytes.size()) {
    case 2: text = float_text(half(static_cast<uint16_t>(word_of(bytes)))); break;
    case 4: text = float_text(std::bit_cast<float>(static_cast<uint32_t>(word_of(bytes)))); break;
    case 8: text = float_text(std::bit_cast<double>(word_of(bytes))); break;
    case 16: {
        const long double value = quad(bytes);
        const auto narrow = static_cast<double>(value);
        if (static_cast<long double>(narrow) == value || std::isnan(value)) {
            text = float_text(narrow);
            break;
        }
        std::array<char, 64> buffer {};
        std::snprintf(buffer.data(), buffer.size(), "%.21Lg", value);
        text = buffer.data();
        break;
    }
    default: return "<" + count_text(bytes.size(), "byte") + ">";
    }
    // Rust writes `1.0`.
    const bool is_whole = text.find_first_not_of("-0123456789") == std::string::npos;
    return language == Language::Rust && is_whole ? text + ".0" : text;
}

std::string character_text(uint64_t code, TextUnit unit)
{
    std::string text(unit.prefix);
    text += '\'';
    // A byte above 0x7f is a part of a character.
    if (unit.size == 1 && code >= 0x80)
        text += "\\x" + hex_digits(code & 0xff, 2);
    else
        text += escaped_point(static_cast<uint32_t>(std::min<uint64_t>(code, UINT32_MAX)), '\'');
    return text + '\'';
}

std::string enumeration_text(const Type& type, std::span<const uint8_t> bytes, bool is_signed)
{
    const uint64_t bits = word_of(bytes);
    const unsigned unused = 64 - 8 * static_cast<unsigned>(std::min<size_t>(bytes.size(), 8));
    const auto extended = static_cast<uint64_t>(static_cast<int64_t>(bits << unused) >> unused);
    for (const Enumerator& each : type.enumerators)
        if (const auto value = static_cast<uint64_t>(each.value); value == bits || value == extended)
            return enumerator_text(type, each);
    const bool is_number =
        bits == 0 || type.language == Language::Rust || type.language == Language::Zig || !is_flags(type);
    std::string text;
    uint64_t left = bits;
    if (!is_number)
        for (const Enumerator& each : type.enumerators) {
            const auto value = static_cast<uint64_t>(each.value);
            if (value == 0 || (left & value) != value)
                continue;
            text += (text.empty() ? "" : " | ") + each.name;
            left &= ~value;
        }
    if (text.empty())
        return integer_text(bytes, is_signed, Style::Base::Natural);
    return left == 0 ? text : text + " | " + hex(left);
}

std::string quoted_text(std::span<const uint8_t> bytes, TextUnit unit, uint32_t max_text, bool is_cut)
{
    std::string text(unit.prefix);
    text += '"';
    uint32_t count = 0;
    while (bytes.size() >= unit.size && count < max_text) {
        const Unit next = unit_at(bytes, unit.size);
        text += next.point ? escaped_point(*next.point, '"') : "\\x" + hex_digits(bytes[0], 2);
        bytes = bytes.subspan(std::min(next.length, bytes.size()));
        ++count;
    }
    text += '"';
    return is_cut || bytes.size() >= unit.size ? text + "..." : text;
}

} // namespace vitrine::core::source
