// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "world.h"

#include <chrono>
#include <csignal>
#include <limits>
#include <optional>
#include <thread>

namespace vitrine {
namespace {

using test::error_of;
using test::World;

constexpr auto calculator = R"((module $calculator
    (func $divide (export "divide") (param i32 i32) (result i32)
      (i32.div_s (local.get 0) (local.get 1)))
    (func (export "divide_both") (param i32 i32) (result i32 i32)
      (call $divide (local.get 0) (local.get 1))
      (call $divide (local.get 1) (local.get 0)))
    (func (export "mix") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
      local.get 3 local.get 2 local.get 1 local.get 0)
    (func $deep (export "deep") (result i32) (i32.add (call $deep) (i32.const 1)))
    (func (export "forever") (loop br 0))
    (global (export "count") i32 (i32.const 3))))";

TEST(Calls, TakeAndGiveValuesOfEveryNumericKind)
{
    World world;
    const auto instance = world.instantiate(calculator);
    const auto results =
        instance.func("mix")->call({ Val::i32(-1), Val::i64(-2), Val::f32(0.5F), Val::f64(-0.25) });
    ASSERT_TRUE(results);
    EXPECT_THAT(*results, testing::ElementsAre(Val::f64(-0.25), Val::f32(0.5F), Val::i64(-2), Val::i32(-1)));
    const auto mix = instance.typed<std::tuple<double, float, std::int64_t, std::int32_t>(
        std::int32_t, std::int64_t, float, double)>("mix");
    ASSERT_TRUE(mix);
    EXPECT_EQ(*(*mix)(-1, -2, 0.5F, -0.25), std::tuple(-0.25, 0.5F, std::int64_t { -2 }, -1));
    const auto extremes =
        *(*mix)(std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int64_t>::min(),
            std::numeric_limits<float>::max(), std::numeric_limits<double>::denorm_min());
    EXPECT_EQ(std::get<3>(extremes), std::numeric_limits<std::int32_t>::min());
    EXPECT_EQ(std::get<2>(extremes), std::numeric_limits<std::int64_t>::min());
}

TEST(Calls, UnsignedIsTheSameTypeForTheGuest)
{
    World world;
    const auto instance = world.instantiate(calculator);
    const auto divide = instance.typed<std::uint32_t(std::uint32_t, std::uint32_t)>("divide");
    ASSERT_TRUE(divide);
    EXPECT_EQ(*(*divide)(0xfffffffc, 2), 0xfffffffe) << "div_s of -4 by 2";
}

TEST(Calls, CheckTheNumberAndTheKindsOfArguments)
{
    World world;
    const Func divide = *world.instantiate(calculator).func("divide");
    EXPECT_EQ(
        error_of(divide.call({ Val::i32(1) })), "cannot call divide: expected 2 values [i32 i32], got 1");
    EXPECT_EQ(error_of(divide.call({ Val::i32(1), Val::i32(1), Val::i32(1) })),
        "cannot call divide: expected 2 values [i32 i32], got 3");
    EXPECT_EQ(error_of(divide.call({ Val::i32(1), Val::i64(1) })),
        "cannot call divide: value 1: expected a value of type i32, got i64");
    EXPECT_EQ(error_of(divide.call({ Val(), Val::i32(1) })),
        "cannot call divide: value 0: expected a value of type i32, got none");
    EXPECT_TRUE(divide.call({ Val::i32(1), Val::i32(1) })) << "and go on afterwards";
}

TEST(Calls, TypedOnesAreRefusedByBothTypes)
{
    World world;
    const auto instance = world.instantiate(calculator);
    EXPECT_EQ(error_of(instance.func("divide")->typed<std::int64_t(std::int32_t, std::int32_t)>()),
        "function divide is of type (param i32 i32) (result i32), not (param i32 i32) (result i64)");
    EXPECT_FALSE(instance.func("divide")->typed<void(std::int32_t, std::int32_t)>());
    EXPECT_FALSE(instance.func("divide")->typed<std::int32_t(std::int32_t)>());
    EXPECT_FALSE((
        instance.func("mix")->typed<std::tuple<double, float>(std::int32_t, std::int64_t, float, double)>()));
    EXPECT_EQ(error_of(instance.typed<void()>("nowhere")), "there is no exported function \"nowhere\"");
    EXPECT_EQ(error_of(instance.typed<void()>("count")), "there is no exported function \"count\"");
    EXPECT_TRUE((instance.func("divide_both")
            ->typed<std::tuple<std::int32_t, std::int32_t>(std::int32_t, std::int32_t)>()));
}

TEST(Calls, TrapsAreErrorsWithABacktrace)
{
    World world;
    const auto instance = world.instantiate(calculator);
    const auto functions = instance.module().functions();
    const auto failed = instance.func("divide_both")->call({ Val::i32(1), Val::i32(0) });
    ASSERT_FALSE(failed);
    const Trap* trap = failed.error().trap();
    ASSERT_TRUE(trap);
    EXPECT_EQ(trap->kind, TrapKind::IntegerDivideByZero);
    EXPECT_EQ(trap->text, "integer divide by zero");
    EXPECT_EQ(failed.error().to_text(), "integer divide by zero");
    ASSERT_EQ(trap->backtrace.size(), 2u);
    EXPECT_EQ(trap->backtrace[0].function, 0u);
    EXPECT_EQ(trap->backtrace[0].name, "divide");
    EXPECT_EQ(trap->backtrace[0].module, "calculator");
    EXPECT_EQ(trap->backtrace[0].offset, functions[0].offset + 5) << "header, two local.get: the division";
    EXPECT_EQ(trap->backtrace[1].function, 1u);
    EXPECT_EQ(trap->backtrace[1].name, "divide_both");
    EXPECT_EQ(trap->backtrace[1].offset, functions[1].offset + 7) << "behind the call";
    const auto typed = instance.typed<std::int32_t(std::int32_t, std::int32_t)>("divide");
    EXPECT_EQ((*typed)(std::numeric_limits<std::int32_t>::min(), -1).error().trap()->kind,
        TrapKind::IntegerOverflow);
    EXPECT_EQ(*(*typed)(9, 3), 3) << "the store is good for more";
}

TEST(Calls, ExhaustedStacksAreTraps)
{
    World world;
    const auto instance = world.instantiate(calculator);
    const auto failed = instance.func("deep")->call({});
    ASSERT_TRUE(failed.error().trap());
    EXPECT_EQ(failed.error().trap()->kind, TrapKind::StackOverflow);
    EXPECT_EQ(failed.error().message(), "call stack exhausted");
    EXPECT_EQ(failed.error().trap()->backtrace.size(), 64u) << "the innermost ones";
}

TEST(Calls, HaveAStackOfTheSizeOfTheirEngine)
{
    struct Deep : World {
        explicit Deep(std::uint64_t stack_bytes) : World(Config().max_stack_bytes(stack_bytes))
        {
            linker.define("host", "other", [this] { return other ? other->dig() : 0; });
            instance = instantiate(R"((module
                (import "host" "other" (func $other (result i32)))
                (global $depth (mut i32) (i32.const 0))
                (func (export "dig") (param i32) (call $down (call $other)))
                (func $down (param i32)
                  (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
                  (call $down (local.get 0)))
                (func (export "depth") (result i32)
                  (global.get $depth) (global.set $depth (i32.const 0)))))");
        }
        /// How many frames there are when the stack is exhausted.
        std::int32_t dig()
        {
            const auto ended = instance->func("dig")->call({ Val::i32(0) });
            EXPECT_EQ(error_of(ended), "call stack exhausted");
            depth = *instance->typed<std::int32_t()>("depth").value()();
            return depth;
        }
        std::optional<Instance> instance;
        Deep* other = nullptr;
        std::int32_t depth = 0;
    };
    Deep small(64 << 10), large(1 << 20);
    const std::int32_t in_small = small.dig(), in_large = large.dig();
    EXPECT_GT(in_large, 15 * in_small);
    const auto check = [&] {
        for (Deep* const other : { static_cast<Deep*>(nullptr), &large }) {
            small.other = other;
            large.depth = 0;
            EXPECT_EQ(small.dig(), in_small);
            EXPECT_EQ(large.depth, other ? in_large : 0);
            EXPECT_EQ(large.dig(), in_large);
        }
    };
    check();
    std::thread(check).join();
    check();
}

TEST(Calls, MayNestThroughTheHost)
{
    World world;
    std::optional<Instance> instance;
    int depth = 0;
    world.linker.define("host", "again", [&](std::int32_t n) -> Result<std::int32_t> {
        ++depth;
        return instance->typed<std::int32_t(std::int32_t)>("sum").value()(n - 1);
    });
    instance = world.instantiate(R"((module
        (import "host" "again" (func $again (param i32) (result i32)))
        (func (export "sum") (param i32) (result i32)
          (if (result i32) (local.get 0)
            (then (i32.add (local.get 0) (call $again (local.get 0))))
            (else (i32.div_u (i32.const 0) (local.get 0)))))))");
    const auto failed = instance->func("sum")->call({ Val::i32(5) });
    EXPECT_EQ(depth, 5);
    ASSERT_TRUE(failed.error().trap());
    EXPECT_EQ(failed.error().trap()->kind, TrapKind::IntegerDivideByZero)
        << "a trap passes through the hosts between";
    EXPECT_EQ(failed.error().trap()->text, "integer divide by zero");
}

TEST(Calls, AreInterruptedFromAnotherThread)
{
    World world;
    const auto instance = world.instantiate(calculator);
    const Interrupter interrupter = world.store.interrupter();
    std::jthread other([&](const std::stop_token& stop) {
        // An interrupt only affects a running guest, so repeat it until it does.
        while (!stop.stop_requested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            interrupter.interrupt();
        }
    });
    const auto failed = instance.func("forever")->call({});
    ASSERT_TRUE(failed.error().trap());
    EXPECT_EQ(failed.error().trap()->kind, TrapKind::Interrupted);
    EXPECT_EQ(failed.error().message(), "interrupted");
    EXPECT_EQ(failed.error().trap()->backtrace.size(), 1u);
    other.request_stop();
    other.join();
    EXPECT_TRUE(instance.func("divide")->call({ Val::i32(1), Val::i32(1) })) << "only the call is ended";
}

const Interrupter* of_signal;
extern "C" void on_signal(int) { of_signal->interrupt(); }

TEST(Calls, AreInterruptedFromASignalHandler)
{
    World world;
    world.linker.define("host", "raise", [] { std::raise(SIGUSR1); });
    const auto instance = world.instantiate(R"((module
        (import "host" "raise" (func $raise))
        (func (export "run") call $raise (loop br 0))))");
    const Interrupter interrupter = world.store.interrupter();
    of_signal = &interrupter;
    const auto former = std::signal(SIGUSR1, on_signal);
    const auto failed = instance.func("run")->call({});
    std::signal(SIGUSR1, former);
    ASSERT_TRUE(failed.error().trap());
    EXPECT_EQ(failed.error().trap()->kind, TrapKind::Interrupted);
}

TEST(Calls, AnInterruptWhileNothingRunsIsForgotten)
{
    World world;
    const auto instance = world.instantiate(calculator);
    world.store.interrupter().interrupt();
    EXPECT_TRUE(instance.func("divide")->call({ Val::i32(1), Val::i32(1) }));
}

TEST(Calls, OnlyTheStoreThatIsInterruptedStops)
{
    World one, other;
    other.linker.define("host", "tick", [&] { one.store.interrupter().interrupt(); });
    const auto instance = other.instantiate(R"((module
        (import "host" "tick" (func $tick))
        (func (export "run") (result i32) (local i32)
          (loop
            (call $tick)
            (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 9))))
          (local.get 0))))");
    EXPECT_EQ(instance.func("run")->call({})->front(), Val::i32(9));
}

TEST(Functions, SayTheirTypeNameAndIndex)
{
    World world;
    const auto instance = world.instantiate(calculator);
    const Func deep = *instance.func("deep");
    EXPECT_EQ(deep.name(), "deep");
    EXPECT_EQ(deep.index(), 3u);
    EXPECT_EQ(deep.type().to_text(), "(result i32)");
    EXPECT_EQ(instance.func("forever")->name(), "forever") << "from its export";
    const Func host = *Func::wrap(world.store, [](std::int32_t, double) {});
    EXPECT_FALSE(host.index());
    EXPECT_EQ(host.type(), (FuncType { { ValKind::I32, ValKind::F64 }, {} }));
}

TEST(Functions, AreWrappedCalledAndPutIntoTables)
{
    World world;
    const auto instance = world.instantiate(R"((module
        (type $unary (func (param i32) (result i32)))
        (table (export "slots") 2 funcref)
        (func (export "run") (param i32) (result i32)
          (call_indirect (type $unary) (local.get 0) (i32.const 1)))))");
    int offset = 100;
    const Func add = *Func::wrap(world.store, [&offset](std::int32_t x) { return x + offset; });
    EXPECT_EQ(add.call({ Val::i32(1) })->front(), Val::i32(101)) << "without a guest between";
    ASSERT_TRUE(instance.table("slots")->set(1, Val::funcref(add)));
    EXPECT_EQ(instance.func("run")->call({ Val::i32(2) })->front(), Val::i32(102));
    EXPECT_EQ(instance.table("slots")->get(1)->as_funcref(), add);
    const Func wrong = *Func::wrap(world.store, [](std::int64_t x) { return x; });
    ASSERT_TRUE(instance.table("slots")->set(1, Val::funcref(wrong)));
    EXPECT_EQ(error_of(instance.func("run")->call({ Val::i32(2) })), "indirect call type mismatch");
}

} // namespace
} // namespace vitrine
