// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/instruction.h"
#include "wasm/module.h"
#include "wasm/validator.h"

#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

namespace vitrine::core {

/// Refuses a value type that does not exist or is not supported; `offset` is told.
Result<void> check_value_type(const Module& module, ValueType type, uint64_t offset);

/// What a body's metadata is written into; shared by the bodies of a module.
struct BodyOutput {
    std::vector<Branch> branches;
    std::vector<LoopHeader> loops;
    std::vector<uint16_t> local_weights;
};

/// Types one function body or constant expression after the other, as the spec's validation algorithm does, and
/// writes the side table on the way. Its stacks are reused from body to body.
/// [spec: appendix/algorithm]
class BodyValidator {
public:
    BodyValidator(const Module& module, const TypeRegistry& types) : module_(module), types_(types) {}

    /// Validates a body and fills in its metadata.
    Result<void> validate_body(FuncIndex function, FuncMeta& meta, BodyOutput& output);
    /// The state before the instruction at `offset` of a valid body; nothing when none starts there.
    std::optional<InstructionState> find_state(FuncIndex function, CodeOffset offset);
    /// Validates a constant expression that may read the globals before `visible_globals`.
    Result<void> validate_constant(ConstExpr expression, ValueType expected, uint32_t visible_globals);

    /// Functions that `ref.func` may name.
    std::vector<bool> declared_functions;

private:
    /// An open block. [spec: appendix/algorithm, control frames]
    struct Control {
        Op op;
        BlockType block;
        /// Operands, and slots of operands, below the block's own.
        uint32_t height;
        uint32_t slot_height;
        bool is_unreachable = false;
        /// Of a loop: where branches go.
        CodeOffset loop_offset = 0;
        uint32_t loop_entry = 0;
        /// Forward branches to the block's end: the last one; each names the one before in `entry_delta`.
        uint32_t pending = none;
        /// Of an `if`: its own entry.
        uint32_t if_entry = none;
    };
    static constexpr uint32_t none = UINT32_MAX;

    Result<void> begin(FuncIndex function, BodyOutput* output);
    Result<void> step(const Instruction& at);
    Result<void> step_poly(const Instruction& at);
    Result<void> step_call(const Instruction& at);
    Result<void> step_variable(const Instruction& at);
    Result<void> step_select(const Instruction& at);
    Result<void> step_reference(const Instruction& at);
    Result<void> step_branch(const Instruction& at);
    Result<void> step_table(const Instruction& at);
    Result<void> step_memory(const Instruction& at);
    Result<void> check_constant(const Instruction& at, uint32_t visible_globals);

    Result<void> push_control(const Instruction& at, Op op, const BlockType& block);
    Result<Control> pop_control(const Instruction& at);
    Result<void> end_block(const Instruction& at);
    Result<void> else_block(const Instruction& at);
    void set_unreachable();

    void push(ValueType type);
    void push(std::span<const ValueType> types);
    Result<ValueType> pop(const Instruction& at);
    /// How many of the expected operands are there; in unreachable code the lower ones need not be.
    Result<uint32_t> check_top(const Instruction& at, std::span<const ValueType> expected) const;
    Result<void> pop(const Instruction& at, ValueType expected);
    Result<void> pop(const Instruction& at, std::span<const ValueType> expected);
    Result<void> pop(const Instruction& at, std::initializer_list<ValueType> expected);
    std::unexpected<Error> mismatch(const Instruction& at, std::span<const ValueType> expected) const;
    std::unexpected<Error> unknown(const Instruction& at, std::string_view what, uint32_t index) const;

    Result<void> check_block(const Instruction& at, const BlockType& block) const;
    Result<void> check_memory(const Instruction& at, uint32_t index) const;
    Result<void> check_elem(const Instruction& at) const;
    Result<const Control*> label(const Instruction& at, uint32_t depth) const;
    std::span<const ValueType> params_of(const Control& control) const;
    std::span<const ValueType> results_of(const Control& control) const;
    std::span<const ValueType> label_types(const Control& control) const;
    Result<void> add_branch(const Instruction& at, uint32_t depth);
    uint32_t add_entry(CodeOffset from, uint32_t carried, uint32_t dropped);
    void resolve(uint32_t entry, CodeOffset target, uint32_t target_entry);
    Result<ValueType> use_local(const Instruction& at);
    bool at_end() const { return controls_.empty(); }

    const Module& module_;
    const TypeRegistry& types_;
    const FuncType* type_ = nullptr;
    BodyOutput* output_ = nullptr;
    /// The output of a body that is only looked at.
    BodyOutput scratch_;
    uint32_t first_branch_ = 0;
    uint32_t first_weight_ = 0;
    uint32_t loop_depth_ = 0;
    uint32_t slots_ = 0;
    uint32_t max_slots_ = 0;
    std::vector<ValueType> locals_;
    std::vector<ValueType> operands_;
    std::vector<Control> controls_;
};

} // namespace vitrine::core
