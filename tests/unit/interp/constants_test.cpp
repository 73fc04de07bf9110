// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/constants.h"

#include "support/guest.h"

#include <gtest/gtest.h>

namespace vitrine::core::test {
namespace {

struct Case {
    const char* type;
    const char* expression;
    const char* expected;
};

/// The same instructions in a global's initializer and in a function.
const Case cases[] {
    { "i32", "(i32.const -5)", "-5" },
    { "i32", "(i32.add (i32.const 0x7fffffff) (i32.const 1))", "-2147483648" },
    { "i32", "(i32.sub (i32.const 1) (i32.const 2))", "-1" },
    { "i32", "(i32.mul (i32.const 0x10001) (i32.const 0x10001))", "131073" },
    { "i64", "(i64.add (i64.const 0x7fffffffffffffff) (i64.const 1))", "-9223372036854775808" },
    { "i64", "(i64.sub (i64.const 0) (i64.const 0x100000000))", "-4294967296" },
    { "i64", "(i64.mul (i64.const 0x100000001) (i64.const 0x100000001))", "8589934593" },
    { "f32", "(f32.const -0.5)", "-0.5" },
    { "f64", "(f64.const nan:0x4)", "nan:0x4" },
    { "v128", "(v128.const i32x4 1 2 3 -1)", "i32x4 0x00000001 0x00000002 0x00000003 0xffffffff" },
    { "i32", "(global.get $number)", "7" },
    { "v128", "(global.get $vector)", "i32x4 0x00000005 0x00000006 0x00000007 0x00000008" },
    { "funcref", "(ref.null func)", "null" },
    { "funcref", "(ref.func $one)", "func one" },
    { "i31ref", "(ref.i31 (i32.const -1))", "i31 -1" },
    { "externref", "(extern.convert_any (ref.i31 (i32.const 3)))", "i31 3" },
    { "anyref", "(any.convert_extern (extern.convert_any (ref.i31 (i32.const 4))))", "i31 4" },
    { "anyref", "(struct.new $mixed (i32.const 0x1ff) (v128.const i32x4 1 2 3 4) (f64.const 2))",
        "struct {255, i32x4 0x00000001 0x00000002 0x00000003 0x00000004, 2}" },
    { "anyref", "(struct.new_default $mixed)",
        "struct {0, i32x4 0x00000000 0x00000000 0x00000000 0x00000000, 0}" },
    { "anyref", "(array.new $bytes (i32.const 0x17f) (i32.const 3))", "array[3] {127, 127, 127}" },
    { "anyref", "(array.new $vectors (v128.const i32x4 1 2 3 4) (i32.const 1))",
        "array[1] {i32x4 0x00000001 0x00000002 0x00000003 0x00000004}" },
    { "anyref", "(array.new_default $bytes (i32.const 2))", "array[2] {0, 0}" },
    { "anyref", "(array.new_fixed $vectors 2 (v128.const i32x4 1 2 3 4) (global.get $vector))",
        "array[2] {i32x4 0x00000001 0x00000002 0x00000003 0x00000004, "
        "i32x4 0x00000005 0x00000006 0x00000007 0x00000008}" },
    { "anyref", "(array.new_fixed $bytes 0)", "array[0] {}" },
    { "anyref",
        "(array.new_fixed $any 2 (struct.new_default $mixed) (array.new $bytes (i32.const 1) (i32.const 1)))",
        "array[2] {struct, array[1]}" },
};

std::string module_text(const Case& row)
{
    return R"((module
        (type $mixed (struct (field i8) (field v128) (field f64)))
        (type $bytes (array i8))
        (type $vectors (array v128))
        (type $any (array anyref))
        (func $one (export "one"))
        (global $number i32 (i32.const 7))
        (global $vector v128 (v128.const i32x4 5 6 7 8))
        (global (export "constant") )"
        + std::string(row.type) + " " + row.expression + R"()
        (func (export "computed") (result )"
        + row.type + ") " + row.expression + "))";
}

TEST(Constants, AreWhatTheInstructionsCompute)
{
    for (const Case& row : cases) {
        SCOPED_TRACE(row.expression);
        EngineConfig config;
        config.features = FeatureSet::all();
        Guest guest(config);
        Instance& instance = guest.instantiate(module_text(row));
        const Value constant = std::get<Global*>(*instance.find_export("constant"))->get();
        const auto computed = guest.call(instance, "computed");
        ASSERT_TRUE(computed);
        EXPECT_EQ(constant.to_text(), row.expected);
        EXPECT_EQ(computed->front().to_text(), row.expected);
        if (!constant.type.is_ref()) {
            EXPECT_EQ(constant, computed->front());
        }
    }
}

/// Segments, tables and offsets are evaluated by the same rules.
TEST(Constants, PlaceSegmentsAndFillTables)
{
    Guest guest;
    Instance& instance = guest.instantiate(R"((module
        (memory 1)
        (table $t 4 i31ref (ref.i31 (i32.add (i32.const 40) (i32.const 2))))
        (global $base i32 (i32.mul (i32.const 16) (i32.const 16)))
        (data (offset (i32.sub (global.get $base) (i32.const 1))) "x")
        (elem (table $t) (offset (i32.const 3)) i31ref (item (ref.i31 (i32.const 9))))))");
    EXPECT_EQ(instance.memories.front()->bytes()[255], 'x');
    const auto elements = instance.tables.front()->elements();
    EXPECT_EQ(elements[2].i31_signed(), 42);
    EXPECT_EQ(elements[3].i31_signed(), 9);
}

TEST(Constants, AHeapWithoutRoomIsAnError)
{
    EngineConfig config;
    config.max_heap_bytes = 4096;
    Guest guest(config);
    const auto instance = guest.try_instantiate(R"((module
        (type $bytes (array i8))
        (global anyref (array.new_default $bytes (i32.const 100000)))))");
    ASSERT_FALSE(instance);
    EXPECT_EQ(std::get<Error>(instance.error()).message,
        "the heap is full: cannot allocate an object of a constant expression");
}

} // namespace
} // namespace vitrine::core::test
