// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/numeric.h"

#include "unit/runtime/numeric_reference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <ostream>
#include <random>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace vitrine::core::test {

void PrintTo(const Outcome& outcome, std::ostream* out)
{
    if (outcome.trap == no_trap)
        *out << "0x" << std::hex << outcome.bits << std::dec;
    else
        *out << to_text(outcome.trap);
}

namespace {

// Evaluated at compile time, so they do not depend on the processor.
static_assert(numeric::I32Rotl(0x80000001, 33) == 3);
static_assert(numeric::I64Clz(0) == 64);
static_assert(numeric::I32DivS(-7, 2).value == -3);
static_assert(numeric::I32DivS(INT32_MIN, -1).trap == TrapKind::IntegerOverflow);
static_assert(numeric::I32TruncSatF64U(-1) == 0);

// Results fit into registers.
static_assert(sizeof(numeric::OrTrap<int32_t>) == 8 && sizeof(numeric::OrTrap<uint64_t>) == 16);
static_assert(std::is_trivially_copyable_v<numeric::OrTrap<uint64_t>>);

// The signature of an instruction matches its C++ function.
static_assert(numeric::signature_of(+[](float, uint64_t) -> double { return 0; }) == parse_signature("fl_d"));
static_assert(
    numeric::signature_of(+[](double) -> numeric::OrTrap<int64_t> { return 0; }) == parse_signature("d_l"));
static_assert(numeric::signature_of(+[](uint32_t) -> uint32_t { return 0; }) != parse_signature("i_l"));

template<class T> T number_of(uint64_t bits)
{
    if constexpr (std::is_floating_point_v<T>)
        return reference::float_of<T>(bits);
    else
        return static_cast<T>(bits);
}

template<class T> Outcome outcome_of(T number)
{
    if constexpr (std::is_integral_v<T>)
        return static_cast<std::make_unsigned_t<T>>(number);
    else
        return number;
}
template<class T> Outcome outcome_of(numeric::OrTrap<T> result)
{
    return result.trap == no_trap ? outcome_of(result.value) : Outcome(result.trap);
}

/// Runs a function of `numeric` on bits.
template<auto function> Outcome run(std::span<const uint64_t> operands)
{
    return [operands]<class R, class... A>(R (*)(A...)) {
        return [operands]<size_t... I>(std::index_sequence<I...>) {
            return outcome_of(function(number_of<A>(operands[I])...));
        }(std::index_sequence_for<A...> {});
    }(function);
}

using Run = Outcome (*)(std::span<const uint64_t>);

/// A NUMERIC row and its function.
struct Instruction {
    std::string_view text;
    Run run;
    const Signature& signature;
};

const std::vector<Instruction> instructions {
#define OP(...)
#define NUMERIC(name, text, ...) { text, run<numeric::name>, info(Op::name).signature },
#include "wasm/opcodes.inc"
};

const Instruction& find_instruction(std::string_view text)
{
    return *std::ranges::find(instructions, text, &Instruction::text);
}

bool is_narrow(ValueKind kind) { return kind == ValueKind::I32 || kind == ValueKind::F32; }
bool is_float(ValueKind kind) { return kind == ValueKind::F32 || kind == ValueKind::F64; }

// --- by value ------------------------------------------------------------------------------------

constexpr int32_t min32 = INT32_MIN;
constexpr int64_t min64 = INT64_MIN;
constexpr float inf32 = std::numeric_limits<float>::infinity();
constexpr double inf64 = std::numeric_limits<double>::infinity();
constexpr uint32_t nan32 = 0x7fc00000;
constexpr uint64_t nan64 = 0x7ff8000000000000;
/// The NaN that an operation on numbers returns.
constexpr uint32_t new_nan32 = 0xffc00000;
constexpr uint64_t new_nan64 = 0xfff8000000000000;

constexpr TrapKind by_zero = TrapKind::IntegerDivideByZero;
constexpr TrapKind overflow = TrapKind::IntegerOverflow;
constexpr TrapKind invalid = TrapKind::InvalidConversionToInteger;

/// Operands and result of an instruction. An integer stands for a number or for the bits of a
/// float.
struct Case {
    std::string_view text;
    std::vector<Outcome> operands;
    Outcome expected;
};

const std::vector<Case> cases {
    { "i32.eqz", { 0 }, 1 },
    { "i32.eqz", { min32 }, 0 },
    { "i32.eq", { -1, 0xffffffff }, 1 },
    { "i32.eq", { 0, min32 }, 0 },
    { "i32.ne", { -1, 0xffffffff }, 0 },
    { "i32.ne", { 0, min32 }, 1 },
    { "i32.lt_s", { -1, 0 }, 1 },
    { "i32.lt_s", { 5, 5 }, 0 },
    { "i32.lt_u", { -1, 0 }, 0 },
    { "i32.lt_u", { 0, min32 }, 1 },
    { "i32.gt_s", { -1, 0 }, 0 },
    { "i32.gt_s", { 0, min32 }, 1 },
    { "i32.gt_u", { -1, 0 }, 1 },
    { "i32.gt_u", { 0, min32 }, 0 },
    { "i32.le_s", { min32, 0 }, 1 },
    { "i32.le_s", { 5, 5 }, 1 },
    { "i32.le_u", { min32, 0 }, 0 },
    { "i32.ge_s", { min32, 0 }, 0 },
    { "i32.ge_s", { 5, 5 }, 1 },
    { "i32.ge_u", { min32, 0 }, 1 },
    { "i64.eqz", { 0 }, 1 },
    { "i64.eqz", { 0x100000000 }, 0 },
    { "i64.eq", { 0x100000000, 0 }, 0 },
    { "i64.eq", { min64, min64 }, 1 },
    { "i64.ne", { 0x100000000, 0 }, 1 },
    { "i64.lt_s", { -1, 0 }, 1 },
    { "i64.lt_u", { -1, 0 }, 0 },
    { "i64.lt_u", { 0xffffffff, 0x100000000 }, 1 },
    { "i64.gt_s", { 0, min64 }, 1 },
    { "i64.gt_u", { 0, min64 }, 0 },
    { "i64.le_s", { min64, min64 }, 1 },
    { "i64.le_u", { -1, 0 }, 0 },
    { "i64.ge_s", { -1, 0 }, 0 },
    { "i64.ge_u", { -1, 0 }, 1 },
    { "f32.eq", { 0.0F, -0.0F }, 1 },
    { "f32.eq", { nan32, nan32 }, 0 },
    { "f32.ne", { 0.0F, -0.0F }, 0 },
    { "f32.ne", { nan32, nan32 }, 1 },
    { "f32.lt", { -inf32, inf32 }, 1 },
    { "f32.lt", { -0.0F, 0.0F }, 0 },
    { "f32.lt", { nan32, 1.0F }, 0 },
    { "f32.gt", { 0x1p-149F, 0.0F }, 1 },
    { "f32.gt", { 1.0F, nan32 }, 0 },
    { "f32.le", { 0.0F, -0.0F }, 1 },
    { "f32.le", { nan32, nan32 }, 0 },
    { "f32.ge", { -0.0F, 0.0F }, 1 },
    { "f32.ge", { nan32, -inf32 }, 0 },
    { "f64.eq", { 0.0, -0.0 }, 1 },
    { "f64.eq", { nan64, nan64 }, 0 },
    { "f64.ne", { 0.0, -0.0 }, 0 },
    { "f64.ne", { nan64, nan64 }, 1 },
    { "f64.lt", { 0.0, 0x1p-1074 }, 1 },
    { "f64.lt", { nan64, 1.0 }, 0 },
    { "f64.gt", { inf64, -inf64 }, 1 },
    { "f64.gt", { 1.0, nan64 }, 0 },
    { "f64.le", { 0.0, -0.0 }, 1 },
    { "f64.le", { nan64, nan64 }, 0 },
    { "f64.ge", { -0.0, 0.0 }, 1 },
    { "f64.ge", { -inf64, nan64 }, 0 },

    { "i32.clz", { 0 }, 32 },
    { "i32.clz", { 0x00ffffff }, 8 },
    { "i32.ctz", { 0 }, 32 },
    { "i32.ctz", { min32 }, 31 },
    { "i32.popcnt", { -1 }, 32 },
    { "i32.popcnt", { 0x80010001 }, 3 },
    { "i32.add", { 0x7fffffff, 1 }, min32 },
    { "i32.sub", { min32, 1 }, 0x7fffffff },
    { "i32.mul", { 0x10001, 0x10001 }, 0x20001 },
    { "i32.div_s", { -7, 2 }, -3 },
    { "i32.div_s", { min32, 2 }, -0x40000000 },
    { "i32.div_s", { min32, -1 }, overflow },
    { "i32.div_s", { min32, 0 }, by_zero },
    { "i32.div_u", { -7, 2 }, 0x7ffffffc },
    { "i32.div_u", { min32, -1 }, 0 },
    { "i32.div_u", { 0, 0 }, by_zero },
    { "i32.rem_s", { -7, 2 }, -1 },
    { "i32.rem_s", { 7, -2 }, 1 },
    { "i32.rem_s", { min32, -1 }, 0 },
    { "i32.rem_s", { 1, 0 }, by_zero },
    { "i32.rem_u", { -7, 2 }, 1 },
    { "i32.rem_u", { min32, -1 }, min32 },
    { "i32.rem_u", { 1, 0 }, by_zero },
    { "i32.and", { 0x0ff0, 0x00ff }, 0x00f0 },
    { "i32.or", { 0x0ff0, 0x00ff }, 0x0fff },
    { "i32.xor", { 0x0ff0, 0x00ff }, 0x0f0f },
    { "i32.shl", { 1, 31 }, min32 },
    { "i32.shl", { 1, 32 }, 1 },
    { "i32.shl", { 1, -1 }, min32 },
    { "i32.shr_s", { min32, 31 }, -1 },
    { "i32.shr_s", { min32, 33 }, -0x40000000 },
    { "i32.shr_u", { min32, 31 }, 1 },
    { "i32.shr_u", { min32, 32 }, min32 },
    { "i32.rotl", { 0x80000001, 1 }, 3 },
    { "i32.rotl", { 0x12345678, 32 }, 0x12345678 },
    { "i32.rotr", { 3, 1 }, 0x80000001 },
    { "i32.rotr", { 0x12345678, 36 }, 0x81234567 },
    { "i64.clz", { 0 }, 64 },
    { "i64.clz", { 1 }, 63 },
    { "i64.ctz", { 0 }, 64 },
    { "i64.ctz", { min64 }, 63 },
    { "i64.popcnt", { -1 }, 64 },
    { "i64.add", { 0xffffffff, 1 }, 0x100000000 },
    { "i64.add", { -1, 1 }, 0 },
    { "i64.sub", { min64, 1 }, INT64_MAX },
    { "i64.mul", { 0x100000001, 0x100000001 }, 0x200000001 },
    { "i64.div_s", { -7, 2 }, -3 },
    { "i64.div_s", { min64, -1 }, overflow },
    { "i64.div_s", { 1, 0 }, by_zero },
    { "i64.div_u", { -1, 0x100000000 }, 0xffffffff },
    { "i64.div_u", { min64, -1 }, 0 },
    { "i64.div_u", { 1, 0 }, by_zero },
    { "i64.rem_s", { -7, 4 }, -3 },
    { "i64.rem_s", { min64, -1 }, 0 },
    { "i64.rem_s", { 1, 0 }, by_zero },
    { "i64.rem_u", { min64, -1 }, min64 },
    { "i64.rem_u", { 1, 0 }, by_zero },
    { "i64.and", { -1, 0xf0000000f }, 0xf0000000f },
    { "i64.or", { min64, 1 }, min64 + 1 },
    { "i64.xor", { -1, 1 }, -2 },
    { "i64.shl", { 1, 63 }, min64 },
    { "i64.shl", { 1, 64 }, 1 },
    { "i64.shr_s", { min64, 63 }, -1 },
    { "i64.shr_s", { min64, 64 }, min64 },
    { "i64.shr_u", { min64, 63 }, 1 },
    { "i64.shr_u", { min64, -1 }, 1 },
    { "i64.rotl", { min64 + 1, 1 }, 3 },
    { "i64.rotl", { 5, 64 }, 5 },
    { "i64.rotr", { 3, 65 }, min64 + 1 },

    { "f32.abs", { -0.0F }, 0.0F },
    { "f32.abs", { 0xffa00001 }, 0x7fa00001 },
    { "f32.neg", { 0.0F }, -0.0F },
    { "f32.neg", { 0x7fa00001 }, 0xffa00001 },
    { "f32.copysign", { 1.0F, -0.0F }, -1.0F },
    { "f32.copysign", { 0xffa00001, nan32 }, 0x7fa00001 },
    { "f32.ceil", { -0.5F }, -0.0F },
    { "f32.ceil", { 0x1p-149F }, 1.0F },
    { "f32.floor", { 0.5F }, 0.0F },
    { "f32.floor", { -0x1p-149F }, -1.0F },
    { "f32.trunc", { -0.99999994F }, -0.0F },
    { "f32.trunc", { 0x1.fffffep22F }, 8388607.0F },
    { "f32.nearest", { 0.5F }, 0.0F },
    { "f32.nearest", { 1.5F }, 2.0F },
    { "f32.nearest", { -2.5F }, -2.0F },
    { "f32.nearest", { -0.5F }, -0.0F },
    { "f32.nearest", { 0.49999997F }, 0.0F },
    { "f32.nearest", { 8388609.0F }, 8388609.0F },
    { "f32.nearest", { 0x7fa00001 }, 0x7fe00001 },
    { "f32.sqrt", { -0.0F }, -0.0F },
    { "f32.sqrt", { 2.0F }, 0x3fb504f3 },
    { "f32.sqrt", { -1.0F }, new_nan32 },
    { "f32.add", { 1.0F, 0x1p-24F }, 1.0F },
    { "f32.add", { 0x1.000002p0F, 0x1p-24F }, 0x1.000004p0F },
    { "f32.add", { 0.0F, -0.0F }, 0.0F },
    { "f32.add", { inf32, -inf32 }, new_nan32 },
    { "f32.add", { 0x7fa00001, 0xffc00002 }, 0x7fe00001 },
    { "f32.sub", { 0.0F, 0.0F }, 0.0F },
    { "f32.sub", { 0x1p-126F, 0x1.fffffcp-127F }, 0x1p-149F },
    { "f32.sub", { 1.0F, 0xffc00002 }, 0xffc00002 },
    { "f32.mul", { 0x1p-75F, 0x1p-75F }, 0.0F },
    { "f32.mul", { 0x1p-75F, 0x1.8p-75F }, 0x1p-149F },
    { "f32.mul", { 0x1p64F, -0x1p64F }, -inf32 },
    { "f32.mul", { 0.0F, inf32 }, new_nan32 },
    { "f32.div", { 1.0F, -0.0F }, -inf32 },
    { "f32.div", { 1.0F, 3.0F }, 0x3eaaaaab },
    { "f32.div", { 0.0F, 0.0F }, new_nan32 },
    { "f32.min", { 0.0F, -0.0F }, -0.0F },
    { "f32.min", { -0.0F, 0.0F }, -0.0F },
    { "f32.min", { 1.0F, -inf32 }, -inf32 },
    { "f32.min", { nan32, -inf32 }, nan32 },
    { "f32.min", { -inf32, 0x7f800001 }, 0x7fc00001 },
    { "f32.max", { 0.0F, -0.0F }, 0.0F },
    { "f32.max", { -0.0F, 0.0F }, 0.0F },
    { "f32.max", { -0.0F, -0.0F }, -0.0F },
    { "f32.max", { 1.0F, 2.0F }, 2.0F },
    { "f32.max", { 0xffc00001, inf32 }, 0xffc00001 },
    { "f32.max", { inf32, nan32 }, nan32 },
    { "f64.abs", { -0.0 }, 0.0 },
    { "f64.abs", { 0xfff4000000000001 }, 0x7ff4000000000001 },
    { "f64.neg", { 0.0 }, -0.0 },
    { "f64.neg", { 0x7ff4000000000001 }, 0xfff4000000000001 },
    { "f64.copysign", { 1.0, -0.0 }, -1.0 },
    { "f64.copysign", { 0xfff4000000000001, nan64 }, 0x7ff4000000000001 },
    { "f64.ceil", { -0.5 }, -0.0 },
    { "f64.floor", { -0x1p-1074 }, -1.0 },
    { "f64.trunc", { 0x1.fffffffffffffp51 }, 4503599627370495.0 },
    { "f64.nearest", { 2.5 }, 2.0 },
    { "f64.nearest", { 3.5 }, 4.0 },
    { "f64.nearest", { -0.5 }, -0.0 },
    { "f64.nearest", { 0.49999999999999994 }, 0.0 },
    { "f64.nearest", { 4503599627370497.0 }, 4503599627370497.0 },
    { "f64.nearest", { 0x7ff4000000000001 }, 0x7ffc000000000001 },
    { "f64.sqrt", { 2.0 }, 0x3ff6a09e667f3bcd },
    { "f64.sqrt", { -inf64 }, new_nan64 },
    { "f64.add", { 0x1.0000000000001p0, 0x1p-53 }, 0x1.0000000000002p0 },
    { "f64.add", { 0x7ff4000000000001, 0xfff8000000000002 }, 0x7ffc000000000001 },
    { "f64.sub", { inf64, inf64 }, new_nan64 },
    { "f64.sub", { 0.0, 0.0 }, 0.0 },
    { "f64.mul", { 0x1p-537, 0x1.8p-538 }, 0x1p-1074 },
    { "f64.mul", { inf64, -0.0 }, new_nan64 },
    { "f64.div", { 1.0, 3.0 }, 0x3fd5555555555555 },
    { "f64.div", { -1.0, 0.0 }, -inf64 },
    { "f64.min", { 0.0, -0.0 }, -0.0 },
    { "f64.min", { -0.0, 0.0 }, -0.0 },
    { "f64.min", { -inf64, 0x7ff0000000000001 }, 0x7ff8000000000001 },
    { "f64.max", { -0.0, 0.0 }, 0.0 },
    { "f64.max", { 0.0, -0.0 }, 0.0 },
    { "f64.max", { 0xfff8000000000001, inf64 }, 0xfff8000000000001 },

    { "i32.wrap_i64", { 0x1234567890abcdef }, 0x90abcdef },
    { "i32.trunc_f32_s", { -2147483648.0F }, min32 },
    { "i32.trunc_f32_s", { -2147483904.0F }, overflow },
    { "i32.trunc_f32_s", { 2147483520.0F }, 2147483520 },
    { "i32.trunc_f32_s", { 2147483648.0F }, overflow },
    { "i32.trunc_f32_s", { nan32 }, invalid },
    { "i32.trunc_f32_s", { -inf32 }, overflow },
    { "i32.trunc_f32_u", { -0.99999994F }, 0 },
    { "i32.trunc_f32_u", { -1.0F }, overflow },
    { "i32.trunc_f32_u", { 4294967040.0F }, 4294967040 },
    { "i32.trunc_f32_u", { 4294967296.0F }, overflow },
    { "i32.trunc_f32_u", { 0xffa00000 }, invalid },
    { "i32.trunc_f64_s", { -2147483648.9999995 }, min32 },
    { "i32.trunc_f64_s", { -2147483649.0 }, overflow },
    { "i32.trunc_f64_s", { 2147483647.9999998 }, 2147483647 },
    { "i32.trunc_f64_s", { 2147483648.0 }, overflow },
    { "i32.trunc_f64_s", { nan64 }, invalid },
    { "i32.trunc_f64_u", { -0.9999999999999999 }, 0 },
    { "i32.trunc_f64_u", { -1.0 }, overflow },
    { "i32.trunc_f64_u", { 4294967295.9999995 }, 4294967295 },
    { "i32.trunc_f64_u", { 4294967296.0 }, overflow },
    { "i32.trunc_f64_u", { nan64 }, invalid },
    { "i64.extend_i32_s", { min32 }, int64_t { min32 } },
    { "i64.extend_i32_u", { min32 }, 0x80000000 },
    { "i64.trunc_f32_s", { -0x1p63F }, min64 },
    { "i64.trunc_f32_s", { -0x1.000002p63F }, overflow },
    { "i64.trunc_f32_s", { 0x1.fffffep62F }, 0x7fffff8000000000 },
    { "i64.trunc_f32_s", { 0x1p63F }, overflow },
    { "i64.trunc_f32_s", { nan32 }, invalid },
    { "i64.trunc_f32_u", { 0x1.fffffep63F }, 0xffffff0000000000 },
    { "i64.trunc_f32_u", { 0x1p64F }, overflow },
    { "i64.trunc_f32_u", { -1.0F }, overflow },
    { "i64.trunc_f32_u", { nan32 }, invalid },
    { "i64.trunc_f64_s", { -0x1p63 }, min64 },
    { "i64.trunc_f64_s", { -0x1.0000000000001p63 }, overflow },
    { "i64.trunc_f64_s", { 0x1.fffffffffffffp62 }, 0x7ffffffffffffc00 },
    { "i64.trunc_f64_s", { 0x1p63 }, overflow },
    { "i64.trunc_f64_s", { nan64 }, invalid },
    { "i64.trunc_f64_u", { 0x1.fffffffffffffp63 }, 0xfffffffffffff800 },
    { "i64.trunc_f64_u", { 0x1p63 }, min64 },
    { "i64.trunc_f64_u", { 0x1p64 }, overflow },
    { "i64.trunc_f64_u", { -1.0 }, overflow },
    { "i64.trunc_f64_u", { nan64 }, invalid },
    { "f32.convert_i32_s", { -16777217 }, -16777216.0F },
    { "f32.convert_i32_s", { 16777219 }, 16777220.0F },
    { "f32.convert_i32_u", { -1 }, 4294967296.0F },
    { "f32.convert_i64_s", { INT64_MAX }, 0x1p63F },
    { "f32.convert_i64_s", { 0x4000004000000001 }, 0x1.000002p62F },
    { "f32.convert_i64_u", { 0x8000008000000001 }, 0x1.000002p63F },
    { "f32.convert_i64_u", { -1 }, 0x1p64F },
    { "f32.demote_f64", { 0x1.000001p0 }, 1.0F },
    { "f32.demote_f64", { 0x1.fffffefffffffp127 }, 0x1.fffffep127F },
    { "f32.demote_f64", { 0x1.ffffffp127 }, inf32 },
    { "f32.demote_f64", { -0x1p-150 }, -0.0F },
    { "f32.demote_f64", { 0x7ff4000000000000 }, 0x7fe00000 },
    { "f64.convert_i32_s", { min32 }, -2147483648.0 },
    { "f64.convert_i32_u", { min32 }, 2147483648.0 },
    { "f64.convert_i64_s", { 9007199254740993 }, 9007199254740992.0 },
    { "f64.convert_i64_u", { 0x8000000000000401 }, 0x1.0000000000001p63 },
    { "f64.convert_i64_u", { -1 }, 0x1p64 },
    { "f64.promote_f32", { 0x1p-149F }, 0x1p-149 },
    { "f64.promote_f32", { 0xffa00000 }, 0xfffc000000000000 },
    { "i32.reinterpret_f32", { 0x7fa00001 }, 0x7fa00001 },
    { "i32.reinterpret_f32", { -0.0F }, min32 },
    { "i64.reinterpret_f64", { 0x7ff4000000000001 }, 0x7ff4000000000001 },
    { "f32.reinterpret_i32", { 0x7fa00001 }, 0x7fa00001 },
    { "f64.reinterpret_i64", { 0x7ff4000000000001 }, 0x7ff4000000000001 },
    { "i32.extend8_s", { 0x1280 }, -128 },
    { "i32.extend16_s", { 0x128000 }, -32768 },
    { "i64.extend8_s", { 0x127f }, 127 },
    { "i64.extend16_s", { 0x12ffff }, -1 },
    { "i64.extend32_s", { 0x1280000000 }, int64_t { min32 } },
    { "i32.trunc_sat_f32_s", { nan32 }, 0 },
    { "i32.trunc_sat_f32_s", { inf32 }, 0x7fffffff },
    { "i32.trunc_sat_f32_s", { -2147483904.0F }, min32 },
    { "i32.trunc_sat_f32_s", { -1.9F }, -1 },
    { "i32.trunc_sat_f32_u", { -1.0F }, 0 },
    { "i32.trunc_sat_f32_u", { 4294967296.0F }, 0xffffffff },
    { "i32.trunc_sat_f32_u", { nan32 }, 0 },
    { "i32.trunc_sat_f64_s", { 2147483648.0 }, 0x7fffffff },
    { "i32.trunc_sat_f64_s", { -2147483649.0 }, min32 },
    { "i32.trunc_sat_f64_s", { nan64 }, 0 },
    { "i32.trunc_sat_f64_u", { 4294967295.5 }, 0xffffffff },
    { "i32.trunc_sat_f64_u", { 4294967296.0 }, 0xffffffff },
    { "i32.trunc_sat_f64_u", { -inf64 }, 0 },
    { "i64.trunc_sat_f32_s", { 0x1p63F }, INT64_MAX },
    { "i64.trunc_sat_f32_s", { -inf32 }, min64 },
    { "i64.trunc_sat_f32_s", { 0xffa00000 }, 0 },
    { "i64.trunc_sat_f32_u", { 0x1p64F }, -1 },
    { "i64.trunc_sat_f32_u", { -0.5F }, 0 },
    { "i64.trunc_sat_f64_s", { 0x1p63 }, INT64_MAX },
    { "i64.trunc_sat_f64_s", { -0x1.0000000000001p63 }, min64 },
    { "i64.trunc_sat_f64_s", { nan64 }, 0 },
    { "i64.trunc_sat_f64_u", { inf64 }, -1 },
    { "i64.trunc_sat_f64_u", { 0x1.fffffffffffffp63 }, 0xfffffffffffff800 },
    { "i64.trunc_sat_f64_u", { -1.0 }, 0 },
};

uint64_t cut(uint64_t bits, ValueKind kind) { return is_narrow(kind) ? static_cast<uint32_t>(bits) : bits; }

TEST(Numeric, GivesWhatTheSpecificationSays)
{
    std::set<std::string_view> tested;
    for (const Case& it : cases) {
        const Instruction& instruction = find_instruction(it.text);
        ASSERT_EQ(it.operands.size(), instruction.signature.param_count) << it.text;
        std::vector<uint64_t> operands;
        for (const Outcome& operand : it.operands)
            operands.push_back(cut(operand.bits, instruction.signature.params[operands.size()]));
        Outcome expected = it.expected;
        expected.bits = cut(expected.bits, instruction.signature.result);
        EXPECT_EQ(instruction.run(operands), expected)
            << it.text << ' ' << testing::PrintToString(it.operands);
        tested.insert(it.text);
    }
    EXPECT_EQ(tested.size(), instructions.size());
}

// --- by reference --------------------------------------------------------------------------------

/// Numbers where the behaviour changes, their neighbours, and some arbitrary ones.
std::vector<uint64_t> edges(ValueKind kind)
{
    std::set<uint64_t> found;
    const int width = is_narrow(kind) ? 32 : 64;
    const auto add_around = [&](uint64_t bits) {
        for (const uint64_t near : { bits - 1, bits, bits + 1 }) {
            found.insert(cut(near, kind));
            found.insert(cut(is_float(kind) ? near ^ uint64_t { 1 } << (width - 1) : ~near, kind));
        }
    };
    if (!is_float(kind)) {
        for (const int bit : { 0, 1, 2, 4, 7, 8, 15, 16, 24, 31, 32, 33, 47, 52, 53, 62, 63 })
            add_around(uint64_t { 1 } << bit % width);
    } else {
        for (const double number : { 0.0, 0x1p-1074, 0x1p-1022, 0x1p-149, 0x1p-126, 0.25, 0.5, 0.75, 1.0, 1.5,
                 2.0, 2.5, 3.0, 3.5, 10.0, 0x1p22, 0x1p23, 0x1p24, 0x1p31, 0x1p31 - 1, 0x1p31 + 1, 0x1p32,
                 0x1p32 - 1, 0x1p51, 0x1p52, 0x1p53, 0x1p63, 0x1p64, 0x1.fffffep127, 0x1.fffffefffffffp127,
                 0x1.ffffffp127, std::numeric_limits<double>::max(), inf64 })
            add_around(
                kind == ValueKind::F32 ? Outcome(static_cast<float>(number)).bits : Outcome(number).bits);
        add_around(kind == ValueKind::F32 ? nan32 : nan64);
        found.insert(kind == ValueKind::F32 ? 0x7fa12345 : 0x7ff4123456789abc);
        found.insert(kind == ValueKind::F32 ? 0xffe54321 : 0xfffcba9876543210);
    }
    std::mt19937_64 random(1);
    while (found.size() < 150)
        found.insert(cut(random(), kind));
    return { found.begin(), found.end() };
}

/// Finds the first operands for which an instruction differs from its reference, and fails.
void compare(const Instruction& instruction, const Reference& reference, std::span<const uint64_t> operands)
{
    const Outcome actual = instruction.run(operands);
    const Outcome expected = reference(operands[0], operands.size() > 1 ? operands[1] : 0);
    if (actual != expected)
        FAIL() << instruction.text << ' '
               << testing::PrintToString(std::vector<Outcome>(operands.begin(), operands.end())) << " gives "
               << testing::PrintToString(actual) << ", not " << testing::PrintToString(expected);
}

TEST(Numeric, AgreesWithTheReferenceOnAGridOfEdges)
{
    const References references = make_references();
    EXPECT_EQ(references.size(), instructions.size());
    for (const Instruction& instruction : instructions) {
        const auto reference = references.find(instruction.text);
        ASSERT_NE(reference, references.end()) << instruction.text;
        const auto [first, second, third] = instruction.signature.params;
        for (const uint64_t a : edges(first)) {
            if (instruction.signature.param_count == 1)
                compare(instruction, reference->second, std::array { a });
            else
                for (const uint64_t b : edges(second))
                    compare(instruction, reference->second, std::array { a, b });
            if (HasFailure())
                break;
        }
    }
}

TEST(Numeric, AgreesWithTheReferenceOnOperandsOfNoMeaning)
{
    const References references = make_references();
    std::mt19937_64 random(2);
    for (const Instruction& instruction : instructions) {
        const Reference& reference = references.find(instruction.text)->second;
        for (int round = 0; round < 10'000 && !HasFailure(); ++round) {
            std::vector<uint64_t> operands;
            for (uint8_t at = 0; at < instruction.signature.param_count; ++at)
                operands.push_back(cut(random(), instruction.signature.params[at]));
            compare(instruction, reference, operands);
        }
    }
}

// --- what the compiler must not do ---------------------------------------------------------------

/// Passes the operands in the opposite order. Swapping the operands of the instruction would save
/// the compiler some moves, but would change which NaN results.
template<auto function, class T> [[gnu::noinline]] T reversed(T b, T a) { return function(a, b); }

template<auto function> void expect_first_nan(std::string_view text)
{
    EXPECT_EQ(Outcome(reversed<function>(number_of<float>(0x7fc00002), number_of<float>(0x7fc00001))),
        Outcome(0x7fc00001))
        << text;
}
template<auto function> void expect_first_wide_nan(std::string_view text)
{
    EXPECT_EQ(Outcome(reversed<function>(number_of<double>(nan64 + 2), number_of<double>(nan64 + 1))),
        Outcome(nan64 + 1))
        << text;
}

TEST(Numeric, TheFirstOfTwoNansSurvivesWhereverTheyAre)
{
    expect_first_nan<numeric::F32Add>("f32.add");
    expect_first_nan<numeric::F32Sub>("f32.sub");
    expect_first_nan<numeric::F32Mul>("f32.mul");
    expect_first_nan<numeric::F32Div>("f32.div");
    expect_first_nan<numeric::F32Min>("f32.min");
    expect_first_nan<numeric::F32Max>("f32.max");
    expect_first_wide_nan<numeric::F64Add>("f64.add");
    expect_first_wide_nan<numeric::F64Sub>("f64.sub");
    expect_first_wide_nan<numeric::F64Mul>("f64.mul");
    expect_first_wide_nan<numeric::F64Div>("f64.div");
    expect_first_wide_nan<numeric::F64Min>("f64.min");
    expect_first_wide_nan<numeric::F64Max>("f64.max");
}

TEST(Numeric, OperandsThatTheCompilerKnowsGiveTheSameNan)
{
    EXPECT_EQ(Outcome(numeric::F32Sub(inf32, inf32)), Outcome(new_nan32));
    EXPECT_EQ(Outcome(numeric::F32Sqrt(-1)), Outcome(new_nan32));
    EXPECT_EQ(Outcome(numeric::F64Mul(0, inf64)), Outcome(new_nan64));
    EXPECT_EQ(Outcome(numeric::F64Div(0, 0)), Outcome(new_nan64));
    EXPECT_EQ(Outcome(numeric::F64Add(number_of<double>(nan64 - 1), 1)), Outcome(0x7fffffffffffffff));
}

TEST(Numeric, AWayThereAndBackMakesASignallingNanQuiet)
{
    EXPECT_EQ(Outcome(numeric::F32DemoteF64(numeric::F64PromoteF32(number_of<float>(0x7fa00000)))),
        Outcome(0x7fe00000));
}

} // namespace
} // namespace vitrine::core::test
