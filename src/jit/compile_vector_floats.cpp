// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions on v128 with lanes of floats, and conversions. NaNs are those of runtime/vector.h.
#include "jit/function_compiler.h"
#include "jit/packed.h"
#include "runtime/numeric.h"

namespace vitrine::core::jit {

namespace {

/// Predicates of the comparison instructions.
constexpr uint8_t equal = 0, less = 1, less_or_equal = 2, unordered = 3, not_equal = 4;

constexpr uint64_t sign_bits(bool is_f32) { return is_f32 ? repeat32(1u << 31) : uint64_t { 1 } << 63; }

// Powers of 2.
constexpr uint64_t f32_2_31 = repeat32(0x4f00'0000);
constexpr uint64_t f64_2_52 = 0x4330'0000'0000'0000;
// The largest 32-bit numbers.
constexpr uint64_t f64_max_i32 = 0x41df'ffff'ffc0'0000, f64_max_u32 = 0x41ef'ffff'ffe0'0000;

} // namespace

void FunctionCompiler::compare_packed(uint8_t predicate, bool is_f32, bool is_swapped)
{
    const Xmm x = use_xmm(is_swapped ? 0 : 1), y = use_xmm(is_swapped ? 1 : 0);
    pop(2);
    const Xmm to = result_over(x, y);
    is_f32 ? a.cmpps(to, x, y, predicate) : a.cmppd(to, x, y, predicate);
    push(Type::V128, to);
}

/// Like `float_extreme`, without branches.
void FunctionCompiler::packed_extreme(bool is_min, bool is_f32)
{
    compute2([&](Xmm to, Xmm x, Xmm y) {
        const auto extreme = [&](Xmm result, Xmm first, Xmm second) {
            if (is_f32)
                is_min ? a.minps(result, first, second) : a.maxps(result, first, second);
            else
                is_min ? a.minpd(result, first, second) : a.maxpd(result, first, second);
        };
        const Xmm is_nan = allocate_xmm(), other = allocate_xmm();
        extreme(to, x, y);
        extreme(other, y, x);
        is_min ? a.orps(to, to, other) : a.andps(to, to, other);
        is_f32 ? a.addps(other, x, y) : a.addpd(other, x, y);
        is_f32 ? a.cmpps(is_nan, x, y, unordered) : a.cmppd(is_nan, x, y, unordered);
        if (a.processor().avx) {
            a.blendv(to, to, other, is_nan);
        } else {
            a.andps(other, other, is_nan);
            a.andnps(is_nan, is_nan, to);
            a.orps(to, is_nan, other);
        }
    });
}

void FunctionCompiler::round_packed(uint8_t how, bool is_f32)
{
    const Xmm x = use_xmm(0);
    pop();
    const Xmm to = result_over(x);
    is_f32 ? a.roundps(to, x, how) : a.roundpd(to, x, how);
    push(Type::V128, to);
}

void FunctionCompiler::multiply_add(bool is_negated, bool is_f32)
{
    compute3([&](Xmm to, Xmm x, Xmm y, Xmm z) {
        if (is_negated) {
            a.xorps(to, x, constant_in_memory(sign_bits(is_f32), sign_bits(is_f32)));
            x = to;
        }
        is_f32 ? a.mulps(to, x, y) : a.mulpd(to, x, y);
        is_f32 ? a.addps(to, to, z) : a.addpd(to, to, z);
    });
}

bool FunctionCompiler::compile_packed_float(Op op)
{
    using numeric::Rounding;
    switch (op) {
#define FLOATS(lanes, letter, is_f32)                                                                   \
    case Op::lanes##Eq: compare_packed(equal, is_f32, false); return true;                              \
    case Op::lanes##Ne: compare_packed(not_equal, is_f32, false); return true;                          \
    case Op::lanes##Lt: compare_packed(less, is_f32, false); return true;                               \
    case Op::lanes##Gt: compare_packed(less, is_f32, true); return true;                                \
    case Op::lanes##Le: compare_packed(less_or_equal, is_f32, false); return true;                      \
    case Op::lanes##Ge: compare_packed(less_or_equal, is_f32, true); return true;                       \
    case Op::lanes##Ceil: round_packed(static_cast<uint8_t>(Rounding::Up), is_f32); return true;        \
    case Op::lanes##Floor: round_packed(static_cast<uint8_t>(Rounding::Down), is_f32); return true;     \
    case Op::lanes##Trunc: round_packed(static_cast<uint8_t>(Rounding::ToZero), is_f32); return true;   \
    case Op::lanes##Nearest: round_packed(static_cast<uint8_t>(Rounding::ToEven), is_f32); return true; \
    case Op::lanes##Abs:                                                                                \
        push_vector_constant(~sign_bits(is_f32), ~sign_bits(is_f32));                                   \
        packed_binary(PACKED(andps));                                                                   \
        return true;                                                                                    \
    case Op::lanes##Neg:                                                                                \
        push_vector_constant(sign_bits(is_f32), sign_bits(is_f32));                                     \
        packed_binary(PACKED(xorps));                                                                   \
        return true;                                                                                    \
    case Op::lanes##Sqrt: packed_unary(PACKED(sqrtp##letter)); return true;                             \
    case Op::lanes##Add: packed_binary(PACKED(addp##letter)); return true;                              \
    case Op::lanes##Sub: packed_binary(PACKED(subp##letter)); return true;                              \
    case Op::lanes##Mul: packed_binary(PACKED(mulp##letter)); return true;                              \
    case Op::lanes##Div: packed_binary(PACKED(divp##letter)); return true;                              \
    case Op::lanes##Min:                                                                                \
    case Op::lanes##RelaxedMin: packed_extreme(true, is_f32); return true;                              \
    case Op::lanes##Max:                                                                                \
    case Op::lanes##RelaxedMax: packed_extreme(false, is_f32); return true;                             \
    /* The machine's instructions return the second operand unless the first is less or greater. */     \
    case Op::lanes##Pmin: packed_binary(PACKED(minp##letter), true); return true;                       \
    case Op::lanes##Pmax: packed_binary(PACKED(maxp##letter), true); return true;                       \
    case Op::lanes##RelaxedMadd: multiply_add(false, is_f32); return true;                              \
    case Op::lanes##RelaxedNmadd: multiply_add(true, is_f32); return true;
        FLOATS(F32x4, s, true)
        FLOATS(F64x2, d, false)
#undef FLOATS
    default: return false;
    }
}

bool FunctionCompiler::compile_packed_conversion(Op op)
{
    switch (op) {
    case Op::F32x4DemoteF64x2Zero: packed_unary(PACKED(cvtpd2ps)); return true;
    case Op::F64x2PromoteLowF32x4: packed_unary(PACKED(cvtps2pd)); return true;
    case Op::F32x4ConvertI32x4S: packed_unary(PACKED(cvtdq2ps)); return true;
    case Op::F64x2ConvertLowI32x4S: packed_unary(PACKED(cvtdq2pd)); return true;
    case Op::F32x4ConvertI32x4U:
        // The lower halves, and half of the rest. Both convert exactly, so only the sum is rounded.
        compute1([&](Xmm to, Xmm x) {
            const Xmm low = allocate_xmm();
            a.pand(low, x, constant_in_memory(repeat32(0xffff), repeat32(0xffff)));
            a.psubd(to, x, low);
            a.cvtdq2ps(low, low);
            a.psrld_imm(to, to, 1);
            a.cvtdq2ps(to, to);
            a.addps(to, to, to);
            a.addps(to, to, low);
        });
        return true;
    case Op::F64x2ConvertLowI32x4U:
        // A float whose lowest bits are the number, minus the number that the other bits make.
        compute1([&](Xmm to, Xmm x) {
            constexpr uint64_t upper = repeat32(f64_2_52 >> 32);
            a.unpcklps(to, x, constant_in_memory(upper, upper));
            a.subpd(to, to, constant_in_memory(f64_2_52, f64_2_52));
        });
        return true;
    case Op::I32x4TruncSatF32x4S:
    case Op::I32x4RelaxedTruncF32x4S:
        // The machine's result is the smallest number for what does not fit.
        compute1([&](Xmm to, Xmm x) {
            const Xmm other = allocate_xmm();
            a.cmpps(other, x, x, equal);
            a.andps(to, x, other);
            a.movups(other, constant_in_memory(f32_2_31, f32_2_31));
            a.cmpps(other, other, to, less_or_equal);
            a.cvttps2dq(to, to);
            a.pxor(to, to, other);
        });
        return true;
    case Op::I32x4TruncSatF32x4U:
    case Op::I32x4RelaxedTruncF32x4U:
        // Converts x and x - 2^31. If x is at least 2^31, its own result is 2^31, and the sum is
        // right.
        compute1([&](Xmm to, Xmm x) {
            const Xmm other = allocate_xmm(), rest = allocate_xmm();
            zero(other);
            a.maxps(to, x, other);
            a.movups(other, constant_in_memory(f32_2_31, f32_2_31));
            a.subps(rest, to, other);
            a.cmpps(other, other, rest, less_or_equal);
            a.cvttps2dq(to, to);
            a.cvttps2dq(rest, rest);
            a.pxor(rest, rest, other);
            zero(other);
            a.pmaxsd(rest, rest, other);
            a.paddd(to, to, rest);
        });
        return true;
    case Op::I32x4TruncSatF64x2SZero:
    case Op::I32x4RelaxedTruncF64x2SZero:
        // For a NaN, the minimum is the second operand: 0.
        compute1([&](Xmm to, Xmm x) {
            const Xmm most = allocate_xmm();
            a.cmppd(most, x, x, equal);
            a.andpd(most, most, constant_in_memory(f64_max_i32, f64_max_i32));
            a.minpd(to, x, most);
            a.cvttpd2dq(to, to);
        });
        return true;
    case Op::I32x4TruncSatF64x2UZero:
    case Op::I32x4RelaxedTruncF64x2UZero:
        compute1([&](Xmm to, Xmm x) {
            const Xmm none = allocate_xmm();
            zero(none);
            a.maxpd(to, x, none);
            a.minpd(to, to, constant_in_memory(f64_max_u32, f64_max_u32));
            a.roundpd(to, to, static_cast<uint8_t>(numeric::Rounding::ToZero));
            a.addpd(to, to, constant_in_memory(f64_2_52, f64_2_52));
            constexpr uint8_t even_lanes = 0b10'00'10'00;
            a.shufps(to, to, none, even_lanes);
        });
        return true;
    default: return false;
    }
}

} // namespace vitrine::core::jit
