// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "world.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace vitrine {
namespace {

using test::World;

TEST(Values, SayTheirKindAndGiveOnlyThat)
{
    const Val values[] { Val(), Val::i32(-1), Val::i64(-1), Val::f32(1.5F), Val::f64(2.5),
        Val::v128({ { 1, 2, 3 } }), Val::funcref({}), Val::externref(nullptr) };
    const ValKind kinds[] { ValKind::None, ValKind::I32, ValKind::I64, ValKind::F32, ValKind::F64,
        ValKind::V128, ValKind::FuncRef, ValKind::ExternRef };
    for (std::size_t i = 0; i < std::size(values); ++i) {
        const Val& value = values[i];
        EXPECT_EQ(value.kind(), kinds[i]);
        EXPECT_EQ(value.as_i32().has_value(), i == 1);
        EXPECT_EQ(value.as_i64().has_value(), i == 2);
        EXPECT_EQ(value.as_f32().has_value(), i == 3);
        EXPECT_EQ(value.as_f64().has_value(), i == 4);
        EXPECT_EQ(value.as_v128().has_value(), i == 5);
        EXPECT_EQ(value.is_ref(), i >= 6);
        EXPECT_EQ(value.is_null(), i >= 6);
        EXPECT_FALSE(value.as_funcref());
        EXPECT_FALSE(value.as_externref());
    }
    EXPECT_EQ(values[1].i32(), -1);
    EXPECT_EQ(values[2].i64(), -1);
    EXPECT_EQ(values[3].f32(), 1.5F);
    EXPECT_EQ(values[4].f64(), 2.5);
    EXPECT_EQ(values[5].v128().bytes[2], 3);
}

TEST(Values, HostDataThatIsPassedToCallsDoesNotPileUp)
{
    // The store destroys what is left of the data.
    int alive = 0, most = 0;
    World world;
    const auto instance =
        world.instantiate(R"((module (func (export "take") (param funcref externref externref))))");
    const Func take = *instance.func("take");
    struct Counted {
        explicit Counted(int& alive) : alive(alive) { ++alive; }
        ~Counted() { --alive; }
        Counted(const Counted&) = delete;
        Counted& operator=(const Counted&) = delete;
        int& alive;
    };
    for (int i = 0; i < 200'000; ++i) {
        const Val data[] { Val::externref(std::make_shared<Counted>(alive)),
            Val::externref(std::make_shared<Counted>(alive)) };
        ASSERT_TRUE(take.call({ Val::funcref({}), data[0], data[1] }));
        most = std::max(most, alive);
    }
    EXPECT_LT(most, 150'000);
}

TEST(ValuesDeathTest, TheWrongKindNamesBoth)
{
    EXPECT_DEATH((void)Val::i32(1).i64(), "a value of kind i32 was asked for its i64");
    EXPECT_DEATH((void)Val().f32(), "a value of kind none was asked for its f32");
    EXPECT_DEATH((void)Val::i64(1).externref(), "a value of kind i64 was asked for its externref");
    EXPECT_DEATH((void)Val::null(ValKind::I32), "there is no null of kind i32");
}

TEST(Values, HaveText)
{
    World world;
    const auto instance = world.instantiate(R"((module (func $twice (export "double"))))");
    EXPECT_EQ(Val().to_text(), "none");
    EXPECT_EQ(Val::i32(-7).to_text(), "-7");
    EXPECT_EQ(Val::i64(std::numeric_limits<std::int64_t>::min()).to_text(), "-9223372036854775808");
    EXPECT_EQ(Val::f32(0.1F).to_text(), "0.1");
    EXPECT_EQ(Val::f64(0.1).to_text(), "0.1");
    EXPECT_EQ(Val::null(ValKind::AnyRef).to_text(), "null");
    EXPECT_EQ(Val::funcref(instance.func("double")).to_text(), "func twice");
    EXPECT_THAT(Val::externref(std::make_shared<int>(1)).to_text(), testing::StartsWith("extern 0x"));
}

TEST(Values, AreEqualWhenTheyMeanTheSame)
{
    World world;
    const auto instance = world.instantiate(R"((module (func (export "a")) (func (export "b"))))");
    const auto data = std::make_shared<int>(1);
    EXPECT_EQ(Val(), Val());
    EXPECT_EQ(Val::i32(1), Val::i32(1));
    EXPECT_NE(Val::i32(1), Val::i64(1));
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(Val::f64(nan), Val::f64(nan)) << "by their bits";
    EXPECT_NE(Val::f64(0.0), Val::f64(-0.0));
    EXPECT_NE(Val::v128({ { 1 } }), Val::v128({ { 2 } }));
    EXPECT_EQ(Val::funcref(instance.func("a")), Val::funcref(instance.func("a")));
    EXPECT_NE(Val::funcref(instance.func("a")), Val::funcref(instance.func("b")));
    EXPECT_NE(Val::funcref(instance.func("a")), Val::funcref({}));
    EXPECT_EQ(Val::externref(data), Val::externref(data));
    EXPECT_NE(Val::externref(data), Val::externref(std::make_shared<int>(1)));
    EXPECT_NE(Val::null(ValKind::FuncRef), Val::null(ValKind::ExternRef));
}

TEST(Values, ReferencesReturnFromTheGuestAsWhatTheyWere)
{
    World world;
    const auto instance = world.instantiate(R"((module
        (func (export "func") (param funcref) (result funcref) local.get 0)
        (func (export "extern") (param externref) (result externref) local.get 0)
        (func (export "is_null") (param externref) (result i32) (ref.is_null (local.get 0)))))");
    const Func func = *instance.func("func");
    EXPECT_EQ(func.call({ Val::funcref(func) })->front().as_funcref(), func);
    EXPECT_TRUE(func.call({ Val::funcref({}) })->front().is_null());
    const auto data = std::make_shared<int>(7);
    const Val returned = instance.func("extern")->call({ Val::externref(data) })->front();
    EXPECT_EQ(returned.as_externref(), data);
    EXPECT_EQ(returned, Val::externref(data));
    EXPECT_EQ(instance.func("is_null")->call({ returned })->front(), Val::i32(0));
    EXPECT_EQ(instance.func("is_null")->call({ Val::null(ValKind::ExternRef) })->front(), Val::i32(1));
}

TEST(Values, DataOfTheHostLivesAsLongAsTheStoreItEntered)
{
    auto data = std::make_shared<int>(7);
    const std::weak_ptr<int> life = data;
    {
        World world;
        const auto instance = world.instantiate(R"((module (table (export "kept") 1 externref)))");
        EXPECT_TRUE(instance.table("kept")->set(0, Val::externref(std::move(data))));
        EXPECT_FALSE(life.expired());
    }
    EXPECT_TRUE(life.expired());
}

TEST(Values, NansKeepTheirBitsOnTheWayThroughTheGuest)
{
    World world;
    const auto instance = world.instantiate(R"((module
        (func (export "same") (param f32 f64) (result f32 f64) local.get 0 local.get 1)))");
    const float narrow = std::bit_cast<float>(0x7fa00001U);
    const double wide = std::bit_cast<double>(std::uint64_t { 0xfff4000000000007 });
    const auto results = *instance.func("same")->call({ Val::f32(narrow), Val::f64(wide) });
    EXPECT_EQ(results[0], Val::f32(narrow));
    EXPECT_EQ(results[1], Val::f64(wide));
}

/// A reference to a function of a defined type is a function as well, not an object.
TEST(Values, FunctionsOfADefinedTypeGoThroughTheGuest)
{
    World world;
    const Module module = world.module(R"((module (type $f (func (param i32) (result i32)))
        (func $twice (export "twice") (type $f) (i32.mul (local.get 0) (i32.const 2)))
        (func (export "other") (result i64) (i64.const 0))
        (func (export "same") (param (ref null $f)) (result (ref null $f)) (local.get 0))
        (global (export "g") (ref $f) (ref.func $twice))
        (table (export "t") 1 (ref null $f))))");
    EXPECT_EQ(module.functions()[2].type, (FuncType { { ValKind::FuncRef }, { ValKind::FuncRef } }));
    EXPECT_EQ(module.globals()[0].type.kind, ValKind::FuncRef);
    EXPECT_EQ(module.tables()[0].type.element, ValKind::FuncRef);
    const Instance instance = world.linker.instantiate(world.store, module).value();
    const Func twice = *instance.func("twice"), same = *instance.func("same");
    EXPECT_EQ(same.type(), module.functions()[2].type);
    EXPECT_EQ(same.call({ Val::funcref(twice) })->front().as_funcref(), twice);
    EXPECT_EQ(same.call({ Val::funcref(twice) })->front().to_text(), "func twice");
    EXPECT_TRUE(same.call({ Val::funcref({}) })->front().is_null());
    EXPECT_FALSE(same.call({ Val::funcref(instance.func("other")) }));
    EXPECT_EQ(instance.global("g")->get().as_funcref(), twice);
}

/// Each kind of value, and each kind of referent.
struct EveryValue : World {
    EveryValue()
        : instance(instantiate(R"((module
            (type $point (struct (field i32)))
            (tag $mishap (param i32))
            (func (export "i32") (param i32) (result i32) (local.get 0))
            (func (export "i64") (param i64) (result i64) (local.get 0))
            (func (export "f32") (param f32) (result f32) (local.get 0))
            (func (export "f64") (param f64) (result f64) (local.get 0))
            (func (export "v128") (param v128) (result v128) (local.get 0))
            (func (export "funcref") (param funcref) (result funcref) (local.get 0))
            (func (export "externref") (param externref) (result externref) (local.get 0))
            (func (export "anyref") (param anyref) (result anyref) (local.get 0))
            (func (export "exnref") (param exnref) (result exnref) (local.get 0))
            (func (export "point") (result anyref) (struct.new $point (i32.const 7)))
            (func (export "externalized") (result externref)
              (extern.convert_any (struct.new $point (i32.const 8))))
            (func (export "externalized_i31") (result externref) (extern.convert_any (ref.i31 (i32.const -3))))
            (func (export "exception") (result exnref)
              (block $caught (result exnref)
                (try_table (catch_all_ref $caught) (throw $mishap (i32.const 9)))
                (unreachable)))))"))
    {
        values = { Val(), Val::i32(-1), Val::i64(-1), Val::f32(1.5F), Val::f64(2.5),
            Val::v128({ { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } }),
            Val::v128({ { 1, 2, 3, 4, 5, 6, 7, 8 } }), Val::funcref(instance.func("i32")),
            Val::externref(std::make_shared<int>(1)), Val::i31(-3) };
        for (const ValKind kind : { ValKind::FuncRef, ValKind::ExternRef, ValKind::AnyRef, ValKind::ExnRef })
            values.push_back(Val::null(kind));
        for (const char* maker : { "point", "externalized", "externalized_i31", "exception" })
            values.push_back(make(maker));
    }
    Val make(std::string_view name) { return instance.func(name)->call({})->front(); }

    Instance instance;
    std::vector<Val> values;
};

/// Everything that can be asked of a value, so that two values can be compared.
auto answers(const Val& value)
{
    return std::tuple(value.kind(), value.to_text(), value.type().to_text(), value.is_ref(), value.is_null(),
        value.as_i32(), value.as_i64(), value.as_f32(), value.as_f64(), value.as_v128(), value.as_funcref(),
        value.as_externref(), value.as_i31(), value.as_object());
}

TEST(Values, OfEveryKindComeBackFromTheGuest)
{
    EveryValue every;
    for (const Val& value : every.values) {
        if (value.kind() == ValKind::None)
            continue;
        const auto same = every.instance.func(to_text(value.kind()))->call({ value });
        ASSERT_TRUE(same) << same.error().to_text();
        EXPECT_EQ(same->front(), value) << value.to_text();
        EXPECT_EQ(answers(same->front()), answers(value)) << value.to_text();
    }
}

TEST(Values, OfEveryKindAreCopiedMovedAndReplaced)
{
    EveryValue every;
    const auto& values = every.values;
    for (std::size_t i = 0; i < values.size(); ++i)
        for (std::size_t j = 0; j < values.size(); ++j) {
            EXPECT_EQ(values[i] == values[j], i == j) << values[i].to_text() << ", " << values[j].to_text();
            Val copied = values[i];
            copied = values[j];
            EXPECT_EQ(copied, values[j]);
            EXPECT_EQ(answers(copied), answers(values[j]));
            Val moved = values[i];
            moved = std::move(copied);
            EXPECT_EQ(moved, values[j]);
            EXPECT_EQ(answers(moved), answers(values[j]));
            const Val made = std::move(moved);
            EXPECT_EQ(answers(made), answers(values[j]));
        }
}

TEST(Values, ShowAnObjectOnlyWhereThereIsOne)
{
    EveryValue every;
    std::string objects;
    for (const Val& value : every.values)
        if (value.as_object())
            objects += value.to_text() + "; ";
    EXPECT_EQ(objects, "struct {7}; struct {8}; exception {9}; ");
}

TEST(Values, KeepWhatTheyReferToAliveAndLetItGo)
{
    auto data = std::make_shared<int>(7);
    const std::weak_ptr<int> life = data;
    Val value = Val::externref(std::move(data));
    Val copied = value;
    value = Val::i32(1);
    EXPECT_FALSE(life.expired());
    EXPECT_EQ(*std::static_pointer_cast<int>(copied.externref()), 7);
    value = copied;
    {
        const Val last = std::move(value);
    }
    EXPECT_FALSE(life.expired());
    copied = Val();
    EXPECT_TRUE(life.expired());
}

/// Vectors of values and events are moved by value.
TEST(Values, StaySmall)
{
    EXPECT_LE(sizeof(Val), 48u);
    EXPECT_LE(sizeof(Object), 16u);
    EXPECT_LE(sizeof(Result<Val>), 72u);
    EXPECT_LE(sizeof(debug::WatchHit), 152u);
    EXPECT_LE(sizeof(debug::StopReason), 392u);
    EXPECT_TRUE(std::is_nothrow_move_constructible_v<Val>) << "vectors of values grow by moving them";
}

} // namespace
} // namespace vitrine
