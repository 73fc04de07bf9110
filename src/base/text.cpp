// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/text.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>

namespace vitrine::core {

namespace {

constexpr char digits_of_hex[] = "0123456789abcdef";

/// Length in bytes of the UTF-8 sequence at the start of `text`, or 0 when it is ill-formed.
size_t utf8_sequence(Bytes text)
{
    const uint8_t first = text[0];
    if (first < 0x80)
        return 1;
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length)
        return 0;
    uint32_t point = first & (0x7f >> length);
    for (size_t i = 1; i < length; ++i) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (text[i] & 0x3f);
    }
    constexpr std::array<uint32_t, 5> smallest { 0, 0, 0x80, 0x800, 0x10000 };
    const bool surrogate = point >= 0xd800 && point < 0xe000;
    return point < smallest[length] || surrogate || point > 0x10ffff ? 0 : length;
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
        const size_t length = utf8_sequence(text);
        if (length == 0)
            return false;
        text = text.subspan(length);
    }
    return true;
}

std::string escaped(std::string_view text)
{
    std::string result;
    for (size_t at = 0; at < text.size();) {
        const auto byte = static_cast<uint8_t>(text[at]);
        const size_t length = utf8_sequence(bytes_of(text.substr(at)));
        if (byte == '"' || byte == '\\')
            result += { '\\', text[at] };
        else if (byte == '\n' || byte == '\t' || byte == '\r')
            result += byte == '\n' ? "\\n" : byte == '\t' ? "\\t" : "\\r";
        else if (byte < 0x20 || byte == 0x7f || length == 0)
            result += "\\" + hex_digits(byte, 2);
        else
            result += text.substr(at, length);
        at += length == 0 ? 1 : length;
    }
    return result;
}

std::string float_text(float value) { return text_of<float, uint32_t>(value, 23); }

std::string float_text(double value) { return text_of<double, uint64_t>(value, 52); }

} // namespace vitrine::core
