// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/guard.h"

#include "eval/steps.h"

#include <array>
#include <map>
#include <optional>

namespace vitrine::core::eval {

namespace {

/// What a guard has for a step of a program.
struct Meaning {
    GuardOp op;
    GuardType type = GuardType::I32;
    GuardSource source = GuardSource::Stack;
    /// The step leaves the slot as it is.
    bool is_nothing = false;
};
using Meanings = std::map<Step::Run, Meaning>;

constexpr GuardType guard_type(NumberKind kind) { return static_cast<GuardType>(kind); }
static_assert(guard_type(NumberKind::I32) == GuardType::I32 && guard_type(NumberKind::U64) == GuardType::U64
    && guard_type(NumberKind::F64) == GuardType::F64 && number_kinds == 6);

constexpr std::pair<std::string_view, GuardOp> binary_signs[] = { { "+", GuardOp::Add },
    { "-", GuardOp::Subtract }, { "*", GuardOp::Multiply }, { "&", GuardOp::And }, { "|", GuardOp::Or },
    { "^", GuardOp::Xor }, { "<<", GuardOp::ShiftLeft }, { ">>", GuardOp::ShiftRight },
    { "==", GuardOp::Equal }, { "!=", GuardOp::Unequal }, { "<", GuardOp::Less },
    { "<=", GuardOp::LessOrEqual }, { ">", GuardOp::Greater }, { ">=", GuardOp::GreaterOrEqual } };

constexpr std::pair<std::string_view, GuardOp> loads[] = { { "i8", GuardOp::Load8S },
    { "u8", GuardOp::Load8U }, { "i16", GuardOp::Load16S }, { "u16", GuardOp::Load16U },
    { "i32", GuardOp::Load32 }, { "u32", GuardOp::Load32 }, { "i64", GuardOp::Load64 },
    { "u64", GuardOp::Load64 }, { "f32", GuardOp::Load32 }, { "f64", GuardOp::Load64 } };

constexpr std::pair<std::string_view, GuardOp> narrowings[] = { { "i8", GuardOp::Narrow8S },
    { "u8", GuardOp::Narrow8U }, { "i16", GuardOp::Narrow16S }, { "u16", GuardOp::Narrow16U } };

std::optional<Meaning> meaning_of_conversion(NumberKind from, NumberKind to)
{
    if (is_float(to) && from != NumberKind::U64)
        return Meaning { is_wide(to) ? GuardOp::ToF64 : GuardOp::ToF32, guard_type(from) };
    if (is_float(from) || is_float(to))
        return std::nullopt;
    if (!is_wide(to))
        return Meaning { GuardOp::Wrap };
    if (from == NumberKind::I32)
        return Meaning { GuardOp::Extend };
    return Meaning { .op = GuardOp::Wrap, .is_nothing = true };
}

Meanings make_meanings()
{
    Meanings meanings;
    const auto add = [&](Step::Run run, Meaning meaning) {
        if (run)
            meanings.emplace(run, meaning);
    };
    add(steps::constant, { .op = GuardOp::Push, .source = GuardSource::Constant });
    add(steps::local.reads(1), { .op = GuardOp::Push, .source = GuardSource::Local });
    add(steps::global.reads(1), { .op = GuardOp::Push, .source = GuardSource::Global });
    add(steps::skip_if_zero, { GuardOp::SkipIfZero });
    add(steps::skip_if_not_zero, { GuardOp::SkipIfNotZero });
    add(steps::skip, { GuardOp::Skip });
    add(steps::is_zero, { GuardOp::IsZero });
    add(steps::is_not_zero, { GuardOp::IsNotZero });
    for (const auto& [word, op] : loads)
        add(steps::load(word), { op });
    for (const auto& [word, op] : narrowings)
        add(steps::narrow(word), { op });
    for (size_t i = 0; i < number_kinds; ++i) {
        const auto kind = static_cast<NumberKind>(i);
        for (const auto& [sign, op] : binary_signs)
            add(steps::binary(sign, kind), { op, guard_type(kind) });
        add(steps::negate(kind), { GuardOp::Negate, guard_type(kind) });
        add(steps::complement(kind), { GuardOp::Complement, guard_type(kind) });
        for (size_t k = 0; k < number_kinds; ++k)
            if (const auto meaning = meaning_of_conversion(kind, static_cast<NumberKind>(k)))
                add(steps::convert(kind, static_cast<NumberKind>(k)), *meaning);
    }
    return meanings;
}

/// The steps of programs that guards have, by the functions that run them.
const Meanings& meanings()
{
    static const Meanings all = make_meanings();
    return all;
}

/// The result of a step that takes one number and cannot fail.
uint64_t run_on_constant(const Step& step, uint64_t value)
{
    Program program;
    program.steps = { { steps::constant, value }, step };
    std::array<Slot, Program::max_slots> slots;
    Machine machine { program, nullptr, nullptr, slots.data() };
    ASSERT(run(machine));
    return slots[0];
}

} // namespace

Guard to_guard(const Program& program)
{
    const size_t count = program.steps.size();
    Guard guard;
    // For each step and the end: whether a skip leads there, and where that is in the guard.
    std::vector<bool> is_target(count + 1);
    std::vector<size_t> places(count + 1);
    /// The skips of the guard and where they lead in the program.
    std::vector<std::pair<size_t, size_t>> skips;
    for (size_t i = 0; i < count; ++i) {
        places[i] = guard.size();
        const Step& step = program.steps[i];
        const auto found = meanings().find(step.run);
        if (found == meanings().end())
            return {};
        const auto [op, type, source, is_nothing] = found->second;
        if (is_nothing)
            continue;
        GuardStep added { .op = op, .type = type, .source = source };
        // What was pushed just before becomes the operand.
        const bool follows_push = !is_target[i] && !guard.empty() && guard.back().op == GuardOp::Push;
        const bool follows_constant = follows_push && guard.back().source == GuardSource::Constant;
        if (op == GuardOp::Push) {
            added.index = source == GuardSource::Constant ? 0 : static_cast<uint32_t>(step.operand);
            added.value = source == GuardSource::Constant ? step.operand : 0;
        } else if (is_skip(op)) {
            const size_t target = i + 1 + step.operand;
            ASSERT(target <= count);
            is_target[target] = true;
            skips.emplace_back(guard.size(), target);
        } else if (is_load(op)) {
            added.index = static_cast<uint32_t>(step.operand);
        } else if (is_binary(op) && follows_push) {
            added.source = guard.back().source;
            added.index = guard.back().index;
            added.value = guard.back().value;
            guard.pop_back();
        } else if (!is_binary(op) && follows_constant) {
            guard.back().value = run_on_constant(step, guard.back().value);
            continue;
        }
        guard.push_back(added);
    }
    places[count] = guard.size();
    for (const auto& [at, target] : skips)
        guard[at].value = places[target] - at - 1;
    return is_sound(guard) ? guard : Guard();
}

} // namespace vitrine::core::eval
