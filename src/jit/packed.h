// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "jit/function_compiler.h"

/// The two forms of a machine instruction on vectors, for `PackedUnary` and `PackedBinary`.
#define PACKED(name) { &Assembler::name, &Assembler::name }

namespace vitrine::core::jit {

/// A number in all lanes of half a vector.
constexpr uint64_t repeat8(uint8_t value) { return value * uint64_t { 0x0101'0101'0101'0101 }; }
constexpr uint64_t repeat16(uint16_t value) { return value * uint64_t { 0x0001'0001'0001'0001 }; }
constexpr uint64_t repeat32(uint32_t value) { return uint64_t { value } << 32 | value; }

// In these the result is in a register that none of the operands is in, so that the code may write
// to it early.

template<class Emit> void FunctionCompiler::compute1(const Emit& emit)
{
    const Xmm x = use_xmm(0);
    const Xmm to = target_xmm(1);
    emit(to, x);
    pop();
    push(Type::V128, to);
}

template<class Emit> void FunctionCompiler::compute2(const Emit& emit)
{
    const Xmm x = use_xmm(1), y = use_xmm(0);
    const Xmm to = target_xmm(2);
    emit(to, x, y);
    pop(2);
    push(Type::V128, to);
}

template<class Emit> void FunctionCompiler::compute3(const Emit& emit)
{
    const Xmm x = use_xmm(2), y = use_xmm(1), z = use_xmm(0);
    const Xmm to = target_xmm(3);
    emit(to, x, y, z);
    pop(3);
    push(Type::V128, to);
}

} // namespace vitrine::core::jit
