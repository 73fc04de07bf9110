// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Host functions that ask for calls, of the guest and of each other.
#include "exec/driver.h"

#include "exec/instrument.h"
#include "support/guest.h"

#include <gmock/gmock.h>

#include <functional>

namespace vitrine::core {
namespace {

using test::Guest;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

Value i32(uint32_t value) { return Value::i32(value); }

const FuncType unary { { ValueType::i32 }, { ValueType::i32 } };

std::vector<std::string> names_of(const std::vector<Frame>& frames)
{
    std::vector<std::string> names;
    for (const Frame& frame : frames)
        names.push_back(frame.function->name());
    return names;
}

/// Ends a host function in the same way as the call that it asked for.
HostOutcome pass_on(void*, HostCall&, OrTrapped<void>&& called)
{
    return called ? HostOutcome(Returned {}) : HostOutcome(std::move(called).error());
}

/// Records the causes for which the probe fires.
struct Eye final : Probe {
    Wish fire(Thread& thread, Cause cause) override
    {
        causes.push_back(cause);
        return on_fire ? on_fire(thread, cause) : Wish::Continue;
    }
    std::vector<Cause> causes;
    std::function<Wish(Thread&, Cause)> on_fire;
};

/// `run` calls `lifted`, which asks for `leaf` and then for `f`, which calls `leaf` again.
class Lifted : public testing::Test {
protected:
    static constexpr std::string_view wat = R"((module
      (import "host" "lifted" (func $lifted (param i32) (result i32)))
      (import "host" "leaf" (func $leaf (param i32) (result i32)))
      (func $f (export "f") (param i32) (result i32) (i32.mul (call $leaf (local.get 0)) (i32.const 2)))
      (func $tail (export "tail") (param i32) (result i32) (return_call $leaf (local.get 0)))
      (func $run (export "run") (param i32) (result i32)
        (i32.add (i32.const 1000) (call $lifted (local.get 0))))))";

    void SetUp() override
    {
        guest.define("host", "lifted", unary, [this](HostCall& call) { return lifted(call); });
        guest.define("host", "leaf", unary, [this](HostCall& call) { return leaf(call); });
        instance = &guest.instantiate(wat);
        callee = &Guest::function(*instance, "f");
    }

    HostOutcome lifted(HostCall& call)
    {
        call.callee_slots[0] = call.slots[0];
        const auto then = [](void* self, HostCall& call, OrTrapped<void>&& called) -> HostOutcome {
            EXPECT_TRUE(called);
            return static_cast<Lifted*>(self)->after_leaf(call);
        };
        return CallGuest { instance->functions[1], then, this };
    }
    HostOutcome after_leaf(HostCall& call)
    {
        EXPECT_EQ(call.slots[0], 5u) << "the arguments are still there";
        const Value argument = i32(static_cast<uint32_t>(call.callee_slots[0]));
        return call_guest(call, *callee, { &argument, 1 },
            [](void*, HostCall& then, OrTrapped<void>&& called) -> HostOutcome {
                EXPECT_TRUE(called);
                then.slots[0] = then.callee_slots[0] + 10;
                return Returned {};
            });
    }
    HostOutcome leaf(HostCall& call)
    {
        EXPECT_EQ(&call.thread, &guest.thread);
        EXPECT_EQ(call.function.host->name, "leaf");
        seen.push_back(names_of(frames_of(call.thread)));
        if (suspends)
            return Suspended {};
        ++call.slots[0];
        return Returned {};
    }

    /// Calls a function with 5, and resumes `leaf` with its results each time it suspends.
    std::vector<Value> call(Function& function)
    {
        const Value argument = i32(5);
        CallEnd end = start_call(guest.thread, function, { &argument, 1 });
        for (uint32_t leaf_result = 6; std::holds_alternative<Suspended>(end); ++leaf_result) {
            EXPECT_EQ(names_of(frames_of(guest.thread)), seen.back());
            EXPECT_EQ(guest.store.current_thread.load(), nullptr);
            const Value result = i32(leaf_result);
            end = resume_call(guest.thread, { &result, 1 });
        }
        EXPECT_FALSE(guest.thread.is_running());
        EXPECT_THAT(guest.thread.continuations, IsEmpty());
        return std::get<std::vector<Value>>(end);
    }

    Guest guest;
    Instance* instance = nullptr;
    Function* callee = nullptr;
    bool suspends = false;
    std::vector<std::vector<std::string>> seen;
};

TEST_F(Lifted, CalledByAGuest)
{
    for (const bool each_time : { false, true }) {
        suspends = each_time;
        seen.clear();
        EXPECT_THAT(call(Guest::function(*instance, "run")), ElementsAre(i32(1024)));
        EXPECT_THAT(seen,
            ElementsAre(ElementsAre("host.leaf", "host.lifted", "run"),
                ElementsAre("host.leaf", "f", "host.lifted", "run")));
    }
}

TEST_F(Lifted, CalledByTheEmbedder)
{
    for (const bool each_time : { false, true }) {
        suspends = each_time;
        seen.clear();
        EXPECT_THAT(call(*instance->functions[0]), ElementsAre(i32(24)));
        EXPECT_THAT(seen,
            ElementsAre(
                ElementsAre("host.leaf", "host.lifted"), ElementsAre("host.leaf", "f", "host.lifted")));
    }
}

TEST_F(Lifted, AsksForATailCallOfAHostFunction)
{
    callee = &Guest::function(*instance, "tail");
    for (const bool each_time : { false, true }) {
        suspends = each_time;
        seen.clear();
        EXPECT_THAT(call(Guest::function(*instance, "run")), ElementsAre(i32(1017)));
        EXPECT_THAT(call(*instance->functions[0]), ElementsAre(i32(17)));
        EXPECT_THAT(seen[1], ElementsAre("host.leaf", "host.lifted", "run"));
    }
}

TEST_F(Lifted, LeavesTheCallersFrameAsItIsWhileItWaits)
{
    suspends = true;
    const Value argument = i32(5);
    ASSERT_TRUE(std::holds_alternative<Suspended>(
        start_call(guest.thread, Guest::function(*instance, "run"), { &argument, 1 })));
    const std::vector<Frame> frames = frames_of(guest.thread);
    ASSERT_EQ(frames.size(), 3u);
    EXPECT_EQ(frames[2].operand_slots(), 1u) << "the arguments of the call are not its operands";
    EXPECT_EQ(frames[2].operands()[0], 1000u);
    EXPECT_FALSE(frames[2].is_innermost);
    cancel_call(guest.thread);
    EXPECT_FALSE(guest.thread.is_running());
    EXPECT_THAT(guest.thread.continuations, IsEmpty());
}

TEST_F(Lifted, ShowsEachOfItsStepsToWhoeverLooks)
{
    Eye eye;
    guest.thread.probes.set(ProbeRole::Session, &eye);
    set_stepping(guest.thread, true);
    std::vector<std::vector<std::string>> stops;
    eye.on_fire = [&](Thread& thread, Cause) {
        const auto names = names_of(frames_of(thread));
        if (stops.empty() || stops.back() != names)
            stops.push_back(names);
        return Wish::Continue;
    };
    EXPECT_THAT(call(Guest::function(*instance, "run")), ElementsAre(i32(1024)));
    EXPECT_THAT(
        stops, ElementsAre(ElementsAre("run"), ElementsAre("f", "host.lifted", "run"), ElementsAre("run")));
    guest.thread.probes.set(ProbeRole::Session, nullptr);
}

// Traps and exceptions.

/// `run` calls `ask`, which asks for a call of the export named by `target`, and then does what
/// `then` says.
class Asking : public testing::Test {
protected:
    static constexpr std::string_view wat = R"((module
      (import "host" "ask" (func $ask (result i32)))
      (import "host" "fail" (func $fail (result i32))) (export "fail" (func $fail))
      (tag $oops (export "oops") (param i32))
      (memory (export "memory") 1)
      (func (export "trap") (result i32) unreachable)
      (func (export "answer") (result i32) (i32.load (i32.const 0)))
      (func (export "deeper") (result i32) (call $ask))
      (func $throw (export "throw") (result i32) (i32.const 7) (throw $oops))
      (func (export "loop") (result i32) (loop (br 0)) (i32.const 1))
      (func (export "run") (result i32) (i32.add (i32.const 100) (call $ask)))
      (func (export "catch") (result i32)
        (block $caught (result i32)
          (try_table (result i32) (catch $oops $caught) (call $ask))
          (i32.add (i32.const 300))))))";

    void SetUp() override
    {
        guest.thread.probes.set(ProbeRole::Session, &eye);
        eye.on_fire = [this](Thread& thread, Cause) {
            places.push_back(names_of(frames_of(thread)));
            return Wish::Continue;
        };
        make();
    }
    void make()
    {
        auto ask = std::make_shared<HostFunction>(HostFunction {
            "host", "ask", { {}, { ValueType::i32 } }, [this](HostCall& call) { return ask_for(call); } });
        ask->is_boundary = is_boundary;
        host = ask;
        ASSERT_TRUE(guest.linker.define("host", "ask", host));
        guest.define("host", "fail", { {}, { ValueType::i32 } }, [](HostCall&) -> HostOutcome {
            return Trap { .kind = TrapKind::HostError, .message = "out of paper" };
        });
        instance = &guest.instantiate(wat);
        eye.causes.clear();
        places.clear();
    }
    HostOutcome ask_for(HostCall&)
    {
        const std::string target = targets.front();
        targets.erase(targets.begin());
        return CallGuest { &Guest::function(*instance, target),
            [](void* self, HostCall& call, OrTrapped<void>&& called) -> HostOutcome {
                return static_cast<Asking*>(self)->after_target(call, std::move(called));
            },
            this };
    }
    HostOutcome after_target(HostCall& call, OrTrapped<void>&& called)
    {
        got.push_back(called ? "ok" : called.error().to_text());
        if (!called && !swallows)
            return std::move(called).error();
        call.slots[0] = called ? call.callee_slots[0] : 42;
        return Returned {};
    }
    OrTrapped<std::vector<Value>> call(std::string_view name) { return guest.call(*instance, name); }

    Guest guest;
    Eye eye;
    Instance* instance = nullptr;
    std::shared_ptr<const HostFunction> host;
    bool is_boundary = false;
    bool swallows = false;
    std::vector<std::string> targets;
    std::vector<std::string> got;
    std::vector<std::vector<std::string>> places;
};

class AskingAtABoundary : public Asking {
protected:
    AskingAtABoundary() { is_boundary = true; }
};

TEST_F(Asking, ATrapComesBackToWhoAsked)
{
    targets = { "trap", "answer" };
    swallows = true;
    EXPECT_THAT(*call("run"), ElementsAre(i32(142)));
    EXPECT_THAT(got, ElementsAre("unreachable"));
    EXPECT_THAT(eye.causes, ElementsAre(Cause::Trap));
    EXPECT_THAT(places, ElementsAre(ElementsAre("trap", "host.ask", "run"))) << "nothing was unwound yet";
    EXPECT_THAT(*call("run"), ElementsAre(i32(100)));
}

TEST_F(Asking, ATrapThatIsPassedOnIsToldOnceAndKeepsItsTrace)
{
    targets = { "deeper", "deeper", "trap" };
    const auto ended = call("run");
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().kind, TrapKind::Unreachable);
    EXPECT_THAT(got, ElementsAre("unreachable", "unreachable", "unreachable"));
    EXPECT_THAT(eye.causes, ElementsAre(Cause::Trap));
    std::vector<std::string> trace;
    for (const TraceEntry& entry : ended.error().trace)
        trace.push_back(entry.function->name());
    EXPECT_THAT(trace, ElementsAre("trap", "deeper", "deeper", "run"));
    EXPECT_FALSE(guest.thread.is_running());
    EXPECT_THAT(guest.thread.continuations, IsEmpty());
}

TEST_F(Asking, ATrapOfAHostFunctionComesBackToo)
{
    targets = { "fail" };
    const auto failed = invoke(guest.thread, *instance->functions[0], {});
    EXPECT_EQ(failed.error().to_text(), "out of paper");
    EXPECT_THAT(got, ElementsAre("out of paper"));
    EXPECT_THAT(eye.causes, ElementsAre(Cause::Trap)) << "told once, although there is no guest frame";
    EXPECT_THAT(places, ElementsAre(ElementsAre("host.ask")));

    swallows = true;
    targets = { "fail" };
    EXPECT_THAT(*call("run"), ElementsAre(i32(142)));
}

TEST_F(Asking, AnExceptionThatIsThrownOnIsCaughtByTheCaller)
{
    targets = { "throw" };
    EXPECT_THAT(*call("catch"), ElementsAre(i32(7)));
    EXPECT_THAT(got, ElementsAre(StartsWith("uncaught exception")));
    EXPECT_THAT(eye.causes, ElementsAre(Cause::Throw, Cause::Catch)) << "where it was thrown, and once";
    EXPECT_THAT(places, ElementsAre(ElementsAre("throw", "host.ask", "catch"), ElementsAre("catch")));

    targets = { "throw" };
    swallows = true;
    EXPECT_THAT(*call("catch"), ElementsAre(i32(342))) << "it did not get past the host function";
}

TEST_F(Asking, AnExceptionThatNobodyCatchesIsATrapWhereItIsThrown)
{
    targets = { "throw" };
    EXPECT_EQ(call("run").error().kind, TrapKind::UncaughtException);
    EXPECT_THAT(eye.causes, ElementsAre(Cause::Trap));
    EXPECT_THAT(places, ElementsAre(ElementsAre("throw", "host.ask", "run")));
}

TEST_F(AskingAtABoundary, AnExceptionIsATrapForItsCaller)
{
    targets = { "throw" };
    const auto ended = call("catch");
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().kind, TrapKind::UncaughtException);
    EXPECT_EQ(ended.error().exception, nullptr) << "nothing that could be thrown on";
    EXPECT_THAT(got, ElementsAre(StartsWith("uncaught exception")));
    EXPECT_THAT(eye.causes, ElementsAre(Cause::Trap)) << "nobody catches it";

    targets = { "throw" };
    swallows = true;
    EXPECT_THAT(*call("catch"), ElementsAre(i32(342)));
    targets = { "answer" };
    EXPECT_THAT(*call("catch"), ElementsAre(i32(300)));
}

TEST(Boundary, HoldsForNestedEntriesAlsoWhereTheEmbedderMadeThem)
{
    Guest guest;
    Instance* instance = nullptr;
    const HostFunction* inner = nullptr;
    const auto nest = [&](std::string_view name) -> HostOutcome {
        auto ended = guest.call(*instance, name);
        return ended ? HostOutcome(Returned {}) : HostOutcome(std::move(ended).error());
    };
    // `outer` calls `boundary` as an embedder would, in an activation without a guest frame.
    guest.define("host", "outer", {}, [&](HostCall&) -> HostOutcome {
        auto ended = invoke(guest.thread, *instance->functions[1], {});
        return ended ? HostOutcome(Returned {}) : HostOutcome(std::move(ended).error());
    });
    auto boundary = std::make_shared<HostFunction>(
        HostFunction { "host", "boundary", {}, [&](HostCall&) { return nest("throw"); } });
    inner = boundary.get();
    ASSERT_TRUE(guest.linker.define("host", "boundary", std::shared_ptr<const HostFunction>(boundary)));
    instance = &guest.instantiate(R"((module
      (import "host" "outer" (func $outer)) (import "host" "boundary" (func $boundary)) (tag $t)
      (func (export "throw") (throw $t))
      (func (export "run") (result i32)
        (block $caught (try_table (catch_all $caught) (call $outer)) (return (i32.const 0))) (i32.const 1))))");
    Eye eye;
    guest.thread.probes.set(ProbeRole::Session, &eye);
    const auto caught = guest.call(*instance, "run");
    ASSERT_TRUE(caught) << "a nested call changes nothing about where the host function was called";
    EXPECT_THAT(*caught, ElementsAre(i32(1)));
    EXPECT_THAT(eye.causes, ElementsAre(Cause::Throw, Cause::Catch));
    eye.causes.clear();
    const_cast<HostFunction*>(inner)->is_boundary = true;
    EXPECT_EQ(guest.call(*instance, "run").error().kind, TrapKind::UncaughtException);
    EXPECT_THAT(eye.causes, ElementsAre(Cause::Trap));
    guest.thread.probes.set(ProbeRole::Session, nullptr);
}

// Requests.

TEST_F(Asking, AnInterruptEndsTheCallAndComesBackToWhoAsked)
{
    targets = { "deeper", "loop" };
    eye.on_fire = nullptr;
    set_stepping(guest.thread, true);
    eye.on_fire = [&](Thread& thread, Cause) {
        if (names_of(frames_of(thread)).front() == "loop")
            thread.requests->add(Requests::interrupt);
        return Wish::Continue;
    };
    EXPECT_EQ(call("run").error().kind, TrapKind::Interrupted);
    EXPECT_THAT(got, ElementsAre("interrupted", "interrupted"));
}

TEST_F(Asking, AKilledGuestEndsWhateverTheHostFunctionMakesOfIt)
{
    targets = { "deeper", "answer" };
    swallows = true;
    set_stepping(guest.thread, true);
    eye.on_fire = [&](Thread& thread, Cause) {
        return names_of(frames_of(thread)).front() == "answer" ? Wish::Kill : Wish::Continue;
    };
    EXPECT_EQ(call("run").error().kind, TrapKind::Killed);
    EXPECT_EQ(got.size(), 2u) << "each has heard of it";
    EXPECT_FALSE(guest.thread.is_killed);
}

TEST(WaitingHost, AnInterruptEndsHostFunctionsThatOnlyCallEachOther)
{
    Guest guest;
    Function* self = nullptr;
    int count = 0;
    guest.define("host", "again", {}, [&](HostCall& call) -> HostOutcome {
        if (++count == 1000)
            call.thread.requests->add(Requests::interrupt);
        return CallGuest { self, pass_on };
    });
    self = guest.instantiate(R"((module (import "host" "again" (func))))").functions[0];
    EXPECT_EQ(invoke(guest.thread, *self, {}).error().kind, TrapKind::Interrupted);
    EXPECT_EQ(count, 1000);
}

// Depth.

/// How deeply a host function can call itself or the guest, either by asking for the call or by a
/// nested entry.
uint64_t depth_of_recursion(const char* through, bool asks, uint64_t stack_bytes)
{
    Guest guest({ .guest_debug = true, .max_stack_bytes = stack_bytes });
    Function* next = nullptr;
    uint64_t depth = 0;
    guest.define("host", "again", {}, [&](HostCall& call) -> HostOutcome {
        ++depth;
        if (asks)
            return CallGuest { next, pass_on };
        return std::move(invoke(call.thread, *next, {})).error();
    });
    Instance& instance =
        guest.instantiate(R"((module (import "host" "again" (func $again)) (export "again" (func $again))
        (func (export "wide") (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
          (call $again))))");
    next = &Guest::function(instance, through);
    const auto ended = invoke(guest.thread, *next, {});
    EXPECT_EQ(ended.error().kind, TrapKind::StackOverflow);
    EXPECT_FALSE(guest.thread.is_running());
    return depth;
}

TEST(WaitingHost, OverflowsTheStackWhereANestedEntryWould)
{
    EXPECT_EQ(depth_of_recursion("wide", true, 64 << 10), depth_of_recursion("wide", false, 64 << 10));
}

TEST(WaitingHost, IsBoundedByTheStackAlone)
{
    const uint64_t depth = depth_of_recursion("again", true, 4 << 20);
    EXPECT_GT(depth, 100'000u) << "no C++ frame for each";
    EXPECT_LE(depth, (4 << 20) / sizeof(Slot)) << "each takes a slot, although it has no values";
    EXPECT_GT(depth_of_recursion("wide", true, 4 << 20), 10'000u);
}

TEST(WaitingHost, MaySwallowAnOverflow)
{
    Guest guest({ .guest_debug = true, .max_stack_bytes = 64 << 10 });
    guest.define("host", "ask", { {}, { ValueType::i32 } }, [](HostCall& call) -> HostOutcome {
        return CallGuest { std::get<Function*>(*call.caller->find_export("dive")),
            [](void*, HostCall& then, OrTrapped<void>&& called) -> HostOutcome {
                then.slots[0] =
                    called ? 0 : static_cast<Slot>(called.error().kind == TrapKind::StackOverflow);
                return Returned {};
            } };
    });
    Instance& instance = guest.instantiate(R"((module (import "host" "ask" (func $ask (result i32)))
      (func $dive (export "dive") (result i32) (i32.add (call $dive) (call $ask)))
      (func $narrow (export "deep") (param i32) (result i32)
        (if (result i32) (local.get 0) (then (call $narrow (i32.sub (local.get 0) (i32.const 1)))) (else (call $ask))))
      (func (export "run") (result i32) (i32.add (i32.const 10) (call $ask)))))");
    EXPECT_THAT(*guest.call(instance, "run"), ElementsAre(i32(11)));
    EXPECT_THAT(*guest.call(instance, "deep", { i32(1500) }), ElementsAre(i32(1)));
}

// Writes of the host.

TEST(WaitingHost, WhatItWroteIsSeenWhenItsCalleeIsEntered)
{
    enum class Way : uint8_t { Asks, AsksHost, Enters };
    for (const Way way : { Way::Asks, Way::AsksHost, Way::Enters }) {
        Guest guest;
        Instance* instance = nullptr;
        const auto done = [](void*, HostCall&, OrTrapped<void>&& called) -> HostOutcome {
            EXPECT_TRUE(called);
            return Returned {};
        };
        guest.define("host", "between", {},
            [&](HostCall&) -> HostOutcome { return CallGuest { &Guest::function(*instance, "f"), done }; });
        guest.define("host", "poke", {}, [&](HostCall& call) -> HostOutcome {
            call.store.mutator.fill(Origin::Host, *instance->memories[0], 0, 7, 1);
            if (way != Way::Enters)
                return CallGuest {
                    way == Way::Asks ? &Guest::function(*instance, "f") : instance->functions[1], done
                };
            EXPECT_TRUE(invoke(call.thread, Guest::function(*instance, "f"), {}));
            return Returned {};
        });
        instance =
            &guest.instantiate(R"((module (import "host" "poke" (func $poke)) (import "host" "between" (func))
          (memory 1) (func (export "f") nop) (func (export "run") (call $poke) nop)))");
        Eye eye;
        guest.thread.probes.set(ProbeRole::Session, &eye);
        const auto begin = reinterpret_cast<uintptr_t>(instance->memories[0]->base());
        const Watches watches({ { begin, begin + 1, false, true, StateKind::Memory } });
        set_watches(guest.thread, &watches);
        std::vector<std::pair<std::string, CodeOffset>> places;
        eye.on_fire = [&](Thread& thread, Cause cause) {
            EXPECT_EQ(cause, Cause::Watch);
            const Frame frame = *innermost_frame(thread);
            places.emplace_back(frame.function->name(), frame.offset - frame.function->meta->code_offset);
            return Wish::Continue;
        };
        EXPECT_TRUE(guest.call(*instance, "run"));
        EXPECT_THAT(places, ElementsAre(std::pair("f", 0u), std::pair("run", 2u)));
        set_watches(guest.thread, nullptr);
        guest.thread.probes.set(ProbeRole::Session, nullptr);
    }
}

TEST(HostFunction, RunsInsideWhenItIsTheGuestsOwnWork)
{
    for (const bool runs_inside : { false, true }) {
        Guest guest;
        Eye eye;
        std::vector<Execution> seen;
        auto look = std::make_shared<HostFunction>(
            HostFunction { "host", "look", {}, [&](HostCall& call) -> HostOutcome {
                              seen.push_back(call.thread.execution.load());
                              return Returned {};
                          } });
        look->runs_inside = runs_inside;
        ASSERT_TRUE(
            guest.linker.define("host", "look", std::shared_ptr<const HostFunction>(std::move(look))));
        Instance& instance = guest.instantiate(
            R"((module (import "host" "look" (func $look)) (func (export "run") (call $look))))");
        guest.thread.probes.set(ProbeRole::Session, &eye);
        EXPECT_TRUE(guest.call(instance, "run"));
        EXPECT_THAT(seen, ElementsAre(runs_inside ? Execution::Inside : Execution::Outside));
        EXPECT_EQ(guest.thread.execution.load(), Execution::Outside);
        guest.thread.probes.set(ProbeRole::Session, nullptr);
    }
}

// Several threads of a store.

TEST(Threads, OfOneStoreTakeTurns)
{
    Guest guest;
    Thread other(guest.store, guest.engine->interpreter, guest.engine->stacks);
    Instance* instance = nullptr;
    std::vector<Thread*> current;
    const auto note = [&](HostCall& call) {
        EXPECT_EQ(guest.store.current_thread.load(), &call.thread);
        current.push_back(&call.thread);
    };
    guest.define("host", "switch", {}, [&](HostCall& call) -> HostOutcome {
        note(call);
        EXPECT_TRUE(
            std::holds_alternative<Suspended>(start_call(other, Guest::function(*instance, "task"), {})));
        note(call);
        EXPECT_TRUE(std::holds_alternative<std::vector<Value>>(resume_call(other, {})));
        note(call);
        return Returned {};
    });
    guest.define("host", "wait", {}, [&](HostCall& call) -> HostOutcome {
        note(call);
        return Suspended {};
    });
    guest.define("host", "done", {}, [&](HostCall& call) -> HostOutcome {
        note(call);
        return Returned {};
    });
    instance = &guest.instantiate(
        R"((module (import "host" "switch" (func $switch)) (import "host" "wait" (func $wait))
      (import "host" "done" (func $done))
      (func (export "task") (call $wait) (call $done)) (func (export "run") (call $switch))))");
    EXPECT_TRUE(guest.call(*instance, "run"));
    Thread* const first = &guest.thread;
    EXPECT_THAT(current, ElementsAre(first, &other, first, &other, first));
    EXPECT_EQ(guest.store.current_thread.load(), nullptr);
    ASSERT_TRUE(std::holds_alternative<Suspended>(start_call(other, Guest::function(*instance, "task"), {})));
    cancel_call(other);
    EXPECT_EQ(guest.store.current_thread.load(), nullptr);
}

// Instances.

TEST(Instantiate, TakesImportsThatAreResolved)
{
    Guest guest;
    Eye eye;
    std::vector<const Instance*> told;
    struct Told final : Probe {
        explicit Told(std::vector<const Instance*>& told) : told(told) {}
        Wish fire(Thread&, Cause) override { return Wish::Continue; }
        void on_instance(Instance& instance) override { told.push_back(&instance); }
        std::vector<const Instance*>& told;
    } probe(told);
    guest.thread.probes.set(ProbeRole::Session, &probe);
    const auto module = test::module_of(*guest.engine, R"((module (import "any" "name" (global (mut i32)))
      (func $start (global.set 0 (i32.const 9))) (start $start)))");
    Global* const global = guest.store.add_global({ ValueType::i32, true }, i32(1));
    const Extern imports[] { global };
    const auto instance = instantiate(guest.thread, module, imports);
    ASSERT_TRUE(instance);
    EXPECT_THAT(told, ElementsAre(*instance));
    EXPECT_EQ(global->get(), i32(9)) << "the start function has run";
    guest.thread.probes.set(ProbeRole::Session, nullptr);
}

} // namespace
} // namespace vitrine::core
