// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Source maps as debug information: mappings, index maps, texts, and what is malformed.
#include "dwarf/source_map.h"

#include "support/wat.h"
#include "wasm/decoder.h"

#include <gmock/gmock.h>

#include <random>

namespace vitrine::core::dwarf {
namespace {

using source::FileId;
using source::Place;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Two functions of five bytes of code each.
class SourceMapTest : public testing::Test {
protected:
    SourceMapTest()
    {
        wasm = test::wasm_of(R"((module
            (func $index/add (param i32) nop nop nop nop)
            (func $index/sub nop nop nop nop)))");
        auto module = decode_module(wasm);
        for (const FuncMeta& body : (*module)->bodies)
            code.push_back(body.code_offset);
    }

    std::unique_ptr<source::Symbols> read(const std::string& map) const
    {
        auto symbols = read_source_map(map, wasm);
        EXPECT_TRUE(symbols) << symbols.error().to_text();
        return symbols ? *std::move(symbols) : nullptr;
    }
    std::string refusal(const std::string& map) const
    {
        const auto symbols = read_source_map(map, wasm);
        return symbols ? "" : symbols.error().to_text();
    }
    /// `line:column`, or empty if there is none.
    static std::string at(source::Symbols& symbols, CodeOffset offset)
    {
        const auto row = symbols.row_at(offset);
        return row ? std::to_string(row->place.line) + ":" + std::to_string(row->place.column) : "";
    }

    std::vector<uint8_t> wasm;
    std::vector<CodeOffset> code;
};

/// A number as the mappings have it.
std::string vlq(int64_t number)
{
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint64_t bits = number < 0 ? static_cast<uint64_t>(-number) << 1 | 1 : static_cast<uint64_t>(number) << 1;
    std::string text;
    do {
        const uint64_t low = bits & 31;
        bits >>= 5;
        text += digits[low | (bits != 0 ? 32 : 0)];
    } while (bits != 0);
    return text;
}

std::string mapping(std::initializer_list<int64_t> numbers)
{
    std::string text;
    for (const int64_t number : numbers)
        text += vlq(number);
    return text;
}

std::string map_of(const std::string& mappings, const std::string& more = "")
{
    return R"({"version":3,"sources":["index.ts","~lib/b.ts"],"names":["f"],"mappings":")" + mappings + "\""
        + more + "}";
}

TEST_F(SourceMapTest, ColumnsAreOffsets)
{
    const auto symbols = read(map_of(mapping({ code[0], 0, 4, 2 }) + "," + mapping({ 2, 0, 1, -2, 0 }) + ","
        + mapping({ static_cast<int64_t>(code[1]) - code[0] - 2, 1, -5, 0 }) + "," + mapping({ 3 })));
    const auto summary = symbols->summary();
    ASSERT_EQ(summary.files.size(), 2u);
    EXPECT_EQ(summary.files[1].path, "~lib/b.ts");
    EXPECT_EQ(summary.functions, 2u);
    EXPECT_TRUE(summary.has_lines);
    EXPECT_FALSE(summary.has_variables);
    EXPECT_THAT(summary.problems, IsEmpty());
    EXPECT_EQ(at(*symbols, code[0] - 1), "");
    EXPECT_EQ(at(*symbols, code[0]), "5:3");
    EXPECT_EQ(at(*symbols, code[0] + 1), "5:3");
    EXPECT_EQ(at(*symbols, code[0] + 2), "6:1");
    // A row ends with its function.
    EXPECT_EQ(at(*symbols, code[0] + 4), "6:1");
    EXPECT_EQ(at(*symbols, code[0] + 5), "");
    EXPECT_EQ(at(*symbols, code[1]), "1:1");
    // What is mapped to nothing has no row.
    EXPECT_EQ(at(*symbols, code[1] + 3), "");
    EXPECT_EQ(symbols->row_at(code[1])->place.file, FileId { 1 });
}

TEST_F(SourceMapTest, FunctionsHaveTheNamesOfTheModule)
{
    const auto symbols = read(map_of(mapping({ code[0], 0, 4, 2 })));
    const auto function = symbols->function_at(code[0] + 1);
    ASSERT_TRUE(function);
    EXPECT_EQ(function->name, "index/add");
    EXPECT_EQ(function->declared, (Place { FileId { 0 }, 5, 3 }));
    EXPECT_EQ(symbols->function(function->id)->name, "index/add");
    EXPECT_FALSE(symbols->function(source::FunctionId { 0 }));
    EXPECT_FALSE(symbols->function(source::FunctionId { 3 }));
    EXPECT_FALSE(symbols->function_at(0));
    ASSERT_EQ(symbols->functions_named({ .text = "add" }).size(), 1u);
    EXPECT_EQ(symbols->functions_named({ .text = "index/sub" }).size(), 1u);
    EXPECT_EQ(symbols->functions_named({ .text = "dd" }).size(), 0u);
    EXPECT_EQ(
        symbols->functions_named({ .text = "^index", .match = source::Pattern::Match::Regex }).size(), 2u);
    const auto scopes = symbols->scopes_at(code[1]);
    ASSERT_EQ(scopes.size(), 1u);
    EXPECT_EQ(scopes[0].name, "index/sub");
    EXPECT_THAT(symbols->scopes_at(0), IsEmpty());
}

TEST_F(SourceMapTest, RowsOfLinesAndRanges)
{
    const auto symbols = read(map_of(
        mapping({ code[0], 0, 0, 0 }) + "," + mapping({ 1, 0, 1, 0 }) + "," + mapping({ 1, 0, -1, 5 })));
    const auto begins = [](const std::vector<source::Row>& rows) {
        std::vector<CodeOffset> offsets;
        for (const auto& row : rows)
            offsets.push_back(row.range.begin);
        return offsets;
    };
    EXPECT_THAT(begins(symbols->rows_of(FileId { 0 }, 1, 1)), ElementsAre(code[0], code[0] + 2));
    EXPECT_THAT(begins(symbols->rows_of(FileId { 0 }, 1, 9)), ElementsAre(code[0], code[0] + 1, code[0] + 2));
    EXPECT_THAT(begins(symbols->rows_of(FileId { 0 }, 3, 9)), IsEmpty());
    EXPECT_THAT(begins(symbols->rows_of(FileId { 7 }, 1, 9)), IsEmpty());
    EXPECT_THAT(begins(symbols->rows_in({ code[0] + 1, code[0] + 2 })), ElementsAre(code[0] + 1));
    EXPECT_THAT(begins(symbols->rows_in({ code[0] + 3, code[0] + 4 })), ElementsAre(code[0] + 2));
    EXPECT_THAT(begins(symbols->rows_in({ code[1], code[1] + 4 })), IsEmpty());
}

TEST_F(SourceMapTest, TextsAreInTheMap)
{
    const auto symbols =
        read(map_of("", R"(,"sourcesContent":["let a;\n",null],"sourceRoot":"file:///src")"));
    const auto files = symbols->summary().files;
    EXPECT_EQ(files[0].path, "/src/index.ts");
    EXPECT_TRUE(files[0].has_text);
    EXPECT_FALSE(files[1].has_text);
    EXPECT_EQ(symbols->text_of(FileId { 0 }), "let a;\n");
    EXPECT_EQ(symbols->text_of(FileId { 1 }), std::nullopt);
    EXPECT_EQ(symbols->text_of(FileId { 2 }), std::nullopt);
}

TEST_F(SourceMapTest, IndexMapsHaveSections)
{
    const std::string section = map_of(mapping({ 0, 0, 0, 0 }), R"(,"sourcesContent":["one"])");
    const auto part = [&](uint32_t offset) {
        return R"({"offset":{"line":0,"column":)" + std::to_string(offset) + R"(},"map":)" + section + "}";
    };
    const auto symbols = read(R"({"version":3,"sections":[)" + part(code[0]) + "," + part(code[1]) + "]}");
    EXPECT_EQ(symbols->summary().files.size(), 4u);
    EXPECT_EQ(symbols->row_at(code[0])->place.file, FileId { 0 });
    EXPECT_EQ(symbols->row_at(code[1])->place.file, FileId { 2 });
    EXPECT_EQ(symbols->text_of(FileId { 2 }), "one");
}

TEST_F(SourceMapTest, MappingsMayBeOutOfOrder)
{
    const auto symbols = read(map_of(mapping({ code[1], 0, 8, 0 }) + ","
        + mapping({ static_cast<int64_t>(code[0]) - code[1], 0, -8, 0 })));
    EXPECT_EQ(at(*symbols, code[0]), "1:1");
    EXPECT_EQ(at(*symbols, code[1]), "9:1");
}

TEST_F(SourceMapTest, MappingsBeforeTheMalformedOneAreKept)
{
    const std::string good = mapping({ code[0], 0, 4, 0 });
    const std::string pieces[] = { "!", "AA", "AA", mapping({ 0, 9, 0, 0 }), mapping({ 0, -1, 0, 0 }),
        mapping({ 0, 0, -100, 0 }), "gggggggggggggA", "AAAAAA", mapping({ -1000, 0, 0, 0 }) };
    for (const std::string& bad : pieces) {
        const auto symbols = read(map_of(good + "," + bad));
        EXPECT_EQ(at(*symbols, code[0]), "5:1") << bad;
        EXPECT_THAT(symbols->summary().problems, ElementsAre(HasSubstr("of the mappings"))) << bad;
    }
}

TEST_F(SourceMapTest, OtherTextsAreRefused)
{
    EXPECT_THAT(refusal(""), HasSubstr("invalid JSON"));
    EXPECT_THAT(refusal("[]"), HasSubstr("expected an object"));
    EXPECT_THAT(refusal(R"({"version":2})"), HasSubstr("version 3"));
    EXPECT_THAT(refusal(R"({"version":3})"), HasSubstr("sources"));
    EXPECT_THAT(refusal(R"({"version":3,"sources":[]})"), HasSubstr("mappings"));
    EXPECT_THAT(refusal(R"({"version":3,"sources":[3],"mappings":""})"), HasSubstr("sources[0]"));
    EXPECT_THAT(refusal(map_of("", R"(,"sourcesContent":["a","b","c"])")), HasSubstr("more than 2"));
    EXPECT_THAT(refusal(R"({"version":3,"sections":[{"offset":{"line":0,"column":0},"url":"a"}]})"),
        HasSubstr("map"));
    EXPECT_THAT(refusal(std::string(max_map_bytes + 1, ' ')), HasSubstr("64 MiB"));
    EXPECT_EQ(refusal(")]}'\n" + map_of("")), "");
}

TEST_F(SourceMapTest, MalformedModuleHasNoRows)
{
    wasm.resize(20);
    const auto symbols = read(map_of(mapping({ 30, 0, 0, 0 })));
    EXPECT_FALSE(symbols->summary().has_lines);
    EXPECT_THAT(symbols->summary().problems, ElementsAre(HasSubstr("malformed")));
}

TEST_F(SourceMapTest, MutationsAreReadOrRefused)
{
    const std::string map = map_of(mapping({ code[0], 0, 4, 2 }) + "," + mapping({ 2, 0, 1, -2, 0 }),
        R"(,"sourcesContent":["a",null],"sourceRoot":"x")");
    std::minstd_rand random(1);
    for (int i = 0; i < 20'000; ++i) {
        std::string mutated = map;
        for (int n = 0; n < 3; ++n)
            mutated[random() % mutated.size()] = static_cast<char>(random() % 128);
        if (const auto symbols = read_source_map(mutated, wasm)) {
            (*symbols)->summary();
            (*symbols)->rows_in({ 0, UINT32_MAX });
        }
    }
}

TEST(SourceMapUrl, IsACustomSection)
{
    auto wasm = test::wasm_of(R"((module (@custom "sourceMappingURL" "\07app.map")))");
    EXPECT_EQ(source_map_url(wasm), "app.map");
    wasm.pop_back();
    EXPECT_EQ(source_map_url(wasm), "");
    EXPECT_EQ(source_map_url(test::wasm_of("(module)")), "");
    EXPECT_EQ(source_map_url({}), "");
}

TEST(SourceMapUrl, DataUrlsHaveTheContent)
{
    EXPECT_EQ(content_of_data_url("data:application/json;base64,eyJhIjoxfQ=="), "{\"a\":1}");
    EXPECT_EQ(content_of_data_url("data:application/json;charset=utf-8;base64,e30="), "{}");
    EXPECT_EQ(content_of_data_url("data:,%7b%22a%22:1%7D%"), "{\"a\":1}%");
    EXPECT_FALSE(content_of_data_url("data:;base64,e!"));
    for (const char* url : { "", "data:", "app.map", "https://example.com/a,b" })
        EXPECT_FALSE(content_of_data_url(url)) << url;
}

} // namespace
} // namespace vitrine::core::dwarf
