// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "world.h"

#include <functional>
#include <memory>
#include <stdexcept>

namespace vitrine {
namespace {

using test::error_of;
using test::World;

std::int32_t plus_one(std::int32_t x) { return x + 1; }
std::int32_t plus_two(std::int32_t x) noexcept { return x + 2; }

struct Counter {
    std::int32_t operator()(std::int32_t x) { return count += x; }
    std::int32_t count = 0;
};

/// Calls "host" "f", of (param i32) (result i32), with 5.
Result<std::vector<Val>> call_host(World& world)
{
    const auto instance = world.linker.instantiate(world.store, world.module(R"((module
        (import "host" "f" (func $f (param i32) (result i32)))
        (func (export "run") (result i32) (call $f (i32.const 5)))))"));
    if (!instance)
        return instance.error();
    return instance->func("run")->call({});
}

/// The same with a single definition.
template<class F> std::string answer(F&& callable)
{
    World world;
    world.linker.define("host", "f", std::forward<F>(callable));
    const auto results = call_host(world);
    return results ? results->front().to_text() : "error: " + results.error().message();
}

TEST(HostFunctions, AreAnyCallable)
{
    int base = 10;
    auto owned = std::make_unique<int>(20);
    EXPECT_EQ(answer(plus_one), "6");
    EXPECT_EQ(answer(&plus_two), "7");
    EXPECT_EQ(answer([&](std::int32_t x) { return base + x; }), "15");
    EXPECT_EQ(answer([owned = std::move(owned)](std::int32_t x) { return *owned + x; }), "25");
    EXPECT_EQ(answer([calls = 0](std::int32_t x) mutable { return x + ++calls; }), "6");
    EXPECT_EQ(answer(std::function<std::int32_t(std::int32_t)>(plus_one)), "6");
    EXPECT_EQ(answer(Counter {}), "5");
    EXPECT_EQ(answer([](const std::uint32_t& x) -> std::uint32_t { return ~x; }), "-6");
}

TEST(HostFunctions, MayReturnAResult)
{
    EXPECT_EQ(answer([](std::int32_t x) -> Result<std::int32_t> { return 2 * x; }), "10");
    EXPECT_EQ(
        answer([](std::int32_t) -> Result<std::int32_t> { return Error("no paper"); }), "error: no paper");
}

TEST(HostFunctions, MayReturnNothingOrSeveralValues)
{
    World world;
    int calls = 0;
    world.linker.define("host", "none", [&] { ++calls; })
        .define("host", "maybe",
            [&](std::int32_t fails) -> Result<void> {
                if (fails)
                    return Error("it fails");
                ++calls;
                return {};
            })
        .define("host", "pair", [] { return std::tuple(std::int64_t { 7 }, 0.5F); })
        .define("host", "pair_or_not", [](std::int32_t fails) -> Result<std::tuple<double, std::int32_t>> {
            if (fails)
                return Error("no pair");
            return std::tuple(1.5, 9);
        });
    const auto instance = world.instantiate(R"((module
        (import "host" "none" (func $none))
        (import "host" "maybe" (func $maybe (param i32)))
        (import "host" "pair" (func $pair (result i64 f32)))
        (import "host" "pair_or_not" (func $pair_or_not (param i32) (result f64 i32)))
        (func (export "run") (param i32) (result i64 f32 f64 i32)
          call $none (call $maybe (local.get 0)) call $pair (call $pair_or_not (local.get 0)))
        (func (export "fail") (result f64 i32) (call $pair_or_not (i32.const 1)))))");
    EXPECT_THAT(*instance.func("run")->call({ Val::i32(0) }),
        testing::ElementsAre(Val::i64(7), Val::f32(0.5F), Val::f64(1.5), Val::i32(9)));
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(error_of(instance.func("run")->call({ Val::i32(1) })), "it fails");
    EXPECT_EQ(error_of(instance.func("fail")->call({})), "no pair");
}

TEST(HostFunctions, WhatTheyThrowBecomesATrapWithItsText)
{
    const auto kind = [](auto callable) {
        World world;
        world.linker.define("host", "f", callable);
        const auto failed = call_host(world);
        EXPECT_EQ(failed.error().trap()->backtrace.size(), 1u);
        return failed.error().trap()->kind;
    };
    const auto throws = [](std::int32_t) -> std::int32_t { throw std::runtime_error("out of ink"); };
    const auto throws_int = [](std::int32_t) -> std::int32_t { throw 5; };
    EXPECT_EQ(answer(throws), "error: out of ink");
    EXPECT_EQ(answer(throws_int), "error: the host threw something that is not a std::exception");
    EXPECT_EQ(kind(throws), TrapKind::HostError);
    World world;
    world.linker.define("host", "f", FuncType { { ValKind::I32 }, { ValKind::I32 } },
        [](Caller&, std::span<const Val>) -> Result<std::vector<Val>> { throw std::logic_error("wrong"); });
    EXPECT_EQ(error_of(call_host(world)), "wrong");
}

TEST(HostFunctions, TheirErrorsMayBeTrapsThemselves)
{
    EXPECT_EQ(answer([](std::int32_t) -> Result<std::int32_t> {
        return Error(Trap { .kind = TrapKind::Unreachable, .text = "unreachable" });
    }),
        "error: unreachable");
    World world;
    world.linker.define("host", "f", [](std::int32_t status) -> Result<std::int32_t> {
        return Error(Trap { .kind = TrapKind::Exit, .exit_status = status });
    });
    const auto ended = call_host(world);
    EXPECT_EQ(ended.error().exit_status(), 5);
}

TEST(HostFunctions, SeeTheirCaller)
{
    World world;
    std::vector<std::optional<Instance>> callers;
    std::string text;
    world.linker.define("host", "print", [&](Caller& caller, std::int32_t at, std::int32_t size) {
        callers.push_back(caller.instance());
        if (const auto memory = caller.memory()) {
            text.resize(static_cast<std::size_t>(size));
            EXPECT_TRUE(
                memory->read(static_cast<std::uint32_t>(at), std::as_writable_bytes(std::span(text))));
        }
        EXPECT_FALSE(caller.memory("other"));
    });
    constexpr auto wat = R"((module
        (import "host" "print" (func $print (param i32 i32)))
        (export "print" (func $print))
        (memory (export "memory") 1)
        (data (i32.const 8) "hello")
        (func (export "run") (call $print (i32.const 8) (i32.const 5)))))";
    const auto instance = world.instantiate(wat);
    const auto twin = world.instantiate(wat);
    ASSERT_TRUE(instance.func("run")->call({}));
    EXPECT_EQ(text, "hello");
    ASSERT_TRUE(twin.func("run")->call({}));
    ASSERT_TRUE(instance.func("print")->call({ Val::i32(0), Val::i32(0) })) << "by the embedder itself";
    EXPECT_THAT(callers, testing::ElementsAre(instance, twin, std::nullopt));
}

TEST(HostFunctions, MakeObjectsAndInstancesInTheirCallersStore)
{
    World world;
    const Module plugin = world.module(R"((module (func (export "answer") (result i32) (i32.const 42))))");
    world.linker.define("host", "f", [&](Caller& caller, std::int32_t) -> Result<std::int32_t> {
        const auto global = Global::create(caller.store(), { ValKind::I32, true }, Val::i32(1));
        if (!global)
            return global.error();
        const auto instance = Linker(world.engine).instantiate(caller.store(), plugin);
        if (!instance)
            return instance.error();
        return instance->typed<std::int32_t()>("answer").value()();
    });
    EXPECT_EQ(call_host(world)->front(), Val::i32(42));
    EXPECT_EQ(world.store.instances().size(), 2u);
    EXPECT_FALSE(world.store.error()) << "the store outlives the caller's sight of it";
}

TEST(HostFunctions, OnValuesTakeAnyType)
{
    World world;
    const auto data = std::make_shared<int>(3);
    world.linker.define("host", "swap",
        FuncType { { ValKind::ExternRef, ValKind::I64 }, { ValKind::I64, ValKind::ExternRef } },
        [](Caller&, std::span<const Val> values) -> Result<std::vector<Val>> {
            return std::vector { values[1], values[0] };
        });
    const auto instance = world.instantiate(R"((module
        (import "host" "swap" (func $swap (param externref i64) (result i64 externref)))
        (func (export "run") (param externref i64) (result i64 externref)
          (call $swap (local.get 0) (local.get 1)))))");
    EXPECT_THAT(*instance.func("run")->call({ Val::externref(data), Val::i64(4) }),
        testing::ElementsAre(Val::i64(4), Val::externref(data)));
}

TEST(HostFunctions, OnValuesAreHeldToTheirType)
{
    std::vector<Val> results;
    World world;
    world.linker.define("host", "f", FuncType { { ValKind::I32 }, { ValKind::I32 } },
        [&](Caller&, std::span<const Val>) -> Result<std::vector<Val>> { return results; });
    EXPECT_EQ(error_of(call_host(world)), "results of a host function: expected 1 value [i32], got 0");
    results = { Val::f32(1) };
    EXPECT_EQ(error_of(call_host(world)),
        "results of a host function: value 0: expected a value of type i32, got f32");
    results = { Val::i32(4) };
    EXPECT_EQ(call_host(world)->front(), Val::i32(4));
}

TEST(HostFunctions, OutliveTheLinkerThatDefinedThem)
{
    World world;
    const auto life = std::make_shared<std::int32_t>(7);
    std::optional<Instance> instance;
    {
        Linker linker(world.engine);
        linker.define("host", "f", [life](std::int32_t x) { return x + *life; });
        instance = linker
                       .instantiate(world.store, world.module(R"((module
            (import "host" "f" (func $f (param i32) (result i32)))
            (func (export "run") (result i32) (call $f (i32.const 5)))))"))
                       .value();
    }
    EXPECT_EQ(instance->func("run")->call({})->front(), Val::i32(12));
    EXPECT_EQ(life.use_count(), 2);
    world.store = Store(world.engine);
    EXPECT_EQ(life.use_count(), 1) << "and end with the store";
}

TEST(Linking, ErrorsSayWhichImport)
{
    World world;
    world.linker.define("host", "f", [](std::int32_t) {});
    EXPECT_EQ(world.refusal(R"((module (import "host" "g" (func))))"),
        "unknown import: func \"host\" \"g\" is not defined");
    EXPECT_EQ(world.refusal(R"((module (import "host" "f" (func (param i64)))))"),
        "incompatible import type: \"host\" \"f\" is a func that does not match the imported func");
    EXPECT_EQ(world.refusal(R"((module (import "host" "f" (global i32))))"),
        "incompatible import type: \"host\" \"f\" is a func that does not match the imported global");
    EXPECT_EQ(world.refusal(R"((module (import "host" "f" (func (param i32)))))"), "");
    const auto checked =
        world.linker.check(world.store, world.module(R"((module (import "host" "g" (func))))"));
    EXPECT_EQ(error_of(checked), "unknown import: func \"host\" \"g\" is not defined");
    EXPECT_EQ(checked.error().offset(), 17u) << "where the import stands";
    EXPECT_TRUE(world.linker.check(world.store, world.module("(module)")));
}

TEST(Linking, ANameDefinedTwiceIsAnErrorUnlessShadowingIsAllowed)
{
    World world;
    world.linker.define("host", "f", plus_one).define("host", "f", plus_two).define("host", "g", plus_one);
    EXPECT_EQ(world.refusal("(module)"), "import \"host\" \"f\" is defined twice");

    World shadowing;
    shadowing.linker.allow_shadowing(true).define("host", "f", plus_one).define("host", "f", plus_two);
    EXPECT_EQ(call_host(shadowing)->front(), Val::i32(7)) << "the later one counts";
}

TEST(Linking, TheFirstThingThatIsWrongWithDefinitionsIsReported)
{
    World world;
    std::optional<Global> gone;
    {
        World other;
        gone = *Global::create(other.store, { ValKind::I32, true }, Val::i32(1));
    }
    world.linker.define("host", "gone", *gone).define("host", "f", plus_one).define("host", "f", plus_one);
    EXPECT_EQ(world.refusal("(module)"), "import \"host\" \"gone\" cannot be defined: the store is gone");
    World none;
    none.linker.define("host", "f", FuncType { { ValKind::None }, {} },
        [](Caller&, std::span<const Val>) -> Result<std::vector<Val>> { return std::vector<Val> {}; });
    EXPECT_EQ(none.refusal("(module)"), "import \"host\" \"f\" cannot be defined: no value has kind none");
}

TEST(Linking, ObjectsOfEveryKindAreDefined)
{
    World world;
    const Global global = *Global::create(world.store, { ValKind::I32, true }, Val::i32(1));
    const Memory memory = *Memory::create(world.store, { .min = 1 });
    const SharedMemory shared = *SharedMemory::create(world.engine, { .min = 1, .max = 1 });
    const Table table =
        *Table::create(world.store, { .element = ValKind::FuncRef, .min = 2 }, Val::funcref({}));
    const Tag tag = *Tag::create(world.store, { { ValKind::I32 }, {} });
    const Func func = *Func::wrap(world.store, plus_one);
    world.linker.define("a", "global", global)
        .define("a", "memory", memory)
        .define("a", "shared", shared)
        .define("a", "table", table)
        .define("a", "tag", tag)
        .define("a", "func", func);
    const auto instance = world.instantiate(R"((module
        (import "a" "global" (global (mut i32)))
        (import "a" "memory" (memory 1))
        (import "a" "shared" (memory 1 1 shared))
        (import "a" "table" (table 2 funcref))
        (import "a" "tag" (tag (param i32)))
        (import "a" "func" (func (param i32) (result i32)))
        (export "global" (global 0)) (export "memory" (memory 0)) (export "shared" (memory 1))
        (export "table" (table 0)) (export "tag" (tag 0)) (export "func" (func 0))))");
    EXPECT_EQ(instance.global("global"), global);
    EXPECT_EQ(instance.memory("memory"), memory);
    EXPECT_EQ(instance.shared_memory("shared"), shared);
    EXPECT_EQ(instance.table("table"), table);
    EXPECT_EQ(instance.tag("tag"), tag);
    EXPECT_EQ(instance.func("func"), func);
    EXPECT_FALSE(instance.global("memory")) << "another kind";
    EXPECT_FALSE(instance.memory("shared"));
    EXPECT_FALSE(instance.shared_memory("memory"));
    EXPECT_FALSE(instance.func("nowhere"));
}

TEST(Linking, TheExportsOfAnInstanceAreDefinedTogether)
{
    World world;
    const auto provider = world.instantiate(R"((module
        (global (export "count") (mut i32) (i32.const 4))
        (memory (export "lanes") 1 1 shared)
        (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))))");
    world.linker.define_instance("math", provider);
    const auto user = world.instantiate(R"((module
        (import "math" "add" (func $add (param i32 i32) (result i32)))
        (import "math" "count" (global $count (mut i32)))
        (import "math" "lanes" (memory 1 1 shared))
        (export "lanes" (memory 0))
        (func (export "run") (result i32) (call $add (global.get $count) (i32.const 1)))))");
    ASSERT_TRUE(provider.global("count")->set(Val::i32(10)));
    EXPECT_EQ(user.func("run")->call({})->front(), Val::i32(11));
    EXPECT_EQ(user.shared_memory("lanes"), provider.shared_memory("lanes"));
}

TEST(Linking, ObjectsOfAnotherStoreAreRefused)
{
    World world;
    Store other(world.engine);
    const Global global = *Global::create(other, { ValKind::I32, false }, Val::i32(1));
    constexpr auto wat = R"((module (import "a" "x" (global i32))))";
    world.linker.define("a", "x", global);
    EXPECT_EQ(world.refusal(wat), "import \"a\" \"x\" is defined by an entity of another store");
    EXPECT_TRUE(world.linker.instantiate(other, world.module(wat)));
    other = Store(world.engine);
    EXPECT_EQ(world.refusal(wat), "import \"a\" \"x\" is defined by an entity of a store that is gone");
}

TEST(Linking, WhatBelongsToAnotherEngineIsRefused)
{
    World world, other;
    const SharedMemory memory = *SharedMemory::create(other.engine, { .min = 1, .max = 1 });
    Linker with_memory(world.engine), with_instance(world.engine);
    with_memory.define("a", "memory", memory);
    EXPECT_EQ(error_of(with_memory.instantiate(world.store, world.module("(module)"))),
        "import \"a\" \"memory\" cannot be defined: the memory and the linker belong to different engines");
    with_instance.define_instance("a", other.instantiate("(module)"));
    EXPECT_EQ(error_of(with_instance.instantiate(world.store, world.module("(module)"))),
        "instance \"a\" cannot be defined: it and the linker belong to different engines");
    EXPECT_EQ(error_of(world.linker.instantiate(other.store, world.module("(module)"))),
        "the store and the linker belong to different engines");
    EXPECT_EQ(error_of(world.linker.instantiate(world.store, other.module("(module)"))),
        "the module and the linker belong to different engines");
}

TEST(Linking, OneLinkerServesSeveralStores)
{
    World world;
    int calls = 0;
    world.linker.define("host", "f", [&](std::int32_t x) { return x + ++calls; });
    EXPECT_EQ(call_host(world)->front(), Val::i32(6));
    world.store = Store(world.engine);
    EXPECT_EQ(call_host(world)->front(), Val::i32(7));
}

TEST(Linking, StartFunctionsRunAndTheirTrapsAreErrors)
{
    World world;
    const auto good = world.instantiate(R"((module
        (global $ran (export "ran") (mut i32) (i32.const 0))
        (func $start (global.set $ran (i32.const 1)))
        (start $start)))");
    EXPECT_EQ(good.global("ran")->get(), Val::i32(1));
    const auto bad = world.linker.instantiate(
        world.store, world.module("(module (func $start unreachable) (start $start))"));
    ASSERT_TRUE(bad.error().trap());
    EXPECT_EQ(bad.error().trap()->kind, TrapKind::Unreachable);
    const auto data = world.linker.instantiate(
        world.store, world.module(R"((module (memory 1) (data (i32.const 65536) "x")))"));
    ASSERT_TRUE(data.error().trap());
    EXPECT_THAT(data.error().message(), testing::StartsWith("out of bounds memory access: "));
}

} // namespace
} // namespace vitrine
