// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/objects.h"

#include "runtime/bulk.h"
#include "runtime/linker.h"
#include "runtime/store.h"
#include "support/wat.h"
#include "wasm/validator.h"

#include <gtest/gtest.h>

#include <array>

namespace vitrine::core::test {
namespace {

constexpr const char* guest = R"((module
    (type $bytes (array (mut i8)))
    (type $refs (array (mut anyref)))
    (type $vectors (array (mut v128)))
    (type $pair (sub (struct (field (mut i32) (mut v128)))))
    (type $triple (sub $pair (struct (field (mut i32) (mut v128) (mut i64)))))
    (type $void (func))
    (func $f)
    (data "abcd")
    (elem anyref (item (ref.i31 (i32.const 7))) (item (ref.null any)))))";
constexpr int64_t bytes = 0, refs = 1, vectors = 2, pair = 3, triple = 4, function = 5;

/// The heap types that code encodes in one byte, which are negative in LEB128.
constexpr int64_t any = 0x6e - 0x80, eq = 0x6d - 0x80, i31 = 0x6c - 0x80, structure = 0x6b - 0x80,
                  array = 0x6a - 0x80, none = 0x71 - 0x80, no_func = 0x73 - 0x80, func = 0x70 - 0x80;

struct Objects : testing::Test {
    Objects()
    {
        auto module = load_module(wasm_of(guest), engine->types, engine->config.features);
        instance = *instantiate(store, *module, {});
    }
    const TypeInfo& type(int64_t index) const { return *instance->types[index]; }
    Object* make_array(int64_t index, uint32_t length) { return store.heap.make_array(type(index), length); }
    bool is(Ref ref, int64_t heap) const { return is_instance(*instance, ref, heap); }

    std::shared_ptr<EngineState> engine = std::make_shared<EngineState>();
    Store store { engine };
    Instance* instance = nullptr;
};

TEST_F(Objects, AreInstancesOfTheirTypesAndOfThoseAbove)
{
    const Ref number = Ref::i31(5), object = Ref::of(store.heap.make_struct(type(triple))),
              list = Ref::of(make_array(bytes, 1)), callee = Ref::of(instance->functions.front());
    EXPECT_TRUE(is(object, triple) && is(object, pair) && is(object, structure) && is(object, eq));
    EXPECT_FALSE(is(object, bytes) || is(object, array) || is(object, i31) || is(object, none));
    EXPECT_FALSE(is(Ref::of(store.heap.make_struct(type(pair))), triple));
    EXPECT_TRUE(is(list, bytes) && is(list, array) && is(list, eq) && is(list, any));
    EXPECT_FALSE(is(list, refs) || is(list, structure));
    EXPECT_TRUE(is(number, i31) && is(number, eq) && is(number, any));
    EXPECT_FALSE(is(number, structure) || is(number, pair) || is(number, none));
    EXPECT_TRUE(is(callee, function) && is(callee, func));
    EXPECT_FALSE(is(callee, no_func));
    EXPECT_TRUE(is_instance(*instance, Ref {}, none, true));
    EXPECT_FALSE(is_instance(*instance, Ref {}, any, false));
}

TEST_F(Objects, AreMadeOfTheirValues)
{
    const Slot fields[] { 7, 1, 2, 9 };
    Object* const made = struct_new(store.heap, type(triple), fields);
    EXPECT_EQ(part_of(*made, 0), Value::i32(7));
    EXPECT_EQ(part_of(*made, 1), (Value { ValueType::v128, 1, 2 }));
    EXPECT_EQ(part_of(*made, 2), Value::i64(9));
    const Slot vector[] { 3, 4, 5, 6 };
    EXPECT_EQ(
        part_of(*array_new(store.heap, type(vectors), vector, 2), 1), (Value { ValueType::v128, 3, 4 }));
    EXPECT_EQ(part_of(*array_new_fixed(store.heap, type(vectors), vector, 2), 1),
        (Value { ValueType::v128, 5, 6 }));
    const Slot wide = 0x1234;
    EXPECT_EQ(part_of(*array_new(store.heap, type(bytes), &wide, 1), 0), Value::i32(0x34));
}

TEST_F(Objects, WithoutRoomAreNotMade)
{
    Store small(std::make_shared<EngineState>(EngineConfig { .max_heap_bytes = 48 }));
    const Slot value = 0;
    EXPECT_EQ(array_new(small.heap, type(bytes), &value, 1000), nullptr);
    EXPECT_EQ(array_new_fixed(small.heap, type(bytes), std::array<Slot, 100> {}.data(), 100), nullptr);
    EXPECT_EQ(struct_new(small.heap, type(triple), std::array<Slot, 4> {}.data()), nullptr);
}

TEST_F(Objects, PackedValuesAreExtended)
{
    EXPECT_EQ(extend_packed(0x180, 1, false), 0x80u);
    EXPECT_EQ(extend_packed(0x180, 1, true), 0xffffff80u) << "an i32 in a slot";
    EXPECT_EQ(extend_packed(0x18000, 2, false), 0x8000u);
    EXPECT_EQ(extend_packed(0x18000, 2, true), 0xffff8000u);
}

TEST_F(Objects, ArraysAreWrittenWhollyOrNotAtAll)
{
    Object* const list = make_array(bytes, 4);
    const Slot one = 1;
    EXPECT_EQ(array_fill(list, 3, &one, 2), TrapKind::ArrayOutOfBounds);
    EXPECT_EQ(array_fill(list, 5, &one, 0), TrapKind::ArrayOutOfBounds);
    EXPECT_EQ(array_fill(list, UINT64_MAX, &one, 2), TrapKind::ArrayOutOfBounds);
    EXPECT_EQ(array_copy(list, 0, list, 3, 2), TrapKind::ArrayOutOfBounds);
    EXPECT_EQ(array_init_data(*instance, list, 0, 0, 3, 2), TrapKind::MemoryOutOfBounds);
    EXPECT_EQ(array_init_data(*instance, list, 3, 0, 0, 2), TrapKind::ArrayOutOfBounds);
    EXPECT_EQ(part_of(*list, 3), Value::i32(0));
    for (const auto trap : { array_fill(nullptr, 0, &one, 0), array_copy(list, 0, nullptr, 0, 0),
             array_copy(nullptr, 0, list, 0, 0), array_init_data(*instance, nullptr, 0, 0, 0, 0),
             array_init_elem(*instance, nullptr, 0, 0, 0, 0) })
        EXPECT_EQ(trap, TrapKind::NullArray);

    EXPECT_EQ(array_init_data(*instance, list, 1, 0, 0, 3), no_trap);
    EXPECT_EQ(array_copy(list, 0, list, 1, 3), no_trap);
    EXPECT_EQ(part_of(*list, 0), Value::i32('a'));
    EXPECT_EQ(part_of(*list, 3), Value::i32('c'));
    EXPECT_EQ(array_fill(list, 4, &one, 0), no_trap) << "an empty range may begin at the end";

    Object* const objects = make_array(refs, 2);
    EXPECT_EQ(array_init_elem(*instance, objects, 0, 0, 1, 2), TrapKind::TableOutOfBounds);
    EXPECT_EQ(array_init_elem(*instance, objects, 0, 0, 0, 2), no_trap);
    EXPECT_EQ(part_of(*objects, 0).ref(), Ref::i31(7));
    elem_drop(*instance, { 0 });
    EXPECT_EQ(array_init_elem(*instance, objects, 0, 0, 0, 1), TrapKind::TableOutOfBounds);
    data_drop(*instance, { 0 });
    EXPECT_EQ(array_init_data(*instance, list, 0, 0, 0, 1), TrapKind::MemoryOutOfBounds);
}

} // namespace
} // namespace vitrine::core::test
