// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <vitrine/component_mapping.hpp>

namespace vitrine::test {
namespace {

using detail::ComponentMapping;
using detail::ComponentNode;

struct Context {
    int calls = 0;
};

/// A value after a conversion to a node and back.
template<class T> T there_and_back(T value)
{
    ComponentNode node = ComponentMapping<T>::to_node(std::move(value));
    return ComponentMapping<T>::from_node(node);
}

TEST(ComponentMapping, NumbersKeepTheirValues)
{
    EXPECT_EQ(-1, there_and_back<int8_t>(-1));
    EXPECT_EQ(~uint64_t { 0 }, ComponentMapping<int8_t>::to_node(-1).bits);
    EXPECT_EQ(255, there_and_back<uint8_t>(255));
    EXPECT_EQ(std::numeric_limits<int64_t>::min(), there_and_back(std::numeric_limits<int64_t>::min()));
    EXPECT_EQ(0x3fc00000u, ComponentMapping<float>::to_node(1.5f).bits);
    EXPECT_EQ(-2.25, there_and_back(-2.25));
    EXPECT_TRUE(std::isnan(there_and_back(std::nanf(""))));
    EXPECT_EQ(U'\U0001f600', there_and_back(U'\U0001f600'));
    EXPECT_TRUE(there_and_back(true));
}

TEST(ComponentMapping, ListsOfNumbersArePacked)
{
    const std::vector<uint16_t> list { 1, 2, 0xffff };
    EXPECT_EQ(list, there_and_back(list));
    EXPECT_EQ(6u, ComponentMapping<std::vector<uint16_t>>::to_node(list).packed().size());
    EXPECT_EQ(std::vector<float>(), there_and_back(std::vector<float>()));
    EXPECT_EQ((std::vector { true, false, true }), there_and_back(std::vector { true, false, true }));
    EXPECT_EQ((std::vector<std::string> { "a", "" }), there_and_back(std::vector<std::string> { "a", "" }));
    // A node without content is an empty list.
    ComponentNode empty;
    EXPECT_TRUE(ComponentMapping<std::vector<uint64_t>>::from_node(empty).empty());
    EXPECT_TRUE(ComponentMapping<std::vector<std::string>>::from_node(empty).empty());
}

struct Everything {
    int32_t number;
    std::string text;
    std::optional<int64_t> maybe;
    std::optional<std::string> missing;
    std::vector<std::tuple<uint8_t, std::string>> pairs;
    std::variant<std::monostate, std::string, int> choice;
    ComponentResult<std::string, uint8_t> result;
    std::expected<void, std::string> failed;
};

TEST(ComponentMapping, RecordsHaveTheirFieldsInOrder)
{
    const auto type = ComponentMapping<Everything>::type();
    ASSERT_EQ(8u, type.parts.size());
    const ComponentKind kinds[] = { ComponentKind::S32, ComponentKind::String, ComponentKind::Option,
        ComponentKind::Option, ComponentKind::List, ComponentKind::Variant, ComponentKind::Result,
        ComponentKind::Result };
    for (size_t i = 0; i < std::size(kinds); ++i)
        EXPECT_EQ(kinds[i], type.parts[i].kind) << i;
    EXPECT_TRUE(type.parts[5].parts[0].is_absent);
    EXPECT_TRUE(type.parts[7].parts[0].is_absent);

    Everything all { .number = -5,
        .text = "text",
        .maybe = 7,
        .missing = {},
        .pairs = { { 1, "one" }, { 2, "two" } },
        .choice = std::string("chosen"),
        .result = err(uint8_t { 3 }),
        .failed = std::unexpected("no") };
    const Everything back = there_and_back(std::move(all));
    EXPECT_EQ(-5, back.number);
    EXPECT_EQ("text", back.text);
    EXPECT_EQ(7, back.maybe);
    EXPECT_EQ(std::nullopt, back.missing);
    EXPECT_EQ("two", std::get<1>(back.pairs.at(1)));
    EXPECT_EQ("chosen", std::get<1>(back.choice));
    EXPECT_EQ(3, back.result.error());
    EXPECT_EQ("no", back.failed.error());
}

struct Wide {
    int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, ab, ac, ad, ae, af;
};

TEST(ComponentMapping, RecordsOfThirtyTwoFields)
{
    EXPECT_EQ(32u, ComponentMapping<Wide>::type().parts.size());
    Wide wide {};
    wide.a = 1, wide.z = 26, wide.af = 32;
    const Wide back = there_and_back(wide);
    EXPECT_EQ(1, back.a);
    EXPECT_EQ(26, back.z);
    EXPECT_EQ(32, back.af);
}

enum class Color : uint8_t { Red, Green, Blue };

TEST(ComponentMapping, EnumsAndFlags)
{
    EXPECT_EQ(Color::Blue, there_and_back(Color::Blue));
    ComponentFlags<Color> flags { Color::Red, Color::Blue };
    EXPECT_EQ(5u, flags.bits());
    EXPECT_EQ(flags, there_and_back(flags));
    flags.set(Color::Red, false).set(Color::Green);
    EXPECT_FALSE(flags.has(Color::Red));
    EXPECT_TRUE(flags.has(Color::Green));
}

TEST(ComponentMapping, ResultsConvertFromOkAndErr)
{
    const auto answer = [](int number) -> ComponentResult<std::string, int> {
        if (number > 0)
            return err(number);
        return ok("fine");
    };
    EXPECT_EQ("fine", *answer(0));
    EXPECT_EQ(4u, answer(0)->size());
    EXPECT_EQ(3, answer(3).error());
    const ComponentResult<void, void> nothing = ok();
    EXPECT_TRUE(nothing.has_value());
}

struct Sink {
    std::string name;
    std::shared_ptr<int> count = std::make_shared<int>(0);
    ~Sink() { ++*count; }
};

TEST(ComponentMapping, ResourcesOfTheHostLiveAsLongAsTheirOwner)
{
    auto count = std::make_shared<int>(0);
    {
        ComponentNode node = ComponentMapping<Own<Sink>>::to_node(Own<Sink>::make("log", count));
        EXPECT_EQ(&detail::component_tag<Sink>, ComponentMapping<Own<Sink>>::type().tag);
        const Borrow<Sink> borrow = ComponentMapping<Borrow<Sink>>::from_node(node);
        EXPECT_EQ("log", borrow->name);
        const Own<Sink> own = ComponentMapping<Own<Sink>>::from_node(node);
        EXPECT_EQ(own.get(), borrow.get());
        EXPECT_EQ(0, *count);
    }
    EXPECT_EQ(1, *count);
}

/// Calls an adapted function with values.
template<class F, class... A> std::pair<std::optional<int>, ComponentNode> call(F function, A... arguments)
{
    const auto adapted = detail::adapt<Context, int>(function);
    std::vector<ComponentNode> nodes;
    (nodes.push_back(ComponentMapping<A>::to_node(std::move(arguments))), ...);
    EXPECT_EQ(nodes.size(), adapted.signature.params.size());
    Context context;
    ComponentNode result;
    const auto failure = adapted.call(context, nodes, result);
    return { failure, result };
}

TEST(ComponentMapping, FunctionsTakeViewsAndReferences)
{
    const auto sum = [](Context& context, std::span<const uint32_t> list, std::string_view text,
                         const std::string& other, std::span<const std::string_view> views, Sink& sink,
                         const Sink& same) {
        ++context.calls;
        EXPECT_EQ(&sink, &same);
        sink.name = std::string(text) + other + std::string(views.back());
        return list[0] + list[1];
    };
    auto sink = Own<Sink>::make();
    const auto object = sink.share();
    const auto [failure, result] = call(sum, std::vector<uint32_t> { 4, 5 }, std::string("a"),
        std::string("b"), std::vector<std::string> { "x", "c" }, Borrow(sink), Borrow(sink));
    EXPECT_FALSE(failure);
    EXPECT_EQ(9u, result.bits);
    EXPECT_EQ("abc", object->name);
}

TEST(ComponentMapping, AnErrorThatIsAFailureEndsTheGuest)
{
    const auto function = [](bool fails) -> std::expected<std::string, int> {
        if (fails)
            return std::unexpected(42);
        return "fine";
    };
    EXPECT_EQ(42, call(function, true).first);
    const auto [failure, result] = call(function, false);
    EXPECT_FALSE(failure);
    EXPECT_EQ("fine", result.text());
    // Any other error is a result of the guest.
    const auto own = [](bool) -> ComponentResult<void, int> { return err(7); };
    const auto [none, value] = call(own, true);
    EXPECT_FALSE(none);
    EXPECT_EQ(1u, value.bits);
    EXPECT_EQ(7u, value.payload()->bits);
}

TEST(ComponentMapping, GuestCallsConvertInBothDirections)
{
    using Call = detail::ComponentGuestCall<std::string(std::string_view, const std::vector<int>&, bool)>;
    EXPECT_EQ(3u, Call::signature().params.size());
    auto nodes = Call::arguments("text", { 1, 2 }, true);
    EXPECT_EQ("text", nodes[0].text());
    EXPECT_EQ(8u, nodes[1].packed().size());
    EXPECT_EQ("text", Call::result(nodes[0]));
}

} // namespace
} // namespace vitrine::test
