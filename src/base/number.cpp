// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/number.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace vitrine::core {

namespace {

bool is_digit(char letter, bool is_hex)
{
    const bool is_hex_letter = (letter >= 'a' && letter <= 'f') || (letter >= 'A' && letter <= 'F');
    return (letter >= '0' && letter <= '9') || (is_hex && is_hex_letter);
}

/// Takes digits, with single underscores between them, off the front and appends them to `taken`.
bool take_digits(std::string_view& text, bool is_hex, std::string& taken)
{
    size_t at = 0;
    while (at < text.size() && is_digit(text[at], is_hex)) {
        taken += text[at++];
        if (at + 1 < text.size() && text[at] == '_' && is_digit(text[at + 1], is_hex))
            ++at;
    }
    text.remove_prefix(at);
    return at > 0;
}

bool take(std::string_view& text, std::string_view prefix)
{
    const bool is_there = text.starts_with(prefix);
    text.remove_prefix(is_there ? prefix.size() : 0);
    return is_there;
}

/// Whether there was a minus.
bool take_sign(std::string_view& text)
{
    const bool is_negative = take(text, "-");
    if (!is_negative)
        take(text, "+");
    return is_negative;
}

template<class Bits> std::optional<Bits> parse_magnitude(std::string_view text)
{
    const bool is_hex = take(text, "0x");
    std::string digits;
    if (!take_digits(text, is_hex, digits) || !text.empty())
        return std::nullopt;
    Bits value = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value, is_hex ? 16 : 10);
    return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

/// Signed or not, as the bits that both have.
template<class Bits> std::optional<Bits> parse_integer(std::string_view text)
{
    constexpr Bits smallest = Bits { 1 } << (std::numeric_limits<Bits>::digits - 1);
    const bool is_negative = take_sign(text);
    const auto value = parse_magnitude<Bits>(text);
    if (!value || (is_negative && *value > smallest))
        return std::nullopt;
    return is_negative ? Bits { 0 } - *value : *value;
}

/// `12.5e-3`, `0x1.8p3`: without underscores if it is one.
std::optional<std::string> parse_float_text(std::string_view text)
{
    std::string plain;
    const bool is_hex = take(text, "0x");
    if (is_hex)
        plain = "0x";
    if (!take_digits(text, is_hex, plain))
        return std::nullopt;
    if (take(text, ".")) {
        plain += '.';
        take_digits(text, is_hex, plain);
    }
    if (is_hex ? take(text, "p") || take(text, "P") : take(text, "e") || take(text, "E")) {
        plain += is_hex ? "p" : "e";
        plain += take_sign(text) ? "-" : "+";
        if (!take_digits(text, false, plain))
            return std::nullopt;
    }
    return text.empty() ? std::optional(plain) : std::nullopt;
}

template<class Float> std::optional<Float> parse_finite(std::string_view text)
{
    const auto plain = parse_float_text(text);
    if (!plain)
        return std::nullopt;
    Float value = 0;
    if constexpr (sizeof(Float) == 4)
        value = std::strtof(plain->c_str(), nullptr);
    else
        value = std::strtod(plain->c_str(), nullptr);
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

template<class Float, class Bits> std::optional<Float> parse_float(std::string_view text)
{
    constexpr Bits quiet = Bits { 1 } << (std::numeric_limits<Float>::digits - 2);
    constexpr Bits mantissa = 2 * quiet - 1;
    const bool is_negative = take_sign(text);
    std::optional<Float> value;
    if (text == "inf") {
        value = std::numeric_limits<Float>::infinity();
    } else if (take(text, "nan")) {
        auto payload = text.empty() ? std::optional(quiet) : std::nullopt;
        if (take(text, ":") && text.starts_with("0x"))
            payload = parse_magnitude<Bits>(text);
        if (payload && *payload > 0 && *payload <= mantissa)
            value =
                std::bit_cast<Float>(std::bit_cast<Bits>(std::numeric_limits<Float>::infinity()) | *payload);
    } else {
        value = parse_finite<Float>(text);
    }
    if (!value)
        return std::nullopt;
    // Not `-*value`: that may lose the sign of a NaN.
    const Bits sign = is_negative ? Bits { 1 } << (std::numeric_limits<Bits>::digits - 1) : 0;
    return std::bit_cast<Float>(std::bit_cast<Bits>(*value) | sign);
}

} // namespace

std::optional<uint64_t> parse_unsigned(std::string_view text) { return parse_magnitude<uint64_t>(text); }

std::optional<uint32_t> parse_i32(std::string_view text) { return parse_integer<uint32_t>(text); }

std::optional<uint64_t> parse_i64(std::string_view text) { return parse_integer<uint64_t>(text); }

std::optional<float> parse_f32(std::string_view text) { return parse_float<float, uint32_t>(text); }

std::optional<double> parse_f64(std::string_view text) { return parse_float<double, uint64_t>(text); }

} // namespace vitrine::core
