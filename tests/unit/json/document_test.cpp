// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "json/document.h"
#include "json/node.h"

#include <gtest/gtest.h>

using namespace vitrine::core;

namespace {

TEST(JsonDocument, PutsFlatContainersOnOneLineAndOthersOnSeveral)
{
    const json::Object document { { "name", "a" }, { "rows", { { { "index", 0 } }, { { "index", 1 } } } } };
    EXPECT_EQ(json::to_text(document),
        "{\n  \"name\": \"a\",\n  \"rows\": [\n    {\"index\": 0},\n    {\"index\": 1}\n  ]\n}");
    EXPECT_EQ(json::to_text(json::Array { 1, 0.1, nullptr, true }), "[1, 0.1, null, true]");
}

TEST(JsonDocument, HasNoByteThatATerminalActsOn)
{
    EXPECT_EQ(json::to_text(json::to_string("a\x1b[31m\x7f\xc2\x9b\xe2\x80\xae")),
        "\"a\\u001b[31m\\u007f\\u009b\\u202e\"");
}

TEST(JsonDocument, ReplacesWhatIsNotUtf8)
{
    EXPECT_EQ(json::plain_text(json::to_string("a\xff\xc3\xa4\xe2\x82")),
        "a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(JsonNode, NamesThePathOfWhatIsWrong)
{
    const json::Value document = *json::parse(R"({"commands": [{"line": 3}, {"line": "x"}]})");
    const json::Node root(document);
    const json::Node commands = *root.field("commands");
    const auto items = *commands.items();
    EXPECT_EQ(*items[0].field("line")->number(), 3u);
    const json::Node line = *items[1].field("line");
    EXPECT_EQ(line.number().error().message, "commands[1].line: expected a number");
    EXPECT_EQ(items[0].field("type").error().message, "commands[0]: has no field type");
    EXPECT_EQ(*items[0].optional_text("type"), std::nullopt);
    EXPECT_EQ(root.items().error().message, "the document: expected an array");
}

TEST(JsonNode, KeepsItsPathWhenItsParentsAreGone)
{
    const auto document = json::parse(R"({"commands": [{"line": 3}, {"line": "4"}]})");
    const auto line_of = [&](size_t index) {
        const auto items = json::Node(*document).field("commands")->items();
        return *items->at(index).field("line");
    };
    EXPECT_EQ(line_of(1).number().error().message, "commands[1].line: expected a number");
}

TEST(JsonNode, RefusesTextThatIsNoDocument)
{
    EXPECT_EQ(json::parse("[1] 2").error().message, "invalid JSON: unexpected text after the document");
    EXPECT_EQ(json::parse("[1] 2").error().offset, 4u);
    EXPECT_FALSE(json::parse("[1"));
    EXPECT_FALSE(json::parse(""));
    EXPECT_FALSE(json::parse(std::string(100'000, '[')));
}

} // namespace
