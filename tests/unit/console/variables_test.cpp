// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/variables.h"

#include "eval/expression.h"
#include "support/guest.h"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <limits>

namespace vitrine::core::console {
namespace {

using testing::HasSubstr;

Variables::IsKnown none()
{
    return [](std::string_view) { return false; };
}

std::string replaced(const Variables& variables, std::string_view text)
{
    const auto made = variables.replace(text, none());
    return made ? made->text : "error: " + made.error().message;
}

Computed number(int32_t value) { return { std::to_string(value), Value::i32(static_cast<uint32_t>(value)) }; }

TEST(Variables, NamesOfValues)
{
    Variables variables;
    EXPECT_EQ(replaced(variables, "$ + $$ + $1 + $a"), "$ + $$ + $1 + $a");
    for (const int value : { 10, 20, 30 })
        variables.remember(number(value));
    variables.set("a", number(-4));
    EXPECT_EQ(replaced(variables, "$ $$ $$0 $$1 $$2 $$3"), "30 20 30 20 10 $$3");
    EXPECT_EQ(replaced(variables, "$#1+$#3"), "10+30");
    EXPECT_EQ(replaced(variables, "$#4"), "error: there is no value $#4: the last one is $#3");
    // These are always locals of the program.
    EXPECT_EQ(replaced(variables, "$1 + $3"), "$1 + $3");
    EXPECT_EQ(replaced(variables, "$a*$ab*$a"), "(-4)*$ab*(-4)");
    // Quotes are not looked into.
    EXPECT_EQ(replaced(variables, "\"$a\" $\"$a\" '$' \"\\\"$a\""), "\"$a\" $\"$a\" '$' \"\\\"$a\"");
    EXPECT_EQ(replaced(variables, "\"$a"), "\"$a");
    EXPECT_EQ(replaced(variables, "$$a"), "20a");
    // What the program calls so comes first.
    const auto program = variables.replace("$a + $#1 + $", [](std::string_view name) { return name == "a"; });
    EXPECT_EQ(program->text, "$a + 10 + 30");
}

TEST(Variables, TheHistoryHasAnEnd)
{
    Variables variables;
    for (int i = 1; i <= 1500; ++i)
        variables.remember(number(i));
    EXPECT_EQ(variables.first_number(), 501);
    EXPECT_EQ(replaced(variables, "$#501 $#1500 $$999 $$1000"), "501 1500 501 $$1000");
    for (const auto* name : { "$#500", "$#1501", "$#99999999999999999999", "$#" })
        EXPECT_EQ(replaced(variables, name),
            "error: there is no value " + std::string(name) + ": the last one is $#1500");
}

/// Each value, as a constant, is the same value of the same type.
TEST(Variables, ConstantsAreTheValues)
{
    test::Guest guest;
    Instance& instance = guest.instantiate("(module (memory 1))");
    const auto check = [&](const Value& value, bool is_unsigned) {
        Variables variables;
        variables.set("v", { value.to_text(), value, is_unsigned });
        const std::string text = replaced(variables, "$v");
        const auto back = eval::evaluate(instance, text);
        ASSERT_TRUE(back) << text << ": " << back.error().message;
        EXPECT_EQ(back->type, value.type) << text;
        const bool is_nan = value.to_text().starts_with("nan");
        if (is_nan)
            EXPECT_TRUE(back->to_text().contains("nan")) << text;
        else
            EXPECT_EQ(back->to_text(), value.to_text()) << text;
        // It is one operand, whatever stands beside it.
        EXPECT_TRUE(eval::evaluate(instance, "-" + text)) << text;
    };
    for (const uint32_t bits : { 0u, 1u, 0x7fffffffu, 0x80000000u, 0xffffffffu })
        for (const bool is_unsigned : { false, true })
            check(Value::i32(bits), is_unsigned);
    for (const uint64_t bits :
        { uint64_t { 0 }, uint64_t { 5 }, uint64_t { INT64_MAX }, uint64_t { 1 } << 63, UINT64_MAX })
        for (const bool is_unsigned : { false, true })
            check(Value::i64(bits), is_unsigned);
    for (const double value : { 0.0, -0.0, 1.0, -2.5, 1e300, 1e-300, 0.1, HUGE_VAL, -HUGE_VAL, std::nan("") })
        check(Value::f64(value), false);
    for (const float value :
        { 0.0f, -0.0f, 3.0f, -2.5f, 1e30f, 1e-30f, 0.1f, HUGE_VALF, -HUGE_VALF, std::nanf("") })
        check(Value::f32(value), false);
}

TEST(Variables, WhatCannotBeAConstant)
{
    Variables variables;
    variables.remember({ "struct {1}", Value::ref(ValueType::anyref, {}) });
    variables.set("v", { "i32x4 ..", Value { ValueType::v128 } });
    variables.set("t", { "a \\\"b\\1b", std::nullopt });
    EXPECT_THAT(replaced(variables, "$"), HasSubstr("a reference is not kept"));
    EXPECT_THAT(replaced(variables, "$v"), HasSubstr("$v is a v128"));
    EXPECT_EQ(replaced(variables, "$t"), "\"a \\\"b\\1b\"");
}

/// An error's place in the text with constants is one in the text of the user.
TEST(Variables, PlacesInTheText)
{
    Variables variables;
    variables.set("long_name", number(1));
    variables.set("n", number(-1000000));
    const auto made = *variables.replace("$long_name + x + $n + y", none());
    EXPECT_EQ(made.text, "1 + x + (-1000000) + y");
    EXPECT_EQ(made.original(made.text.find('x')), 13);
    EXPECT_EQ(made.original(made.text.find('y')), 22);
    EXPECT_EQ(made.original(0), 0);
    EXPECT_EQ(made.original(made.text.find("000")), 17);
    EXPECT_EQ(made.original(made.text.size()), 23);
}

TEST(Variables, Assignments)
{
    const auto said = variable_assignment(" $count <<= 2 + $x ");
    ASSERT_TRUE(said);
    EXPECT_EQ(said->name, "count");
    EXPECT_EQ(said->operation, "<<");
    EXPECT_EQ(said->value, "2 + $x");
    EXPECT_EQ(variable_assignment("$a=1")->operation, "");
    for (const auto text : { "", "$", "$1 = 2", "$$ = 3", "$\"a\" = 1", "a = 1", "$a", "$a == 1", "$a[0] = 1",
             "$a != 1", "$a <= 1" })
        EXPECT_FALSE(variable_assignment(text)) << text;
}

} // namespace
} // namespace vitrine::core::console
