// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/linker.h"

#include "runtime/bulk.h"

#include "support/wat.h"
#include "wasm/validator.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace vitrine::core::test {
namespace {

struct World {
    std::shared_ptr<EngineState> engine = std::make_shared<EngineState>();
    Store store { engine };
    Linker linker;

    std::shared_ptr<const Module> module(const char* wat) const
    {
        return *load_module(wasm_of(wat), engine->types);
    }
    std::expected<Instance*, Failure> instantiate(const char* wat)
    {
        return linker.instantiate(store, module(wat));
    }
    /// `an instance`, or why there is none.
    std::string outcome(const char* wat)
    {
        const auto instance = instantiate(wat);
        if (instance)
            return "an instance";
        return std::visit([](const auto& failure) { return failure.to_text(); }, instance.error());
    }
};

constexpr const char* library = R"((module
    (type $open (sub (func (param i32))))
    (type $narrow (sub $open (func (param i32))))
    (func (export "f") (type $narrow))
    (func (export "g") (result i64) (i64.const 1))
    (table (export "t") 2 5 funcref)
    (memory (export "m") 1 3)
    (global (export "c") i32 (i32.const 7))
    (global (export "v") (mut i32) (i32.const 7))
    (tag (export "e") (param i32))))";

TEST(Linker, AnImportGetsWhatFitsIt)
{
    World world;
    ASSERT_TRUE(world.linker.define_instance("lib", **world.instantiate(library)));
    struct Case {
        const char* import;
        bool fits;
    };
    const Case cases[] {
        { R"((import "lib" "f" (func (type $narrow))))", true },
        { R"((import "lib" "f" (func (type $open))))", true },
        { R"((import "lib" "f" (func (param i64))))", false },
        { R"((import "lib" "g" (func (result i64))))", true },
        { R"((import "lib" "g" (global i64)))", false },
        { R"((import "lib" "t" (table 2 5 funcref)))", true },
        { R"((import "lib" "t" (table 1 funcref)))", true },
        { R"((import "lib" "t" (table 3 funcref)))", false },
        { R"((import "lib" "t" (table 1 4 funcref)))", false },
        { R"((import "lib" "t" (table 1 externref)))", false },
        { R"((import "lib" "t" (table i64 1 funcref)))", false },
        { R"((import "lib" "m" (memory 1)))", true },
        { R"((import "lib" "m" (memory 2)))", false },
        { R"((import "lib" "m" (memory 1 2)))", false },
        { R"((import "lib" "m" (memory 1 3 shared)))", false },
        { R"((import "lib" "c" (global i32)))", true },
        { R"((import "lib" "c" (global i64)))", false },
        { R"((import "lib" "c" (global (mut i32))))", false },
        { R"((import "lib" "v" (global (mut i32))))", true },
        { R"((import "lib" "v" (global i32)))", false },
        { R"((import "lib" "e" (tag (param i32))))", true },
        { R"((import "lib" "e" (tag (param i64))))", false },
    };
    for (const Case& each : cases) {
        const std::string wat = std::string("(module (type $open (sub (func (param i32))))")
            + "(type $narrow (sub $open (func (param i32)))) " + each.import + ")";
        const std::string outcome = world.outcome(wat.c_str());
        EXPECT_EQ(outcome == "an instance", each.fits) << each.import << ": " << outcome;
        EXPECT_TRUE(each.fits || outcome.starts_with("incompatible import type: \"lib\" \"")) << outcome;
    }
}

TEST(Linker, ANameThatNobodyDefinesIsAnErrorOrATrap)
{
    World world;
    const char* const wat = R"((module (import "env" "f" (func (param i32)))))";
    EXPECT_EQ(world.outcome(wat), "unknown import: func \"env\" \"f\" is not defined (at offset 0x12)");
    world.linker.trap_unknown_functions(true);
    EXPECT_EQ(world.outcome(wat), "an instance");
    const Function& function = *world.store.instances().back().functions[0];
    EXPECT_TRUE(function.is_host());
    EXPECT_EQ(world.outcome(R"((module (import "env" "m" (memory 1))))"),
        "unknown import: memory \"env\" \"m\" is not defined (at offset 0xb)");
}

TEST(Linker, ANameIsDefinedOnce)
{
    World world;
    const auto host = std::make_shared<const HostFunction>(
        HostFunction { "a", "b", {}, [](HostCall&) -> HostOutcome { return Returned {}; } });
    EXPECT_TRUE(world.linker.define("a", "b", host));
    EXPECT_EQ(world.linker.define("a", "b", host).error().message, "import \"a\" \"b\" is defined twice");
    world.linker.allow_shadowing(true);
    EXPECT_TRUE(world.linker.define("a", "b", host));
    EXPECT_TRUE(world.linker.find("a", "b"));
    EXPECT_FALSE(world.linker.find("a", "c"));
}

TEST(Linker, ObjectsServeTheirStoreAsLongAsItLives)
{
    World world;
    const char* const wat = R"((module (import "a" "g" (global i32))))";
    {
        Store other(world.engine);
        Global* const global = other.add_global({ ValueType::i32 }, Value::i32(1));
        ASSERT_TRUE(world.linker.define("a", "g", StoreExtern(other, global)));
        EXPECT_EQ(world.outcome(wat),
            "import \"a\" \"g\" is defined by an entity of another store (at offset 0xb)");
    }
    EXPECT_EQ(world.outcome(wat),
        "import \"a\" \"g\" is defined by an entity of a store that is gone (at offset 0xb)");
}

TEST(Linker, ConstantsAreEvaluatedInOrder)
{
    World world;
    const auto instance = world.instantiate(R"((module
        (type $pair (struct (field i32 i64)))
        (type $bytes (array i8))
        (global i32 (i32.sub (i32.const 3) (i32.mul (i32.const 4) (i32.const 5))))
        (global i64 (i64.add (i64.const -1) (i64.const 2)))
        (global (ref $pair) (struct.new $pair (i32.const 1) (i64.const 2)))
        (global (ref $bytes) (array.new $bytes (i32.const 258) (i32.const 3)))
        (global (ref $bytes) (array.new_fixed $bytes 2 (i32.const 1) (i32.const 2)))
        (global i32 (global.get 0))
        (global anyref (ref.i31 (i32.const -1)))))");
    ASSERT_TRUE(instance);
    const auto text = [&](uint32_t index) { return (*instance)->globals[index]->get().to_text(); };
    EXPECT_EQ(text(0), "-17");
    EXPECT_EQ(text(1), "1");
    EXPECT_EQ(text(2), "struct {1, 2}");
    EXPECT_EQ(text(3), "array[3] {2, 2, 2}");
    EXPECT_EQ(text(4), "array[2] {1, 2}");
    EXPECT_EQ(text(5), "-17");
    EXPECT_EQ(text(6), "i31 -1");
}

TEST(Linker, SegmentsAreCopiedOrTrap)
{
    World world;
    const auto instance = world.instantiate(R"((module (memory 1) (table 4 funcref)
        (func $f)
        (data (i32.const 65533) "abc") (data $kept "passive")
        (elem (i32.const 1) $f $f)))");
    ASSERT_TRUE(instance);
    EXPECT_EQ((*instance)->memories[0]->bytes()[65535], 'c');
    EXPECT_EQ((*instance)->data_dropped, (std::vector { true, false }));
    EXPECT_TRUE((*instance)->tables[0]->elements()[0].is_null());
    EXPECT_EQ((*instance)->tables[0]->elements()[2].function(), (*instance)->functions[0]);
    EXPECT_TRUE((*instance)->elems[0].empty());
    EXPECT_EQ(world.outcome(R"((module (memory 1) (data (i32.const 65534) "abc")))"),
        "out of bounds memory access: 3 bytes at 0xfffe of memory[0], which has 0x10000 bytes");
    EXPECT_EQ(world.outcome(R"((module (table 1 funcref) (func $f) (elem (i32.const 1) $f)))"),
        "out of bounds table access: element 1 of table[0], which has 1");
    EXPECT_EQ(memory_init(**instance, {}, { 1 }, 0, 6, 1), no_trap);
    EXPECT_EQ(memory_init(**instance, {}, { 1 }, 0, 6, 2), TrapKind::MemoryOutOfBounds);
    EXPECT_EQ(memory_init(**instance, {}, { 1 }, 65536, 0, 1), TrapKind::MemoryOutOfBounds);
    EXPECT_EQ(table_init(**instance, {}, { 0 }, 0, 0, 1), TrapKind::TableOutOfBounds) << "dropped";
    EXPECT_EQ(table_init(**instance, {}, { 0 }, 4, 0, 0), no_trap);
}

TEST(Linker, ATableOfTooManyElementsIsAnError)
{
    World world;
    EXPECT_EQ(world.outcome("(module (table 10000001 funcref))"),
        "a table of 10000001 elements is larger than the limit of 10000000");
    std::string wat = "(module";
    for (int i = 0; i < 6; ++i)
        wat += " (table 10000000 funcref)";
    EXPECT_EQ(world.outcome((wat + ")").c_str()),
        "too many table elements in the store: the limit is 50000000, and 10000000 more were requested");
}

} // namespace
} // namespace vitrine::core::test
