// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/stub.h"

#include "base/text.h"
#include "unit/gdb/door.h"

#include <gmock/gmock.h>

#include <deque>
#include <set>
#include <thread>

namespace vitrine::core::gdb {
namespace {

using test::Conversation;
using test::Debugged;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

/// Counts endlessly in a global and in memory. The memory tells to whom it belongs.
constexpr auto counter = R"((module $counter
    (memory 1)
    (global $turns (mut i32) (i32.const 0))
    (func $turn (param $n i32)
      (global.set $turns (i32.add (global.get $turns) (local.get $n))))
    (func (export "count") (param $n i32)
      (loop $again (call $turn (local.get $n)) (br $again)))))";

/// Two stores whose guests run on two threads, under one session.
struct ThreadsTest : testing::Test {
    ThreadsTest()
    {
        other_instance->memories[0]->writable_base()[0] = 'B';
        guest.instance->memories[0]->writable_base()[0] = 'A';
        EXPECT_TRUE(guest.session->add_store(other.store, other.thread));
        guest.start("count", { Value::i32(1) });
        EXPECT_THAT(client.ask("?"), StartsWith("T05thread:1;name:main;threads:1,2;"));
    }
    ~ThreadsTest() override
    {
        client.stub.answer(parse_request("k"));
        if (runner.joinable())
            runner.join();
        guest.session->close();
    }

    void start_the_other()
    {
        runner = std::thread([this] { (void)other.call(*other_instance, "count", { Value::i32(3) }); });
    }
    /// Stops in the second thread while both run.
    std::string stop_in_the_other()
    {
        start_the_other();
        EXPECT_EQ(client.ask(set(turn_of_other)), "OK");
        return client.ask("c");
    }
    static std::string set(uint64_t address) { return "Z0," + hex_digits(address, 16) + ",1"; }
    static std::string unset(uint64_t address) { return "z0," + hex_digits(address, 16) + ",1"; }
    /// The value of global 0 of a thread.
    std::string turns(int thread)
    {
        client.ask("qWasmCallStack:" + std::to_string(thread));
        return client.ask("qWasmGlobal:0;0");
    }

    Debugged guest { counter };
    core::test::Guest other { guest.engine };
    Instance* other_instance = &other.instantiate(counter);
    const uint64_t turn_of_main = Debugged::code(guest.meta(0).code_offset);
    const uint64_t turn_of_other = Address { Address::Space::Object, 2, guest.meta(0).code_offset }.bits();
    Conversation client { *guest.session };
    std::thread runner;
};

TEST_F(ThreadsTest, TheOtherStoresInstancesAreModulesToo)
{
    EXPECT_EQ(client.ask("qXfer:libraries:read::0,1ffff"),
        "l<library-list><library name=\"counter#1\"><section address=\"0x4000000100000000\"/></library>"
        "<library name=\"counter#2\"><section address=\"0x4000000200000000\"/></library></library-list>");
    EXPECT_EQ(client.ask("m100000000,1"), "41");
    EXPECT_EQ(client.ask("m200000000,1"), "42");
}

TEST_F(ThreadsTest, AStopNamesTheThreadThatStoppedAndAllOthers)
{
    const std::string stop = stop_in_the_other();
    EXPECT_THAT(stop,
        MatchesRegex("T05thread:2;name:thread 2;threads:1,2;thread-pcs:400000010000[0-9a-f]{4},"
            + hex_digits(turn_of_other, 16) + ";00:[0-9a-f]{16};reason:breakpoint;"));
    EXPECT_EQ(client.ask("qfThreadInfo"), "m1,2");
    EXPECT_EQ(client.ask("qC"), "QC2");
    EXPECT_EQ(client.ask("T1"), "OK");
    EXPECT_EQ(client.ask("T3"), "E01");
    EXPECT_EQ(client.ask("Hg3"), "E01");
    EXPECT_EQ(client.ask("Hc1"), "OK");
    EXPECT_EQ(client.ask("qThreadStopInfo2"), stop);
    EXPECT_THAT(
        client.ask("qThreadStopInfo1"), MatchesRegex("T00thread:1;name:main;00:[0-9a-f]{8}01000040;"));
    EXPECT_EQ(client.ask("qThreadStopInfo3"), "E01");
    EXPECT_THAT(client.ask("jThreadsInfo"),
        MatchesRegex("\\[\\{\"tid\":1,\"name\":\"main\",\"registers\":\\{\"0\":\"[0-9a-f]{16}\"\\}\\},"
                     "\\{\"tid\":2,\"name\":\"thread 2\",\"registers\":\\{\"0\":\"[0-9a-f]{16}\"\\},"
                     "\"signal\":5,\"reason\":\"breakpoint\"\\}\\]"));
}

TEST_F(ThreadsTest, WhatIsAskedWithoutAThreadIsOfTheThreadLastNamed)
{
    stop_in_the_other();
    // The stop named the second thread. Each thread has a memory of its own, whose id is in the
    // upper half of the value.
    EXPECT_EQ(client.ask("qWasmLocal:0;0"), "0300000002000000");
    EXPECT_EQ(client.ask("m0,1"), "42");
    EXPECT_THAT(client.ask("qWasmCallStack:1"), Not(HasSubstr("02000040")));
    EXPECT_EQ(client.ask("qWasmLocal:0;0"), "0100000001000000");
    EXPECT_EQ(client.ask("m0,1"), "41");
    EXPECT_THAT(client.ask("p0;thread:0002;"), EndsWith("02000040"));
    EXPECT_EQ(client.ask("qWasmLocal:0;0"), "0300000002000000");
    EXPECT_EQ(client.ask("Hg1"), "OK");
    EXPECT_EQ(client.ask("qWasmLocal:0;0"), "0100000001000000");
    EXPECT_EQ(client.ask("p0;thread:0003;"), "E01");
    EXPECT_EQ(client.ask("qWasmCallStack:3"), "E01");
    // Asking whether the thread exists and why it stopped does not select it.
    EXPECT_EQ(client.ask("T2"), "OK");
    EXPECT_THAT(client.ask("qThreadStopInfo2"), StartsWith("T05"));
    EXPECT_EQ(client.ask("qWasmLocal:0;0"), "0100000001000000");
    EXPECT_EQ(client.ask("M0,1:5a"), "OK");
    EXPECT_EQ(guest.instance->memories[0]->base()[0], 0x5a);
    EXPECT_EQ(other_instance->memories[0]->base()[0], 'B');
}

TEST_F(ThreadsTest, OneThreadStepsWhileTheOthersStandStill)
{
    stop_in_the_other();
    const std::string before = turns(1);
    for (int i = 0; i < 20; ++i)
        EXPECT_THAT(client.ask("vCont;s:2"), AllOf(StartsWith("T05thread:2;"), HasSubstr(";threads:1,2;")));
    EXPECT_EQ(turns(1), before);
    // The breakpoint is passed in each iteration, and a step that ends at it does not count as a
    // hit.
    EXPECT_EQ(client.ask(unset(turn_of_other)), "OK");
    const std::string other_before = turns(2);
    for (int i = 0; i < 20; ++i)
        EXPECT_THAT(
            client.ask("vCont;s:1"), AllOf(StartsWith("T05thread:1;name:main;"), EndsWith(";reason:trace;")));
    EXPECT_EQ(turns(2), other_before);
    EXPECT_NE(turns(1), before);
}

TEST_F(ThreadsTest, AThreadThatHasNotStoppedIsSentElsewhere)
{
    stop_in_the_other();
    const std::string place = client.ask("p0;thread:1;");
    // The packet does not say which thread it means.
    EXPECT_EQ(client.monitor("skip"),
        "error: thread 2 stopped, and thread 1 was looked at last: end the command with `on 2` or `on 1`\n");
    EXPECT_EQ(client.monitor("skip on 3"), "error: there is no thread 3\n");
    EXPECT_THAT(client.monitor("skip on 1"), HasSubstr(" at 0x4000000100"));
    const std::string moved = client.ask("p0;thread:1;");
    EXPECT_NE(moved, place);
    // The client learns it with a step of that thread, which executes nothing.
    EXPECT_THAT(client.ask("vCont;s:1"),
        AllOf(StartsWith("T05thread:1;"), HasSubstr(";00:" + moved), EndsWith(";reason:trace;")));
    // A register can be written in any thread.
    EXPECT_EQ(client.ask("P0=" + place + ";thread:1;"), "OK");
    EXPECT_EQ(client.ask("p0;thread:1;"), place);
    EXPECT_EQ(client.ask("P0=" + place + ";thread:2;"), "E01") << "a place in another module";
    EXPECT_THAT(client.ask("vCont;s:2"), AllOf(StartsWith("T05thread:2;"), EndsWith(";reason:trace;")));
    EXPECT_EQ(client.ask("p0;thread:1;"), place) << "it has not gone on yet";
}

TEST_F(ThreadsTest, TheLeftmostActionThatMeansAThreadCounts)
{
    stop_in_the_other();
    EXPECT_EQ(client.ask(unset(turn_of_other)), "OK");
    EXPECT_EQ(client.ask(set(turn_of_main)), "OK");
    const std::string before = turns(2);
    EXPECT_THAT(client.ask("vCont;c:1"), AllOf(StartsWith("T05thread:1;"), EndsWith(";reason:breakpoint;")));
    EXPECT_EQ(turns(2), before);
    EXPECT_EQ(client.ask(unset(turn_of_main)), "OK");
    EXPECT_THAT(client.ask("vCont;s:2;c"), AllOf(StartsWith("T05thread:2;"), EndsWith(";reason:trace;")));
    EXPECT_THAT(
        client.ask("vCont;C05:2;s:2;s:1"), AllOf(StartsWith("T05thread:1;"), EndsWith(";reason:trace;")));
    EXPECT_EQ(client.ask("vCont;c:3"), "E01");
    EXPECT_THAT(client.ask("vCont;s"), AllOf(StartsWith("T05thread:1;"), EndsWith(";reason:trace;")));
}

/// LLDB continues like this when both threads are at breakpoints, one of which was reported: it
/// removes each for a step.
TEST_F(ThreadsTest, AStopInTurnHasTheBreakpointThatIsThereThen)
{
    start_the_other();
    EXPECT_EQ(client.ask(set(turn_of_main)), "OK");
    EXPECT_EQ(client.ask(set(turn_of_other)), "OK");
    std::array<bool, 3> seen {};
    for (int i = 0; i < 200; ++i) {
        const std::string stop = client.ask("c");
        ASSERT_THAT(stop, EndsWith(";reason:breakpoint;")) << i;
        const bool is_main = stop.contains("thread:1;name");
        seen[is_main ? 1 : 2] = true;
        const uint64_t place = is_main ? turn_of_main : turn_of_other;
        EXPECT_EQ(client.ask(unset(place)), "OK");
        const std::string step = client.ask(is_main ? "vCont;s:1" : "vCont;s:2");
        ASSERT_THAT(
            step, AllOf(StartsWith(is_main ? "T05thread:1;" : "T05thread:2;"), EndsWith(";reason:trace;")))
            << i;
        EXPECT_EQ(client.ask(set(place)), "OK");
    }
    EXPECT_TRUE(seen[1] && seen[2]);
}

/// Each resume coincides with stops of the other threads, in every order.
TEST(Threads, ThatStopAllTheTimeAllGoOn)
{
    Debugged guest(counter);
    Conversation client(*guest.session);
    std::deque<core::test::Guest> others;
    for (int i = 0; i < 3; ++i) {
        core::test::Guest& other = others.emplace_back(guest.engine);
        other.instantiate(counter);
        EXPECT_TRUE(guest.session->add_store(other.store, other.thread));
    }
    guest.start("count", { Value::i32(1) });
    EXPECT_THAT(client.ask("?"), StartsWith("T05thread:1;name:main;threads:1,2,3,4;"));
    for (uint32_t object = 1; object <= 4; ++object) {
        const Address turn { Address::Space::Object, object, guest.meta(0).code_offset };
        EXPECT_EQ(client.ask(ThreadsTest::set(turn.bits())), "OK");
    }
    std::vector<std::thread> runners;
    for (core::test::Guest& other : others)
        runners.emplace_back(
            [&] { (void)other.call(*other.store.instances().begin(), "count", { Value::i32(1) }); });
    std::set<std::string> seen;
    for (int i = 0; i < 2000; ++i) {
        const std::string stop = client.ask("c");
        ASSERT_THAT(stop, EndsWith(";reason:breakpoint;")) << i;
        seen.insert(stop.substr(0, stop.find(';')));
    }
    EXPECT_THAT(seen, testing::ElementsAre("T05thread:1", "T05thread:2", "T05thread:3", "T05thread:4"));
    client.stub.answer(parse_request("k"));
    for (std::thread& runner : runners)
        runner.join();
    for (core::test::Guest& other : others)
        EXPECT_TRUE(guest.session->remove_store(other.store));
    guest.session->close();
}

TEST_F(ThreadsTest, AStoreThatLeavesTakesItsModulesAlong)
{
    client.ask("qXfer:libraries:read::0,1ffff");
    EXPECT_EQ(client.ask(set(turn_of_other)), "OK");
    EXPECT_TRUE(guest.session->remove_store(other.store));
    EXPECT_THAT(client.ask("s"), AllOf(HasSubstr(";library:;"), EndsWith(";reason:trace;")));
    EXPECT_THAT(client.ask("qXfer:libraries:read::0,1ffff"), Not(HasSubstr("counter#2")));
    EXPECT_EQ(client.ask(set(turn_of_other)), "E01");
    EXPECT_EQ(client.ask("m200000000,1"), "E02");
    EXPECT_TRUE(guest.session->breakpoints().empty());
}

/// Threads of an embedder run guests although the session runs nothing.
TEST(Threads, AnEmbeddersThreadIsInterruptedToo)
{
    Debugged guest(counter);
    Conversation client(*guest.session, Process::Owner);
    std::thread runner;
    {
        core::test::Guest other(guest.engine);
        Instance& instance = other.instantiate(counter);
        EXPECT_TRUE(guest.session->add_store(other.store, other.thread));
        EXPECT_THAT(client.ask("?"), StartsWith("T02thread:1;name:main;threads:1,2;"));
        EXPECT_EQ(client.stub.answer(parse_request("c")).payload, std::nullopt);
        runner = std::thread([&] { (void)other.call(instance, "count", { Value::i32(1) }); });
        while (guest.session->threads()[1].thread->runner.load() == std::thread::id {})
            std::this_thread::yield();
        EXPECT_EQ(client.stub.interrupt(), std::nullopt);
        EXPECT_THAT(client.wait(),
            AllOf(StartsWith("T02thread:2;name:thread 2;threads:1,2;"), EndsWith("reason:signal;")));
        client.stub.answer(parse_request("k"));
        runner.join();
        EXPECT_TRUE(guest.session->remove_store(other.store));
    }
    guest.session->close();
}

} // namespace
} // namespace vitrine::core::gdb
