// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/types.h"

#include <gtest/gtest.h>

namespace vitrine::core::test {
namespace {

ValueType ref_to(uint32_t index, bool nullable = true)
{
    return ValueType::ref(HeapKind::Defined, nullable, index);
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
    EXPECT_EQ(type.heap(), HeapKind::Defined);
    EXPECT_FALSE(ref_to(1, false).is_defaultable());
}

} // namespace
} // namespace vitrine::core::test
