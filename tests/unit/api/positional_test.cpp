// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Without a linker: imports by position, host functions of any type, exports of any kind; and
// serialized modules.
#include "world.h"

#include <algorithm>
#include <array>

namespace vitrine {
namespace {

using test::error_of;
using test::World;
using testing::StartsWith;

constexpr std::string_view two_of_a_name = R"((module
    (import "a" "f" (func $first (result i32)))
    (import "a" "f" (func $second (param externref) (result externref)))
    (import "a" "memory" (memory 1 2 shared))
    (func (export "run") (result i32) (call $first))
    (func (export "pass") (param externref) (result externref) (call $second (local.get 0)))
    (global (export "global") i32 (i32.const 4))
    (table (export "table") 1 funcref)
    (memory (export "own") 1)
    (export "shared" (memory 0))
    (tag (export "tag"))))";

struct Positional : testing::Test {
    World world { false };
    Func seven = *Func::wrap(world.store, [] { return 7; });
    Func pass = *Func::create(world.store, { { ValKind::ExternRef }, { ValKind::ExternRef } },
        [](Caller&, std::span<const Val> arguments) -> Result<std::vector<Val>> {
            return std::vector(arguments.begin(), arguments.end());
        });
    SharedMemory memory = *SharedMemory::create(world.engine, { .min = 1, .max = 2 });
    Module module = world.module(two_of_a_name);
};

TEST_F(Positional, ImportsOfOneNameCanBeDifferentEntities)
{
    const auto instance =
        Instance::create(world.store, module, std::array<Extern, 3> { seven, pass, memory });
    ASSERT_TRUE(instance) << error_of(instance);
    EXPECT_EQ(instance->func("run")->call({})->front().i32(), 7);
    const auto data = std::make_shared<int>(3);
    EXPECT_EQ(instance->func("pass")->call({ Val::externref(data) })->front().externref(), data);
    EXPECT_EQ(std::get<SharedMemory>(*instance->find("shared")), memory);
    EXPECT_EQ(std::get<Func>(*instance->find("run")), *instance->func("run"));
    EXPECT_EQ(std::get<Global>(*instance->find("global")).get().i32(), 4);
    EXPECT_EQ(std::get<Table>(*instance->find("table")).size(), 1u);
    EXPECT_EQ(std::get<Memory>(*instance->find("own")).size(), 65536u);
    EXPECT_EQ(std::get<Tag>(*instance->find("tag")).type().params.size(), 0u);
    EXPECT_FALSE(instance->find("none"));
    memory.data()[5] = std::byte(9);
    std::array<std::byte, 1> byte {};
    ASSERT_TRUE(memory.read(5, byte));
    EXPECT_EQ(byte[0], std::byte(9));
}

TEST_F(Positional, RefusesWhatDoesNotFit)
{
    const auto create = [&](std::vector<Extern> imports) {
        return error_of(Instance::create(world.store, module, imports));
    };
    EXPECT_EQ(create({}), "expected 3 imports, got 0");
    EXPECT_THAT(
        create({ seven, seven, memory }), StartsWith("incompatible import type: \"a\" \"f\" is a func"));
    World other;
    EXPECT_EQ(create({ *Func::wrap(other.store, [] { return 7; }), pass, memory }),
        "import 0: it belongs to another store");
    EXPECT_EQ(create({ seven, pass, *SharedMemory::create(other.engine, { .min = 1, .max = 2 }) }),
        "import 2: the memory belongs to another engine");
    EXPECT_EQ(error_of(Instance::create(other.store, module, {})),
        "the module and the store belong to different engines");
    EXPECT_EQ(error_of(Func::create(world.store, { { ValKind::None }, {} }, {})), "no value has kind none");
    EXPECT_FALSE(world.engine == other.engine);
}

TEST_F(Positional, AFrameNamesItsInstance)
{
    const Module trapping = world.module("(module (func (export \"f\") unreachable))");
    const auto first = *Instance::create(world.store, trapping, {});
    const auto second = *Instance::create(world.store, trapping, {});
    for (const Instance& instance : { first, second }) {
        const auto results = instance.func("f")->call({});
        ASSERT_TRUE(results.error().trap());
        const TraceFrame& frame = results.error().trap()->backtrace.at(0);
        EXPECT_EQ(world.store.instance_of(frame), instance);
        EXPECT_FALSE(World().store.instance_of(frame));
    }
}

TEST(Serialized, ModulesAreValidatedAgain)
{
    const World world;
    const Module module = world.module("(module (func (export \"f\") (result i32) (i32.const 1)))");
    std::vector<std::byte> bytes = module.serialize();
    const auto again = Module::deserialize(world.engine, bytes);
    ASSERT_TRUE(again) << error_of(again);
    EXPECT_EQ(again->exports().at(0).name, "f");
    bytes.pop_back();
    EXPECT_EQ(error_of(Module::deserialize(world.engine, bytes)), "the serialized module is incomplete");
    bytes.resize(3);
    EXPECT_EQ(error_of(Module::deserialize(world.engine, bytes)), "not a serialized module");
    EXPECT_EQ(error_of(Module::deserialize(world.engine, {})), "not a serialized module");
}

TEST(Serialized, ModulesNeedTheirVersionAndFeatures)
{
    const World world;
    const std::vector<std::byte> bytes = world.module("(module)").serialize();
    const Engine without(Config().feature("simd", false));
    EXPECT_EQ(error_of(Module::deserialize(without, bytes)),
        "the module was serialized by an engine with the feature simd, which this engine does not have");
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    text[text.find(' ') + 1] = '9';
    const auto other = Module::deserialize(world.engine, std::as_bytes(std::span(text)));
    EXPECT_THAT(error_of(other), StartsWith("the module was serialized by another version"));
    text.insert(0, " ");
    EXPECT_FALSE(Module::deserialize(world.engine, std::as_bytes(std::span(text))));
}

} // namespace
} // namespace vitrine
