// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The statements of docs/parity.md about entities that are not exported.
#include "world.h"

namespace vitrine {
namespace {

using debug::Session;
using debug::Stopped;
using test::exited;
using test::stopped;
using test::World;

TEST(ParityEntities, OnlyAFunctionIsExportedAndAllIsReached)
{
    World world;
    std::int32_t told = 0;
    world.linker.define("host", "tell", [&](std::int32_t x) { told = x; });
    world.linker.define(
        "host", "base", *Global::create(world.store, { ValKind::I64, false }, Val::i64(1'000'000'000'000)));
    const Instance instance = world.instantiate(R"((module
        (import "host" "base" (global i64))
        (import "host" "tell" (func $tell (param i32)))
        (global $count (mut i32) (i32.const 11))
        (memory 1)
        (data (i32.const 5) "\99")
        (table $numbers 3 i31ref)
        (elem (table $numbers) (i32.const 1) i31ref (ref.i31 (i32.const -8)))
        (tag (param f32 i64))
        (func $bump (param i32) (global.set $count (i32.add (global.get $count) (local.get 0))))
        (func (export "main") (result i32) (call $bump (i32.const 1)) (global.get $count))))");
    EXPECT_EQ(instance.debug_global(0)->get(), Val::i64(1'000'000'000'000));
    EXPECT_EQ(instance.debug_global(1)->get(), Val::i32(11));
    std::array<std::byte, 1> byte {};
    ASSERT_TRUE(instance.debug_memory(0)->read(5, byte));
    EXPECT_EQ(byte[0], std::byte(0x99));
    EXPECT_EQ(instance.debug_table(0)->get(1)->as_i31(), -8);
    EXPECT_TRUE(instance.debug_table(0)->get(0)->is_null());
    EXPECT_EQ(instance.debug_tag(0)->type(), (FuncType { { ValKind::F32, ValKind::I64 }, {} }));
    ASSERT_TRUE(instance.debug_function(1)->call({ Val::i32(30) }));
    EXPECT_EQ(instance.debug_global(1)->get(), Val::i32(41));
    EXPECT_EQ(instance.func("main")->call({})->front(), Val::i32(42));
    ASSERT_TRUE(instance.debug_function(0)->call({ Val::i32(9) }));
    EXPECT_EQ(told, 9);
    EXPECT_FALSE(instance.debug_global(2));
    EXPECT_FALSE(instance.debug_memory(1));
    EXPECT_FALSE(instance.debug_table(1));
    EXPECT_FALSE(instance.debug_tag(1));
    EXPECT_FALSE(instance.debug_function(3));
}

TEST(ParityEntities, APrivateSharedMemoryIsTheGuestsOwn)
{
    World world;
    const Instance instance = world.instantiate(R"((module
        (memory $own 1 2 shared)
        (func (export "next") (result i32) (i32.atomic.rmw.add $own (i32.const 16) (i32.const 1)))))");
    EXPECT_FALSE(instance.debug_memory(0));
    const SharedMemory memory = *instance.debug_shared_memory(0);
    std::array<std::byte, 4> word { std::byte(0x10), std::byte(0x27) };
    ASSERT_TRUE(memory.write(16, word));
    EXPECT_EQ(instance.func("next")->call({})->front(), Val::i32(10'000));
    ASSERT_TRUE(memory.read(16, word));
    EXPECT_EQ(word[0], std::byte(0x11));
    EXPECT_FALSE(memory.read(65536 - 3, word));
}

TEST(ParityEntities, TwoInstancesOfEachOfTwoModulesInTheirOrder)
{
    World world;
    const Module first = world.module("(module $first (memory 1))");
    const Module second = world.module("(module $second (global i32 (i32.const 2)))");
    std::vector<Instance> made;
    for (const Module& module : { first, second, second, first })
        made.push_back(*world.linker.instantiate(world.store, module));
    const auto all = world.store.instances();
    EXPECT_EQ(all, made);
    ASSERT_EQ(all.size(), 4u);
    for (std::uint32_t i = 0; i < 4; ++i)
        EXPECT_EQ(all[i].number(), i);
    EXPECT_EQ(all[0].module(), first);
    EXPECT_EQ(all[1].module(), second);
    EXPECT_EQ(all[2].module(), second);
    EXPECT_EQ(all[3].module(), first);
    EXPECT_EQ(all[3].module().name(), "first");
}

TEST(ParityEntities, IdentitiesDifferAndAgreeAsTheyShould)
{
    World world;
    constexpr auto text = R"((module
        (memory (export "m0") 1) (memory (export "m1") 1)
        (memory (export "s0") 1 1 shared) (memory (export "s1") 1 1 shared)
        (global (export "g0") i32 (i32.const 1)) (global (export "g1") i32 (i32.const 1))
        (table (export "t0") 1 funcref) (table (export "t1") 1 funcref)
        (tag (export "e0")) (tag (export "e1"))
        (func (export "f0")) (func (export "f1"))))";
    const Module module = world.module(text), copy = world.module(text);
    EXPECT_NE(module, copy) << "equal bytes are two modules";
    const Instance one = *world.linker.instantiate(world.store, module);
    const Instance two = *world.linker.instantiate(world.store, module);
    EXPECT_NE(one, two);
    EXPECT_EQ(one.module(), two.module());
    // The exported entity is the one with this index; its neighbour and those of the other instance
    // differ.
    const auto check = [&](const auto& by_name, const auto& by_index, std::string name, std::uint32_t first) {
        EXPECT_EQ(by_name(one, name + "0"), by_index(one, first));
        EXPECT_EQ(by_name(one, name + "1"), by_index(one, first + 1));
        EXPECT_EQ(by_index(one, first), by_index(one, first));
        EXPECT_NE(by_index(one, first), by_index(one, first + 1));
        EXPECT_NE(by_index(one, first), by_index(two, first));
        EXPECT_TRUE(by_index(one, first) && by_index(one, first + 1));
    };
    check([](auto& i, auto n) { return i.memory(n); }, [](auto& i, auto n) { return i.debug_memory(n); }, "m",
        0);
    check([](auto& i, auto n) { return i.shared_memory(n); },
        [](auto& i, auto n) { return i.debug_shared_memory(n); }, "s", 2);
    check([](auto& i, auto n) { return i.global(n); }, [](auto& i, auto n) { return i.debug_global(n); }, "g",
        0);
    check(
        [](auto& i, auto n) { return i.table(n); }, [](auto& i, auto n) { return i.debug_table(n); }, "t", 0);
    check([](auto& i, auto n) { return i.tag(n); }, [](auto& i, auto n) { return i.debug_tag(n); }, "e", 0);
    check([](auto& i, auto n) { return i.func(n); }, [](auto& i, auto n) { return i.debug_function(n); }, "f",
        0);
}

TEST(ParityEntities, AMemoryWith64BitAddressesIsSeenBeyond4GiB)
{
    World world;
    const Instance instance = world.instantiate(R"((module
        (memory i64 65538)
        (func (export "put") (param $at i64) (i32.store8 (local.get $at) (i32.const 0x5a)))
        (func (export "get") (param $at i64) (result i32) (i32.load8_u (local.get $at)))))");
    constexpr std::uint64_t far = (std::uint64_t { 1 } << 32) + 9;
    const Memory memory = *instance.debug_memory(0);
    EXPECT_TRUE(memory.type().is_64);
    EXPECT_EQ(memory.size(), std::uint64_t { 65538 } << 16);
    Session session(world.store);
    ASSERT_TRUE(session.add_watchpoint({ .what = debug::MemoryRange { memory, far, 1 } }));
    EXPECT_TRUE(exited(session.call(*instance.func("put"), { Val::i64(9) })))
        << "its low half is another place";
    Stopped stop = stopped(session.call(*instance.func("put"), { Val::i64(static_cast<std::int64_t>(far)) }));
    EXPECT_EQ(stop.reason().to_text(), "watchpoint 1: 0 -> 90");
    EXPECT_EQ(*stop.frames()[0].evaluate("u8[$at]"), Val::i32(0x5a));
    std::array<std::byte, 1> byte { std::byte(0x21) };
    ASSERT_TRUE(memory.write(far, byte));
    EXPECT_TRUE(exited(session.resume(std::move(stop))));
    EXPECT_EQ(
        exited(session.call(*instance.func("get"), { Val::i64(static_cast<std::int64_t>(far)) }))->front(),
        Val::i32(0x21));
    EXPECT_FALSE(memory.read(memory.size(), byte));
}

} // namespace
} // namespace vitrine
