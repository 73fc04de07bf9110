// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/heap.h"

#include "runtime/store.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace vitrine::core::test {
namespace {

SubType structure(std::vector<FieldType> fields) { return { .composite = StructType { std::move(fields) } }; }

/// A store with a struct type with an i8, a v128 and a reference, an array type of i16, and an
/// array type of references.
struct World {
    explicit World(const EngineConfig& config = {})
        : engine(std::make_shared<EngineState>(config)), store(engine)
    {
        IndexVector<TypeIndex, SubType> list;
        const ValueType any = ValueType::anyref;
        for (const SubType& type :
            { structure({ { ValueType::i32, 1, true }, { ValueType::v128, 0, true }, { any, 0, false } }),
                SubType { .composite = ArrayType { { ValueType::i32, 2, true } } },
                SubType { .composite = ArrayType { { any, 0, true } } } }) {
            list.push_back(type);
            list.back().group_start = list.size() - 1;
        }
        types = *engine->types.add(list);
    }
    const TypeInfo& info(uint32_t type) const { return engine->types.info(types.ids[TypeIndex { type }]); }
    Heap& heap() { return store.heap; }

    std::shared_ptr<EngineState> engine;
    TypeRegistry::ModuleTypes types;
    Store store;
};

Value any_of(Object* object) { return Value::ref(ValueType::anyref, Ref::of(object)); }

TEST(Heap, PartsOfAStructKeepTheirTypes)
{
    World world;
    Object* const object = world.heap().make_struct(world.info(0));
    ASSERT_EQ(part_count(*object), 3u);
    EXPECT_EQ(part_of(*object, 0), Value::i32(0));
    EXPECT_TRUE(part_of(*object, 2).ref().is_null());
    set_part(*object, 0, Value::i32(0x1ff));
    set_part(*object, 1, { ValueType::v128, 1, 2 });
    set_part(*object, 2, any_of(object));
    EXPECT_EQ(part_of(*object, 0), Value::i32(0xff)) << "packed";
    EXPECT_EQ(part_of(*object, 1), (Value { ValueType::v128, 1, 2 }));
    EXPECT_EQ(part_of(*object, 2).ref().object(), object);
    EXPECT_TRUE(is_mutable_part(*object, 0));
    EXPECT_FALSE(is_mutable_part(*object, 2));
    EXPECT_EQ(dynamic_type(Ref::of(object)), ValueType::ref(world.info(0).id, false, false));
}

TEST(Heap, ElementsOfAnArrayAreDense)
{
    World world;
    Object* const array = world.heap().make_array(world.info(1), 3);
    for (uint32_t i = 0; i < 3; ++i)
        set_part(*array, i, Value::i32(0x10000 + i));
    for (uint32_t i = 0; i < 3; ++i)
        EXPECT_EQ(part_of(*array, i), Value::i32(i));
    EXPECT_EQ(array->element(2) - array->element(0), 4);
}

TEST(Heap, CollectsWhatNothingRefersTo)
{
    World world;
    Heap& heap = world.heap();
    Object* const kept = heap.make_struct(world.info(0));
    const Root root(heap, kept);
    Object* const list = heap.make_array(world.info(2), 10);
    set_part(*kept, 2, any_of(list));
    // Two objects that refer to each other.
    Object* const one = heap.make_array(world.info(2), 1);
    Object* const other = heap.make_array(world.info(2), 1);
    set_part(*one, 0, any_of(other));
    set_part(*other, 0, any_of(one));
    EXPECT_EQ(heap.count(), 4u);
    const uint64_t bytes = heap.bytes();
    heap.collect();
    EXPECT_EQ(heap.count(), 2u);
    EXPECT_LT(heap.bytes(), bytes);
    EXPECT_EQ(part_of(*kept, 2).ref().object(), list);
    set_part(*kept, 2, any_of(nullptr));
    heap.collect();
    EXPECT_EQ(heap.count(), 1u);
}

TEST(Heap, OrdinalsFollowTheOrderOfAllocation)
{
    World world;
    Heap& heap = world.heap();
    Object* const first = heap.make_struct(world.info(0));
    const Root first_root(heap, first);
    heap.make_array(world.info(1), 1);
    Object* const data = heap.make_extern(std::make_shared<int>(1));
    const Root data_root(heap, data);
    const auto ordinals = [&] {
        std::vector<uint64_t> all;
        for (const Object* const object : heap.objects())
            all.push_back(object->ordinal);
        return all;
    };
    EXPECT_EQ(ordinals(), (std::vector<uint64_t> { 0, 1, 2 }));
    heap.collect();
    EXPECT_EQ(ordinals(), (std::vector<uint64_t> { 0, 2 })) << "none is given twice";
    heap.make_array(world.info(1), 1);
    EXPECT_EQ(ordinals(), (std::vector<uint64_t> { 0, 2, 3 }));
    EXPECT_EQ(heap.objects().front(), first);
    EXPECT_EQ(heap.objects()[1], data);
}

TEST(Heap, ADestructorOfHostDataMayMakeObjects)
{
    World world;
    Heap& heap = world.heap();
    for (int i = 0; i < 3; ++i)
        heap.make_extern(std::shared_ptr<void>(nullptr, [&](void*) { heap.make_array(world.info(1), 1); }));
    heap.collect();
    EXPECT_EQ(heap.count(), 3u);
    heap.collect();
    EXPECT_EQ(heap.count(), 0u);
    EXPECT_EQ(heap.bytes(), 0u);
}

TEST(Heap, GlobalsAndTablesAreRoots)
{
    World world;
    Heap& heap = world.heap();
    Global& global =
        *world.store.add_global({ ValueType::anyref, true }, any_of(heap.make_array(world.info(1), 1)));
    Table& table = **world.store.add_table({ ValueType::anyref, { .min = 2 } }, {});
    table.writable_elements()[1] = Ref::of(heap.make_array(world.info(1), 1));
    heap.collect();
    EXPECT_EQ(heap.count(), 2u);
    table.writable_elements()[1] = Ref::i31(4);
    heap.collect();
    EXPECT_EQ(heap.count(), 1u);
    store_value(any_of(nullptr), global.writable_slots());
    heap.collect();
    EXPECT_EQ(heap.count(), 0u);
}

TEST(Heap, WhilePausedNothingIsCollected)
{
    World world;
    {
        const Heap::Pause pause(world.heap());
        world.heap().make_array(world.info(1), 1);
        world.heap().collect();
        EXPECT_EQ(world.heap().count(), 1u);
    }
    world.heap().collect();
    EXPECT_EQ(world.heap().count(), 0u);
}

TEST(Heap, ALongChainNeedsNoStack)
{
    World world;
    Heap& heap = world.heap();
    Object* first = heap.make_array(world.info(2), 1);
    {
        const Heap::Pause pause(heap);
        for (int i = 0; i < 1'000'000; ++i) {
            Object* const next = heap.make_array(world.info(2), 1);
            set_part(*next, 0, any_of(first));
            first = next;
        }
    }
    const Root root(heap, first);
    heap.collect();
    EXPECT_EQ(heap.count(), 1'000'001u);
}

TEST(Heap, AFullOneCollectsAndThenRefuses)
{
    World world(EngineConfig { .max_heap_bytes = uint64_t { 1 } << 20 });
    Heap& heap = world.heap();
    for (int i = 0; i < 100; ++i)
        EXPECT_TRUE(heap.make_array(world.info(1), 200'000)) << "garbage makes room";
    const Root root(heap, heap.make_array(world.info(1), 400'000));
    EXPECT_EQ(heap.make_array(world.info(1), 400'000), nullptr);
    EXPECT_EQ(heap.make_array(world.info(1), UINT32_MAX), nullptr);
    EXPECT_TRUE(heap.make_array(world.info(1), 1'000));
    EXPECT_LE(heap.bytes(), uint64_t { 1 } << 20);
}

TEST(Heap, DataOfTheHostGoesWithItsObject)
{
    World world;
    const auto data = std::make_shared<int>(1);
    world.heap().make_extern(data);
    EXPECT_EQ(data.use_count(), 2);
    world.heap().collect();
    EXPECT_EQ(data.use_count(), 1);
}

TEST(Heap, ARootOutlivesItsStore)
{
    auto world = std::make_unique<World>();
    const Root root(world->heap(), world->heap().make_array(world->info(1), 1));
    EXPECT_EQ(root.heap(), &world->heap());
    world.reset();
    EXPECT_EQ(root.heap(), nullptr);
    EXPECT_EQ(root.object(), nullptr);
}

} // namespace
} // namespace vitrine::core::test
