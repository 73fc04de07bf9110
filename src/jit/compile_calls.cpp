// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls of functions of the guest.
#include "jit/function_compiler.h"

namespace vitrine::core::jit {

namespace {

// `Function` has a base class, for which `offsetof` works with our compilers but is not portable.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
constexpr size_t meta_offset = offsetof(Function, meta);
#pragma GCC diagnostic pop

} // namespace

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

/// The callee is in a temporary of the instruction. Its index or reference is the topmost operand,
/// whose home is written, so that the interpreter can execute the call again.
void FunctionCompiler::call_checked(const FuncType& type, Reg callee)
{
    spill_all();
    store_dirty();
    if (callee != Reg::rax)
        a.mov(Width::w64, Reg::rax, callee);
    pop();
    emit_call(type, { CallTarget::Kind::Checked });
}

Reg FunctionCompiler::check_callee(TypeIndex type, Reg callee)
{
    const TypeId wanted = module_.type_ids[type];
    const Address actual = at(callee, offsetof(FunctionHead, type));
    if (module_.types[type].is_final) {
        a.cmp(Width::w32, actual, static_cast<int32_t>(wanted.value));
        exit_if(Condition::NotEqual);
        return callee;
    }
    // A function of another type may have a subtype. A C++ function compares the types.
    spill_all();
    store_dirty();
    if (callee != Reg::rax) {
        claim(Reg::rax);
        a.mov(Width::w64, Reg::rax, callee);
        release(callee);
    }
    const Label otherwise = a.new_label(), back = a.new_label();
    a.cmp(Width::w32, at(Reg::rax, offsetof(FunctionHead, type)), static_cast<int32_t>(wanted.value));
    a.jcc(Condition::NotEqual, otherwise);
    a.bind(back);
    forget_registers();
    cold_.push_back(
        { .kind = Cold::Kind::TypeCheck, .begin = otherwise, .to = back, .type = wanted, .exit = exit() });
    return Reg::rax;
}

// -- Tail calls

void FunctionCompiler::move_arguments(const FuncType& type)
{
    const auto first = stack_.size() - type.params.size();
    for (size_t i = first; i < stack_.size(); ++i) {
        Operand& value = stack_[i];
        if (value.kind != Operand::Kind::Local)
            continue;
        // The homes of locals are about to be overwritten.
        const auto local = static_cast<uint32_t>(value.value);
        if (const int pin = pin_of(local); pin >= 0)
            validate(static_cast<uint32_t>(pin));
        else
            spill(value);
    }
    const Reg moved = allocate();
    // Downwards in memory, so in this order none is overwritten before it has moved.
    uint32_t slot = 0;
    for (size_t i = first; i < stack_.size(); ++i) {
        const Operand& value = stack_[i];
        const bool is_pinned = value.kind == Operand::Kind::Local;
        const auto pin = is_pinned ? static_cast<uint32_t>(pin_of(static_cast<uint32_t>(value.value))) : 0;
        if (value.kind == Operand::Kind::Constant) {
            store_constant(slot, value);
        } else if (value.kind == Operand::Kind::Home) {
            for (uint32_t part = 0; part < slots_of(value.type) && value.slot != slot; ++part) {
                a.mov(Width::w64, moved, home(value.slot + part));
                a.mov(Width::w64, home(slot + part), moved);
            }
        } else if (!is_vector(value.type)) {
            a.mov(Width::w64, home(slot), is_pinned ? pin_reg(pin) : Reg { value.reg });
        } else {
            const Xmm from = is_pinned ? pin_xmm(pin) : Xmm { value.reg };
            value.type == Type::V128 ? a.movups(home(slot), from) : a.movsd(home(slot), from);
        }
        slot += slots_of(value.type);
    }
}

/// The callee is in rax, and its arguments are in place.
void FunctionCompiler::jump_to_callee()
{
    a.mov(Width::w64, Reg::rcx, at(Reg::rax, offsetof(FunctionHead, entry)));
    a.add(Width::w64, control_reg, static_cast<int32_t>(RecordLayout::return_to));
    a.jmp(Reg::rcx);
    set_unreachable();
}

/// The callee finds the record of this frame. It must not run out of stack then, because the frame
/// that makes the call is gone.
void FunctionCompiler::tail_call(uint32_t function)
{
    const FuncIndex callee { function };
    const Reg end = allocate();
    a.lea(Width::w64, end, home(module_.meta(callee).frame_slots));
    a.cmp(Width::w64, end, at(requests_reg, offsetof(RequestWords, limit)));
    exit_if(Condition::Above);
    release(end);
    move_arguments(module_.func_type(callee));
    const uint32_t index = function - module_.imported(ExternKind::Func);
    a.lea(Width::w64, Reg::rax,
        at(instance_reg, layout_.own_functions + uint64_t { index } * sizeof(Function)));
    jump_to_callee();
}

void FunctionCompiler::tail_call_checked(const FuncType& type, Reg callee)
{
    a.cmp(Width::w64, instance_reg, at(callee, offsetof(FunctionHead, instance)));
    exit_if(Condition::NotEqual);
    const Reg end = allocate();
    a.mov(Width::w64, end, at(callee, meta_offset));
    a.mov(Width::w32, end, at(end, offsetof(FuncMeta, frame_slots)));
    a.lea(Width::w64, end, at(frame_reg, end, 3));
    a.cmp(Width::w64, end, at(requests_reg, offsetof(RequestWords, limit)));
    exit_if(Condition::Above);
    release(end);
    pop();
    move_arguments(type);
    if (callee != Reg::rax)
        a.mov(Width::w64, Reg::rax, callee);
    jump_to_callee();
}

bool FunctionCompiler::compile_call(Op op)
{
    if (is_tail_call(op) && (access_bits(info(op).state) & key_.watched) != 0) {
        bytecode::skip_immediates(op, next_);
        exit_always();
        set_unreachable();
        return true;
    }
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
    case Op::CallIndirect:
    case Op::ReturnCallIndirect: {
        const TypeIndex type { bytecode::read<uint32_t>(next_) };
        const Reg element = table_element(bytecode::read<uint32_t>(next_), 0);
        a.mov(Width::w64, element, at(element));
        a.test(Width::w64, element, element);
        exit_if(Condition::Equal);
        const Reg callee = check_callee(type, element);
        const FuncType& signature = *module_.types[type].func();
        op == Op::CallIndirect ? call_checked(signature, callee) : tail_call_checked(signature, callee);
        return true;
    }
    case Op::CallRef:
    case Op::ReturnCallRef: {
        const TypeIndex type { bytecode::read<uint32_t>(next_) };
        const FuncType& signature = *module_.types[type].func();
        const Reg value = non_null(0), callee = allocate();
        a.mov(Width::w64, callee, value);
        op == Op::CallRef ? call_checked(signature, callee) : tail_call_checked(signature, callee);
        return true;
    }
    case Op::ReturnCall: {
        const auto function = bytecode::read<uint32_t>(next_);
        if (function < module_.imported(ExternKind::Func)) {
            exit_always();
            set_unreachable();
        } else {
            tail_call(function);
        }
        return true;
    }
    default: return false;
    }
}

} // namespace vitrine::core::jit
