// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/console.h"

#include "base/text.h"
#include "console/places.h"
#include "console/verbs.h"
#include "support/guest.h"

#include <gmock/gmock.h>

namespace vitrine::core::console {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr auto library = R"((module $lib
    (global $calls (mut i32) (i32.const 0))
    (memory 1)
    (func $helper (param $k i32) (result i32) (i32.add (local.get $k) (i32.const 100)))
    (func $api (export "api") (param $z i32) (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (call $helper (local.get $z)))))";
constexpr auto program = R"((module $user
    (import "lib" "api" (func $api (param i32) (result i32)))
    (global $own (mut i64) (i64.const 5))
    (tag $odd (param i32))
    (func $helper (param i32) (result i32) (local.get 0))
    (func $go (export "go") (param $n i32) (result i32)
      (global.set $own (i64.const 6))
      (i32.add (call $api (local.get $n)) (call $helper (i32.const 1))))))";

/// A program of two modules, and two instances of the one, under a console that may do everything
/// but run it again.
struct ConsoleTest : testing::Test, Target {
    ConsoleTest()
    {
        Instance& first = guest.instantiate(library);
        lib = &first;
        EXPECT_TRUE(guest.linker.define("lib", "api", StoreExtern(guest.store, *first.find_export("api"))));
        second = *core::instantiate(guest.thread, guest.linker, first.module);
        user = &guest.instantiate(program);
        session_ = *debug::Session::create(guest.store, guest.thread);
        client_ = *debug::Client::attach(*session_, "the test", debug::Client::Kind::Shared);
    }
    ~ConsoleTest() override { session_->close(); }

    debug::Client& client() override { return *client_; }
    Result<void> check(Needs needs, std::string_view) override
    {
        if ((needs == Needs::Stopped || needs == Needs::Resume) && !session_->stopped())
            return failure("not stopped");
        return {};
    }
    std::vector<LoadedModule> modules() override
    {
        return { { user->module, "app/user.wasm" }, { lib->module, "preloads/l.1.wasm", "q" } };
    }
    std::string place_text(const Module&, CodeOffset offset, const Instance*) override { return hex(offset); }
    std::string module_suffix(const Module& module) override
    {
        return &module == lib->module.get() ? " in q" : "";
    }
    Result<void> run(const std::vector<std::string>&, bool stop_at_entry, const Prepare& prepare) override
    {
        CHECK(prepare());
        const auto body = [this]() -> debug::Outcome {
            const Value argument = Value::i32(3);
            auto results = invoke(guest.thread, guest.function(*user, "go"), { &argument, 1 });
            if (!results)
                return std::unexpected(std::move(results).error());
            return *results;
        };
        CHECK(session_->start(body, stop_at_entry));
        return wait();
    }
    Result<void> resume(const debug::Resume& how) override
    {
        CHECK(client_->resume(how));
        return wait();
    }
    Result<void> call(const std::function<void()>& body, uint32_t thread) override
    {
        CHECK(session_->call(body, thread));
        return wait();
    }
    std::string end_text() override { return end; }
    Result<void> wait()
    {
        const auto event = TRY(session_->wait());
        if (const auto* outcome = std::get_if<debug::Outcome>(&event))
            end = *outcome ? "exited: " + join(**outcome) : "ended";
        return {};
    }

    std::string say(std::string_view line)
    {
        text.clear();
        console.perform(line);
        return text;
    }

    test::Guest guest;
    Instance* lib;
    Instance* second;
    Instance* user;
    std::unique_ptr<debug::Session> session_;
    std::unique_ptr<debug::Client> client_;
    std::string end;
    std::string text;
    Console console { *this, [this](const Line& line) { text += plain_text(line) + "\n"; } };
};

TEST_F(ConsoleTest, EveryVerbHasAGroupAndAnExampleOfItself)
{
    for (const Verb& verb : verb_table()) {
        EXPECT_EQ(*find_verb(verb.name), &verb);
        EXPECT_TRUE(verb.example.starts_with(verb.name)) << verb.name;
        EXPECT_FALSE(verb.group.empty() || verb.summary.empty()) << verb.name;
        for (Words forms(verb.forms); !forms.at_end();)
            EXPECT_EQ(*find_verb(forms.next()), &verb);
        EXPECT_THAT(say("help " + std::string(verb.name)), StartsWith(std::string(verb.name)));
    }
    EXPECT_THAT(say("help nothing"), StartsWith("error: there is no verb nothing"));
    EXPECT_THAT(say("help break now"), StartsWith("error: unexpected argument \"now\""));
    EXPECT_EQ(find_verb("th").error().message, "th can be threads, thread, throw");
}

TEST_F(ConsoleTest, PlacesInAllModules)
{
    // Its own name, the name it was preloaded as, its file's name.
    for (const auto name : { "lib", "$lib", "q", "l.1", "\"lib\"", "$\"lib\"" })
        EXPECT_THAT(say("break " + std::string(name) + ":$helper"), HasSubstr(": $helper at ")) << name;
    EXPECT_THAT(say("break"), testing::Not(HasSubstr("at 0x5\n")));
    EXPECT_THAT(say("break lib:func[1]"), HasSubstr(": $api at "));
    const CodeOffset offset = lib->module->meta(FuncIndex { 0 }).code_offset;
    EXPECT_THAT(say("break lib:" + hex(offset)), HasSubstr(": $helper at " + hex(offset) + " in q"));
    // The module in view comes first, then all.
    EXPECT_THAT(say("break $helper"), testing::Not(HasSubstr("in q")));
    EXPECT_THAT(say("break api"), HasSubstr(": $api at "));
    EXPECT_EQ(say("break other:$f"), "error: other:$f: no such module: the program has user, q\n");
    EXPECT_THAT(say("break lib:$missing"), StartsWith("error: lib:$missing: no such function"));
    EXPECT_THAT(say("break lib:0"), StartsWith("error: a line must be a number from 1 on"));
    EXPECT_THAT(say("break lib:"), StartsWith("error: expected a place"));
    EXPECT_THAT(say("break core::fmt"), StartsWith("error: core::fmt: no such function"));
    EXPECT_THAT(say("module lib"), StartsWith("preloads/l.1.wasm $lib: functions 2, globals 1, "));
    EXPECT_THAT(say("functions"), StartsWith("func[0] $helper: (param i32) (result i32) at "));
}

TEST_F(ConsoleTest, InstancesAreSelectedUntilTheProgramGoesOn)
{
    EXPECT_THAT(say("start"), StartsWith("stopped: entry in $go at "));
    EXPECT_EQ(say("instances"), "  instance 0 of $lib\n  instance 1 of $lib\n* instance 2 of $user\n");
    EXPECT_THAT(say("globals"), StartsWith("global[0] $own = 5 "));
    EXPECT_EQ(say("instance 1"), "* instance 1 of $lib\n");
    EXPECT_THAT(say("globals"), StartsWith("global[0] $calls = 0 "));
    EXPECT_EQ(say("set $calls = 7"), "");
    EXPECT_EQ(say("print $calls of 0"), "0\n");
    EXPECT_EQ(say("print $calls"), "7\n");
    EXPECT_EQ(say("print $n of 2"), "3\n");
    EXPECT_THAT(say("memory 0 4"), StartsWith("0x00000000  00 00 00 00 "));
    EXPECT_EQ(say("memory of 2"), "no memories\n");
    EXPECT_EQ(say("instance 3"), "error: there is no instance 3\n");
    EXPECT_THAT(say("frame"), StartsWith("#0 $go at "));
    // A selected frame shows its instance again.
    EXPECT_THAT(say("frame 0"), StartsWith("#0 $go at "));
    EXPECT_THAT(say("globals"), StartsWith("global[0] $own = 5 "));
    EXPECT_THAT(say("module lib"), HasSubstr(" $lib: "));
    EXPECT_EQ(say("print $calls"), "0\n");
    EXPECT_THAT(say("step"), StartsWith("stopped: step in $go at "));
    EXPECT_THAT(say("globals"), StartsWith("global[0] $own = "));
}

TEST_F(ConsoleTest, ABreakpointInOneInstance)
{
    EXPECT_THAT(say("break lib:$api of 1"), StartsWith("breakpoint 1: $api at "));
    EXPECT_THAT(say("break lib:$helper of 0"), StartsWith("breakpoint 2: $helper at "));
    EXPECT_THAT(say("run"), AllOf(StartsWith("stopped: breakpoint 2 in $helper at "), HasSubstr(", k=3\n")));
    EXPECT_THAT(say("bt"), AllOf(StartsWith("* #0 $helper"), HasSubstr("  #1 $api"), HasSubstr("  #2 $go")));
    EXPECT_EQ(say("print $z in 1"), "3\n");
    EXPECT_THAT(say("locals in 2"), StartsWith("local[0] n = 3 (i32)"));
    EXPECT_EQ(say("print $calls"), "1\n");
    EXPECT_EQ(say("print $own in 2"), "6\n");
    EXPECT_EQ(say("print 1 in 3"), "error: there is no frame 3: the number of frames is 3\n");
    EXPECT_EQ(say("print 1 on 2"), "error: there is no thread 2\n");
    EXPECT_THAT(say("call $helper 1"), StartsWith("stopped: breakpoint 2 in $helper at "));
    EXPECT_THAT(say("bt"), HasSubstr("   -- entered by the host or the debugger\n"));
    EXPECT_EQ(say("continue"), "returned: 101\n");
    EXPECT_THAT(say("thread 1"), StartsWith("#0 $helper"));
    EXPECT_THAT(say("finish"), StartsWith("returned: 103\nstopped: step in $api at "));
    EXPECT_EQ(say("print $ + 1"), "104\n");
    EXPECT_EQ(say("continue"), "exited: 104\n");
    EXPECT_EQ(say("continue"), "error: not stopped\n");
}

TEST_F(ConsoleTest, WhatATypedLineCanBecome)
{
    EXPECT_THAT(console.completions("thr"), ElementsAre("thread", "threads", "throw"));
    EXPECT_THAT(console.completions("break $g"), ElementsAre("$go"));
    EXPECT_THAT(console.completions("break he"), ElementsAre("helper"));
    EXPECT_THAT(console.completions("break lib:$h"), ElementsAre("lib:$helper"));
    EXPECT_THAT(console.completions("break $li"), ElementsAre("$lib:"));
    EXPECT_THAT(console.completions("module "), ElementsAre("lib", "q", "user"));
    EXPECT_THAT(console.completions("print $o"), ElementsAre("$own"));
    EXPECT_THAT(console.completions("throw o"), ElementsAre("odd"));
    EXPECT_THAT(console.completions("catch l"), ElementsAre("load"));
    EXPECT_THAT(console.completions("source /pro"), testing::Contains("/proc/"));
    EXPECT_THAT(console.completions("continue "), ElementsAre());
    EXPECT_THAT(console.completions("nothing "), ElementsAre());
    say("start");
    EXPECT_THAT(console.completions("print i32[$"), ElementsAre("$n", "$own"));
}

TEST_F(ConsoleTest, AnEmptyLineRepeatsASteps)
{
    say("start");
    const std::string first = say("step");
    EXPECT_THAT(first, StartsWith("stopped: step in "));
    EXPECT_NE(say(""), first);
    say("bt");
    EXPECT_EQ(say(""), "");
    EXPECT_EQ(say("# nothing"), "");
}

TEST_F(ConsoleTest, EveryFormOfInfo)
{
    say("start");
    for (const InfoForm& form : info_table()) {
        const std::string name(form.name);
        EXPECT_THAT(say("info " + name), testing::Not(HasSubstr("expected args"))) << name;
        if (!form.verb.empty())
            EXPECT_EQ(say("info " + name), say(std::string(form.verb))) << name;
        else
            EXPECT_FALSE(form.summary.empty()) << name;
        for (Words forms(form.forms); !forms.at_end();) {
            const std::string other(forms.next());
            EXPECT_EQ(say("info " + other), say("info " + name)) << other;
        }
        EXPECT_THAT(say("help info"), HasSubstr("    " + name)) << name;
        EXPECT_THAT(console.completions("info " + name), testing::Contains(name));
    }
    EXPECT_THAT(say("info nothing"), StartsWith("error: info nothing: expected args, "));
    EXPECT_EQ(say("info t"), "error: info t can be tables, tags, threads, types\n");
}

TEST_F(ConsoleTest, CommandsOfStops)
{
    say("break lib:$helper");
    say("commands");
    EXPECT_TRUE(console.is_in_block());
    EXPECT_EQ(say("print $k"), "");
    EXPECT_EQ(say(""), "");
    EXPECT_EQ(say("continue"), "");
    say("end");
    EXPECT_FALSE(console.is_in_block());
    EXPECT_THAT(say("break"), HasSubstr("\n    print $k\n    continue\n"));
    EXPECT_THAT(
        say("run"), AllOf(StartsWith("stopped: breakpoint 1 in $helper"), HasSubstr("\n3\nexited: 104\n")));
    // `thread apply` and `info` look; they cannot resume the program.
    say("start");
    EXPECT_THAT(say("thread apply all continue"),
        HasSubstr("error: `continue` cannot be a part of another command\n"));
    say("alias on = continue");
    EXPECT_THAT(say("thread apply 1 on"), HasSubstr("cannot be a part of another command\n"));
    EXPECT_EQ(say("commands 7"), "error: there is no breakpoint or watchpoint 7\n");
    say("delete 1");
    EXPECT_EQ(console.stops().commands(1).size(), 0);
}

/// What an endless definition or endless commands do, the user can end; what is endless by itself
/// ends by itself.
TEST_F(ConsoleTest, EndlessLines)
{
    for (const auto line : { "define again", "again", "again", "end" })
        say(line);
    EXPECT_EQ(say("again"), "error: again: definitions are nested too deep\n");
    // Line d30 would do 2 to the power of 30 lines.
    say("alias d0 = echo");
    for (int i = 1; i <= 30; ++i) {
        say("define d" + std::to_string(i));
        say("d" + std::to_string(i - 1));
        say("d" + std::to_string(i - 1));
        say("end");
    }
    EXPECT_THAT(say("d30"), testing::EndsWith("error: more than 10000 lines for one command\n"));
    say("define long");
    for (int i = 0; console.is_in_block(); ++i) {
        ASSERT_LT(i, 2000);
        say(std::string(1000, 'x'));
    }
    EXPECT_THAT(text, StartsWith("error: the block is longer than "));
}

TEST_F(ConsoleTest, InterruptedCommands)
{
    // The sink plays the user who types Ctrl-C after a while.
    int lines = 0;
    Console* one = nullptr;
    Console counting { *this, [&](const Line& line) {
                          text += plain_text(line) + "\n";
                          if (++lines == 20)
                              one->interrupt();
                      } };
    one = &counting;
    text.clear();
    for (const auto line : { "break lib:$helper", "commands", "call $helper 1", "end", "run" })
        counting.perform(line);
    EXPECT_THAT(text, testing::EndsWith("error: interrupted\n"));
}

/// Watchpoints are the same places in the next run, as soon as their instances are there.
TEST_F(ConsoleTest, WatchpointsStayFromRunToRun)
{
    say("start");
    EXPECT_EQ(say("watch $own if $own > 3"), "watchpoint 1: watch $own, if $own > 3\n");
    EXPECT_EQ(say("watch $calls of 1"), "watchpoint 2: watch $calls\n");
    EXPECT_EQ(say("watch memory 8 4 of 0"), "watchpoint 3: watch memory 8 4\n");
    EXPECT_EQ(say("watch $n"), "watchpoint 4: watch $n\n");
    EXPECT_EQ(say("disable 2"), "watchpoint 2: watch $calls, disabled\n");
    EXPECT_THAT(say("continue"), StartsWith("stopped: watchpoint 1: 5 -> 6 in $go"));
    EXPECT_EQ(say("info watchpoints"),
        "watchpoint 1: watch $own, if $own > 3, 1 hit\nwatchpoint 2: watch $calls, disabled\n"
        "watchpoint 3: watch memory 8 4\nwatchpoint 4: watch $n\n");
    console.stops().keep();
    for (const debug::Watchpoint& row : session_->watchpoints())
        ASSERT_TRUE(session_->remove_watchpoint(row.id));
    ASSERT_TRUE(console.stops().restore());
    EXPECT_TRUE(console.stops().is_waiting());
    EXPECT_THAT(say("break"), HasSubstr("watchpoint 1: watch $own, if $own > 3, pending\n"));
    EXPECT_EQ(say("ignore 1 1"), "watchpoint 1: watch $own, ignore 1, if $own > 3\n");
    EXPECT_THAT(console.stops().set_waiting(), ElementsAre());
    EXPECT_FALSE(console.stops().is_waiting());
    EXPECT_EQ(say("info watchpoints"),
        "watchpoint 1: watch $own, ignore 1, if $own > 3\nwatchpoint 2: watch $calls, disabled\n"
        "watchpoint 3: watch memory 8 4\n");
    for (const debug::Watchpoint& row : session_->watchpoints())
        if (const auto* range = std::get_if<eval::MemoryRange>(&row.spec.what)) {
            EXPECT_EQ(range->memory, lib->memories[0]);
        }
}

TEST_F(ConsoleTest, WhatATypedLineOfOnesOwnCanBecome)
{
    say("alias bh = break");
    for (const auto line : { "define mine", "end" })
        say(line);
    EXPECT_THAT(console.completions("bh he"), ElementsAre("helper"));
    EXPECT_THAT(console.completions("mi"), ElementsAre("mine"));
    EXPECT_THAT(console.completions("set pag"), ElementsAre("pager", "pagination"));
    EXPECT_THAT(console.completions("set print e"), ElementsAre("elements"));
    EXPECT_THAT(console.completions("show va"), ElementsAre("values"));
    EXPECT_THAT(console.completions("info function he"), ElementsAre());
    EXPECT_THAT(console.completions("info symbol he"), ElementsAre("helper"));
    EXPECT_THAT(console.completions("advance he"), ElementsAre("helper"));
    say("set $mark = 5");
    EXPECT_THAT(console.completions("print $m"), ElementsAre("$mark"));
    EXPECT_THAT(console.completions("display $o"), ElementsAre("$own"));
}

/// Another client's stops are not this one's.
TEST_F(ConsoleTest, StopsOfOthers)
{
    ASSERT_TRUE(session_->add_breakpoint({ user->module, user->module->meta(FuncIndex { 2 }).code_offset }));
    EXPECT_EQ(say("break"), "no breakpoints\n");
    EXPECT_THAT(say("break $helper"), StartsWith("breakpoint 1: "));
    EXPECT_THAT(say("run"), StartsWith("stopped: another client's breakpoint in $go at "));
    EXPECT_EQ(say("delete 2"), "error: there is no breakpoint or watchpoint 2\n");
    EXPECT_EQ(say("delete"), "deleted 1\n");
    EXPECT_EQ(session_->breakpoints().size(), 1);
}

} // namespace
} // namespace vitrine::core::console
