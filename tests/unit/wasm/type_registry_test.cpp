// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/type_registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <thread>

namespace vitrine::core::test {
namespace {

using Types = IndexVector<TypeIndex, SubType>;

ValueType ref_to(uint32_t index, bool nullable = true)
{
    return ValueType::ref(HeapKind::Defined, nullable, index);
}

/// Types in recursion groups, each a list of types.
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

/// A registry that keeps claims on everything registered with `ids_of`.
struct KeepingRegistry : TypeRegistry {
    std::vector<Claim> claims;
};

std::vector<uint32_t> ids_of(KeepingRegistry& registry, const Types& types)
{
    auto added = *registry.add(types);
    registry.claims.push_back(std::move(added.claim));
    std::vector<uint32_t> ids;
    for (const TypeId id : added.ids)
        ids.push_back(id.value);
    return ids;
}

TEST(TypeRegistry, EqualTypesOfTwoModulesHaveOneId)
{
    KeepingRegistry registry;
    const SubType unary = func({ ValueType::i32 }, { ValueType::i32 }), nullary = func({}, {});
    const auto first = ids_of(registry, types_of({ { unary }, { nullary }, { unary } }));
    EXPECT_EQ(first[0], first[2]);
    EXPECT_NE(first[0], first[1]);
    const auto second = ids_of(registry, types_of({ { nullary }, { unary } }));
    EXPECT_EQ(second[0], first[1]);
    EXPECT_EQ(second[1], first[0]);
    EXPECT_EQ(registry.add(FuncType { { ValueType::i32 }, { ValueType::i32 } })->id.value, first[0]);
    EXPECT_EQ(*registry[TypeId { first[0] }].func(), *unary.func());
}

TEST(TypeRegistry, WhatDiffersInAnythingIsAnotherType)
{
    KeepingRegistry registry;
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
    KeepingRegistry registry;
    // A list that points to itself, in two modules where it has different indices.
    const auto list = [](uint32_t self) { return structure({ { ref_to(self), 0, true } }); };
    const auto first = ids_of(registry, types_of({ { list(0) } }));
    const auto second = ids_of(registry, types_of({ { func({}, {}) }, { list(1) }, { list(2) } }));
    EXPECT_EQ(second[1], first[0]);
    EXPECT_EQ(second[2], first[0]);
    // A list that points to the other list is not a list that points to itself.
    const auto third = ids_of(registry, types_of({ { list(0) }, { list(0) } }));
    EXPECT_EQ(third[0], first[0]);
    EXPECT_NE(third[1], first[0]);
}

TEST(TypeRegistry, APlaceInALargerGroupIsAnotherType)
{
    KeepingRegistry registry;
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
    KeepingRegistry registry;
    const auto before = registry.add(FuncType { { ValueType::f64 }, {} });
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
    KeepingRegistry registry;
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

TEST(TypeRegistry, SubtypingHoldsAtEveryDepth)
{
    // Two chains with one root: `2k + 1` and `2k + 2` are subtypes of `2k - 1` and `2k`.
    constexpr uint32_t depth = 20;
    std::vector<SubType> group { structure({}) };
    for (uint32_t i = 1; i <= 2 * depth; ++i)
        group.push_back(structure({}, i <= 2 ? 0 : i - 2));
    KeepingRegistry registry;
    const auto ids = ids_of(registry, types_of({ group }));
    for (uint32_t sub = 0; sub < group.size(); ++sub)
        for (uint32_t super = 0; super < group.size(); ++super)
            EXPECT_EQ(registry.is_subtype(TypeId { ids[sub] }, TypeId { ids[super] }),
                super == 0 || (super <= sub && (sub - super) % 2 == 0))
                << sub << " below " << super;
}

TEST(TypeRegistry, SubtypingOfAbstractTypes)
{
    using enum HeapKind;
    const TypeRegistry registry;
    const std::vector<std::pair<HeapKind, HeapKind>> expected { { Eq, Any }, { I31, Any }, { Struct, Any },
        { Array, Any }, { None, Any }, { I31, Eq }, { Struct, Eq }, { Array, Eq }, { None, Eq },
        { None, I31 }, { None, Struct }, { None, Array }, { NoFunc, Func }, { NoExtern, Extern },
        { NoExn, Exn } };
    for (auto sub = Func; sub < Defined; sub = static_cast<HeapKind>(static_cast<int>(sub) + 1))
        for (auto super = Func; super < Defined; super = static_cast<HeapKind>(static_cast<int>(super) + 1)) {
            const bool is_expected =
                sub == super || std::ranges::find(expected, std::pair(sub, super)) != expected.end();
            EXPECT_EQ(registry.is_subtype(ValueType::ref(sub), ValueType::ref(super)), is_expected)
                << ValueType::ref(sub).to_text() << " " << ValueType::ref(super).to_text();
        }
}

TEST(TypeRegistry, SubtypingOfValueTypes)
{
    KeepingRegistry registry;
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

// -- How long types are registered

TEST(TypeRegistry, TypesGoWithTheLastClaimOnThem)
{
    TypeRegistry registry;
    auto first = registry.add(types_of({ { func({}, {}) }, { structure({}) } }));
    auto second = registry.add(types_of({ { structure({}) } }));
    auto third = registry.claim(second->ids[TypeIndex { 0 }]);
    EXPECT_EQ(registry.size(), 2u);
    first->claim = {};
    EXPECT_EQ(registry.size(), 1u);
    EXPECT_TRUE(registry[second->ids[TypeIndex { 0 }]].structure());
    second->claim = {};
    EXPECT_EQ(registry.size(), 1u);
    third = {};
    EXPECT_EQ(registry.size(), 0u);
}

TEST(TypeRegistry, ATypeKeepsThoseThatItNames)
{
    TypeRegistry registry;
    auto module =
        registry.add(types_of({ { structure({}) }, { structure({}, 0) }, { structure({ { ref_to(1) } }) } }));
    const ValueType record = ref_to(module->ids[TypeIndex { 2 }].value);
    auto function = registry.add(FuncType { { record }, { record } });
    ASSERT_TRUE(module && function);
    module->claim = {};
    EXPECT_EQ(registry.size(), 4u)
        << "a function type, the struct that it names, that one's field, the supertype";
    EXPECT_EQ(registry.info(TypeId { record.index() }).type.structure()->fields[0].type.index(),
        module->ids[TypeIndex { 1 }].value);
    function->claim = {};
    EXPECT_EQ(registry.size(), 0u);
}

TEST(TypeRegistry, AGroupThatNamesItselfGoes)
{
    TypeRegistry registry;
    {
        const auto added = registry.add(
            types_of({ { structure({ { ref_to(1) }, { ref_to(0) } }), structure({ { ref_to(0) } }, 0) } }));
        EXPECT_EQ(registry.size(), 2u);
    }
    EXPECT_EQ(registry.size(), 0u);
}

/// A list of structs, each with a field that refers to the one before.
Types linked_structs(uint32_t count)
{
    Types types;
    for (uint32_t i = 0; i < count; ++i) {
        types.push_back(
            structure(i == 0 ? std::vector<FieldType> {} : std::vector { FieldType { ref_to(i - 1) } }));
        types.back().group_start = i;
    }
    return types;
}

TEST(TypeRegistry, LettingGoOfALongChainNeedsNoStack)
{
    TypeRegistry registry;
    constexpr uint32_t count = 300'000;
    auto module = registry.add(linked_structs(count));
    auto last = registry.claim(module->ids[TypeIndex { count - 1 }]);
    module->claim = {};
    EXPECT_EQ(registry.size(), count);
    last = {};
    EXPECT_EQ(registry.size(), 0u);
}

TEST(TypeRegistry, IdsOfTypesThatAreGoneAreGivenOutAgain)
{
    TypeRegistry registry;
    const auto kept = registry.add(types_of({ { func({ ValueType::f64 }, {}) } }));
    for (uint32_t round = 0; round < 100; ++round) {
        // Groups of many sizes, so that the free ids are scattered.
        std::vector<TypeRegistry::ModuleTypes> modules;
        for (uint32_t size = 1; size < 20; ++size) {
            Types types;
            for (uint32_t i = 0; i < size; ++i) {
                types.push_back(structure(std::vector(round % 7 + size, FieldType { ref_to(i) }), {}, true));
                types.back().group_size = size;
            }
            modules.push_back(*registry.add(types));
            if (size % 3 == 0)
                modules.erase(modules.begin());
        }
        std::set<uint32_t> ids;
        for (const auto& module : modules)
            for (uint32_t i = 0; i < module.ids.size(); ++i) {
                const TypeId id = module.ids[TypeIndex { i }];
                EXPECT_LT(id.value, 191u) << "never more than are registered at a time";
                EXPECT_TRUE(ids.insert(id.value).second);
                EXPECT_EQ(registry.info(id).id, id);
                for (const FieldType& field : registry[id].structure()->fields)
                    EXPECT_EQ(field.type.index(), id.value);
            }
        EXPECT_EQ(registry.size(), ids.size() + 1);
    }
    EXPECT_EQ(registry[kept->ids[TypeIndex { 0 }]].func()->params.front(), ValueType::f64);
}

TEST(TypeRegistry, AFullOneRefusesAndKeepsNothing)
{
    TypeRegistry registry;
    Types half;
    for (uint32_t i = 0; i < TypeRegistry::max_types / 2; ++i) {
        half.push_back(structure({}));
        half.back().group_size = TypeRegistry::max_types / 2;
    }
    const auto first = registry.add(half);
    half[TypeIndex { 0 }].composite = FuncType {};
    auto second = registry.add(half);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(registry.size(), TypeRegistry::max_types);
    // Types that are already known need no room.
    EXPECT_TRUE(registry.add(half));
    const auto refused = registry.add(types_of({ { func({}, {}) } }));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "too many different types in one engine");
    EXPECT_FALSE(registry.add(FuncType {}));
    second->claim = {};
    // A module of which only a part fits is refused as a whole.
    EXPECT_TRUE(registry.add(types_of({ { func({}, {}) } })));
    EXPECT_EQ(registry.size(), TypeRegistry::max_types / 2);
    Types rest = types_of({ { func({ ValueType::i32 }, {}) } });
    for (uint32_t i = 0; i < TypeRegistry::max_types / 2; ++i) {
        rest.push_back(structure({}, {}, true));
        rest.back().group_start = 1;
        rest.back().group_size = TypeRegistry::max_types / 2;
    }
    EXPECT_FALSE(registry.add(rest));
    EXPECT_EQ(registry.size(), TypeRegistry::max_types / 2);
}

TEST(TypeRegistry, AClaimMayOutliveTheRegistry)
{
    TypeRegistry::Claim claim;
    {
        TypeRegistry registry;
        claim = std::move(registry.add(types_of({ { func({}, {}) } }))->claim);
    }
    claim = {};
}

TEST(TypeRegistry, ServesManyThreads)
{
    TypeRegistry registry;
    const auto types_with = [](uint32_t params) {
        return types_of({ { func(std::vector(params, ValueType::i32), {}) } });
    };
    std::array<std::vector<TypeRegistry::ModuleTypes>, 4> kept;
    {
        std::vector<std::jthread> threads;
        for (auto& own : kept)
            threads.emplace_back([&] {
                for (uint32_t params = 0; params < 200; ++params) {
                    // Other threads release the same type meanwhile.
                    for (uint32_t i = 0; i < 3; ++i)
                        EXPECT_TRUE(registry.add(types_with(params)));
                    own.push_back(*registry.add(types_with(params)));
                    const TypeId id = own.back().ids[TypeIndex { 0 }];
                    EXPECT_EQ(registry[id].func()->params.size(), params);
                }
            });
    }
    for (const auto& own : kept)
        for (uint32_t params = 0; params < 200; ++params)
            EXPECT_EQ(own[params].ids[TypeIndex { 0 }], kept[0][params].ids[TypeIndex { 0 }]);
    EXPECT_EQ(registry.size(), 200u);
    for (auto& own : kept)
        own.clear();
    EXPECT_EQ(registry.size(), 0u);
}

} // namespace
} // namespace vitrine::core::test
