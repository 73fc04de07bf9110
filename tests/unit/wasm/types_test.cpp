// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/types.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

namespace vitrine::core::test {
namespace {

using Types = IndexVector<TypeIndex, SubType>;

ValueType ref_to(uint32_t index, bool nullable = true)
{
    return ValueType::ref(HeapKind::Type, nullable, index);
}

/// Types by recursion groups, each a list of types.
Types types_of(std::initializer_list<std::vector<SubType>> groups)
{
    Types types;
    for (const auto& group : groups) {
        const uint32_t start = types.size();
        for (SubType type : group) {
            type.group_start = start;
            type.group_size = static_cast<uint32_t>(group.size());
            types.push_back(type);
        }
    }
    return types;
}

SubType func(std::vector<ValueType> params, std::vector<ValueType> results)
{
    return { .composite = FuncType { std::move(params), std::move(results) } };
}

SubType structure(
    std::vector<FieldType> fields, std::optional<uint32_t> supertype = {}, bool is_final = false)
{
    return { .composite = StructType { std::move(fields) }, .supertype = supertype, .is_final = is_final };
}

std::vector<uint32_t> ids_of(TypeRegistry& registry, const Types& types)
{
    const auto added = registry.add(types);
    std::vector<uint32_t> ids;
    for (const TypeId id : *added)
        ids.push_back(id.value);
    return ids;
}

TEST(Types, TextIsThatOfWat)
{
    EXPECT_EQ(ValueType::i32.to_text(), "i32");
    EXPECT_EQ(ValueType::v128.to_text(), "v128");
    EXPECT_EQ(ValueType::funcref.to_text(), "funcref");
    EXPECT_EQ(ValueType::ref(HeapKind::Func, false).to_text(), "(ref func)");
    EXPECT_EQ(ValueType::ref(HeapKind::NoExtern).to_text(), "nullexternref");
    EXPECT_EQ(ref_to(3).to_text(), "(ref null 3)");
    EXPECT_EQ(ref_to(3, false).to_text(), "(ref 3)");
    const ValueType types[] = { ValueType::i32, ValueType::externref };
    EXPECT_EQ(to_text(types), "[i32 externref]");
    EXPECT_EQ(to_text(std::span<const ValueType> {}), "[]");
    EXPECT_EQ((FuncType { { ValueType::i32, ValueType::i64 }, { ValueType::f64 } }).to_text(),
        "(param i32 i64) (result f64)");
    EXPECT_EQ((FuncType { {}, { ValueType::f64 } }).to_text(), "(result f64)");
    EXPECT_EQ(FuncType {}.to_text(), "");
}

TEST(Types, AVectorTakesTwoSlots)
{
    const ValueType types[] = { ValueType::i32, ValueType::v128, ValueType::funcref };
    EXPECT_EQ(slots_of(types), 4u);
}

TEST(Types, TheLargestIndexFits)
{
    const ValueType type = ref_to(ValueType::max_index - 1);
    EXPECT_EQ(type.index(), ValueType::max_index - 1);
    EXPECT_TRUE(type.is_nullable());
    EXPECT_EQ(type.heap(), HeapKind::Type);
    EXPECT_FALSE(ref_to(1, false).is_defaultable());
}

TEST(TypeRegistry, EqualTypesOfTwoModulesHaveOneId)
{
    TypeRegistry registry;
    const SubType unary = func({ ValueType::i32 }, { ValueType::i32 }), nullary = func({}, {});
    const auto first = ids_of(registry, types_of({ { unary }, { nullary }, { unary } }));
    EXPECT_EQ(first[0], first[2]);
    EXPECT_NE(first[0], first[1]);
    const auto second = ids_of(registry, types_of({ { nullary }, { unary } }));
    EXPECT_EQ(second[0], first[1]);
    EXPECT_EQ(second[1], first[0]);
    EXPECT_EQ(registry.add(FuncType { { ValueType::i32 }, { ValueType::i32 } }).value, first[0]);
    EXPECT_EQ(*registry[TypeId { first[0] }].func(), *unary.func());
}

TEST(TypeRegistry, WhatDiffersInAnythingIsAnotherType)
{
    TypeRegistry registry;
    const FieldType i8 { ValueType::i32, 1, false }, i16 { ValueType::i32, 2, false },
        i32 { ValueType::i32, 0, false };
    const FieldType mutable_i32 { ValueType::i32, 0, true };
    const auto ids = ids_of(registry,
        types_of({ { structure({ i8 }) }, { structure({ i16 }) }, { structure({ i32 }) },
            { structure({ mutable_i32 }) }, { structure({ i32 }, {}, true) }, { structure({ i32 }, 2) },
            { structure({ i32, i32 }) }, { SubType { .composite = ArrayType { i32 }, .is_final = false } },
            { func({ ValueType::i32 }, {}) }, { func({}, { ValueType::i32 }) },
            { func({ ValueType::funcref }, {}) }, { func({ ValueType::ref(HeapKind::Func, false) }, {}) } }));
    EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), ids.size());
}

TEST(TypeRegistry, RecursiveTypesAreComparedByTheirGroup)
{
    TypeRegistry registry;
    // A list that points to itself, in two modules where it has two indices.
    const auto list = [](uint32_t self) { return structure({ { ref_to(self), 0, true } }); };
    const auto first = ids_of(registry, types_of({ { list(0) } }));
    const auto second = ids_of(registry, types_of({ { func({}, {}) }, { list(1) }, { list(2) } }));
    EXPECT_EQ(second[1], first[0]);
    EXPECT_EQ(second[2], first[0]);
    // A list that points to the other list is no list that points to itself.
    const auto third = ids_of(registry, types_of({ { list(0) }, { list(0) } }));
    EXPECT_EQ(third[0], first[0]);
    EXPECT_NE(third[1], first[0]);
}

TEST(TypeRegistry, APlaceInALargerGroupIsAnotherType)
{
    TypeRegistry registry;
    const auto alone = ids_of(registry, types_of({ { func({}, {}) } }));
    const auto paired = ids_of(registry, types_of({ { func({}, {}), func({}, {}) } }));
    EXPECT_NE(paired[0], paired[1]);
    EXPECT_NE(paired[0], alone[0]);
    EXPECT_EQ(ids_of(registry, types_of({ { func({}, {}), func({}, {}) } })), paired);
    EXPECT_EQ(registry[TypeId { paired[1] }].group_start, paired[0]);
    EXPECT_EQ(registry[TypeId { paired[1] }].group_size, 2u);
}

TEST(TypeRegistry, IndicesInItsTypesAreIds)
{
    TypeRegistry registry;
    registry.add(FuncType { { ValueType::f64 }, {} });
    const auto ids = ids_of(registry,
        types_of({ { func({}, {}) },
            { structure({ { ref_to(2), 0, false } }), structure({ { ref_to(0), 0, false } }, 1) } }));
    const auto& first = std::get<StructType>(registry[TypeId { ids[1] }].composite);
    EXPECT_EQ(first.fields[0].type, ref_to(ids[2]));
    const SubType& second = registry[TypeId { ids[2] }];
    const ValueType function = std::get<StructType>(second.composite).fields[0].type;
    EXPECT_EQ(function, ValueType::ref(TypeId { ids[0] }, true, true));
    EXPECT_EQ(function.index(), ids[0]);
    EXPECT_TRUE(function.is_function_ref());
    EXPECT_FALSE(first.fields[0].type.is_function_ref());
    EXPECT_EQ(second.supertype, ids[1]);
}

TEST(TypeRegistry, SubtypingOfDefinedTypesFollowsTheDeclaration)
{
    TypeRegistry registry;
    const auto ids = ids_of(registry,
        types_of(
            { { structure({}) }, { structure({}, 0) }, { structure({}, 1) }, { structure({}, 0, true) } }));
    const auto is_subtype = [&](uint32_t sub, uint32_t super) {
        return registry.is_subtype(TypeId { ids[sub] }, TypeId { ids[super] });
    };
    EXPECT_TRUE(is_subtype(2, 0));
    EXPECT_TRUE(is_subtype(2, 2));
    EXPECT_TRUE(is_subtype(3, 0));
    EXPECT_FALSE(is_subtype(0, 2));
    EXPECT_FALSE(is_subtype(3, 1));
}

TEST(TypeRegistry, SubtypingOfAbstractTypes)
{
    using enum HeapKind;
    const TypeRegistry registry;
    const std::vector<std::pair<HeapKind, HeapKind>> expected { { Eq, Any }, { I31, Any }, { Struct, Any },
        { Array, Any }, { None, Any }, { I31, Eq }, { Struct, Eq }, { Array, Eq }, { None, Eq },
        { None, I31 }, { None, Struct }, { None, Array }, { NoFunc, Func }, { NoExtern, Extern },
        { NoExn, Exn } };
    for (auto sub = Func; sub < Type; sub = static_cast<HeapKind>(static_cast<int>(sub) + 1))
        for (auto super = Func; super < Type; super = static_cast<HeapKind>(static_cast<int>(super) + 1)) {
            const bool is_expected =
                sub == super || std::ranges::find(expected, std::pair(sub, super)) != expected.end();
            EXPECT_EQ(registry.is_subtype(ValueType::ref(sub), ValueType::ref(super)), is_expected)
                << ValueType::ref(sub).to_text() << " " << ValueType::ref(super).to_text();
        }
}

TEST(TypeRegistry, SubtypingOfValueTypes)
{
    TypeRegistry registry;
    const auto ids = ids_of(registry,
        types_of({ { func({}, {}) }, { structure({}) }, { SubType { .composite = ArrayType {} } } }));
    const ValueType function = ref_to(ids[0]), record = ref_to(ids[1]), array = ref_to(ids[2]);
    const auto nullable = [](HeapKind kind) { return ValueType::ref(kind); };
    EXPECT_TRUE(registry.is_subtype(function, ValueType::funcref));
    EXPECT_FALSE(registry.is_subtype(function, nullable(HeapKind::Any)));
    EXPECT_FALSE(registry.is_subtype(ValueType::funcref, function));
    EXPECT_TRUE(registry.is_subtype(record, nullable(HeapKind::Struct)));
    EXPECT_TRUE(registry.is_subtype(record, nullable(HeapKind::Any)));
    EXPECT_FALSE(registry.is_subtype(record, nullable(HeapKind::Array)));
    EXPECT_TRUE(registry.is_subtype(array, nullable(HeapKind::Eq)));
    EXPECT_TRUE(registry.is_subtype(nullable(HeapKind::None), record));
    EXPECT_TRUE(registry.is_subtype(nullable(HeapKind::None), array));
    EXPECT_FALSE(registry.is_subtype(nullable(HeapKind::None), function));
    EXPECT_TRUE(registry.is_subtype(nullable(HeapKind::NoFunc), function));
    EXPECT_FALSE(registry.is_subtype(nullable(HeapKind::NoExtern), function));
    // Null.
    EXPECT_TRUE(registry.is_subtype(ref_to(ids[1], false), record));
    EXPECT_FALSE(registry.is_subtype(record, ref_to(ids[1], false)));
    // Numbers and the bottom type.
    EXPECT_FALSE(registry.is_subtype(ValueType::i32, ValueType::i64));
    EXPECT_FALSE(registry.is_subtype(ValueType::i32, ValueType::funcref));
    EXPECT_TRUE(registry.is_subtype(ValueType::bottom, ValueType::f32));
    EXPECT_FALSE(registry.is_subtype(ValueType::f32, ValueType::bottom));
}

TEST(TypeRegistry, ServesManyThreads)
{
    TypeRegistry registry;
    const auto types_with = [](uint32_t params) {
        return types_of({ { func(std::vector(params, ValueType::i32), {}) } });
    };
    std::array<std::vector<uint32_t>, 4> ids;
    {
        std::vector<std::jthread> threads;
        for (auto& own : ids)
            threads.emplace_back([&] {
                for (uint32_t params = 0; params < 200; ++params) {
                    const TypeId id = (*registry.add(types_with(params)))[TypeIndex { 0 }];
                    EXPECT_EQ(registry[id].func()->params.size(), params);
                    own.push_back(id.value);
                }
            });
    }
    for (const auto& own : ids)
        EXPECT_EQ(own, ids[0]);
}

} // namespace
} // namespace vitrine::core::test
