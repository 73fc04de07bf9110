// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/handles.h"

#include "running.h"

namespace vitrine::core::component::test {
namespace {

using testing::HasSubstr;

// -- The table

class HandleTableTest : public testing::Test {
protected:
    Store store_ { std::make_shared<EngineState>() };
    HandleTable table_;
    ResourceKind kind_ { .name = "r" }, other_ { .name = "s" };
};

TEST_F(HandleTableTest, IndicesBeginAtOneAndAreReusedLastInFirstOut)
{
    for (uint32_t i = 1; i <= 20; ++i)
        EXPECT_EQ(table_.add(store_, kind_, 100 + i), i);
    for (const uint32_t i : { 3u, 7u, 20u })
        EXPECT_EQ(table_.remove(i, kind_)->rep, 100 + i);
    for (const uint32_t i : { 20u, 7u, 3u, 21u })
        EXPECT_EQ(table_.add(store_, kind_, 0), i);
}

TEST_F(HandleTableTest, FindsOnlyWhatIsThere)
{
    EXPECT_EQ(table_.find(0, kind_).error().kind, FaultKind::UnknownHandle);
    EXPECT_EQ(table_.find(1, kind_).error().kind, FaultKind::UnknownHandle);
    EXPECT_EQ(table_.find(UINT32_MAX, kind_).error().kind, FaultKind::UnknownHandle);
    EXPECT_EQ(table_.add(store_, kind_, 5), 1u);
    EXPECT_EQ(table_.find(1, other_).error().kind, FaultKind::WrongResource);
    EXPECT_EQ((*table_.find(1, kind_))->rep, 5u);
    ++table_.at(1).lends;
    EXPECT_EQ(table_.remove(1, kind_).error().kind, FaultKind::LentResource);
    --table_.at(1).lends;
    EXPECT_TRUE(table_.remove(1, kind_));
    EXPECT_EQ(table_.remove(1, kind_).error().kind, FaultKind::UnknownHandle);
}

TEST_F(HandleTableTest, TheEmbedderLimitsItsSize)
{
    store_.limiter = [](Resource resource, uint64_t, uint64_t desired) {
        return resource != Resource::Table || desired <= 64;
    };
    uint32_t count = 0;
    while (table_.add(store_, kind_, 0))
        ++count;
    EXPECT_EQ(count, 63u);
    EXPECT_EQ(table_.add(store_, kind_, 0).error().kind, FaultKind::TableFull);
    EXPECT_TRUE(table_.remove(40, kind_));
    EXPECT_EQ(table_.add(store_, kind_, 0), 40u);
}

// -- Guests

/// `a` defines the resource type `r`, and has functions that take and return it. Its destructor
/// adds up what it destroys. `b` passes handles on to `a`, as numbers of its own table.
constexpr std::string_view two_components = R"((component
    (component $A
      (core module $State
        (global $sum (mut i32) (i32.const 0))
        (tag $tag)
        (func (export "drop") (param i32)
          (if (i32.eq (local.get 0) (i32.const 666)) (then unreachable))
          (if (i32.eq (local.get 0) (i32.const 667)) (then (throw $tag)))
          (global.set $sum (i32.add (global.get $sum) (local.get 0))))
        (func (export "sum") (result i32) (global.get $sum)))
      (core instance $state (instantiate $State))
      (type $own-r (resource (rep i32) (dtor (core func $state "drop"))))
      (core func $new (canon resource.new $own-r))
      (core func $rep (canon resource.rep $own-r))
      (core func $drop (canon resource.drop $own-r))
      (core module $M
        (import "" "new" (func $new (param i32) (result i32)))
        (import "" "rep" (func $rep (param i32) (result i32)))
        (import "" "drop" (func $drop (param i32)))
        (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
        (func (export "look") (param i32) (result i32) (local.get 0))
        (func (export "take") (param i32) (result i32)
          (call $rep (local.get 0)) (call $drop (local.get 0)))
        (func (export "both") (param i32 i32) (result i32) (i32.const 0)))
      (core instance $m (instantiate $M (with "" (instance
        (export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $drop))))))
      (export $r "r" (type $own-r))
      (func (export "make") (param "rep" u32) (result (own $r)) (canon lift (core func $m "make")))
      (func (export "look") (param "r" (borrow $r)) (result u32) (canon lift (core func $m "look")))
      (func (export "take") (param "r" (own $r)) (result u32) (canon lift (core func $m "take")))
      (func (export "own-and-borrow") (param "r" (own $r)) (param "s" (borrow $r)) (result u32)
        (canon lift (core func $m "both")))
      (func (export "borrow-and-own") (param "r" (borrow $r)) (param "s" (own $r)) (result u32)
        (canon lift (core func $m "both")))
      (func (export "sum") (result u32) (canon lift (core func $state "sum"))))
    (component $B
      (import "a" (instance $a
        (export "r" (type $r (sub resource)))
        (export "make" (func (param "rep" u32) (result (own $r))))
        (export "look" (func (param "r" (borrow $r)) (result u32)))
        (export "take" (func (param "r" (own $r)) (result u32)))
        (export "own-and-borrow" (func (param "r" (own $r)) (param "s" (borrow $r)) (result u32)))
        (export "borrow-and-own" (func (param "r" (borrow $r)) (param "s" (own $r)) (result u32)))))
      (alias export $a "r" (type $r))
      (type $mine (resource (rep i32)))
      (core func $make (canon lower (func $a "make")))
      (core func $look (canon lower (func $a "look")))
      (core func $take (canon lower (func $a "take")))
      (core func $own-and-borrow (canon lower (func $a "own-and-borrow")))
      (core func $borrow-and-own (canon lower (func $a "borrow-and-own")))
      (core func $drop (canon resource.drop $r))
      (core func $mine (canon resource.new $mine))
      (core module $M
        (import "" "look" (func $look (param i32) (result i32)))
        (import "" "drop" (func $drop (param i32)))
        ;; Uses a borrowed resource, as the argument says.
        (func (export "use") (param $r i32) (param $how i32) (result i32) (local $result i32)
          (if (i32.and (local.get $how) (i32.const 1)) (then (local.set $result (call $look (local.get $r)))))
          (if (i32.and (local.get $how) (i32.const 2)) (then (call $drop (local.get $r))))
          (if (i32.and (local.get $how) (i32.const 4)) (then (call $drop (local.get $r))))
          (local.get $result)))
      (core instance $m (instantiate $M (with "" (instance
        (export "look" (func $look)) (export "drop" (func $drop))))))
      (func (export "make") (param "rep" u32) (result u32) (canon lift (core func $make)))
      (func (export "mine") (param "rep" u32) (result u32) (canon lift (core func $mine)))
      (func (export "look") (param "r" u32) (result u32) (canon lift (core func $look)))
      (func (export "take") (param "r" u32) (result u32) (canon lift (core func $take)))
      (func (export "own-and-borrow") (param "r" u32) (param "s" u32) (result u32)
        (canon lift (core func $own-and-borrow)))
      (func (export "borrow-and-own") (param "r" u32) (param "s" u32) (result u32)
        (canon lift (core func $borrow-and-own)))
      (func (export "drop") (param "r" u32) (canon lift (core func $drop)))
      (func (export "use") (param "r" (borrow $r)) (param "how" u32) (result u32)
        (canon lift (core func $m "use"))))
    (instance $a (instantiate $A))
    (instance $b (instantiate $B (with "a" (instance $a))))
    (export "a" (instance $a))
    (export "b" (instance $b))))";

class HandlesTest : public RunningTest {
protected:
    std::string b(std::string_view text) { return at("b", text); }
    std::string a(std::string_view text) { return at("a", text); }
    std::string at(std::string_view interface, std::string_view text)
    {
        const auto parsed = parse_call(text);
        const Func* const func = instance_->find_func(interface, parsed->name);
        return call(*func, *parse_arguments(*parsed, *func->shape));
    }
    /// A resource of `a` that the host owns.
    Value owned(uint64_t rep)
    {
        EXPECT_THAT(call(*instance_->find_func("a", "make"), { { rep } }), HasSubstr("own"));
        return std::move(result_);
    }
    void begin_anew() { instance_ = &make(two_components); }

    Instance* instance_ = &make(two_components);
};

TEST_F(HandlesTest, OwnersMoveAndIndicesAreReused)
{
    EXPECT_EQ(b("make(10)"), "1");
    EXPECT_EQ(b("make(20)"), "2");
    EXPECT_EQ(b("look(2)"), "20");
    EXPECT_EQ(b("take(1)"), "10");
    EXPECT_EQ(a("sum()"), "10");
    EXPECT_EQ(b("make(30)"), "1");
    EXPECT_EQ(b("drop(2)"), "");
    EXPECT_EQ(a("sum()"), "30");
    EXPECT_EQ(b("look(1)"), "30");
}

TEST_F(HandlesTest, WrongHandlesAreTraps)
{
    const std::pair<std::string_view, std::string_view> table[] = {
        { "look(0)", "unknown handle index 0" },
        { "look(1)", "unknown handle index 1" },
        { "take(1)", "unknown handle index 1" },
        { "drop(4294967295)", "unknown handle index 4294967295" },
    };
    for (const auto& [text, message] : table) {
        begin_anew();
        EXPECT_THAT(b(text), HasSubstr(message)) << text;
        EXPECT_THAT(b("make(1)"), HasSubstr("cannot enter"));
    }
    for (const std::string_view text : { "look(1)", "take(1)", "drop(1)" }) {
        begin_anew();
        EXPECT_EQ(b("mine(5)"), "1");
        EXPECT_THAT(b(text), HasSubstr("used with the wrong type")) << text;
    }
}

TEST_F(HandlesTest, AHandleIsGoneAfterItHasBeenPassedOn)
{
    EXPECT_EQ(b("make(10)"), "1");
    EXPECT_EQ(b("take(1)"), "10");
    EXPECT_THAT(b("take(1)"), HasSubstr("unknown handle index 1"));
}

TEST_F(HandlesTest, WhatIsLentCannotBePassedOn)
{
    EXPECT_EQ(b("make(1)"), "1");
    EXPECT_THAT(b("borrow-and-own(1, 1)"), HasSubstr("cannot remove owned resource while borrowed"));
    begin_anew();
    EXPECT_EQ(b("make(1)"), "1");
    EXPECT_THAT(b("own-and-borrow(1, 1)"), HasSubstr("unknown handle index 1"));
    begin_anew();
    EXPECT_EQ(b("make(1)"), "1");
    EXPECT_EQ(b("make(2)"), "2");
    EXPECT_EQ(b("own-and-borrow(1, 2)"), "0");
    EXPECT_EQ(b("look(2)"), "2");
    // What was lent has been given back.
    EXPECT_EQ(b("take(2)"), "2");
}

TEST_F(HandlesTest, BorrowedHandlesMustBeDropped)
{
    const Func& use = *instance_->find_func("b", "use");
    const Value resource = owned(40);
    EXPECT_EQ(call(use, { resource, { 2 } }), "0");
    EXPECT_EQ(call(use, { resource, { 3 } }), "40");
    // The host still owns it, and its index in the table of `b` is free again.
    EXPECT_EQ(b("make(1)"), "1");
    EXPECT_THAT(call(use, { resource, { 1 } }), HasSubstr("borrow handles still remain"));
}

TEST_F(HandlesTest, ABorrowedHandleIsDroppedOnce)
{
    EXPECT_THAT(
        call(*instance_->find_func("b", "use"), { owned(1), { 6 } }), HasSubstr("unknown handle index 1"));
}

TEST_F(HandlesTest, TheImplementerSeesTheRepresentationOfABorrow)
{
    const Value resource = owned(77);
    EXPECT_EQ(call(*instance_->find_func("a", "look"), { resource }), "77");
    EXPECT_EQ(call(*instance_->find_func("a", "look"), { resource }), "77");
    EXPECT_EQ(call(*instance_->find_func("a", "take"), { resource }), "77");
    EXPECT_EQ(a("sum()"), "77");
}

TEST_F(HandlesTest, TheHostCannotUseWhatItHasPassedOn)
{
    const Value resource = owned(1);
    EXPECT_EQ(call(*instance_->find_func("a", "take"), { resource }), "1");
    for (const std::string_view name : { "take", "look" })
        EXPECT_THAT(call(*instance_->find_func("a", name), { resource }), HasSubstr("already passed on"));
    // The mistake of the host has not ended the instance.
    EXPECT_EQ(a("sum()"), "1");
}

TEST_F(HandlesTest, AResourceOfAnotherInstanceHasAnotherType)
{
    const Value resource = owned(1);
    begin_anew();
    EXPECT_THAT(call(*instance_->find_func("a", "take"), { resource }), HasSubstr("another type"));
    EXPECT_EQ(a("sum()"), "0");
}

TEST_F(HandlesTest, TheHostDropsWhatItOwns)
{
    const Value resource = owned(12);
    EXPECT_TRUE(drop(guest_.thread, *resource.held()));
    EXPECT_EQ(a("sum()"), "12");
    EXPECT_FALSE(drop(guest_.thread, *resource.held()));
    EXPECT_EQ(a("sum()"), "12");
}

TEST_F(HandlesTest, ADestructorThatTraps)
{
    EXPECT_EQ(b("make(666)"), "1");
    EXPECT_THAT(b("drop(1)"), HasSubstr("unreachable"));
    EXPECT_THAT(a("sum()"), HasSubstr("cannot enter"));
    begin_anew();
    EXPECT_EQ(b("make(667)"), "1");
    EXPECT_THAT(b("drop(1)"), HasSubstr("uncaught"));
    begin_anew();
    const Value resource = owned(666);
    const auto dropped = drop(guest_.thread, *resource.held());
    ASSERT_FALSE(dropped);
    EXPECT_THAT(dropped.error().to_text(), HasSubstr("unreachable"));
    EXPECT_THAT(a("sum()"), HasSubstr("cannot enter"));
}

// -- Resources of the host

constexpr std::string_view uses_host = R"((component
    (import "r" (type $r (sub resource)))
    (import "make" (func $make (param "n" u32) (result (own $r))))
    (import "look" (func $look (param "r" (borrow $r)) (result u32)))
    (import "take" (func $take (param "r" (own $r)) (result u32)))
    (core func $make (canon lower (func $make)))
    (core func $look (canon lower (func $look)))
    (core func $take (canon lower (func $take)))
    (core func $drop (canon resource.drop $r))
    (core module $M
      (import "" "drop" (func $drop (param i32)))
      (import "" "look" (func $look (param i32) (result i32)))
      (func (export "use") (param i32) (result i32)
        (call $look (local.get 0)) (call $drop (local.get 0)))
      (func (export "pass") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M (with "" (instance (export "look" (func $look)) (export "drop" (func $drop))))))
    (func (export "make") (param "n" u32) (result u32) (canon lift (core func $make)))
    (func (export "look") (param "r" u32) (result u32) (canon lift (core func $look)))
    (func (export "take") (param "r" u32) (result u32) (canon lift (core func $take)))
    (func (export "drop") (param "r" u32) (canon lift (core func $drop)))
    (export $s "s" (type $r))
    (func (export "use") (param "r" (borrow $s)) (result u32) (canon lift (core func $m "use")))
    (func (export "pass") (param "r" (own $s)) (result (own $s)) (canon lift (core func $m "pass")))))";

struct Counted {
    int number;
    int* alive;
    Counted(int number, int* alive) : number(number), alive(alive) { ++*alive; }
    ~Counted() { --*alive; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
};

class HostResourceTest : public RunningTest {
protected:
    HostResourceTest()
    {
        EXPECT_TRUE(
            linker_.define("", "r", std::make_shared<const HostResource>(HostResource { .name = "r" })));
        define("make", [&](HostContext&, std::span<Value> arguments) -> OrTrapped<Value> {
            return own(static_cast<int>(arguments[0].bits));
        });
        for (const std::string name : { "look", "take" })
            define(name, [&](HostContext&, std::span<Value> arguments) -> OrTrapped<Value> {
                seen_ = arguments[0].held();
                const auto number = static_cast<Counted*>(seen_->object.get())->number;
                if (number == 99)
                    return std::unexpected(Trap { .kind = TrapKind::HostError, .message = "99" });
                return Value { static_cast<uint64_t>(number) };
            });
        instance_ = &make(uses_host);
    }

    Value own(int number)
    {
        auto held = std::make_shared<HeldResource>();
        held->object = std::make_shared<Counted>(number, &alive_);
        return { 0, std::move(held) };
    }

    int alive_ = 0;
    std::shared_ptr<HeldResource> seen_;
    Instance* instance_ = nullptr;
};

TEST_F(HostResourceTest, DroppingInTheGuestRunsTheDestructor)
{
    EXPECT_EQ(call(*instance_, "make(7)"), "1");
    EXPECT_EQ(call(*instance_, "make(8)"), "2");
    EXPECT_EQ(alive_, 2);
    EXPECT_EQ(call(*instance_, "look(1)"), "7");
    EXPECT_EQ(call(*instance_, "drop(1)"), "");
    seen_.reset();
    EXPECT_EQ(alive_, 1);
    EXPECT_EQ(call(*instance_, "take(2)"), "8");
    seen_.reset();
    EXPECT_EQ(alive_, 0);
}

TEST_F(HostResourceTest, WhatTheHostBorrowsIsGoneAfterTheCall)
{
    EXPECT_EQ(call(*instance_, "make(7)"), "1");
    EXPECT_EQ(call(*instance_, "look(1)"), "7");
    EXPECT_TRUE(seen_->is_gone);
    const Func& use = *instance_->find_func("use");
    EXPECT_THAT(call(use, { { 0, seen_ } }), HasSubstr("already passed on"));
    // Also if the function fails.
    EXPECT_EQ(call(*instance_, "make(99)"), "2");
    EXPECT_THAT(call(*instance_, "look(2)"), HasSubstr("99"));
    EXPECT_TRUE(seen_->is_gone);
}

TEST_F(HostResourceTest, WhatTheHostLendsStaysItsOwn)
{
    const Func& use = *instance_->find_func("use");
    const Func& pass = *instance_->find_func("pass");
    Value resource = own(5);
    for (int i = 0; i < 1000; ++i)
        EXPECT_EQ(call(use, { resource }), "5");
    // Nothing keeps it alive.
    EXPECT_EQ(Components::of(guest_.store).objects.find(2), nullptr);
    EXPECT_EQ(Components::of(guest_.store).objects.find(1), nullptr);
    EXPECT_EQ(alive_, 1);
    // It can still be given away, and comes back.
    EXPECT_THAT(call(pass, { resource }), HasSubstr("own"));
    const Value back = std::move(result_);
    EXPECT_THAT(call(pass, { resource }), HasSubstr("already passed on"));
    EXPECT_EQ(call(use, { back }), "5");
    EXPECT_EQ(alive_, 1);
    seen_.reset();
    resource = {};
    EXPECT_EQ(alive_, 1);
    back.held()->object.reset();
    EXPECT_EQ(alive_, 0);
}

TEST_F(HostResourceTest, WhatIsLeftEndsWithTheStore)
{
    auto guest = std::make_unique<GuestStore>(engine_);
    const auto made = linker_.instantiate(guest->thread, load(uses_host));
    ASSERT_TRUE(made);
    EXPECT_TRUE(component::call(guest->thread, *(*made)->find_func("make"), { { 1 } }));
    EXPECT_EQ(alive_, 1);
    guest.reset();
    EXPECT_EQ(alive_, 0);
}

} // namespace
} // namespace vitrine::core::component::test
