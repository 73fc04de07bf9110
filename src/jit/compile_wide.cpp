// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Integers of 128 bits. [proposal: wide-arithmetic]
#include "jit/function_compiler.h"

namespace vitrine::core::jit {

void FunctionCompiler::add_wide(bool is_sub)
{
    const Reg low = take(3), high = take(2);
    const Reg other_low = use(1), other_high = use(0);
    if (is_sub) {
        a.sub(Width::w64, low, other_low);
        a.sbb(Width::w64, high, other_high);
    } else {
        a.add(Width::w64, low, other_low);
        a.adc(Width::w64, high, other_high);
    }
    pop(4);
    push(Type::I64, low);
    push(Type::I64, high);
}

void FunctionCompiler::multiply_wide(bool is_signed)
{
    use(1);
    use(0);
    claim(Reg::rax);
    claim(Reg::rdx);
    const Reg x = use(1), y = use(0);
    a.mov(Width::w64, Reg::rax, x);
    is_signed ? a.imul_wide(Width::w64, y) : a.mul(Width::w64, y);
    pop(2);
    push(Type::I64, Reg::rax);
    push(Type::I64, Reg::rdx);
}

bool FunctionCompiler::compile_wide(Op op)
{
    switch (op) {
    case Op::I64Add128: add_wide(false); return true;
    case Op::I64Sub128: add_wide(true); return true;
    case Op::I64MulWideS: multiply_wide(true); return true;
    case Op::I64MulWideU: multiply_wide(false); return true;
    default: return false;
    }
}

} // namespace vitrine::core::jit
