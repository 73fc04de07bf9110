// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/position.h"
#include "unit/jit/all_tiers.h"

#include <gmock/gmock.h>

namespace vitrine::core::jit {
namespace {

TEST(Tiers, MarksThatAreSetWhileCodeWaits)
{
    for (const uint32_t marked : { 1u, 2u, 3u })
        expect_same([&](const EngineConfig& config) {
            Guest guest(config);
            Instance* instance = nullptr;
            Eye eye;
            std::string text;
            eye.on_fire = [&](Thread& thread, Cause cause) {
                text += place_text(thread, cause);
                return Wish::Continue;
            };
            guest.define("host", "f", { { ValueType::i32 }, {} }, [&](HostCall& call) {
                Function& function = *instance->functions[marked];
                // All instructions of a caller that waits.
                const auto each = [&](auto act) {
                    for (CodeOffset at = function.meta->code_offset; at < function.meta->end_offset; ++at)
                        if (find_instruction_boundary(*instance->module, function.index, at) == at)
                            act(at);
                };
                if (call.slots[0] % 10 == 7)
                    each([&](CodeOffset at) { mark(call.thread, function, at); });
                if (call.slots[0] % 10 == 9)
                    each([&](CodeOffset at) { unmark(call.thread, function, at); });
                return Returned {};
            });
            guest.thread.probes.set(ProbeRole::Session, &eye);
            instance = &guest.instantiate(with_marks);
            text += repeat(guest, *instance, {}, 2);
            guest.thread.probes.set(ProbeRole::Session, nullptr);
            return text;
        });
}

/// A guard that holds when local 0 has this value.
Guard local_is(uint32_t value)
{
    return { { .op = GuardOp::Push, .source = GuardSource::Local },
        { .op = GuardOp::Equal, .source = GuardSource::Constant, .value = value } };
}

TEST(Tiers, GuardsThatAreChangedWhileCodeWaits)
{
    for (const uint32_t marked : { 1u, 2u, 3u })
        expect_same([&](const EngineConfig& config) {
            Guest guest(config);
            Instance* instance = nullptr;
            Eye eye;
            std::string text;
            eye.on_fire = [&](Thread& thread, Cause cause) {
                text += place_text(thread, cause);
                return Wish::Continue;
            };
            guest.define("host", "f", { { ValueType::i32 }, {} }, [&](HostCall& call) {
                Function& function = *instance->functions[marked];
                for (CodeOffset at = function.meta->code_offset; at < function.meta->end_offset; ++at)
                    if (find_instruction_boundary(*instance->module, function.index, at) == at)
                        switch (call.slots[0] % 10) {
                        case 1: mark(call.thread, function, at, local_is(15)); break;
                        case 3: mark(call.thread, function, at, local_is(24)); break;
                        case 5: mark(call.thread, function, at); break;
                        case 6: mark(call.thread, function, at, local_is(7)); break;
                        case 9: unmark(call.thread, function, at); break;
                        default: break;
                        }
                return Returned {};
            });
            guest.thread.probes.set(ProbeRole::Session, &eye);
            instance = &guest.instantiate(with_marks);
            text += repeat(guest, *instance, {}, 2);
            guest.thread.probes.set(ProbeRole::Session, nullptr);
            return text;
        });
}

TEST(Tiers, GuardsThatAreChangedInALoop)
{
    expect_same([](const EngineConfig& config) {
        Guest guest(config);
        Eye eye;
        std::string text;
        Instance& instance = guest.instantiate(R"((module (func (export "run") (result i32) (local i32)
          (loop $next
            (local.set 0 (i32.add (local.get 0) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get 0) (i32.const 1000))))
          (local.get 0))))");
        Function& run = *instance.functions[0];
        const CodeOffset header = run.meta->code_offset, add = header + 6;
        // Each time the guard holds, it changes to one for a later turn.
        eye.on_fire = [&](Thread& thread, Cause cause) {
            text += place_text(thread, cause);
            const auto turn = static_cast<uint32_t>(thread.state.fp[0]);
            mark(guest.thread, run, turn % 2 == 0 ? header : add, local_is(turn + 55));
            return Wish::Continue;
        };
        guest.thread.probes.set(ProbeRole::Session, &eye);
        mark(guest.thread, run, header, local_is(100));
        mark(guest.thread, run, add, local_is(101));
        text += repeat(guest, instance, {}, 4);
        unmark(guest.thread, run, header);
        unmark(guest.thread, run, add);
        text += repeat(guest, instance, {}, 1);
        guest.thread.probes.set(ProbeRole::Session, nullptr);
        return text;
    });
}

TEST(Tiers, CodeIsNotLeftWhereAGuardDoesNotHold)
{
    if (std::getenv("VITRINE_TIER"))
        GTEST_SKIP() << "the environment decides";
    Guest guest(EngineConfig { .guest_debug = true, .tier = TierPolicy::Compiled });
    Instance& instance = guest.instantiate(R"((module (func (export "run") (result i32) (local i32)
      (loop $next
        (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get 0) (i32.const 1000))))
      (local.get 0))))");
    Function& run = *instance.functions[0];
    const CodeOffset add = run.meta->code_offset + 6;
    Eye eye;
    int fired = 0;
    eye.on_fire = [&](Thread&, Cause) {
        ++fired;
        return Wish::Continue;
    };
    guest.thread.probes.set(ProbeRole::Session, &eye);
    const auto exits = [&] {
        uint64_t count = 0;
        for (const auto& exit : guest.engine->statistics().exits)
            count += exit.count;
        return count;
    };
    mark(guest.thread, run, add, local_is(500));
    repeat(guest, instance, {}, 3);
    // After each exit, the next turn of the loop is in machine code again.
    EXPECT_EQ(fired, 3);
    EXPECT_EQ(exits(), 3u);
    // The exits of versions that are freed are not counted.
    mark(guest.thread, run, add, local_is(5000));
    repeat(guest, instance, {}, 3);
    EXPECT_EQ(fired, 3);
    EXPECT_EQ(exits(), 0u);
    mark(guest.thread, run, add);
    repeat(guest, instance, {}, 1);
    EXPECT_EQ(fired, 1003);
    EXPECT_EQ(exits(), 1000u);
    unmark(guest.thread, run, add);
    guest.thread.probes.set(ProbeRole::Session, nullptr);
}

TEST(Tiers, CodeIsTheSameWithAndWithoutDebugging)
{
    if (std::getenv("VITRINE_TIER"))
        GTEST_SKIP() << "the environment decides";
    constexpr std::string_view wat = R"((module
      (memory 1) (table funcref (elem $leaf)) (global $g (mut i64) (i64.const 1))
      (func $leaf (export "leaf") (param i32) (result i32) (i32.load (local.get 0)))
      (func $loop (export "loop") (result i32) (local i32 f64)
        (loop $next
          (local.set 1 (f64.add (local.get 1) (f64.const 1.5)))
          (i32.store8 offset=7 (local.get 0) (local.get 0))
          (br_if $next (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 40))))
        (i32.trunc_f64_s (local.get 1)))
      (func $calls (export "calls") (result i32)
        (global.set $g (i64.mul (global.get $g) (i64.const 3)))
        (i32.add (call $leaf (i32.const 8))
          (call_indirect (param i32) (result i32) (i32.const 12) (i32.const 0)))))
    )";
    std::vector<std::vector<uint8_t>> code[2];
    for (const bool guest_debug : { false, true }) {
        Guest guest(EngineConfig { .guest_debug = guest_debug, .tier = TierPolicy::Compiled });
        Instance& instance = guest.instantiate(wat);
        uint64_t before = 0;
        for (const char* name : { "leaf", "loop", "calls" }) {
            EXPECT_TRUE(guest
                    .call(instance, name, std::vector<Value>(name == std::string_view("leaf"), Value::i32(4)))
                    .has_value());
            const uint64_t after = guest.engine->statistics().code_bytes;
            const auto* const begin = static_cast<const uint8_t*>(Guest::function(instance, name).entry);
            code[guest_debug].emplace_back(begin, begin + (after - before));
            EXPECT_GT(after, before) << name;
            before = after;
        }
        EXPECT_EQ(guest.engine->statistics().functions, 3u);
    }
    EXPECT_EQ(code[0], code[1]);
}

TEST(Tiers, StepsThatBeginWhileCodeWaits)
{
    expect_same([](const EngineConfig& config) {
        Guest guest(config);
        Eye eye;
        std::string text;
        eye.on_fire = [&](Thread& thread, Cause cause) {
            text += place_text(thread, cause);
            return Wish::Continue;
        };
        guest.define("host", "f", { { ValueType::i32 }, {} }, [&](HostCall& call) {
            set_stepping(call.thread, call.slots[0] % 10 == 7);
            return Returned {};
        });
        guest.thread.probes.set(ProbeRole::Session, &eye);
        text += repeat(guest, guest.instantiate(with_marks), {}, 2);
        guest.thread.probes.set(ProbeRole::Session, nullptr);
        return text;
    });
}

TEST(Tiers, TicksCountWhileThereIsARecorder)
{
    expect_same([](const EngineConfig& config) {
        Guest guest(config);
        Eye eye;
        std::string text;
        guest.define("host", "f", { { ValueType::i32 }, {} }, [&](HostCall& call) {
            if (call.slots[0] == 5)
                guest.thread.probes.set(ProbeRole::Recorder, &eye);
            if (guest.thread.probes.find(ProbeRole::Recorder) && call.slots[0] > 5)
                text += std::to_string(call.thread.tick()) + " ";
            return Returned {};
        });
        Instance& instance = guest.instantiate(with_marks);
        uint64_t first = 0;
        eye.on_fire = [&](Thread& thread, Cause cause) {
            text += "tick " + std::to_string(thread.tick() - first) + place_text(thread, cause);
            return Wish::Continue;
        };
        guest.thread.probes.set(ProbeRole::Recorder, &eye);
        repeat(guest, instance, {}, 3);
        first = guest.thread.tick();
        set_stop_tick(guest.thread, first + 50);
        repeat(guest, instance, {}, 1);
        guest.thread.probes.set(ProbeRole::Recorder, nullptr);
        return text;
    });
}

TEST(Tiers, StepsThatBeginInALoop)
{
    expect_same([](const EngineConfig& config) {
        Guest guest(config);
        Eye eye;
        std::string text;
        int left = 0;
        Instance& instance = guest.instantiate(R"((module (func (export "run") (result i32) (local i32)
          (loop $next
            (local.set 0 (i32.add (local.get 0) (i32.const 3)))
            (br_if $next (i32.lt_u (local.get 0) (i32.const 300))))
          (local.get 0))))");
        Function& run = *instance.functions[0];
        const CodeOffset tee = run.meta->code_offset + 4;
        eye.on_fire = [&](Thread& thread, Cause cause) {
            if (thread.state.fp[0] == 150) {
                set_stepping(thread, true);
                left = 30;
            }
            if (left > 0)
                text += place_text(thread, cause);
            if (left > 0 && --left == 0)
                set_stepping(thread, false);
            return Wish::Continue;
        };
        guest.thread.probes.set(ProbeRole::Session, &eye);
        for (int i = 0; i < 5; ++i) {
            if (i == 2)
                mark(guest.thread, run, tee);
            if (i == 4)
                unmark(guest.thread, run, tee);
            text += repeat(guest, instance, {}, 1);
        }
        guest.thread.probes.set(ProbeRole::Session, nullptr);
        return text;
    });
}

} // namespace
} // namespace vitrine::core::jit
