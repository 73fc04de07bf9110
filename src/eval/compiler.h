// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/program.h"
#include "eval/scope.h"
#include "eval/syntax.h"
#include "wasm/validator.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vitrine::core::eval {

/// A place that a value is read from and written to: the steps that do it once the address of the
/// place is on the stack.
struct Target {
    Type type;
    Step::Run read;
    /// Null if the place cannot be written; `refusal` says why.
    Step::Run write;
    uint64_t operand = 0;
    uint32_t extra = 0;
    /// The number of slots that the address takes on the stack.
    uint32_t inputs = 0;
    std::string refusal {};
    /// 8 or 16 for an integer of 1 or 2 bytes, else 0.
    uint32_t bits = 0;
};

/// Turns nodes into steps. It knows the type of each value that the steps leave on the stack.
/// places.cpp has the part for places, which can be written.
class Compiler {
public:
    explicit Compiler(const Scope& scope) : scope_(scope), module_(*scope.module)
    {
        program_.module = scope.module;
    }

    Result<Type> emit(const Node& node);
    Result<void> emit_assignment(const ParsedAssignment& assignment);
    /// A place that can be watched. The steps leave its address or index, if it has one.
    struct Place {
        Syntax kind;
        /// The index of the local, global, memory or table.
        uint32_t index;
        /// The number of bytes in the memory.
        uint32_t size = 0;
    };
    Result<Place> emit_place(const Node& node);
    Program take() { return std::move(program_); }

private:
    // -- Steps

    Result<void> step(Step::Run run, const Node& node, uint32_t popped, uint32_t pushed, uint64_t operand = 0,
        uint32_t extra = 0)
    {
        program_.steps.push_back({ run, operand, extra, node.position });
        slots_ += pushed - popped;
        if (slots_ > Program::max_slots)
            return failure("too deeply nested", node.position);
        return {};
    }
    size_t here() const { return program_.steps.size(); }
    /// Whether the steps in that range only push a number.
    bool is_constant(size_t begin, size_t end) const;
    void convert_at(size_t at, const Node& node, NumberKind from, NumberKind to);
    Result<void> fold(size_t begin);

    // -- Kinds of nodes

    Result<Type> emit_integer(const Node& node);
    Result<Type> emit_text(const Node& node);
    Result<Type> emit_function(const Node& node);
    Result<Type> emit_cast(const Node& node);
    Result<Type> emit_as_type(const Node& node);
    Result<Type> emit_as_tag(const Node& node);
    Result<Type> emit_is_null(const Node& node);
    Result<Type> emit_length(const Node& node);
    Result<Type> emit_size(const Node& node);
    Result<Type> emit_unary(const Node& node);
    Result<Type> emit_binary(const Node& node);
    Result<Type> emit_numbers(const Node& node, Type left, Type right, size_t begin, size_t middle);
    Result<Type> emit_shift(const Node& node, Type left, Type right);
    Result<Type> emit_logical(const Node& node);
    Result<Type> emit_choice(const Node& node);
    Result<Type> common_type(
        const Node& node, Type one, Type other, bool one_is_constant, bool other_is_constant) const;
    Result<void> emit_condition(const Node& node);
    Result<void> emit_index(const Node& node, bool is_address_32);

    // -- Places: these emit the address

    Result<Target> target(const Node& node);
    Result<Target> local_target(const Node& node, uint32_t index);
    Result<Target> global_target(const Node& node, uint32_t index);
    Result<Target> operand_target(const Node& node);
    Result<Target> memory_target(const Node& node);
    Result<Target> slot_target(const Node& node);
    Result<Target> part_target(const Node& node);
    Result<Target> field_target(const Node& node, std::span<const FieldType> fields, const TypeInfo& info);
    Result<Target> payload_target(const Node& node, const TypeInfo& info);
    Result<Target> element_target(const Node& node, const FieldType& element);
    Result<uint64_t> constant_index(const Node& node);
    Result<void> emit_converted(const Node& node, const Target& target);
    Result<void> check_fits(const Node& node, const Target& target, NumberKind kind, Slot value) const;
    Result<void> check_reference(const Node& node, ValueType value, ValueType wanted);

    Result<Type> type_of(const Node& node, ValueType type) const;
    const TypeInfo* info_of(ValueType type) const
    {
        return type.is_ref() && type.heap() == HeapKind::Defined ? &scope_.types->info({ type.index() })
                                                                 : nullptr;
    }
    std::string text_of(const Type& type) const;

    const Scope& scope_;
    const Module& module_;
    Program program_;
    /// The number of slots that the steps so far leave on the stack.
    uint32_t slots_ = 0;
    // Computed at the first use.
    std::vector<ValueType> locals_;
    std::optional<InstructionState> state_;
};

/// A program that leaves one value of the type on the stack.
struct Compiled {
    Program program;
    Type type;
};
Result<Compiled> compile_expression(const Node& node, const Scope& scope);

/// A place, and a program that leaves its address or index on the stack, if it has one.
struct CompiledPlace {
    Program program;
    Compiler::Place place;
};
Result<CompiledPlace> compile_place(const Node& node, const Scope& scope);

/// A program that writes a value to a place and leaves nothing on the stack.
Result<Program> compile_assignment(const ParsedAssignment& assignment, const Scope& scope);

} // namespace vitrine::core::eval
