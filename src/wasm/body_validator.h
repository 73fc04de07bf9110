// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/instruction.h"
#include "wasm/module.h"
#include "wasm/validator.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace vitrine::core {

/// Refuses what belongs to a feature that is off: `simd is switched off: i32x4.add`
Result<void> check_feature(FeatureSet features, Feature feature, std::string_view what, uint64_t offset);

/// `unknown table 3`
std::unexpected<Error> unknown(std::string_view what, uint32_t index, uint64_t offset);

/// Refuses a value type that does not exist or belongs to a feature that is off; `offset` is told.
Result<void> check_value_type(const Module& module, FeatureSet features, ValueType type, uint64_t offset);

/// Whether a value of the module's type `actual` may stand where `expected` is wanted. Its types must be
/// registered. [spec: valid/matching]
bool matches(const Module& module, ValueType actual, ValueType expected);

/// The type of an address in a memory or of an index in a table.
inline ValueType address_type(const Limits& limits) { return limits.is_64 ? ValueType::i64 : ValueType::i32; }

/// Replaces `types` by those of a function's parameters and locals.
Result<void> read_local_types(
    const Module& module, FeatureSet features, FuncIndex function, std::vector<ValueType>& types);

/// `type mismatch in table.copy: expected funcref, got externref`
std::string text_of_mismatch(std::string_view where, const std::string& expected, const std::string& got);
/// `type mismatch: instruction requires [i32 i32] but stack has [i64] in i32.add`
std::string text_of_stack_mismatch(
    std::string_view where, const std::string& expected, const std::string& got);

/// What the metadata of bodies points into; grows with each body of a module, or of a part of it.
struct BodyOutput {
    std::vector<Branch> branches;
    std::vector<LoopHeader> loops;
    std::vector<Handler> handlers;
    std::vector<Catch> catches;
    std::vector<uint32_t> wide_locals;

    struct Sizes {
        uint32_t branches, loops, handlers, catches;
    };
    Sizes sizes() const
    {
        const auto of = [](const auto& list) { return static_cast<uint32_t>(list.size()); };
        return { of(branches), of(loops), of(handlers), of(catches) };
    }
    /// Back to the sizes before a body.
    void shrink(const Sizes& sizes)
    {
        branches.resize(sizes.branches);
        loops.resize(sizes.loops);
        handlers.resize(sizes.handlers);
        catches.resize(sizes.catches);
    }
    /// Takes over what belongs to the next bodies, which have it for themselves so far.
    void append(const BodyOutput& more, std::span<FuncMeta> bodies);
};

/// From here on a list of types is compared and copied as one block of memory. Long lists are rare, but a module may
/// consist of them.
inline constexpr size_t min_long_list = 8;

/// Whether two lists of types, of the same length, are the same.
inline bool are_same(std::span<const ValueType> a, std::span<const ValueType> b)
{
    if (a.size() >= min_long_list)
        return std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
    return std::equal(a.begin(), a.end(), b.begin());
}
static_assert(std::has_unique_object_representations_v<ValueType>);

/// The types of the operands, the last one on top.
class OperandStack {
public:
    OperandStack() { clear(); }
    OperandStack(const OperandStack&) = delete;
    OperandStack& operator=(const OperandStack&) = delete;

    size_t size() const { return static_cast<size_t>(top_ - bottom()); }
    std::span<const ValueType> view() const { return { bottom(), size() }; }
    ValueType back() const { return top_[-1]; }
    void pop_back() { --top_; }
    void push_back(ValueType type)
    {
        if (top_ == cells_.data() + cells_.size()) [[unlikely]]
            make_room(1);
        *top_++ = type;
    }
    /// Only to what is there.
    void shrink(size_t size) { top_ = bottom() + size; }
    void clear() { top_ = bottom(); }

    /// Behind the top there are so many cells afterwards; before the bottom there always are two, without a type.
    void make_room(size_t count)
    {
        const size_t size = this->size();
        if (static_cast<size_t>(cells_.data() + cells_.size() - top_) < count) {
            cells_.resize(2 * cells_.size() + count);
            shrink(size);
        }
    }
    /// Behind the last operand. Whoever has room may write from there on, and say where the last one is then.
    ValueType* top() { return top_; }
    void set_top(ValueType* top) { top_ = top; }
    void append(std::span<const ValueType> types)
    {
        make_room(types.size());
        top_ = std::copy(types.begin(), types.end(), top_);
    }

private:
    static constexpr size_t below = 2;

    ValueType* bottom() { return cells_.data() + below; }
    const ValueType* bottom() const { return cells_.data() + below; }

    std::vector<ValueType> cells_ = std::vector<ValueType>(64);
    ValueType* top_ = nullptr;
};

/// Types one function body or constant expression after the other, as the spec's validation algorithm does, and
/// writes the side table on the way. Its stacks are reused from body to body.
/// [spec: appendix/algorithm]
class BodyValidator {
public:
    BodyValidator(const Module& module, FeatureSet features) : module_(module), features_(features) {}

    /// How many operand slots a frame may have: what a branch can drop.
    static constexpr uint32_t max_operand_slots = Branch::max_dropped;

    /// Validates a body and fills in its metadata.
    Result<void> validate_body(FuncIndex function, FuncMeta& meta, BodyOutput& output);
    /// The state before the instruction at `offset` of a valid body; nothing when none starts there.
    std::optional<InstructionState> find_state(FuncIndex function, CodeOffset offset);
    /// Validates a constant expression that may read the globals before `visible_globals`.
    Result<void> validate_constant(ConstExpr expression, ValueType expected, uint32_t visible_globals);

    /// Functions that `ref.func` may name.
    std::vector<bool> declared_functions;
    /// Whether instructions are taken the short way where there is one. The outcome is the same.
    bool takes_short_way = true;

private:
    static constexpr uint32_t none = UINT32_MAX;

    /// An open block. [spec: appendix/algorithm, control frames]
    struct Control {
        Op op;
        BlockType block {};
        CodeOffset offset = 0;
        /// Operands, and slots of operands, below the block's own.
        uint32_t height = 0;
        uint32_t slot_height = 0;
        /// Slots that a branch to the block's label carries.
        uint32_t label_slots = 0;
        /// Whether the block's beginning can be reached.
        bool is_live = true;
        /// Behind an unconditional branch: operands that are not there have any type.
        bool is_unreachable = false;
        /// Of a loop: where branches go.
        CodeOffset loop_offset = 0;
        uint32_t loop_entry = 0;
        /// Forward branches to the block's end: the last one; each names the one before in `entry_delta`.
        uint32_t pending = none;
        /// Of an `if`: its own entry.
        uint32_t if_entry = none;
        /// The br_table that was the last to be checked against the label.
        CodeOffset checked_by = 0;
        /// How many locals had been set for the first time when the block began.
        uint32_t first_set = 0;
        /// Of what catches: its clauses, and where the code ends whose exceptions are caught.
        uint32_t first_catch = Catch::none, last_catch = Catch::none;
        CodeOffset catch_offset = 0;
        /// Of the legacy form: how many `catch` it is in.
        uint32_t catch_depth = 0;
    };

    /// What a reference is in code that cannot be reached.
    static constexpr ValueType bottom_ref = ValueType::ref(bottom_heap, false);

    Control body_control(FuncIndex function) const;
    /// `params` of the locals have a value from the start, whatever their types.
    void begin(Control outermost, BodyOutput& output, size_t params);
    Result<void> validate_code(FuncIndex function, const FuncMeta& meta, BodyOutput& output);
    /// Takes one instruction after the other up to `stop` or the final `end`.
    Result<void> run(ByteReader& in, CodeOffset stop);

    // The typing rules.
    void step_short_ones(ByteReader& in, CodeOffset stop);
    Result<void> step(const Instruction& at);
    Result<void> step_poly(const Instruction& at);
    Result<void> step_branch(const Instruction& at);
    Result<void> step_br_table(const Instruction& at);
    Result<void> step_call(const Instruction& at, const FuncType& callee);
    Result<void> step_call_indirect(const Instruction& at);
    Result<void> step_local(const Instruction& at);
    Result<void> step_global(const Instruction& at);
    Result<void> step_drop(const Instruction& at);
    Result<void> step_select(const Instruction& at);
    void add_width(const Instruction& at, ValueType type);
    Result<void> step_reference(const Instruction& at);
    Result<void> step_null_branch(const Instruction& at);
    Result<void> step_cast(const Instruction& at);
    Result<void> step_cast_branch(const Instruction& at);
    Result<void> pop_fields(const Instruction& at, const StructType& type);
    Result<void> step_struct(const Instruction& at);
    Result<void> step_array(const Instruction& at);
    Result<void> step_array_segment(const Instruction& at);
    Result<void> step_return_call(const Instruction& at, const FuncType& callee);
    Result<void> step_throw(const Instruction& at);
    Result<void> step_try_table(const Instruction& at);
    Result<void> step_catch(const Instruction& at);
    Result<void> step_delegate(const Instruction& at);
    Result<void> step_rethrow(const Instruction& at);
    Result<void> step_table(const Instruction& at);
    Result<void> step_memory(const Instruction& at);
    Result<void> check_constant(const Instruction& at, uint32_t visible_globals) const;

    // Blocks and the side table.
    Result<void> push_control(const Instruction& at);
    void open_control(Op op, BlockType block, CodeOffset offset);
    void add_catch(Control& to, Catch clause);
    void add_handler(const Control& control, CodeOffset end, CodeOffset delegates_to = UINT32_MAX);
    void resolve_catches();
    void set_initialized(uint32_t local);
    void forget_initialized(const Control& control);
    Result<Control> pop_control(const Instruction& at);
    Result<void> end_block(const Instruction& at);
    Control close_control();
    void resolve_pending(const Control& control, CodeOffset target);
    Result<void> else_block(const Instruction& at);
    void set_unreachable();
    bool is_reachable() const { return controls_.back().is_live && !controls_.back().is_unreachable; }
    void add_branch(CodeOffset from, Control& target);
    uint32_t add_entry(CodeOffset from, uint32_t carried, uint32_t dropped);
    void add_pending(Control& control, uint32_t entry);
    void resolve(uint32_t entry, CodeOffset target, uint32_t target_entry);
    uint32_t next_entry() const { return static_cast<uint32_t>(output_->branches.size()); }
    std::span<const ValueType> params_of(const Control& control) const;
    std::span<const ValueType> results_of(const Control& control) const;
    std::span<const ValueType> label_types(const Control& control) const;

    // Operands.
    void push(ValueType type)
    {
        operands_.push_back(type);
        slots_ += type.slots();
        has_wide_ |= type == ValueType::v128;
        max_slots_ = std::max(max_slots_, slots_);
    }
    void push(std::span<const ValueType> types);
    /// Whether exactly these types are on top, as they nearly always are.
    bool has_on_top(std::span<const ValueType> types) const
    {
        return available() >= types.size() && are_same(types, operands_.view().last(types.size()));
    }
    /// Whether values of these types may stand where the others are wanted.
    bool match(std::span<const ValueType> actual, std::span<const ValueType> expected) const;
    void drop_top(size_t count);
    Result<ValueType> pop_any(const Instruction& at);
    /// A reference of any type; `bottom_ref` where there may be any.
    Result<ValueType> pop_ref(const Instruction& at);
    /// Nearly always the very type is there.
    Result<void> pop(const Instruction& at, ValueType expected)
    {
        if (available() == 0 || operands_.back() != expected) [[unlikely]]
            return pop(at, std::span(&expected, 1));
        operands_.pop_back();
        slots_ -= expected.slots();
        return {};
    }
    Result<void> pop(const Instruction& at, std::span<const ValueType> expected);
    Result<void> pop(const Instruction& at, std::initializer_list<ValueType> expected);
    /// Pops what is expected and pushes the same types, which may be supertypes of what was there.
    Result<void> retype(const Instruction& at, std::span<const ValueType> types);
    /// Pops what is expected, pushes the results.
    Result<void> apply(const Instruction& at, std::initializer_list<ValueType> expected,
        std::initializer_list<ValueType> results);
    /// How many of the expected operands are there; in unreachable code the lower ones need not be.
    Result<uint32_t> check_top(const Instruction& at, std::span<const ValueType> expected) const;
    size_t available() const { return operands_.size() - controls_.back().height; }
    std::unexpected<Error> mismatch(
        const Instruction& at, std::span<const ValueType> expected, size_t shown) const;

    // What instructions name.
    Result<void> check_block(const Instruction& at) const;
    Result<void> check_memory_access(const Instruction& at, const OpInfo& row) const;
    Result<void> check_zero_byte(const Instruction& at, Feature feature) const;
    Result<const MemoryDecl*> find_memory(const Instruction& at, uint32_t index) const;
    Result<const TableDecl*> find_table(const Instruction& at, uint32_t index) const;
    Result<ValueType> find_elem(const Instruction& at, uint32_t index) const;
    Result<void> check_lanes(const Instruction& at, const OpInfo& row) const;
    Result<void> check_data(const Instruction& at, uint32_t index) const;
    Result<const FuncType*> find_func_type(const Instruction& at, uint32_t index) const;
    Result<const StructType*> find_struct(const Instruction& at) const;
    Result<const FieldType*> find_array(const Instruction& at, uint32_t index) const;
    Result<const FuncType*> find_tag(const Instruction& at, uint32_t index) const;
    Result<Control*> find_label(const Instruction& at, uint32_t depth);

    const Module& module_;
    const FeatureSet features_;
    BodyOutput* output_ = nullptr;
    /// The output of what is only looked at.
    BodyOutput scratch_;
    uint32_t slots_ = 0;
    uint32_t max_slots_ = 0;
    /// Slots of parameters and locals, and how many hidden ones are needed behind them.
    uint32_t first_hidden_slot_ = 0;
    uint32_t hidden_slots_ = 0;
    /// Whether the body uses v128, so that `drop` and `select` have entries; found out on the way.
    bool is_wide_ = false;
    bool has_wide_ = false;
    std::vector<ValueType> locals_;
    /// Locals without a value at first that have one now, and in which order they got it.
    bool has_unset_locals_ = false;
    std::vector<bool> is_set_;
    std::vector<uint32_t> set_locals_;
    /// Clauses of try_table, with their entries and the offset of the instruction.
    struct PendingCatch {
        uint32_t clause;
        uint32_t entry;
        CodeOffset from;
    };
    std::vector<PendingCatch> pending_catches_;
    OperandStack operands_;
    std::vector<Control> controls_;
};

} // namespace vitrine::core
