// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <vitrine/vitrine.hpp>

#include <gtest/gtest.h>

#include <expected>
#include <memory>

namespace vitrine {
namespace {

Result<int> half(int number)
{
    if (number % 2 != 0)
        return Error(std::to_string(number) + " is odd");
    return number / 2;
}

Result<void> done() { return {}; }
Result<void> failed() { return Error("no"); }

TEST(Result, HoldsAValueOrAnError)
{
    const Result<int> good = half(8), bad = half(7);
    EXPECT_TRUE(good && good.has_value());
    EXPECT_EQ(*good, 4);
    EXPECT_EQ(good.value_or(1), 4);
    EXPECT_FALSE(bad || bad.has_value());
    EXPECT_EQ(bad.error().message(), "7 is odd");
    EXPECT_EQ(bad.value_or(1), 1);
    EXPECT_TRUE(done());
    EXPECT_EQ(failed().error().message(), "no");
}

TEST(Result, ValuesThatCannotBeCopiedAreMovedOut)
{
    Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
    const auto length = std::move(result).transform([](std::unique_ptr<int> value) { return *value; });
    EXPECT_EQ(*length, 5);
    Result<std::unique_ptr<int>> other = std::make_unique<int>(6);
    const std::unique_ptr<int> moved = *std::move(other);
    EXPECT_EQ(*moved, 6);
}

TEST(Result, ChainsLikeStdExpected)
{
    EXPECT_EQ(*half(8).and_then(half), 2);
    EXPECT_EQ(half(6).and_then(half).error().message(), "3 is odd");
    EXPECT_EQ(half(7).and_then(half).error().message(), "7 is odd");
    EXPECT_EQ(*half(8).transform([](int value) { return std::to_string(value); }), "4");
    EXPECT_EQ(half(7).transform([](int value) { return value + 1; }).error().message(), "7 is odd");
    EXPECT_EQ(*half(7).or_else([](const Error&) { return half(2); }), 1);
    EXPECT_EQ(*half(8).or_else([](const Error&) { return half(2); }), 4);
    const Result<int> kept = half(8);
    EXPECT_EQ(*kept.and_then(half), 2);
    EXPECT_EQ(*kept.transform([](int value) { return value + 1; }), 5);
    EXPECT_EQ(*kept.or_else([](const Error&) { return half(2); }), 4);
    int seen = 0;
    EXPECT_TRUE(half(8).transform([&](int value) { seen = value; }));
    EXPECT_EQ(seen, 4);
    EXPECT_EQ(*done().and_then([] { return half(4); }), 2);
    EXPECT_EQ(*done().transform([] { return 3; }), 3);
    EXPECT_TRUE(done().transform([&] { seen = 9; }));
    EXPECT_EQ(seen, 9);
    EXPECT_EQ(failed().transform([] { return 3; }).error().message(), "no");
    EXPECT_TRUE(failed().or_else([](const Error&) { return done(); }));
}

TEST(Result, BecomesAStdExpected)
{
    const std::expected<int, Error> good = half(8), bad = half(7);
    EXPECT_EQ(good.value(), 4);
    EXPECT_EQ(bad.error().message(), "7 is odd");
    const std::expected<void, Error> none = failed();
    EXPECT_EQ(none.error().message(), "no");
    EXPECT_TRUE((std::expected<void, Error>(done()).has_value()));
}

TEST(ResultDeathTest, ToAskForWhatIsNotThereEndsTheProgramWithAMessage)
{
    EXPECT_DEATH((void)half(7).value(), "a result that has no value was asked for it: 7 is odd");
    EXPECT_DEATH((void)*half(7), "7 is odd");
    EXPECT_DEATH((void)half(8).error(), "a result that has no error was asked for it");
    EXPECT_DEATH(failed().value(), "no value was asked for it: no");
    EXPECT_DEATH((void)done().error(), "no error");
}

TEST(Errors, SayWhereInOneLine)
{
    const Error plain("it is broken"), placed("it is broken", 0x1e);
    EXPECT_EQ(plain.to_text(), "it is broken");
    EXPECT_FALSE(plain.offset());
    EXPECT_EQ(placed.to_text(), "it is broken (at offset 0x1e)");
    EXPECT_EQ(placed.offset(), 0x1eu);
    EXPECT_FALSE(placed.trap());
    EXPECT_FALSE(placed.exit_status());
    EXPECT_FALSE(placed.is_in_text());
    const Error in_text = Error::in_text("it is broken", 7);
    EXPECT_EQ(in_text.to_text(), "it is broken (at position 7)");
    EXPECT_EQ(in_text.offset(), 7u);
    EXPECT_TRUE(in_text.is_in_text());
    EXPECT_EQ(Error::in_text("it is broken", std::nullopt).to_text(), "it is broken");
    const Error exit(Trap { .kind = TrapKind::Exit, .text = "exit", .exit_status = 3 });
    EXPECT_EQ(exit.exit_status(), 3);
    EXPECT_FALSE(Error(Trap { .kind = TrapKind::Unreachable, .text = "unreachable" }).exit_status());
}

} // namespace
} // namespace vitrine
