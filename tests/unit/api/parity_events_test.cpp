// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The statements of docs/parity.md about events: throws, traps, host errors, interrupts.
#include "world.h"

#include <thread>

namespace vitrine {
namespace {

using debug::Resume;
using debug::Session;
using debug::StopKind;
using debug::Stopped;
using test::exited;
using test::stopped;
using test::World;

/// A guest whose embedder has a handler for its stops.
struct Handled : World {
    explicit Handled(std::string_view wat, const Config& config = Config().guest_debug(true))
        : World(config), text(wat)
    {}
    void begin(debug::StopHandler handler, const debug::StopsOn& stops = {})
    {
        instance = instantiate(text);
        ASSERT_TRUE(store.on_debug_event(std::move(handler)));
        ASSERT_TRUE(store.debug_session()->stop_on(stops));
    }
    Result<std::vector<Val>> call(std::string_view name, std::vector<Val> arguments = {}) const
    {
        return instance->func(name)->call(arguments);
    }
    std::uint32_t offset_of(std::uint32_t function) const
    {
        return instance->module().functions()[function].offset;
    }

    std::string text;
    std::optional<Instance> instance;
};

constexpr auto thrower = R"((module
    (tag $mishap (param i32 f64))
    (func $throws (param $x i32) (local $y i64)
      (local.set $y (i64.const 70))
      (throw $mishap (local.get $x) (f64.const 0.5)))
    (func (export "uncaught") (param $z i32) (call $throws (local.get $z)))
    (func (export "caught") (param $z i32) (result i32 f64)
      (block $caught (result i32 f64)
        (try_table (catch $mishap $caught) (call $throws (local.get $z)))
        unreachable))))";

/// Checks what a handler sees where the guest above throws.
void look_at_throw(const Handled& guest, Stopped& stop)
{
    const auto frames = stop.frames();
    ASSERT_EQ(frames.size(), 2u) << "nothing is unwound";
    EXPECT_EQ(frames[0].function().index(), 0u);
    // After a header of three bytes, five bytes that set the local, and two and nine for the
    // values.
    EXPECT_EQ(frames[0].offset(), guest.offset_of(0) + 3 + 5 + 11);
    EXPECT_THAT(frames[0].operands(), testing::ElementsAre(Val::i32(31), Val::f64(0.5)));
    EXPECT_EQ(frames[0].locals()[0].value, Val::i32(31));
    EXPECT_EQ(frames[0].locals()[1].value, Val::i64(70));
    EXPECT_EQ(frames[1].locals()[0].value, Val::i32(31)) << "its caller is there";
    EXPECT_EQ(stop.reason().exception.kind(), ValKind::ExnRef);
    EXPECT_EQ(*stop.reason().exception.as_object()->get(0), Val::i32(31));
    EXPECT_EQ(*stop.reason().exception.as_object()->get(1), Val::f64(0.5));
}

TEST(ParityEvents, AnExceptionThatNobodyCatchesIsOneEvent)
{
    Handled guest(thrower);
    std::vector<std::string> events;
    guest.begin([&](Stopped& stop) {
        events.push_back(stop.reason().to_text());
        look_at_throw(guest, stop);
        return Resume::go();
    });
    EXPECT_EQ(guest.call("uncaught", { Val::i32(31) }).error().trap()->kind, TrapKind::UncaughtException);
    EXPECT_THAT(events, testing::ElementsAre("trap: uncaught exception {31, 0.5}"));
}

TEST(ParityEvents, AnExceptionThatIsCaughtIsOneEvent)
{
    Handled guest(thrower);
    std::vector<std::string> events;
    guest.begin(
        [&](Stopped& stop) {
            events.push_back(stop.reason().to_text());
            look_at_throw(guest, stop);
            return Resume::go();
        },
        { .caught_throw = true });
    EXPECT_THAT(*guest.call("caught", { Val::i32(31) }), testing::ElementsAre(Val::i32(31), Val::f64(0.5)));
    EXPECT_THAT(events, testing::ElementsAre("throw: exception {31, 0.5}"));
}

TEST(ParityEvents, ADivisionByZeroIsOneEventAtItsInstruction)
{
    Handled guest(R"((module
        (func $remainder (param i32 i32) (result i32) (i32.rem_u (local.get 0) (local.get 1)))
        (func (export "run") (result i32) (call $remainder (i32.const 8) (i32.const 0)))))");
    std::vector<std::string> events;
    guest.begin([&](Stopped& stop) {
        events.push_back(stop.reason().to_text());
        EXPECT_EQ(stop.reason().trap, TrapKind::IntegerDivideByZero);
        EXPECT_EQ(stop.frames()[0].offset(), guest.offset_of(0) + 1 + 4) << "the division itself";
        EXPECT_EQ(stop.frames()[1].offset(), guest.offset_of(1) + 1 + 4 + 2) << "behind the call";
        EXPECT_THAT(stop.frames()[0].operands(), testing::ElementsAre(Val::i32(8), Val::i32(0)));
        return Resume::go();
    });
    const auto failed = guest.call("run");
    EXPECT_EQ(failed.error().trap()->backtrace[0].offset, guest.offset_of(0) + 5);
    EXPECT_THAT(events, testing::ElementsAre("trap: integer divide by zero"));
}

TEST(ParityEvents, AnErrorOfTheHostReachesTheHandlerWithItsText)
{
    Handled guest(R"((module (import "host" "fetch" (func $fetch (param i32)))
        (func (export "run") (call $fetch (i32.const 404)))))");
    guest.linker.define("host", "fetch",
        [](std::int32_t id) -> Result<void> { return Error("no record " + std::to_string(id)); });
    std::vector<std::string> events;
    guest.begin([&](Stopped& stop) {
        events.push_back(stop.reason().to_text());
        EXPECT_EQ(stop.reason().trap, TrapKind::HostError);
        EXPECT_FALSE(stop.frames().empty());
        return Resume::go();
    });
    EXPECT_EQ(guest.call("run").error().message(), "no record 404");
    EXPECT_THAT(events, testing::ElementsAre("trap: no record 404"));
}

TEST(ParityEvents, AnInterruptIsOneEventAndTheResultIsRight)
{
    Handled guest(R"((module (import "host" "now" (func $now))
        (func (export "sum") (param $n i32) (result i32) (local $sum i32)
          (loop $again
            (if (i32.eq (local.get $n) (i32.const 50)) (then (call $now)))
            (local.set $sum (i32.add (local.get $sum) (local.get $n)))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (local.get $sum))))");
    guest.linker.define("host", "now", [&] { guest.store.debug_session()->interrupt(); });
    std::vector<std::string> events;
    guest.begin([&](Stopped& stop) {
        events.push_back(stop.reason().to_text());
        EXPECT_EQ(stop.frames()[0].locals()[0].value, Val::i32(49)) << "at the loop's next header";
        return Resume::go();
    });
    EXPECT_EQ(guest.call("sum", { Val::i32(100) })->front(), Val::i32(5050));
    EXPECT_THAT(events, testing::ElementsAre("interrupt"));
}

TEST(ParityEvents, AnInterruptAtAFunctionsEntryHasReadableFrames)
{
    Handled guest(R"((module (import "host" "now" (func $now))
        (global $mark (mut i32) (i32.const 3))
        (func $callee (param $x i64) (result i64) (local $zero i32) (local $none externref)
          (i64.add (local.get $x) (i64.const 1)))
        (func (export "run") (result i64)
          (call $now)
          (call $callee (i64.const 88)))))");
    guest.linker.define("host", "now", [&] { guest.store.debug_session()->interrupt(); });
    int stops = 0;
    guest.begin([&](Stopped& stop) {
        ++stops;
        EXPECT_EQ(stop.reason().kind, StopKind::Interrupt);
        const auto frames = stop.frames();
        EXPECT_EQ(frames.size(), 2u);
        EXPECT_EQ(frames[0].function().name(), "callee");
        EXPECT_EQ(frames[0].offset(), guest.offset_of(1) + 5)
            << "its first instruction, behind two groups of locals";
        EXPECT_EQ(frames[0].instance(), guest.instance);
        EXPECT_EQ(frames[0].instance()->debug_global(0)->get(), Val::i32(3));
        const auto locals = frames[0].locals();
        EXPECT_EQ(locals[0].value, Val::i64(88));
        EXPECT_EQ(locals[1].value, Val::i32(0));
        EXPECT_TRUE(locals[2].value.is_null());
        EXPECT_EQ(*frames[0].evaluate("$x + 1"), Val::i64(89));
        return Resume::go();
    });
    EXPECT_EQ(guest.call("run")->front(), Val::i64(89));
    EXPECT_EQ(stops, 1);
}

TEST(ParityEvents, AnEndlessLoopEndsWhenItsMemoryIsChanged)
{
    World world;
    const Instance instance = world.instantiate(R"((module (memory 1)
        (func (export "turn") (result i32) (local $turns i32)
          (loop $again
            (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
            (br_if $again (i32.eqz (i32.load8_u (i32.const 77)))))
          (i32.load8_u (i32.const 77)))))");
    Session session(world.store);
    Stopped stop = stopped(session.call(*instance.func("turn"), {}, true));
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(session.go(std::move(stop)));
        session.interrupt();
        stop = stopped(session.wait());
        EXPECT_EQ(stop.reason().kind, StopKind::Interrupt);
    }
    const std::array poke { std::byte(200) };
    ASSERT_TRUE(instance.debug_memory(0)->write(77, poke));
    EXPECT_EQ(exited(session.resume(std::move(stop)))->front(), Val::i32(200));
}

// -- Handlers that change the outcome of an exception, with collections in between

constexpr auto boxes = R"((module
    (type $box (struct (field (mut i32))))
    (tag $boxed (export "boxed") (param (ref null $box)))
    (tag $other (export "other") (param i32))
    (func (export "churn") (local $n i32)
      (local.set $n (i32.const 50))
      (loop $again
        (drop (struct.new $box (i32.const 9)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func $throws (param i32) (result i32)
      (throw $boxed (struct.new $box (local.get 0))))
    (func (export "run") (param i32) (result i32)
      (block $other (result i32)
        (block $boxed (result (ref null $box))
          (try_table (catch $boxed $boxed) (catch $other $other)
            (return (call $throws (local.get 0))))
          unreachable)
        (struct.get $box 0)))
    (func (export "bare") (param i32) (result i32) (call $throws (local.get 0)))))";

/// A guest that throws objects, with a collection at each allocation.
struct Throwing : Handled {
    Throwing() : Handled(boxes, Config().guest_debug(true).stress_collector(true)) {}

    /// At the first throw, calls the guest so that garbage is collected, and then applies `change`.
    void begin_with(std::function<void(Stopped&)> change)
    {
        begin(
            [this, change = std::move(change)](Stopped& stop) {
                events.push_back(stop.reason().to_text());
                EXPECT_TRUE(call("churn"));
                if (events.size() == 1)
                    change(stop);
                EXPECT_TRUE(call("churn"));
                return Resume::go();
            },
            { .caught_throw = true });
    }

    std::vector<std::string> events;
};

TEST(ParityEvents, AHandlerLetsAnExceptionGoOnAfterACollection)
{
    Throwing guest;
    guest.begin_with([](Stopped&) {});
    EXPECT_EQ(guest.call("run", { Val::i32(42) })->front(), Val::i32(42));
    EXPECT_THAT(guest.events, testing::ElementsAre("throw: exception {struct}"));
    guest.events.clear();
    const auto thrown = guest.call("bare", { Val::i32(43) });
    EXPECT_EQ(thrown.error().trap()->kind, TrapKind::UncaughtException);
    EXPECT_TRUE(guest.call("churn"));
    const Val payload = *Val::thrown(*thrown.error().trap()).as_object()->get(0);
    EXPECT_EQ(*payload.as_object()->get(0), Val::i32(43)) << "the error keeps it";
}

TEST(ParityEvents, AHandlerTakesAnExceptionAfterACollection)
{
    Throwing guest;
    guest.begin_with([](Stopped& stop) { EXPECT_TRUE(stop.clear_exception()); });
    for (const char* name : { "run", "bare" }) {
        guest.events.clear();
        const auto failed = guest.call(name, { Val::i32(42) });
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().message(), "the debugger took the exception");
        EXPECT_EQ(failed.error().trap()->kind, TrapKind::HostError);
        EXPECT_EQ(guest.events.size(), 1u);
        EXPECT_EQ(guest.call("run", { Val::i32(7) })->front(), Val::i32(7)) << "the next call is as ever";
    }
}

TEST(ParityEvents, AHandlerThrowsAnotherExceptionAfterACollection)
{
    Throwing guest;
    guest.begin_with([&](Stopped& stop) {
        EXPECT_TRUE(stop.throw_exception(*guest.instance->tag("other"), { Val::i32(1000) }));
    });
    EXPECT_EQ(guest.call("run", { Val::i32(42) })->front(), Val::i32(1000));
    EXPECT_THAT(guest.events, testing::ElementsAre("throw: exception {struct}", "throw: exception {1000}"));
}

TEST(ParityEvents, AHandlerThrowsTheSameAgainAfterACollection)
{
    Throwing guest;
    guest.begin_with([&](Stopped& stop) {
        const Val payload = *stop.reason().exception.as_object()->get(0);
        EXPECT_TRUE(payload.as_object()->set(0, Val::i32(44)));
        const auto thrown = stop.throw_exception(*guest.instance->tag("boxed"), { payload });
        EXPECT_TRUE(thrown) << test::error_of(thrown);
    });
    EXPECT_EQ(guest.call("run", { Val::i32(42) })->front(), Val::i32(44));
    EXPECT_THAT(guest.events, testing::ElementsAre("throw: exception {struct}", "throw: exception {struct}"));
}

} // namespace
} // namespace vitrine
