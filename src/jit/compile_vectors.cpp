// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions on v128: bits, and lanes of integers. See runtime/vector.h for what each computes.
#include "jit/function_compiler.h"
#include "jit/packed.h"

namespace vitrine::core::jit {

// -- Operands and results

std::optional<Address> FunctionCompiler::vector_in_memory(uint32_t depth)
{
    // Without AVX it must be aligned, as only constants are.
    if (!a.processor().avx && !is_constant(depth))
        return std::nullopt;
    return in_memory_xmm(depth);
}

Xmm FunctionCompiler::target_xmm(uint32_t operands)
{
    const auto pin = result_pin_xmm(operands);
    if (!pin)
        return allocate_xmm();
    for (uint32_t depth = 0; depth < operands; ++depth) {
        const Operand& value = operand(depth);
        if (!is_vector(value.type))
            continue;
        const bool is_register = value.kind == Operand::Kind::Register && Xmm { value.reg } == *pin;
        const int own = value.kind == Operand::Kind::Local ? pin_of(static_cast<uint32_t>(value.value)) : -1;
        if (is_register || (own >= 0 && pin_xmm(static_cast<uint32_t>(own)) == *pin))
            return allocate_xmm();
    }
    return *pin;
}

Xmm FunctionCompiler::result_over(Xmm x, std::optional<Xmm> y)
{
    if (y == x || a.processor().avx)
        y = std::nullopt;
    if (const auto pin = result_pin_xmm(); pin && pin != y)
        return *pin;
    if (is_temp(x) && !(busy_xmms_ & bit(x)) && cached_xmms_[static_cast<size_t>(x)] < 0) {
        busy_xmms_ |= bit(x);
        scratch_xmms_ |= bit(x);
        return x;
    }
    return result_xmm(y);
}

void FunctionCompiler::packed_unary(PackedUnary instruction)
{
    if (const auto memory = vector_in_memory(0)) {
        pop();
        const Xmm to = result_xmm();
        (a.*instruction.from_memory)(to, *memory);
        return push(Type::V128, to);
    }
    const Xmm x = use_xmm(0);
    pop();
    const Xmm to = result_over(x);
    (a.*instruction.from_register)(to, x);
    push(Type::V128, to);
}

void FunctionCompiler::packed_binary(PackedBinary instruction, bool is_swapped)
{
    const uint32_t first = is_swapped ? 0 : 1, second = is_swapped ? 1 : 0;
    const Xmm x = use_xmm(first);
    if (const auto memory = vector_in_memory(second)) {
        pop(2);
        const Xmm to = result_over(x);
        (a.*instruction.with_memory)(to, x, *memory);
        return push(Type::V128, to);
    }
    const Xmm y = use_xmm(second);
    pop(2);
    const Xmm to = result_over(x, y);
    (a.*instruction.with_register)(to, x, y);
    push(Type::V128, to);
}

// -- Bits

/// All bits of a register.
void FunctionCompiler::invert(Xmm to)
{
    const Xmm ones = allocate_xmm();
    fill_with_ones(ones);
    a.pxor(to, to, ones);
    release(ones);
}

// -- Comparisons

void FunctionCompiler::compare_inverted(PackedBinary compare, bool is_swapped)
{
    compute2([&](Xmm to, Xmm x, Xmm y) {
        is_swapped ? (a.*compare.with_register)(to, y, x) : (a.*compare.with_register)(to, x, y);
        invert(to);
    });
}

/// There are only signed comparisons, but a <= b if a is the lesser of both.
void FunctionCompiler::compare_unsigned(PackedBinary extreme, PackedBinary equal, bool is_inverted)
{
    compute2([&](Xmm to, Xmm x, Xmm y) {
        (a.*extreme.with_register)(to, x, y);
        (a.*equal.with_register)(to, to, x);
        if (is_inverted)
            invert(to);
    });
}

// -- Lanes of integers

void FunctionCompiler::negate_packed(PackedBinary subtract)
{
    compute1([&](Xmm to, Xmm x) {
        zero(to);
        (a.*subtract.with_register)(to, to, x);
    });
}

void FunctionCompiler::test_all_true(PackedBinary equal)
{
    const Xmm x = use_xmm(0);
    const Xmm is_zero = allocate_xmm();
    zero(is_zero);
    (a.*equal.with_register)(is_zero, is_zero, x);
    a.ptest(is_zero, is_zero);
    pop();
    finish_condition(Condition::Equal);
}

void FunctionCompiler::bitmask(Op op)
{
    const Xmm x = use_xmm(0);
    const auto pin = result_pin(1);
    const Reg to = pin ? *pin : allocate();
    switch (op) {
    case Op::I8x16Bitmask: a.pmovmskb(to, x); break;
    case Op::I16x8Bitmask: {
        const Xmm bytes = allocate_xmm();
        a.packsswb(bytes, x, x);
        a.pmovmskb(to, bytes);
        a.movzx8(Width::w32, to, to);
        break;
    }
    case Op::I32x4Bitmask: a.movmskps(to, x); break;
    default: a.movmskpd(to, x); break;
    }
    pop();
    push(Type::I32, to);
}

bool FunctionCompiler::compile_packed_integer(Op op)
{
    switch (op) {
    case Op::V128Not:
        compute1([&](Xmm to, Xmm x) {
            fill_with_ones(to);
            a.pxor(to, to, x);
        });
        return true;
    case Op::V128And: packed_binary(PACKED(pand)); return true;
    case Op::V128Andnot: packed_binary(PACKED(pandn), true); return true;
    case Op::V128Or: packed_binary(PACKED(por)); return true;
    case Op::V128Xor: packed_binary(PACKED(pxor)); return true;
    case Op::V128Bitselect:
    case Op::I8x16RelaxedLaneselect:
    case Op::I16x8RelaxedLaneselect:
    case Op::I32x4RelaxedLaneselect:
    case Op::I64x2RelaxedLaneselect:
        compute3([&](Xmm to, Xmm x, Xmm y, Xmm mask) {
            a.pxor(to, x, y);
            a.pand(to, to, mask);
            a.pxor(to, to, y);
        });
        return true;
    case Op::V128AnyTrue: {
        const Xmm x = use_xmm(0);
        a.ptest(x, x);
        pop();
        finish_condition(Condition::NotEqual);
        return true;
    }
    case Op::I8x16AllTrue: test_all_true(PACKED(pcmpeqb)); return true;
    case Op::I16x8AllTrue: test_all_true(PACKED(pcmpeqw)); return true;
    case Op::I32x4AllTrue: test_all_true(PACKED(pcmpeqd)); return true;
    case Op::I64x2AllTrue: test_all_true(PACKED(pcmpeqq)); return true;
    case Op::I8x16Bitmask:
    case Op::I16x8Bitmask:
    case Op::I32x4Bitmask:
    case Op::I64x2Bitmask: bitmask(op); return true;

#define COMPARISONS(lanes, letter)                                                     \
    case Op::lanes##Eq: packed_binary(PACKED(pcmpeq##letter)); return true;            \
    case Op::lanes##Ne: compare_inverted(PACKED(pcmpeq##letter), false); return true;  \
    case Op::lanes##GtS: packed_binary(PACKED(pcmpgt##letter)); return true;           \
    case Op::lanes##LtS: packed_binary(PACKED(pcmpgt##letter), true); return true;     \
    case Op::lanes##LeS: compare_inverted(PACKED(pcmpgt##letter), false); return true; \
    case Op::lanes##GeS: compare_inverted(PACKED(pcmpgt##letter), true); return true;
#define UNSIGNED_COMPARISONS(lanes, letter)                                                                  \
    case Op::lanes##LeU: compare_unsigned(PACKED(pminu##letter), PACKED(pcmpeq##letter), false);             \
        return true;                                                                                         \
    case Op::lanes##GeU: compare_unsigned(PACKED(pmaxu##letter), PACKED(pcmpeq##letter), false);             \
        return true;                                                                                         \
    case Op::lanes##GtU: compare_unsigned(PACKED(pminu##letter), PACKED(pcmpeq##letter), true); return true; \
    case Op::lanes##LtU: compare_unsigned(PACKED(pmaxu##letter), PACKED(pcmpeq##letter), true); return true;
        COMPARISONS(I8x16, b)
        COMPARISONS(I16x8, w)
        COMPARISONS(I32x4, d)
        COMPARISONS(I64x2, q)
        UNSIGNED_COMPARISONS(I8x16, b)
        UNSIGNED_COMPARISONS(I16x8, w)
        UNSIGNED_COMPARISONS(I32x4, d)
#undef COMPARISONS
#undef UNSIGNED_COMPARISONS

#define ARITHMETIC(lanes, letter)                                          \
    case Op::lanes##Add: packed_binary(PACKED(padd##letter)); return true; \
    case Op::lanes##Sub: packed_binary(PACKED(psub##letter)); return true; \
    case Op::lanes##Neg: negate_packed(PACKED(psub##letter)); return true;
#define EXTREMES(lanes, letter)                                              \
    case Op::lanes##Abs: packed_unary(PACKED(pabs##letter)); return true;    \
    case Op::lanes##MinS: packed_binary(PACKED(pmins##letter)); return true; \
    case Op::lanes##MinU: packed_binary(PACKED(pminu##letter)); return true; \
    case Op::lanes##MaxS: packed_binary(PACKED(pmaxs##letter)); return true; \
    case Op::lanes##MaxU: packed_binary(PACKED(pmaxu##letter)); return true;
#define SATURATING(lanes, letter)                                                \
    case Op::lanes##AddSatS: packed_binary(PACKED(padds##letter)); return true;  \
    case Op::lanes##AddSatU: packed_binary(PACKED(paddus##letter)); return true; \
    case Op::lanes##SubSatS: packed_binary(PACKED(psubs##letter)); return true;  \
    case Op::lanes##SubSatU: packed_binary(PACKED(psubus##letter)); return true; \
    case Op::lanes##AvgrU: packed_binary(PACKED(pavg##letter)); return true;
        ARITHMETIC(I8x16, b)
        ARITHMETIC(I16x8, w)
        ARITHMETIC(I32x4, d)
        ARITHMETIC(I64x2, q)
        EXTREMES(I8x16, b)
        EXTREMES(I16x8, w)
        EXTREMES(I32x4, d)
        SATURATING(I8x16, b)
        SATURATING(I16x8, w)
#undef ARITHMETIC
#undef EXTREMES
#undef SATURATING
    case Op::I16x8Mul: packed_binary(PACKED(pmullw)); return true;
    case Op::I32x4Mul: packed_binary(PACKED(pmulld)); return true;
    case Op::I64x2Mul: multiply_longs(); return true;
    case Op::I64x2Abs:
        compute1([&](Xmm to, Xmm x) {
            const Xmm sign = allocate_xmm();
            zero(sign);
            a.pcmpgtq(sign, sign, x);
            a.pxor(to, x, sign);
            a.psubq(to, to, sign);
        });
        return true;
    case Op::I8x16Popcnt:
        // Looks up each half of a byte.
        compute1([&](Xmm to, Xmm x) {
            const Address low_bits = constant_in_memory(repeat8(0x0f), repeat8(0x0f));
            const Address counts = constant_in_memory(0x0302'0201'0201'0100, 0x0403'0302'0302'0201);
            const Xmm low = allocate_xmm(), high = allocate_xmm();
            a.pand(low, x, low_bits);
            a.psrlw_imm(high, x, 4);
            a.pand(high, high, low_bits);
            a.movups(to, counts);
            a.pshufb(to, to, low);
            a.movups(low, counts);
            a.pshufb(low, low, high);
            a.paddb(to, to, low);
        });
        return true;
    default: return false;
    }
}

// -- Shifts

Xmm FunctionCompiler::shift_count(uint8_t bits)
{
    const Reg number = take(0);
    a.and_(Width::w32, number, bits - 1);
    const Xmm count = allocate_xmm();
    a.movd(Width::w32, count, number);
    return count;
}

void FunctionCompiler::shift_packed(
    PackedBinary by_register, void (Assembler::*by_constant)(Xmm, Xmm, uint8_t), uint8_t bits)
{
    const Xmm x = use_xmm(1);
    if (is_constant(0)) {
        const auto count = static_cast<uint8_t>(operand(0).value & (bits - 1u));
        pop(2);
        const Xmm to = result_over(x);
        (a.*by_constant)(to, x, count);
        return push(Type::V128, to);
    }
    const Xmm count = shift_count(bits);
    const Xmm to = target_xmm(2);
    (a.*by_register.with_register)(to, x, count);
    pop(2);
    push(Type::V128, to);
}

/// There are no shifts of bytes: shifts words, without the bits that cross to the other byte.
void FunctionCompiler::shift_bytes(Op op)
{
    const Xmm x = use_xmm(1);
    const bool is_known = is_constant(0);
    const auto known = static_cast<uint8_t>(operand(0).value & 7);
    const Xmm to = target_xmm(2);
    const auto finish = [&] {
        pop(2);
        push(Type::V128, to);
    };
    if (op == Op::I8x16ShrS) {
        // Each byte into the upper half of a word.
        const Xmm high = allocate_xmm();
        a.punpckhbw(high, x, x);
        a.punpcklbw(to, x, x);
        if (is_known) {
            a.psraw_imm(high, high, known + 8);
            a.psraw_imm(to, to, known + 8);
        } else {
            const Reg number = take(0);
            a.and_(Width::w32, number, 7);
            a.add(Width::w32, number, 8);
            const Xmm count = allocate_xmm();
            a.movd(Width::w32, count, number);
            a.psraw(high, high, count);
            a.psraw(to, to, count);
        }
        a.packsswb(to, to, high);
        return finish();
    }
    if (is_known) {
        const uint64_t kept = repeat8(static_cast<uint8_t>(0xff >> known));
        const Address mask = constant_in_memory(kept, kept);
        if (op == Op::I8x16Shl) {
            a.pand(to, x, mask);
            a.psllw_imm(to, to, known);
        } else {
            a.psrlw_imm(to, x, known);
            a.pand(to, to, mask);
        }
        return finish();
    }
    const Reg number = take(0);
    const Xmm count = allocate_xmm(), mask = allocate_xmm();
    a.and_(Width::w32, number, 7);
    a.add(Width::w32, number, 8);
    a.movd(Width::w32, count, number);
    fill_with_ones(mask);
    a.psrlw(mask, mask, count);
    a.packuswb(mask, mask, mask);
    a.sub(Width::w32, number, 8);
    a.movd(Width::w32, count, number);
    if (op == Op::I8x16Shl) {
        a.pand(to, x, mask);
        a.psllw(to, to, count);
    } else {
        a.psrlw(to, x, count);
        a.pand(to, to, mask);
    }
    finish();
}

/// Shifts in zeros, then extends from where the sign bit is now: (x ^ sign) - sign.
void FunctionCompiler::shift_long_signed()
{
    const Xmm x = use_xmm(1);
    const Xmm to = target_xmm(2);
    constexpr uint64_t top = uint64_t { 1 } << 63;
    if (is_constant(0)) {
        const auto count = static_cast<uint8_t>(operand(0).value & 63);
        const Address sign = constant_in_memory(top >> count, top >> count);
        a.psrlq_imm(to, x, count);
        a.pxor(to, to, sign);
        a.psubq(to, to, sign);
    } else {
        const Xmm count = shift_count(64);
        const Xmm sign = allocate_xmm();
        a.movups(sign, constant_in_memory(top, top));
        a.psrlq(sign, sign, count);
        a.psrlq(to, x, count);
        a.pxor(to, to, sign);
        a.psubq(to, to, sign);
    }
    pop(2);
    push(Type::V128, to);
}

bool FunctionCompiler::compile_packed_shift(Op op)
{
    switch (op) {
    case Op::I8x16Shl:
    case Op::I8x16ShrS:
    case Op::I8x16ShrU: shift_bytes(op); return true;
    case Op::I16x8Shl: shift_packed(PACKED(psllw), &Assembler::psllw_imm, 16); return true;
    case Op::I16x8ShrS: shift_packed(PACKED(psraw), &Assembler::psraw_imm, 16); return true;
    case Op::I16x8ShrU: shift_packed(PACKED(psrlw), &Assembler::psrlw_imm, 16); return true;
    case Op::I32x4Shl: shift_packed(PACKED(pslld), &Assembler::pslld_imm, 32); return true;
    case Op::I32x4ShrS: shift_packed(PACKED(psrad), &Assembler::psrad_imm, 32); return true;
    case Op::I32x4ShrU: shift_packed(PACKED(psrld), &Assembler::psrld_imm, 32); return true;
    case Op::I64x2Shl: shift_packed(PACKED(psllq), &Assembler::psllq_imm, 64); return true;
    case Op::I64x2ShrS: shift_long_signed(); return true;
    case Op::I64x2ShrU: shift_packed(PACKED(psrlq), &Assembler::psrlq_imm, 64); return true;
    default: return false;
    }
}

bool FunctionCompiler::compile_vector(Op op)
{
    if (info(op).shape != Shape::Vector)
        return compile_lane_op(op);
    return compile_packed_integer(op) || compile_packed_shift(op) || compile_packed_width(op)
        || compile_packed_float(op) || compile_packed_conversion(op) || compile_lane_op(op);
}

} // namespace vitrine::core::jit
