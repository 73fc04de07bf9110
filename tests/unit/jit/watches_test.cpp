// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "unit/jit/all_tiers.h"
namespace vitrine::core::jit {
namespace {

TEST(Tiers, WatchesThatAreSetWhileCodeWaits)
{
    expect_same([](const EngineConfig& config) {
        Guest guest(config);
        Eye eye;
        std::string text;
        std::optional<Watches> watches;
        Instance* instance = nullptr;
        eye.on_fire = [&](Thread& thread, Cause cause) {
            text += place_text(thread, cause);
            return Wish::Continue;
        };
        guest.define("host", "f", { { ValueType::i32 }, {} }, [&](HostCall& call) {
            const auto at = reinterpret_cast<uintptr_t>(instance->memories[0]->base()) + 100;
            if (call.slots[0] == 20)
                watches.emplace(std::vector { WatchedRange { at, at + 4, true, true, StateKind::Memory } });
            if (call.slots[0] == 20 || call.slots[0] == 10)
                set_watches(call.thread, call.slots[0] == 20 ? &*watches : nullptr);
            return Returned {};
        });
        guest.thread.probes.set(ProbeRole::Session, &eye);
        instance = &guest.instantiate(R"((module
          (import "host" "f" (func $host (param i32)))
          (memory 1)
          (func $store (param i32) (i32.store (i32.mul (local.get 0) (i32.const 10)) (local.get 0)))
          (func $load (param i32) (result i64) (i64.load (i32.mul (local.get 0) (i32.const 9))))
          (func (export "run") (result i64) (local i32 i64)
            (local.set 0 (i32.const 40))
            (loop $next
              (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 10))) (then (call $host (local.get 0))))
              (call $store (local.get 0))
              (local.set 1 (i64.add (local.get 1) (call $load (local.get 0))))
              (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 1))))");
        text += repeat(guest, *instance, {}, 3);
        guest.thread.probes.set(ProbeRole::Session, nullptr);
        return text;
    });
}

TEST(Tiers, FramesWithWatchedLocalsAreInterpreted)
{
    expect_same([](const EngineConfig& config) {
        Guest guest(config);
        Eye eye;
        std::string text;
        std::optional<Watches> watches;
        eye.on_fire = [&](Thread& thread, Cause cause) {
            text += place_text(thread, cause);
            return Wish::Continue;
        };
        guest.define("host", "f", { { ValueType::i32 }, {} }, [&](HostCall& call) {
            if (call.slots[0] != 12 && call.slots[0] != 15)
                return Returned {};
            // A local of the outermost frame.
            const auto at = reinterpret_cast<uintptr_t>(frames_of(call.thread).back().locals() + 1);
            watches.emplace(std::vector { WatchedRange { at, at + 8, false, true, StateKind::Local } });
            set_watches(call.thread, call.slots[0] == 12 ? &*watches : nullptr);
            return Returned {};
        });
        guest.thread.probes.set(ProbeRole::Session, &eye);
        text += repeat(guest, guest.instantiate(with_marks), {}, 3);
        guest.thread.probes.set(ProbeRole::Session, nullptr);
        return text;
    });
}

TEST(Tiers, OtherFramesOfTheFunctionAreCompiled)
{
    expect_same([](const EngineConfig& config) {
        Guest guest(config);
        Eye eye;
        std::string text;
        std::optional<Watches> watches;
        eye.on_fire = [&](Thread& thread, Cause cause) {
            text += place_text(thread, cause);
            return Wish::Continue;
        };
        uint64_t compiled_before = 0;
        guest.define("host", "f", { { ValueType::i32 }, {} }, [&](HostCall& call) {
            if (call.slots[0] == 0 && !watches) {
                const auto at = reinterpret_cast<uintptr_t>(frames_of(call.thread)[1].locals() + 1);
                watches.emplace(std::vector { WatchedRange { at, at + 8, true, true, StateKind::Local } });
                set_watches(call.thread, &*watches);
                compiled_before = guest.engine->statistics().functions;
            }
            return Returned {};
        });
        guest.thread.probes.set(ProbeRole::Session, &eye);
        // The watched frame calls its function again, changes the local, and turns into another
        // frame of the function.
        Instance& instance = guest.instantiate(R"((module
          (import "host" "f" (func $host (param i32)))
          (func $sum (param i32) (result i32) (local i32)
            (loop $next
              (local.set 1 (i32.add (local.get 1) (i32.add (local.get 0) (i32.const 1))))
              (br_if $next (i32.lt_u (local.get 1) (i32.const 500))))
            (local.get 1))
          (func $run (export "run") (param i32) (result i32) (local i32)
            (call $host (local.get 0))
            (if (i32.lt_u (local.get 0) (i32.const 20))
              (then
                (local.set 1 (call $run (i32.add (local.get 0) (i32.const 10))))
                (local.set 1 (i32.add (local.get 1) (call $sum (local.get 0))))
                (if (i32.eqz (local.get 0))
                  (then (return_call $run (i32.const 15))))
                (return (local.get 1))))
            (call $sum (i32.const 7)))))");
        text += repeat(guest, instance, { Value::i32(0) }, 3);
        if (config.tier == TierPolicy::Compiled && config.max_code_bytes > 4096) {
            EXPECT_GT(guest.engine->statistics().functions, compiled_before);
        }
        guest.thread.probes.set(ProbeRole::Session, nullptr);
        return text;
    });
}

/// Instructions that access 16 bytes or fewer at an address that grows by 4, of memory of which
/// parts are watched.
constexpr std::string_view with_accesses = R"((module
  (memory 3)
  (data $data "0123456789abcdef")
  (func $copy (param i32)
    (memory.copy (local.get 0) (i32.add (local.get 0) (i32.const 600)) (i32.const 16))
    (memory.copy (i32.add (local.get 0) (i32.const 600)) (local.get 0) (i32.const 7))
    (memory.copy (local.get 0) (local.get 0) (i32.const 0)))
  (func $fill (param i32) (memory.fill (local.get 0) (i32.const 5) (i32.const 3)))
  (func $init (param i32) (memory.init $data (local.get 0) (i32.const 1) (i32.const 9)))
  (func $plain (param i32) (result i64)
    (i64.store offset=65536 (local.get 0) (i64.const 3))
    (v128.store offset=131072 (local.get 0) (v128.const i64x2 1 2))
    (i64.load offset=65534 (local.get 0)))
  (func $atomic (param i32) (result i32)
    (i32.atomic.store (local.get 0) (i32.const 9))
    (i32.atomic.rmw8.xor_u (local.get 0) (i32.const 3))
    (i32.atomic.rmw.xchg (local.get 0) (i32.const 3))
    (drop (i32.atomic.rmw.or (local.get 0) (i32.const 3)))
    (i32.atomic.rmw16.cmpxchg_u (local.get 0) (i32.const 7) (i32.const 8))
    (i32.atomic.rmw.add (local.get 0) (i32.const 1))
    (i32.atomic.load8_u (local.get 0))
    i32.add i32.add i32.add i32.add)
  (func (export "run") (result i32) (local i32 i32)
    (loop $next
      (call $copy (local.get 0))
      (call $fill (local.get 0))
      (call $init (local.get 0))
      (local.set 1 (i32.add (local.get 1) (call $atomic (local.get 0))))
      (local.set 1 (i32.add (local.get 1) (i32.wrap_i64 (call $plain (local.get 0)))))
      (br_if $next (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 4))) (i32.const 400))))
    (local.get 1))))";

TEST(Tiers, AllAccessesToMemoryCompareWithWhatIsWatched)
{
    // Ranges, some of them far apart.
    struct Part {
        uint32_t begin, size;
        bool reads, writes;
    };
    const std::vector<std::vector<Part>> choices {
        { { 200, 4, false, true } },
        { { 201, 1, true, false } },
        { { 150, 2, true, true }, { 65536 + 300, 1, false, true } },
        { { 1, 1, true, true }, { 65536 + 99, 3, true, false }, { 131072 + 350, 40, false, true } },
        { { 500, 8, true, true }, { 131072 + 500, 8, true, true } },
    };
    for (const auto& parts : choices) {
        expect_same([&](const EngineConfig& config) {
            Guest guest(config);
            Eye eye;
            std::string text;
            uint64_t hits = 0;
            Instance& instance = guest.instantiate(with_accesses);
            const auto base = reinterpret_cast<uintptr_t>(instance.memories[0]->base());
            std::vector<WatchedRange> ranges;
            for (const Part& part : parts)
                ranges.push_back({ base + part.begin, base + part.begin + part.size, part.reads, part.writes,
                    StateKind::Memory });
            const Watches watches(ranges);
            eye.on_fire = [&](Thread& thread, Cause cause) {
                ++hits;
                text += place_text(thread, cause);
                return Wish::Continue;
            };
            guest.thread.probes.set(ProbeRole::Session, &eye);
            set_watches(guest.thread, &watches);
            text += repeat(guest, instance, {}, 2);
            if (config.tier == TierPolicy::Compiled && config.max_code_bytes > 4096) {
                // Code is left only where something is hit.
                uint64_t exits = 0;
                for (const auto& exit : guest.engine->statistics().exits)
                    exits += exit.count;
                EXPECT_LE(exits, hits);
                EXPECT_EQ(exits > 0, hits > 0);
            }
            set_watches(guest.thread, nullptr);
            guest.thread.probes.set(ProbeRole::Session, nullptr);
            return text;
        });
    }
}

} // namespace
} // namespace vitrine::core::jit
