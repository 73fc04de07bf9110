// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/call.h"
#include "component/linker.h"
#include "component/validator.h"
#include "component/wave.h"
#include "engine/engine.h"
#include "support/wat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::component::test {

/// A core module `$Libc` with a memory and an allocator that never frees, and its instance `$libc`.
/// The allocator keeps the contents, and grows the memory when it has to.
inline constexpr std::string_view libc = R"(
    (core module $Libc
      (memory (export "memory") 1)
      (global $next (mut i32) (i32.const 1024))
      (func (export "realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and
          (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get $align))))
        (global.set $next (i32.add (local.get $at) (local.get $new)))
        (if (i32.gt_u (global.get $next) (i32.shl (memory.size) (i32.const 16)))
          (then (drop (memory.grow (i32.add (i32.shr_u (local.get $new) (i32.const 16)) (i32.const 1))))))
        (memory.copy (local.get $at) (local.get $old)
          (select (local.get $size) (local.get $new) (i32.lt_u (local.get $size) (local.get $new))))
        (local.get $at)))
    (core instance $libc (instantiate $Libc))
    (alias core export $libc "memory" (core memory $memory))
    (alias core export $libc "realloc" (core func $realloc))
)";

/// An engine with a store, and components in it.
class RunningTest : public testing::Test {
protected:
    using Made = std::expected<Instance*, Failure>;

    std::shared_ptr<const Component> load(std::string_view wat)
    {
        const auto file = std::make_shared<const FileBytes>(core::test::wasm_of(wat));
        auto loaded = load_component(file, file->bytes(), engine_->types, FeatureSet::all());
        EXPECT_TRUE(loaded) << loaded.error().to_text() << "\n" << wat;
        return *loaded;
    }
    Made try_to_make(std::string_view wat) { return linker_.instantiate(guest_.thread, load(wat)); }
    Instance& make(std::string_view wat)
    {
        const Made made = try_to_make(wat);
        EXPECT_TRUE(made) << text_of(made.error());
        return **made;
    }

    static std::string text_of(const Failure& failure)
    {
        if (const auto* const trap = std::get_if<Trap>(&failure))
            return "trap: " + trap->to_text();
        return std::get<Error>(failure).message;
    }

    /// Calls an exported function, for example `f(1)`. Returns its result, or `trap: ` and the
    /// message.
    std::string call(const Instance& instance, std::string_view text)
    {
        const auto parsed = parse_call(text);
        const Func* const func = parsed ? instance.find_func(parsed->name) : nullptr;
        if (!func)
            return "no such function";
        auto arguments = parse_arguments(*parsed, *func->shape);
        if (!arguments)
            return arguments.error().message;
        return call(*func, *std::move(arguments));
    }
    std::string call(const Func& func, std::vector<Value> arguments)
    {
        auto result = component::call(guest_.current_thread(), func, std::move(arguments));
        if (!result)
            return "trap: " + result.error().to_text();
        if (!*result)
            return "";
        result_ = **std::move(result);
        return to_wave(result_, *func.shape->result);
    }

    void define(std::string name, HostBody body)
    {
        ASSERT_TRUE(linker_.define(
            "", std::move(name), HostFunc { std::make_shared<const HostBody>(std::move(body)) }));
    }

    std::shared_ptr<Engine> engine_ =
        std::make_shared<Engine>(EngineConfig { .features = FeatureSet::all() });
    GuestStore guest_ { engine_ };
    Linker linker_;
    /// The result of the last call.
    Value result_;
};

} // namespace vitrine::core::component::test
