// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/text.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace vitrine::core::test {
namespace {

TEST(Text, HexadecimalNumbers)
{
    EXPECT_EQ(hex(0), "0x0");
    EXPECT_EQ(hex(0xffffffffffffffff), "0xffffffffffffffff");
    EXPECT_EQ(hex_digits(0x2a, 4), "002a");
    EXPECT_EQ(hex_digits(0x12345, 4), "2345");
    EXPECT_EQ(hex_of(bytes_of("aZ\xff")), "615aff");
}

TEST(Text, Utf8IsCheckedToTheLastBit)
{
    for (const char* good : { "", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
             "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf" })
        EXPECT_TRUE(is_utf8(bytes_of(good))) << good;
    // A lone continuation byte, overlong forms, a truncated sequence, surrogates, a value too
    // large, bytes that are never used.
    for (const char* bad : { "\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xc2",
             "\xe2\x82", "\xf0\x90\x80", "\xe2\x82\x28", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80",
             "\xf5\x80\x80\x80", "\xff" })
        EXPECT_FALSE(is_utf8(bytes_of(bad))) << hex_of(bytes_of(bad));
}

TEST(Text, EscapesAreThoseOfWat)
{
    EXPECT_EQ(escaped("plain \u20ac"), "plain \u20ac");
    EXPECT_EQ(escaped("a\"b\\c\n\t\r"), "a\\\"b\\\\c\\n\\t\\r");
    EXPECT_EQ(escaped(std::string_view("\0\x7f\xff", 3)), "\\00\\7f\\ff");
}

/// Characters of each kind that must not reach a terminal, with their escapes.
constexpr std::pair<std::string_view, std::string_view> hostile[] {
    { "\x1b[31m", "\\1b[31m" },
    { "\x7f", "\\7f" },
    { "\u0085", "\\u{85}" },
    { "\u009b31m", "\\u{9b}31m" },
    { "\u00ad", "\\u{ad}" },
    { "\u061c", "\\u{61c}" },
    { "\u200b", "\\u{200b}" },
    { "\u2028", "\\u{2028}" },
    { "\u2029", "\\u{2029}" },
    { "\u202e", "\\u{202e}" },
    { "\u2067", "\\u{2067}" },
    { "\ufeff", "\\u{feff}" },
    { "\U000e0041", "\\u{e0041}" },
    { "\x9b", "\\9b" },
    { "\xed\xa0\x80", "\\ed\\a0\\80" },
};

TEST(Text, WhatSteersATerminalIsEscaped)
{
    for (const auto& [text, expected] : hostile) {
        EXPECT_EQ(escaped(text), expected);
        EXPECT_EQ(printable(text), expected);
        EXPECT_EQ(printable(escaped(text)), expected) << "what is escaped stays as it is";
    }
    for (const char* plain : { "a b", "\u00e9", "\u4e2d", "\U0001f600", "\u0301", "\u00a0" })
        EXPECT_EQ(escaped(plain), plain);
    EXPECT_EQ(printable("a \"b\"\n \\c\r"), "a \"b\"\\n \\c\\r");
}

TEST(Text, EveryCharacterIsEscapedAndReadBack)
{
    for (uint32_t point = 0; point <= 0x10ffff; ++point) {
        std::string text;
        if (take_escape("\\u{" + hex(point).substr(2) + "}", text) == 0)
            continue; // a surrogate
        ASSERT_TRUE(is_utf8(bytes_of(text))) << point;
        ASSERT_EQ(unescaped(escaped(text)), text) << point;
        ASSERT_EQ(is_control(point), printable(text) != text) << point;
    }
    for (int byte = 0; byte < 256; ++byte) {
        const std::string text { static_cast<char>(byte), 'f' };
        EXPECT_EQ(unescaped(escaped(text)), text) << byte;
    }
}

TEST(Text, MalformedEscapesAreNone)
{
    for (const char* bad : { "\\", "\\q", "\\u", "\\u{", "\\u{}", "\\u{12", "\\u{d800}", "\\u{110000}",
             "\\u{1234567890}", "\\u{x}", "\\x", "\\xg0", "a\\" })
        EXPECT_EQ(unescaped(bad), std::nullopt) << bad;
    EXPECT_EQ(unescaped("\\u{1F600}\\x41\\42\\0\\'"), std::string("\U0001f600AB\0'", 8));
}

TEST(Text, FloatsReadBack)
{
    EXPECT_EQ(float_text(0.1f), "0.1");
    EXPECT_EQ(float_text(0.1), "0.1");
    EXPECT_EQ(float_text(-0.0), "-0");
    EXPECT_EQ(float_text(std::numeric_limits<double>::infinity()), "inf");
    EXPECT_EQ(float_text(-std::numeric_limits<float>::infinity()), "-inf");
    EXPECT_EQ(float_text(std::bit_cast<float>(0x7fc00000)), "nan");
    EXPECT_EQ(float_text(std::bit_cast<float>(0xffc00000)), "-nan");
    EXPECT_EQ(float_text(std::bit_cast<float>(0x7f800001)), "nan:0x1");
    EXPECT_EQ(float_text(std::bit_cast<double>(0xfff4000000000000)), "-nan:0x4000000000000");
}

TEST(Error, ShowsItsOffset)
{
    EXPECT_EQ((Error { "unexpected end of section or function", 0x20 }).to_text(),
        "unexpected end of section or function (at offset 0x20)");
    EXPECT_EQ((Error { "no such file" }).to_text(), "no such file");
}

Result<int> half(int number)
{
    if (number % 2)
        return failure("odd", number);
    return number / 2;
}

Result<int> quarter(int number) { return TRY(half(TRY(half(number)))); }

Result<void> check_quarter(int number)
{
    CHECK(quarter(number));
    return {};
}

TEST(Result, TryAndCheckPassErrorsOn)
{
    EXPECT_EQ(quarter(12), 3);
    EXPECT_EQ(quarter(6).error().offset, 3u);
    EXPECT_TRUE(check_quarter(4).has_value());
    EXPECT_EQ(check_quarter(5).error().message, "odd");
}

} // namespace
} // namespace vitrine::core::test
