// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/position.h"

#include "support/guest.h"
#include "support/order.h"

#include <gmock/gmock.h>

namespace vitrine::core {
namespace {

using test::Guest;
using test::OrderCheck;
using testing::ElementsAre;

Value i32(uint32_t value) { return Value::i32(value); }

TEST(Position, IsOrderedByTickThenTheDeeperFirstThenByOffset)
{
    constexpr Position position { 5, 3, 100 };
    EXPECT_LT(position, (Position { 6, 9, 1 }));
    EXPECT_LT(position, (Position { 5, 2, 1 })) << "a frame comes before its caller goes on";
    EXPECT_LT(position, (Position { 5, 3, 101 }));
    EXPECT_EQ(position, (Position { 5, 3, 100 }));
    EXPECT_GT(position, (Position { 5, 4, 200 }));
}

/// All kinds of control flow.
constexpr std::string_view zoo = R"((module
  (import "host" "again" (func $again (param i32)))
  (import "host" "enter" (func $enter (param i32)))
  (tag $t (param i32))
  (table funcref (elem $leaf $down))
  (func $leaf (param i32))
  (func $down (param i32) (if (local.get 0) (then (return_call $down (i32.sub (local.get 0) (i32.const 1))))))
  (func $begins_with_a_loop (param i32)
    (loop (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0))))
  (func $throw (param i32) (throw $t (local.get 0)))
  (func $catch (param i32) (local i32)
    (loop $retry (result i32)
      (block $caught (result i32)
        (try_table (catch $t $caught) (call $throw (local.get 0)))
        (i32.const 0))
      (br_if $retry (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0)) )
      (drop) (i32.const 0))
    (drop))
  (func $catch_at_a_loop (param i32)
    (loop $again
      (if (i32.eqz (local.get 0)) (then (return)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (try_table (catch_all $again) (call $throw (i32.const 1)))))
  (func (export "f") (param i32)
    (call $leaf (local.get 0))
    (call_indirect (param i32) (local.get 0) (i32.and (local.get 0) (i32.const 1)))
    (call $begins_with_a_loop (i32.const 3))
    (call $down (i32.const 3))
    (call $catch_at_a_loop (i32.const 3)))
  (func (export "run") (param i32)
    (loop $outer
      (loop (nop))
      (block $a (block $b (br_table $a $b $outer (i32.and (local.get 0) (i32.const 1)))) (nop))
      (call $again (local.get 0))
      (call $enter (local.get 0))
      (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))";

struct Zoo : Guest {
    Zoo()
    {
        define("host", "again", { { ValueType::i32 }, {} }, [this](HostCall& call) {
            in_host.push_back(position_of(call.thread));
            const Value argument = i32(static_cast<uint32_t>(call.slots[0]));
            return call_guest(call, function(*instance, "f"), { &argument, 1 },
                [](void*, HostCall&, OrTrapped<void>&&) -> HostOutcome { return Returned {}; });
        });
        define("host", "enter", { { ValueType::i32 }, {} }, [this](HostCall& call) -> HostOutcome {
            EXPECT_TRUE(core::invoke(call.thread, function(*instance, "f"),
                std::vector { i32(static_cast<uint32_t>(call.slots[0])) }));
            return Returned {};
        });
        instance = &instantiate(text());
    }
    static std::string text()
    {
        std::string wat(zoo);
        return wat + ")";
    }
    Instance* instance = nullptr;
    std::vector<Position> in_host;
};

TEST(Position, GrowsWithEachInstruction)
{
    Zoo guest;
    OrderCheck check(guest.thread);
    EXPECT_TRUE(guest.call(*guest.instance, "run", { i32(9) }));
    EXPECT_TRUE(guest.call(*guest.instance, "run", { i32(4) })) << "from one call to the next, too";
    EXPECT_GT(check.instructions, 1000u);
    EXPECT_EQ(check.wrong, 0u);
    EXPECT_GT(check.wrong_without_rule, 50u) << "the check finds what is out of order";
}

/// All positions of a run, found by single steps.
struct Steps final : Probe {
    Wish fire(Thread& thread, Cause cause) override
    {
        if (cause == Cause::Step)
            positions.push_back(position_of(thread));
        return Wish::Continue;
    }
    std::vector<Position> positions;
};

TEST(Position, OfAHostFunctionIsThatOfItsCall)
{
    Zoo guest;
    Steps steps;
    guest.thread.probes.set(ProbeRole::Session, &steps);
    set_stepping(guest.thread, true);
    EXPECT_TRUE(guest.call(*guest.instance, "run", { i32(3) }));
    ASSERT_EQ(guest.in_host.size(), 3u);
    for (const Position& position : guest.in_host)
        EXPECT_THAT(steps.positions, testing::Contains(position));
    guest.thread.probes.set(ProbeRole::Session, nullptr);
}

/// Records where the stop tick was.
struct Stop final : Probe {
    Wish fire(Thread& thread, Cause cause) override
    {
        if (cause == Cause::Tick)
            stops.push_back(position_of(thread));
        return Wish::Continue;
    }
    std::vector<Position> stops;
};

TEST(Position, CountsEntriesAndLoops)
{
    Guest guest;
    Instance& instance = guest.instantiate(R"((module
      (func $leaf (export "leaf"))
      (func (export "loops") (param i32)
        (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
      (func (export "calls") (call $leaf) (call $leaf) (return_call $leaf))
      (func $dive (export "dive") (call $dive))))");
    // Compiled code counts for a recorder.
    Stop recorder;
    guest.thread.probes.set(ProbeRole::Recorder, &recorder);
    const auto ticks = [&](std::string_view name, std::vector<Value> arguments = {}) {
        const uint64_t before = guest.thread.tick();
        EXPECT_TRUE(guest.call(instance, name, arguments));
        return guest.thread.tick() - before;
    };
    EXPECT_EQ(ticks("leaf"), 1u);
    EXPECT_EQ(ticks("loops", { i32(7) }), 8u);
    EXPECT_EQ(ticks("calls"), 4u);
    // The call that overflows the stack does not count as an entry.
    uint64_t depth = 0;
    Steps steps;
    guest.thread.probes.set(ProbeRole::Session, &steps);
    set_stepping(guest.thread, true);
    const uint64_t before = guest.thread.tick();
    EXPECT_EQ(guest.call(instance, "dive").error().kind, TrapKind::StackOverflow);
    depth = steps.positions.back().depth;
    EXPECT_EQ(guest.thread.tick() - before, depth);
    guest.thread.probes.set(ProbeRole::Session, nullptr);
    guest.thread.probes.set(ProbeRole::Recorder, nullptr);
}

TEST(StopTick, StopsAtTheFirstInstructionOfTheTick)
{
    std::vector<Position> all;
    {
        Zoo guest;
        Steps steps;
        guest.thread.probes.set(ProbeRole::Session, &steps);
        set_stepping(guest.thread, true);
        EXPECT_TRUE(guest.call(*guest.instance, "run", { i32(4) }));
        all = std::move(steps.positions);
        guest.thread.probes.set(ProbeRole::Session, nullptr);
    }
    for (uint64_t tick = 1; tick <= all.back().tick + 1; ++tick) {
        Zoo guest;
        Stop stop;
        guest.thread.probes.set(ProbeRole::Recorder, &stop);
        set_stop_tick(guest.thread, tick);
        EXPECT_TRUE(guest.call(*guest.instance, "run", { i32(4) }));
        const auto first =
            std::ranges::find_if(all, [tick](const Position& position) { return position.tick >= tick; });
        if (first == all.end())
            EXPECT_TRUE(stop.stops.empty());
        else
            EXPECT_THAT(stop.stops, ElementsAre(*first)) << tick;
        EXPECT_EQ(guest.thread.tick(), all.back().tick) << "to look up counts nothing";
        EXPECT_EQ(guest.thread.stop_tick(), first == all.end() ? tick : UINT64_MAX);
        guest.thread.probes.set(ProbeRole::Recorder, nullptr);
    }
}

TEST(StopTick, AndRequestsLeaveEachOther)
{
    Guest guest;
    Instance& instance = guest.instantiate(R"((module (func (export "spin") (param i32)
      (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))))");
    struct Both final : Probe {
        Wish fire(Thread& thread, Cause cause) override
        {
            causes.emplace_back(cause, position_of(thread).tick);
            if (cause == Cause::Tick)
                thread.requests->add(Requests::pause);
            else if (causes.size() < 6)
                set_stop_tick(thread, position_of(thread).tick + 10);
            return Wish::Continue;
        }
        std::vector<std::pair<Cause, uint64_t>> causes;
    } probe;
    guest.thread.probes.set(ProbeRole::Session, &probe);
    set_stop_tick(guest.thread, 10);
    guest.thread.requests->add(Requests::pause);
    EXPECT_TRUE(guest.call(instance, "spin", { i32(100) }));
    EXPECT_THAT(probe.causes,
        ElementsAre(std::pair(Cause::Pause, 2u), std::pair(Cause::Tick, 12u), std::pair(Cause::Pause, 13u),
            std::pair(Cause::Tick, 23u), std::pair(Cause::Pause, 24u), std::pair(Cause::Tick, 34u),
            std::pair(Cause::Pause, 35u)));
    EXPECT_EQ(guest.thread.stop_tick(), UINT64_MAX);
    guest.thread.probes.set(ProbeRole::Session, nullptr);
}

} // namespace
} // namespace vitrine::core
