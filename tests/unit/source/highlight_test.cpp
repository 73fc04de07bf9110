// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Colours of source lines, in each language, and how long they take.
#include "source/highlight.h"

#include <gmock/gmock.h>

#include <chrono>
#include <random>

namespace vitrine::core::source {
namespace {

constexpr char letters[] = { '.', 'c', 's', 'n', 'k', 't', 'd' };

/// Each byte of the lines as a letter: comment, string, number, keyword, type, directive or `.`.
std::string colours(std::string_view source, Language language)
{
    const auto text = *Text::of(std::string(source));
    Highlighter highlighter(text, language);
    std::string all;
    for (uint32_t i = 1; i <= text->line_count(); ++i) {
        std::string line(text->line(i).size(), '.');
        uint32_t last = 0;
        for (const WordSpan& span : highlighter.spans_of(i)) {
            EXPECT_LE(last, span.begin);
            EXPECT_LT(span.begin, span.end);
            EXPECT_LE(span.end, line.size());
            last = span.end;
            for (uint32_t at = span.begin; at < span.end; ++at)
                line[at] = letters[static_cast<size_t>(span.word)];
        }
        all += (i == 1 ? "" : "\n") + line;
    }
    return all;
}

TEST(Highlight, LanguageIsThatOfTheEnding)
{
    EXPECT_EQ(language_of("src/bank.c"), Language::C);
    EXPECT_EQ(language_of("bank.cpp"), Language::Cpp);
    EXPECT_EQ(language_of("lib.rs"), Language::Rust);
    EXPECT_EQ(language_of("a.zig"), Language::Zig);
    EXPECT_EQ(language_of("module.wat/func[1].wat"), Language::Wat);
    EXPECT_EQ(language_of("~lib/array.ts"), Language::AssemblyScript);
    EXPECT_EQ(language_of("main.go"), Language::Go);
    EXPECT_EQ(language_of("list.h", Language::Cpp), Language::Cpp);
    EXPECT_EQ(language_of("list.h"), Language::C);
    EXPECT_EQ(language_of("vector", Language::Cpp), Language::Cpp);
    EXPECT_EQ(language_of("a.txt"), Language::Unknown);
}

TEST(Highlight, C)
{
    EXPECT_EQ(colours("static int a = 0x1f; // x", Language::C), "kkkkkk.ttt.....nnnn..cccc");
    EXPECT_EQ(colours("#include <stdio.h>", Language::C), "dddddddd..........");
    EXPECT_EQ(colours("x = \"a\\\"b\" 'c' '\\''", Language::C), "....ssssss.sss.ssss");
    EXPECT_EQ(colours("a /* b\nc */ return", Language::C), "..cccc\ncccc.kkkkkk");
    EXPECT_EQ(colours("\"never closed\nreturn", Language::C), "sssssssssssss\nkkkkkk");
    EXPECT_EQ(colours("\"goes on\\\nhere\" if", Language::C), "sssssssss\nsssss.kk");
    EXPECT_EQ(colours("1.5e-3f + 1'000", Language::C), "nnnnnnn...nnnnn");
    EXPECT_EQ(colours("forward format int8", Language::C), "...................");
}

TEST(Highlight, Cpp)
{
    EXPECT_EQ(colours("auto s = R\"(a\n\"b\")\"; co_await", Language::Cpp), "kkkk.....ssss\nsssss..kkkkkkkk");
    EXPECT_EQ(colours("constexpr bool", Language::Cpp), "kkkkkkkkk.tttt");
}

TEST(Highlight, Rust)
{
    EXPECT_EQ(colours("fn f<'a, 'b>(c: &'a str)", Language::Rust), "kk..................ttt.");
    EXPECT_EQ(colours("'x' '\\n' b'\xc3\xa9'", Language::Rust), "sss.ssss..ssss");
    EXPECT_EQ(colours("r#\"a\"b\"# let", Language::Rust), "ssssssss.kkk");
    EXPECT_EQ(colours("/* a /* b */\nc */ let", Language::Rust), "cccccccccccc\ncccc.kkk");
    EXPECT_EQ(colours("\"two\nlines\" let", Language::Rust), "ssss\nssssss.kkk");
    EXPECT_EQ(colours("#[derive(Debug)] 0..9", Language::Rust), "dddddddddddddddd.n..n");
}

TEST(Highlight, OtherLanguages)
{
    EXPECT_EQ(colours("const a: u32 = @intCast(1);", Language::Zig), "kkkkk....ttt...dddddddd.n..");
    EXPECT_EQ(colours("\\\\ text \"\nvar", Language::Zig), "sssssssss\nkkk");
    EXPECT_EQ(colours("(func $if (param i32)", Language::Wat), ".kkkk......kkkkk.ttt.");
    EXPECT_EQ(colours("local.get 0 ;; x", Language::Wat), "kkkkkkkkk.n.cccc");
    EXPECT_EQ(colours("(; a (; b ;) ;) i32.const -5", Language::Wat), "ccccccccccccccc.ttttttttt.nn");
    EXPECT_EQ(
        colours("@inline let a = `x\ny` + 'z'", Language::AssemblyScript), "ddddddd.kkk.....ss\nss...sss");
    EXPECT_EQ(colours("func f() { a := `\\` // x", Language::Go), "kkkk............sss.cccc");
    EXPECT_EQ(colours("int return 5", Language::Unknown), "............");
}

TEST(Highlight, LinesMayBeAskedForInAnyOrder)
{
    const auto text = *Text::of("/*\n\n\n*/ int\nint\n");
    Highlighter highlighter(text, Language::C);
    EXPECT_THAT(highlighter.spans_of(5), testing::ElementsAre(WordSpan { 0, 3, Word::Type }));
    EXPECT_THAT(highlighter.spans_of(1), testing::ElementsAre(WordSpan { 0, 2, Word::Comment }));
    EXPECT_THAT(highlighter.spans_of(4),
        testing::ElementsAre(WordSpan { 0, 2, Word::Comment }, WordSpan { 3, 6, Word::Type }));
    EXPECT_TRUE(highlighter.spans_of(0).empty());
    EXPECT_TRUE(highlighter.spans_of(6).empty());
}

TEST(Highlight, AnyBytesInAnyLanguage)
{
    std::minstd_rand random(1);
    constexpr std::string_view pieces[] = { "\"", "'", "/*", "*/", "//", "(;", ";)", "r#", "R\"(", ")\"",
        "\\", "#", "[", "]", "!", "@", "`", "0x", "1e+", "..", "int", "fn", "\xc3", "\xa9", " ", "\n", "$",
        "-1" };
    for (int round = 0; round < 2000; ++round) {
        std::string source;
        for (int i = 0; i < 40; ++i)
            source += pieces[random() % std::size(pieces)];
        for (int language = 0; language <= static_cast<int>(Language::Go); ++language)
            colours(source, static_cast<Language>(language));
    }
}

TEST(Highlight, TenThousandLinesAreFast)
{
    std::string source;
    for (int i = 0; i < 10'000; ++i)
        source += "    const int balance = operations[i].amount + 0x10; // \"text\" of a line\n";
    Highlighter highlighter(*Text::of(source), Language::Cpp);
    EXPECT_EQ(highlighter.spans_of(1).size(), 4u);
    auto best = std::chrono::nanoseconds::max();
    for (int i = 0; i < 5; ++i) {
        Highlighter fresh(*Text::of(source), Language::Cpp);
        const auto start = std::chrono::steady_clock::now();
        fresh.spans_of(10'000);
        best = std::min(best, std::chrono::nanoseconds(std::chrono::steady_clock::now() - start));
    }
    RecordProperty("microseconds", static_cast<int>(best.count() / 1000));
    // The goal is 10 ms; sanitizers and busy machines need more.
    EXPECT_LT(best, std::chrono::milliseconds(500));
}

} // namespace
} // namespace vitrine::core::source
