// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conditions and messages of breakpoints with names of the source.
#include "support/sourced_guest.h"

#include <gmock/gmock.h>

namespace vitrine::core::debug {
namespace {

using source::Type;
using test::LiteralSymbols;
using test::SourcedGuest;
using testing::ElementsAre;

/// `i` is at address 16, a point at 24. `add` is inlined into the loop.
constexpr auto program = R"((module
    (memory 1)
    (data (i32.const 24) "\05\00\00\00\06\00\00\00")
    (func $main (export "main") (param $n i32) (result i32) (local $fp i32)
      i32.const 8
      local.set $fp
      loop $again
        (i32.store offset=8 (local.get $fp) (i32.add (i32.load offset=8 (local.get $fp)) (i32.const 1)))
        nop
        (br_if $again (i32.lt_u (i32.load offset=8 (local.get $fp)) (local.get $n)))
      end
      i32.const 7)))";

struct Conditions : SourcedGuest {
    Conditions() : writer(load(program))
    {
        LiteralSymbols& symbols = *writer.symbols;
        const auto integer = symbols.add_basic("int", Type::Kind::Signed, 4);
        const auto point = symbols.add_struct("point", 8, { { "x", integer, 0 }, { "y", integer, 4 } });
        const auto function = writer.lines("main", { 1, 2, 3, 4, 4, 4, 4, 4, 4, 5, 6, 6, 6, 6, 6, 7, 7, 8 },
            source::Language::C, { .name = "main", .frame_base = test::in_wasm(0, 1) });
        const size_t block = symbols.block_of(function);
        symbols.add_local(
            block, { .name = "i", .type = integer, .locations = symbols.everywhere(test::at_frame(8)) });
        symbols.add_local(
            block, { .name = "at", .type = point, .locations = symbols.everywhere(test::at_address(24)) });
        symbols.add_local(block,
            { .name = "late",
                .type = integer,
                .locations = {
                    { { writer.offset("main", 10), writer.offset("main", 12) }, test::in_wasm(0, 0) } } });
        const size_t inner = writer.inlined("main", "add", 4, 9, 10);
        symbols.add_local(
            inner, { .name = "i", .type = integer, .locations = symbols.everywhere(test::in_wasm(0, 0)) });
    }

    BreakpointSpec at(
        uint32_t instruction, std::string condition, std::string message = {}, uint32_t level = 0)
    {
        return { .module = instance->module,
            .offset = writer.offset("main", instruction),
            .condition = std::move(condition),
            .level = level,
            .message = std::move(message) };
    }
    std::string error_of(BreakpointSpec spec)
    {
        const auto id = session->add_breakpoint(std::move(spec));
        return id ? "" : std::to_string(id.error().offset.value_or(999)) + ": " + id.error().message;
    }

    test::SourceWriter writer;
};

TEST(SourceConditions, AreFalseInCompiledCode)
{
    Conditions guest;
    ASSERT_TRUE(guest.session->add_breakpoint(guest.at(9, "i == 40", {}, 1)));
    guest.start("main", { Value::i32(100) });
    EXPECT_EQ(guest.go(), "add:5 (breakpoint 1)");
    EXPECT_EQ(guest.session->breakpoints().front().hits, 1u);
    EXPECT_FALSE(guest.session->breakpoints().front().is_slow);
    // Decided without the probe, as the same condition on WebAssembly's names.
    ASSERT_TRUE(guest.session->remove_breakpoint(1));
    EXPECT_EQ(guest.go(), "ended: 7");
}

TEST(SourceConditions, NamesAreThoseOfTheLogicalFrame)
{
    Conditions guest;
    ASSERT_TRUE(guest.session->add_breakpoint(guest.at(9, "i == 100")));
    ASSERT_TRUE(guest.session->add_breakpoint(guest.at(9, "i == 3", {}, 1)));
    guest.start("main", { Value::i32(100) });
    EXPECT_EQ(guest.go(), "add:5 (breakpoint 1)");
    ASSERT_TRUE(guest.session->remove_breakpoint(1));
    EXPECT_EQ(guest.go(), "add:5 (breakpoint 2)");
}

TEST(SourceConditions, MessagesShowValuesAndSayThatTheyAreSlow)
{
    Conditions guest;
    std::vector<std::string> logs;
    guest.session->set_log([&](std::string text) { logs.push_back(std::move(text)); });
    ASSERT_TRUE(guest.session->add_breakpoint(guest.at(10, "i > 1", "{i}: {at}, {at.y + 1}")));
    EXPECT_TRUE(guest.session->breakpoints().front().is_slow);
    guest.start("main", { Value::i32(3) });
    EXPECT_EQ(guest.go(), "ended: 7");
    EXPECT_THAT(logs, ElementsAre("2: {x = 5, y = 6}, 7", "3: {x = 5, y = 6}, 7"));
}

TEST(SourceConditions, ThePlaceSelectsTheLocation)
{
    Conditions guest;
    EXPECT_EQ(guest.error_of(guest.at(10, "late == 100")), "");
    EXPECT_THAT(guest.error_of(guest.at(3, "late == 100")),
        testing::StartsWith("0: condition: `late` is not here (from 0x"));
    EXPECT_EQ(guest.error_of(guest.at(10, "i == 1 && lat == 1")),
        "10: condition: no variable is called `lat`; near: `at`, `late`");
}

} // namespace
} // namespace vitrine::core::debug
