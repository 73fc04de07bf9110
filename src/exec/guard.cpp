// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/guard.h"

#include "runtime/memory.h"
#include "runtime/slot.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <type_traits>

namespace vitrine::core {

namespace {

/// Applies `operation.of<T>(left, right)` to slots, with the C++ type of the numbers.
template<class Operation> Slot apply(const Operation& operation, GuardType type, Slot left, Slot right)
{
    const auto with = [&]<class T>() -> Slot {
        if constexpr (requires(T a) { operation(a, a); })
            return to_slot(operation(from_slot<T>(left), from_slot<T>(right)));
        else
            ASSERT(!"a guard has operations for its types only");
        std::unreachable();
    };
    switch (type) {
    case GuardType::I32: return with.template operator()<int32_t>();
    case GuardType::U32: return with.template operator()<uint32_t>();
    case GuardType::I64: return with.template operator()<int64_t>();
    case GuardType::U64: return with.template operator()<uint64_t>();
    case GuardType::F32: return with.template operator()<float>();
    case GuardType::F64: return with.template operator()<double>();
    }
    std::unreachable();
}

/// Signed and unsigned integers wrap.
template<class T>
using Wrapping =
    typename std::conditional_t<std::is_integral_v<T>, std::make_unsigned<T>, std::type_identity<T>>::type;

constexpr auto add = []<class T>(T a, T b) { return static_cast<T>(Wrapping<T>(a) + Wrapping<T>(b)); };
constexpr auto subtract = []<class T>(T a, T b) { return static_cast<T>(Wrapping<T>(a) - Wrapping<T>(b)); };
constexpr auto multiply = []<class T>(T a, T b) { return static_cast<T>(Wrapping<T>(a) * Wrapping<T>(b)); };
constexpr auto and_of = []<std::integral T>(T a, T b) { return static_cast<T>(a & b); };
constexpr auto or_of = []<std::integral T>(T a, T b) { return static_cast<T>(a | b); };
constexpr auto xor_of = []<std::integral T>(T a, T b) { return static_cast<T>(a ^ b); };
constexpr auto equal = []<class T>(T a, T b) { return uint32_t { a == b }; };
constexpr auto unequal = []<class T>(T a, T b) { return uint32_t { a != b }; };
constexpr auto less = []<class T>(T a, T b) { return uint32_t { a < b }; };
constexpr auto less_or_equal = []<class T>(T a, T b) { return uint32_t { a <= b }; };
constexpr auto greater = []<class T>(T a, T b) { return uint32_t { a > b }; };
constexpr auto greater_or_equal = []<class T>(T a, T b) { return uint32_t { a >= b }; };
constexpr auto negate = []<class T>(T a, T) {
    if constexpr (std::is_integral_v<T>)
        return static_cast<T>(0 - Wrapping<T>(a));
    else
        return -a;
};
constexpr auto complement = []<std::integral T>(T a, T) { return static_cast<T>(~a); };
constexpr auto to_f32 = []<class T>(T a, T) { return static_cast<float>(a); };
constexpr auto to_f64 = []<class T>(T a, T) { return static_cast<double>(a); };

Slot shift(GuardOp op, GuardType type, Slot value, Slot count)
{
    const auto with = [&]<class T>() {
        const auto bits = static_cast<uint32_t>(count) & (sizeof(T) * 8 - 1);
        const T number = from_slot<T>(value);
        return to_slot(op == GuardOp::ShiftLeft ? static_cast<T>(Wrapping<T>(number) << bits)
                                                : static_cast<T>(number >> bits));
    };
    switch (type) {
    case GuardType::I32: return with.template operator()<int32_t>();
    case GuardType::U32: return with.template operator()<uint32_t>();
    case GuardType::I64: return with.template operator()<int64_t>();
    default: return with.template operator()<uint64_t>();
    }
}

/// Replaces an address by what memory has there. Returns false if it is out of bounds.
template<class T> bool load(const Memory& memory, Slot& slot)
{
    if (!memory.contains(slot, sizeof(T))) [[unlikely]]
        return false;
    const T value = guest_load<T>(memory.base() + slot);
    if constexpr (sizeof(T) < 4)
        slot = to_slot(static_cast<int32_t>(value));
    else
        slot = to_slot(value);
    return true;
}

bool load(GuardOp op, const Memory& memory, Slot& slot)
{
    switch (op) {
    case GuardOp::Load8S: return load<int8_t>(memory, slot);
    case GuardOp::Load8U: return load<uint8_t>(memory, slot);
    case GuardOp::Load16S: return load<int16_t>(memory, slot);
    case GuardOp::Load16U: return load<uint16_t>(memory, slot);
    case GuardOp::Load32: return load<uint32_t>(memory, slot);
    default: return load<uint64_t>(memory, slot);
    }
}

Slot narrow(GuardOp op, Slot value)
{
    switch (op) {
    case GuardOp::Narrow8S: return to_slot(int32_t { static_cast<int8_t>(value) });
    case GuardOp::Narrow8U: return static_cast<uint8_t>(value);
    case GuardOp::Narrow16S: return to_slot(int32_t { static_cast<int16_t>(value) });
    default: return static_cast<uint16_t>(value);
    }
}

} // namespace

bool may_hold(GuardView guard, const Instance& instance, const Slot* locals)
{
    std::array<Slot, max_guard_depth> stack;
    Slot* sp = stack.data();
    const GuardStep* const end = guard.data() + guard.size();
    for (const GuardStep* step = guard.data(); step != end; ++step) {
        const GuardType type = step->type;
        Slot operand = step->value;
        switch (step->source) {
        case GuardSource::Stack:
            if (is_binary(step->op))
                operand = *--sp;
            break;
        case GuardSource::Constant: break;
        case GuardSource::Local: operand = locals[step->index]; break;
        case GuardSource::Global: operand = instance.globals[step->index]->slots()[0]; break;
        case GuardSource::Frame: operand = reinterpret_cast<uintptr_t>(locals); break;
        }
        switch (step->op) {
        case GuardOp::Push: *sp++ = operand; break;
        case GuardOp::SkipIfZero: step += *--sp == 0 ? step->value : 0; break;
        case GuardOp::SkipIfNotZero: step += *--sp != 0 ? step->value : 0; break;
        case GuardOp::Skip: step += step->value; break;
        case GuardOp::Load8S:
        case GuardOp::Load8U:
        case GuardOp::Load16S:
        case GuardOp::Load16U:
        case GuardOp::Load32:
        case GuardOp::Load64:
            if (!load(step->op, *instance.memories[step->index], sp[-1]))
                return true;
            break;
        case GuardOp::Narrow8S:
        case GuardOp::Narrow8U:
        case GuardOp::Narrow16S:
        case GuardOp::Narrow16U: sp[-1] = narrow(step->op, sp[-1]); break;
        case GuardOp::Extend: sp[-1] = to_slot(int64_t { static_cast<int32_t>(sp[-1]) }); break;
        case GuardOp::Wrap: sp[-1] = static_cast<uint32_t>(sp[-1]); break;
        case GuardOp::ToF32: sp[-1] = apply(to_f32, type, sp[-1], 0); break;
        case GuardOp::ToF64: sp[-1] = apply(to_f64, type, sp[-1], 0); break;
        case GuardOp::Negate: sp[-1] = apply(negate, type, sp[-1], 0); break;
        case GuardOp::Complement: sp[-1] = apply(complement, type, sp[-1], 0); break;
        case GuardOp::IsZero: sp[-1] = sp[-1] == 0; break;
        case GuardOp::IsNotZero: sp[-1] = sp[-1] != 0; break;
        case GuardOp::Add: sp[-1] = apply(add, type, sp[-1], operand); break;
        case GuardOp::Subtract: sp[-1] = apply(subtract, type, sp[-1], operand); break;
        case GuardOp::Multiply: sp[-1] = apply(multiply, type, sp[-1], operand); break;
        case GuardOp::And: sp[-1] = apply(and_of, type, sp[-1], operand); break;
        case GuardOp::Or: sp[-1] = apply(or_of, type, sp[-1], operand); break;
        case GuardOp::Xor: sp[-1] = apply(xor_of, type, sp[-1], operand); break;
        case GuardOp::ShiftLeft:
        case GuardOp::ShiftRight: sp[-1] = shift(step->op, type, sp[-1], operand); break;
        case GuardOp::Equal: sp[-1] = apply(equal, type, sp[-1], operand); break;
        case GuardOp::Unequal: sp[-1] = apply(unequal, type, sp[-1], operand); break;
        case GuardOp::Less: sp[-1] = apply(less, type, sp[-1], operand); break;
        case GuardOp::LessOrEqual: sp[-1] = apply(less_or_equal, type, sp[-1], operand); break;
        case GuardOp::Greater: sp[-1] = apply(greater, type, sp[-1], operand); break;
        case GuardOp::GreaterOrEqual: sp[-1] = apply(greater_or_equal, type, sp[-1], operand); break;
        }
    }
    return sp[-1] != 0;
}

bool is_sound(GuardView guard)
{
    constexpr uint32_t unknown = UINT32_MAX;
    if (guard.empty() || guard.size() > max_guard_steps)
        return false;
    /// The depth before each step that a skip leads to.
    std::array<uint32_t, max_guard_steps + 1> depths;
    depths.fill(unknown);
    uint32_t depth = 0;
    for (size_t i = 0; i <= guard.size(); ++i) {
        if (depth == unknown)
            depth = depths[i];
        if (depth == unknown || (depths[i] != unknown && depths[i] != depth))
            return false;
        if (i == guard.size())
            break;
        const GuardStep& step = guard[i];
        const bool pops_operand = is_binary(step.op) && step.source == GuardSource::Stack;
        if (depth < (step.op == GuardOp::Push ? 0u : pops_operand ? 2u : 1u))
            return false;
        depth += step.op == GuardOp::Push ? 1 : 0;
        depth -= pops_operand ? 1 : 0;
        if (depth > max_guard_depth)
            return false;
        if (!is_skip(step.op))
            continue;
        depth -= step.op == GuardOp::Skip ? 0 : 1;
        const size_t target = i + 1 + step.value;
        if (step.value > guard.size() || target > guard.size()
            || (depths[target] != unknown && depths[target] != depth))
            return false;
        depths[target] = depth;
        if (step.op == GuardOp::Skip && step.value != 0)
            depth = unknown;
    }
    return depth == 1;
}

Guard in_frame(const Slot* locals)
{
    return {
        { .op = GuardOp::Push, .type = GuardType::U64, .source = GuardSource::Frame },
        { .op = GuardOp::Equal,
            .type = GuardType::U64,
            .source = GuardSource::Constant,
            .value = reinterpret_cast<uintptr_t>(locals) },
    };
}

std::optional<const Slot*> frame_of(GuardView guard)
{
    if (guard.size() != 2 || guard.front().source != GuardSource::Frame || guard.back().op != GuardOp::Equal)
        return std::nullopt;
    return reinterpret_cast<const Slot*>(static_cast<uintptr_t>(guard.back().value));
}

Guard either(const Guard& a, const Guard& b)
{
    if (a.empty() || b.empty() || a == b)
        return a.empty() ? a : b;
    // As `a || b`: `a ? 1 : b != 0`.
    Guard both = a;
    both.push_back({ .op = GuardOp::SkipIfNotZero, .value = b.size() + 2 });
    both.insert(both.end(), b.begin(), b.end());
    both.push_back({ .op = GuardOp::IsNotZero });
    both.push_back({ .op = GuardOp::Skip, .value = 1 });
    both.push_back({ .op = GuardOp::Push, .source = GuardSource::Constant, .value = 1 });
    return both.size() <= max_guard_steps ? both : Guard();
}

} // namespace vitrine::core
