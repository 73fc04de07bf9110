// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Structs and arrays.
#include "jit/function_compiler.h"

namespace vitrine::core::jit {

namespace {

Address field_address(Reg object, const TypeInfo& type, uint32_t field)
{
    return at(object, static_cast<int64_t>(sizeof(Object) + type.field_slots[field] * sizeof(Slot)));
}

} // namespace

void FunctionCompiler::load_part(const Part& part, const Address& from, bool is_signed, uint32_t popped)
{
    pop(popped);
    if (is_vector(part.type)) {
        const Xmm to = result_xmm();
        if (part.type == Type::F32)
            a.movss(to, from);
        else if (part.type == Type::F64)
            a.movsd(to, from);
        else
            a.movups(to, from);
        return push(part.type, to);
    }
    const Reg to = result_reg();
    if (part.packed_bytes == 1)
        is_signed ? a.movsx8(Width::w32, to, from) : a.movzx8(Width::w32, to, from);
    else if (part.packed_bytes == 2)
        is_signed ? a.movsx16(Width::w32, to, from) : a.movzx16(Width::w32, to, from);
    else
        a.mov(width_of(part.type), to, from);
    push(part.type, to);
}

void FunctionCompiler::store_part(Type type, uint32_t bytes, const Address& to, uint32_t popped)
{
    if (type == Type::V128) {
        a.movups(to, use_xmm(0));
    } else if (is_vector(type)) {
        bytes == 4 ? a.movss(to, use_xmm(0)) : a.movsd(to, use_xmm(0));
    } else {
        const Width width = bytes == 1 ? Width::w8
            : bytes == 2               ? Width::w16
            : bytes == 4               ? Width::w32
                                       : Width::w64;
        if (is_constant(0) && (width != Width::w64 || (type != Type::I32 && is_immediate(0))))
            a.mov(width, to, immediate(0));
        else
            a.mov(width, to, use(0));
    }
    pop(popped);
}

Address FunctionCompiler::element_address(const TypeInfo& type, uint32_t array_depth)
{
    constexpr uint32_t max_constant = 1u << 20;
    const uint32_t bytes = type.element_bytes;
    const Reg array = non_null(array_depth);
    const Address length = at(array, offsetof(Object, length));
    if (is_constant(array_depth - 1) && operand(array_depth - 1).value < max_constant) {
        const auto index = static_cast<uint32_t>(operand(array_depth - 1).value);
        a.cmp(Width::w32, length, static_cast<int32_t>(index));
        exit_if(Condition::BelowEqual);
        return at(array, static_cast<int64_t>(sizeof(Object) + uint64_t { index } * bytes));
    }
    const Reg index = use(array_depth - 1);
    a.cmp(Width::w32, index, length);
    exit_if(Condition::AboveEqual);
    if (bytes == 16) {
        const Reg scaled = allocate();
        a.mov(Width::w64, scaled, index);
        a.shl(Width::w64, scaled, 4);
        return at(array, scaled, 0, sizeof(Object));
    }
    return at(array, index, static_cast<uint8_t>(std::countr_zero(bytes)), sizeof(Object));
}

void FunctionCompiler::make_object(ObjectMaker maker, uint64_t argument, uint32_t params)
{
    spill_all();
    store_dirty();
    a.mov(Width::w64, Reg::rdi, at(requests_reg, offsetof(RequestWords, machine)));
    a.lea(Width::w64, Reg::rsi, home(top_slot()));
    a.mov(Reg::rdx, argument);
    a.mov(Reg::rcx, pack(offset_of(instruction_), cursor_));
    a.mov(Reg::r8, request_.function.value);
    a.mov(Reg::rax, reinterpret_cast<uint64_t>(maker));
    a.call(at(requests_reg, offsetof(RequestWords, call_out)));
    forget_after_call_out();
    a.test(Width::w64, Reg::rax, Reg::rax);
    exit_if(Condition::Equal);
    pop(params);
    push(Type::Ref, Reg::rax);
}

bool FunctionCompiler::compile_object(Op op)
{
    const auto read = [&] { return bytecode::read<uint32_t>(next_); };
    switch (op) {
    case Op::StructNew: {
        const uint32_t type = read();
        make_object(make_struct, type, static_cast<uint32_t>(module_.type_infos[type]->field_slots.size()));
        return true;
    }
    case Op::StructNewDefault: make_object(make_default_struct, read(), 0); return true;
    case Op::StructGet:
    case Op::StructGetS:
    case Op::StructGetU: {
        const TypeInfo& type = read_type();
        const uint32_t field = read();
        const Address from = field_address(non_null(0), type, field);
        load_part(Part(type.type.structure()->fields[field]), from, op == Op::StructGetS, 1);
        return true;
    }
    case Op::StructSet: {
        const TypeInfo& type = read_type();
        const uint32_t field = read();
        const Address to = field_address(non_null(1), type, field);
        store_part(this->type(0), sizeof(Slot), to, 2);
        return true;
    }
    case Op::ArrayNew: make_object(make_array, read(), 2); return true;
    case Op::ArrayNewDefault: make_object(make_default_array, read(), 1); return true;
    case Op::ArrayNewFixed: {
        const uint32_t type = read(), length = read();
        make_object(make_fixed_array, pack(type, length), length);
        return true;
    }
    case Op::ArrayNewData: {
        const uint32_t type = read();
        make_object(make_array_of_data, pack(type, read()), 2);
        return true;
    }
    case Op::ArrayNewElem: {
        const uint32_t type = read();
        make_object(make_array_of_elem, pack(type, read()), 2);
        return true;
    }
    case Op::ArrayGet:
    case Op::ArrayGetS:
    case Op::ArrayGetU: {
        const TypeInfo& type = read_type();
        const Address from = element_address(type, 1);
        load_part(Part(type.type.array()->element), from, op == Op::ArrayGetS, 2);
        return true;
    }
    case Op::ArraySet: {
        const TypeInfo& type = read_type();
        const Address to = element_address(type, 2);
        store_part(this->type(0), type.element_bytes, to, 3);
        return true;
    }
    case Op::ArrayLen: {
        const Reg array = non_null(0);
        pop();
        const Reg to = result_reg();
        a.mov(Width::w32, to, at(array, offsetof(Object, length)));
        push(Type::I32, to);
        return true;
    }
    case Op::ArrayFill: {
        const TypeInfo& type = read_type();
        call_out(fill_array, type.element_bytes == 16 ? 2 : 1, 4, {});
        return true;
    }
    case Op::ArrayCopy:
        bytecode::skip_immediates(op, next_);
        call_out(copy_array, 0, 5, {});
        return true;
    case Op::ArrayInitData:
        read();
        call_out(init_array_data, read(), 4, {});
        return true;
    case Op::ArrayInitElem:
        read();
        call_out(init_array_elem, read(), 4, {});
        return true;
    default: return false;
    }
}

} // namespace vitrine::core::jit
