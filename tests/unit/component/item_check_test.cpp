// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/item_check.h"

#include "running.h"
#include "wasm/validator.h"

namespace vitrine::core::component::test {
namespace {

using testing::HasSubstr;

/// Exports the interface `a:b/c` with a resource type, a record, functions and a module.
constexpr std::string_view provider = R"((component
    (component $P
      (type $own-r (resource (rep i32)))
      (core func $new (canon resource.new $own-r))
      (core module $M (memory (export "memory") 1)
        (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
        (func (export "look") (param i32) (result i32) (local.get 0)))
      (core instance $m (instantiate $M))
      (export $r "r" (type $own-r))
      (type $p' (record (field "x" u32) (field "y" u32)))
      (export $p "p" (type $p'))
      (func (export "make") (param "n" u32) (result (own $r)) (canon lift (core func $new)))
      (func (export "look") (param "r" (borrow $r)) (result u32) (canon lift (core func $m "look")))
      (func (export "add") (param "p" $p) (result u32) (canon lift (core func $m "add")))
      (core module $N (import "m" "f" (func (param i32))) (func (export "g") (result i32) (i32.const 4)))
      (export "module" (core module $N)))
    (instance $p (instantiate $P))
    (export "a:b/c" (instance $p))))";

class ItemCheckTest : public RunningTest {
protected:
    /// Imports what `provider` exports as an instance of this type. Returns the error, if any.
    std::string import(std::string_view type)
    {
        const Instance& instance = make(provider);
        Linker linker;
        EXPECT_TRUE(linker.define("", "a:b/c",
            StoreItem {
                guest_.store.life(), &guest_.store, *instance.find_instance("a:b/c"), instance.component }));
        const auto made = linker.instantiate(
            guest_.thread, load("(component (import \"a:b/c\" (instance " + std::string(type) + ")))"));
        return made ? "" : text_of(made.error());
    }
};

TEST_F(ItemCheckTest, WhatIsExportedCanBeImported)
{
    EXPECT_EQ(import(""), "");
    EXPECT_EQ(import(R"((export "r" (type $r (sub resource)))
        (export "make" (func (param "n" u32) (result (own $r))))
        (export "look" (func (param "r" (borrow $r)) (result u32)))
        (type $p' (record (field "x" u32) (field "y" u32)))
        (export "p" (type $p (eq $p')))
        (export "add" (func (param "p" $p) (result u32)))
        (export "module" (core module (import "m" "f" (func (param i32))) (import "m" "h" (func))
          (export "g" (func (result i32))))))"),
        "");
}

TEST_F(ItemCheckTest, OtherTypesAreRefused)
{
    const std::pair<std::string_view, std::string_view> table[] = {
        { R"((export "missing" (func)))", "no export `missing`" },
        { R"((export "make" (func)))", "export `make`: the function has another type" },
        { R"((export "add" (type (sub resource))))", "export `add`: it is not a type" },
        { R"((export "r" (func)))", "export `r`: it is not a func" },
        { R"((export "p" (type (sub resource))))", "export `p`: expected a resource type" },
        { R"((export "r" (type $r (sub resource))) (export "make" (func (param "n" u64) (result (own $r)))))",
            "another type" },
        { R"((export "r" (type $r (sub resource))) (export "make" (func (param "m" u32) (result (own $r)))))",
            "another type" },
        { R"((export "r" (type $r (sub resource))) (export "look" (func (param "r" (own $r)) (result u32))))",
            "another type" },
        { R"((export "q" (type $q (sub resource))))", "no export `q`" },
        { R"((type $p' (record (field "x" u32) (field "z" u32))) (export "p" (type $p (eq $p')))
            (export "add" (func (param "p" $p) (result u32))))",
            "another type" },
        { R"((type $p' (record (field "x" u32))) (export "p" (type $p (eq $p')))
            (export "add" (func (param "p" $p) (result u32))))",
            "another type" },
        { R"((export "add" (func (param "p" string) (result u32))))", "another type" },
        { R"((export "module" (core module)))", "the module has another import `m::f`" },
        { R"((export "module" (core module (import "m" "f" (func (param i64))))))",
            "the module has another import `m::f`" },
        { R"((export "module" (core module (import "m" "f" (func (param i32))) (export "g" (func)))))",
            "no export `g` of this type" },
        { R"((export "add" (core module)))", "it is not a" },
        { R"((export "module" (instance)))", "it is not a" },
    };
    for (const auto& [type, message] : table)
        EXPECT_THAT(
            import(type), testing::AllOf(HasSubstr("incompatible import type: `a:b/c`"), HasSubstr(message)))
            << type;
}

TEST_F(ItemCheckTest, ModulesAreChecked)
{
    const auto module =
        load_module(core::test::wasm_of(
                        R"((module (import "m" "f" (func)) (func (export "g") (result i32) (i32.const 9))))"),
            engine_->types);
    ASSERT_TRUE(module);
    ASSERT_TRUE(linker_.define("", "m", std::shared_ptr<const core::Module>(*module)));
    const auto text = [](std::string_view imports) {
        return "(component (import \"m\" (core module $m " + std::string(imports)
            + R"( (export "g" (func (result i32)))))
            (core module $F (func (export "f")))
            (core instance $f (instantiate $F))
            (core instance $i (instantiate $m (with "m" (instance $f))))
            (func (export "g") (result u32) (canon lift (core func $i "g")))))";
    };
    EXPECT_EQ(call(make(text("(import \"m\" \"f\" (func))")), "g()"), "9");
    const Made made = try_to_make(text(""));
    ASSERT_FALSE(made);
    EXPECT_THAT(text_of(made.error()), HasSubstr("the module has another import `m::f`"));
}

TEST_F(ItemCheckTest, ResourceTypesOfDifferentInstancesAreDifferent)
{
    const Instance &one = make(provider), &other = make(provider);
    const auto item = [&](const Instance& instance) {
        return StoreItem { guest_.store.life(), &guest_.store, *instance.find_instance("a:b/c"),
            instance.component };
    };
    const auto user = load(R"((component
        (import "a:b/c" (instance $c (export "r" (type (sub resource)))))
        (alias export $c "r" (type $r))
        (import "a:b/d" (instance
          (alias outer 1 $r (type $q))
          (export "r" (type $s (eq $q)))
          (export "look" (func (param "r" (borrow $s)) (result u32)))))))");
    for (const bool is_same : { true, false }) {
        Linker linker;
        EXPECT_TRUE(linker.define("", "a:b/c", item(one)));
        EXPECT_TRUE(linker.define("", "a:b/d", item(is_same ? one : other)));
        const auto made = linker.instantiate(guest_.thread, user);
        EXPECT_EQ(made ? "" : text_of(made.error()),
            is_same ? "" : "incompatible import type: `a:b/d`: export `r`: resource types are not the same");
    }
}

} // namespace
} // namespace vitrine::core::component::test
