// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// References and their types.
#include "jit/function_compiler.h"

#include <algorithm>

namespace vitrine::core::jit {

Reg FunctionCompiler::non_null(uint32_t depth)
{
    const Reg value = use(depth);
    a.test(Width::w64, value, value);
    exit_if(Condition::Equal);
    return value;
}

/// For types that are not defined by the module.
Condition FunctionCompiler::test_abstract_type(HeapKind kind, bool is_nullable)
{
    const Reg value = use(0);
    switch (kind) {
    case HeapKind::Func:
    case HeapKind::Extern:
    case HeapKind::Any:
    case HeapKind::Exn:
        is_nullable ? a.cmp(Width::w64, value, value) : a.test(Width::w64, value, value);
        return is_nullable ? Condition::Equal : Condition::NotEqual;
    case HeapKind::None:
    case HeapKind::NoFunc:
    case HeapKind::NoExtern:
    case HeapKind::NoExn:
        is_nullable ? a.test(Width::w64, value, value) : a.cmp(Width::w64, value, value);
        return is_nullable ? Condition::Equal : Condition::NotEqual;
    default: break;
    }
    const Reg part = allocate();
    const Label end = a.new_label();
    const auto test_i31 = [&] {
        a.mov(Width::w32, part, value);
        a.and_(Width::w32, part, 1);
        a.cmp(Width::w32, part, 1);
    };
    // At the end, the flags are "equal" if the reference has the type.
    if (is_nullable) {
        a.test(Width::w64, value, value);
        a.jcc(Condition::Equal, end);
    } else if (kind != HeapKind::I31) {
        a.cmp(Width::w64, value, 1);
        a.jcc(Condition::Below, end);
    }
    const Address object_kind = at(value, offsetof(Object, kind));
    if (kind == HeapKind::I31) {
        test_i31();
    } else if (kind == HeapKind::Eq) {
        test_i31();
        a.jcc(Condition::Equal, end);
        a.movzx8(Width::w32, part, object_kind);
        static_assert(
            static_cast<int>(Object::Kind::Struct) == 0 && static_cast<int>(Object::Kind::Array) == 1);
        a.test(Width::w32, part, ~1);
    } else {
        const auto wanted = kind == HeapKind::Struct ? Object::Kind::Struct : Object::Kind::Array;
        a.test(Width::w32, value, 1);
        a.jcc(Condition::NotEqual, end);
        a.movzx8(Width::w32, part, object_kind);
        a.cmp(Width::w32, part, static_cast<int32_t>(wanted));
    }
    a.bind(end);
    return Condition::Equal;
}

Condition FunctionCompiler::test_type(int64_t heap, bool is_nullable)
{
    if (heap < 0) {
        const auto* const row =
            std::ranges::find(heap_table, static_cast<uint8_t>(heap & 0x7f), &HeapInfo::code);
        return test_abstract_type(static_cast<HeapKind>(row - heap_table), is_nullable);
    }
    const TypeIndex index { static_cast<uint32_t>(heap) };
    const TypeInfo& type = *module_.type_infos[index.value];
    const bool is_final = module_.types[index].is_final;
    const Reg value = use(0);
    const Reg actual = allocate();
    const Label end = a.new_label();
    // At the end, the flags are "equal" if the reference has the type.
    a.cmp(Width::w64, value, is_nullable ? 0 : 1);
    a.jcc(is_nullable ? Condition::Equal : Condition::Below, end);
    if (type.type.func()) {
        a.cmp(Width::w32, at(value, offsetof(FunctionHead, type)),
            static_cast<int32_t>(module_.type_ids[index].value));
        if (!is_final)
            exit_if(Condition::NotEqual);
    } else {
        a.test(Width::w32, value, 1);
        a.jcc(Condition::NotEqual, end);
        a.mov(Width::w64, actual, at(value, offsetof(Object, type)));
        if (!is_final && type.depth <= TypeInfo::display_size) {
            // Objects of the host have no type.
            a.cmp(Width::w64, actual, 1);
            a.jcc(Condition::Below, end);
            a.mov(Width::w64, actual,
                at(actual, offsetof(TypeInfo, display) + (type.depth - 1) * sizeof(const TypeInfo*)));
        }
        a.cmp(Width::w64, actual, constant_in_memory(reinterpret_cast<uint64_t>(&type)));
        if (!is_final && type.depth > TypeInfo::display_size)
            exit_if(Condition::NotEqual);
    }
    a.bind(end);
    return Condition::Equal;
}

void FunctionCompiler::branch_on_cast(bool is_on_cast)
{
    constexpr uint8_t to_is_nullable = 2;
    const uint8_t flags = *next_++;
    const auto depth = bytecode::read<uint32_t>(next_);
    bytecode::skip_number(next_);
    const auto to = bytecode::read<int64_t>(next_);
    const Condition holds = test_type(to, (flags & to_is_nullable) != 0);
    a.jcc(is_on_cast ? holds : negate(holds), edge_to(depth));
}

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
        a.mov(
            Width::w64, to, at(instance_reg, layout_.functions + uint64_t { function } * sizeof(Function*)));
        push(Type::Ref, to);
        return true;
    }
    case Op::RefEq: compare(Condition::Equal, Type::Ref); return true;
    case Op::RefAsNonNull: non_null(0); return true;
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
    case Op::BrOnCast: branch_on_cast(true); return true;
    case Op::BrOnCastFail: branch_on_cast(false); return true;
    case Op::RefTest:
    case Op::RefTestNull: {
        const Condition holds = test_type(bytecode::read<int64_t>(next_), op == Op::RefTestNull);
        pop();
        finish_condition(holds);
        return true;
    }
    case Op::RefCast:
    case Op::RefCastNull:
        exit_if(negate(test_type(bytecode::read<int64_t>(next_), op == Op::RefCastNull)));
        return true;
    // Nothing changes in the bits.
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny: return true;
    case Op::RefI31: {
        const Reg number = use(0);
        pop();
        const Reg to = result_reg();
        a.lea(Width::w32, to, at(number, number, 0, 1));
        push(Type::Ref, to);
        return true;
    }
    case Op::I31GetS:
    case Op::I31GetU: {
        const Reg value = non_null(0);
        pop();
        const Reg to = result_reg();
        if (to != value)
            a.mov(Width::w32, to, value);
        op == Op::I31GetS ? a.sar(Width::w32, to, 1) : a.shr(Width::w32, to, 1);
        push(Type::I32, to);
        return true;
    }
    default: return compile_object(op);
    }
}

} // namespace vitrine::core::jit
