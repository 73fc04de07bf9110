// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The statements of docs/parity.md about frames and their values.
#include "world.h"

#include <semaphore>

namespace vitrine {
namespace {

using debug::Session;
using debug::StopKind;
using debug::Stopped;
using test::error_of;
using test::exited;
using test::stopped;
using test::World;

/// A guest that is inspected while it waits in the host function `host.look`.
struct Looked : World {
    explicit Looked(const Config& config = Config().guest_debug(true)) : World(config)
    {
        linker.define("host", "look", [this] {
            session->interrupt();
            may_return.acquire();
        });
    }
    /// From here on the session runs the store's guest.
    void begin() { session.emplace(store); }
    debug::Event resume(Stopped stop)
    {
        may_return.release();
        return session->resume(std::move(stop));
    }
    static std::uint32_t offset_of(const Instance& instance, std::uint32_t function)
    {
        return instance.module().functions()[function].offset;
    }

    std::binary_semaphore may_return { 0 };
    std::optional<Session> session;
};

std::vector<Val> values_of(const std::vector<debug::Local>& locals)
{
    std::vector<Val> values;
    for (const debug::Local& local : locals)
        values.push_back(local.value);
    return values;
}

TEST(ParityFrames, TwoFramesBelowAHostFunction)
{
    Looked guest;
    const Instance instance = guest.instantiate(R"((module
        (import "host" "look" (func $look))
        (func $inner (param $x i32) (result i32) (local $y i64)
          (local.set $y (i64.extend_i32_s (local.get $x)))
          i32.const 7
          i64.const 8
          call $look
          drop
          local.get $x
          i32.add)
        (func (export "outer") (param $a f32) (param $b i32) (result i32)
          f64.const 2.5
          i32.const 100
          (call $inner (i32.sub (local.get $b) (i32.const 1)))
          i32.add
          local.set $b
          drop
          local.get $b)))");
    guest.begin();
    Stopped stop = stopped(guest.session->call(*instance.func("outer"), { Val::f32(0.5F), Val::i32(-2) }));
    EXPECT_EQ(stop.reason().kind, StopKind::Interrupt);
    const auto frames = stop.frames();
    ASSERT_EQ(frames.size(), 3u) << "the host function's, and two; nobody called the outermost";
    EXPECT_TRUE(frames[0].is_host());
    EXPECT_EQ(frames[1].function().index(), 1u);
    // After a header of three bytes, five bytes that set the local, two for each constant, and two
    // for the call.
    EXPECT_EQ(frames[1].offset(), Looked::offset_of(instance, 1) + 3 + 5 + 4 + 2);
    EXPECT_THAT(values_of(frames[1].locals()), testing::ElementsAre(Val::i32(-3), Val::i64(-3)));
    EXPECT_THAT(frames[1].operands(), testing::ElementsAre(Val::i32(7), Val::i64(8)));
    EXPECT_EQ(frames[2].function().index(), 2u);
    EXPECT_EQ(frames[2].offset(), Looked::offset_of(instance, 2) + 1 + 9 + 3 + 5 + 2);
    EXPECT_THAT(values_of(frames[2].locals()), testing::ElementsAre(Val::f32(0.5F), Val::i32(-2)));
    EXPECT_THAT(frames[2].operands(), testing::ElementsAre(Val::f64(2.5), Val::i32(100)));
    EXPECT_EQ(exited(guest.resume(std::move(stop)))->front(), Val::i32(104));
}

TEST(ParityFrames, LocalsOfAllWidthsBesideEachOther)
{
    Looked guest;
    const Instance instance = guest.instantiate(R"((module
        (import "host" "look" (func $look))
        (func (export "mixed") (param i32 i64 i32 i64 f32 f64)
          (local $narrow i32) (local $wide i64) (local $vector v128) (local $last i64)
          (local.set $narrow (i32.const -1))
          (local.set $wide (i64.const 0x1122334455667788))
          (local.set $vector (v128.const i64x2 3 -4))
          (local.set $last (i64.const -9))
          (call $look))))");
    guest.begin();
    Stopped stop = stopped(guest.session->call(*instance.func("mixed"),
        { Val::i32(1), Val::i64(INT64_MIN), Val::i32(-3), Val::i64(INT64_MAX), Val::f32(1.5F),
            Val::f64(-2.25) }));
    V128 vector;
    vector.bytes = { 3, 0, 0, 0, 0, 0, 0, 0, 0xfc, 255, 255, 255, 255, 255, 255, 255 };
    EXPECT_THAT(values_of(stop.frames()[1].locals()),
        testing::ElementsAre(Val::i32(1), Val::i64(INT64_MIN), Val::i32(-3), Val::i64(INT64_MAX),
            Val::f32(1.5F), Val::f64(-2.25), Val::i32(-1), Val::i64(0x1122334455667788), Val::v128(vector),
            Val::i64(-9)));
    EXPECT_TRUE(exited(guest.resume(std::move(stop))));
}

constexpr auto boxes = R"((module
    (type $box (struct (field (mut i32))))
    (func $churn (export "churn") (local $n i32)
      (local.set $n (i32.const 50))
      (loop $again
        (drop (struct.new $box (i32.const 9)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "hold") (result i32) (local $kept (ref null $box)) (local $dead (ref null $box))
      (local.set $kept (struct.new $box (i32.const 42)))
      (local.set $dead (struct.new $box (i32.const 17)))
      (struct.new $box (i32.const 5))
      (call $churn)
      (drop)
      (struct.get $box 0 (local.get $kept)))))";

/// A guest that holds structs while a function of its own makes the collector run.
struct Holding : World {
    Holding()
        : World(Config().guest_debug(true).stress_collector(true)),
          instance(instantiate(boxes)),
          session(store)
    {
        const auto id = session.add_breakpoint(
            { .module = instance.module(), .offset = instance.module().functions()[0].offset });
        stop.emplace(stopped(session.call(*instance.func("hold"), {})));
        EXPECT_TRUE(session.remove_breakpoint(*id));
    }
    /// Collects garbage fifty times.
    void churn()
    {
        stop = stopped(session.call(*std::move(stop), *instance.func("churn"), {}));
        EXPECT_EQ(stop->reason().kind, StopKind::CallEnd);
        EXPECT_TRUE(*stop->reason().results);
    }
    static Val field(const Val& value) { return value.as_object() ? *value.as_object()->get(0) : Val(); }

    Instance instance;
    Session session;
    std::optional<Stopped> stop;
};

TEST(ParityFrames, AStructThatTheProgramNeedsNoMoreIsStillShown)
{
    Holding guest;
    guest.churn();
    const Val dead = guest.stop->frames()[1].locals()[1].value;
    EXPECT_FALSE(dead.is_null());
    EXPECT_EQ(Holding::field(dead), Val::i32(17));
    const auto operands = guest.stop->frames()[1].operands();
    ASSERT_EQ(operands.size(), 1u);
    EXPECT_EQ(Holding::field(operands[0]), Val::i32(5));
    EXPECT_EQ(exited(guest.session.resume(*std::move(guest.stop)))->front(), Val::i32(42));
}

TEST(ParityFrames, AHeldStructIsThereAfterACollection)
{
    Holding guest;
    const Val held = guest.stop->frames()[1].locals()[0].value;
    guest.churn();
    EXPECT_EQ(Holding::field(held), Val::i32(42));
    const Val again = guest.stop->frames()[1].locals()[0].value;
    EXPECT_EQ(again, held) << "the same object";
    ASSERT_TRUE(held.as_object()->set(0, Val::i32(43)));
    guest.churn();
    EXPECT_EQ(exited(guest.session.resume(*std::move(guest.stop)))->front(), Val::i32(43));
    EXPECT_EQ(Holding::field(held), Val::i32(43)) << "also when the guest has ended";
}

TEST(ParityFrames, TwoActivationsOfTwoModules)
{
    Looked guest;
    const Instance inner = guest.instantiate(R"((module $inner
        (import "host" "look" (func $look))
        (func (export "half") (param i64) (result i64)
          (call $look)
          (i64.div_s (local.get 0) (i64.const 2)))))");
    guest.linker.define("host", "relay", [&](std::int64_t x) -> Result<std::int64_t> {
        return inner.typed<std::int64_t(std::int64_t)>("half").value()(x + 1);
    });
    const Instance outer = guest.instantiate(R"((module $outer
        (import "host" "relay" (func $relay (param i64) (result i64)))
        (func (export "ask") (param i64) (result i64)
          (i64.mul (i64.const 10) (call $relay (local.get 0))))))");
    guest.begin();
    Stopped stop = stopped(guest.session->call(*outer.func("ask"), { Val::i64(7) }));
    const auto frames = stop.frames();
    ASSERT_EQ(frames.size(), 4u);
    EXPECT_EQ(frames[0].function().name(), "host.look");
    EXPECT_EQ(frames[1].function(), *inner.func("half"));
    EXPECT_EQ(frames[1].instance(), inner);
    EXPECT_EQ(frames[1].module(), inner.module());
    EXPECT_THAT(values_of(frames[1].locals()), testing::ElementsAre(Val::i64(8)));
    EXPECT_EQ(frames[2].function().name(), "host.relay");
    EXPECT_EQ(frames[3].function(), *outer.func("ask"));
    EXPECT_EQ(frames[3].instance(), outer);
    EXPECT_EQ(frames[3].module(), outer.module());
    EXPECT_THAT(values_of(frames[3].locals()), testing::ElementsAre(Val::i64(7)));
    EXPECT_THAT(frames[3].operands(), testing::ElementsAre(Val::i64(10)));
    EXPECT_EQ(frames[1].activation(), 1u);
    EXPECT_EQ(frames[3].activation(), 0u);
    EXPECT_EQ(exited(guest.resume(std::move(stop)))->front(), Val::i64(40));
}

TEST(ParityFrames, AGuestThatRunsNothingHasNone)
{
    World world;
    Session session(world.store);
    Store idle(world.engine);
    ASSERT_TRUE(session.add_store(idle));
    ASSERT_TRUE(session.stop_on({ .load = true }));
    Stopped stop = stopped(session.instantiate(world.linker, world.module("(module)")));
    EXPECT_EQ(stop.reason().kind, StopKind::Load);
    EXPECT_TRUE(stop.frames().empty());
    const auto threads = stop.threads();
    ASSERT_EQ(threads.size(), 2u);
    EXPECT_TRUE(threads[0].frames().empty());
    EXPECT_TRUE(threads[1].frames().empty());
    EXPECT_FALSE(threads[1].is_running());
    EXPECT_TRUE(exited(session.resume(std::move(stop))));
    EXPECT_TRUE(threads[0].frames().empty()) << "nothing is stopped";
}

TEST(ParityFrames, AHandleDiesWhenTheHostFunctionReturns)
{
    Looked guest;
    const Instance instance = guest.instantiate(R"((module
        (import "host" "look" (func $look))
        (func (export "twice") (param i32) (call $look) (call $look))))");
    guest.begin();
    Stopped stop = stopped(guest.session->call(*instance.func("twice"), { Val::i32(6) }));
    const debug::Frame kept = stop.frames()[1];
    ASSERT_TRUE(kept.is_valid());
    stop = stopped(guest.resume(std::move(stop)));
    EXPECT_FALSE(kept.is_valid());
    EXPECT_FALSE(kept.instance());
    EXPECT_TRUE(kept.locals().empty());
    EXPECT_EQ(
        error_of(kept.set_local(0, Val::i32(1))), "the frame is no longer valid: the guest has resumed");
    EXPECT_EQ(error_of(kept.evaluate("$0")), "the frame is no longer valid: the guest has resumed");
    EXPECT_EQ(error_of(kept.assign("$0 = 1")), "the frame is no longer valid: the guest has resumed");
    EXPECT_EQ(*stop.frames()[1].evaluate("$0"), Val::i32(6)) << "a fresh one works";
    EXPECT_TRUE(exited(guest.resume(std::move(stop))));
}

TEST(ParityFrames, OfTwoStoresOnOneThread)
{
    World world;
    Store other_store(world.engine);
    const Instance other = world.linker
                               .instantiate(other_store, world.module(R"((module
        (func (export "double") (param $x i32) (result i32) (i32.mul (local.get $x) (i32.const 2)))))"))
                               .value();
    world.linker.define("host", "relay", [&](std::int32_t x) -> Result<std::int32_t> {
        return other.typed<std::int32_t(std::int32_t)>("double").value()(x + 1);
    });
    const Instance instance = world.instantiate(R"((module
        (import "host" "relay" (func $relay (param i32) (result i32)))
        (func (export "ask") (param $y i32) (result i32) (call $relay (local.get $y)))))");
    Session session(world.store);
    ASSERT_TRUE(session.add_store(other_store));
    ASSERT_TRUE(session.add_breakpoint({ .module = other.module(), .offset = Looked::offset_of(other, 0) }));
    Stopped stop = stopped(session.call(*instance.func("ask"), { Val::i32(4) }));
    EXPECT_EQ(stop.reason().kind, StopKind::Breakpoint);
    EXPECT_EQ(stop.reason().thread, 2u);
    ASSERT_EQ(stop.frames().size(), 1u);
    EXPECT_EQ(stop.frames()[0].instance(), other);
    EXPECT_EQ(stop.frames()[0].locals()[0].value, Val::i32(5));
    const auto caller = stop.threads()[0].frames();
    ASSERT_EQ(caller.size(), 2u);
    EXPECT_TRUE(caller[0].is_host());
    EXPECT_EQ(caller[1].instance(), instance);
    EXPECT_EQ(caller[1].locals()[0].value, Val::i32(4));
    ASSERT_TRUE(stop.frames()[0].set_local(0, Val::i32(50)));
    EXPECT_EQ(exited(session.resume(std::move(stop)))->front(), Val::i32(100));
}

TEST(ParityFrames, ATailCallTakesItsCallersPlace)
{
    World world;
    const Instance instance = world.instantiate(R"((module
        (func $last (param $n i32) (result i32) (i32.add (local.get $n) (i32.const 1)))
        (func $hop (param i32 i32) (result i32) (return_call $last (i32.add (local.get 0) (local.get 1))))
        (func (export "run") (result i32) (i32.mul (call $hop (i32.const 3) (i32.const 4)) (i32.const 2)))))");
    Session session(world.store);
    ASSERT_TRUE(
        session.add_breakpoint({ .module = instance.module(), .offset = Looked::offset_of(instance, 0) }));
    Stopped stop = stopped(session.call(*instance.func("run"), {}));
    const auto frames = stop.frames();
    ASSERT_EQ(frames.size(), 2u) << "the one that made the tail call is gone";
    EXPECT_EQ(frames[0].function().index(), 0u);
    EXPECT_EQ(frames[0].locals()[0].value, Val::i32(7));
    EXPECT_EQ(frames[1].function().index(), 2u);
    EXPECT_EQ(frames[1].offset(), Looked::offset_of(instance, 2) + 1 + 4 + 2);
    EXPECT_EQ(exited(session.resume(std::move(stop)))->front(), Val::i32(16));
}

} // namespace
} // namespace vitrine
