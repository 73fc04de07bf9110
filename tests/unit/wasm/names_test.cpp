// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/names.h"

#include "support/module_builder.h"
#include "support/wat.h"
#include "wasm/decoder.h"

#include <gtest/gtest.h>

namespace vitrine::core::test {
namespace {

TEST(Names, EverySubsectionIsRead)
{
    const auto module = decode_module(wasm_of(R"((module $m
        (type $t (func (param i32))) (import "env" "f" (func $f (type $t)))
        (table $table 1 funcref) (memory $memory 1) (global $global i32 (i32.const 0)) (tag $tag)
        (elem $elem func) (data $data "")
        (func $g (param $p i32) (local $l i64) (local $k f32))))"));
    ASSERT_TRUE(module.has_value()) << module.error().to_text();
    const Names& names = (*module)->names();
    EXPECT_EQ(names.module, "m");
    EXPECT_EQ(names.types.find(0), "t");
    EXPECT_EQ(names.functions.find(0), "f");
    EXPECT_EQ(names.functions.find(1), "g");
    EXPECT_EQ(names.functions.find(2), "");
    EXPECT_EQ(names.tables.find(0), "table");
    EXPECT_EQ(names.memories.find(0), "memory");
    EXPECT_EQ(names.globals.find(0), "global");
    EXPECT_EQ(names.tags.find(0), "tag");
    EXPECT_EQ(names.elems.find(0), "elem");
    EXPECT_EQ(names.datas.find(0), "data");
    EXPECT_EQ(names.local(1, 0), "p");
    EXPECT_EQ(names.local(1, 2), "k");
    EXPECT_EQ(names.local(1, 3), "");
    EXPECT_EQ(names.local(7, 0), "");
}

TEST(Names, FieldsBelongToTypes)
{
    const auto module = decode_module(wasm_of(R"((module
        (type (array i8)) (type $node (struct (field $value i32) (field i64) (field $next (ref null 1))))
        (type $leaf (struct (field $text (ref 0))))))"));
    ASSERT_TRUE(module.has_value()) << module.error().to_text();
    const Names& names = (*module)->names();
    EXPECT_EQ(names.find_fields(0), nullptr);
    EXPECT_EQ(names.field(1, 0), "value");
    EXPECT_EQ(names.field(1, 1), "");
    EXPECT_EQ(names.field(1, 2), "next");
    EXPECT_EQ(names.field(2, 0), "text");
    EXPECT_EQ(names.field(3, 0), "");
    // The second of two lists for type 1 is ignored; one that is cut off has no names.
    EXPECT_EQ(decode_names(hex_bytes("0a 0b 02 01 01 00 01 61 01 01 00 01 62")).field(1, 0), "a");
    EXPECT_EQ(decode_names(hex_bytes("0a 06 01 01 02 00 01 61")).field(1, 0), "");
}

TEST(Names, OrderDoesNotMatterAndTheFirstOfTwoWins)
{
    const ByteVector bytes = hex_bytes("01 0a 03 05 01 61 02 01 62 05 01 63");
    const Names names = decode_names(bytes);
    EXPECT_EQ(names.functions.find(2), "b");
    EXPECT_EQ(names.functions.find(5), "a");
}

TEST(Names, AMalformedSubsectionDoesNotHideTheOthers)
{
    // Functions: ill-formed UTF-8. Module: correct. Unknown: skipped. Memories: correct. Then a
    // length beyond the end.
    const ByteVector bytes =
        hex_bytes("01 04 01 00 01 ff  00 02 01 6d  63 01 00  06 04 01 00 01 78  07 50 01");
    const Names names = decode_names(bytes);
    EXPECT_EQ(names.functions.find(0), "");
    EXPECT_EQ(names.module, "m");
    EXPECT_EQ(names.memories.find(0), "x");
    EXPECT_EQ(names.globals.find(0), "");
}

TEST(Names, CutAnywhereTheyAreStillNames)
{
    const ByteVector bytes = hex_bytes("00 02 01 6d 01 06 01 00 03 61 62 63 02 07 01 00 01 00 02 78 79");
    for (size_t size = 0; size <= bytes.size(); ++size) {
        const Names names = decode_names(Bytes(bytes).first(size));
        EXPECT_EQ(names.module, size >= 4 ? "m" : "");
        EXPECT_EQ(names.functions.find(0), size >= 12 ? "abc" : "");
        EXPECT_EQ(names.local(0, 0), size >= 21 ? "xy" : "");
    }
}

TEST(Names, AMalformedNameSectionLeavesTheModuleAlone)
{
    const auto module = decode_module(module_with({ custom_section("name", hex_bytes("01 7f 05")) }));
    ASSERT_TRUE(module.has_value());
    EXPECT_EQ((*module)->names().functions.find(0), "");
}

} // namespace
} // namespace vitrine::core::test
