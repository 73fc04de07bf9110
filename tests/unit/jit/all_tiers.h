// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/instrument.h"
#include "support/guest.h"

#include <functional>

namespace vitrine::core::jit {

using test::Guest;

/// Configurations of which each must give the same results.
struct Tiers {
    std::string name;
    EngineConfig config;
};

inline std::vector<Tiers> all_tiers()
{
    std::vector<Tiers> all {
        { "interpreter", { .guest_debug = true, .tier = TierPolicy::Interpreter } },
        { "auto", { .guest_debug = true } },
        { "compiled", { .guest_debug = true, .tier = TierPolicy::Compiled } },
        { "explicit", { .guest_debug = true, .tier = TierPolicy::Compiled, .signal_handlers = false } },
        { "refused", { .guest_debug = true, .tier = TierPolicy::Compiled, .max_code_bytes = 0 } },
        { "full", { .guest_debug = true, .tier = TierPolicy::Compiled, .max_code_bytes = 4096 } },
    };
    for (const uint32_t seed : { 1, 2, 3, 4, 5, 6 })
        all.push_back({ "mixed " + std::to_string(seed),
            { .guest_debug = true,
                .tier = TierPolicy::Mixed,
                .tier_seed = seed,
                .exit_percent = seed * 4 } });
    return all;
}

/// A trap with its frames.
inline std::string text_of(const Trap& trap)
{
    std::string text = trap.to_text();
    for (const TraceEntry& entry : trap.trace)
        text += "\n  " + entry.function->name() + " " + std::to_string(entry.offset);
    return text;
}

inline std::string text_of(const OrTrapped<std::vector<Value>>& outcome)
{
    if (!outcome)
        return text_of(outcome.error());
    std::string text;
    for (const Value& value : *outcome)
        text += value.to_text() + " ";
    return text;
}

/// Runs the same in each configuration, and expects the same text as from the interpreter.
template<class Run> void expect_same(const Run& run)
{
    std::string expected;
    for (const auto& [name, config] : all_tiers()) {
        const std::string text = run(config);
        if (name == "interpreter")
            expected = text;
        EXPECT_EQ(text, expected) << name;
    }
}

/// The outcome of calling `run`, several times so that functions get hot.
inline std::string repeat(Guest& guest, Instance& instance, std::vector<Value> arguments = {}, int times = 20)
{
    std::string text;
    for (int i = 0; i < times; ++i)
        text += text_of(guest.call(instance, "run", arguments)) + "\n";
    return text;
}

inline std::string run_text(const EngineConfig& config, std::string_view wat)
{
    Guest guest(config);
    return repeat(guest, guest.instantiate(wat));
}

/// Calls a function whenever the probe fires.
struct Eye final : Probe {
    Wish fire(Thread& thread, Cause cause) override { return on_fire(thread, cause); }
    std::function<Wish(Thread&, Cause)> on_fire = [](Thread&, Cause) { return Wish::Continue; };
};

inline std::string place_text(Thread& thread, Cause cause)
{
    std::string text = std::to_string(static_cast<int>(cause));
    for (const Frame& frame : frames_of(thread)) {
        text += " " + frame.function->name() + ":" + std::to_string(frame.offset) + "(";
        if (!frame.is_host())
            for (const Slot* slot = frame.fp; slot != frame.sp; ++slot)
                text += std::to_string(*slot) + ",";
        text += ")";
    }
    return text + "\n";
}

/// Calls the host function for each number from 0 to 29, two calls deep.
inline constexpr std::string_view with_marks = R"((module
  (import "host" "f" (func $host (param i32)))
  (func $inner (param i32) (result i32)
    (call $host (local.get 0))
    (i32.add (local.get 0) (i32.const 1)))
  (func $outer (param i32) (result i32)
    (i32.mul (i32.const 3) (call $inner (local.get 0))))
  (func (export "run") (result i32) (local i32 i32)
    (loop $next
      (local.set 1 (i32.add (local.get 1) (call $outer (local.get 0))))
      (br_if $next (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 30))))
    (local.get 1))))";

} // namespace vitrine::core::jit
