// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/heap.h"
#include "runtime/instance.h"

#include <vector>

namespace vitrine::core {

struct Instruction;

/// Evaluates the constant expressions of an instance, with the operations that the tiers use. They must
/// be valid, and what they refer to must exist. The collector is paused while the evaluator lives.
/// Error: the heap has no room for an object. [spec: valid/instructions, constant expressions]
class ConstantEvaluator {
public:
    explicit ConstantEvaluator(const Instance& instance);

    /// `type` is that of the expression's result.
    Result<Value> evaluate(ConstExpr expression, ValueType type);
    /// The same for a result that takes one slot: an address, an index, a reference.
    Result<Slot> evaluate(ConstExpr expression);

private:
    Result<void> run(ConstExpr expression);
    void step(const Instruction& at);
    Result<void> step_object(const Instruction& at);
    /// Replaces the topmost slots by the object.
    Result<void> push_object(const Object* object, size_t operand_slots);
    template<auto function> void compute();
    void push(Slot slot) { stack_.push_back(slot); }
    void pop(size_t slots) { stack_.resize(stack_.size() - slots); }
    /// Behind the last operand.
    Slot* top() { return stack_.data() + stack_.size(); }

    const Instance& instance_;
    Heap& heap_;
    Heap::Pause pause_;
    std::vector<Slot> stack_;
};

} // namespace vitrine::core
