// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions on v128.
#include "jit/function_compiler.h"

namespace vitrine::core::jit {

bool FunctionCompiler::compile_vector(Op op)
{
    switch (info(op).shape) {
    case Shape::Vector: call_numeric(op); return true;
    default: return false;
    }
}

} // namespace vitrine::core::jit
