// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/monitor.h"

#include "unit/gdb/door.h"

#include <gmock/gmock.h>

#include <optional>

namespace vitrine::core::gdb {
namespace {

using test::Conversation;
using test::Debugged;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// One of everything that has no name in LLDB.
constexpr auto cabinet = R"((module $cabinet
    (type $pair (struct (field $left (mut i32)) (field $right (ref null $pair)) (field i64)))
    (type $row (array (mut i16)))
    (type $nothing (func))
    (import "host" "tick" (func $tick (param i32)))
    (memory $small 1)
    (memory $large i64 1)
    (data (memory $large) (i64.const 0x10) "in the large one")
    (table $calls 3 funcref)
    (elem (table $calls) (i32.const 1) func $idle)
    (table $things 2 anyref)
    (tag $oops (param i32 f64))
    (tag $plain)
    (global $count (mut i32) (i32.const -7))
    (global $fixed f64 (f64.const 2.5))
    (global $lanes (mut v128) (v128.const i32x4 1 2 3 4))
    (global $callee (mut (ref func)) (ref.func $idle))
    (func $idle (type $nothing))
    (func $inner (param $p (ref null $pair)) (param $r (ref null $row)) (param $e externref) (param i64 f32) (result i32)
      (local $t i31ref)
      (local.set $t (ref.i31 (i32.const 9)))
      i64.const 3
      local.get $p
      (block $here)
      drop
      drop
      i32.const 5)
    (func $outer (export "run") (param $n i32) (result i32)
      (call $inner
        (struct.new $pair (i32.const 1) (struct.new $pair (i32.const 2) (ref.null $pair) (i64.const 20)) (i64.const 10))
        (array.new_fixed $row 3 (i32.const 7) (i32.const 8) (i32.const 9))
        (ref.null extern) (i64.const -2) (f32.const 0.5)))))";

/// Stands in `inner`, with two operands.
struct MonitorTest : testing::Test {
    MonitorTest()
    {
        guest.start("run", { Value::i32(3) });
        client.ask("?");
        for (int i = 0; i < 40 && client.monitor("stack") != two_operands; ++i)
            client.ask("s");
    }
    ~MonitorTest() override { guest.session->close(); }

    static constexpr auto two_operands = "stack[0] = 3 (i64)\nstack[1] = struct $pair {left = 1, right = "
                                         "struct $pair, 10} ((ref null $pair))\n";

    std::string ask(std::string_view command) { return client.monitor(command); }

    Debugged guest { cabinet };
    Conversation client { *guest.session };
};

TEST_F(MonitorTest, ListsWhatAnInstanceHas)
{
    EXPECT_EQ(ask("instances"), "* instance 0 of $cabinet at 0x4000000100000000: cabinet#1\n");
    EXPECT_EQ(ask("globals"),
        "global[0] $count = -7 (mut i32), private\n"
        "global[1] $fixed = 2.5 (f64), private\n"
        "global[2] $lanes = i32x4 0x00000001 0x00000002 0x00000003 0x00000004 (mut v128), private\n"
        "global[3] $callee = func idle (mut (ref func)), private\n");
    EXPECT_EQ(ask("tables"),
        "table[0] $calls: 3 elements (funcref), private\ntable[1] $things: 2 elements (anyref), private\n");
    EXPECT_EQ(ask("elements 0"), "[0] null\n[1] func idle\n[2] null\n");
    EXPECT_EQ(ask("elements 0 1 1"), "[1] func idle\n1 more\n");
    EXPECT_EQ(ask("elements 0 3"), "no elements\n");
    EXPECT_EQ(ask("memories"),
        "memory[0] $small: 65536 bytes at 0x100000000, private\n"
        "memory[1] $large: 65536 bytes at 0x200000000, 64-bit, private\n");
    EXPECT_EQ(ask("tags"), "tag[0] $oops: (param i32 f64), private\ntag[1] $plain: (), private\n");
    EXPECT_THAT(ask("functions"),
        AllOf(StartsWith("func[0] $tick: (param i32), import host.tick, private\n"),
            HasSubstr("func[1] $idle: () at 0x40000001")));
    EXPECT_THAT(ask("functions oute"), StartsWith("func[3] $outer: (param i32) (result i32) at 0x40000001"));
    EXPECT_EQ(ask("functions nobody"), "no functions\n");
    EXPECT_THAT(ask("code $idle"), AllOf(HasSubstr("func $idle (;1;)"), testing::EndsWith("  end\n")));
    EXPECT_THAT(ask("code"), HasSubstr("func $inner (;2;)"));
    EXPECT_EQ(ask("bytes 1 0x10 18"),
        "0x00000010  69 6e 20 74 68 65 20 6c 61 72 67 65 20 6f 6e 65  in the large one\n"
        "0x00000020  00 00                                            ..\n");
    EXPECT_EQ(ask("bytes 1 65535 100"),
        "0x0000ffff  00                                               .\nthe memory ends here\n");
    EXPECT_EQ(ask("memory $large:0x10 18"), ask("bytes 1 0x10 18"));
    EXPECT_EQ(ask("memories"), ask("memory"));
    EXPECT_EQ(ask("elements 0"), ask("tables $calls"));
    EXPECT_EQ(ask("code $idle"), ask("disassemble $idle"));
}

TEST_F(MonitorTest, ListsWhatAFrameHas)
{
    EXPECT_EQ(ask("locals"),
        "local[0] p = struct $pair {left = 1, right = struct $pair, 10} ((ref null $pair))\n"
        "local[1] r = array[3] $row {7, 8, 9} ((ref null $row))\n"
        "local[2] e = null (externref)\n"
        "local[3] = -2 (i64)\n"
        "local[4] = 0.5 (f32)\n"
        "local[5] t = i31 9 (i31ref)\n");
    EXPECT_EQ(ask("stack"), two_operands);
    EXPECT_EQ(ask("locals in 1"), "local[0] n = 3 (i32)\n");
    EXPECT_EQ(ask("stack in 1"), "no operands\n");
    EXPECT_EQ(ask("locals in 2"), "error: there is no frame 2: the number of frames is 2\n");
}

TEST_F(MonitorTest, ShowsWhatIsReferredTo)
{
    EXPECT_EQ(ask("show $p"),
        "$p = struct $pair {left = 1, right = struct $pair, 10} ((ref null $pair))\n"
        "    [0] left = 1 (i32)\n"
        "    [1] right = struct $pair {left = 2, right = null, 20} ((ref null $pair))\n"
        "    [2] 10 (i64)\n");
    // Words for places, too.
    EXPECT_THAT(ask("show local 0"),
        StartsWith(
            "local[0] = struct $pair {left = 1, right = struct $pair, 10} ((ref null $pair))\n    [0]"));
    EXPECT_EQ(ask("show local 0 1 2"), "local[0][1][2] = 20 (i64)\n");
    EXPECT_THAT(ask("show local 0 1 1 0"), StartsWith("error: "));
    EXPECT_THAT(ask("show local 0 3"), StartsWith("error: "));
    EXPECT_EQ(ask("show operand 1 0"), "stack[1][0] = 1 (i32)\n");
    EXPECT_EQ(ask("show element 0 1"), "table[0: 1] = func idle (funcref)\n");
    EXPECT_EQ(ask("show local 5"), "local[5] = i31 9 (i31ref)\n");
}

TEST_F(MonitorTest, ChangesValues)
{
    EXPECT_EQ(ask("set global 0 = -1"), "");
    EXPECT_EQ(ask("print $count"), "-1\n");
    EXPECT_EQ(ask("set global 2 = 9 8 7 0xffffffff"), "");
    EXPECT_EQ(client.ask("qWasmGlobal:0;2"), "090000000800000007000000ffffffff");
    EXPECT_EQ(ask("set $lanes = i32x4 1 2 3 4"), "");
    EXPECT_EQ(client.ask("qWasmGlobal:0;2"), "01000000020000000300000004000000");
    EXPECT_EQ(ask("set local 3 = -9223372036854775807 - 1"), "");
    EXPECT_EQ(client.ask("qWasmLocal:0;3"), "0000000000000080");
    EXPECT_EQ(ask("set local 4 = -1.5e3"), "");
    EXPECT_EQ(ask("print local[4]"), "-1500\n");
    EXPECT_EQ(ask("set local 5 = i31 4"), "");
    EXPECT_EQ(ask("print $t"), "i31 4\n");
    EXPECT_EQ(ask("set local 0 0 = 77"), "");
    EXPECT_EQ(ask("set local 1 2 = 65535"), "");
    EXPECT_THAT(ask("show operand 1"), HasSubstr("left = 77 (i32)"));
    EXPECT_EQ(ask("print $r[2]"), "65535\n");
    EXPECT_EQ(ask("set local 0 = null"), "");
    EXPECT_EQ(ask("set element 0 2 = func[1]"), "");
    EXPECT_EQ(ask("set element 0 1 = null"), "");
    EXPECT_EQ(ask("elements 0"), "[0] null\n[1] null\n[2] func idle\n");
    EXPECT_EQ(ask("set local 0 = 5 in 1"), "");
    EXPECT_EQ(ask("locals in 1"), "local[0] n = 5 (i32)\n");
}

/// What is selected holds for the lines that follow, until the guest goes on.
TEST_F(MonitorTest, FramesAreSelected)
{
    EXPECT_THAT(ask("frame"), StartsWith("#0 $inner at 0x40000001"));
    EXPECT_THAT(ask("up"), StartsWith("#1 $outer at 0x40000001"));
    EXPECT_EQ(ask("print $n"), "3\n");
    EXPECT_EQ(ask("locals in 0"), ask("locals in 0"));
    EXPECT_THAT(ask("bt"), AllOf(StartsWith("  #0 $inner at"), HasSubstr("\n* #1 $outer at")));
    EXPECT_EQ(ask("up"), "error: this is the outermost frame\n");
    client.ask("s");
    EXPECT_THAT(ask("frame"), StartsWith("#0 $inner at"));
}

TEST_F(MonitorTest, EvaluatesExpressions)
{
    EXPECT_EQ(ask("print $count + 1"), "-6\n");
    EXPECT_EQ(ask("print $p[0] * 2"), "2\n");
    EXPECT_EQ(ask("print /x $count"), "0xfffffff9\n");
    EXPECT_EQ(ask("print $n in 1"), "3\n");
    EXPECT_EQ(ask("print $nobody"), "error: no local or global is called `nobody`\n  $nobody\n  ^\n");
    EXPECT_EQ(
        ask("print /y 1"), "error: /y: expected /COUNT, one of x d u o t c f a s r, and one of b h w g\n");
    EXPECT_EQ(ask("print /x $p"), "error: a reference has no format /x\n");
    EXPECT_EQ(ask("print"), "error: expected an expression\n");
    EXPECT_EQ(ask("set $count = 5"), "");
    EXPECT_EQ(ask("set $count += 2"), "");
    EXPECT_EQ(ask("set $n = 11 in 1"), "");
    EXPECT_EQ(ask("print $count"), "7\n");
    EXPECT_EQ(ask("locals in 1"), "local[0] n = 11 (i32)\n");
    EXPECT_EQ(ask("set $fixed = 1"), "error: the global is immutable\n  $fixed = 1\n  ^\n");
    EXPECT_EQ(ask("set"), "error: expected a place, = and an expression\n");
}

TEST_F(MonitorTest, RefusesWhatMakesNoSense)
{
    for (const auto& [command, answer] : std::vector<std::pair<const char*, const char*>> {
             { "nonsense", "there is no verb nonsense; `help` lists them" },
             { "tags all more", "unexpected argument \"more\"" },
             { "instances all", "unexpected argument \"all\" (the verb takes none)" },
             { "globals of 1", "there is no instance 1" },
             { "globals of x", "expected a number after `of` instead of x" },
             { "elements 2", "the instance has no table 2" },
             { "bytes 0", "expected a memory and an address" },
             { "bytes 0 65536", "address 0x10000 is beyond the end of the memory, 0x10000" },
             { "instance 1", "there is no instance 1" },
             { "module other", "no such module: the program has cabinet" },
             { "set global 0 =", "a value expected, but the text ends\n  global[0] =\n             ^" },
             { "set global 2 = 1 2", "expected four numbers of 32 bits" },
             { "set global 2 = 1 2 3 4 5", "unexpected argument \"5\"" },
             { "set local 0 = i31 1", "i31 1 is (ref i31), expected (ref null $pair)" },
             { "set local 5 = i31 x", "expected a number of 31 bits behind i31" },
             { "continue", "`continue` is not possible here: only LLDB's own commands resume the program" },
             { "step", "`step` is not possible here: only LLDB's own commands resume the program" },
             { "call $idle", "`call` is not possible here: only LLDB's own commands resume the program" },
             { "run", "`run` is not possible here: LLDB starts and ends the program" },
             { "kill", "`kill` is not possible here: LLDB starts and ends the program" },
             { "source file", "`source` is not possible here: LLDB starts and ends the program" },
         })
        EXPECT_EQ(ask(command), std::string("error: ") + answer + "\n") << command;
    for (const auto command :
        { "bytes 2 0", "show local 6", "show element 0 3", "show global 4", "show operand 2", "set global 0",
            "set global 0 = 4294967296L", "set global 1 = 1", "set global 3 = null", "set global 3 = func[9]",
            "set local 0 2 = 1", "set local 0 = func[1]", "set local 0 = 1", "set local 4 = one" })
        EXPECT_THAT(ask(command), StartsWith("error: ")) << command;
    EXPECT_THAT(ask(""), StartsWith("Stops:\n"));
    EXPECT_EQ(ask("help"), ask(" "));
    EXPECT_THAT(client.ask("qRcmd,4"), StartsWith("E01"));
}

/// A value that the protocol cannot express is a number like any other, and does not harm the next.
TEST_F(MonitorTest, ReferencesOverTheWireDoNotHideOtherValues)
{
    EXPECT_THAT(client.ask("qWasmLocal:0;0"), testing::MatchesRegex("[0-9a-f]{16}"));
    EXPECT_EQ(client.ask("qWasmLocal:0;2"), "0000000000000000");
    EXPECT_EQ(client.ask("qWasmLocal:0;3"), "feffffffffffffff");
    EXPECT_EQ(client.ask("qWasmStackValue:0;0"), "0300000000000000");
    EXPECT_EQ(client.ask("qWasmStackValue:0;1"), client.ask("qWasmLocal:0;0"));
    EXPECT_EQ(client.ask("qWasmGlobal:0;0"), "f9ffffff");
    EXPECT_EQ(client.ask("qWasmGlobal:2;instance:1"), "01000000020000000300000004000000");
}

TEST(Monitor, AGuestThatRunsIsNotLookedAt)
{
    Debugged guest;
    View view(*guest.session);
    Monitor monitor(view);
    EXPECT_EQ(monitor.answer("globals"), "error: the program is not stopped\n");
    EXPECT_THAT(monitor.answer("help"), StartsWith("Stops:\n"));
}

/// Many rows are cut off, and it is said.
TEST(Monitor, ListsAreBounded)
{
    Debugged guest(R"((module (table 2500 funcref) (func (export "run"))))");
    Conversation client(*guest.session);
    guest.start("run", {});
    client.ask("?");
    EXPECT_THAT(client.monitor("elements 0"), testing::EndsWith("[199] null\n2300 more\n"));
    EXPECT_THAT(client.monitor("elements 0 0 2500"), testing::EndsWith("[999] null\n1500 more\n"));
    EXPECT_THAT(client.monitor("elements 0 2400"), testing::EndsWith("[2499] null\n"));
    guest.session->close();
}

/// Adds up, calls, and catches what is thrown.
constexpr auto machine = R"((module $machine
    (tag $oops (param i32))
    (table $calls 2 funcref)
    (global $sum (mut i32) (i32.const 0))
    (memory 1)
    (func $add (param $n i32) (result i32)
      (global.set $sum (i32.add (global.get $sum) (local.get $n)))
      (i32.store (i32.const 8) (global.get $sum))
      (local.set $n (i32.const 0))
      global.get $sum)
    (func (export "run") (result i32)
      (block $caught (result i32)
        (try_table (catch $oops $caught)
          (drop (call $add (i32.const 1)))
          (drop (call $add (i32.const 2)))
          (drop (call $add (i32.const 3))))
        (i32.const 100))
      global.set $sum
      global.get $sum)))";

struct ControlTest : testing::Test {
    ControlTest()
    {
        client.emplace(*guest.session);
        guest.start("run", {});
        client->ask("?");
    }
    ~ControlTest() override { guest.session->close(); }

    std::string monitor(std::string_view command) { return client->monitor(command); }
    uint64_t add() const { return Debugged::code(guest.meta(0).code_offset); }
    static std::string words(std::string_view text)
    {
        return "reason:exception;description:" + hex_of(bytes_of(text)) + ";";
    }
    /// The global when the guest has ended.
    uint64_t sum() const { return guest.instance->globals[0]->get().low; }

    Debugged guest { machine };
    std::optional<Conversation> client;
};

TEST_F(ControlTest, ConditionsAreTheEngines)
{
    EXPECT_EQ(monitor("break add if n == 2"), "breakpoint 1: $add at " + hex(add()) + ", if n == 2\n");
    EXPECT_THAT(client->ask("c"), testing::EndsWith(words("breakpoint 1")));
    EXPECT_EQ(client->ask("qWasmLocal:0;0"), "02000000");
    EXPECT_EQ(monitor("stops"), "breakpoint 1: $add at " + hex(add()) + ", if n == 2, 1 hit\n");
    EXPECT_EQ(monitor("delete 1"), "deleted 1\n");
    EXPECT_EQ(monitor("stops"), "no breakpoints\n");
    EXPECT_EQ(client->ask("c"), "W00");
}

TEST_F(ControlTest, ABreakpointThatIsChanged)
{
    const std::string line = "breakpoint 1: $add at " + hex(add());
    EXPECT_EQ(monitor("tbreak add if n == 9"), line + ", temporary, if n == 9\n");
    EXPECT_EQ(monitor("condition 1 n >= 2"), line + ", temporary, if n >= 2\n");
    EXPECT_EQ(monitor("disable 1"), line + ", temporary, disabled, if n >= 2\n");
    EXPECT_EQ(monitor("enable 1"), line + ", temporary, if n >= 2\n");
    EXPECT_EQ(monitor("condition 1"), line + ", temporary\n");
    EXPECT_EQ(monitor("ignore 1 1"), line + ", temporary, ignore 1\n");
    EXPECT_EQ(
        monitor("condition 1 n +"), "error: condition: a value expected, but the text ends\n  n +\n     ^\n");
    for (const auto command :
        { "condition", "condition 2", "ignore 1", "ignore 2 1", "enable 2", "disable x" })
        EXPECT_THAT(monitor(command), StartsWith("error: ")) << command;
    EXPECT_THAT(client->ask("c"), testing::EndsWith(words("breakpoint 1")));
    EXPECT_EQ(client->ask("qWasmLocal:0;0"), "02000000");
    EXPECT_EQ(monitor("stops"), "no breakpoints\n");
    EXPECT_EQ(client->ask("c"), "W00");
}

/// What a client has asked for ends with the client.
TEST_F(ControlTest, EventsAreStoppedOn)
{
    EXPECT_EQ(monitor("catch"),
        "throw: off\nuncaught: stops\ntrap: stops\nhost: stops\nload: off\nexit: off\ncomponent: off\n");
    EXPECT_EQ(monitor("catch throw"), "throw: stops\n");
    EXPECT_EQ(monitor("catch trap off"), "trap: off\n");
    EXPECT_EQ(monitor("catch birds"),
        "error: birds: expected throw, uncaught, trap, host, load, exit or component\n");
    EXPECT_EQ(monitor("catch throw never"), "error: unexpected argument \"never\"\n");
    EXPECT_TRUE(guest.session->stops_on().caught_throw);
    EXPECT_EQ(monitor("clear"), "error: no exception is being thrown\n");
    EXPECT_EQ(monitor("throw 0 5"), "next: throws $oops\n");
    EXPECT_THAT(client->ask("c"), testing::EndsWith(words("trap: uncaught exception {5}")));
    EXPECT_EQ(monitor("clear"), "the exception is cleared\n");
    client->stub.answer(parse_request("D"));
    EXPECT_FALSE(guest.session->stops_on().caught_throw);
    EXPECT_TRUE(guest.session->stops_on().trap);
}

TEST_F(ControlTest, MessagesAreLoggedAndDoNotStop)
{
    std::vector<std::string> messages;
    guest.session->set_log([&](std::string message) { messages.push_back(std::move(message)); });
    EXPECT_THAT(monitor("break add log \"n is {n}, \\\"if so\\\"\" if n > 1"),
        testing::EndsWith(", log \"n is {n}, \"if so\"\", if n > 1\n"));
    EXPECT_THAT(monitor("break add ignore 2 log unquoted, if so"),
        testing::EndsWith(", ignore 2, log \"unquoted, if so\"\n"));
    EXPECT_EQ(client->ask("c"), "W00");
    EXPECT_THAT(messages, testing::ElementsAre("n is 2, \"if so\"", "n is 3, \"if so\"", "unquoted, if so"));
}

TEST_F(ControlTest, PlacesInCodeAreNamesAndAddresses)
{
    const CodeOffset offset = guest.meta(0).code_offset;
    EXPECT_THAT(monitor("break " + std::to_string(offset)), StartsWith("breakpoint 1: $add at "));
    EXPECT_THAT(client->ask("c"), testing::EndsWith(words("breakpoint 1")));
    EXPECT_EQ(monitor("delete 1"), "deleted 1\n");
    EXPECT_THAT(monitor("break " + hex(Debugged::code(offset))), StartsWith("breakpoint 2: $add at "));
    EXPECT_THAT(client->ask("c"), testing::EndsWith(words("breakpoint 2")));
    for (const auto command : { "tbreak", "break nowhere", "break 0", "break 0x4000000900000010",
             "break add if", "break add if n ==", "break add log", "break add log \"n", "break add ignore",
             "break add maybe", "break -1", "delete 9", "stops 1" })
        EXPECT_THAT(monitor(command), StartsWith("error: ")) << command;
    // LLDB's own breakpoints are LLDB's.
    EXPECT_EQ(client->ask("Z0," + hex_digits(Debugged::code(offset), 16) + ",1"), "OK");
    EXPECT_THAT(monitor("delete 3"), StartsWith("error: "));
    client->stub.answer(parse_request("D"));
    EXPECT_TRUE(std::holds_alternative<debug::Outcome>(client->next_event()));
    EXPECT_TRUE(guest.session->breakpoints().empty());
}

TEST_F(ControlTest, WhatIsNoMemoryIsWatchedToo)
{
    EXPECT_EQ(monitor("watch global 0"), "watchpoint 1: watch global 0\n");
    EXPECT_THAT(client->ask("c"), testing::EndsWith(words("watchpoint 1: 0 -> 1")));
    EXPECT_EQ(monitor("watch local 0"), "watchpoint 2: watch local 0\n");
    EXPECT_EQ(monitor("watch memory 0 8 4 write"), "watchpoint 3: watch writes memory 0 8 4\n");
    EXPECT_THAT(client->ask("c"), testing::EndsWith(words("watchpoint 3: 0 -> 1")));
    EXPECT_THAT(client->ask("c"), testing::EndsWith(words("watchpoint 2: 1 -> 0")));
    EXPECT_THAT(monitor("stops"), HasSubstr("watchpoint 1: watch global 0, 1 hit\n"));
    for (const auto command : { "watch", "watch operand 0", "watch global 9", "watch local 9",
             "watch element 9 0", "watch element 0 9", "watch memory 0 8 0", "watch memory 1 8 4",
             "watch global 0 often", "watch memory 0 65535 2" })
        EXPECT_THAT(monitor(command), StartsWith("error: ")) << command;
    EXPECT_EQ(monitor("watch element 0 1 access"), "watchpoint 4: awatch element 0 1\n");
    EXPECT_EQ(monitor("watch table[0: 2 - 1] read"), "watchpoint 5: rwatch table[0: 2 - 1]\n");
    EXPECT_EQ(monitor("watch i32[4 * 4]"), "watchpoint 6: watch i32[4 * 4]\n");
    EXPECT_EQ(monitor("watch i32[4 * nobody]"),
        "error: no local or global is called `nobody`\n  i32[4 * nobody]\n          ^\n");
    client->stub.answer(parse_request("D"));
    EXPECT_TRUE(guest.session->watchpoints().empty());
}

/// LLDB's next step executes nothing, and ends where the guest is.
TEST_F(ControlTest, AFunctionThatReturnsEarly)
{
    monitor("break add");
    client->ask("c");
    for (const auto command :
        { "return", "return 1, 2", "return 1 2", "return x", "throw 9", "throw 0 1 2", "skip 1" })
        EXPECT_THAT(monitor(command), StartsWith("error: ")) << command;
    EXPECT_EQ(monitor("return 1 2"), "error: 2 is one value too many: expected 1\n");
    EXPECT_EQ(monitor("return 1.5"), "error: 1.5 is f64, expected i32\n");
    EXPECT_THAT(monitor("return $n+49"), StartsWith("next: $"));
    const std::string stack = client->ask("qWasmCallStack:1");
    EXPECT_EQ(stack.size(), 16);
    EXPECT_EQ(client->ask("qWasmStackValue:0;0"), "32000000");
    EXPECT_THAT(
        client->ask("vCont;s:1"), AllOf(HasSubstr(";00:" + stack + ";"), testing::EndsWith("reason:trace;")));
    EXPECT_EQ(client->ask("qWasmCallStack:1"), stack);
    EXPECT_THAT(client->ask("vCont;s:1"), testing::Not(HasSubstr(";00:" + stack + ";")));
    EXPECT_EQ(sum(), 0);
    EXPECT_EQ(monitor("delete 1"), "deleted 1\n");
    EXPECT_EQ(client->ask("c"), "W00");
    EXPECT_EQ(sum(), 100);
}

TEST_F(ControlTest, AnInstructionThatIsSkipped)
{
    monitor("break add");
    client->ask("c");
    const std::string before = client->ask("p0");
    EXPECT_THAT(monitor("skip"), StartsWith("next: $"));
    const std::string after = client->ask("p0");
    EXPECT_NE(before, after);
    EXPECT_THAT(client->ask("s"), HasSubstr(";00:" + after + ";"));
    EXPECT_EQ(client->ask("qWasmStackValue:0;0"), "00000000");
    monitor("delete 1");
    EXPECT_EQ(client->ask("c"), "W00");
}

TEST_F(ControlTest, WhatIsThrownIsCaught)
{
    monitor("break add");
    client->ask("c");
    EXPECT_EQ(monitor("throw 0 77"), "next: throws $oops\n");
    EXPECT_EQ(monitor("delete 1"), "deleted 1\n");
    EXPECT_EQ(client->ask("c"), "W00");
    EXPECT_EQ(sum(), 77);
}

TEST_F(ControlTest, TheOutermostFunctionReturns)
{
    EXPECT_EQ(monitor("return 8"), "next: the end\n");
    EXPECT_EQ(client->ask("c"), "W00");
    EXPECT_EQ(sum(), 0);
}

} // namespace
} // namespace vitrine::core::gdb
