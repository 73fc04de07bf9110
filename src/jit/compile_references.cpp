// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// References and objects.
#include "jit/function_compiler.h"

namespace vitrine::core::jit {

bool FunctionCompiler::compile_reference(Op op)
{
    switch (op) {
    case Op::RefNull:
        bytecode::skip_immediates(op, next_);
        push_constant(Type::Ref, 0);
        return true;
    case Op::RefIsNull:
        test_operand();
        finish_condition(Condition::Equal);
        return true;
    case Op::RefFunc: {
        const auto function = bytecode::read<uint32_t>(next_);
        const Reg to = result_reg();
        a.mov(Width::w64, to,
            at(instance_reg, layout_.functions + uint64_t { function } * sizeof(Function*)));
        push(Type::Ref, to);
        return true;
    }
    case Op::RefEq: compare(Condition::Equal, Type::Ref); return true;
    case Op::RefAsNonNull: {
        const Reg value = use(0);
        a.test(Width::w64, value, value);
        exit_if(Condition::Equal);
        return true;
    }
    case Op::BrOnNull: {
        const Reg value = use(0);
        a.test(Width::w64, value, value);
        // The null is not carried.
        const Operand kept = operand(0);
        stack_.pop_back();
        const Label target = edge_to(bytecode::read<uint32_t>(next_));
        stack_.push_back(kept);
        a.jcc(Condition::Equal, target);
        return true;
    }
    case Op::BrOnNonNull: {
        const Reg value = use(0);
        a.test(Width::w64, value, value);
        a.jcc(Condition::NotEqual, edge_to(bytecode::read<uint32_t>(next_)));
        pop();
        return true;
    }
    default: return false;
    }
}

} // namespace vitrine::core::jit
