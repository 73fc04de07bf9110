// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Steps by lines, in every tier: the guests' lines are written down by the tests.
#include "debug/line_step.h"

#include "support/sourced_guest.h"

#include <gmock/gmock.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace vitrine::core::debug {
namespace {

using test::SourcedGuest;
using test::SourceWriter;
using Kind = LineStepKind;

class LineSteps : public testing::TestWithParam<TierPolicy> {
protected:
    EngineConfig config() const { return { .guest_debug = true, .tier = GetParam(), .tier_threshold = 1 }; }
};

std::string name_of(const testing::TestParamInfo<TierPolicy>& tier)
{
    constexpr std::array names { "Auto", "Interpreter", "Compiled", "Mixed" };
    return names[static_cast<size_t>(tier.param)];
}

INSTANTIATE_TEST_SUITE_P(Tiers, LineSteps,
    testing::Values(TierPolicy::Interpreter, TierPolicy::Auto, TierPolicy::Compiled, TierPolicy::Mixed),
    name_of);

constexpr auto plain = R"((module
    (func $leaf (param $n i32) (result i32)
      local.get $n
      i32.const 1
      i32.add)
    (func $main (export "main") (param $n i32) (result i32)
      (local $sum i32)
      local.get $n
      call $leaf
      local.set $sum
      local.get $sum
      call $leaf
      local.get $n
      call $leaf
      i32.add)
    (func (export "outer") (param $n i32) (result i32)
      local.get $n
      call $main
      i32.const 0
      i32.add)))";

struct Plain : SourcedGuest {
    explicit Plain(const EngineConfig& config) : SourcedGuest(config), writer(load(plain))
    {
        writer.lines("leaf", { 1, 2, 2, 3 });
        writer.lines("main", { 10, 10, 10, 11, 11, 11, 11, 11, 12 });
    }
    SourceWriter writer;
};

TEST_P(LineSteps, NextPassesWhatTheLineCalls)
{
    Plain guest(config());
    EXPECT_EQ(guest.start("main", { Value::i32(5) }), "main:10");
    EXPECT_EQ(guest.next(), "main:11");
    EXPECT_EQ(guest.next(), "main:12");
    EXPECT_EQ(guest.next(), "ended: 13") << "there is no caller";
}

TEST_P(LineSteps, StepEntersEachFunctionThatTheLineCalls)
{
    Plain guest(config());
    EXPECT_EQ(guest.start("main", { Value::i32(5) }), "main:10");
    EXPECT_EQ(guest.step(), "leaf:1");
    EXPECT_EQ(guest.backtrace(), "leaf:1 main:10");
    EXPECT_EQ(guest.step(), "leaf:2");
    EXPECT_EQ(guest.step(), "leaf:3");
    EXPECT_EQ(guest.step(), "main:10") << "the rest of the line of the call";
    EXPECT_EQ(guest.step(), "main:11");
    EXPECT_EQ(guest.step(), "leaf:1");
    EXPECT_EQ(guest.finish(), "main:11, returned 7");
    EXPECT_EQ(guest.step(), "leaf:1") << "the second call of the line";
    EXPECT_EQ(guest.next(), "leaf:2");
    EXPECT_EQ(guest.next(), "leaf:3");
    EXPECT_EQ(guest.next(), "main:11");
    EXPECT_EQ(guest.next(), "main:12");
}

TEST_P(LineSteps, WithoutLinesEachInstructionIsALine)
{
    Plain guest(config());
    guest.writer.symbols->rows.erase(
        guest.writer.symbols->rows.begin(), guest.writer.symbols->rows.begin() + 3);
    EXPECT_EQ(guest.start("outer", { Value::i32(5) }), "outer: local.get $n");
    EXPECT_EQ(guest.next(), "outer: call $main");
    EXPECT_EQ(guest.step(), "main:10") << "a function with lines is entered";
    EXPECT_EQ(guest.finish(), "outer: i32.const 0, returned 13");
    EXPECT_EQ(guest.next(), "outer: i32.add");
    EXPECT_EQ(guest.next(), "outer: end");
    EXPECT_EQ(guest.next(), "ended: 13") << "there is no caller";
    EXPECT_EQ(guest.start("outer", { Value::i32(5) }), "outer: local.get $n");
    EXPECT_EQ(guest.go_to(guest.writer, "leaf", 1), "leaf: i32.const 1 (breakpoint 1)");
    EXPECT_EQ(guest.step(), "leaf: i32.add");
    EXPECT_EQ(guest.step(), "leaf: end");
    EXPECT_EQ(guest.step(), "main:10");
    EXPECT_EQ(guest.next(), "main:11");
    EXPECT_EQ(guest.step(), "main:12") << "from a line, functions without lines are passed";
    EXPECT_EQ(guest.next(), "ended: 13") << "there is no caller with lines";
}

TEST_P(LineSteps, AStepFromCodeWithoutLinesEntersCodeWithoutLines)
{
    Plain guest(config());
    guest.writer.symbols->rows.clear();
    EXPECT_EQ(guest.start("outer", { Value::i32(5) }), "outer: local.get $n");
    EXPECT_EQ(guest.step(), "outer: call $main");
    EXPECT_EQ(guest.step(), "main: local.get $n");
    EXPECT_EQ(guest.next(), "main: call $leaf");
    EXPECT_EQ(guest.next(), "main: local.set $sum") << "what is called is passed";
    EXPECT_EQ(guest.finish(), "outer: i32.const 0, returned 13");
}

/// Symbols that take until they are told to answer.
struct SlowSymbols final : test::LiteralSymbols {
    explicit SlowSymbols(const test::LiteralSymbols& symbols) : LiteralSymbols(symbols) {}

    std::vector<source::Row> rows_in(source::Range range) override
    {
        wait_at(range.begin);
        return LiteralSymbols::rows_in(range);
    }
    std::vector<source::Scope> scopes_at(CodeOffset offset) override
    {
        wait_at(offset);
        return LiteralSymbols::scopes_at(offset);
    }

    void wait_at(CodeOffset offset)
    {
        std::unique_lock lock(mutex);
        if (offset < slow.begin || offset >= slow.end)
            return;
        is_asked = true;
        changed.notify_all();
        changed.wait(lock, [&] { return slow.end == 0; });
    }
    void wait_until_asked()
    {
        std::unique_lock lock(mutex);
        EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(30), [&] { return is_asked; }));
    }
    void answer()
    {
        const std::lock_guard lock(mutex);
        slow = {};
        changed.notify_all();
    }

    std::mutex mutex;
    std::condition_variable changed;
    /// The code about which questions take long.
    source::Range slow {};
    bool is_asked = false;
};

/// Symbols that are slow for one function.
std::shared_ptr<SlowSymbols> slow_about(Plain& guest, std::string_view function)
{
    const auto slow = std::make_shared<SlowSymbols>(*guest.writer.symbols);
    guest.finder->symbols[guest.instance->module.get()] = slow;
    const FuncMeta& meta = guest.instance->module->meta(guest.writer.index_of(function));
    slow->slow = { meta.body_offset, meta.end_offset };
    return slow;
}

TEST_P(LineSteps, TheSessionCanBeUsedWhileAStepWaitsForSymbols)
{
    Plain guest(config());
    const auto slow = slow_about(guest, "leaf");
    EXPECT_EQ(guest.start("main", { Value::i32(5) }), "main:10");
    auto step = make_line_step(Kind::Step, *guest.session, guest.sources, {});
    EXPECT_TRUE(guest.session->resume({ .step = step }));
    slow->wait_until_asked();
    // None of these waits for the answer.
    EXPECT_TRUE(guest.session->is_running());
    EXPECT_EQ(guest.session->threads().size(), 1u);
    EXPECT_TRUE(guest.session->add_breakpoint(
        { .module = guest.instance->module, .offset = guest.writer.offset("main", 4) }));
    guest.session->interrupt();
    slow->answer();
    EXPECT_EQ(guest.wait(), "leaf:1");
    EXPECT_EQ(guest.finish(), "main:10, returned 6");
    EXPECT_EQ(guest.go(), "main:11 (breakpoint 1)");
}

TEST_P(LineSteps, AGuestIsKilledWhileAStepWaitsForSymbols)
{
    Plain guest(config());
    const auto slow = slow_about(guest, "leaf");
    EXPECT_EQ(guest.start("main", { Value::i32(5) }), "main:10");
    auto step = make_line_step(Kind::Step, *guest.session, guest.sources, {});
    EXPECT_TRUE(guest.session->resume({ .step = step }));
    slow->wait_until_asked();
    guest.session->kill();
    slow->answer();
    EXPECT_EQ(guest.wait(), "failed");
}

TEST_P(LineSteps, TheSessionCanBeUsedWhileAConditionWaitsForSymbols)
{
    Plain guest(config());
    const auto slow = slow_about(guest, "leaf");
    EXPECT_EQ(guest.start("main", { Value::i32(5) }), "main:10");
    std::thread client([&] {
        EXPECT_TRUE(guest.session->add_breakpoint({ .module = guest.instance->module,
            .offset = guest.writer.offset("leaf", 1),
            .condition = "n == 6" }));
    });
    slow->wait_until_asked();
    EXPECT_TRUE(guest.session->stopped());
    EXPECT_TRUE(guest.session->breakpoints().empty());
    slow->answer();
    client.join();
    EXPECT_EQ(guest.go(), "leaf:2 (breakpoint 1)");
    EXPECT_EQ(guest.backtrace(), "leaf:2 main:11") << "the second call";
}

TEST_P(LineSteps, RecursionDoesNotDisturb)
{
    SourcedGuest guest(config());
    SourceWriter writer = guest.load(R"((module
        (func $factorial (export "factorial") (param $n i32) (result i32)
          local.get $n
          i32.eqz
          if
            i32.const 1
            return
          end
          local.get $n
          local.get $n
          i32.const 1
          i32.sub
          call $factorial
          i32.mul)))");
    writer.lines("factorial", { 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3, 4 });
    EXPECT_EQ(guest.start("factorial", { Value::i32(5) }), "factorial:1");
    EXPECT_EQ(guest.next(), "factorial:3");
    EXPECT_EQ(guest.next(), "factorial:4") << "not in the frames of the recursion";
    EXPECT_EQ(guest.session->frames().size(), 1u);
    EXPECT_EQ(guest.next(), "ended: 120");
    EXPECT_EQ(guest.start("factorial", { Value::i32(5) }), "factorial:1");
    for (int depth = 2; depth < 6; ++depth) {
        EXPECT_EQ(guest.next(), "factorial:3");
        EXPECT_EQ(guest.step(), "factorial:1");
        EXPECT_EQ(guest.session->frames().size(), size_t(depth));
    }
    EXPECT_EQ(guest.finish(), "factorial:3, returned 1");
    EXPECT_EQ(guest.finish(2), "factorial:3, returned 24") << "an outer frame";
    EXPECT_EQ(guest.session->frames().size(), 1u);
    EXPECT_EQ(guest.next(), "factorial:4");
}

TEST_P(LineSteps, ALineWithALoopIsOneStep)
{
    SourcedGuest guest(config());
    SourceWriter writer = guest.load(R"((module
        (func $main (export "main") (param $n i32) (result i32)
          (local $sum i32)
          (loop $again
            (local.set $sum (i32.add (local.get $sum) (local.get $n)))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (loop $other
            (local.set $sum (i32.add (local.get $sum) (i32.const 1)))
            (br_if $other (i32.lt_u (local.get $sum) (i32.const 5060))))
          local.get $sum)))");
    //                      loop, sum......., n..........., br_if, end, loop, sum......., br_if, end
    writer.lines("main", { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5, 6 });
    EXPECT_EQ(guest.start("main", { Value::i32(100) }), "main:1");
    EXPECT_EQ(guest.next(), "main:3") << "after a hundred iterations";
    EXPECT_EQ(guest.next(), "main:4");
    EXPECT_EQ(guest.next(), "main:3");
    EXPECT_EQ(guest.next(), "main:4");
    EXPECT_EQ(guest.go(Kind::Until), "main:5") << "not back to the beginning of the loop";
    EXPECT_EQ(guest.next(), "main:6");
    EXPECT_EQ(guest.next(), "ended: 5060");
}

/// As a compiler orders the lines of an optimized function.
TEST_P(LineSteps, InterleavedLinesAreStopsAsTheyCome)
{
    SourcedGuest guest(config());
    SourceWriter writer = guest.load(R"((module
        (func $main (export "main") (param $n i32) (result i32)
          local.get $n
          i32.const 2
          i32.mul
          i32.const 3
          i32.add
          i32.const 4
          i32.sub
          i32.const 5
          i32.xor)))");
    writer.lines("main", { 1, 1, 2, 2, 1, 0, -7, 3, 3, 4 });
    EXPECT_EQ(guest.start("main", { Value::i32(5) }), "main:1");
    EXPECT_EQ(guest.next(), "main:2");
    EXPECT_EQ(guest.next(), "main:1");
    EXPECT_EQ(guest.next(), "main:3") << "neither line 0 nor a row that is no statement";
    EXPECT_EQ(guest.next(), "main:4");
    EXPECT_EQ(guest.go_to(writer, "main", 9), "ended: 12");
    EXPECT_EQ(guest.start("main", { Value::i32(5) }), "main:1");
    EXPECT_EQ(guest.go_to(writer, "main", 6), "main:7 (breakpoint 2)");
    EXPECT_EQ(guest.next(), "main:3");
}

TEST_P(LineSteps, IndirectAndTailCallsAreEntered)
{
    SourcedGuest guest(config());
    SourceWriter writer = guest.load(R"((module
        (type $t (func (result i32)))
        (table funcref (elem $one))
        (elem declare func $two)
        (func $one (result i32) i32.const 1)
        (func $two (result i32) i32.const 2)
        (func $tail (result i32) nop return_call $one)
        (func $bare_tail (result i32) return_call $one)
        (func $main (export "main") (result i32)
          (call_indirect (type $t) (i32.const 0))
          (call_ref $t (ref.func $two))
          i32.add
          call $tail
          i32.add
          call $bare_tail
          i32.add)))");
    writer.lines("one", { 1, 1 });
    writer.lines("two", { 2, 2 });
    writer.lines("tail", { 3, 4, 4 });
    writer.lines("main", { 10, 10, 11, 11, 11, 12, 12, 13, 13, 14 });
    EXPECT_EQ(guest.start("main"), "main:10");
    EXPECT_EQ(guest.step(), "one:1");
    EXPECT_EQ(guest.step(), "main:11");
    EXPECT_EQ(guest.step(), "two:2");
    EXPECT_EQ(guest.next(), "main:11");
    EXPECT_EQ(guest.next(), "main:12");
    EXPECT_EQ(guest.step(), "tail:3");
    EXPECT_EQ(guest.step(), "tail:4");
    EXPECT_EQ(guest.step(), "one:1") << "which has replaced the frame";
    EXPECT_EQ(guest.next(), "main:12");
    EXPECT_EQ(guest.next(), "main:13");
    EXPECT_EQ(guest.step(), "main:14") << "what is called without lines, and from there";
    EXPECT_EQ(guest.next(), "ended: 5");

    EXPECT_EQ(guest.start("main"), "main:10");
    EXPECT_EQ(guest.go_to(writer, "tail", 0), "tail:3 (breakpoint 1)");
    EXPECT_EQ(guest.next(), "tail:4");
    EXPECT_EQ(guest.next(), "main:12") << "a tail call returns to the caller";
    EXPECT_EQ(guest.go(), "ended: 5");
    EXPECT_EQ(guest.start("main"), "main:10");
    EXPECT_EQ(guest.go_to(writer, "tail", 0), "tail:3 (breakpoint 2)");
    EXPECT_EQ(guest.finish(), "main:12, returned 1");
}

TEST_P(LineSteps, HostFunctionsArePassedWithTheirCallbacks)
{
    SourcedGuest guest(config());
    const FuncType takes_function { { ValueType::funcref }, { ValueType::i32 } };
    guest.define("host", "call", takes_function, [](HostCall& call) -> HostOutcome {
        auto results = invoke(call.thread, *Ref { call.slots[0] }.function(), {});
        if (!results)
            return std::move(results).error();
        call.slots[0] = results->front().low + 1;
        return core::Returned {};
    });
    guest.define("host", "ask", takes_function, [](HostCall& call) -> HostOutcome {
        return CallGuest { Ref { call.slots[0] }.function(),
            [](void*, HostCall& waiting, OrTrapped<void>&& called) -> HostOutcome {
                if (!called)
                    return std::move(called).error();
                waiting.slots[0] = waiting.callee_slots[0] + 1;
                return core::Returned {};
            } };
    });
    SourceWriter writer = guest.load(R"((module
        (import "host" "call" (func $call (param funcref) (result i32)))
        (import "host" "ask" (func $ask (param funcref) (result i32)))
        (elem declare func $seven)
        (func $seven (result i32) i32.const 7)
        (func $main (export "main") (result i32)
          (call $call (ref.func $seven))
          (call $ask (ref.func $seven))
          i32.add)))");
    writer.lines("seven", { 1, 1 });
    writer.lines("main", { 10, 10, 11, 11, 12, 13 });
    EXPECT_EQ(guest.start("main"), "main:10");
    EXPECT_EQ(guest.step(), "main:11");
    EXPECT_EQ(guest.step(), "main:12");
    EXPECT_EQ(guest.step(), "main:13");
    EXPECT_EQ(guest.step(), "ended: 16");
    EXPECT_EQ(guest.start("main"), "main:10");
    EXPECT_EQ(guest.go_to(writer, "seven", 0), "seven:1 (breakpoint 1)") << "a breakpoint stops there";
    EXPECT_EQ(guest.backtrace(), "seven:1 host main:10");
    EXPECT_EQ(guest.next(), "main:11") << "a new row begins where the host function returns";
    EXPECT_EQ(guest.go_to(writer, "seven", 0), "seven:1 (breakpoint 2)");
    EXPECT_EQ(guest.finish(), "main:12") << "the results went to the host function";
}

TEST_P(LineSteps, ACaughtExceptionEndsAtTheNextStatement)
{
    SourcedGuest guest(config());
    SourceWriter writer = guest.load(R"((module
        (tag $error)
        (func $throw (param $n i32) (result i32)
          local.get $n
          if
            throw $error
          end
          local.get $n)
        (func $middle (param $n i32) (result i32)
          local.get $n
          call $throw)
        (func $main (export "main") (result i32)
          (block $caught
            (try_table (catch $error $caught)
              (drop (call $middle (i32.const 1)))
              nop))
          nop
          i32.const 9)
        (func $one_line (export "one_line") (result i32)
          (block $caught
            (try_table (catch $error $caught)
              (drop (call $middle (i32.const 1)))))
          nop
          i32.const 9)))");
    writer.lines("throw", { 1, 1, 2, 2, 3, 3 });
    writer.lines("middle", { 5, 5, 6 });
    //                     block try const call drop nop end end nop const end
    writer.lines("main", { 10, 10, 11, 11, 11, 12, 12, 12, 12, 14, 15 });
    writer.lines("one_line", { 20, 20, 20, 20, 20, 20, 20, 20, 21, 22 });
    EXPECT_EQ(guest.start("main"), "main:10");
    EXPECT_EQ(guest.next(), "main:11");
    EXPECT_EQ(guest.next(), "main:14") << "the handler is in the middle of another line";
    EXPECT_EQ(guest.go(), "ended: 9");
    EXPECT_EQ(guest.start("main"), "main:10");
    EXPECT_EQ(guest.go_to(writer, "throw", 2), "throw:2 (breakpoint 1)");
    EXPECT_EQ(guest.step(), "main:14") << "caught by a caller";
    EXPECT_EQ(guest.go(), "ended: 9");
    EXPECT_EQ(guest.start("main"), "main:10");
    EXPECT_EQ(guest.go_to(writer, "throw", 2), "throw:2 (breakpoint 2)");
    EXPECT_EQ(guest.finish(), "main:14") << "it does not return";
    EXPECT_EQ(guest.go(), "ended: 9");
    EXPECT_EQ(guest.start("one_line"), "one_line:20");
    EXPECT_EQ(guest.next(), "one_line:21") << "the handler is in the same line";
}

constexpr auto sum_of_squares = R"((module
    (func $main (export "main") (param $a i32) (param $b i32) (result i32)
      nop
      local.get $a
      local.get $a
      i32.mul
      nop
      local.get $b
      local.get $b
      i32.mul
      i32.add
      i32.const 1
      i32.add)
    (func $run (export "run") (result i32)
      i32.const 3
      i32.const 4
      call $main)))";

/// `main` has inlined `sum`, which has inlined `square` twice.
struct Squares : SourcedGuest {
    explicit Squares(const EngineConfig& config) : SourcedGuest(config), writer(load(sum_of_squares))
    {
        writer.lines("main", { 10, 31, 32, 32, 21, 31, 32, 32, 22, 11, 11, 12 });
        const size_t sum = writer.inlined("main", "sum", 10, 1, 9);
        writer.inlined("main", "square", 20, 1, 4, sum);
        writer.inlined("main", "square", 21, 5, 8, sum);
        writer.lines("run", { 40, 40, 40, 41 });
    }
    SourceWriter writer;
};

TEST_P(LineSteps, AnInlinedBodyIsEnteredWithoutRunning)
{
    Squares guest(config());
    EXPECT_EQ(guest.start("run"), "run:40");
    EXPECT_EQ(guest.step(), "main:10");
    EXPECT_EQ(guest.step(), "sum:20") << "its first instruction is also that of `square`";
    EXPECT_EQ(guest.backtrace(), "sum:20 main:10 run:40");
    const CodeOffset here = guest.frames[0].offset;
    EXPECT_EQ(guest.step(), "square:31");
    EXPECT_EQ(guest.backtrace(), "square:31 sum:20 main:10 run:40");
    EXPECT_EQ(guest.frames[0].offset, here) << "nothing was executed";
    EXPECT_EQ(guest.step(), "square:32");
    EXPECT_EQ(guest.step(), "sum:21");
    EXPECT_EQ(guest.step(), "square:31") << "the line has executed something before the call";
    EXPECT_EQ(guest.finish(), "sum:22");
    EXPECT_EQ(guest.step(), "main:11");
    EXPECT_EQ(guest.step(), "main:12");
    EXPECT_EQ(guest.step(), "run:41") << "where a row begins";
    EXPECT_EQ(guest.step(), "ended: 26");
}

TEST_P(LineSteps, NextPassesInlinedBodies)
{
    Squares guest(config());
    EXPECT_EQ(guest.start("run"), "run:40");
    EXPECT_EQ(guest.step(), "main:10");
    EXPECT_EQ(guest.next(), "main:11");
    EXPECT_EQ(guest.go(), "ended: 26");
    EXPECT_EQ(guest.start("run"), "run:40");
    EXPECT_EQ(guest.step(), "main:10");
    EXPECT_EQ(guest.step(), "sum:20");
    EXPECT_EQ(guest.next(), "sum:21");
    EXPECT_EQ(guest.next(), "sum:22");
    EXPECT_EQ(guest.next(), "main:11");
    EXPECT_EQ(guest.go(), "ended: 26");
    EXPECT_EQ(guest.start("run"), "run:40");
    EXPECT_EQ(guest.step(), "main:10");
    EXPECT_EQ(guest.step(), "sum:20");
    EXPECT_EQ(guest.step(), "square:31");
    EXPECT_EQ(guest.next(), "square:32");
    EXPECT_EQ(guest.next(), "sum:21");
}

TEST_P(LineSteps, FinishLeavesInlinedBodies)
{
    Squares guest(config());
    EXPECT_EQ(guest.start("run"), "run:40");
    EXPECT_EQ(guest.go_to(guest.writer, "main", 1), "square:31 (breakpoint 1)")
        << "a breakpoint has entered the bodies";
    EXPECT_EQ(guest.backtrace(), "square:31 sum:20 main:10 run:40");
    EXPECT_EQ(guest.finish(), "sum:21");
    EXPECT_EQ(guest.go_to(guest.writer, "main", 6), "square:32 (breakpoint 2)");
    EXPECT_EQ(guest.finish(0, 1), "main:11") << "out of `sum`";
    EXPECT_EQ(guest.go(), "ended: 26");
    EXPECT_EQ(guest.start("run"), "run:40");
    EXPECT_EQ(guest.go_to(guest.writer, "main", 6), "square:32 (breakpoint 3)");
    EXPECT_EQ(guest.finish(0, 2), "run:41, returned 26") << "out of `main`";
}

TEST_P(LineSteps, SkippedFunctionsAreNotEntered)
{
    Squares guest(config());
    auto skips = std::make_shared<Skips>();
    ASSERT_TRUE(skips->add_function("^squ"));
    EXPECT_EQ(guest.start("run"), "run:40");
    EXPECT_EQ(guest.go(Kind::Step, { .skips = skips }), "main:10");
    EXPECT_EQ(guest.go(Kind::Step, { .skips = skips }), "sum:20");
    EXPECT_EQ(guest.go(Kind::Step, { .skips = skips }), "sum:21");
    EXPECT_EQ(guest.go(), "ended: 26");
    skips = std::make_shared<Skips>();
    skips->add_file("a*.c");
    EXPECT_EQ(guest.start("run"), "run:40");
    EXPECT_EQ(guest.go(Kind::Step, { .skips = skips }), "run:41");
    EXPECT_EQ(guest.go(), "ended: 26");
    guest.writer.symbols->facts.files[0].path = "/rustc/0123/library/core/src/ops.rs";
    guest.sources = std::make_shared<Sources>(guest.finder);
    EXPECT_EQ(guest.start("run"), "run:40");
    EXPECT_EQ(guest.step(), "run:41") << "libraries are skipped unless asked for";
    EXPECT_EQ(guest.go(), "ended: 26");
    skips = std::make_shared<Skips>();
    skips->skips_libraries = false;
    EXPECT_EQ(guest.start("run"), "run:40");
    EXPECT_EQ(guest.go(Kind::Step, { .skips = skips }), "main:10");
}

/// `next` and `finish` go where they are told, whatever is skipped.
TEST_P(LineSteps, AStepReturnsThroughSkippedCallers)
{
    SourcedGuest guest(config());
    SourceWriter writer = guest.load(R"((module
        (func $closure (result i32) i32.const 1)
        (func $each (result i32) (call $closure) nop)
        (func $main (export "main") (result i32) (call $each) nop)))");
    writer.lines("closure", { 1, 2 });
    writer.lines("each", { 5, 5, 6 });
    writer.lines("main", { 10, 10, 11 });
    auto skips = std::make_shared<Skips>();
    ASSERT_TRUE(skips->add_function("each"));
    EXPECT_EQ(guest.start("main"), "main:10");
    EXPECT_EQ(guest.go(Kind::Step, { .skips = skips }), "main:11");
    EXPECT_EQ(guest.go(), "ended: 1");
    EXPECT_EQ(guest.start("main"), "main:10");
    EXPECT_EQ(guest.go_to(writer, "closure", 1), "closure:2 (breakpoint 1)");
    EXPECT_EQ(guest.go(Kind::Step, { .skips = skips }), "main:10");
    EXPECT_EQ(guest.go(), "ended: 1");
    EXPECT_EQ(guest.start("main"), "main:10");
    EXPECT_EQ(guest.go_to(writer, "closure", 1), "closure:2 (breakpoint 2)");
    EXPECT_EQ(guest.next(), "each:5");
    EXPECT_EQ(guest.go(Kind::Step, { .skips = skips }), "each:6") << "where the user is";
}

TEST_P(LineSteps, AStepRunsToTheEndOfThePrologue)
{
    SourcedGuest guest(config());
    SourceWriter writer = guest.load(R"((module
        (func $marked (result i32) nop nop nop i32.const 1)
        (func $second (result i32) nop nop nop i32.const 1)
        (func $branches (param $n i32) (result i32)
          (if (local.get $n) (then nop))
          nop
          i32.const 1)
        (func $main (export "main") (result i32)
          (i32.add (i32.add (call $marked) (call $second)) (call $branches (i32.const 0))))))");
    using enum source::Language;
    writer.lines("marked", { 1, 1, 2, 3, 4 }, C);
    writer.symbols->rows[1].is_prologue_end = false;
    writer.symbols->rows[2].is_prologue_end = true;
    writer.lines("second", { 11, 11, 12, 13, 14 }, C);
    writer.lines("branches", { 20, 20, 21, 20, 22, 23, 24 }, C);
    writer.lines("main", { 30, 30, 30, 30, 30, 30, 31 }, C);
    EXPECT_EQ(guest.start("main"), "main:30");
    EXPECT_EQ(guest.step(), "marked:3") << "the row says so";
    EXPECT_EQ(guest.finish(), "main:30, returned 1");
    EXPECT_EQ(guest.step(), "second:12") << "the second statement";
    EXPECT_EQ(guest.finish(), "main:30, returned 1");
    EXPECT_EQ(guest.step(), "branches:22") << "the second statement is not reached";
    EXPECT_EQ(guest.finish(), "main:30, returned 1");
    EXPECT_EQ(guest.step(), "main:31");
}

TEST_P(LineSteps, RunToALineStopsInItsFrame)
{
    SourcedGuest guest(config());
    SourceWriter writer = guest.load(R"((module
        (func $deep (export "deep") (param $n i32) (result i32)
          local.get $n
          if
            (drop (call $deep (i32.sub (local.get $n) (i32.const 1))))
          end
          nop
          local.get $n)
        (func $main (export "main") (param $n i32) (result i32)
          local.get $n
          call $deep)))");
    writer.lines("deep", { 1, 1, 2, 2, 2, 2, 2, 2, 3, 4, 5 });
    writer.lines("main", { 10, 10, 11 });
    const std::vector<CodePlace> places { { guest.instance->module, writer.offset("deep", 8) } };
    const auto run_to = [&](bool in_any_frame) {
        return guest.resume({ .step = make_run_to(*guest.session, places, {}, in_any_frame) });
    };
    EXPECT_EQ(guest.start("main", { Value::i32(3) }), "main:10");
    EXPECT_EQ(guest.step(), "deep:1");
    EXPECT_EQ(run_to(false), "deep:3");
    EXPECT_EQ(guest.session->frames().size(), 2u) << "until";
    EXPECT_EQ(run_to(false), "main:11, returned 3") << "the frame returns";
    EXPECT_EQ(guest.go(), "ended: 3");
    EXPECT_EQ(guest.start("main", { Value::i32(3) }), "main:10");
    EXPECT_EQ(guest.step(), "deep:1");
    EXPECT_EQ(run_to(true), "deep:3");
    EXPECT_EQ(guest.session->frames().size(), 5u) << "advance";
    EXPECT_EQ(run_to(true), "deep:2, returned 0") << "the frame returns";
    EXPECT_EQ(run_to(true), "deep:3");
}

TEST_P(LineSteps, FinishSaysWhatTheSourceKnowsOfTheResult)
{
    SourcedGuest guest(config());
    SourceWriter writer = guest.load(R"((module
        (func $number (result i32) i32.const 7)
        (func $structure (param $at i32) nop)
        (func $nothing nop)
        (func $main (export "main")
          (drop (call $number))
          (call $structure (i32.const 1024))
          (call $nothing))))");
    const auto number = writer.symbols->add_basic("int", source::Type::Kind::Signed, 4);
    const auto structure = writer.symbols->add_struct("pair", 16, {});
    writer.lines("number", { 1, 1 }, source::Language::C, { .name = "number", .result = number });
    writer.lines("structure", { 2, 2 }, source::Language::C, { .name = "structure", .result = structure });
    writer.lines("nothing", { 3, 3 });
    writer.lines("main", { 10, 10, 11, 11, 12, 13 });
    const auto result = [&] { return guest.session->stopped()->results; };
    EXPECT_EQ(guest.start("main"), "main:10");
    EXPECT_EQ(guest.step(), "number:1");
    EXPECT_EQ(guest.finish(), "main:10, returned 7");
    ASSERT_TRUE(result()->source);
    EXPECT_EQ(result()->source->name, "number");
    EXPECT_EQ(result()->source->type, number);
    EXPECT_FALSE(result()->source->address);
    EXPECT_EQ(guest.next(), "main:11");
    EXPECT_EQ(guest.step(), "structure:2");
    EXPECT_EQ(guest.finish(), "main:12, returned");
    ASSERT_TRUE(result()->source);
    EXPECT_EQ(result()->source->type, structure);
    EXPECT_EQ(result()->source->address, 1024u);
    EXPECT_EQ(guest.step(), "nothing:3");
    EXPECT_EQ(guest.finish(), "main:13, returned");
    EXPECT_FALSE(result()->source);
    EXPECT_EQ(result()->function->name(), "nothing");
}

} // namespace
} // namespace vitrine::core::debug
