// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/compiler.h"

namespace vitrine::core::jit {

// A placeholder that refuses everything, until there is a compiler.

Processor Processor::current() { return {}; }

std::string_view to_text(CompileRefusal refusal)
{
    return refusal == CompileRefusal::TooLarge ? "the function is too large" : "no memory for compiling";
}

std::expected<CompiledCode, CompileRefusal> compile(const CompileRequest&)
{
    return std::unexpected(CompileRefusal::TooLarge);
}

Note describe(const CompileRequest&, StopPoint) { return {}; }

} // namespace vitrine::core::jit
