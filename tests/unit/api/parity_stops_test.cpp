// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The statements of docs/parity.md about breakpoints, steps and the life of sessions.
#include "world.h"

namespace vitrine {
namespace {

using debug::Resume;
using debug::Session;
using debug::StopKind;
using debug::Stopped;
using test::error_of;
using test::exited;
using test::stopped;
using test::World;

// The module's header has 8 bytes. Then come the sections of types (9 bytes), functions (4),
// exports (9) and code; the head of the code section has three bytes, and the size of the body one.
constexpr auto squares = R"((module
    (func (export "run") (param i32 i32) (result i32)
      (i32.sub (i32.mul (local.get 0) (local.get 0)) (local.get 1)))))";
constexpr std::uint32_t header = 0x22, first = 0x23;

std::vector<Val> numbers(std::initializer_list<std::int32_t> list)
{
    std::vector<Val> values;
    for (const std::int32_t number : list)
        values.push_back(Val::i32(number));
    return values;
}

struct Squares : World {
    Squares() : module(World::module(squares)) {}
    Instance make() { return linker.instantiate(store, module).value(); }

    Module module;
};

TEST(ParityStops, ABreakpointSetBeforeThereIsAnInstance)
{
    Squares guest;
    ASSERT_EQ(guest.module.functions()[0].offset, header);
    Session session(guest.store);
    const auto id = session.add_breakpoint({ .module = guest.module, .offset = 0x27 });
    ASSERT_TRUE(id);
    const Instance instance = guest.make();
    Stopped stop = stopped(session.call(*instance.func("run"), { Val::i32(9), Val::i32(1) }));
    EXPECT_EQ(stop.frames()[0].offset(), 0x27u);
    EXPECT_EQ(stop.frames()[0].operands(), numbers({ 9, 9 }));
    EXPECT_EQ(stop.frames()[0].locals()[1].value, Val::i32(1));
    EXPECT_EQ(session.breakpoints()[0].offset, 0x27u);
    // A breakpoint set while stepping remains after it; the first one is gone.
    stop = stopped(session.step(std::move(stop)));
    ASSERT_TRUE(session.add_breakpoint({ .module = guest.module, .offset = 0x2a }));
    ASSERT_TRUE(session.remove_breakpoint(*id));
    stop = stopped(session.resume(std::move(stop)));
    EXPECT_EQ(stop.reason().to_text(), "breakpoint 2");
    EXPECT_EQ(stop.frames()[0].offset(), 0x2au);
    EXPECT_EQ(exited(session.resume(std::move(stop)))->front(), Val::i32(80));
    stop = stopped(session.call(*instance.func("run"), { Val::i32(2), Val::i32(0) }));
    EXPECT_EQ(stop.frames()[0].offset(), 0x2au) << "the removed one does not stop";
    EXPECT_EQ(exited(session.resume(std::move(stop)))->front(), Val::i32(4));
    ASSERT_TRUE(session.remove_breakpoint(2));
    EXPECT_TRUE(session.breakpoints().empty());
    EXPECT_EQ(
        exited(session.call(*instance.func("run"), { Val::i32(2), Val::i32(0) }))->front(), Val::i32(4));
}

TEST(ParityStops, StepsHaveTheirOffsetsAndTheOperandsGrowAndShrink)
{
    Squares guest;
    const Instance instance = guest.make();
    Session session(guest.store);
    auto event = session.call(*instance.func("run"), { Val::i32(5), Val::i32(3) }, true);
    std::vector<std::pair<std::uint32_t, std::vector<Val>>> seen;
    while (auto* stop = std::get_if<Stopped>(&event)) {
        EXPECT_EQ(stop->reason().kind, seen.empty() ? StopKind::Entry : StopKind::Step);
        seen.emplace_back(stop->frames()[0].offset(), stop->frames()[0].operands());
        event = session.step(std::move(*stop));
    }
    const decltype(seen) expected { { 0x23, {} }, { 0x25, numbers({ 5 }) }, { 0x27, numbers({ 5, 5 }) },
        { 0x28, numbers({ 25 }) }, { 0x2a, numbers({ 25, 3 }) }, { 0x2b, numbers({ 22 }) } };
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(exited(std::move(event))->front(), Val::i32(22));
}

TEST(ParityStops, FourStopsAndThenOn)
{
    Squares guest;
    const Instance instance = guest.make();
    std::vector<std::uint32_t> offsets;
    ASSERT_TRUE(guest.store.on_debug_event([&](Stopped& stop) {
        offsets.push_back(stop.frames()[0].offset());
        return offsets.size() < 4 ? Resume::step() : Resume::go();
    }));
    ASSERT_TRUE(guest.store.debug_session()->add_breakpoint(
        { .module = guest.module, .offset = header, .is_temporary = true }));
    EXPECT_EQ(instance.func("run")->call({ Val::i32(5), Val::i32(3) })->front(), Val::i32(22));
    EXPECT_THAT(offsets, testing::ElementsAre(0x23, 0x25, 0x27, 0x28));
}

TEST(ParityStops, StepsFromBeforeThereIsAnInstance)
{
    World world;
    const Module module = world.module(R"((module
        (global $done (export "done") (mut i32) (i32.const 0))
        (func $start (global.set $done (i32.const 1)) nop)
        (start $start)))");
    Session session(world.store);
    auto event = session.instantiate(world.linker, module, true);
    std::vector<std::uint32_t> offsets;
    while (auto* stop = std::get_if<Stopped>(&event)) {
        offsets.push_back(stop->frames()[0].offset() - module.functions()[0].offset);
        event = session.step(std::move(*stop));
    }
    EXPECT_THAT(offsets, testing::ElementsAre(1, 3, 5, 6)) << "two instructions of two bytes, one, the end";
    EXPECT_TRUE(exited(std::move(event)));
    EXPECT_EQ(session.instance()->global("done")->get(), Val::i32(1));
}

TEST(ParityStops, AnOffsetInsideAnInstructionSlipsToTheNext)
{
    Squares guest;
    const Instance instance = guest.make();
    Session session(guest.store);
    for (const auto& [asked, placed] : { std::pair(header, first), { 0x24u, 0x25u }, { 0x26u, 0x27u } }) {
        const auto id = session.add_breakpoint({ .module = guest.module, .offset = asked });
        ASSERT_TRUE(id);
        EXPECT_EQ(session.breakpoints()[0].spec.offset, asked);
        EXPECT_EQ(session.breakpoints()[0].offset, placed);
        Stopped stop = stopped(session.call(*instance.func("run"), { Val::i32(5), Val::i32(3) }));
        EXPECT_EQ(stop.frames()[0].offset(), placed);
        EXPECT_TRUE(session.remove_breakpoint(*id));
        EXPECT_EQ(exited(session.resume(std::move(stop)))->front(), Val::i32(22));
    }
    EXPECT_TRUE(session.add_breakpoint({ .module = guest.module, .offset = 0x2b })) << "the end";
    EXPECT_FALSE(session.add_breakpoint({ .module = guest.module, .offset = 0x2c })) << "past it";
    EXPECT_FALSE(session.add_breakpoint({ .module = guest.module, .offset = header - 1 })) << "the size";
}

/// Two modules, one of which calls the other.
constexpr auto callee = R"((module $callee
    (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))))";
constexpr auto caller = R"((module $caller
    (import "callee" "f" (func $f (param i32) (result i32)))
    (func (export "g") (param i32) (result i32) (i32.mul (call $f (local.get 0)) (i32.const 3)))))";

TEST(ParityStops, TwoModulesAtOneOffset)
{
    // Two modules with the same code except for a number.
    Squares guest;
    const Module twin = guest.World::module(R"((module
        (func (export "run") (param i32 i32) (result i32)
          (i32.add (i32.mul (local.get 0) (local.get 0)) (local.get 1)))))");
    const Instance one = guest.make(), two = guest.linker.instantiate(guest.store, twin).value();
    Session session(guest.store);
    const auto id = session.add_breakpoint({ .module = guest.module, .offset = first });
    EXPECT_EQ(exited(session.call(*two.func("run"), { Val::i32(3), Val::i32(1) }))->front(), Val::i32(10))
        << "its offset is another module's";
    const auto twin_id = session.add_breakpoint({ .module = twin, .offset = first });
    Stopped stop = stopped(session.call(*two.func("run"), { Val::i32(3), Val::i32(1) }));
    EXPECT_EQ(stop.reason().id, *twin_id);
    EXPECT_EQ(stop.frames()[0].offset(), first);
    EXPECT_EQ(stop.frames()[0].module(), twin);
    EXPECT_EQ(exited(session.resume(std::move(stop)))->front(), Val::i32(10));
    stop = stopped(session.call(*one.func("run"), { Val::i32(3), Val::i32(1) }));
    EXPECT_EQ(stop.reason().id, *id);
    EXPECT_EQ(stop.frames()[0].offset(), first);
    EXPECT_EQ(stop.frames()[0].module(), guest.module);
    ASSERT_TRUE(session.remove_breakpoint(*id));
    EXPECT_EQ(exited(session.resume(std::move(stop)))->front(), Val::i32(8));
    EXPECT_EQ(stopped(session.call(*two.func("run"), { Val::i32(3), Val::i32(1) })).reason().id, *twin_id)
        << "which is as it was";
}

TEST(ParityStops, TwoModulesAtDifferentOffsets)
{
    World world;
    const Instance inner = world.instantiate(callee);
    world.linker.define_instance("callee", inner);
    const Instance outer = world.instantiate(caller);
    Session session(world.store);
    const std::uint32_t in_inner = inner.module().functions()[0].offset + 1;
    const std::uint32_t in_outer = outer.module().functions()[1].offset + 1;
    ASSERT_NE(in_inner, in_outer);
    const auto add = [&](const Instance& instance, std::uint32_t offset) {
        return session.add_breakpoint({ .module = instance.module(), .offset = offset }).value();
    };
    const auto inner_id = add(inner, in_inner), outer_id = add(outer, in_outer + 2 + 2);
    Stopped stop = stopped(session.call(*outer.func("g"), { Val::i32(4) }));
    EXPECT_EQ(stop.reason().id, inner_id);
    ASSERT_EQ(stop.frames().size(), 2u);
    EXPECT_EQ(stop.frames()[0].offset(), in_inner);
    EXPECT_EQ(stop.frames()[1].offset(), in_outer + 4);
    EXPECT_EQ(stop.frames()[1].module(), outer.module());
    stop = stopped(session.resume(std::move(stop)));
    EXPECT_EQ(stop.reason().id, outer_id);
    EXPECT_EQ(stop.frames()[0].operands(), numbers({ 5 }));
    EXPECT_EQ(exited(session.resume(std::move(stop)))->front(), Val::i32(15));
}

TEST(ParityStops, TheSamePlaceTwiceIsTwoBreakpoints)
{
    Squares guest;
    const Instance instance = guest.make();
    Session session(guest.store);
    const auto one = session.add_breakpoint({ .module = guest.module, .offset = header });
    const auto two = session.add_breakpoint({ .module = guest.module, .offset = first });
    ASSERT_TRUE(one && two);
    EXPECT_NE(*one, *two);
    Stopped stop = stopped(session.call(*instance.func("run"), { Val::i32(5), Val::i32(3) }));
    EXPECT_EQ(stop.reason().id, *one) << "one stop, for the first of them";
    EXPECT_EQ(exited(session.resume(std::move(stop)))->front(), Val::i32(22));
    EXPECT_TRUE(session.remove_breakpoint(*one));
    EXPECT_EQ(error_of(session.remove_breakpoint(*one)), "there is no breakpoint " + std::to_string(*one));
    stop = stopped(session.call(*instance.func("run"), { Val::i32(5), Val::i32(3) }));
    EXPECT_EQ(stop.reason().id, *two) << "the other one is still there";
    EXPECT_TRUE(session.remove_breakpoint(*two));
    EXPECT_EQ(exited(session.resume(std::move(stop)))->front(), Val::i32(22));
    EXPECT_EQ(
        exited(session.call(*instance.func("run"), { Val::i32(5), Val::i32(3) }))->front(), Val::i32(22));
}

TEST(ParityStops, AGuestThatEndsBeforeAnyStop)
{
    Squares guest;
    const Instance instance = guest.make();
    Session session(guest.store);
    EXPECT_EQ(
        exited(session.call(*instance.func("run"), { Val::i32(5), Val::i32(3) }))->front(), Val::i32(22));
    EXPECT_FALSE(session.stopped());
    session.interrupt();
    session.kill();
    EXPECT_EQ(error_of(exited(session.wait())), "the session's guest is not running");
    EXPECT_EQ(
        exited(session.call(*instance.func("run"), { Val::i32(4), Val::i32(3) }))->front(), Val::i32(13));
}

TEST(ParityStops, ASessionAndItsStoreAreDroppedInTheMiddleOfAStep)
{
    for (const bool store_first : { false, true }) {
        Squares guest;
        std::optional<Store> store(std::in_place, guest.engine);
        const Instance instance = guest.linker.instantiate(*store, guest.module).value();
        std::optional<Session> session(std::in_place, *store);
        Stopped stop = stopped(session->call(*instance.func("run"), { Val::i32(5), Val::i32(3) }, true));
        stop = stopped(session->step(std::move(stop)));
        const auto frames = stop.frames();
        ASSERT_EQ(frames[0].operands(), numbers({ 5 }));
        if (store_first)
            store.reset();
        session.reset();
        store.reset();
        EXPECT_FALSE(frames[0].is_valid());
        EXPECT_TRUE(frames[0].operands().empty());
        EXPECT_TRUE(stop.frames().empty());
    }
}

} // namespace
} // namespace vitrine
