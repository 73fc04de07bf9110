// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lines of source files, and what cannot be shown.
#include "source/text.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

namespace vitrine::core::source {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Knows the text of one file.
class OneText final : public Symbols {
public:
    std::optional<std::string> text;

    std::optional<std::string> text_of(FileId) override { return text; }
    Summary summary() override { return {}; }
    std::optional<Row> row_at(CodeOffset) override { return {}; }
    std::vector<Row> rows_of(FileId, uint32_t, uint32_t) override { return {}; }
    std::vector<Row> rows_in(Range) override { return {}; }
    std::optional<Function> function_at(CodeOffset) override { return {}; }
    std::optional<Function> function(FunctionId) override { return {}; }
    std::vector<Function> functions_named(const Pattern&) override { return {}; }
    std::vector<Scope> scopes_at(CodeOffset) override { return {}; }
    std::vector<Scope> inlined_in(Range) override { return {}; }
    std::vector<Variable> variables(std::span<const VariableId>) override { return {}; }
    std::vector<Variable> globals(const Pattern&) override { return {}; }
    Type type(TypeId) override { return {}; }
    std::optional<TypeId> find_type(std::string_view) override { return {}; }
    std::optional<Variable> variable_at(uint64_t) override { return {}; }
};

class TextTest : public testing::Test {
protected:
    TextTest()
    {
        std::string name = (fs::temp_directory_path() / "vitrine-text-XXXXXX").string();
        root = ::mkdtemp(name.data());
    }
    ~TextTest() override { fs::remove_all(root); }
    TextTest(const TextTest&) = delete;
    TextTest& operator=(const TextTest&) = delete;

    std::string file(const std::string& name, std::string_view text) const
    {
        const std::string path = (fs::path(root) / name).string();
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    static std::string refusal(const std::string& path)
    {
        const auto text = Text::read(path);
        return text ? "" : text.error().message;
    }

    std::string root;
    OneText symbols;
};

TEST(Text, HasLines)
{
    const auto text = *Text::of("one\r\n\nthree");
    EXPECT_EQ(text->line_count(), 3u);
    EXPECT_EQ(text->line(1), "one");
    EXPECT_EQ(text->line(2), "");
    EXPECT_EQ(text->line(3), "three");
    EXPECT_EQ(text->line(0), "");
    EXPECT_EQ(text->line(4), "");
    EXPECT_EQ((*Text::of("a\n"))->line_count(), 1u);
    EXPECT_EQ((*Text::of(""))->line_count(), 0u);
}

TEST(Text, ShownLinesHaveNoTabsAndControls)
{
    EXPECT_EQ(shown_line("\tint a;\t// x"), "        int a;  // x");
    EXPECT_EQ(shown_line("caf\u00e9\tx"), "caf\u00e9    x");
    EXPECT_THAT(shown_line("\x1b[31m\xff"), testing::Not(HasSubstr("\x1b")));
    EXPECT_EQ(shown_line(""), "");
}

TEST_F(TextTest, WhatIsNotTextSaysWhy)
{
    EXPECT_THAT(refusal(file("a.bin",
                    std::string_view("\x7f"
                                     "ELF\0",
                        5))),
        HasSubstr("it is not text"));
    EXPECT_THAT(refusal(root), HasSubstr("it is a folder"));
    EXPECT_THAT(refusal(root + "/gone.c"), HasSubstr("No such file"));
    EXPECT_THAT(refusal("/dev/zero"), HasSubstr("it is not a regular file"));
    const std::string pipe = root + "/pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_THAT(refusal(pipe), HasSubstr("it is not a regular file"));
    const std::string huge = file("huge.c", "");
    fs::resize_file(huge, max_source_bytes + 1);
    EXPECT_THAT(refusal(huge), HasSubstr("it has more than 64 MiB"));
}

TEST_F(TextTest, FileIsReadAgainWhenItChanges)
{
    const std::string path = file("a.c", "one\n");
    Paths paths({});
    Texts texts(paths);
    const auto first = texts.find(symbols, FileId {}, { .path = path });
    ASSERT_TRUE(first);
    EXPECT_EQ(first->text->line(1), "one");
    EXPECT_EQ(texts.find(symbols, FileId {}, { .path = path })->text, first->text);
    file("a.c", "two\n");
    fs::last_write_time(path, fs::file_time_type::clock::now() + std::chrono::seconds(5));
    EXPECT_EQ(texts.find(symbols, FileId {}, { .path = path })->text->line(1), "two");
    // Who has the old one keeps it.
    EXPECT_EQ(first->text->line(1), "one");
    fs::remove(path);
    EXPECT_FALSE(texts.find(symbols, FileId {}, { .path = path }));
}

TEST_F(TextTest, EmbeddedTextCountsAsFile)
{
    Paths paths({});
    Texts texts(paths);
    symbols.text = "export function f(): void {}\n";
    const auto embedded = texts.find(symbols, FileId {}, { .path = "~lib/a.ts", .has_text = true });
    ASSERT_TRUE(embedded) << embedded.error().message;
    EXPECT_EQ(embedded->path, "");
    EXPECT_EQ(embedded->text->line(1), "export function f(): void {}");
    // The file is named if it is the same.
    const std::string path = file("a.ts", *symbols.text);
    EXPECT_EQ(texts.find(symbols, FileId {}, { .path = path, .has_text = true })->path, path);
    const std::string other = file("b.ts", "changed\n");
    const auto changed = texts.find(symbols, FileId {}, { .path = other, .has_text = true });
    EXPECT_EQ(changed->path, "");
    EXPECT_EQ(changed->text->line(1), "export function f(): void {}");
    symbols.text = std::string("a\0b", 3);
    const auto binary = texts.find(symbols, FileId {}, { .path = "c.ts", .has_text = true });
    EXPECT_THAT(binary.error().message, HasSubstr("it is not text"));
    symbols.text.reset();
    EXPECT_FALSE(texts.find(symbols, FileId {}, { .path = "d.ts", .has_text = true }));
}

} // namespace
} // namespace vitrine::core::source
