// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Generated sources of functions: their lines, and the instructions in them.
#include "debug/wat_source.h"

#include "base/text.h"
#include "support/guest.h"
#include "wasm/instruction.h"

#include <gmock/gmock.h>

namespace vitrine::core::debug {
namespace {

constexpr std::string_view wat = R"((module $app
  (import "env" "print" (func $print (param i32)))
  (func $add (export "add") (param $a i32) (param $b i32) (result i32)
    (local $sum i32) (local i64 i64)
    block
      local.get $a
      local.get $b
      i32.add
      local.set $sum
    end
    local.get $sum)
  (func (export "a/func[7] \u{202e}"))
  (func nop)))";

struct WatSourceTest : testing::Test, test::Guest {
    std::shared_ptr<const Module> module = test::module_of(*engine, wat);
};

TEST_F(WatSourceTest, LinesAreInstructions)
{
    const auto source = *WatSource::of(*module, { 1 });
    std::vector<std::string> lines;
    for (uint32_t i = 1; i <= source->text()->line_count(); ++i)
        lines.emplace_back(source->text()->line(i).substr(10));
    EXPECT_THAT(lines,
        testing::ElementsAre("func $add (;1;) (param $a i32) (param $b i32) (result i32)", "  local $sum i32",
            "  local i64 (;2 times;)", "  block", "    local.get $a", "    local.get $b", "    i32.add",
            "    local.set $sum", "  end", "  local.get $sum", "end"));
}

TEST_F(WatSourceTest, LineAndOffsetAreInverse)
{
    for (uint32_t function = 1; function < module->functions.size(); ++function) {
        const auto source = *WatSource::of(*module, { function });
        const FuncMeta& body = module->meta({ function });
        uint32_t line = source->line_of(body.code_offset);
        for (CodeOffset at = body.code_offset; at < body.end_offset; ++line) {
            const CodeOffset next = next_instruction(module->bytes(), at);
            EXPECT_EQ(source->offset_of(line), at);
            for (CodeOffset inside = at; inside < next; ++inside)
                EXPECT_EQ(source->line_of(inside), line);
            EXPECT_TRUE(source->text()->line(line).starts_with("0x" + hex_digits(at, 6)));
            at = next;
        }
        EXPECT_EQ(line, source->text()->line_count() + 1);
        // A breakpoint on the header or on a local stops at the first instruction.
        for (uint32_t i = 1; i < source->line_of(body.code_offset); ++i)
            EXPECT_EQ(source->offset_of(i), body.code_offset);
        EXPECT_EQ(source->offset_of(0), std::nullopt);
        EXPECT_EQ(source->offset_of(line), std::nullopt);
        EXPECT_EQ(source->line_of(body.end_offset), 0u);
        EXPECT_EQ(source->line_of(body.code_offset - 1), 0u);
    }
}

TEST_F(WatSourceTest, PathsNameTheFunction)
{
    EXPECT_EQ(wat_path("out/app.wasm", *module, { 1 }), "app.wat/func[1] $add");
    EXPECT_EQ(wat_path("", *module, { 3 }), "module.wat/func[3]");
    EXPECT_EQ(wat_path("core.bin", *module, { 3 }), "core.bin.wat/func[3]");
    EXPECT_EQ(wat_path("app.wasm", *module, { 2 }), "app.wat/func[2] $\"a/func[7] \\u{202e}\"");
    for (uint32_t i = 0; i < 4; ++i)
        EXPECT_EQ(function_of_wat_path(wat_path("app.wasm", *module, { i })), FuncIndex { i });
    for (const char* path : { "", "app.wat", "app.wat/func[", "app.wat/func[]", "app.wat/func[x]",
             "app.wat/func[0x1]", "app.wat/func[99999999999]", "app.c/func[1]" })
        EXPECT_EQ(function_of_wat_path(path), std::nullopt) << path;
}

TEST_F(WatSourceTest, SourcesAreKept)
{
    WatSources sources;
    const auto first = *sources.find(module, { 1 });
    EXPECT_EQ(*sources.find(module, { 1 }), first);
    EXPECT_NE(*sources.find(module, { 2 }), first);
    const auto other = test::module_of(*engine, wat);
    EXPECT_NE(*sources.find(other, { 1 }), first);
}

TEST_F(WatSourceTest, ImportedFunctionHasNone)
{
    EXPECT_EQ(WatSource::of(*module, { 0 }).error().message, "the function is not in the module");
    EXPECT_FALSE(WatSource::of(*module, { 4 }));
}

TEST_F(WatSourceTest, HugeFunctionIsRefused)
{
    std::string text = "(module (func ";
    for (int i = 0; i < 1 << 21; ++i)
        text += "nop nop\n";
    const auto huge = test::module_of(*engine, text + "nop))");
    const auto source = WatSource::of(*huge, { 0 });
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().message, "the function has more than 4 MiB of code, which is too much to show");
}

} // namespace
} // namespace vitrine::core::debug
