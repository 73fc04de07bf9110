// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Guards against the expressions that they come from, in the interpreter and in machine code.
#include "eval/guard.h"

#include "eval/expression.h"
#include "exec/code.h"
#include "exec/instrument.h"
#include "support/guest.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <tuple>

namespace vitrine::core::eval {
namespace {

using test::Guest;

/// `run` computes new values for its locals and globals in each of 60 turns. The first marked
/// instruction has values below it on the operand stack; the second has none and is in a loop that
/// calls. `$t` counts turns.
constexpr std::string_view guest_text = R"((module
  (memory 1)
  (global $g (mut i32) (i32.const -7))
  (global $h (mut i64) (i64.const 0x1122334455667788))
  (global $k (mut f64) (f64.const 2.5))
  (func $nothing)
  (func $run (export "run") (param $a i32) (result i64)
      (local $b i32) (local $c i64) (local $d i64) (local $x f32) (local $y f64) (local $t i32)
    (loop $turn
      (local.set $a (i32.add (i32.mul (local.get $a) (i32.const 1103515245)) (i32.const 12345)))
      (local.set $b (i32.shr_s (local.get $a) (i32.const 27)))
      (local.set $c (i64.mul (i64.extend_i32_s (local.get $b)) (i64.const 0x123456789)))
      (local.set $d (i64.shr_s (local.get $c) (i64.const 30)))
      (local.set $x (f32.div (f32.convert_i32_s (local.get $b)) (f32.convert_i32_s (i32.and (local.get $a) (i32.const 3)))))
      (local.set $y (f64.mul (f64.convert_i32_s (i32.shr_s (local.get $a) (i32.const 20))) (f64.const 0.125)))
      (global.set $g (i32.xor (global.get $g) (local.get $a)))
      (global.set $h (i64.add (global.get $h) (local.get $c)))
      (global.set $k (f64.add (global.get $k) (local.get $y)))
      (i64.store (i32.and (local.get $a) (i32.const 0xff)) (local.get $c))
      (local.set $d (i64.add
        (i64.add (local.get $c) (i64.const 5))
        (i64.sub (local.get $d)
          (i64.extend_i32_u (i32.add (local.get $b) (i32.mul (local.get $a) (i32.const 3)))))))
      (if (i32.and (local.get $a) (i32.const 64)) (then (call $nothing)))
      (nop)
      (br_if $turn (i32.lt_u (local.tee $t (i32.add (local.get $t) (i32.const 1))) (i32.const 60))))
    (i64.add (local.get $c) (local.get $d)))))";

struct Eye final : Probe {
    Wish fire(Thread& thread, Cause) override
    {
        at(*innermost_frame(thread));
        return Wish::Continue;
    }
    std::function<void(const Frame&)> at;
};

/// A guest that calls back at a marked instruction of `run`.
struct Marked : Guest {
    explicit Marked(const EngineConfig& config, std::string_view text = guest_text)
        : Guest(config), instance(instantiate(text)), run(function(instance, "run"))
    {}

    /// The nth instruction with this opcode byte.
    CodeOffset find(uint8_t opcode, int nth = 0) const
    {
        const Module& module = run.module();
        for (CodeOffset at = run.meta->code_offset; at < run.meta->end_offset; ++at)
            if (module.bytes()[at] == opcode && find_instruction_boundary(module, run.index, at) == at
                && nth-- == 0)
                return at;
        ADD_FAILURE() << "no such instruction";
        return 0;
    }

    /// Calls `run` several times. Returns the results.
    std::string call_with(Probe& probe, std::vector<uint32_t> seeds)
    {
        std::string text;
        thread.probes.set(ProbeRole::Session, &probe);
        for (const uint32_t seed : seeds) {
            const auto outcome = call(instance, "run", { Value::i32(static_cast<int32_t>(seed)) });
            text += (outcome ? outcome->front().to_text() : outcome.error().to_text()) + " ";
        }
        thread.probes.set(ProbeRole::Session, nullptr);
        return text;
    }

    Instance& instance;
    Function& run;
};

/// Makes expressions that often have a guard.
class Expressions {
public:
    explicit Expressions(uint32_t seed) : random_(seed) {}

    std::string make(int depth)
    {
        if (depth == 0 || pick(8) == 0)
            return atom();
        const std::string one = make(depth - 1);
        switch (pick(12)) {
        case 0: return "(-" + one + ")";
        case 1: return "(~" + one + ")";
        case 2: return "(!" + one + ")";
        case 3:
        case 4: return word(10) + "(" + one + ")";
        case 5: return word(10) + "[" + one + (pick(2) ? " & 0x7f]" : "]");
        case 6: return "(" + one + " ? " + make(depth - 1) + " : " + make(depth - 1) + ")";
        default: break;
        }
        static constexpr std::string_view signs[] = { "+", "-", "*", "&", "|", "^", "<<", ">>",
            "==", "!=", "<", "<=", ">", ">=", "<", ">", "&&", "||", "/", "%" };
        // The last two have no guard.
        const std::string_view sign = signs[pick(pick(10) == 0 ? 20 : 18)];
        return "(" + one + " " + std::string(sign) + " " + make(depth - 1) + ")";
    }

private:
    uint32_t pick(uint32_t count) { return static_cast<uint32_t>(random_() % count); }
    std::string word(uint32_t count)
    {
        static constexpr std::string_view words[] = { "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64",
            "f32", "f64" };
        return std::string(words[pick(count)]);
    }
    std::string atom()
    {
        static constexpr std::string_view names[] = { "$a", "$b", "$c", "$d", "$x", "$y", "$g", "$h", "$k",
            "$t" };
        static constexpr std::string_view numbers[] = { "0", "1", "-1", "3", "31", "60", "255", "65534",
            "0x80000000", "0x7fffffff", "0xffffffffffffffff", "0x123456789", "1.5", "-0.25", "2.5f" };
        return std::string(pick(3) != 0 ? names[pick(10)] : numbers[pick(15)]);
    }

    std::mt19937 random_;
};

std::vector<std::pair<std::string, EngineConfig>> compiling_configs()
{
    std::vector<std::pair<std::string, EngineConfig>> all {
        { "interpreter", { .guest_debug = true, .tier = TierPolicy::Interpreter } },
        { "compiled", { .guest_debug = true, .tier = TierPolicy::Compiled } },
        { "explicit", { .guest_debug = true, .tier = TierPolicy::Compiled, .signal_handlers = false } },
    };
    for (const uint32_t seed : { 1, 2 })
        all.push_back({ "mixed",
            { .guest_debug = true,
                .tier = TierPolicy::Mixed,
                .tier_seed = seed,
                .exit_percent = seed * 5 } });
    return all;
}

constexpr uint8_t nop = 0x01, i32_mul = 0x6c, i64_sub = 0x7d;

TEST(Guards, HoldWhereTheirExpressionsAreTrueOrFail)
{
    const std::vector<uint32_t> seeds { 1, 77, 0xfedcba98 };
    for (const auto& [opcode, nth] : { std::pair { nop, 0 }, { i32_mul, 1 }, { i64_sub, 0 } }) {
        // What expressions give in the interpreter, at all visits of the instruction.
        Marked reference(compiling_configs().front().second);
        const CodeOffset place = reference.find(opcode, nth);
        struct Made {
            std::string text;
            Expression expression;
            Guard guard;
            std::vector<int> visits {};
        };
        std::vector<Made> all;
        const Scope scope { .module = reference.instance.module,
            .types = &reference.engine->types,
            .function = reference.run.index,
            .offset = place };
        Expressions expressions(place);
        size_t conditions = 0;
        while (all.size() < 400 && conditions < 100'000) {
            const std::string text = expressions.make(1 + static_cast<int>(conditions % 4));
            auto condition = Expression::compile_condition(text, scope);
            if (!condition)
                continue;
            ++conditions;
            Guard guard = condition->guard();
            if (!guard.empty())
                all.push_back({ text, std::move(*condition), std::move(guard) });
        }
        EXPECT_EQ(all.size(), 400u);
        // Most conditions have a guard.
        EXPECT_LT(conditions, 1000u);
        int visit = 0;
        Eye eye;
        eye.at = [&](const Frame& frame) {
            for (Made& made : all) {
                const auto is_true = made.expression.is_true(frame);
                if (!is_true || *is_true)
                    made.visits.push_back(visit);
                EXPECT_EQ(
                    may_hold(made.guard, *frame.function->instance, frame.locals()), !is_true || *is_true)
                    << made.text;
            }
            ++visit;
        };
        mark(reference.thread, reference.run, place);
        const std::string expected = reference.call_with(eye, seeds);
        EXPECT_EQ(visit, 180);
        // Many hold at some visits only.
        EXPECT_GT(std::ranges::count_if(
                      all, [](const Made& made) { return !made.visits.empty() && made.visits.size() < 180; }),
            100);

        for (const auto& [name, config] : compiling_configs()) {
            Marked guest(config);
            // The probe fires only where the guard holds, so it cannot count visits itself.
            int call = -1;
            for (const Made& made : all) {
                std::vector<int> visits;
                eye.at = [&](const Frame& frame) {
                    visits.push_back(call * 60 + static_cast<int>(frame.locals()[6]));
                };
                mark(guest.thread, guest.run, place, made.guard);
                std::string results;
                // As the reference had them at its first call.
                guest.instance.globals[0]->writable_slots()[0] = static_cast<uint32_t>(-7);
                guest.instance.globals[1]->writable_slots()[0] = 0x1122334455667788;
                guest.instance.globals[2]->writable_slots()[0] = std::bit_cast<uint64_t>(2.5);
                std::memset(guest.instance.memories[0]->writable_base(), 0, 0x200);
                for (call = 0; call < 3; ++call)
                    results += guest.call_with(eye, { seeds[static_cast<size_t>(call)] });
                EXPECT_EQ(results, expected) << name << ": " << made.text;
                EXPECT_EQ(visits, made.visits) << name << ": " << made.text;
            }
            const CompilerStatistics statistics = guest.engine->statistics();
            if (statistics.unavailable.empty()) {
                EXPECT_GT(statistics.functions, 300u) << name;
            }
        }
    }
}

TEST(Guards, OfWhatTheyCannotExpressAreEmpty)
{
    Marked guest(EngineConfig { .guest_debug = true });
    const Scope scope { .module = guest.instance.module,
        .types = &guest.engine->types,
        .function = guest.run.index,
        .offset = guest.find(i64_sub) };
    const auto has_guard = [&](std::string_view text) {
        const auto condition = Expression::compile_condition(text, scope);
        EXPECT_TRUE(condition.has_value()) << text;
        return condition && !condition->guard().empty();
    };
    for (const char* text : { "$a", "$a == 3", "$c < 5 && $x > 1.5 || u8[$a & 15] != 0", "!$t", "1", "$y > 3",
             "i32[i32[$a & 0xff] + 4] == $g", "($a ? $b : 3) == 1", "i64(u8($a)) == $c" })
        EXPECT_TRUE(has_guard(text)) << text;
    for (const char* text : { "$a / 3 == 1", "$a % 2", "operand[0] == 3", "i32($y) == 1",
             "f64(u64($c)) > 1.0", "cstr[0] == \"a\"", "memory.size == 1" }) {
        if (Expression::compile_condition(text, scope)) {
            EXPECT_FALSE(has_guard(text)) << text;
        }
    }
    // Deeper than machine code has registers for, and longer than a guard may be.
    EXPECT_TRUE(has_guard("$a + ($b * ($a - $t)) == 1"));
    EXPECT_FALSE(has_guard("$a + ($b * ($a + ($b - $t))) == 1"));
    std::string text = "$a == 1";
    for (int i = 0; i < 30; ++i)
        text += " || $a == 1";
    EXPECT_FALSE(has_guard(text));
}

TEST(Guards, OfOneMarkOrAnother)
{
    Marked guest(EngineConfig { .guest_debug = true });
    const Scope scope {
        .module = guest.instance.module, .types = &guest.engine->types, .function = guest.run.index
    };
    const auto guard_of = [&](std::string_view text) {
        return Expression::compile_condition(text, scope)->guard();
    };
    const Guard one = guard_of("$a == 1 && $b == 2"), other = guard_of("u8[$a] == 3");
    EXPECT_EQ(either(one, one), one);
    EXPECT_EQ(either(one, {}), Guard());
    EXPECT_EQ(either({}, other), Guard());
    const Guard both = either(one, other);
    EXPECT_TRUE(is_sound(both));
    guest.instance.memories[0]->writable_base()[5] = 3;
    for (const auto& [a, b, holds] :
        { std::tuple { 1u, 2u, true }, { 1u, 3u, false }, { 5u, 2u, true }, { 70000u, 2u, true } }) {
        const std::vector<Slot> locals { a, b, 0, 0, 0, 0, 0 };
        EXPECT_EQ(may_hold(both, guest.instance, locals.data()), holds) << a << " " << b;
    }
    Guard many = one;
    for (int i = 0; i < 20; ++i)
        many = either(many, guard_of("$a == " + std::to_string(i)));
    EXPECT_TRUE(many.empty());
}

TEST(Guards, FramesBehindThoseOfAllMarksAreKnown)
{
    Marked guest(EngineConfig { .guest_debug = true });
    Function& run = guest.run;
    const CodeOffset first = run.meta->code_offset;
    const CodeOffset second = *find_instruction_boundary(run.module(), run.index, first + 1);
    const CodeOffset third = *find_instruction_boundary(run.module(), run.index, second + 1);
    const std::array<Slot, 4> stack {};
    mark(run, first, in_frame(&stack[0]));
    EXPECT_FALSE(is_behind_marks(run, &stack[0]));
    EXPECT_TRUE(is_behind_marks(run, &stack[1]));
    mark(run, second, in_frame(&stack[2]));
    EXPECT_FALSE(is_behind_marks(run, &stack[2]));
    EXPECT_TRUE(is_behind_marks(run, &stack[3]));
    // The probe always fires there.
    mark(run, third);
    EXPECT_FALSE(is_behind_marks(run, &stack[3]));
    for (const CodeOffset at : { first, second, third })
        unmark(run, at);
    const GuardStep holds { .op = GuardOp::Push, .source = GuardSource::Constant, .value = 1 };
    mark(run, second, Guard { holds });
    EXPECT_FALSE(is_behind_marks(run, &stack[3]));
    unmark(run, second);
    EXPECT_EQ(run.private_code, nullptr);
}

TEST(Guards, AreKeptWithTheirMarks)
{
    Marked guest(EngineConfig { .guest_debug = true });
    Function& run = guest.run;
    std::vector<CodeOffset> places;
    for (CodeOffset at = run.meta->code_offset; at < run.meta->end_offset; ++at)
        if (find_instruction_boundary(run.module(), run.index, at) == at)
            places.push_back(at);
    const auto guard_with = [](uint64_t number) {
        Guard guard { { .op = GuardOp::Push, .source = GuardSource::Constant, .value = number } };
        guard.resize(1 + number % 5, { .op = GuardOp::IsZero });
        return guard;
    };
    std::map<CodeOffset, Guard> expected;
    std::mt19937 random(1);
    for (uint32_t turn = 0; turn < 2000; ++turn) {
        const CodeOffset at = places[random() % places.size()];
        switch (random() % 4) {
        case 0:
            expected.erase(at);
            unmark(run, at);
            break;
        case 1:
            expected[at] = {};
            mark(run, at);
            break;
        default:
            expected[at] = guard_with(turn);
            mark(run, at, guard_with(turn));
            break;
        }
        if (turn % 50 != 0)
            continue;
        for (const CodeOffset place : places) {
            const auto found = expected.find(place);
            EXPECT_EQ(is_marked(run, place), found != expected.end());
            const GuardView guard = guard_of(run, place);
            EXPECT_EQ(Guard(guard.begin(), guard.end()), found != expected.end() ? found->second : Guard());
        }
    }
    for (const CodeOffset place : places)
        unmark(run, place);
    EXPECT_EQ(run.private_code, nullptr);
}

} // namespace
} // namespace vitrine::core::eval
