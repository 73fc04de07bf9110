// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/driver.h"

#include "exec/instrument.h"
#include "support/guest.h"

#include <gmock/gmock.h>

#include <functional>

namespace vitrine::core {
namespace {

using test::Guest;
using testing::ElementsAre;

/// Calls a function whenever the probe fires.
struct Eye final : Probe {
    Wish fire(Thread& thread, Cause cause) override { return on_fire(thread, cause); }
    std::function<Wish(Thread&, Cause)> on_fire;
};

/// The return addresses of a compiling tier, without the tier.
struct FakeSites final : Sites {
    const Site* find(uintptr_t address) const override { return address == 0x1000 ? &site : nullptr; }
    Site site {};
};

constexpr std::string_view nested = R"((module
  (func $inner (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func $middle (param i32 i32) (result i32)
    (i32.add (i32.const 100) (call $inner (local.get 1))))
  (func (export "outer") (param i32) (result i32)
    (i32.add (i32.const 1000) (call $middle (i32.const 7) (local.get 0))))))";

/// The first instruction of a function.
CodeOffset start_of(const Instance& instance, uint32_t function)
{
    return instance.functions[function]->meta->code_offset;
}

// Sites.

class SiteTest : public testing::Test {
protected:
    void SetUp() override
    {
        guest.thread.probes.set(ProbeRole::Session, &eye);
        guest.thread.sites = &sites;
        mark(guest.thread, *instance.functions[0], start_of(instance, 0));
        eye.on_fire = [&](Thread& thread, Cause) {
            replace_caller(thread);
            return then(thread);
        };
    }

    /// Makes the record of `$inner` look as machine code leaves it: a return address and nothing
    /// else.
    void replace_caller(Thread& thread)
    {
        const GuestState caller = thread.control->caller(thread.state.fp);
        sites.site = { caller.function->index, caller.offset, caller.entry, caller.offset - 2,
            static_cast<uint32_t>(thread.state.fp - caller.fp) };
        before = frames_of(thread);
        *thread.control = Record(ReturnTo::site(0x1000), nullptr, nullptr, 0, 0);
    }

    static auto description(const std::vector<Frame>& frames)
    {
        std::vector<std::tuple<const Function*, CodeOffset, uint32_t, Slot*, Slot*>> rows;
        for (const Frame& frame : frames)
            rows.emplace_back(frame.function, frame.offset, frame.entry, frame.fp, frame.sp);
        return rows;
    }

    /// A compiling tier would look up sites of its own.
    Guest guest { EngineConfig { .guest_debug = true, .tier = TierPolicy::Interpreter } };
    Instance& instance = guest.instantiate(nested);
    Eye eye;
    FakeSites sites;
    std::vector<Frame> before;
    std::function<Wish(Thread&)> then = [](Thread&) { return Wish::Continue; };
};

TEST_F(SiteTest, IsACallerLikeAnyOther)
{
    bool is_same = false;
    size_t depth = 0;
    then = [&](Thread& thread) {
        is_same = description(frames_of(thread)) == description(before);
        depth = depth_of(thread);
        const auto place = return_place_of(frames_of(thread).front());
        EXPECT_EQ(place->function, instance.functions[1]);
        EXPECT_EQ(place->offset, before[1].offset);
        return Wish::Continue;
    };
    const auto results = guest.call(instance, "outer", { Value::i32(5) });
    ASSERT_TRUE(results);
    EXPECT_THAT(*results, ElementsAre(Value::i32(1115))) << "the interpreter hands over a return to a site";
    EXPECT_TRUE(is_same);
    EXPECT_EQ(depth, 3u);
}

TEST_F(SiteTest, BecomesAnInterpretedCaller)
{
    then = [&](Thread& thread) {
        fill_in(thread, *thread.control, thread.state.fp, *thread.state.function->instance);
        EXPECT_TRUE(thread.control->return_to().is_interpreter());
        sites.site = {};
        EXPECT_EQ(description(frames_of(thread)), description(before));
        return Wish::Continue;
    };
    EXPECT_THAT(*guest.call(instance, "outer", { Value::i32(5) }), ElementsAre(Value::i32(1115)));
}

TEST_F(SiteTest, EndsWithTheFramesAboveIt)
{
    then = [&](Thread& thread) {
        const Frame middle = frames_of(thread)[1];
        EXPECT_TRUE(frames_of(thread)[0].id.is_above(middle.id));
        EXPECT_FALSE(middle.id.is_above(frames_of(thread)[0].id));
        const Frame inner = frames_of(thread)[0];
        EXPECT_TRUE(is_alive(inner));
        const Value result = Value::i32(11);
        cut_to_caller(thread, inner, store_values({ &result, 1 }, inner.fp));
        EXPECT_FALSE(is_alive(inner));
        EXPECT_TRUE(is_alive(middle));
        return Wish::Move;
    };
    EXPECT_THAT(*guest.call(instance, "outer", { Value::i32(5) }), ElementsAre(Value::i32(1111)));
}

// Heat.

constexpr std::string_view counting = R"((module
  (func $step (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "count") (param $n i32) (result i32) (local $i i32)
    (loop $again
      (local.set $i (call $step (local.get $i)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $i))))";

TEST(Heat, IsUsedUpByCallsAndTurnsAndChangesNothing)
{
    // Without a compiler, which would set the heat.
    Guest guest { EngineConfig { .tier = TierPolicy::Interpreter } };
    Instance& instance = guest.instantiate(counting);
    Function& count = *std::get<Function*>(*instance.find_export("count"));
    Function& step = *instance.functions[0];
    const uint32_t count_before = count.heat, step_before = step.heat;
    EXPECT_THAT(*guest.call(instance, "count", { Value::i32(10) }), ElementsAre(Value::i32(10)));
    EXPECT_EQ(count_before - count.heat, Function::call_heat + 10 * Function::loop_heat);
    EXPECT_EQ(step_before - step.heat, 10 * Function::call_heat);

    for (const uint32_t left : { 0u, 1u, 2u, 15u, 16u, 17u, 50u }) {
        count.heat = step.heat = left;
        EXPECT_THAT(*guest.call(instance, "count", { Value::i32(10) }), ElementsAre(Value::i32(10))) << left;
        EXPECT_GT(step.heat, Function::coldest / 2) << "the driver has set it back";
    }
}

TEST(Heat, HandsOverWithoutASecondLookAtAnInstruction)
{
    const auto stops = [](uint32_t heat, bool is_stepping) {
        Guest guest;
        Eye eye;
        Instance& instance = guest.instantiate(counting);
        for (Function* function : instance.functions) {
            function->heat = heat;
            mark(guest.thread, *function, function->meta->code_offset);
        }
        std::vector<std::pair<Cause, CodeOffset>> seen;
        eye.on_fire = [&](Thread& thread, Cause cause) {
            seen.emplace_back(cause, innermost_frame(thread)->offset);
            for (Function* function : instance.functions)
                function->heat = std::min(function->heat, heat);
            return Wish::Continue;
        };
        guest.thread.probes.set(ProbeRole::Session, &eye);
        set_stepping(guest.thread, is_stepping);
        EXPECT_TRUE(guest.call(instance, "count", { Value::i32(4) }));
        return seen;
    };
    for (const bool is_stepping : { false, true }) {
        const auto cold = stops(Function::coldest, is_stepping);
        EXPECT_GE(cold.size(), is_stepping ? 30u : 4u);
        EXPECT_EQ(stops(0, is_stepping), cold);
    }
}

// Host functions that ask for calls.

TEST(WaitingHost, TrapsAtItsOwnCallWhateverTheGuestCalledMeanwhile)
{
    Guest guest;
    Function* callee = nullptr;
    guest.define("host", "nothing", { {}, {} }, [](HostCall&) -> HostOutcome { return Returned {}; });
    guest.define("host", "ask", { {}, {} }, [&](HostCall&) -> HostOutcome {
        return CallGuest { callee, [](void*, HostCall&, OrTrapped<void>&&) -> HostOutcome {
                              return Trap { .kind = TrapKind::HostError, .message = "afterwards" };
                          } };
    });
    Instance& instance = guest.instantiate(R"((module
      (import "host" "nothing" (func $nothing)) (import "host" "ask" (func $ask))
      (func (export "callee") (nop) (nop) (nop) (nop) (call $nothing))
      (func (export "run") (call $ask) (nop))))");
    callee = &Guest::function(instance, "callee");
    const auto failed = guest.call(instance, "run");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "afterwards");
    ASSERT_EQ(failed.error().trace.size(), 1u);
    EXPECT_EQ(failed.error().trace[0].offset, start_of(instance, 3)) << "the call of `ask`";
}

TEST(HostFunction, TrapsAtItsOwnCallWhateverANestedEntryCalled)
{
    Guest guest;
    guest.define("host", "nothing", { {}, {} }, [](HostCall&) -> HostOutcome { return Returned {}; });
    guest.define("host", "enter", { {}, {} }, [&](HostCall& call) -> HostOutcome {
        EXPECT_TRUE(invoke(call.thread, *std::get<Function*>(*call.caller->find_export("callee")), {}));
        return Trap { .kind = TrapKind::HostError, .message = "afterwards" };
    });
    Instance& instance = guest.instantiate(R"((module
      (import "host" "nothing" (func $nothing)) (import "host" "enter" (func $enter))
      (func (export "callee") (nop) (nop) (nop) (nop) (call $nothing))
      (func (export "run") (call $enter) (nop))))");
    const auto failed = guest.call(instance, "run");
    ASSERT_FALSE(failed);
    ASSERT_EQ(failed.error().trace.size(), 1u);
    EXPECT_EQ(failed.error().trace[0].offset, start_of(instance, 3)) << "the call of `enter`";
}

// Notifications to a tier.

struct Listening final : Tier {
    explicit Listening(Tier& tier) : tier(tier) {}
    RunEnd enter(Thread& thread) override { return tier.enter(thread); }
    RunEnd resume(Thread& thread) override { return tier.resume(thread); }
    RunEnd go_on(Thread& thread) override { return tier.go_on(thread); }
    void code_changed(Thread&, Function& function) override { changed.push_back(function.index.value); }
    void watches_changed(Thread& thread) override { watches.push_back(thread.watches()); }

    Tier& tier;
    std::vector<uint32_t> changed;
    std::vector<const Watches*> watches;
};

TEST(Instrument, TellsTheTierOfEachChange)
{
    Guest guest;
    Listening tier(guest.engine->interpreter);
    Instance& instance = guest.instantiate(nested);
    Thread thread(guest.store, tier, guest.engine->stacks);
    Function& middle = *instance.functions[1];
    const CodeOffset at = start_of(instance, 1);
    mark(thread, middle, at);
    mark(thread, middle, at);
    unmark(thread, middle, at + 2);
    unmark(thread, middle, at);
    unmark(thread, middle, at);
    EXPECT_THAT(tier.changed, ElementsAre(1, 1)) << "what is marked already, or is not, changes nothing";

    const Watches watches({});
    set_watches(thread, &watches);
    set_watches(thread, &watches);
    set_watches(thread, nullptr);
    EXPECT_THAT(tier.watches, ElementsAre(&watches, nullptr));
}

} // namespace
} // namespace vitrine::core
