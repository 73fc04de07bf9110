// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/guest.h"

#include <gmock/gmock.h>

namespace vitrine::core::test {
namespace {

std::string message_of(const std::expected<Instance*, Failure>& instance)
{
    if (instance)
        return "an instance";
    return std::visit([](const auto& failure) { return failure.to_text(); }, instance.error());
}

TEST(Instances, AHundredThousandWithAPageOfMemoryEachLiveInOneProcess)
{
    Guest guest;
    const auto module = module_of(*guest.engine, R"((module (memory 1)
        (func (export "touch") (param i32) (result i32)
          (i32.store (i32.const 100) (local.get 0)) (i32.load (i32.const 100)))))");
    constexpr uint32_t count = 100'000;
    for (uint32_t i = 0; i < count; ++i)
        ASSERT_TRUE(core::instantiate(guest.thread, guest.linker, module));
    ASSERT_EQ(guest.store.instances().size(), count);
    uint32_t number = 0;
    for (Instance& instance : guest.store.instances()) {
        if (number++ % 1000 != 0)
            continue;
        ASSERT_EQ(guest.call(instance, "touch", { Value::i32(number) })->front(), Value::i32(number));
    }
    EXPECT_TRUE(guest.store.instances().front().memories.front()->is_reserved());
    EXPECT_FALSE(guest.store.instances().back().memories.front()->is_reserved());
}

TEST(Instances, ImportsThatDoNotFitAreNamed)
{
    Guest guest;
    guest.define(
        "host", "f", { { ValueType::i32 }, {} }, [](HostCall&) -> HostOutcome { return Returned {}; });
    EXPECT_THAT(message_of(guest.try_instantiate(R"((module (import "host" "g" (func))))")),
        testing::StartsWith("unknown import: func \"host\" \"g\" is not defined (at offset 0x"));
    EXPECT_THAT(message_of(guest.try_instantiate(R"((module (import "host" "f" (func))))")),
        testing::StartsWith(
            "incompatible import type: \"host\" \"f\" is a func that does not match the imported func"));
    EXPECT_THAT(message_of(guest.try_instantiate(R"((module (import "host" "f" (memory 1))))")),
        testing::StartsWith("incompatible import type"));
    EXPECT_TRUE(guest.try_instantiate(R"((module (import "host" "f" (func (param i32)))))"));
}

TEST(Instances, ADefinitionIsShadowedOnlyWhenThatIsAllowed)
{
    Guest guest;
    const auto answer = [](uint32_t number) {
        return std::make_shared<const HostFunction>(
            HostFunction { "host", "f", { {}, { ValueType::i32 } }, [=](HostCall& call) -> HostOutcome {
                              call.slots[0] = number;
                              return Returned {};
                          } });
    };
    ASSERT_TRUE(guest.linker.define("host", "f", answer(1)));
    const auto refused = guest.linker.define("host", "f", answer(2));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "import \"host\" \"f\" is defined twice");
    constexpr auto wat =
        R"((module (import "host" "f" (func $f (result i32))) (func (export "run") (result i32) (call $f))))";
    EXPECT_EQ(guest.call(guest.instantiate(wat), "run")->front(), Value::i32(1));
    guest.linker.allow_shadowing(true);
    ASSERT_TRUE(guest.linker.define("host", "f", answer(2)));
    EXPECT_EQ(guest.call(guest.instantiate(wat), "run")->front(), Value::i32(2));
}

TEST(Instances, ASegmentOutOfBoundsAndAStartThatTrapsAreTraps)
{
    Guest guest;
    EXPECT_EQ(message_of(guest.try_instantiate(R"((module (memory 1) (data (i32.const 65535) "ab")))")),
        "out of bounds memory access: 2 bytes at 0xffff of memory[0], which has 0x10000 bytes");
    EXPECT_EQ(
        message_of(guest.try_instantiate(R"((module (table 1 funcref) (elem (i32.const 1) func 0) (func)))")),
        "out of bounds table access: element 1 of table[0], which has 1");
    EXPECT_EQ(message_of(guest.try_instantiate(R"((module (func $start unreachable) (start $start)))")),
        "unreachable");
}

TEST(Instances, ConstantExpressionsCompute)
{
    Guest guest;
    Instance& instance = guest.instantiate(R"((module
        (global $base i32 (i32.const 40))
        (global (export "g") i32 (i32.add (global.get $base) (i32.mul (i32.const 3) (i32.sub (i32.const 5) (i32.const 7)))))
        (global (export "h") i64 (i64.sub (i64.const 5) (i64.const 7)))))");
    EXPECT_EQ(std::get<Global*>(*instance.find_export("g"))->get(), Value::i32(34));
    EXPECT_EQ(std::get<Global*>(*instance.find_export("h"))->get(), Value::i64(static_cast<uint64_t>(-2)));
}

TEST(Instances, AnObjectOfAnotherStoreIsRefused)
{
    Guest guest, other;
    Instance& foreign = other.instantiate(R"((module (global (export "g") i32 (i32.const 1))))");
    ASSERT_TRUE(guest.linker.define_instance("other", foreign));
    EXPECT_THAT(message_of(guest.try_instantiate(R"((module (import "other" "g" (global i32))))")),
        testing::HasSubstr("is defined by an entity of another store"));
}

} // namespace
} // namespace vitrine::core::test
