// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/instance.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace vitrine::core {

/// [doc] Guards
///
/// A guard is a condition of a marked instruction that the tiers evaluate themselves: the probe
/// fires only if the guard may hold. So a breakpoint whose condition is false costs a few machine
/// instructions instead of an exit and a call of the probe.
///
/// A guard is a program in postfix order over a stack of 8-byte slots. Numbers are as on the
/// guest's stack: 32 bits are zero-extended. It reads locals, globals and memories, and calls
/// nothing. If an address is out of bounds, the guard may hold, so the probe evaluates the
/// condition and reports the error. The meaning of each operation is that of the step of an
/// expression that it comes from (eval/guard.h).

/// The types of numbers, in the order of `eval::NumberKind`.
enum class GuardType : uint8_t { I32, U32, I64, U64, F32, F64 };
constexpr bool is_wide(GuardType type)
{
    return type == GuardType::I64 || type == GuardType::U64 || type == GuardType::F64;
}
constexpr bool is_float(GuardType type) { return type >= GuardType::F32; }

enum class GuardOp : uint8_t {
    /// Pushes the operand.
    Push,

    // These pop a condition and skip `value` steps; `Skip` always does, and pops nothing.
    SkipIfZero,
    SkipIfNotZero,
    Skip,

    // These replace the top of the stack. Loads read memory `index` at that address; those of less
    // than 32 bits extend to 32 bits.
    Load8S,
    Load8U,
    Load16S,
    Load16U,
    Load32,
    Load64,
    Narrow8S, ///< truncates to 8 bits and extends to 32
    Narrow8U,
    Narrow16S,
    Narrow16U,
    Extend, ///< sign-extends 32 bits to 64
    Wrap,   ///< truncates to 32 bits
    ToF32,  ///< converts from `type`, which is not `U64`
    ToF64,
    Negate,
    Complement,
    IsZero, ///< of all 64 bits
    IsNotZero,

    // These combine the top of the stack with the operand. Shifts take a 32-bit count, modulo the
    // width. Comparisons give an i32.
    Add,
    Subtract,
    Multiply,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
};
constexpr bool is_load(GuardOp op) { return op >= GuardOp::Load8S && op <= GuardOp::Load64; }
constexpr bool is_skip(GuardOp op) { return op >= GuardOp::SkipIfZero && op <= GuardOp::Skip; }
constexpr bool is_binary(GuardOp op) { return op >= GuardOp::Add; }
constexpr bool is_comparison(GuardOp op) { return op >= GuardOp::Equal; }

/// Where the operand of a step is.
enum class GuardSource : uint8_t {
    Stack,    ///< popped
    Constant, ///< `value`
    Local,    ///< slot `index` of the frame
    Global,   ///< global `index`
    Frame,    ///< the address of the frame's locals: another one in every frame of every thread
};

struct GuardStep {
    GuardOp op;
    GuardType type = GuardType::I32;
    GuardSource source = GuardSource::Stack;
    uint32_t index = 0;
    uint64_t value = 0;

    friend auto operator<=>(const GuardStep&, const GuardStep&) = default;
};

/// Empty for a mark at which the probe always fires. Leaves one slot, which is not 0 if the guard
/// holds.
using Guard = std::vector<GuardStep>;
using GuardView = std::span<const GuardStep>;

/// The largest stack of a guard, in slots, and its largest size. Machine code keeps the stack in
/// registers.
inline constexpr uint32_t max_guard_depth = 3;
inline constexpr size_t max_guard_steps = 64;

/// Whether the guard holds in a frame, or cannot be evaluated. False for a guard that is false.
bool may_hold(GuardView guard, const Instance& instance, const Slot* locals);

/// Whether the program is within the limits above, and each step has its operands on the stack.
bool is_sound(GuardView guard);

/// A guard that holds in the frame whose locals are there, and in no other.
Guard in_frame(const Slot* locals);
/// The locals of the only frame in which the guard can hold, if it was made by `in_frame`.
std::optional<const Slot*> frame_of(GuardView guard);

/// A guard that holds if one of the two does. Empty if one of them is empty, or if it would be too
/// large.
Guard either(const Guard& a, const Guard& b);

} // namespace vitrine::core
