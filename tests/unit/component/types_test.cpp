// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/types.h"

#include <gtest/gtest.h>

namespace vitrine::core::component::test {
namespace {

using enum Primitive;

class TypesTest : public testing::Test {
protected:
    ValType add(ValueDef def) { return *types_.add(std::move(def)); }

    /// `size/alignment` in memory and the core types: `8/4 i32 i64`.
    std::string facts(ValType type) const
    {
        const TypeInfo& info = types_.info(type);
        std::string text = std::to_string(info.layout.size) + "/" + std::to_string(info.layout.alignment);
        for (const core::ValueKind kind : info.flat.span())
            text += " " + core::ValueType(kind).to_text();
        return info.flat.fits() ? text : text + " ..";
    }

    Types types_;
};

TEST_F(TypesTest, LayoutAndCoreTypes)
{
    const ValType point = add(RecordType { { { "x", U8 }, { "y", U32 }, { "z", U16 } } });
    const ValType handle = add(OwnType { *types_.add(ResourceType { types_.new_resource() }) });
    const struct {
        ValType type;
        const char* facts;
    } table[] = {
        { Bool, "1/1 i32" },
        { S64, "8/8 i64" },
        { F32, "4/4 f32" },
        { Char, "4/4 i32" },
        { String, "8/4 i32 i32" },
        { point, "12/4 i32 i32 i32" },
        { handle, "4/4 i32" },
        { add(ListType { point }), "8/4 i32 i32" },
        { add(ListType { point, 3 }), "36/4 i32 i32 i32 i32 i32 i32 i32 i32 i32" },
        { add(ListType { point, 6 }),
            "72/4 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 .." },
        { add(MapType { String, point }), "8/4 i32 i32" },
        { add(TupleType { { U8, F64 } }), "16/8 i32 f64" },
        { add(FlagsType { { "a", "b" } }), "1/1 i32" },
        { add(FlagsType { std::vector<std::string_view>(17, "a") }), "4/4 i32" },
        { add(EnumType { { "a", "b" } }), "1/1 i32" },
        { add(EnumType { std::vector<std::string_view>(257, "a") }), "2/2 i32" },
        { add(OptionType { U64 }), "16/8 i32 i64" },
        { add(ResultType { F32, U8 }), "8/4 i32 i32" },
        { add(ResultType { {}, {} }), "1/1 i32" },
        { add(ResultType { F32, F64 }), "16/8 i32 i64" },
        { add(VariantType { { { "a", F32 }, { "b", String }, { "c", {} } } }), "12/4 i32 i32 i32" },
        { add(StreamType { String }), "4/4 i32" },
        { add(FutureType { {} }), "4/4 i32" },
    };
    for (const auto& row : table)
        EXPECT_EQ(facts(row.type), row.facts) << kind_text(types_.value(row.type));
    EXPECT_TRUE(types_.info(add(OptionType { String })).has_pointer);
    EXPECT_FALSE(types_.info(add(OptionType { add(StreamType { String }) })).has_pointer);
    EXPECT_TRUE(types_.info(add(TupleType { { handle } })).has_resource);
}

TEST_F(TypesTest, EqualTypesHaveOneCanonicalId)
{
    const ValType a = add(RecordType { { { "x", U8 }, { "y", String } } });
    const ValType b = add(RecordType { { { "X", add(U8) }, { "y", add(String) } } });
    EXPECT_FALSE(a == b);
    EXPECT_TRUE(types_.are_equal(a, b)) << "labels that differ in case, and names of primitive types";
    EXPECT_TRUE(types_.are_equal(add(ListType { a }), add(ListType { b })));
    EXPECT_FALSE(types_.are_equal(add(ListType { a }), add(ListType { a, 1 })));
    EXPECT_FALSE(types_.are_equal(a, add(RecordType { { { "y", String }, { "x", U8 } } })));
    EXPECT_FALSE(types_.are_equal(add(TupleType { { U8 } }), add(OptionType { U8 })));
    EXPECT_FALSE(types_.are_equal(add(FlagsType { { "a" } }), add(EnumType { { "a" } })));
    EXPECT_FALSE(types_.are_equal(add(EnumType { { "ab", "c" } }), add(EnumType { { "a", "bc" } })));
    EXPECT_TRUE(types_.are_equal(a, types_.add_name(a.type())));
}

TEST_F(TypesTest, HandlesAreEqualIfTheirResourcesAre)
{
    const TypeId r = *types_.add(ResourceType { types_.new_resource() });
    const TypeId other = *types_.add(ResourceType { types_.new_resource() });
    EXPECT_TRUE(types_.are_equal(add(OwnType { r }), add(OwnType { types_.add_name(r) })));
    EXPECT_FALSE(types_.are_equal(add(OwnType { r }), add(OwnType { other })));
    EXPECT_FALSE(types_.are_equal(add(OwnType { r }), add(BorrowType { r })));
}

TEST_F(TypesTest, DepthIsLimited)
{
    ValType type = U8;
    for (uint32_t i = 1; i < limits::type_depth; ++i)
        type = add(OptionType { type });
    const auto deeper = types_.add(OptionType { type });
    ASSERT_FALSE(deeper);
    EXPECT_EQ(deeper.error().message, "type nesting is too deep: the limit is 100");
}

/// Each level names the one below twice, so that a few bytes describe a type of any size.
TEST_F(TypesTest, SizeWithAllPartsIsLimited)
{
    ValType type = U8;
    Result<TypeId> added = types_.add(TupleType { { type, type } });
    int levels = 0;
    for (; added; ++levels) {
        type = *added;
        added = types_.add(TupleType { { type, type } });
    }
    EXPECT_EQ(levels, 18);
    EXPECT_EQ(added.error().message, "effective type size exceeds the limit of 1000000");
}

TEST_F(TypesTest, BytesAreLimitedWithoutOverflow)
{
    EXPECT_TRUE(types_.add(ListType { U8, limits::value_bytes }));
    for (const ListType& type : { ListType { U8, limits::value_bytes + 1 }, ListType { U64, UINT32_MAX },
             ListType { String, 1u << 24 } })
        EXPECT_FALSE(types_.add(type));
}

TEST_F(TypesTest, EffortIsLimited)
{
    EXPECT_TRUE(types_.spend(limits::effort));
    EXPECT_FALSE(types_.spend(1));
}

} // namespace
} // namespace vitrine::core::component::test
