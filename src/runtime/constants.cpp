// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/constants.h"

#include "runtime/objects.h"
#include "runtime/slot.h"
#include "runtime/store.h"
#include "wasm/instruction.h"

namespace vitrine::core {

ConstantEvaluator::ConstantEvaluator(const Instance& instance)
    : instance_(instance), heap_(instance.store->heap), pause_(heap_)
{}

Result<Value> ConstantEvaluator::evaluate(ConstExpr expression, ValueType type)
{
    CHECK(run(expression));
    ASSERT(stack_.size() == type.slots());
    return load_value(type, stack_.data());
}

Result<Slot> ConstantEvaluator::evaluate(ConstExpr expression)
{
    CHECK(run(expression));
    ASSERT(stack_.size() == 1);
    return stack_.front();
}

Result<void> ConstantEvaluator::run(ConstExpr expression)
{
    const Bytes bytes = instance_.module->bytes().subspan(expression.offset, expression.size);
    ByteReader in(bytes, expression.offset);
    stack_.clear();
    for (;;) {
        const auto decoded = decode_instruction(in);
        ASSERT(decoded);
        if (decoded->op == Op::End)
            return {};
        if (info(decoded->op).shape == Shape::Reference)
            CHECK(step_object(*decoded));
        else
            step(*decoded);
    }
}

template<auto function> void ConstantEvaluator::compute()
{
    const TrapKind trap = Apply<function>::run(top());
    ASSERT(trap == no_trap);
    pop(-Apply<function>::moved);
}

void ConstantEvaluator::step(const Instruction& at)
{
    switch (at.op) {
    case Op::I32Const: return push(static_cast<uint32_t>(at.constant));
    case Op::I64Const:
    case Op::F32Const:
    case Op::F64Const: return push(at.constant);
    case Op::V128Const: push(at.constant); return push(at.constant_high);
    case Op::GlobalGet: {
        const Global& global = *instance_.globals[at.index];
        stack_.insert(stack_.end(), global.slots(), global.slots() + global.type.type.slots());
        return;
    }
    case Op::I32Add: return compute<numeric::I32Add>();
    case Op::I32Sub: return compute<numeric::I32Sub>();
    case Op::I32Mul: return compute<numeric::I32Mul>();
    case Op::I64Add: return compute<numeric::I64Add>();
    case Op::I64Sub: return compute<numeric::I64Sub>();
    case Op::I64Mul: return compute<numeric::I64Mul>();
    // Validation rejects all other instructions.
    default: ASSERT(false);
    }
}

Result<void> ConstantEvaluator::step_object(const Instruction& at)
{
    const auto type = [&]() -> const TypeInfo& { return *instance_.types[at.index]; };
    switch (at.op) {
    case Op::RefNull: push(0); return {};
    case Op::RefFunc: push(Ref::of(instance_.functions[at.index]).bits); return {};
    case Op::RefI31: stack_.back() = Ref::i31(static_cast<uint32_t>(stack_.back())).bits; return {};
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny: return {};
    case Op::StructNew: return push_object(struct_new(heap_, type(), top() - type().slots), type().slots);
    case Op::StructNewDefault: return push_object(heap_.make_struct(type()), 0);
    case Op::ArrayNew: {
        const auto length = static_cast<uint32_t>(stack_.back());
        const size_t operands = 1 + element_width(type());
        return push_object(array_new(heap_, type(), top() - operands, length), operands);
    }
    case Op::ArrayNewDefault:
        return push_object(heap_.make_array(type(), static_cast<uint32_t>(stack_.back())), 1);
    case Op::ArrayNewFixed: {
        const size_t operands = size_t { at.index2 } * element_width(type());
        return push_object(array_new_fixed(heap_, type(), top() - operands, at.index2), operands);
    }
    default: ASSERT(false); return {};
    }
}

Result<void> ConstantEvaluator::push_object(const Object* object, size_t operand_slots)
{
    if (!object)
        return failure("the heap is full: cannot allocate an object of a constant expression");
    pop(operand_slots);
    push(Ref::of(object).bits);
    return {};
}

} // namespace vitrine::core
