// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/signature.h"

#include <gtest/gtest.h>

#include <vitrine/component_mapping.hpp>

namespace vitrine::core::component::test {
namespace {

using enum Primitive;

struct Point {
    int32_t x, y;
    std::string label;
};
struct Level {
    int32_t x;
    uint8_t label;
};
struct Sink {};
struct Other {};
enum class Color : uint8_t { Red, Green };
struct Context {};

/// A component's function and a C++ function.
class SignatureTest : public testing::Test {
protected:
    ValType add(ValueDef def) { return *types_.add(std::move(def)); }

    /// What is wrong, or "".
    template<class F> std::string check(std::vector<Field> params, std::optional<ValType> result, F function)
    {
        const auto signature = vitrine::detail::adapt<Context, int>(function).signature;
        const TypeId type = *types_.add(FuncType { std::move(params), result });
        const auto tag_of = [&](TypeId resource) -> const void* {
            return resource == sink_ ? &vitrine::detail::component_tag<Sink> : nullptr;
        };
        const auto checked = check_signature(signature, shapes_.of_func(type), tag_of);
        return checked ? "" : checked.error().message;
    }

    Types types_;
    Shapes shapes_ { types_ };
    const TypeId sink_ = *types_.add(ResourceType { types_.new_resource() });
    const TypeId guests_ = *types_.add(ResourceType { types_.new_resource() });
    const ValType point_ = add(RecordType { { { "x", S32 }, { "y", S32 }, { "label", String } } });
    const ValType own_sink_ = add(OwnType { sink_ });
    const ValType borrowed_sink_ = add(BorrowType { sink_ });
    const ValType own_guests_ = add(OwnType { guests_ });
};

TEST_F(SignatureTest, TypesThatCorrespond)
{
    EXPECT_EQ("", check({}, {}, [] {}));
    EXPECT_EQ("", check({ { "p", point_ } }, point_, [](Point p) { return p; }));
    EXPECT_EQ("", check({ { "b", Bool }, { "c", Char }, { "f", F32 } }, F64, [](bool, char32_t, float) {
        return 1.0;
    }));
    EXPECT_EQ("",
        check({ { "l", add(ListType { U8 }) }, { "s", String } }, String,
            [](std::span<const std::byte>, std::string_view) { return std::string(); }));
    EXPECT_EQ("",
        check({ { "v", add(VariantType { { { "a", {} }, { "b", String } } }) } }, {},
            [](std::variant<std::monostate, std::string>) {}));
    EXPECT_EQ("",
        check({ { "o", add(OptionType { point_ }) }, { "t", add(TupleType { { U8, U64 } }) } }, {},
            [](std::optional<Point>, std::tuple<uint8_t, uint64_t>) {}));
    EXPECT_EQ("",
        check({ { "e", add(EnumType { { "red", "green" } }) } }, add(FlagsType { { "red" } }),
            [](Color) { return ComponentFlags<Color>(Color::Red); }));
    EXPECT_EQ("", check({}, add(ResultType { {}, String }), []() -> ComponentResult<void, std::string> {
        return ok();
    }));
    EXPECT_EQ(
        "", check({}, add(ResultType { U8, {} }), []() -> ComponentResult<uint8_t, void> { return err(); }));
    EXPECT_EQ("",
        check({}, add(ResultType { U8, String }), []() -> std::expected<uint8_t, std::string> { return 1; }));
    // An error that converts to the failure is not a part of the type.
    EXPECT_EQ("", check({}, U8, []() -> std::expected<uint8_t, int> { return 1; }));
    EXPECT_EQ("",
        check({ { "a", borrowed_sink_ }, { "b", add(ListType { borrowed_sink_ }) } }, own_sink_,
            [](Sink&, std::vector<Borrow<Sink>>) { return Own<Sink>::make(); }));
    EXPECT_EQ("", check({ { "a", own_guests_ } }, {}, [](ComponentResource) {}));
}

TEST_F(SignatureTest, TypesThatDiffer)
{
    EXPECT_EQ("parameter `level`: the component has `u8`, the host function has `u32`",
        check({ { "level", U8 } }, {}, [](uint32_t) {}));
    EXPECT_EQ("the component has 1 parameter, the host function has 2",
        check({ { "level", U8 } }, {}, [](uint8_t, uint8_t) {}));
    EXPECT_EQ("result: the component has nothing, the host function has `u8`",
        check({}, {}, [] { return uint8_t { 1 }; }));
    EXPECT_EQ("result: the component has `string`, the host function has nothing", check({}, String, [] {}));
    EXPECT_EQ("parameter `p`, field `label`: the component has `string`, the host function has `u8`",
        check({ { "p", add(RecordType { { { "x", S32 }, { "label", String } } }) } }, {}, [](Level) {}));
    EXPECT_EQ("parameter `p`: the component has `record`, the host function has `tuple`",
        check({ { "p", point_ } }, {}, [](std::tuple<int>) {}));
    EXPECT_EQ(
        "parameter `p`: the component has `record` with 2 fields, the host function has one with 3 fields",
        check({ { "p", add(RecordType { { { "x", S32 }, { "y", S32 } } }) } }, {}, [](Point) {}));
    EXPECT_EQ("parameter `l`, element, payload: the component has `s64`, the host function has `u64`",
        check({ { "l", add(ListType { add(OptionType { S64 }) }) } }, {},
            [](std::vector<std::optional<uint64_t>>) {}));
    EXPECT_EQ("result, case `err`: the component has `string`, the host function has nothing",
        check({}, add(ResultType { {}, String }), []() -> ComponentResult<void, void> { return ok(); }));
    EXPECT_EQ("parameter `l`: the component has a list of fixed length, the host function has `list`",
        check({ { "l", add(ListType { U8, 3 }) } }, {}, [](std::vector<uint8_t>) {}));
}

TEST_F(SignatureTest, ResourcesThatDiffer)
{
    EXPECT_EQ("parameter `s`: the component has `own`, the host function has `borrow`",
        check({ { "s", own_sink_ } }, {}, [](Sink&) {}));
    EXPECT_EQ("parameter `s`: the resource of the component has another C++ type",
        check({ { "s", own_sink_ } }, {}, [](Own<Other>) {}));
    EXPECT_EQ("parameter `s`: the component has a resource of the component, the host function has a "
              "resource of the host",
        check({ { "s", own_guests_ } }, {}, [](Own<Sink>) {}));
    EXPECT_EQ("parameter `s`: the component has a resource of the host, the host function has a resource "
              "of the component",
        check({ { "s", own_sink_ } }, {}, [](ComponentResource) {}));
}

} // namespace
} // namespace vitrine::core::component::test
