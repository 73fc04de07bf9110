// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stops that call a handler on the guest's own thread.
#include "world.h"

#include <thread>

namespace vitrine {
namespace {

using debug::Resume;
using debug::StopKind;
using debug::Stopped;
using test::error_of;
using test::World;

constexpr auto guest_text = R"((module
    (func $add (export "add") (param $a i32) (param $b i32) (result i32)
      (i32.add (local.get $a) (local.get $b)))
    (func (export "sum") (param i32) (result i32)
      (call $add (local.get 0) (i32.const 1)))
    (func (export "trap") unreachable)
    (func (export "spin") (loop $again (br $again)))))";

struct Handled : World {
    Handled() : instance(instantiate(guest_text)) {}
    void handle(debug::StopHandler handler) { ASSERT_TRUE(store.on_debug_event(std::move(handler))); }
    std::uint32_t break_in_add(debug::BreakpointSpec spec)
    {
        spec.offset = instance.module().functions()[0].offset;
        return store.debug_session()->add_breakpoint(spec).value();
    }
    Result<std::vector<Val>> sum(std::int32_t x) { return instance.func("sum")->call({ Val::i32(x) }); }

    Instance instance;
};

TEST(Handlers, LookAndChangeOnTheGuestsThread)
{
    Handled guest;
    const auto embedder = std::this_thread::get_id();
    int stops = 0;
    guest.handle([&](Stopped& stopped) {
        ++stops;
        EXPECT_EQ(std::this_thread::get_id(), embedder);
        EXPECT_EQ(stopped.reason().to_text(), "breakpoint 1");
        EXPECT_EQ(stopped.frames().size(), 2u);
        EXPECT_TRUE(stopped.frames()[0].set_local(0, Val::i32(40)));
        return Resume::go();
    });
    guest.break_in_add({ .module = guest.instance.module() });
    EXPECT_EQ(guest.sum(1)->front(), Val::i32(41));
    EXPECT_EQ(stops, 1);
}

TEST(Handlers, ChooseHowToGoOn)
{
    Handled guest;
    std::vector<std::string> events;
    guest.handle([&](Stopped& stopped) {
        const debug::Frame frame = stopped.frames().front();
        events.push_back(stopped.reason().to_text() + " " + std::to_string(frame.operands().size()));
        return events.size() < 4 ? Resume::step() : events.size() == 4 ? Resume::step_out() : Resume::go();
    });
    guest.break_in_add({ .module = guest.instance.module() });
    EXPECT_EQ(guest.sum(1)->front(), Val::i32(2));
    EXPECT_THAT(events, testing::ElementsAre("breakpoint 1 0", "step 1", "step 2", "step 1", "step 1"));
}

TEST(Handlers, EndTheGuest)
{
    Handled guest;
    guest.handle([](Stopped&) { return Resume::stop_guest(); });
    guest.break_in_add({ .module = guest.instance.module() });
    EXPECT_EQ(guest.sum(1).error().trap()->kind, TrapKind::Killed);
    EXPECT_EQ(guest.sum(1).error().trap()->kind, TrapKind::Killed) << "each call anew";
    guest.handle(nullptr);
    EXPECT_EQ(guest.sum(1)->front(), Val::i32(2));
    EXPECT_EQ(guest.store.debug_session(), nullptr);
}

TEST(Handlers, CallTheGuestAndNest)
{
    Handled guest;
    int depth = 0, deepest = 0;
    guest.handle([&](Stopped& stopped) {
        deepest = std::max(deepest, ++depth);
        if (depth < 4) {
            EXPECT_EQ(guest.sum(depth * 10)->front(), Val::i32(depth * 10 + 1));
        }
        EXPECT_EQ(stopped.frames().size(), static_cast<std::size_t>(2 * depth))
            << "the frames of the stops around it are there too";
        --depth;
        return Resume::go();
    });
    guest.break_in_add({ .module = guest.instance.module() });
    EXPECT_EQ(guest.sum(1)->front(), Val::i32(2));
    EXPECT_EQ(deepest, 4);
}

TEST(Handlers, SeeTrapsBeforeTheyUnwind)
{
    Handled guest;
    std::vector<std::string> events;
    guest.handle([&](Stopped& stopped) {
        events.push_back(stopped.reason().to_text());
        EXPECT_EQ(stopped.frames().size(), 1u);
        return Resume::go();
    });
    EXPECT_EQ(guest.instance.func("trap")->call({}).error().trap()->kind, TrapKind::Unreachable);
    EXPECT_THAT(events, testing::ElementsAre("trap: unreachable"));
}

TEST(Handlers, AreInterruptedFromAnotherThread)
{
    Handled guest;
    int stops = 0;
    guest.handle([&](Stopped& stopped) {
        ++stops;
        EXPECT_EQ(stopped.reason().kind, StopKind::Interrupt);
        return Resume::stop_guest();
    });
    std::atomic<bool> is_over = false;
    std::thread other([&] {
        while (!is_over) {
            guest.store.debug_session()->interrupt();
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    });
    EXPECT_EQ(guest.instance.func("spin")->call({}).error().trap()->kind, TrapKind::Killed);
    is_over = true;
    other.join();
    EXPECT_EQ(stops, 1);
}

TEST(Handlers, CountLogAndIgnore)
{
    Handled guest;
    std::vector<std::string> events;
    guest.handle([&](Stopped& stopped) {
        events.push_back(stopped.reason().to_text());
        return Resume::go();
    });
    ASSERT_TRUE(guest.store.debug_session()->on_message(
        [&](std::string_view message) { events.emplace_back(message); }));
    const Module module = guest.instance.module();
    const auto conditional = guest.break_in_add({ .module = module, .condition = "$a == 3" });
    const auto ignored = guest.break_in_add({ .module = module, .ignore_count = 3 });
    guest.break_in_add({ .module = module, .message = "a = {$a}" });
    guest.break_in_add({ .module = module, .condition = "a == 1", .is_temporary = true });
    const auto disabled = guest.break_in_add({ .module = module, .is_enabled = false });
    for (const int x : { 1, 1, 3, 4, 3 })
        EXPECT_EQ(guest.sum(x)->front(), Val::i32(x + 1));
    EXPECT_THAT(events,
        testing::ElementsAre("a = 1", "breakpoint 4", "a = 1", "a = 3", "breakpoint 1", "a = 4",
            "breakpoint 2", "a = 3", "breakpoint 1"));
    const auto rows = guest.store.debug_session()->breakpoints();
    ASSERT_EQ(rows.size(), 4u) << "the temporary one is gone";
    EXPECT_EQ(rows[0].id, conditional);
    EXPECT_EQ(rows[0].hits, 2u);
    EXPECT_EQ(rows[1].hits, 5u);
    EXPECT_EQ(rows[3].hits, 0u);
    events.clear();
    ASSERT_TRUE(guest.store.debug_session()->change_breakpoint(
        disabled, { .module = module, .offset = rows[3].spec.offset }));
    ASSERT_TRUE(guest.store.debug_session()->remove_breakpoint(ignored));
    EXPECT_TRUE(guest.sum(9));
    EXPECT_THAT(events, testing::ElementsAre("a = 9", "breakpoint 5"));
}

TEST(Handlers, RefuseConditionsWithErrors)
{
    Handled guest;
    guest.handle([](Stopped&) { return Resume::go(); });
    const auto offset = guest.instance.module().functions()[0].offset;
    const auto refused = guest.store.debug_session()->add_breakpoint(
        { .module = guest.instance.module(), .offset = offset, .condition = "$a == nothing" });
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), testing::StartsWith("condition: "));
    EXPECT_TRUE(guest.store.debug_session()->breakpoints().empty());
}

TEST(Handlers, StopWhereAConditionCannotBeEvaluated)
{
    World world;
    const Instance instance = world.instantiate(
        R"((module (memory 1) (func (export "f") (param $at i32) (result i32) (local.get $at))))");
    std::vector<std::string> events;
    ASSERT_TRUE(world.store.on_debug_event([&](Stopped& stopped) {
        events.push_back(stopped.reason().to_text());
        return Resume::go();
    }));
    ASSERT_TRUE(world.store.debug_session()->add_breakpoint({ .module = instance.module(),
        .offset = instance.module().functions()[0].offset,
        .condition = "i32[$at] == 1" }));
    EXPECT_TRUE(instance.func("f")->call({ Val::i32(0) }));
    EXPECT_TRUE(events.empty());
    EXPECT_TRUE(instance.func("f")->call({ Val::i32(-1) }));
    ASSERT_EQ(events.size(), 1u);
    EXPECT_THAT(events[0], testing::StartsWith("breakpoint 1: condition: "));
}

TEST(Handlers, AreRefusedWithoutGuestDebug)
{
    World closed(false);
    EXPECT_EQ(error_of(closed.store.on_debug_event([](Stopped&) { return Resume::go(); })),
        "the engine is not configured with guest_debug");
    World open;
    debug::Session session(open.store);
    EXPECT_EQ(error_of(open.store.on_debug_event([](Stopped&) { return Resume::go(); })),
        "the store has a session already");
    Handled guest;
    guest.handle([](Stopped&) { return Resume::go(); });
    EXPECT_EQ(
        error_of(std::get<debug::Exited>(guest.store.debug_session()->call(*guest.instance.func("trap"), {}))
                .results),
        "the session's handler watches what the embedder runs");
}

} // namespace
} // namespace vitrine
