// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "interp/interpreter.h"

#include "support/guest.h"

#include <gmock/gmock.h>

#include <thread>

namespace vitrine::core::test {
namespace {

using testing::ElementsAre;

Value i32(int32_t value) { return Value::i32(static_cast<uint32_t>(value)); }
Value i64(int64_t value) { return Value::i64(static_cast<uint64_t>(value)); }

TEST(Interpreter, RunsCallsAndLoops)
{
    Guest guest;
    Instance& instance = guest.instantiate(R"((module
        (func $fac (export "fac") (param $n i64) (result i64)
          (if (result i64) (i64.eqz (local.get $n)) (then (i64.const 1))
            (else (i64.mul (local.get $n) (call $fac (i64.sub (local.get $n) (i64.const 1)))))))
        (func (export "sum") (param $n i32) (result i32) (local $s i32)
          (loop $again
            (local.set $s (i32.add (local.get $s) (local.get $n)))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (local.get $s))))");
    EXPECT_THAT(*guest.call(instance, "fac", { i64(20) }), ElementsAre(i64(2432902008176640000)));
    EXPECT_THAT(*guest.call(instance, "sum", { i32(1000) }), ElementsAre(i32(500500)));
    EXPECT_FALSE(guest.thread.is_running());
    EXPECT_EQ(guest.thread.stack, nullptr);
}

TEST(Interpreter, BranchesCarryValuesAndDropTheRest)
{
    Guest guest;
    Instance& instance = guest.instantiate(R"((module
        (func (export "pick") (param i32) (result i32 i32)
          (block $two (result i32 i32)
            (block $one (result i32)
              (block $zero
                (i32.const 90) (i32.const 91)
                (br_table $zero $zero $zero (local.get 0)) )
              (i32.const 7) (i32.const 8)
              (local.get 0)
              (br_if $one)
              (br $two))
            (i32.const 9))))
        )");
    EXPECT_THAT(*guest.call(instance, "pick", { i32(0) }), ElementsAre(i32(7), i32(8)));
    EXPECT_THAT(*guest.call(instance, "pick", { i32(5) }), ElementsAre(i32(8), i32(9)));
}

TEST(Interpreter, ATrapLeavesTheStateBeforeTheInstruction)
{
    struct Watch final : Probe {
        Wish fire(Thread& thread, Cause cause) override
        {
            EXPECT_EQ(cause, Cause::Trap);
            frames = frames_of(thread);
            operands = { frames.front().operands()[0], frames.front().operands()[1] };
            return Wish::Continue;
        }
        std::vector<Frame> frames;
        std::vector<Slot> operands;
    };
    Guest guest;
    Instance& instance = guest.instantiate(R"((module
        (func $div (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s)
        (func (export "run") (result i32) i32.const 42 i32.const 0 call $div)))");
    Watch watch;
    guest.thread.probes.set(ProbeRole::Session, &watch);
    const auto result = guest.call(instance, "run");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, TrapKind::IntegerDivideByZero);
    ASSERT_EQ(watch.frames.size(), 2u);
    EXPECT_THAT(watch.operands, ElementsAre(42, 0));
    const FuncMeta& meta = instance.module->meta(FuncIndex { 0 });
    EXPECT_EQ(watch.frames[0].offset, meta.code_offset + 4);
    ASSERT_EQ(result.error().trace.size(), 2u);
    EXPECT_EQ(result.error().trace[0].offset, meta.code_offset + 4);
    EXPECT_EQ(result.error().trace[1].function, &Guest::function(instance, "run"));
}

TEST(Interpreter, StackOverflowIsExactToTheSlot)
{
    // Each frame has one local and, at the call, one operand, which becomes the callee's parameter:
    // two slots per call.
    const auto depth_with = [](uint64_t bytes) {
        Guest guest({ .guest_debug = true, .max_stack_bytes = bytes });
        Instance& instance = guest.instantiate(R"((module
            (global $depth (export "depth") (mut i32) (i32.const 0))
            (func $f (export "f") (param i32)
              (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
              (call $f (local.get 0)))))");
        const auto result = guest.call(instance, "f", { i32(1) });
        EXPECT_EQ(result.error().kind, TrapKind::StackOverflow);
        return std::get<Global*>(*instance.find_export("depth"))->get().low;
    };
    EXPECT_EQ(depth_with(64 << 10), depth_with(64 << 10));
    const uint64_t small = depth_with(64 << 10);
    EXPECT_EQ(depth_with(128 << 10) - small, (64 << 10) / sizeof(Slot));
}

TEST(Interpreter, FramesWithoutValuesOverflowToo)
{
    Guest guest;
    Instance& instance = guest.instantiate(R"((module (func $f (export "f") (call $f))))");
    EXPECT_EQ(guest.call(instance, "f").error().kind, TrapKind::StackOverflow);
    EXPECT_EQ(guest.call(instance, "f").error().kind, TrapKind::StackOverflow);
}

TEST(Interpreter, HostFunctionsReturnValuesOrTrap)
{
    Guest guest;
    guest.define("host", "swap", { { ValueType::i32, ValueType::i64 }, { ValueType::i64, ValueType::i32 } },
        [](HostCall& call) -> HostOutcome {
            std::swap(call.slots[0], call.slots[1]);
            return Returned {};
        });
    guest.define("host", "fail", {}, [](HostCall& call) -> HostOutcome {
        EXPECT_NE(call.caller, nullptr);
        return Trap { .kind = TrapKind::HostError, .message = "out of paper" };
    });
    Instance& instance = guest.instantiate(R"((module
        (import "host" "swap" (func $swap (param i32 i64) (result i64 i32)))
        (import "host" "fail" (func $fail))
        (func (export "swap") (param i32 i64) (result i64 i32) (call $swap (local.get 0) (local.get 1)))
        (func (export "fail") (call $fail))))");
    EXPECT_THAT(*guest.call(instance, "swap", { i32(3), i64(-4) }), ElementsAre(i64(-4), i32(3)));
    const auto failed = guest.call(instance, "fail");
    EXPECT_EQ(failed.error().to_text(), "out of paper");
    EXPECT_EQ(failed.error().trace.size(), 1u);
    // The embedder calls the function itself, without a guest.
    EXPECT_THAT(*invoke(guest.thread, *instance.functions[0], std::vector { i32(1), i64(2) }),
        ElementsAre(i64(2), i32(1)));
}

TEST(Interpreter, AHostFunctionAsksForAGuestFunctionAndGoesOn)
{
    Guest guest;
    Instance* instance = nullptr;
    size_t depth = 0;
    guest.define(
        "host", "twice", { { ValueType::i32 }, { ValueType::i32 } }, [&](HostCall& call) -> HostOutcome {
            call.callee_slots[0] = call.slots[0];
            return CallGuest { &Guest::function(*instance, "add_one"),
                [](void*, HostCall& then, OrTrapped<void>&& called) -> HostOutcome {
                    if (!called)
                        return std::move(called).error();
                    then.slots[0] = 2 * then.callee_slots[0];
                    return Returned {};
                } };
        });
    guest.define("host", "look", {}, [&](HostCall&) -> HostOutcome {
        depth = depth_of(guest.thread);
        return Returned {};
    });
    instance = &guest.instantiate(R"((module
        (import "host" "twice" (func $twice (param i32) (result i32)))
        (import "host" "look" (func $look))
        (func (export "add_one") (param i32) (result i32) (call $look) (i32.add (local.get 0) (i32.const 1)))
        (func (export "run") (param i32) (result i32) (i32.add (call $twice (local.get 0)) (i32.const 1000)))))");
    EXPECT_THAT(*guest.call(*instance, "run", { i32(20) }), ElementsAre(i32(1042)));
    // look, add_one, twice, run
    EXPECT_EQ(depth, 4u);
    EXPECT_THAT(*invoke(guest.thread, *instance->functions[0], std::vector { i32(4) }), ElementsAre(i32(10)));
    EXPECT_TRUE(guest.thread.continuations.empty());
}

TEST(Interpreter, ASuspendedHostCallResumesWithItsResults)
{
    Guest guest;
    guest.define("host", "wait", { { ValueType::i32 }, { ValueType::i64 } },
        [](HostCall&) -> HostOutcome { return Suspended {}; });
    Instance& instance = guest.instantiate(R"((module
        (import "host" "wait" (func $wait (param i32) (result i64)))
        (func $inner (param i32) (result i64) (i64.add (call $wait (local.get 0)) (i64.const 1)))
        (func (export "run") (param i32) (result i64) (i64.mul (call $inner (local.get 0)) (i64.const 2)))))");
    Function& run = Guest::function(instance, "run");
    ASSERT_TRUE(std::holds_alternative<Suspended>(start_call(guest.thread, run, std::vector { i32(1) })));
    EXPECT_EQ(frames_of(guest.thread).size(), 3u);
    const CallEnd end = resume_call(guest.thread, std::vector { i64(20) });
    EXPECT_THAT(std::get<std::vector<Value>>(end), ElementsAre(i64(42)));
    ASSERT_TRUE(std::holds_alternative<Suspended>(start_call(guest.thread, run, std::vector { i32(1) })));
    cancel_call(guest.thread);
    EXPECT_FALSE(guest.thread.is_running());
    // A caller that cannot wait gets a trap.
    EXPECT_EQ(guest.call(instance, "run", { i32(1) }).error().kind, TrapKind::HostError);
    // The embedder calls the host function itself.
    ASSERT_TRUE(std::holds_alternative<Suspended>(
        start_call(guest.thread, *instance.functions[0], std::vector { i32(1) })));
    EXPECT_THAT(
        std::get<std::vector<Value>>(resume_call(guest.thread, std::vector { i64(5) })), ElementsAre(i64(5)));
}

TEST(Interpreter, ActivationsNestThroughHostFunctions)
{
    Guest guest;
    Instance* instance = nullptr;
    std::vector<Frame> frames;
    guest.define(
        "host", "enter", { { ValueType::i32 }, { ValueType::i32 } }, [&](HostCall& call) -> HostOutcome {
            const auto result =
                guest.call(*instance, "inner", { Value::i32(static_cast<uint32_t>(call.slots[0])) });
            if (!result)
                return result.error();
            call.slots[0] = result->front().low;
            return Returned {};
        });
    guest.define("host", "look", {}, [&](HostCall&) -> HostOutcome {
        frames = frames_of(guest.thread);
        return Returned {};
    });
    instance = &guest.instantiate(R"((module
        (import "host" "enter" (func $enter (param i32) (result i32)))
        (import "host" "look" (func $look))
        (func (export "inner") (param i32) (result i32)
          (call $look) (if (i32.eqz (local.get 0)) (then unreachable)) (i32.mul (local.get 0) (i32.const 3)))
        (func (export "outer") (param i32) (result i32)
          i32.const 1000 local.get 0 call $enter i32.add)))");
    EXPECT_THAT(*guest.call(*instance, "outer", { i32(5) }), ElementsAre(i32(1015)));
    ASSERT_EQ(frames.size(), 4u);
    EXPECT_EQ(frames[0].function->host->name, "look");
    EXPECT_EQ(frames[1].function, &Guest::function(*instance, "inner"));
    EXPECT_EQ(frames[1].activation, 1u);
    EXPECT_EQ(frames[2].function->host->name, "enter");
    EXPECT_EQ(frames[3].function, &Guest::function(*instance, "outer"));
    EXPECT_EQ(frames[3].activation, 0u);
    // A trap inside unwinds both calls, and keeps the trace of where it began.
    const auto trapped = guest.call(*instance, "outer", { i32(0) });
    EXPECT_EQ(trapped.error().kind, TrapKind::Unreachable);
    EXPECT_EQ(trapped.error().trace.size(), 2u);
    EXPECT_FALSE(guest.thread.is_running());
}

TEST(Interpreter, EndlessRecursionThroughTheHostIsAStackOverflow)
{
    Guest guest;
    Instance* instance = nullptr;
    guest.define("host", "again", {}, [&](HostCall&) -> HostOutcome {
        const auto result = guest.call(*instance, "run");
        return result ? HostOutcome(Returned {}) : HostOutcome(result.error());
    });
    instance = &guest.instantiate(
        R"((module (import "host" "again" (func $again)) (func (export "run") (call $again))))");
    EXPECT_EQ(guest.call(*instance, "run").error().kind, TrapKind::StackOverflow);
    EXPECT_FALSE(guest.thread.is_running());
}

TEST(Interpreter, AnInterruptEndsAnEndlessLoopAndAnEndlessRecursion)
{
    Guest guest({ .guest_debug = true, .max_stack_bytes = uint64_t { 1 } << 30 });
    guest.define("host", "ready", {}, [&](HostCall&) -> HostOutcome {
        guest.thread.requests->add(Requests::interrupt);
        return Returned {};
    });
    Instance& instance = guest.instantiate(R"((module
        (import "host" "ready" (func $ready))
        (func (export "loop") (call $ready) (loop $again (br $again)))
        (func $recurse (export "recurse") (param i32) (if (local.get 0) (then (call $ready))) (call $recurse (i32.const 0)))))");
    EXPECT_EQ(guest.call(instance, "loop").error().kind, TrapKind::Interrupted);
    EXPECT_EQ(guest.call(instance, "recurse", { i32(1) }).error().kind, TrapKind::Interrupted);
    // A request to an earlier call does not end a later one.
    guest.thread.requests->add(Requests::interrupt);
    EXPECT_EQ(guest.call(instance, "loop").error().kind, TrapKind::Interrupted);
}

TEST(Interpreter, CallsBetweenInstancesUseEachOnesMemory)
{
    Guest guest;
    Instance& first = guest.instantiate(R"((module (memory 1) (data (i32.const 0) "\07")
        (func (export "peek") (result i32) (i32.load8_u (i32.const 0)))))");
    ASSERT_TRUE(guest.linker.define_instance("first", first));
    Instance& second = guest.instantiate(R"((module (import "first" "peek" (func $peek (result i32)))
        (memory 1) (data (i32.const 0) "\30")
        (func (export "both") (result i32 i32 i32)
          (i32.load8_u (i32.const 0)) (call $peek) (i32.load8_u (i32.const 0)))))");
    EXPECT_THAT(*guest.call(second, "both"), ElementsAre(i32(0x30), i32(7), i32(0x30)));
}

TEST(Interpreter, AnOffsetOf64BitsIsReadAsSuch)
{
    Guest guest;
    Instance& instance = guest.instantiate(R"((module (memory $small 1) (memory $large i64 1)
        (func (export "load") (param i64) (result i32) (i32.load $large offset=0xffffffff00000000 (local.get 0)))
        (func (export "small") (param i32) (result i32) (i32.load $small offset=0xffffffff (local.get 0)))))");
    for (const int64_t address : { int64_t { 0 }, int64_t { 1 } << 32, int64_t { -1 } })
        EXPECT_EQ(guest.call(instance, "load", { i64(address) }).error().kind, TrapKind::MemoryOutOfBounds);
    EXPECT_EQ(guest.call(instance, "small", { i32(1) }).error().kind, TrapKind::MemoryOutOfBounds);

    Instance& first = guest.instantiate(R"((module (memory i64 1)
        (func (export "load") (param i64) (result i32) (i32.load offset=0x10000000000 (local.get 0)))
        (func (export "near") (param i64) (result i32) (i32.load offset=4 (local.get 0)))
        (data (i64.const 8) "\07")))");
    EXPECT_EQ(guest.call(first, "load", { i64(0) }).error().kind, TrapKind::MemoryOutOfBounds);
    EXPECT_THAT(*guest.call(first, "near", { i64(4) }), ElementsAre(i32(7)));
}

TEST(Interpreter, MemoriesBeyondTheFirstAndGrowth)
{
    Guest guest;
    Instance& instance = guest.instantiate(R"((module (memory $a 1 3) (memory $b 1)
        (func (export "run") (result i32 i32 i32 i32)
          (i32.store $b offset=4 (i32.const 65528) (i32.const 11))
          (memory.copy $b $a (i32.const 0) (i32.const 65532) (i32.const 4))
          (memory.grow $a (i32.const 1))
          (memory.grow $a (i32.const 2))
          (i32.load $a (i32.const 131068))
          (memory.copy $a $b (i32.const 131068) (i32.const 65532) (i32.const 4))
          (i32.load $a (i32.const 131068)))))");
    EXPECT_THAT(*guest.call(instance, "run"), ElementsAre(i32(1), i32(-1), i32(0), i32(11)));
}

} // namespace
} // namespace vitrine::core::test
