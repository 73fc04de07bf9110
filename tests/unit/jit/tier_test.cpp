// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/module_code.h"
#include "unit/jit/all_tiers.h"

#include <cstdlib>
#include <thread>

namespace vitrine::core::jit {
namespace {

TEST(Tiers, CompileWhatRunsOften)
{
    constexpr std::string_view wat = R"((module
      (func $add (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "run") (result i32) (call $add (i32.const 1) (i32.const 2)))))";
    for (const auto& [name, config] : all_tiers()) {
        Guest guest(config);
        repeat(guest, guest.instantiate(wat));
        const CompilerStatistics statistics = guest.engine->statistics();
        if (name == "interpreter" || name == "refused") {
            EXPECT_EQ(statistics.functions, 0u) << name;
            EXPECT_NE(statistics.unavailable, "") << name;
        } else {
            EXPECT_EQ(statistics.functions, 2u) << name;
            EXPECT_EQ(statistics.unavailable, "") << name;
            EXPECT_NE(statistics.code_bytes, 0u) << name;
        }
    }
}

TEST(Tiers, CompileEarlierOrLaterAsConfigured)
{
    if (std::getenv("VITRINE_TIER"))
        GTEST_SKIP() << "the environment decides";
    constexpr std::string_view wat = R"((module (func (export "run"))))";
    for (const auto& [percent, calls] : { std::pair { 100u, 8 }, { 0u, 1 }, { 1000u, 80 } }) {
        Guest guest(EngineConfig { .tier_threshold = percent });
        Instance& instance = guest.instantiate(wat);
        repeat(guest, instance, {}, calls - 1);
        EXPECT_EQ(guest.engine->statistics().functions, 0u) << percent;
        repeat(guest, instance, {}, 1);
        EXPECT_EQ(guest.engine->statistics().functions, 1u) << percent;
    }
}

TEST(Tiers, ResultsOfAllShapes)
{
    expect_same([](const EngineConfig& config) {
        return run_text(config, R"((module
          (func $i32 (result i32) (i32.const -5))
          (func $i64 (result i64) (i64.const -6))
          (func $f32 (result f32) (f32.const 1.5))
          (func $f64 (result f64) (f64.const 2.5))
          (func $v128 (result v128) (v128.const i64x2 3 4))
          (func $ref (result funcref) (ref.func $i32))
          (func $none)
          (func $many (param i32) (result i32 f64 v128 i64)
            (local.get 0) (f64.const 9) (v128.const i64x2 5 6) (i64.const 7))
          (elem declare func $i32)
          (func (export "run") (result i32 i64 f32 f64 v128 i32 i32 f64 v128 i64)
            (call $i32) (call $i64) (call $f32) (call $f64) (call $v128) (ref.is_null (call $ref))
            (call $none) (call $many (i32.const 8)))))");
    });
}

TEST(Tiers, LoopsAndTraps)
{
    expect_same([](const EngineConfig& config) {
        return run_text(config, R"((module
          (memory 1)
          (func $at (param i32) (result i32) (i32.load (local.get 0)))
          (func (export "run") (result i32) (local $i i32) (local $sum i32)
            (loop $next
              (local.set $sum (i32.add (local.get $sum) (call $at (local.get $i))))
              (i32.store (local.get $i) (local.get $sum))
              (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4097))) (i32.const 65533))))
            (call $at (i32.const 65533)))))");
    });
}

TEST(Tiers, ManyKindsOfTrap)
{
    for (const std::string_view body : { "(unreachable)", "(i32.div_s (i32.const 1) (i32.const 0)) (drop)",
             "(i64.div_s (i64.const 0x8000000000000000) (i64.const -1)) (drop)",
             "(i32.trunc_f32_s (f32.const nan)) (drop)", "(i64.store (i32.const -1) (i64.const 0))",
             "(v128.store offset=0xffffffff (i32.const -1) (v128.const i64x2 0 0))",
             "(call_indirect (i32.const 0))", "(call_indirect (i32.const 1))",
             "(call_indirect (param i32) (i32.const 1) (i32.const 2))", "(call_indirect (i32.const 77))",
             "(memory.fill (i32.const 65535) (i32.const 0) (i32.const 2))",
             "(table.set (i32.const 9) (ref.null func))" })
        expect_same([&](const EngineConfig& config) {
            return run_text(config,
                "(module (memory 1) (table 3 funcref) (func $nop) (elem (i32.const 2) $nop)"
                "(func $inner (param i32) (if (local.get 0) (then "
                    + std::string(body)
                    + "))) (func $middle (param i32) (call $inner (local.get 0)))"
                      "(func (export \"run\") (call $middle (i32.const 0)) (call $middle (i32.const 1))))");
        });
}

TEST(Tiers, StackOverflowsAtTheSameDepth)
{
    for (const std::string_view call : { "(call $down (local.get 0) (local.get 1))",
             "(call_indirect (param i64 i64) (local.get 0) (local.get 1) (i32.const 0))",
             "(call_ref $type (local.get 0) (local.get 1) (ref.func $down))",
             "(call $other (local.get 0) (local.get 1))" })
        expect_same([&](EngineConfig config) {
            config.max_stack_bytes = 1 << 17;
            Guest guest(config);
            Instance& instance =
                guest.instantiate("(module (type $type (func (param i64 i64)))"
                                  "(global $depth (export \"depth\") (mut i32) (i32.const 0))"
                                  "(table 1 funcref) (elem (i32.const 0) $down)"
                                  "(func $other (param i64 i64) (local v128 v128 i64)"
                                  "  (call $down (local.get 0) (local.get 1)))"
                                  "(func $down (export \"run\") (param i64 i64) (local i64)"
                                  "  (global.set $depth (i32.add (global.get $depth) (i32.const 1)))"
                    + std::string(call) + "))");
            std::string text;
            for (int i = 0; i < 4; ++i) {
                text += text_of(guest.call(instance, "run", { Value::i64(1), Value::i64(2) }));
                text += instance.globals[0]->get().to_text() + "\n";
            }
            return text;
        });
}

TEST(Tiers, StackOverflowsBeforeAFunctionWithoutCode)
{
    // The callee is too large for what is left of the code memory.
    std::string large = "(func $large (param i64 i64)";
    for (int i = 0; i < 400; ++i)
        large += "(if (i64.eq (local.get 0) (i64.const " + std::to_string(i + 5) + ")) (then (return)))";
    large += "(call $down (local.get 0) (local.get 1)))";
    for (const std::string_view call : { "(call $large (local.get 0) (local.get 1))",
             "(call_indirect (param i64 i64) (local.get 0) (local.get 1) (i32.const 0))" })
        expect_same([&](EngineConfig config) {
            // Frames of different sizes, so that either function may be the one that overflows.
            std::string text;
            for (const uint64_t bytes : { 1 << 16, (1 << 16) + 4096 }) {
                config.max_stack_bytes = bytes;
                Guest guest(config);
                Instance& instance = guest.instantiate("(module (table 1 funcref) (elem (i32.const 0) $large)"
                    + large + "(func $down (export \"run\") (param i64 i64)" + std::string(call) + "))");
                text += repeat(guest, instance, { Value::i64(1), Value::i64(2) }, 3);
            }
            return text;
        });
}

constexpr std::string_view with_host = R"((module
  (import "host" "f" (func $host (param i32 f64) (result i32)))
  (import "host" "g" (func $none))
  (import "host" "h" (func $many (param v128) (result v128 i64)))
  (global (mut i32) (i32.const 0))
  (table funcref (elem $host))
  (func (export "back") (param i32) (result i32)
    (global.set 0 (i32.add (global.get 0) (local.get 0)))
    (if (i32.eqz (local.get 0)) (then (unreachable)))
    (i32.mul (local.get 0) (i32.const 3)))
  (func $middle (param i32) (result i32) (local i64)
    (local.set 1 (i64.const 5))
    (i32.add
      (call $host (local.get 0) (f64.const 1.5))
      (i32.add (i32.wrap_i64 (local.get 1))
        (call_indirect (param i32 f64) (result i32) (local.get 0) (f64.const 2.5) (i32.const 0)))))
  (func (export "run") (param i32) (result i32 v128 i64)
    (call $none)
    (call $middle (local.get 0))
    (call $many (v128.const i64x2 8 9)))))";

/// The functions that `with_host` imports; the first does what the test wants.
void define_host(Guest& guest, HostCallback f)
{
    guest.define("host", "f", { { ValueType::i32, ValueType::f64 }, { ValueType::i32 } }, std::move(f));
    guest.define("host", "g", {}, [](HostCall&) { return Returned {}; });
    guest.define(
        "host", "h", { { ValueType::v128 }, { ValueType::v128, ValueType::i64 } }, [](HostCall& call) {
            call.slots[2] = call.slots[0] + call.slots[1];
            return Returned {};
        });
}

TEST(Tiers, HostFunctions)
{
    expect_same([](const EngineConfig& config) {
        Guest guest(config);
        define_host(guest, [](HostCall& call) -> HostOutcome {
            call.slots[0] =
                call.slots[0] + static_cast<Slot>(load_value(ValueType::f64, &call.slots[1]).f64() * 2);
            return Returned {};
        });
        return repeat(guest, guest.instantiate(with_host), { Value::i32(10) });
    });
}

TEST(Tiers, HostFunctionsThatCallTheGuest)
{
    for (const bool is_nested : { false, true })
        for (const uint32_t argument : { 0u, 4u })
            expect_same([&](const EngineConfig& config) {
                Guest guest(config);
                Instance* instance = nullptr;
                std::string frames;
                define_host(guest, [&](HostCall& call) -> HostOutcome {
                    Function& back = Guest::function(*instance, "back");
                    const Value value = Value::i32(static_cast<uint32_t>(call.slots[0]));
                    if (!is_nested)
                        return call_guest(call, back, { { value } },
                            [](void*, HostCall& then, OrTrapped<void>&& called) -> HostOutcome {
                                if (!called)
                                    return std::move(called).error();
                                then.slots[0] = then.callee_slots[0];
                                return Returned {};
                            });
                    for (const Frame& frame : frames_of(call.thread))
                        frames += frame.function->name() + " " + std::to_string(frame.offset) + "\n";
                    auto results = invoke(call.thread, back, { { value } });
                    if (!results)
                        return results.error();
                    call.slots[0] = (*results)[0].low;
                    return Returned {};
                });
                instance = &guest.instantiate(with_host);
                const std::string text = repeat(guest, *instance, { Value::i32(argument) });
                return text + frames;
            });
}

TEST(Tiers, HostFunctionsThatSuspend)
{
    expect_same([](const EngineConfig& config) {
        Guest guest(config);
        define_host(guest, [](HostCall&) -> HostOutcome { return Suspended {}; });
        Instance& instance = guest.instantiate(with_host);
        std::string text;
        for (uint32_t i = 0; i < 20; ++i) {
            CallEnd end = start_call(guest.thread, Guest::function(instance, "run"), { { Value::i32(i) } });
            for (uint32_t times = 0; std::holds_alternative<Suspended>(end); ++times) {
                text += std::to_string(frames_of(guest.thread).size());
                const Value result = Value::i32(i + times);
                end = resume_call(guest.thread, { { result } });
            }
            text += text_of(OrTrapped<std::vector<Value>>(std::get<std::vector<Value>>(end)));
        }
        return text;
    });
}

TEST(Tiers, LimitersLookAtFrames)
{
    expect_same([](const EngineConfig& config) {
        Guest guest(config);
        std::string text;
        Instance& instance = guest.instantiate(R"((module
          (memory 1) (table 1 funcref)
          (func $deep (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))
          (func $grow (param i32) (result i32)
            (i32.add (memory.grow (local.get 0)) (table.grow (ref.null func) (local.get 0))))
          (func (export "run") (result i32)
            (call $deep (i32.const 50)) (call $grow (i32.const 2)))))");
        guest.store.limiter = [&](Resource, uint64_t, uint64_t desired) {
            for (const Frame& frame : frames_of(guest.thread))
                text += frame.function->name() + " ";
            return desired < 10 || desired > 1000;
        };
        std::string outcome = repeat(guest, instance);
        guest.store.limiter = nullptr;
        return outcome + text;
    });
}

TEST(Tiers, CallsIntoOtherInstances)
{
    expect_same([](const EngineConfig& config) {
        Guest guest(config);
        Instance& library = guest.instantiate(R"((module
          (global $count (mut i32) (i32.const 100))
          (func (export "add") (param i32) (result i32)
            (global.set $count (i32.add (global.get $count) (local.get 0)))
            (global.get $count))
          (func (export "trap") (result i64) (unreachable))
          (func $tail (export "tail") (param i32 funcref) (result i32)
            (return_call_indirect $t (param i32) (result i32) (local.get 0)
              (block (result i32) (table.set $t (i32.const 0) (local.get 1)) (i32.const 0))))
          (table $t 1 funcref)))");
        EXPECT_TRUE(guest.linker.define_instance("lib", library));
        Instance& instance = guest.instantiate(R"((module
          (import "lib" "add" (func $add (param i32) (result i32)))
          (import "lib" "trap" (func $trap (result i64)))
          (import "lib" "tail" (func $tail (param i32 funcref) (result i32)))
          (global $count (mut i32) (i32.const 1))
          (func $own (param i32) (result i32)
            (global.set $count (i32.add (global.get $count) (local.get 0))) (global.get $count))
          (elem declare func $own)
          (table funcref (elem $add $own))
          (func $sum (param i32) (result i32) (local i32)
            (loop $next
              (local.set 1 (i32.add (local.get 1)
                (call_indirect (param i32) (result i32) (local.get 0) (i32.and (local.get 0) (i32.const 1)))))
              (local.set 1 (i32.add (local.get 1) (call $tail (local.get 0) (ref.func $own))))
              (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (i32.add (local.get 1) (call $add (i32.const 5))))
          (func (export "run") (param i32) (result i32)
            (call $sum (i32.const 9))
            (if (i32.eq (global.get $count) (i32.const 1000)) (then (drop (call $trap)))))))");
        return repeat(guest, instance, { Value::i32(1) });
    });
}

/// Two instances that call each other through a table, down to `hook`, which is called with a
/// depth. The second one catches what is thrown at a depth of 20.
struct TwoInstances {
    TwoInstances(Guest& guest, HostCallback hook)
    {
        guest.define("host", "hook", { { ValueType::i32 }, {} }, std::move(hook));
        Instance& first = guest.instantiate(R"((module
          (import "host" "hook" (func $hook (param i32)))
          (table (export "table") 2 funcref) (elem (i32.const 0) $a) (memory (export "memory") 1)
          (tag $t (export "tag") (param i32)) (global $n (export "n") (mut i32) (i32.const 0))
          (func $throw (export "throw") (param i32) (throw $t (local.get 0)))
          (func $a (param i32) (result i64)
            (i32.store (i32.mul (local.get 0) (i32.const 4)) (local.get 0))
            (global.set $n (i32.add (global.get $n) (i32.const 1)))
            (call $hook (local.get 0))
            (i64.add (i64.load32_u (i32.mul (local.get 0) (i32.const 4)))
              (call_indirect (param i32) (result i64) (i32.add (local.get 0) (i32.const 1)) (i32.const 1))))))");
        EXPECT_TRUE(guest.linker.define_instance("first", first));
        instance = &guest.instantiate(R"((module
          (import "first" "table" (table 2 funcref)) (import "first" "tag" (tag $t (param i32)))
          (import "first" "throw" (func $throw (param i32)))
          (elem (i32.const 1) $b) (memory 1)
          (global $limit (mut i32) (i32.const 0))
          (func $end (param i32)
            (if (i32.eq (local.get 0) (global.get $limit)) (then (call $throw (i32.const 77)))))
          (func $b (param i32) (result i64) (local i64)
            (local.set 1 (i64.const 1000))
            (i32.store (i32.mul (local.get 0) (i32.const 4)) (i32.const 100))
            (block $caught (result i32)
              (if (i32.eq (local.get 0) (i32.const 20))
                (then (br $caught (try_table (result i32) (catch $t $caught)
                  (drop (call_indirect (param i32) (result i64) (i32.add (local.get 0) (i32.const 1)) (i32.const 0)))
                  (i32.const 3)))))
              (call $end (local.get 0))
              (return (i64.add (local.get 1) (i64.add (i64.load32_u (i32.mul (local.get 0) (i32.const 4)))
                (call_indirect (param i32) (result i64) (i32.add (local.get 0) (i32.const 1)) (i32.const 0))))))
            (i64.extend_i32_u))
          (func (export "run") (param i32) (result i64)
            (global.set $limit (local.get 0))
            (call_indirect (param i32) (result i64) (i32.const 1) (i32.const 0)))))");
    }

    Instance* instance;
};

TEST(Tiers, InstancesCallEachOther)
{
    // What is thrown at 30 is caught, at 10 it is not, and without a throw the stack overflows.
    for (const uint32_t limit : { 30u, 10u, 0u })
        expect_same([&](EngineConfig config) {
            config.max_stack_bytes = 1 << 15;
            Guest guest(config);
            uint32_t deepest = 0;
            const TwoInstances two(guest, [&](HostCall& call) {
                deepest = static_cast<uint32_t>(call.slots[0]);
                return Returned {};
            });
            std::string text;
            for (int i = 0; i < 20; ++i)
                text += text_of(guest.call(*two.instance, "run", { Value::i32(limit) })) + " "
                    + std::to_string(deepest) + "\n";
            return text;
        });
}

TEST(Tiers, DebuggersSeeFramesOfOtherInstances)
{
    expect_same([](const EngineConfig& config) {
        Guest guest(config);
        Eye eye;
        std::string text;
        eye.on_fire = [&](Thread& thread, Cause cause) {
            text += place_text(thread, cause);
            return Wish::Continue;
        };
        uint32_t calls = 0;
        const TwoInstances two(guest, [&](HostCall& call) {
            if (++calls % 7 == 0)
                for (const Frame& frame : frames_of(call.thread))
                    text += frame.function->name() + ":" + std::to_string(frame.offset) + " ";
            // All callers that wait are marked where they continue.
            if (call.slots[0] == 15)
                for (const Frame& frame : frames_of(call.thread))
                    if (auto* const function = const_cast<Function*>(frame.function); !frame.is_host()) {
                        if (calls % 3 == 0)
                            mark(call.thread, *function, frame.offset);
                        else
                            unmark(call.thread, *function, frame.offset);
                    }
            return Returned {};
        });
        guest.thread.probes.set(ProbeRole::Session, &eye);
        text += repeat(guest, *two.instance, { Value::i32(30) }, 12);
        guest.thread.probes.set(ProbeRole::Session, nullptr);
        return text;
    });
}

TEST(Tiers, Exceptions)
{
    expect_same([](const EngineConfig& config) {
        return run_text(config, R"((module
          (tag $t (param i32))
          (func $throw (param i32) (if (i32.gt_u (local.get 0) (i32.const 3)) (then (throw $t (local.get 0)))))
          (func $through (param i32) (result i32)
            (call $throw (local.get 0)) (call $throw (i32.sub (local.get 0) (i32.const 2))) (i32.const 1))
          (func $catch (param i32) (result i32) (local i32)
            (local.set 1 (i32.const 70))
            (block $caught (result i32)
              (try_table (result i32) (catch $t $caught) (call $through (local.get 0)))
              (return))
            (i32.add (local.get 1)))
          (func (export "run") (result i32) (local i32 i32)
            (loop $next
              (local.set 1 (i32.add (local.get 1) (call $catch (local.get 0))))
              (br_if $next (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 12))))
            (if (i32.eqz (local.get 1)) (then (drop (call $through (i32.const 9)))))
            (local.get 1))))");
    });
}

TEST(Tiers, InterruptsEndLoopsAndCalls)
{
    for (const std::string_view body : { "(loop $l (br $l))", "(loop $l (call $nop) (br $l))" })
        for (const auto& [name, config] : all_tiers()) {
            Guest guest(config);
            Instance& instance =
                guest.instantiate("(module (func $nop) (func (export \"run\") " + std::string(body) + "))");
            std::thread other([&] {
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
                guest.thread.requests->add(Requests::interrupt);
            });
            const auto outcome = guest.call(instance, "run");
            other.join();
            ASSERT_FALSE(outcome.has_value());
            EXPECT_EQ(outcome.error().kind, TrapKind::Interrupted) << name;
        }
}

// Code and its owners.

TEST(Tiers, InstancesShareCode)
{
    const auto engine = std::make_shared<Engine>(EngineConfig { .tier = TierPolicy::Compiled });
    const auto module = test::module_of(*engine, R"((module
      (global $n (mut i32) (i32.const 0))
      (func (export "run") (result i32)
        (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))))");
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int turn = 0; turn < 20; ++turn) {
                Guest guest(engine);
                Instance& instance = **core::instantiate(guest.thread, guest.linker, module);
                for (uint32_t n = 1; n < 50; ++n)
                    EXPECT_EQ((*guest.call(instance, "run"))[0].low, n);
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    // Threads that compile the same at the same time keep one version.
    EXPECT_EQ(engine->statistics().functions, 1u);
}

TEST(Tiers, CodeIsFreedWithItsModule)
{
    const auto engine =
        std::make_shared<Engine>(EngineConfig { .tier = TierPolicy::Compiled, .max_code_bytes = 1 << 14 });
    const auto wasm = test::wasm_of("(module (func (export \"run\") (result i32) (i32.const 42)))");
    for (int i = 0; i < 500; ++i) {
        Guest guest(engine);
        Instance& instance =
            **core::instantiate(guest.thread, guest.linker, *load_module(wasm, engine->types));
        EXPECT_EQ((*guest.call(instance, "run"))[0].low, 42u);
    }
    const CompilerStatistics statistics = engine->statistics();
    EXPECT_EQ(statistics.functions, 500u);
    EXPECT_TRUE(statistics.refused.empty());
}

TEST(Tiers, CodeWithMarksIsFreedWithThem)
{
    Guest guest(
        EngineConfig { .guest_debug = true, .tier = TierPolicy::Compiled, .max_code_bytes = 1 << 14 });
    guest.define("host", "f", { { ValueType::i32 }, {} }, [](HostCall&) { return Returned {}; });
    Instance& instance = guest.instantiate(with_marks);
    Eye eye;
    uint32_t hits = 0;
    eye.on_fire = [&](Thread&, Cause) {
        ++hits;
        return Wish::Continue;
    };
    guest.thread.probes.set(ProbeRole::Session, &eye);
    const std::string expected = repeat(guest, instance, {}, 1);
    Function& inner = *instance.functions[1];
    for (uint32_t i = 0; i < 300; ++i) {
        mark(guest.thread, inner, inner.meta->code_offset);
        EXPECT_EQ(repeat(guest, instance, {}, 1), expected);
        unmark(guest.thread, inner, inner.meta->code_offset);
        EXPECT_EQ(repeat(guest, instance, {}, 1), expected);
    }
    guest.thread.probes.set(ProbeRole::Session, nullptr);
    EXPECT_EQ(hits, 300u * 30);
    EXPECT_TRUE(guest.engine->statistics().refused.empty());
}

TEST(Tiers, SaysWhatIsNotCompiledAndWhereCodeIsLeft)
{
    Guest guest(EngineConfig { .tier = TierPolicy::Compiled, .max_code_bytes = 4096 });
    std::string wat = "(module (func (export \"run\") (param i32)";
    for (int i = 0; i < 300; ++i)
        wat += "(if (i32.eq (local.get 0) (i32.const " + std::to_string(i) + ")) (then (return)))";
    wat += ") (func (export \"trap\") (unreachable)))";
    Instance& instance = guest.instantiate(wat);
    EXPECT_TRUE(guest.call(instance, "run", { Value::i32(5) }).has_value());
    for (int i = 0; i < 3; ++i)
        EXPECT_FALSE(guest.call(instance, "trap").has_value());
    const CompilerStatistics statistics = guest.engine->statistics();
    ASSERT_EQ(statistics.refused.size(), 1u);
    EXPECT_EQ(statistics.refused[0].function, (FuncIndex { 0 }));
    EXPECT_EQ(statistics.refused[0].reason, "no room for more machine code");
    ASSERT_EQ(statistics.exits.size(), 1u);
    EXPECT_EQ(statistics.exits[0].function, (FuncIndex { 1 }));
    EXPECT_EQ(statistics.exits[0].offset, instance.functions[1]->meta->code_offset);
    EXPECT_EQ(statistics.exits[0].count, 3u);
}

} // namespace
} // namespace vitrine::core::jit
