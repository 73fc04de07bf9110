// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions on v128 whose lanes of integers become wider or narrower, and products.
#include "jit/function_compiler.h"
#include "jit/packed.h"

namespace vitrine::core::jit {

namespace {

// Orders of 32-bit lanes.
constexpr uint8_t low_pairs = 0b01'01'00'00, high_pairs = 0b11'11'10'10, high_half = 0b11'10'11'10;

} // namespace

void FunctionCompiler::extend_high(PackedUnary extend)
{
    const Xmm x = use_xmm(0);
    pop();
    const Xmm to = result_over(x);
    a.pshufd(to, x, high_half);
    (a.*extend.from_register)(to, to);
    push(Type::V128, to);
}

void FunctionCompiler::multiply_bytes(PackedUnary extend, bool is_high)
{
    compute2([&](Xmm to, Xmm x, Xmm y) {
        const Xmm other = allocate_xmm();
        if (is_high) {
            a.pshufd(to, x, high_half);
            x = to;
            a.pshufd(other, y, high_half);
            y = other;
        }
        (a.*extend.from_register)(to, x);
        (a.*extend.from_register)(other, y);
        a.pmullw(to, to, other);
    });
}

void FunctionCompiler::multiply_words(PackedBinary upper_bits, PackedBinary unpack)
{
    compute2([&](Xmm to, Xmm x, Xmm y) {
        const Xmm upper = allocate_xmm();
        a.pmullw(to, x, y);
        (a.*upper_bits.with_register)(upper, x, y);
        (a.*unpack.with_register)(to, to, upper);
    });
}

void FunctionCompiler::multiply_ints(PackedBinary multiply, bool is_high)
{
    compute2([&](Xmm to, Xmm x, Xmm y) {
        const Xmm other = allocate_xmm();
        a.pshufd(to, x, is_high ? high_pairs : low_pairs);
        a.pshufd(other, y, is_high ? high_pairs : low_pairs);
        (a.*multiply.with_register)(to, to, other);
    });
}

/// The sum of three products of halves.
void FunctionCompiler::multiply_longs()
{
    compute2([&](Xmm to, Xmm x, Xmm y) {
        const Xmm other = allocate_xmm();
        a.psrlq_imm(to, x, 32);
        a.pmuludq(to, to, y);
        a.psrlq_imm(other, y, 32);
        a.pmuludq(other, other, x);
        a.paddq(to, to, other);
        a.psllq_imm(to, to, 32);
        a.pmuludq(other, x, y);
        a.paddq(to, to, other);
    });
}

/// Multiplies the lower and the upper bytes of all words as signed numbers. The machine's
/// instruction saturates, and takes one of the factors as unsigned.
void FunctionCompiler::dot_bytes(bool adds)
{
    const uint32_t operands = adds ? 3 : 2;
    const Xmm x = take_xmm(operands - 1), y = take_xmm(operands - 2);
    const Xmm to = target_xmm(operands);
    const Xmm other = allocate_xmm();
    a.psllw_imm(to, x, 8);
    a.psraw_imm(to, to, 8);
    a.psllw_imm(other, y, 8);
    a.psraw_imm(other, other, 8);
    a.pmullw(to, to, other);
    a.psraw_imm(x, x, 8);
    a.psraw_imm(y, y, 8);
    a.pmullw(x, x, y);
    a.paddw(to, to, x);
    if (adds) {
        a.pmaddwd(to, to, constant_in_memory(repeat16(1), repeat16(1)));
        release(other);
        a.paddd(to, to, use_xmm(0));
    }
    pop(operands);
    push(Type::V128, to);
}

bool FunctionCompiler::compile_packed_width(Op op)
{
    switch (op) {
    case Op::I8x16NarrowI16x8S: packed_binary(PACKED(packsswb)); return true;
    case Op::I8x16NarrowI16x8U: packed_binary(PACKED(packuswb)); return true;
    case Op::I16x8NarrowI32x4S: packed_binary(PACKED(packssdw)); return true;
    case Op::I16x8NarrowI32x4U: packed_binary(PACKED(packusdw)); return true;

#define EXTENSIONS(wide, narrow, letters)                                                    \
    case Op::wide##ExtendLow##narrow##S: packed_unary(PACKED(pmovsx##letters)); return true; \
    case Op::wide##ExtendLow##narrow##U: packed_unary(PACKED(pmovzx##letters)); return true; \
    case Op::wide##ExtendHigh##narrow##S: extend_high(PACKED(pmovsx##letters)); return true; \
    case Op::wide##ExtendHigh##narrow##U: extend_high(PACKED(pmovzx##letters)); return true;
        EXTENSIONS(I16x8, I8x16, bw)
        EXTENSIONS(I32x4, I16x8, wd)
        EXTENSIONS(I64x2, I32x4, dq)
#undef EXTENSIONS

    case Op::I16x8ExtmulLowI8x16S: multiply_bytes(PACKED(pmovsxbw), false); return true;
    case Op::I16x8ExtmulLowI8x16U: multiply_bytes(PACKED(pmovzxbw), false); return true;
    case Op::I16x8ExtmulHighI8x16S: multiply_bytes(PACKED(pmovsxbw), true); return true;
    case Op::I16x8ExtmulHighI8x16U: multiply_bytes(PACKED(pmovzxbw), true); return true;
    case Op::I32x4ExtmulLowI16x8S: multiply_words(PACKED(pmulhw), PACKED(punpcklwd)); return true;
    case Op::I32x4ExtmulLowI16x8U: multiply_words(PACKED(pmulhuw), PACKED(punpcklwd)); return true;
    case Op::I32x4ExtmulHighI16x8S: multiply_words(PACKED(pmulhw), PACKED(punpckhwd)); return true;
    case Op::I32x4ExtmulHighI16x8U: multiply_words(PACKED(pmulhuw), PACKED(punpckhwd)); return true;
    case Op::I64x2ExtmulLowI32x4S: multiply_ints(PACKED(pmuldq), false); return true;
    case Op::I64x2ExtmulLowI32x4U: multiply_ints(PACKED(pmuludq), false); return true;
    case Op::I64x2ExtmulHighI32x4S: multiply_ints(PACKED(pmuldq), true); return true;
    case Op::I64x2ExtmulHighI32x4U: multiply_ints(PACKED(pmuludq), true); return true;

    case Op::I16x8ExtaddPairwiseI8x16S:
        // Products with 1. Here the first factor is the unsigned one.
        compute1([&](Xmm to, Xmm x) {
            a.movups(to, constant_in_memory(repeat8(1), repeat8(1)));
            a.pmaddubsw(to, to, x);
        });
        return true;
    case Op::I16x8ExtaddPairwiseI8x16U:
        compute1([&](Xmm to, Xmm x) { a.pmaddubsw(to, x, constant_in_memory(repeat8(1), repeat8(1))); });
        return true;
    case Op::I32x4ExtaddPairwiseI16x8S:
        compute1([&](Xmm to, Xmm x) { a.pmaddwd(to, x, constant_in_memory(repeat16(1), repeat16(1))); });
        return true;
    case Op::I32x4ExtaddPairwiseI16x8U:
        compute1([&](Xmm to, Xmm x) {
            const Xmm upper = allocate_xmm();
            a.psrld_imm(upper, x, 16);
            a.pand(to, x, constant_in_memory(repeat32(0xffff), repeat32(0xffff)));
            a.paddd(to, to, upper);
        });
        return true;
    case Op::I32x4DotI16x8S: packed_binary(PACKED(pmaddwd)); return true;
    case Op::I16x8RelaxedDotI8x16I7x16S: dot_bytes(false); return true;
    case Op::I32x4RelaxedDotI8x16I7x16AddS: dot_bytes(true); return true;
    case Op::I16x8Q15mulrSatS:
    case Op::I16x8RelaxedQ15mulrS:
        // The machine's instruction overflows for the smallest factors, and only then the product
        // is the smallest number.
        compute2([&](Xmm to, Xmm x, Xmm y) {
            const Xmm overflows = allocate_xmm();
            a.pmulhrsw(to, x, y);
            a.movups(overflows, constant_in_memory(repeat16(0x8000), repeat16(0x8000)));
            a.pcmpeqw(overflows, overflows, to);
            a.pxor(to, to, overflows);
        });
        return true;
    default: return false;
    }
}

} // namespace vitrine::core::jit
