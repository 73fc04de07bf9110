// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Changes to where a stopped guest continues: jumps, skipped instructions, early returns,
// exceptions thrown and cleared, and calls while it is stopped.
#include "world.h"

#include <semaphore>
#include <thread>

namespace vitrine {
namespace {

using debug::Session;
using debug::StopKind;
using debug::Stopped;
using test::error_of;
using test::exited;
using test::stopped;
using test::World;

constexpr auto guest_text = R"((module $guest
    (import "host" "call_back" (func $call_back))
    (import "host" "fail" (func $fail))
    (tag $wrong (export "wrong") (param i32))
    (tag $other (export "other"))
    (global $calls (mut i32) (i32.const 0))
    (global $fixed i32 (i32.const 3))
    (func $half (export "half") (param $x i32) (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (i32.div_u (local.get $x) (i32.const 2)))
    (func $twice (export "twice") (param $x i32) (result i32)
      (i32.add (call $half (local.get $x)) (call $half (local.get $x))))
    (func $divide (export "divide") (param $by i32) (result i32)
      (i32.div_s (i32.const 12) (local.get $by)))
    (func $hopeless (export "hopeless") (param i32) (result i32)
      (block
        (br_if 0 (i32.eqz (local.get 0)))
        unreachable)
      (i32.const 7))
    (func $throws (export "throws") (param i32) (result i32)
      (throw $wrong (local.get 0)))
    (func $catches (export "catches") (param i32) (result i32)
      (block $caught (result i32)
        (try_table (result i32) (catch $wrong $caught)
          (call $throws (local.get 0)))
        (i32.const 100)
        i32.add))
    (func $asks (export "asks") (result i32)
      (call $call_back)
      (i32.const 9))
    (func $fails (export "fails")
      (call $fail))
    (func $fixed_plus (export "fixed_plus") (param i32) (result i32)
      (i32.add (global.get $fixed) (local.get 0)))
    (func $spins (export "spins") (param i32) (result i32)
      (loop $again (br_if $again (i32.eqz (global.get $calls))))
      (i32.add (i32.const 3) (i32.const 4)))
    (func $guarded (export "guarded") (param i32) (result i32)
      (block $caught (result i32)
        (try_table (result i32) (catch $wrong $caught)
          (call $spins (local.get 0)))))))";

constexpr std::uint32_t half = 2, divide = 4;

struct Debuggee : World {
    Debuggee()
    {
        linker.define("host", "call_back", [this] { call_back(); });
        linker.define("host", "fail", []() -> Result<void> { return Error("the host is out of paper"); });
        instance = instantiate(guest_text);
        session.emplace(store);
    }

    Func func(std::string_view name) const { return *instance->func(name); }
    std::uint32_t offset_of(std::uint32_t function) const
    {
        return instance->module().functions()[function].offset;
    }
    std::uint32_t break_at(std::uint32_t function)
    {
        return session->add_breakpoint({ .module = instance->module(), .offset = offset_of(function) })
            .value();
    }
    Stopped stop_in(std::uint32_t function, std::string_view name, std::int32_t argument)
    {
        break_at(function);
        return stopped(session->call(func(name), { Val::i32(argument) }));
    }
    std::int32_t calls() const { return instance->debug_global(0)->get().i32(); }

    std::function<void()> call_back = [] {};
    std::optional<Instance> instance;
    std::optional<Session> session;
};

TEST(Steering, ReturnsEarly)
{
    Debuggee guest;
    Stopped stop = guest.stop_in(half, "twice", 8);
    const auto frames = stop.frames();
    ASSERT_TRUE(stop.return_from(frames[0], { Val::i32(40) }));
    EXPECT_FALSE(frames[0].is_valid());
    EXPECT_EQ(stop.frames().size(), 1u) << "the caller is the innermost now";
    EXPECT_EQ(stop.frames()[0].operands(), std::vector { Val::i32(40) });
    stop = stopped(guest.session->resume(std::move(stop)));
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(44));
    EXPECT_EQ(guest.calls(), 1) << "the first call did nothing";
}

TEST(Steering, ReturnsFromTheOutermostFrame)
{
    Debuggee guest;
    Stopped stop = guest.stop_in(half, "twice", 8);
    ASSERT_TRUE(stop.return_from(stop.frames()[1], { Val::i32(-1) }));
    EXPECT_TRUE(stop.frames().empty());
    EXPECT_FALSE(stop.skip()) << "no instruction is next";
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(-1));
    EXPECT_EQ(exited(guest.session->call(guest.func("divide"), { Val::i32(4) }))->front(), Val::i32(3));
}

TEST(Steering, RefusesResultsOfAnotherType)
{
    Debuggee guest;
    Stopped stop = guest.stop_in(half, "twice", 8);
    const auto frame = stop.frames()[0];
    EXPECT_FALSE(stop.return_from(frame, {}));
    EXPECT_FALSE(stop.return_from(frame, { Val::i64(1) }));
    EXPECT_FALSE(stop.return_from(frame, { Val::i32(1), Val::i32(2) }));
    EXPECT_TRUE(frame.is_valid()) << "nothing has changed";
    stop = stopped(guest.session->resume(std::move(stop)));
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(8));
}

TEST(Steering, GoesOnAfterATrap)
{
    Debuggee guest;
    Stopped stop = stopped(guest.session->call(guest.func("divide"), { Val::i32(0) }));
    EXPECT_EQ(stop.reason().trap, TrapKind::IntegerDivideByZero);
    EXPECT_EQ(stop.reason().text, "integer divide by zero");
    // Again, with another divisor.
    ASSERT_TRUE(stop.frames()[0].set_operand(1, Val::i32(3)));
    ASSERT_TRUE(stop.jump(stop.frames()[0].offset()));
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(4));

    stop = stopped(guest.session->call(guest.func("divide"), { Val::i32(0) }));
    ASSERT_TRUE(stop.return_from(stop.frames()[0], { Val::i32(77) }));
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(77));

    stop = stopped(guest.session->call(guest.func("divide"), { Val::i32(0) }));
    EXPECT_EQ(
        exited(guest.session->resume(std::move(stop))).error().trap()->kind, TrapKind::IntegerDivideByZero)
        << "unless nothing is done about it";
}

TEST(Steering, SkipsInstructions)
{
    Debuggee guest;
    guest.break_at(divide);
    Stopped stop = stopped(guest.session->call(guest.func("divide"), { Val::i32(0) }));
    stop = stopped(guest.session->step(std::move(stop)));
    stop = stopped(guest.session->step(std::move(stop)));
    EXPECT_EQ(stop.frames()[0].operands(), (std::vector { Val::i32(12), Val::i32(0) }));
    ASSERT_TRUE(stop.skip());
    EXPECT_EQ(stop.frames()[0].operands(), std::vector { Val::i32(0) })
        << "what the division would have made";
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(0));
}

TEST(Steering, SkipsACall)
{
    Debuggee guest;
    Stopped stop = stopped(guest.session->call(guest.func("twice"), { Val::i32(6) }, true));
    stop = stopped(guest.session->step(std::move(stop)));
    ASSERT_TRUE(stop.skip());
    EXPECT_EQ(stop.frames()[0].operands(), std::vector { Val::i32(0) });
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(3));
    EXPECT_EQ(guest.calls(), 1);
}

TEST(Steering, LeavesTheBlockThatEndsInATrap)
{
    Debuggee guest;
    Stopped stop = stopped(guest.session->call(guest.func("hopeless"), { Val::i32(1) }));
    EXPECT_EQ(stop.reason().trap, TrapKind::Unreachable);
    ASSERT_TRUE(stop.skip());
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(7));
}

TEST(Steering, JumpsOnlyWhereTheOperandsFit)
{
    Debuggee guest;
    guest.break_at(divide);
    Stopped stop = stopped(guest.session->call(guest.func("divide"), { Val::i32(3) }));
    const std::uint32_t begin = stop.frames()[0].offset();
    stop = stopped(guest.session->step(std::move(stop)));
    stop = stopped(guest.session->step(std::move(stop)));
    const std::uint32_t division = stop.frames()[0].offset();
    ASSERT_TRUE(stop.jump(begin)) << "what is too much is dropped";
    EXPECT_TRUE(stop.frames()[0].operands().empty());
    EXPECT_THAT(
        error_of(stop.jump(division)), testing::StartsWith("the instruction expects the operands [i32 i32]"));
    EXPECT_EQ(error_of(stop.jump(begin + 1)), "no instruction of the innermost function starts there");
    EXPECT_FALSE(stop.jump(0xffffffff));
    EXPECT_FALSE(stop.jump(0));
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(4));
}

TEST(Steering, ThrowsAnException)
{
    Debuggee guest;
    constexpr std::uint32_t throws = 6;
    guest.break_at(throws);
    Stopped stop = stopped(guest.session->call(guest.func("catches"), { Val::i32(1) }));
    EXPECT_FALSE(stop.throw_exception(*guest.instance->tag("wrong"), {}));
    ASSERT_TRUE(stop.throw_exception(*guest.instance->tag("wrong"), { Val::i32(55) }));
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(55)) << "caught";

    stop = stopped(guest.session->call(guest.func("catches"), { Val::i32(1) }));
    ASSERT_TRUE(stop.throw_exception(*guest.instance->tag("other"), {}));
    stop = stopped(guest.session->resume(std::move(stop)));
    EXPECT_EQ(stop.reason().trap, TrapKind::UncaughtException);
    EXPECT_EQ(
        exited(guest.session->resume(std::move(stop))).error().trap()->kind, TrapKind::UncaughtException);
}

TEST(Steering, TakesAnException)
{
    Debuggee guest;
    ASSERT_TRUE(guest.session->stop_on({ .caught_throw = true }));
    Stopped stop = stopped(guest.session->call(guest.func("catches"), { Val::i32(5) }));
    EXPECT_EQ(stop.reason().kind, StopKind::Throw);
    ASSERT_TRUE(stop.clear_exception());
    const auto failed = exited(guest.session->resume(std::move(stop)));
    EXPECT_EQ(failed.error().trap()->kind, TrapKind::HostError);
    EXPECT_EQ(failed.error().message(), "the debugger took the exception");

    // The throwing function returns instead.
    stop = stopped(guest.session->call(guest.func("catches"), { Val::i32(5) }));
    ASSERT_TRUE(stop.return_from(stop.frames()[0], { Val::i32(1) }));
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(101));

    // Another exception is thrown instead.
    stop = stopped(guest.session->call(guest.func("catches"), { Val::i32(5) }));
    ASSERT_TRUE(stop.throw_exception(*guest.instance->tag("wrong"), { Val::i32(6) }));
    stop = stopped(guest.session->resume(std::move(stop)));
    EXPECT_EQ(stop.reason().text, "exception {6}");
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(6));

    Stopped at_trap = stopped(guest.session->call(guest.func("throws"), { Val::i32(5) }));
    ASSERT_TRUE(at_trap.clear_exception());
    EXPECT_EQ(exited(guest.session->resume(std::move(at_trap))).error().trap()->kind, TrapKind::HostError);

    Stopped elsewhere = stopped(guest.session->call(guest.func("divide"), { Val::i32(0) }));
    EXPECT_EQ(error_of(elsewhere.clear_exception()), "no exception is being thrown");
}

TEST(Steering, CallsTheGuestWhileItIsStopped)
{
    Debuggee guest;
    Stopped stop = guest.stop_in(divide, "divide", 6);
    const auto frame = stop.frames()[0];
    stop = stopped(guest.session->call(std::move(stop), guest.func("twice"), { Val::i32(10) }));
    EXPECT_EQ(stop.reason().kind, StopKind::CallEnd);
    EXPECT_EQ(stop.reason().results->value(), std::vector { Val::i32(10) });
    EXPECT_FALSE(frame.is_valid());
    EXPECT_EQ(stop.frames().size(), 1u);
    EXPECT_EQ(stop.frames()[0].locals()[0].value, Val::i32(6));
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(2));
    EXPECT_EQ(guest.calls(), 2);
}

TEST(Steering, NestsStopsOfACall)
{
    Debuggee guest;
    Stopped stop = guest.stop_in(divide, "divide", 6);
    guest.break_at(half);
    stop = stopped(guest.session->call(std::move(stop), guest.func("twice"), { Val::i32(10) }));
    EXPECT_EQ(stop.reason().kind, StopKind::Breakpoint);
    auto frames = stop.frames();
    ASSERT_EQ(frames.size(), 3u);
    EXPECT_EQ(frames[2].activation(), 0u);
    EXPECT_EQ(frames[1].activation(), 1u) << "an activation of its own";
    EXPECT_EQ(frames[2].function().name(), "divide");
    // A nested call.
    stop = stopped(guest.session->call(std::move(stop), guest.func("divide"), { Val::i32(0) }));
    EXPECT_EQ(stop.reason().kind, StopKind::Breakpoint);
    stop = stopped(guest.session->resume(std::move(stop)));
    EXPECT_EQ(stop.reason().kind, StopKind::Trap);
    EXPECT_EQ(stop.frames().size(), 4u);
    stop = stopped(guest.session->resume(std::move(stop)));
    EXPECT_EQ(stop.reason().kind, StopKind::CallEnd) << "a trap unwinds the call, and no more";
    EXPECT_EQ(stop.reason().results->error().trap()->kind, TrapKind::IntegerDivideByZero);
    EXPECT_EQ(stop.frames().size(), 3u);
    stop = stopped(guest.session->resume(std::move(stop)));
    EXPECT_EQ(stop.reason().kind, StopKind::Breakpoint) << "the second call of $half";
    stop = stopped(guest.session->resume(std::move(stop)));
    EXPECT_EQ(stop.reason().kind, StopKind::CallEnd);
    EXPECT_EQ(stop.reason().results->value(), std::vector { Val::i32(10) });
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(2));
}

TEST(Steering, EndsTheGuestFromWithinACall)
{
    Debuggee guest;
    Stopped stop = guest.stop_in(divide, "divide", 6);
    guest.break_at(half);
    stop = stopped(guest.session->call(std::move(stop), guest.func("twice"), { Val::i32(10) }));
    const auto end = exited(guest.session->kill(std::move(stop)));
    EXPECT_EQ(end.error().trap()->kind, TrapKind::Killed);
}

/// The guest of another store spins on its own thread while the first is stopped at a breakpoint.
struct TwoThreads : Debuggee {
    explicit TwoThreads(std::string_view name) : stop(start(name)) {}
    ~TwoThreads()
    {
        session->kill();
        runner.join();
    }

    Stopped start(std::string_view name)
    {
        other = linker.instantiate(other_store, instance->module()).value();
        EXPECT_TRUE(session->add_store(other_store));
        runner = std::thread([this, called = *other->func(name)] { results = called.call({ Val::i32(6) }); });
        Stopped stopped = stop_in(divide, "divide", 6);
        // It may only have reached its call now, and waits there.
        while (!is_spinning(stopped)) {
            EXPECT_TRUE(exited(session->resume(std::move(stopped))));
            stopped = test::stopped(session->call(func("divide"), { Val::i32(6) }));
        }
        return stopped;
    }
    static bool is_spinning(const Stopped& stopped)
    {
        const auto frames = stopped.threads()[1].frames();
        return !frames.empty() && frames[0].function().name() == "spins";
    }
    /// Lets all threads continue, and returns the result of the other thread's call.
    Result<std::vector<Val>> finish()
    {
        EXPECT_EQ(exited(session->resume(std::move(stop)))->front(), Val::i32(2));
        runner.join();
        runner = std::thread([] {});
        return results;
    }
    std::vector<debug::Frame> frames() const { return stop.threads()[1].frames(); }

    Store other_store { engine };
    std::optional<Instance> other;
    std::thread runner;
    Result<std::vector<Val>> results = Error("has not ended");
    Stopped stop;
};

/// These were refused for every thread but the one that stopped.
TEST(Steering, SendsAThreadElsewhereThatHasNotStopped)
{
    TwoThreads guest("spins");
    // The loop, and the constants after it.
    const std::uint32_t loop = guest.frames()[0].offset();
    ASSERT_TRUE(guest.stop.jump(loop + 8, 2));
    EXPECT_EQ(guest.frames()[0].offset(), loop + 8);
    EXPECT_FALSE(guest.stop.jump(loop + 8)) << "of the thread that stopped";
    ASSERT_TRUE(guest.stop.skip(2));
    EXPECT_EQ(guest.frames()[0].offset(), loop + 10);
    EXPECT_EQ(guest.frames()[0].operands(), std::vector { Val::i32(0) });
    ASSERT_TRUE(guest.frames()[0].set_operand(0, Val::i32(30)));
    EXPECT_EQ(guest.finish()->front(), Val::i32(34));
}

TEST(Steering, ReturnsFromAThreadThatHasNotStopped)
{
    TwoThreads guest("guarded");
    ASSERT_EQ(guest.frames().size(), 2u);
    ASSERT_TRUE(guest.stop.return_from(guest.frames()[0], { Val::i32(50) }));
    ASSERT_EQ(guest.frames().size(), 1u);
    EXPECT_EQ(guest.finish()->front(), Val::i32(50));
}

TEST(Steering, ThrowsInAThreadThatHasNotStopped)
{
    TwoThreads guest("guarded");
    EXPECT_EQ(error_of(guest.stop.throw_exception(*guest.instance->tag("wrong"), { Val::i32(70) }, 2)),
        "the tag does not belong to the thread's store");
    EXPECT_EQ(error_of(guest.stop.clear_exception(2)), "no exception is being thrown");
    ASSERT_TRUE(guest.stop.throw_exception(*guest.other->tag("wrong"), { Val::i32(70) }, 2));
    EXPECT_EQ(guest.finish()->front(), Val::i32(70));
}

/// Also when it continues alone, and for the others only when they continue.
TEST(Steering, StepsAThreadThatWasSentElsewhere)
{
    TwoThreads guest("spins");
    const std::uint32_t loop = guest.frames()[0].offset();
    ASSERT_TRUE(guest.stop.jump(loop + 8, 2));
    ASSERT_TRUE(guest.stop.skip());
    guest.stop = stopped(guest.session->step(std::move(guest.stop), 2));
    EXPECT_EQ(guest.stop.reason().kind, StopKind::Step);
    EXPECT_EQ(guest.stop.reason().thread, 2u);
    EXPECT_EQ(guest.frames()[0].offset(), loop + 10);
    EXPECT_EQ(guest.frames()[0].operands(), std::vector { Val::i32(3) });
    // The first thread's skipped constant is the dividend.
    EXPECT_EQ(exited(guest.session->resume(std::move(guest.stop)))->front(), Val::i32(0));
}

TEST(Steering, CallsOnAThreadThatHasNotStopped)
{
    TwoThreads guest("guarded");
    const Func half_of_other = *guest.other->func("half");
    const auto refused = exited(guest.session->call(std::move(guest.stop), guest.func("half"), {}, 2));
    EXPECT_EQ(refused.error().message(), "the function does not belong to the thread's store");
    guest.stop = stopped(guest.session->wait());
    guest.stop = stopped(guest.session->call(std::move(guest.stop), half_of_other, { Val::i32(10) }, 2));
    EXPECT_EQ(guest.stop.reason().kind, StopKind::CallEnd);
    EXPECT_EQ(guest.stop.reason().thread, 2u);
    EXPECT_EQ(guest.stop.reason().results->value(), std::vector { Val::i32(5) });
    EXPECT_EQ(guest.stop.frames().size(), 2u) << "those of the thread of the call";

    // Stops in the call, and then in a call on the first thread, which stops too.
    guest.break_at(half);
    guest.stop = stopped(guest.session->call(std::move(guest.stop), half_of_other, { Val::i32(12) }, 2));
    EXPECT_EQ(guest.stop.reason().kind, StopKind::Breakpoint);
    EXPECT_EQ(guest.stop.reason().thread, 2u);
    EXPECT_EQ(guest.stop.frames().size(), 3u);
    guest.stop = stopped(guest.session->call(std::move(guest.stop), guest.func("half"), { Val::i32(14) }, 1));
    EXPECT_EQ(guest.stop.reason().kind, StopKind::Breakpoint);
    EXPECT_EQ(guest.stop.reason().thread, 1u);
    EXPECT_EQ(guest.frames().size(), 3u) << "the other thread's call waits";
    guest.stop = stopped(guest.session->resume(std::move(guest.stop)));
    EXPECT_EQ(guest.stop.reason().kind, StopKind::CallEnd);
    EXPECT_EQ(guest.stop.reason().results->value(), std::vector { Val::i32(7) });
    ASSERT_TRUE(guest.frames()[0].set_local(0, Val::i32(40)));
    guest.stop = stopped(guest.session->step(std::move(guest.stop), 2));
    EXPECT_EQ(guest.stop.reason().kind, StopKind::Step);
    guest.stop = stopped(guest.session->resume(std::move(guest.stop)));
    EXPECT_EQ(guest.stop.reason().kind, StopKind::CallEnd);
    EXPECT_EQ(guest.stop.reason().thread, 2u);
    EXPECT_EQ(guest.stop.reason().results->value(), std::vector { Val::i32(20) });
    ASSERT_TRUE(guest.stop.return_from(guest.stop.frames()[1], { Val::i32(60) }));
    EXPECT_EQ(guest.finish()->front(), Val::i32(60));
}

TEST(Steering, EndsTheGuestFromWithinACallOnAnotherThread)
{
    TwoThreads guest("spins");
    guest.break_at(half);
    guest.stop =
        stopped(guest.session->call(std::move(guest.stop), *guest.other->func("half"), { Val::i32(12) }, 2));
    EXPECT_EQ(guest.stop.reason().kind, StopKind::Breakpoint);
    const auto end = exited(guest.session->kill(std::move(guest.stop)));
    EXPECT_EQ(end.error().trap()->kind, TrapKind::Killed);
    guest.runner.join();
    guest.runner = std::thread([] {});
    EXPECT_EQ(guest.results.error().trap()->kind, TrapKind::Killed);
    EXPECT_EQ(exited(guest.session->call(guest.func("fixed_plus"), { Val::i32(1) }))->front(), Val::i32(4));
}

TEST(Steering, SaysWhyAThreadCannotBeSentElsewhere)
{
    Debuggee guest;
    Store idle(guest.engine), busy(guest.engine);
    std::binary_semaphore is_there(0), may_return(0);
    guest.call_back = [&] {
        is_there.release();
        may_return.acquire();
    };
    const Instance other = guest.linker.instantiate(busy, guest.instance->module()).value();
    ASSERT_TRUE(guest.session->add_store(idle));
    ASSERT_TRUE(guest.session->add_store(busy));
    std::thread runner([&] { EXPECT_TRUE(other.func("asks")->call({})); });
    is_there.acquire();
    Stopped stop = guest.stop_in(divide, "divide", 6);
    EXPECT_EQ(error_of(stop.skip(2)), "thread 2 executes nothing");
    EXPECT_EQ(error_of(stop.jump(1, 3)), "thread 3 is in a host function");
    EXPECT_EQ(error_of(stop.return_from(stop.threads()[2].frames()[1], { Val::i32(1) })),
        "thread 3 is in a host function");
    EXPECT_EQ(error_of(stop.throw_exception(*other.tag("other"), {}, 3)), "thread 3 is in a host function");
    EXPECT_EQ(error_of(stop.clear_exception(3)), "thread 3 is in a host function");
    EXPECT_EQ(error_of(stop.skip(4)), "there is no guest thread 4");
    const auto refused = exited(guest.session->call(std::move(stop), *other.func("half"), {}, 3));
    EXPECT_EQ(refused.error().message(), "thread 3 is in a host function");
    stop = stopped(guest.session->wait());
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(2));
    may_return.release();
    runner.join();
}

TEST(Steering, RefusesInAHostFunction)
{
    Debuggee guest;
    std::binary_semaphore may_return(0);
    guest.call_back = [&] {
        guest.session->interrupt();
        // The guest stops in here, because the host does not return for a while.
        may_return.acquire();
    };
    Stopped stop = stopped(guest.session->call(guest.func("asks"), {}));
    EXPECT_EQ(stop.reason().kind, StopKind::Interrupt);
    ASSERT_EQ(stop.frames().size(), 2u);
    EXPECT_TRUE(stop.frames()[0].is_host());
    EXPECT_FALSE(stop.skip());
    EXPECT_FALSE(stop.jump(stop.frames()[1].offset()));
    EXPECT_FALSE(stop.throw_exception(*guest.instance->tag("other"), {}));
    may_return.release();
    EXPECT_EQ(exited(guest.session->resume(std::move(stop)))->front(), Val::i32(9));
}

TEST(Steering, StopsAtHostErrorsUnlessToldOtherwise)
{
    Debuggee guest;
    Stopped stop = stopped(guest.session->call(guest.func("fails"), {}));
    EXPECT_EQ(stop.reason().trap, TrapKind::HostError);
    EXPECT_THAT(stop.reason().text, testing::HasSubstr("the host is out of paper"));
    EXPECT_TRUE(exited(guest.session->resume(std::move(stop))).error().trap());
    ASSERT_TRUE(guest.session->stop_on({ .uncaught_throw = false, .trap = false, .host_error = false }));
    EXPECT_TRUE(exited(guest.session->call(guest.func("fails"), {})).error().trap());
    EXPECT_TRUE(exited(guest.session->call(guest.func("divide"), { Val::i32(0) })).error().trap());
    EXPECT_TRUE(exited(guest.session->call(guest.func("throws"), { Val::i32(0) })).error().trap());
}

TEST(Steering, StopsAtNewInstances)
{
    World world;
    Session session(world.store);
    ASSERT_TRUE(session.stop_on({ .load = true }));
    const Module module = world.module("(module $late (func $init) (start $init))");
    Stopped stop = stopped(session.instantiate(world.linker, module));
    EXPECT_EQ(stop.reason().kind, StopKind::Load);
    EXPECT_EQ(stop.reason().instance->module(), module);
    EXPECT_TRUE(stop.frames().empty());
    ASSERT_TRUE(session.add_breakpoint({ .module = module, .offset = module.functions()[0].offset }));
    stop = stopped(session.resume(std::move(stop)));
    EXPECT_EQ(stop.reason().kind, StopKind::Breakpoint) << "in the start function";
    EXPECT_TRUE(exited(session.resume(std::move(stop))));
}

TEST(Steering, EvaluatesWithoutAFrame)
{
    World world;
    Session session(world.store);
    ASSERT_TRUE(session.stop_on({ .load = true }));
    const Module module = world.module(R"((module
        (global $count (mut i32) (i32.const 6))
        (memory 1)
        (data (i32.const 8) "text\00")
        (func $init (global.set $count (i32.mul (global.get $count) (i32.const 10))))
        (start $init)))");
    Stopped stop = stopped(session.instantiate(world.linker, module));
    const Instance instance = *stop.reason().instance;
    EXPECT_EQ(instance.debug_evaluate("$count * 7").value(), Val::i32(42));
    EXPECT_EQ(instance.debug_text_of("cstr[8]").value(), "text");
    ASSERT_TRUE(instance.debug_assign("$count = 11"));
    ASSERT_TRUE(instance.debug_assign("u8[8] = 'n'"));
    EXPECT_EQ(
        error_of(instance.debug_evaluate("$count2")), "no local or global is called `count2`; near: `count`");
    EXPECT_EQ(error_of(instance.debug_assign("$count = 1.5")),
        "f64 does not fit into a place of i32: write i32(..)");
    EXPECT_EQ(instance.debug_evaluate("$count +").error().offset(), 8U);
    ASSERT_TRUE(exited(session.resume(std::move(stop))));
    EXPECT_EQ(instance.debug_text_of("$count").value(), "110")
        << "what was assigned, as the guest went on with it";
    EXPECT_EQ(instance.debug_text_of("cstr[8]").value(), "next");

    World closed(false);
    const Instance other = closed.instantiate("(module (global i32 (i32.const 1)))");
    const std::string refusal = "the engine is not configured with guest_debug";
    EXPECT_EQ(error_of(other.debug_evaluate("global[0]")), refusal);
    EXPECT_EQ(error_of(other.debug_text_of("global[0]")), refusal);
    EXPECT_EQ(error_of(other.debug_assign("global[0] = 1")), refusal);
}

TEST(Steering, ChangesImmutableGlobalsOnRequest)
{
    Debuggee guest;
    const Global fixed = *guest.instance->debug_global(1);
    EXPECT_FALSE(fixed.set(Val::i32(30)));
    EXPECT_FALSE(fixed.debug_set(Val::i64(30)));
    ASSERT_TRUE(fixed.debug_set(Val::i32(30)));
    EXPECT_EQ(exited(guest.session->call(guest.func("fixed_plus"), { Val::i32(1) }))->front(), Val::i32(31));
    World closed(false);
    const Global other = Global::create(closed.store, { ValKind::I32, false }, Val::i32(1)).value();
    EXPECT_EQ(error_of(other.debug_set(Val::i32(2))), "the engine is not configured with guest_debug");
}

} // namespace
} // namespace vitrine
