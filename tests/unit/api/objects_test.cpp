// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "world.h"

#include <array>
#include <atomic>
#include <cstring>
#include <thread>
#include <unordered_map>

namespace vitrine {
namespace {

using test::error_of;
using test::World;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text_at(const Memory& memory, std::uint64_t address, std::size_t size)
{
    std::string text(size, '\0');
    return memory.read(address, std::as_writable_bytes(std::span(text))) ? text : "out of bounds";
}

TEST(Globals, AreMadeReadAndWritten)
{
    World world;
    const Global global = *Global::create(world.store, { ValKind::F64, true }, Val::f64(0.5));
    EXPECT_EQ(global.type(), (GlobalType { ValKind::F64, true }));
    EXPECT_EQ(global.get(), Val::f64(0.5));
    EXPECT_TRUE(global.set(Val::f64(-1)));
    EXPECT_EQ(global.get(), Val::f64(-1));
    EXPECT_EQ(error_of(global.set(Val::f32(1))), "expected a value of type f64, got f32");
    const Global fixed = *Global::create(world.store, { .kind = ValKind::I32 }, Val::i32(3));
    EXPECT_EQ(error_of(fixed.set(Val::i32(4))), "the global is immutable");
    EXPECT_EQ(fixed.get(), Val::i32(3));
    EXPECT_EQ(error_of(Global::create(world.store, { .kind = ValKind::I32 }, Val())),
        "expected a value of type i32, got none");
    EXPECT_EQ(
        error_of(Global::create(world.store, { .kind = ValKind::None }, Val())), "no value has kind none");
}

TEST(Globals, HoldValuesOfEveryKind)
{
    World world;
    const auto data = std::make_shared<int>(1);
    const Func func = *Func::wrap(world.store, [] {});
    for (const Val& value : { Val::i32(1), Val::i64(2), Val::f32(3), Val::f64(4), Val::v128({ { 5, 6 } }),
             Val::funcref(func), Val::externref(data), Val::null(ValKind::ExternRef) }) {
        const auto global = Global::create(world.store, { .kind = value.kind() }, value);
        ASSERT_TRUE(global) << value.to_text();
        EXPECT_EQ(global->get(), value);
    }
}

TEST(Memories, ReadAndWriteAllOrNothing)
{
    World world;
    const Memory memory = *Memory::create(world.store, { .min = 1, .max = 2 });
    EXPECT_EQ(memory.size(), 65536u);
    EXPECT_TRUE(memory.write(65530, bytes_of("amber!")));
    EXPECT_EQ(text_at(memory, 65530, 6), "amber!");
    EXPECT_EQ(error_of(memory.write(65531, bytes_of("AMBER!"))),
        "a write of 6 bytes at 65531 leaves the memory of 65536 bytes");
    EXPECT_EQ(text_at(memory, 65530, 6), "amber!") << "nothing was written";
    std::array<std::byte, 4> bytes { std::byte(9), std::byte(9), std::byte(9), std::byte(9) };
    const auto before = bytes;
    EXPECT_EQ(
        error_of(memory.read(65533, bytes)), "a read of 4 bytes at 65533 leaves the memory of 65536 bytes");
    EXPECT_EQ(bytes, before) << "nothing was read";
    EXPECT_FALSE(memory.read(~std::uint64_t { 0 }, bytes)) << "the end overflows";
    EXPECT_TRUE(memory.read(65536, {})) << "nothing, at the very end";
    EXPECT_FALSE(memory.read(65537, {}));
}

TEST(Memories, AreFilled)
{
    World world;
    const Memory memory = *Memory::create(world.store, { .min = 1 });
    EXPECT_TRUE(memory.fill(10, 3, std::byte('x')));
    EXPECT_EQ(text_at(memory, 9, 5), std::string("\0xxx\0", 5));
    EXPECT_EQ(error_of(memory.fill(65535, 2, std::byte('y'))),
        "a fill of 2 bytes at 65535 leaves the memory of 65536 bytes");
    EXPECT_EQ(text_at(memory, 65535, 1), std::string(1, '\0'));
    EXPECT_TRUE(memory.fill(65536, 0, std::byte('y')));
}

TEST(Handles, OfAStoreThatIsThereAnswerWithValuesEitherWay)
{
    World world;
    const Global global = *Global::create(world.store, { ValKind::I32, true }, Val::i32(7));
    EXPECT_EQ(*global.try_get(), global.get());
    const Memory memory = *Memory::create(world.store, { .min = 1 });
    EXPECT_EQ(*memory.try_size(), memory.size());
    EXPECT_EQ(memory.try_data()->data(), memory.data().data());
    EXPECT_EQ(*memory.try_find(bytes_of("jade")), std::nullopt) << "not there, and no failure";
    ASSERT_TRUE(memory.write(5, bytes_of("jade")));
    EXPECT_EQ(*memory.try_find(bytes_of("jade")), 5u);
    const Table table = *Table::create(world.store, { ValKind::FuncRef, 3 }, Val::funcref({}));
    EXPECT_EQ(*table.try_size(), 3u);
}

TEST(Memories, Grow)
{
    World world;
    const Memory memory = *Memory::create(world.store, { .min = 1, .max = 3 });
    EXPECT_TRUE(memory.write(0, bytes_of("kept")));
    EXPECT_EQ(*memory.grow(1), 1u) << "the old size";
    EXPECT_EQ(memory.size(), 131072u);
    EXPECT_EQ(text_at(memory, 0, 4), "kept");
    EXPECT_EQ(error_of(memory.grow(2)), "the memory of 2 pages cannot grow by 2");
    EXPECT_FALSE(memory.grow(~std::uint64_t { 0 }));
    EXPECT_EQ(*memory.grow(0), 2u);
    EXPECT_EQ(memory.data().size(), 131072u);
}

/// A memory with 32-bit addresses lies in reserved address space, others do not.
TEST(Memories, SayWhetherTheyCanMove)
{
    std::optional<World> world(std::in_place);
    const Memory fixed = Memory::create(world->store, { .min = 1 }).value();
    EXPECT_FALSE(fixed.can_move());
    std::byte* const before = fixed.data().data();
    ASSERT_TRUE(fixed.grow(2000));
    EXPECT_EQ(fixed.data().data(), before);
    EXPECT_EQ(fixed.data().size(), 2001u << 16);
    EXPECT_FALSE(fixed.can_move());
    EXPECT_TRUE(Memory::create(world->store, { .min = 1, .is_64 = true }).value().can_move());
    world.reset();
    EXPECT_TRUE(fixed.can_move()) << "nothing is known about it any more";
}

TEST(Memories, FindBytes)
{
    World world;
    const Memory memory = *Memory::create(world.store, { .min = 1 });
    ASSERT_TRUE(memory.write(100, bytes_of("jade")));
    ASSERT_TRUE(memory.write(65532, bytes_of("jade")));
    EXPECT_EQ(memory.find(bytes_of("jade")), 100u);
    EXPECT_EQ(memory.find(bytes_of("jade"), 100), 100u);
    EXPECT_EQ(memory.find(bytes_of("jade"), 101), 65532u);
    EXPECT_EQ(memory.find(bytes_of("jade"), 65533), std::nullopt);
    EXPECT_EQ(memory.find(bytes_of("jade"), ~std::uint64_t { 0 }), std::nullopt);
    EXPECT_EQ(memory.find(bytes_of("ruby")), std::nullopt);
    EXPECT_EQ(memory.find({}, 7), 7u);
}

TEST(Memories, AreTheGuestsOwnBytes)
{
    World world;
    const auto instance = world.instantiate(R"((module
        (memory (export "memory") 1 4)
        (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
        (func (export "grow") (result i32) (memory.grow (i32.const 1)))))");
    const Memory memory = *instance.memory("memory");
    memory.data()[8] = std::byte(200);
    EXPECT_EQ(instance.func("load")->call({ Val::i32(8) })->front(), Val::i32(200));
    EXPECT_EQ(instance.func("grow")->call({})->front(), Val::i32(1));
    EXPECT_EQ(memory.size(), 131072u);
    EXPECT_EQ(*memory.grow(1), 2u);
    EXPECT_EQ(instance.func("load")->call({ Val::i32(196607) })->front(), Val::i32(0));
}

TEST(Memories, OfATypeThatDoesNotHoldAreRefused)
{
    World world;
    const auto refusal = [&](MemoryType type) { return error_of(Memory::create(world.store, type)); };
    EXPECT_EQ(refusal({ .min = 2, .max = 1 }), "size minimum must not be greater than maximum");
    EXPECT_EQ(refusal({ .min = 65537 }), "memory size must be at most 65536 pages (4GiB)");
    EXPECT_EQ(refusal({ .min = 1, .max = 65537 }), "memory size must be at most 65536 pages (4GiB)");
    EXPECT_EQ(refusal({ .min = (uint64_t { 1 } << 48) + 1, .is_64 = true }),
        "memory size must be at most 2^48 pages");
    EXPECT_EQ(refusal({ .min = 1, .max = 1, .is_shared = true }),
        "a shared memory must be created as a SharedMemory");
    EXPECT_EQ(error_of(SharedMemory::create(world.engine, { .min = 1 })), "shared memory must have maximum");
}

TEST(Memories, AreBoundByTheEnginesConfig)
{
    const Engine engine(Config().max_memory_pages(3));
    Store store(engine);
    EXPECT_FALSE(Memory::create(store, { .min = 4 }));
    const Memory memory = *Memory::create(store, { .min = 2 });
    EXPECT_TRUE(memory.grow(1));
    EXPECT_FALSE(memory.grow(1));
}

/// All ways to make a memory have the same limit.
TEST(Memories, OfEveryKindAreBoundByTheEnginesConfig)
{
    for (const std::uint64_t pages : { std::uint64_t { 3 }, std::uint64_t { 1000 }, ~std::uint64_t { 0 } }) {
        const Engine engine(Config().max_memory_pages(pages));
        Store store(engine);
        const auto create = [&](std::uint64_t min) {
            return SharedMemory::create(engine, { .min = min, .max = 2000 }).has_value();
        };
        EXPECT_TRUE(create(2)) << pages;
        EXPECT_EQ(create(3), 3 <= pages);
        EXPECT_EQ(create(4), 4 <= pages);
        EXPECT_EQ(create(1000), 1000 <= pages);
        EXPECT_EQ(create(1001), 1001 <= pages);
        EXPECT_EQ(Memory::create(store, { .min = 1001 }).has_value(), 1001 <= pages);
        const auto shared = SharedMemory::create(engine, { .min = 1, .max = 4 });
        ASSERT_TRUE(shared);
        EXPECT_TRUE(shared->grow(2));
        EXPECT_EQ(shared->grow(1).has_value(), pages > 3);
    }
}

TEST(SharedMemories, OutliveTheirStoresAndServeSeveral)
{
    std::optional<SharedMemory> kept;
    {
        World world;
        const SharedMemory memory = *SharedMemory::create(world.engine, { .min = 1, .max = 2 });
        Store other(world.engine);
        world.linker.define("host", "lanes", memory);
        const Module module = world.module(R"((module
            (import "host" "lanes" (memory 1 2 shared))
            (export "lanes" (memory 0))
            (func (export "store") (param i32) (i32.store8 (i32.const 5) (local.get 0)))
            (func (export "load") (result i32) (i32.load8_u (i32.const 5)))))");
        const auto one = *world.linker.instantiate(world.store, module);
        const auto two = *world.linker.instantiate(other, module);
        ASSERT_TRUE(one.func("store")->call({ Val::i32(77) }));
        EXPECT_EQ(two.func("load")->call({})->front(), Val::i32(77)) << "one memory in two stores";
        EXPECT_EQ(one.shared_memory("lanes"), two.shared_memory("lanes"));
        EXPECT_EQ(two.shared_memory("lanes"), memory);
        EXPECT_EQ(memory.type(), (MemoryType { .min = 1, .max = 2, .is_shared = true }));
        kept = one.shared_memory("lanes");
    }
    std::array<std::byte, 1> byte {};
    EXPECT_TRUE(kept->read(5, byte));
    EXPECT_EQ(byte[0], std::byte(77));
    EXPECT_EQ(*kept->grow(1), 1u);
    EXPECT_EQ(kept->size(), 131072u);
    EXPECT_FALSE(kept->grow(1));
    EXPECT_EQ(
        error_of(kept->read(131072, byte)), "a read of 1 byte at 131072 leaves the memory of 131072 bytes");
    EXPECT_FALSE(kept->write(~std::uint64_t { 0 }, byte));
}

TEST(SharedMemories, AreUsedFromSeveralThreadsAtOnce)
{
    const Engine engine;
    const SharedMemory memory = *SharedMemory::create(engine, { .min = 1, .max = 9 });
    std::atomic<int> good = 0;
    const auto work = [&](std::byte letter) {
        std::array<std::byte, 64> bytes;
        for (int round = 0; round < 200; ++round) {
            bytes.fill(letter);
            good += memory.write(0, bytes).has_value();
            good += memory.read(0, bytes) && (bytes[0] == std::byte('a') || bytes[0] == std::byte('b'));
            if (round % 50 == 0)
                good += memory.grow(1).has_value();
        }
    };
    std::thread one(work, std::byte('a')), two(work, std::byte('b'));
    one.join();
    two.join();
    EXPECT_EQ(good, 2 * (200 + 200 + 4));
    EXPECT_EQ(memory.size(), 9 * 65536u);
}

TEST(Tables, AreMadeReadWrittenAndGrown)
{
    World world;
    const Func func = *Func::wrap(world.store, [] {});
    const Table table =
        *Table::create(world.store, { .element = ValKind::FuncRef, .min = 2, .max = 3 }, Val::funcref(func));
    EXPECT_EQ(table.type(), (TableType { .element = ValKind::FuncRef, .min = 2, .max = 3 }));
    EXPECT_EQ(table.size(), 2u);
    EXPECT_EQ(table.get(1)->as_funcref(), func);
    EXPECT_EQ(error_of(table.get(2)), "no element 2: the table has 2");
    EXPECT_EQ(error_of(table.get(~std::uint64_t { 0 })), "no element 18446744073709551615: the table has 2");
    EXPECT_EQ(error_of(table.set(2, Val::funcref({}))), "no element 2: the table has 2");
    EXPECT_EQ(error_of(table.set(0, Val::i32(1))), "expected a value of type funcref, got i32");
    EXPECT_TRUE(table.set(0, Val::funcref({})));
    EXPECT_TRUE(table.get(0)->is_null());
    EXPECT_EQ(*table.grow(1, Val::funcref(func)), 2u);
    EXPECT_EQ(table.get(2)->as_funcref(), func);
    EXPECT_EQ(error_of(table.grow(1, Val::funcref({}))), "the table of 3 elements cannot grow by 1");
    EXPECT_FALSE(table.grow(~std::uint64_t { 0 }, Val::funcref({})));
    EXPECT_FALSE(table.grow(0, Val::externref(nullptr)));
}

TEST(Tables, OfATypeThatDoesNotHoldAreRefused)
{
    World world;
    const auto refusal = [&](TableType type, const Val& initial) {
        return error_of(Table::create(world.store, type, initial));
    };
    EXPECT_EQ(
        refusal({ .min = 3, .max = 2 }, Val::funcref({})), "size minimum must not be greater than maximum");
    EXPECT_EQ(refusal({ .element = ValKind::I32 }, Val::i32(1)),
        "only 32-bit tables of funcref and externref are supported");
    EXPECT_EQ(refusal({ .is_64 = true }, Val::funcref({})),
        "only 32-bit tables of funcref and externref are supported");
    EXPECT_EQ(refusal({}, Val::externref(nullptr)), "expected a value of type funcref, got externref");
    EXPECT_NE(refusal({ .min = 1'000'000'000 }, Val::funcref({})), "");
}

TEST(Tags, AreMade)
{
    World world;
    const Tag tag = *Tag::create(world.store, { { ValKind::I32, ValKind::F64 }, {} });
    EXPECT_EQ(tag.type(), (FuncType { { ValKind::I32, ValKind::F64 }, {} }));
    EXPECT_NE(tag, *Tag::create(world.store, tag.type())) << "each is one of its own";
    EXPECT_EQ(error_of(Tag::create(world.store, { {}, { ValKind::I32 } })), "non-empty tag result type");
    EXPECT_EQ(error_of(Tag::create(world.store, { { ValKind::None }, {} })), "no value has kind none");
}

TEST(Handles, AreKeysByIdentity)
{
    World world;
    const auto instance = world.instantiate(R"((module
        (func (export "a")) (func (export "b"))
        (memory (export "m") 1 1 shared)))");
    std::unordered_map<Func, int> calls;
    ++calls[*instance.func("a")];
    ++calls[*instance.debug_function(0)];
    ++calls[*instance.func("b")];
    EXPECT_EQ(calls.size(), 2u);
    EXPECT_EQ(calls[*instance.func("a")], 2);
    std::unordered_map<SharedMemory, int> memories;
    ++memories[*instance.shared_memory("m")];
    ++memories[*instance.debug_shared_memory(0)];
    EXPECT_EQ(memories.size(), 1u);
    std::unordered_map<Instance, int> instances { { instance, 1 } };
    EXPECT_EQ(instances.at(world.store.instances().front()), 1);
}

TEST(Handles, ThatWereMovedFromStayWhatTheyWere)
{
    World world;
    Global global = *Global::create(world.store, { .kind = ValKind::I32 }, Val::i32(3));
    SharedMemory memory = *SharedMemory::create(world.engine, { .min = 1, .max = 1 });
    Instance instance = world.instantiate("(module $m)");
    Engine engine = world.engine;
    const Global other = std::move(global);
    const SharedMemory lanes = std::move(memory);
    const Instance same = std::move(instance);
    const Engine second = std::move(engine);
    // NOLINTBEGIN(bugprone-use-after-move)
    EXPECT_EQ(global.get(), Val::i32(3));
    EXPECT_EQ(memory.size(), 65536u);
    EXPECT_EQ(instance.module().name(), "m");
    EXPECT_FALSE(engine.error());
    // NOLINTEND(bugprone-use-after-move)
}

/// One handle of each kind, to a store that has been destroyed.
struct Orphans {
    Orphans()
    {
        World world;
        instance = world.instantiate(R"((module $home
            (func $f (export "f") (result i32) (i32.const 1))
            (global (export "g") (mut i32) (i32.const 1))
            (memory (export "m") 1)
            (table (export "t") 1 funcref)
            (tag (export "e") (param i32))))");
        func = instance->func("f");
        typed = *func->typed<std::int32_t()>();
        global = instance->global("g");
        memory = instance->memory("m");
        table = instance->table("t");
        tag = instance->tag("e");
    }

    std::optional<Instance> instance;
    std::optional<Func> func;
    std::optional<TypedFunc<std::int32_t()>> typed;
    std::optional<Global> global;
    std::optional<Memory> memory;
    std::optional<Table> table;
    std::optional<Tag> tag;
};

TEST(Handles, WhoseStoreIsGoneAnswerWithErrors)
{
    const Orphans orphans;
    const std::string gone = "the store is gone";
    std::array<std::byte, 1> byte {};
    EXPECT_EQ(error_of(orphans.func->call({})), gone);
    EXPECT_EQ(error_of((*orphans.typed)()), gone);
    EXPECT_EQ(error_of(orphans.func->typed<std::int32_t()>()), gone);
    EXPECT_EQ(error_of(orphans.global->set(Val::i32(1))), gone);
    EXPECT_EQ(error_of(orphans.global->try_get()), gone);
    EXPECT_EQ(error_of(orphans.memory->try_size()), gone);
    EXPECT_EQ(error_of(orphans.memory->try_data()), gone);
    EXPECT_EQ(error_of(orphans.memory->try_find(byte)), gone);
    EXPECT_EQ(error_of(orphans.table->try_size()), gone);
    EXPECT_EQ(error_of(orphans.memory->read(0, byte)), gone);
    EXPECT_EQ(error_of(orphans.memory->write(0, byte)), gone);
    EXPECT_EQ(error_of(orphans.memory->fill(0, 1, byte[0])), gone);
    EXPECT_EQ(error_of(orphans.memory->grow(1)), gone);
    EXPECT_EQ(error_of(orphans.table->get(0)), gone);
    EXPECT_EQ(error_of(orphans.table->set(0, Val::funcref({}))), gone);
    EXPECT_EQ(error_of(orphans.table->grow(1, Val::funcref({}))), gone);
    EXPECT_EQ(error_of(orphans.instance->typed<std::int32_t()>("f")), gone);
}

TEST(Handles, WhoseStoreIsGoneAnswerWithNothing)
{
    const Orphans orphans;
    EXPECT_EQ(orphans.func->type(), FuncType {});
    EXPECT_EQ(orphans.func->name(), "");
    EXPECT_FALSE(orphans.func->index());
    EXPECT_EQ(orphans.global->get(), Val());
    EXPECT_EQ(orphans.global->type(), (GlobalType { ValKind::None, false }));
    EXPECT_EQ(orphans.memory->size(), 0u);
    EXPECT_TRUE(orphans.memory->data().empty());
    EXPECT_FALSE(orphans.memory->find({}, 1));
    EXPECT_EQ(orphans.memory->type(), MemoryType {});
    EXPECT_EQ(orphans.table->size(), 0u);
    EXPECT_EQ(orphans.table->type(), TableType {});
    EXPECT_EQ(orphans.tag->type(), FuncType {});
    EXPECT_EQ(orphans.instance->number(), 0u);
    EXPECT_FALSE(orphans.instance->func("f"));
    EXPECT_FALSE(orphans.instance->debug_function(0));
    EXPECT_FALSE(orphans.instance->debug_memory(0));
    EXPECT_EQ(orphans.instance->module().name(), "home") << "a module belongs to no store";
    EXPECT_EQ(Val::funcref(orphans.func).to_text(), "func ");
}

TEST(Handles, OfAnotherStoreAreRefusedAsValues)
{
    World world, other;
    const Func foreign = *Func::wrap(other.store, [] {});
    const std::string refusal = "the function belongs to another store";
    const auto instance = world.instantiate(R"((module
        (func (export "take") (param funcref))
        (table (export "table") 1 funcref)
        (global (export "global") (mut funcref) (ref.null func))))");
    EXPECT_EQ(error_of(instance.func("take")->call({ Val::funcref(foreign) })),
        "cannot call take: value 0: " + refusal);
    EXPECT_EQ(error_of(instance.table("table")->set(0, Val::funcref(foreign))), refusal);
    EXPECT_EQ(error_of(instance.table("table")->grow(1, Val::funcref(foreign))), refusal);
    EXPECT_EQ(error_of(instance.global("global")->set(Val::funcref(foreign))), refusal);
    EXPECT_EQ(
        error_of(Global::create(world.store, { .kind = ValKind::FuncRef }, Val::funcref(foreign))), refusal);
    EXPECT_EQ(error_of(Table::create(world.store, { .min = 1 }, Val::funcref(foreign))), refusal);
    const Orphans orphans;
    EXPECT_EQ(error_of(instance.table("table")->set(0, Val::funcref(orphans.func))), refusal);
}

TEST(Stores, KeepTheirHandlesWhenMoved)
{
    World world;
    const auto instance = world.instantiate(R"((module (global (export "g") i32 (i32.const 5))))");
    const Global global = *instance.global("g");
    Store moved = std::move(world.store);
    EXPECT_EQ(global.get(), Val::i32(5));
    EXPECT_EQ(moved.instances().front(), instance);
    // NOLINTNEXTLINE(bugprone-use-after-move)
    EXPECT_EQ(world.store.error()->message(), "the store was moved from");
    EXPECT_EQ(error_of(Memory::create(world.store, { .min = 1 })), "the store was moved from");
    EXPECT_TRUE(world.store.instances().empty());
    world.store.interrupter().interrupt();
    Store other(world.engine);
    const Global lost = *Global::create(other, { .kind = ValKind::I32 }, Val::i32(1));
    other = std::move(moved);
    EXPECT_EQ(global.get(), Val::i32(5));
    EXPECT_EQ(lost.get(), Val()) << "the store that was there is gone";
    Store& self = other;
    other = std::move(self);
    EXPECT_EQ(global.get(), Val::i32(5));
}

/// One linker serves two stores, whose host function finds what belongs to its store.
TEST(Stores, HaveDataForHostFunctions)
{
    const Engine engine;
    Linker linker(engine);
    linker.define(
        "host", "count", [](Caller& caller) { return ++*static_cast<int*>(caller.store().data().get()); });
    const auto wat = R"((module (import "host" "count" (func (result i32))) (export "f" (func 0))))";
    const Module module = test::try_module(engine, wat).value();
    const auto first = std::make_shared<int>(10), second = std::make_shared<int>(20);
    {
        Store one(engine), two(engine);
        EXPECT_EQ(one.data(), nullptr);
        one.set_data(first);
        two.set_data(second);
        const auto count_one = linker.instantiate(one, module)->typed<int()>("f").value();
        const auto count_two = linker.instantiate(two, module)->typed<int()>("f").value();
        EXPECT_EQ(*count_one(), 11);
        EXPECT_EQ(*count_two(), 21);
        EXPECT_EQ(*count_one(), 12);
        const Store moved = std::move(one);
        EXPECT_EQ(moved.data(), first);
        one.set_data(second);                                  // NOLINT(bugprone-use-after-move)
        EXPECT_EQ(one.data(), nullptr) << "it was moved from"; // NOLINT(bugprone-use-after-move)
        two.set_data(nullptr);
        EXPECT_EQ(second.use_count(), 1);
        EXPECT_EQ(first.use_count(), 2);
    }
    EXPECT_EQ(first.use_count(), 1) << "it ends with the store";
}

TEST(Stores, ListTheirInstancesInTheOrderOfTheirCreation)
{
    World world;
    const auto a = world.instantiate("(module $a)"), b = world.instantiate("(module $b)"),
               c = *world.linker.instantiate(world.store, a.module());
    EXPECT_THAT(world.store.instances(), testing::ElementsAre(a, b, c));
    EXPECT_EQ(b.number(), 1u);
    EXPECT_EQ(a.module(), c.module());
    EXPECT_EQ(b.module().name(), "b");
}

TEST(Linkers, ThatWereMovedFromAnswerWithErrors)
{
    World world;
    Linker moved = std::move(world.linker);
    EXPECT_EQ(world.refusal("(module)"), "the linker was moved from");
    EXPECT_TRUE(moved.instantiate(world.store, world.module("(module)")));
}

TEST(Engines, EachIsAWorldOfItsOwn)
{
    World closed(false), open(true);
    constexpr auto wat = "(module (global i32 (i32.const 1)))";
    EXPECT_FALSE(closed.instantiate(wat).debug_global(0));
    EXPECT_TRUE(open.instantiate(wat).debug_global(0));
    EXPECT_TRUE(open.engine.guest_debug());
    EXPECT_FALSE(closed.engine.guest_debug());
}

} // namespace
} // namespace vitrine
