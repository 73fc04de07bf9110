// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/words.h"

#include "console/text.h"

#include <gtest/gtest.h>

namespace vitrine::core::console {
namespace {

TEST(Words, EndAtBlanksOutsideOfQuotesAndBrackets)
{
    Words words("  a \"b c\\\" d\"  i32[ 1 + 2 ] (x y) ");
    EXPECT_EQ(words.next(), "a");
    EXPECT_EQ(words.peek(), "\"b c\\\" d\"");
    EXPECT_EQ(words.quoted("a text"), "b c\" d");
    EXPECT_EQ(words.next(), "i32[ 1 + 2 ]");
    EXPECT_EQ(words.rest(), "(x y)");
    EXPECT_EQ(words.next(), "(x y)");
    EXPECT_TRUE(words.at_end());
    EXPECT_EQ(words.next(), "");
}

TEST(Words, WhatDoesNotEndIsOneWord)
{
    for (const std::string_view text : { "\"a b", "[a b", "((a) b", "\"a\\", "]" }) {
        Words words(text);
        EXPECT_EQ(words.next(), text);
        EXPECT_TRUE(words.at_end());
    }
}

TEST(Words, NumbersAreDecimalOrHexadecimal)
{
    Words words("12 0x1_0 x");
    EXPECT_EQ(words.number("a count"), 12);
    EXPECT_EQ(words.number("a count"), 16);
    EXPECT_EQ(words.number("a count").error().message, "expected a count instead of x");
    EXPECT_EQ(words.number("a count").error().message, "expected a count");
}

TEST(Words, AScopeIsTakenFromTheEnd)
{
    Words words("$n in 2 on 3");
    EXPECT_EQ(**words.trailing("on"), 3);
    EXPECT_FALSE(*words.trailing("of"));
    EXPECT_EQ(**words.trailing("in"), 2);
    EXPECT_EQ(words.rest(), "$n");
    EXPECT_FALSE(*words.trailing("in"));
    Words wrong("globals of x");
    EXPECT_EQ(wrong.trailing("of").error().message, "expected a number after `of` instead of x");
    // A message is no scope.
    Words quoted("log \"twice in 2\"");
    EXPECT_FALSE(*quoted.trailing("in"));
    Words alone("in 2");
    EXPECT_EQ(**alone.trailing("in"), 2);
    EXPECT_TRUE(alone.at_end());
}

TEST(Words, TheLastWordIsTakenIfItIsNotTheOnlyOne)
{
    Words words("$n read");
    EXPECT_FALSE(words.take_last("write"));
    EXPECT_TRUE(words.take_last("read"));
    EXPECT_EQ(words.rest(), "$n");
    Words only("read");
    EXPECT_FALSE(only.take_last("read"));
}

TEST(Words, WhatIsLeftIsAnError)
{
    EXPECT_TRUE(Words(" ").end());
    EXPECT_EQ(Words("now").end().error().message, "unexpected argument \"now\"");
    EXPECT_EQ(Words("now", true).end().error().message, "unexpected argument \"now\" (the verb takes none)");
}

TEST(Text, NamesNumbersAndTextsAreFound)
{
    const Line line = styled("=> 0x51 call $f, n=-5 log \"a 1\" $\"b c\" f32");
    std::string marked;
    for (const Span& span : line)
        marked += span.style == Style::Name ? "<" + span.text + ">"
            : span.style == Style::Number   ? "{" + span.text + "}"
            : span.style == Style::Text     ? "[" + span.text + "]"
                                            : span.text;
    EXPECT_EQ(marked, "=> {0x51} call <$f>, n={-5} log [\"a 1\"] <$\"b c\"> f32");
    EXPECT_EQ(plain_text(line), "=> 0x51 call $f, n=-5 log \"a 1\" $\"b c\" f32");
}

TEST(Text, WhatATerminalWouldObeyIsEscaped)
{
    EXPECT_EQ(plain_text(styled("a\x1b[31m\n")), "a\\1b[31m\\n");
    EXPECT_EQ(ansi_text(styled("no", Style::Error)), "\x1b[31mno\x1b[0m");
    EXPECT_EQ(ansi_text(styled("yes")), "yes");
}

} // namespace
} // namespace vitrine::core::console
