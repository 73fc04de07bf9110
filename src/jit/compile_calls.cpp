// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls of functions of the guest.
#include "jit/function_compiler.h"

namespace vitrine::core::jit {

void FunctionCompiler::emit_call(const FuncType& type, CallTarget target)
{
    const auto params = static_cast<uint32_t>(type.params.size());
    // The callee's frame begins at the first argument.
    const uint32_t fp_slots = params == 0 ? top_slot() : operand(params - 1).slot;
    const Site site { .function = request_.function,
        .offset = offset_of(next_),
        .entry = cursor_,
        .call_offset = offset_of(instruction_),
        .fp_slots = fp_slots };
    const auto distance = static_cast<int32_t>(fp_slots * sizeof(Slot));
    if (distance != 0)
        a.add(Width::w64, frame_reg, distance);
    const auto call = [&](const Address& to) {
        a.call(to);
        code_.sites.push_back({ a.offset(), site });
    };
    const Address entry = at(Reg::rax, offsetof(FunctionHead, entry));
    switch (target.kind) {
    case CallTarget::Kind::Own: {
        const uint32_t index = target.function - module_.imported(ExternKind::Func);
        a.lea(Width::w64, Reg::rax,
            at(instance_reg, layout_.own_functions + uint64_t { index } * sizeof(Function)));
        call(entry);
        break;
    }
    case CallTarget::Kind::Other:
        a.mov(Width::w64, Reg::rax,
            at(instance_reg, layout_.functions + uint64_t { target.function } * sizeof(Function*)));
        call(at(requests_reg, offsetof(RequestWords, call_other)));
        break;
    case CallTarget::Kind::Checked: {
        const Label other = a.new_label(), back = a.new_label();
        a.cmp(Width::w64, instance_reg, at(Reg::rax, offsetof(FunctionHead, instance)));
        a.jcc(Condition::NotEqual, other);
        call(entry);
        a.bind(back);
        cold_.push_back({ .kind = Cold::Kind::OtherCall, .begin = other, .to = back, .site = site });
        break;
    }
    }
    if (distance != 0)
        a.sub(Width::w64, frame_reg, distance);
    pop(params);
    busy_regs_ = busy_xmms_ = scratch_regs_ = scratch_xmms_ = 0;
    forget_registers();
    push_results(type.results, type.results.size() == 1);
}

/// The callee is in a temporary. Its index or reference is the topmost operand, whose home is
/// written, so that the interpreter can execute the call again.
void FunctionCompiler::call_checked(const FuncType& type, Reg callee)
{
    spill_all();
    store_dirty();
    if (callee != Reg::rax)
        a.mov(Width::w64, Reg::rax, callee);
    pop();
    emit_call(type, { CallTarget::Kind::Checked });
}

bool FunctionCompiler::compile_call(Op op)
{
    switch (op) {
    case Op::Call: {
        const auto function = bytecode::read<uint32_t>(next_);
        spill_all();
        store_dirty();
        const bool is_own = function >= module_.imported(ExternKind::Func);
        emit_call(module_.func_type(FuncIndex { function }),
            { is_own ? CallTarget::Kind::Own : CallTarget::Kind::Other, function });
        return true;
    }
    case Op::CallIndirect: {
        const TypeIndex type { bytecode::read<uint32_t>(next_) };
        const Reg callee = table_element(bytecode::read<uint32_t>(next_), 0);
        a.mov(Width::w64, callee, at(callee));
        a.test(Width::w64, callee, callee);
        exit_if(Condition::Equal);
        a.cmp(Width::w32, at(callee, offsetof(FunctionHead, type)),
            static_cast<int32_t>(module_.type_ids[type].value));
        exit_if(Condition::NotEqual);
        call_checked(*module_.types[type].func(), callee);
        return true;
    }
    case Op::CallRef: {
        const TypeIndex type { bytecode::read<uint32_t>(next_) };
        const Reg callee = take(0);
        a.test(Width::w64, callee, callee);
        exit_if(Condition::Equal);
        call_checked(*module_.types[type].func(), callee);
        return true;
    }
    case Op::ReturnCall:
    case Op::ReturnCallIndirect:
    case Op::ReturnCallRef:
        bytecode::skip_immediates(op, next_);
        exit_always();
        set_unreachable();
        return true;
    default: return false;
    }
}

} // namespace vitrine::core::jit
