// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Atomic accesses to memory.
#include "jit/function_compiler.h"

namespace vitrine::core::jit {

bool FunctionCompiler::compile_atomic(Op op)
{
    if (op != Op::AtomicFence)
        return false;
    bytecode::skip_immediates(op, next_);
    a.mfence();
    return true;
}

} // namespace vitrine::core::jit
