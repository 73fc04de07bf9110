// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/index.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace vitrine::core::test {
namespace {

using RowIndex = Index<struct RowKind>;
using ColumnIndex = Index<struct ColumnKind>;

static_assert(!std::is_convertible_v<RowIndex, ColumnIndex>);
static_assert(!std::is_invocable_v<decltype(&IndexVector<RowIndex, int>::contains),
    IndexVector<RowIndex, int>, ColumnIndex>);

TEST(IndexVector, FindsWhatIsThere)
{
    IndexVector<RowIndex, int> rows;
    EXPECT_EQ(rows.push_back(7), RowIndex { 0 });
    EXPECT_EQ(rows.push_back(8), RowIndex { 1 });
    EXPECT_EQ(rows[RowIndex { 1 }], 8);
    ASSERT_NE(rows.find({ 0 }), nullptr);
    EXPECT_EQ(*rows.find({ 0 }), 7);
    EXPECT_EQ(rows.find({ 2 }), nullptr);
    EXPECT_EQ(rows.find({ 0xffffffff }), nullptr);
    EXPECT_TRUE(rows.contains({ 1 }));
    EXPECT_FALSE(rows.contains({ 2 }));
}

TEST(IndexVectorDeathTest, AnIndexOutOfBoundsIsOurFault)
{
    IndexVector<RowIndex, int> rows;
    EXPECT_DEATH(rows[RowIndex { 0 }], "internal error: .*size");
}

} // namespace
} // namespace vitrine::core::test
