// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/strings.h"

#include <gtest/gtest.h>

#include <cstring>
#include <ostream>

namespace vitrine::core::component::test {
namespace {

using std::string_literals::operator""s;

// -- Strings in memory

std::string utf16_of(std::u16string_view text)
{
    return { reinterpret_cast<const char*>(text.data()), 2 * text.size() };
}

SourceString source(Units units, const std::string& bytes, bool has_two_encodings = false)
{
    return { units, has_two_encodings, static_cast<uint32_t>(bytes.size() / (units == Units::Utf16 ? 2 : 1)),
        bytes_of(bytes) };
}

/// Stores a string as a guest would see it: `alloc SIZE/ALIGNMENT` for each allocation, the bytes
/// and the length. The allocator keeps contents and fills what is new with `~`.
struct Stored {
    std::string calls;
    std::string bytes;
    uint32_t length;

    friend bool operator==(const Stored&, const Stored&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Stored& stored)
    {
        return out << stored.calls << " '" << stored.bytes << "' " << std::hex << stored.length;
    }
};

Stored store(const SourceString& string, StringEncoding encoding)
{
    const StringPlan plan = plan_string(string, encoding);
    Stored stored { "", "", plan.length };
    for (uint32_t i = 0; i < plan.count; ++i) {
        const StringStage& stage = plan.stages[i];
        stored.calls += (i ? " " : "") + std::to_string(stage.size) + "/" + std::to_string(stage.alignment);
        stored.bytes.resize(stage.size, '~');
        write_string(string, stage, { reinterpret_cast<uint8_t*>(stored.bytes.data()), stored.bytes.size() });
    }
    return stored;
}

constexpr auto utf8 = StringEncoding::Utf8, utf16 = StringEncoding::Utf16,
               compact = StringEncoding::Latin1Utf16;
constexpr uint32_t tag = utf16_tag;

TEST(Strings, FromUtf8)
{
    const auto stored = [](const std::string& text, StringEncoding to) {
        return store(source(Units::Utf8, text), to);
    };
    EXPECT_EQ(stored("", utf8), (Stored { "0/1", "", 0 }));
    EXPECT_EQ(stored("h\u00e9", utf8), (Stored { "3/1", "h\u00e9", 3 }));
    EXPECT_EQ(stored("", utf16), (Stored { "0/2", "", 0 }));
    EXPECT_EQ(stored("ab", utf16), (Stored { "4/2", utf16_of(u"ab"), 2 }));
    EXPECT_EQ(stored("\u20ac", utf16), (Stored { "6/2 2/2", utf16_of(u"\u20ac"), 1 }));
    EXPECT_EQ(stored("\U0001f642", utf16), (Stored { "8/2 4/2", utf16_of(u"\U0001f642"), 2 }));
    EXPECT_EQ(stored("", compact), (Stored { "0/2", "", 0 }));
    EXPECT_EQ(stored("ab", compact), (Stored { "2/2", "ab", 2 }));
    EXPECT_EQ(stored("a\u00e9", compact), (Stored { "3/2 2/2", "a\xe9", 2 }));
    EXPECT_EQ(
        stored("a\u00e9\u20ac", compact), (Stored { "6/2 12/2 6/2", utf16_of(u"a\u00e9\u20ac"), 3 | tag }));
    EXPECT_EQ(stored("\u0100", compact), (Stored { "2/2 4/2 2/2", utf16_of(u"\u0100"), 1 | tag }));
    EXPECT_EQ(stored("\U0010ffff", compact), (Stored { "4/2 8/2 4/2", utf16_of(u"\U0010ffff"), 2 | tag }));
}

TEST(Strings, FromUtf16)
{
    const auto stored = [](std::u16string_view text, StringEncoding to) {
        return store(source(Units::Utf16, utf16_of(text)), to);
    };
    EXPECT_EQ(stored(u"", utf8), (Stored { "0/1", "", 0 }));
    EXPECT_EQ(stored(u"ab", utf8), (Stored { "2/1", "ab", 2 }));
    EXPECT_EQ(stored(u"a\u00e9b", utf8), (Stored { "3/1 9/1 4/1", "a\u00e9b", 4 }));
    // Three bytes for each code unit: nothing to give back.
    EXPECT_EQ(stored(u"\u20ac\uffff", utf8), (Stored { "2/1 6/1", "\u20ac\uffff", 6 }));
    EXPECT_EQ(stored(u"\U0001f642", utf8), (Stored { "2/1 6/1 4/1", "\U0001f642", 4 }));
    EXPECT_EQ(stored(u"a\U0001f642", utf16), (Stored { "6/2", utf16_of(u"a\U0001f642"), 3 }));
    EXPECT_EQ(stored(u"a\u00ff", compact), (Stored { "2/2", "a\xff", 2 }));
    EXPECT_EQ(stored(u"a\u00ff\u0100", compact), (Stored { "3/2 6/2", utf16_of(u"a\u00ff\u0100"), 3 | tag }));
}

TEST(Strings, FromLatin1)
{
    const auto stored = [](const std::string& text, StringEncoding to) {
        return store(source(Units::Latin1, text, true), to);
    };
    EXPECT_EQ(stored("ab", utf8), (Stored { "2/1", "ab", 2 }));
    EXPECT_EQ(stored("a\xe9", utf8), (Stored { "2/1 4/1 3/1", "a\u00e9", 3 }));
    EXPECT_EQ(stored("\xe9\xff", utf8), (Stored { "2/1 4/1", "\u00e9\u00ff", 4 }));
    EXPECT_EQ(stored("a\xe9", utf16), (Stored { "4/2", utf16_of(u"a\u00e9"), 2 }));
    EXPECT_EQ(stored("a\xe9", compact), (Stored { "2/2", "a\xe9", 2 }));
}

TEST(Strings, FromTaggedUtf16)
{
    const auto stored = [](std::u16string_view text, StringEncoding to) {
        return store(source(Units::Utf16, utf16_of(text), true), to);
    };
    EXPECT_EQ(stored(u"a\u00e9", utf8), (Stored { "2/1 6/1 3/1", "a\u00e9", 3 }));
    EXPECT_EQ(stored(u"a\u00e9", utf16), (Stored { "4/2", utf16_of(u"a\u00e9"), 2 }));
    EXPECT_EQ(stored(u"a\u0100", compact), (Stored { "4/2", utf16_of(u"a\u0100"), 2 | tag }));
    // It is expected to be UTF-16, but is not.
    EXPECT_EQ(stored(u"a\u00e9", compact), (Stored { "4/2 2/1", "a\xe9", 2 }));
    EXPECT_EQ(stored(u"", compact), (Stored { "0/2 0/1", "", 0 }));
}

/// What a stage writes is what the receiver's allocator sees, also in memory that is given back.
TEST(Strings, EachStageIsPrescribed)
{
    const std::string text = utf16_of(u"a\u00e9");
    const SourceString narrow = source(Units::Utf16, text, true);
    std::array<uint8_t, 4> bytes {};
    write_string(narrow, plan_string(narrow, compact).stages[0], bytes);
    EXPECT_EQ(bytes, (std::array<uint8_t, 4> { 'a', 0xe9, 0xe9, 0 }));

    // The prefix is taken from where the previous stage has written it.
    const std::string wide = utf16_of(u"ab\u20ac");
    const SourceString growing = source(Units::Utf16, wide);
    const StringPlan plan = plan_string(growing, compact);
    std::array<uint8_t, 6> grown { 'x', 'y', 9, 9, 9, 9 };
    write_string(growing, plan.stages[1], grown);
    EXPECT_EQ(grown, (std::array<uint8_t, 6> { 'x', 0, 'y', 0, 0xac, 0x20 }));
}

/// A string can change between a plan and its execution if other code runs in between.
TEST(Strings, NothingIsWrittenBeyondTheStage)
{
    const std::string before = "aaaa", after = "\u20ac\u20ac\u20ac\u20ac\u20ac";
    for (const StringEncoding to : { utf8, utf16, compact })
        for (const Units units : { Units::Utf8, Units::Latin1, Units::Utf16 }) {
            const StringPlan plan = plan_string(source(units, before), to);
            for (uint32_t i = 0; i < plan.count; ++i) {
                std::vector<uint8_t> bytes(plan.stages[i].size + 4, 0x55);
                write_string(
                    source(units, after), plan.stages[i], std::span(bytes).first(plan.stages[i].size));
                for (size_t at = plan.stages[i].size; at < bytes.size(); ++at)
                    EXPECT_EQ(bytes[at], 0x55);
            }
        }
}

// -- Checking

std::string problem(Units units, const std::string& bytes)
{
    const auto checked = check_string(source(units, bytes));
    return checked ? "" : to_text(checked.error());
}

TEST(Strings, MalformedUtf8)
{
    for (const char* const good : { "", "abc", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000",
             "\uffff", "\U00010000", "\U0010ffff", "a\u00e9\u20ac\U0001f642z" })
        EXPECT_EQ(problem(Units::Utf8, good), "") << good;
    const std::pair<std::string, std::string> table[] = {
        { "a\x80", "invalid utf-8 in a string, at byte 1" },
        { "\xc0\x80", "invalid utf-8 in a string, at byte 0" },
        { "\xc1\xbf", "invalid utf-8 in a string, at byte 0" },
        { "\xe0\x9f\xbf", "invalid utf-8 in a string, at byte 0" },
        { "\xf0\x8f\xbf\xbf", "invalid utf-8 in a string, at byte 0" },
        { "\xf4\x90\x80\x80", "invalid utf-8 in a string, at byte 0" },
        { "\xf5\x80\x80\x80", "invalid utf-8 in a string, at byte 0" },
        { "\xff", "invalid utf-8 in a string, at byte 0" },
        // Surrogates.
        { "ab\xed\xa0\x80", "invalid utf-8 in a string, at byte 2" },
        { "\xed\xbf\xbf", "invalid utf-8 in a string, at byte 0" },
        { "\xe2\x28\xac", "invalid utf-8 in a string, at byte 0" },
        { "abc\xe2\x82", "incomplete utf-8 byte sequence in a string, at byte 3" },
        { "\xf0\x9f\x99", "incomplete utf-8 byte sequence in a string, at byte 0" },
        { "\xc3", "incomplete utf-8 byte sequence in a string, at byte 0" },
    };
    for (const auto& [bytes, message] : table)
        EXPECT_EQ(problem(Units::Utf8, bytes), message);
}

TEST(Strings, MalformedUtf16)
{
    EXPECT_EQ(problem(Units::Utf16, utf16_of(u"a\U0010ffff\ud7ff\ue000")), "");
    const char16_t* const bad[] = { u"a\xd800",
        (u"a\xdbff"
         u"b"),
        u"a\xdc00", u"a\xdfff\xd800", u"a\xd800\xd800\xdc00" };
    for (const char16_t* const text : bad)
        EXPECT_EQ(problem(Units::Utf16, utf16_of(text)),
            "invalid utf-16 in a string: unpaired surrogate, at byte 2");
}

TEST(Strings, ToUtf8)
{
    EXPECT_EQ(to_utf8(source(Units::Latin1, "a\xe9\xff\0"s)), "a\u00e9\u00ff\0"s);
    EXPECT_EQ(to_utf8(source(Units::Utf16, utf16_of(u"a\u20ac\U0001f642"))), "a\u20ac\U0001f642");
    EXPECT_EQ(to_utf8(source(Units::Utf8, "x\u00e9")), "x\u00e9");
}

} // namespace
} // namespace vitrine::core::component::test
