// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/heap.h"
#include "runtime/instance.h"

#include <vector>

namespace vitrine::core {

struct Instruction;

/// Evaluates the constant expressions of an instance, with the same operations as the tiers. The
/// expressions must be valid, and the entities they refer to must exist. The collector is paused
/// while the evaluator exists. Evaluation fails if the heap is full.
/// [spec: valid/instructions, constant expressions]
class ConstantEvaluator {
public:
    explicit ConstantEvaluator(const Instance& instance);

    /// `type` is the type of the result.
    Result<Value> evaluate(ConstExpr expression, ValueType type);
    /// The same for a result that takes one slot: an address, an index or a reference.
    Result<Slot> evaluate(ConstExpr expression);

private:
    Result<void> run(ConstExpr expression);
    void step(const Instruction& at);
    Result<void> step_object(const Instruction& at);
    /// Replaces the topmost slots by a reference to the object. Fails if it is null, because the
    /// heap was full.
    Result<void> push_object(const Object* object, size_t operand_slots);
    template<auto function> void compute();
    void push(Slot slot) { stack_.push_back(slot); }
    void pop(size_t slots) { stack_.resize(stack_.size() - slots); }
    /// The slot above the last operand.
    Slot* top() { return stack_.data() + stack_.size(); }

    const Instance& instance_;
    Heap& heap_;
    Heap::Pause pause_;
    std::vector<Slot> stack_;
};

} // namespace vitrine::core
