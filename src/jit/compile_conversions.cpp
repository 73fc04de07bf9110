// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conversions between numbers.
#include "jit/function_compiler.h"

namespace vitrine::core::jit {

void FunctionCompiler::convert_to_float(Op op)
{
    const Signature& signature = info(op).signature;
    const Type type = type_of(signature.result);
    const bool is_unsigned_long = op == Op::F32ConvertI64U || op == Op::F64ConvertI64U;
    const bool is_short = op == Op::F32ConvertI32S || op == Op::F64ConvertI32S;
    const auto convert = [&](Width width, Xmm to, Reg from) {
        type == Type::F32 ? a.cvtsi2ss(width, to, to, from) : a.cvtsi2sd(width, to, to, from);
    };
    const Reg x = use(0);
    if (!is_unsigned_long) {
        pop();
        const Xmm to = result_xmm();
        a.xorps(to, to, to);
        convert(is_short ? Width::w32 : Width::w64, to, x);
        return push(type, to);
    }
    // Halve large numbers, and keep the lowest bit for the rounding.
    const Reg half = allocate(), low = allocate();
    const Xmm to = allocate_xmm();
    const Label large = a.new_label(), end = a.new_label();
    a.xorps(to, to, to);
    a.test(Width::w64, x, x);
    a.jcc(Condition::Sign, large);
    convert(Width::w64, to, x);
    a.jmp(end);
    a.bind(large);
    a.mov(Width::w64, half, x);
    a.mov(Width::w64, low, x);
    a.shr(Width::w64, half, 1);
    a.and_(Width::w32, low, 1);
    a.or_(Width::w64, half, low);
    convert(Width::w64, to, half);
    type == Type::F32 ? a.addss(to, to, to) : a.addsd(to, to, to);
    a.bind(end);
    pop();
    push(type, to);
}

void FunctionCompiler::truncate(Op op)
{
    const bool is_f32 = info(op).signature.params[0] == ValueKind::F32;
    const Type type = type_of(info(op).signature.result);
    bool is_signed = true;
    switch (op) {
    case Op::I32TruncF32U:
    case Op::I32TruncF64U:
    case Op::I32TruncSatF32U:
    case Op::I32TruncSatF64U: is_signed = false; break;
    case Op::I64TruncF32U:
    case Op::I64TruncF64U:
    case Op::I64TruncSatF32U:
    case Op::I64TruncSatF64U: return call_numeric(op);
    default: break;
    }
    // What does not fit is left to the interpreter: a trap, or the nearest number.
    const Xmm x = use_xmm(0);
    const Reg to = allocate();
    is_f32 ? a.cvttss2si(Width::w64, to, x) : a.cvttsd2si(Width::w64, to, x);
    if (type == Type::I64) {
        // The smallest number says that the processor has no result.
        a.cmp(Width::w64, to, 1);
        exit_if(Condition::Overflow);
    } else {
        const Reg narrow = allocate();
        is_signed ? a.movsx32(Width::w64, narrow, to) : a.mov(Width::w32, narrow, to);
        a.cmp(Width::w64, narrow, to);
        exit_if(Condition::NotEqual);
        if (is_signed)
            a.mov(Width::w32, to, to);
        release(narrow);
    }
    pop();
    push(type, to);
}

void FunctionCompiler::convert_float(Op op)
{
    const Xmm x = use_xmm(0);
    const Xmm to = allocate_xmm();
    a.xorps(to, to, to);
    const bool is_demotion = op == Op::F32DemoteF64;
    is_demotion ? a.cvtsd2ss(to, to, x) : a.cvtss2sd(to, to, x);
    pop();
    push(is_demotion ? Type::F32 : Type::F64, to);
}

void FunctionCompiler::reinterpret(Op op)
{
    switch (op) {
    case Op::I32ReinterpretF32:
    case Op::I64ReinterpretF64: {
        const bool is_short = op == Op::I32ReinterpretF32;
        const Xmm x = use_xmm(0);
        pop();
        const Reg to = result_reg();
        a.movd(is_short ? Width::w32 : Width::w64, to, x);
        return push(is_short ? Type::I32 : Type::I64, to);
    }
    default: {
        const bool is_short = op == Op::F32ReinterpretI32;
        const Reg x = use(0);
        pop();
        const Xmm to = result_xmm();
        a.movd(is_short ? Width::w32 : Width::w64, to, x);
        return push(is_short ? Type::F32 : Type::F64, to);
    }
    }
}

} // namespace vitrine::core::jit
