// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <utility>

namespace vitrine::core {

namespace {

constexpr char digits_of_hex[] = "0123456789abcdef";

} // namespace

Character character_at(Bytes text)
{
    const uint8_t first = text[0];
    if (first < 0x80)
        return { first, 1 };
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length)
        return {};
    uint32_t point = first & (0x7f >> length);
    for (size_t i = 1; i < length; ++i) {
        if ((text[i] & 0xc0) != 0x80)
            return {};
        point = point << 6 | (text[i] & 0x3f);
    }
    constexpr std::array<uint32_t, 5> smallest { 0, 0, 0x80, 0x800, 0x10000 };
    const bool surrogate = point >= 0xd800 && point < 0xe000;
    if (point < smallest[length] || surrogate || point > 0x10ffff)
        return {};
    return { point, length };
}

namespace {

/// Code points of the general categories Cc, Cf, Zl and Zp, in ascending order. Includes U+2065 and
/// the unassigned tags, which are reserved for such characters.
/// [Unicode 17: DerivedGeneralCategory.txt]
constexpr std::pair<uint32_t, uint32_t> control_ranges[] { { 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad },
    { 0x600, 0x605 }, { 0x61c, 0x61c }, { 0x6dd, 0x6dd }, { 0x70f, 0x70f }, { 0x890, 0x891 },
    { 0x8e2, 0x8e2 }, { 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
    { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0x110bd, 0x110bd }, { 0x110cd, 0x110cd }, { 0x13430, 0x1343f },
    { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe007f } };

/// An ASCII control character is escaped as a byte, others as a code point.
std::string escape_of(uint32_t code_point)
{
    if (code_point < 0x80)
        return "\\" + hex_digits(code_point, 2);
    return "\\u{" + hex(code_point).substr(2) + "}";
}

std::optional<uint32_t> digit_of(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    const char lower = static_cast<char>(letter | 0x20);
    return lower >= 'a' && lower <= 'f' ? std::optional<uint32_t>(lower - 'a' + 10) : std::nullopt;
}

} // namespace

void append_utf8(std::string& to, uint32_t point)
{
    const auto add = [&](uint32_t byte) { to += static_cast<char>(byte); };
    if (point < 0x80) {
        add(point);
        return;
    }
    const int tail = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    constexpr std::array<uint32_t, 4> lead { 0, 0xc0, 0xe0, 0xf0 };
    add(lead[static_cast<size_t>(tail)] | point >> (6 * tail));
    for (int i = tail - 1; i >= 0; --i)
        add(0x80 | (point >> (6 * i) & 0x3f));
}

namespace {

/// Decodes `\u{202e}`.
size_t take_code_point(std::string_view text, std::string& to)
{
    constexpr size_t digits_at = 3;
    uint32_t point = 0;
    for (size_t at = digits_at; at < text.size(); ++at) {
        if (text[at] == '}' && at > digits_at && !(point >= 0xd800 && point < 0xe000))
            return append_utf8(to, point), at + 1;
        const auto digit = digit_of(text[at]);
        if (!digit || (point = point << 4 | *digit) > 0x10ffff)
            return 0;
    }
    return 0;
}

template<class Float, class Bits> std::string text_of(Float value, int mantissa_bits)
{
    const Bits bits = std::bit_cast<Bits>(value);
    const bool negative = std::signbit(value);
    if (std::isnan(value)) {
        const Bits payload = bits & ((Bits { 1 } << mantissa_bits) - 1);
        const bool canonical = payload == Bits { 1 } << (mantissa_bits - 1);
        return std::string(negative ? "-nan" : "nan") + (canonical ? "" : ":" + hex(payload));
    }
    if (std::isinf(value))
        return negative ? "-inf" : "inf";
    std::array<char, 64> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    return std::string(buffer.data(), end);
}

} // namespace

std::string count_text(size_t count, std::string_view one)
{
    return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

std::string hex(uint64_t value)
{
    std::array<char, 16> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, 16).ptr;
    return "0x" + std::string(buffer.data(), end);
}

std::string hex_digits(uint64_t value, int digits)
{
    std::string text(static_cast<size_t>(digits), '0');
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit, value >>= 4)
        *digit = digits_of_hex[value & 15];
    return text;
}

std::string hex_of(Bytes bytes)
{
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const uint8_t byte : bytes) {
        text += digits_of_hex[byte >> 4];
        text += digits_of_hex[byte & 15];
    }
    return text;
}

bool is_utf8(Bytes text)
{
    while (!text.empty()) {
        const size_t length = character_at(text).length;
        if (length == 0)
            return false;
        text = text.subspan(length);
    }
    return true;
}

bool is_control(uint32_t code_point)
{
    const auto behind =
        std::ranges::upper_bound(control_ranges, code_point, {}, &std::pair<uint32_t, uint32_t>::first);
    return behind != std::begin(control_ranges) && code_point <= std::prev(behind)->second;
}

std::string replace_controls(std::string_view text, std::string (*escape)(uint32_t code_point))
{
    std::string result;
    while (!text.empty()) {
        const Character character = character_at(bytes_of(text));
        const size_t length = std::max<size_t>(character.length, 1);
        if (is_control(character.code_point))
            result += escape(character.code_point);
        else
            result += text.substr(0, length);
        text.remove_prefix(length);
    }
    return result;
}

namespace {

/// `text` as one line. With `is_readable`, quotes and backslashes are escaped so that it can be
/// parsed again.
std::string escaped(std::string_view text, bool is_readable)
{
    std::string result;
    while (!text.empty()) {
        const char letter = text.front();
        const Character character = character_at(bytes_of(text));
        if (letter == '\n' || letter == '\t' || letter == '\r')
            result += letter == '\n' ? "\\n" : letter == '\t' ? "\\t" : "\\r";
        else if (is_readable && (letter == '"' || letter == '\\'))
            result += { '\\', letter };
        else if (character.length == 0)
            result += "\\" + hex_digits(static_cast<uint8_t>(letter), 2);
        else if (is_control(character.code_point))
            result += escape_of(character.code_point);
        else
            result += text.substr(0, character.length);
        text.remove_prefix(std::max<size_t>(character.length, 1));
    }
    return result;
}

} // namespace

std::string escaped(std::string_view text) { return escaped(text, true); }

std::string printable(std::string_view text) { return escaped(text, false); }

size_t take_escape(std::string_view text, std::string& to)
{
    const auto at = [&](size_t index) { return index < text.size() ? text[index] : '\0'; };
    if (at(0) != '\\')
        return 0;
    const size_t digits = at(1) == 'x' ? 2 : 1;
    if (const auto high = digit_of(at(digits)), low = digit_of(at(digits + 1)); high && low)
        return to += static_cast<char>(*high << 4 | *low), digits + 2;
    switch (at(1)) {
    case 'n': to += '\n'; return 2;
    case 't': to += '\t'; return 2;
    case 'r': to += '\r'; return 2;
    case '0': to += '\0'; return 2;
    case '\\':
    case '\'':
    case '"': to += at(1); return 2;
    case 'u': return at(2) == '{' ? take_code_point(text, to) : 0;
    default: return 0;
    }
}

std::optional<std::string> unescaped(std::string_view text)
{
    std::string result;
    while (!text.empty()) {
        size_t length = 1;
        if (text.front() != '\\')
            result += text.front();
        else if (length = take_escape(text, result); length == 0)
            return std::nullopt;
        text.remove_prefix(length);
    }
    return result;
}

std::string float_text(float value) { return text_of<float, uint32_t>(value, 23); }

std::string float_text(double value) { return text_of<double, uint64_t>(value, 52); }

} // namespace vitrine::core
