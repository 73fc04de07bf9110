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

/// Fails if the feature is disabled: `simd is disabled: i32x4.add`.
Result<void> check_feature(FeatureSet features, Feature feature, std::string_view what, uint64_t offset);

/// `unknown table 3`
std::unexpected<Error> unknown(std::string_view what, uint32_t index, uint64_t offset);

/// Fails if a value type does not exist or needs a disabled feature. Errors have the offset
/// `offset`.
Result<void> check_value_type(const Module& module, FeatureSet features, ValueType type, uint64_t offset);

/// Whether `actual` is a subtype of `expected`. Both are types of the module, whose types must be
/// registered. [spec: valid/matching]
bool matches(const Module& module, ValueType actual, ValueType expected);

/// The type of memory addresses or table indices: i64 if the memory or table has 64-bit limits,
/// else i32.
inline ValueType address_type(const Limits& limits) { return limits.is_64 ? ValueType::i64 : ValueType::i32; }

/// Replaces `types` by the types of a function's parameters and locals.
Result<void> read_local_types(
    const Module& module, FeatureSet features, FuncIndex function, std::vector<ValueType>& types);

/// `type mismatch in table.copy: expected funcref, got externref`
std::string text_of_mismatch(std::string_view where, const std::string& expected, const std::string& got);
/// `type mismatch: instruction requires [i32 i32] but stack has [i64] in i32.add`
std::string text_of_stack_mismatch(
    std::string_view where, const std::string& expected, const std::string& got);

/// The lists that the metadata of function bodies points into. Each validated body appends to them.
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
    /// Drops what the current body has appended.
    void shrink(const Sizes& sizes)
    {
        branches.resize(sizes.branches);
        loops.resize(sizes.loops);
        handlers.resize(sizes.handlers);
        catches.resize(sizes.catches);
    }
    /// Appends the output of `bodies`, which was produced separately, and adjusts the indices in
    /// their metadata.
    void append(const BodyOutput& more, std::span<FuncMeta> bodies);
};

/// From this length on, lists of types are compared and copied as one block of memory. Long lists
/// are rare, but a module can consist of little else.
inline constexpr size_t min_long_list = 8;

/// Whether two lists of types are equal. They must have the same length.
inline bool are_same(std::span<const ValueType> a, std::span<const ValueType> b)
{
    if (a.size() >= min_long_list)
        return std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
    return std::equal(a.begin(), a.end(), b.begin());
}
static_assert(std::has_unique_object_representations_v<ValueType>);

/// The types of the operands. The last one is the top of the stack.
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
    /// `size` must not exceed the current size.
    void shrink(size_t size) { top_ = bottom() + size; }
    void clear() { top_ = bottom(); }

    /// Makes room for `count` cells above the top. Two cells below the bottom always exist; they
    /// have no type.
    void make_room(size_t count)
    {
        const size_t size = this->size();
        if (static_cast<size_t>(cells_.data() + cells_.size() - top_) < count) {
            cells_.resize(2 * cells_.size() + count);
            shrink(size);
        }
    }
    /// The cell above the last operand. After `make_room` the caller may write operands from there
    /// on, and then must call `set_top`.
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

/// Validates function bodies or constant expressions, one after the other, with the algorithm of
/// the specification, and writes the side table at the same time. The stacks are reused from body
/// to body. [spec: appendix/algorithm]
class BodyValidator {
public:
    BodyValidator(const Module& module, FeatureSet features) : module_(module), features_(features) {}

    /// How many operand slots a frame can have: the number that a branch can drop.
    static constexpr uint32_t max_operand_slots = Branch::max_dropped;

    /// Validates a body and fills in its metadata.
    Result<void> validate_body(FuncIndex function, FuncMeta& meta, BodyOutput& output);
    /// The state before the instruction at `offset` of a valid body. Empty if no instruction starts
    /// there.
    std::optional<InstructionState> find_state(FuncIndex function, CodeOffset offset);
    /// Validates a constant expression, which may read only the globals before `visible_globals`.
    Result<void> validate_constant(ConstExpr expression, ValueType expected, uint32_t visible_globals);

    /// Functions that `ref.func` may refer to.
    std::vector<bool> declared_functions;
    /// Whether to use the fast path for common instructions. The result is the same either way.
    bool uses_fast_path = true;

private:
    static constexpr uint32_t none = UINT32_MAX;

    /// An open block. [spec: appendix/algorithm, control frames]
    struct Control {
        Op op;
        BlockType block {};
        CodeOffset offset = 0;
        /// Operands and operand slots below the block's own.
        uint32_t height = 0;
        uint32_t slot_height = 0;
        /// The number of slots that a branch to the block's label carries.
        uint32_t label_slots = 0;
        /// Whether the start of the block is reachable.
        bool is_live = true;
        /// Set after an unconditional branch: missing operands then have any type.
        bool is_unreachable = false;
        /// Only for a loop: the target of branches to it.
        CodeOffset loop_offset = 0;
        uint32_t loop_entry = 0;
        /// The last forward branch to the end of the block. The `entry_delta` of each such branch
        /// leads to the previous one; that of the first is 0.
        uint32_t pending = none;
        /// Only for `if`: its own entry.
        uint32_t if_entry = none;
        /// The last br_table whose operands were checked against the label.
        CodeOffset checked_by = 0;
        /// How many locals had been initialized when the block began.
        uint32_t first_set = 0;
        /// Only for blocks that catch exceptions: their clauses, and the end of the code whose
        /// exceptions they catch.
        uint32_t first_catch = Catch::none, last_catch = Catch::none;
        CodeOffset catch_offset = 0;
        /// Legacy exceptions: the number of enclosing `catch` blocks.
        uint32_t catch_depth = 0;
    };

    /// The type of any reference in unreachable code.
    static constexpr ValueType bottom_ref = ValueType::ref(bottom_heap, false);

    Control body_control(FuncIndex function) const;
    /// The first `params` locals are initialized, whatever their types.
    void begin(Control outermost, BodyOutput& output, size_t params);
    Result<void> validate_code(FuncIndex function, const FuncMeta& meta, BodyOutput& output);
    /// Validates instructions up to `stop` or the final `end`.
    Result<void> run(ByteReader& in, CodeOffset stop);

    // Typing rules.
    void run_fast_path(ByteReader& in, CodeOffset stop);
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
    /// Whether exactly these types are on top of the stack, which is nearly always the case.
    bool has_on_top(std::span<const ValueType> types) const
    {
        return available() >= types.size() && are_same(types, operands_.view().last(types.size()));
    }
    /// Whether each of the `actual` types is a subtype of the expected one. The lists have the same
    /// length.
    bool match(std::span<const ValueType> actual, std::span<const ValueType> expected) const;
    void drop_top(size_t count);
    Result<ValueType> pop_any(const Instruction& at);
    /// Pops a reference of any type. Returns `bottom_ref` if the type is unknown.
    Result<ValueType> pop_ref(const Instruction& at);
    /// The operand nearly always has exactly the expected type.
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
    /// Pops operands of the given types and pushes these types, which can be supertypes of the
    /// actual ones.
    Result<void> retype(const Instruction& at, std::span<const ValueType> types);
    /// Pops the expected operands and pushes the results.
    Result<void> apply(const Instruction& at, std::initializer_list<ValueType> expected,
        std::initializer_list<ValueType> results);
    /// Returns how many of the expected operands there are. In unreachable code the lower ones can
    /// be missing.
    Result<uint32_t> check_top(const Instruction& at, std::span<const ValueType> expected) const;
    size_t available() const { return operands_.size() - controls_.back().height; }
    std::unexpected<Error> mismatch(
        const Instruction& at, std::span<const ValueType> expected, size_t shown) const;

    // Checks of immediates.
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
    /// Receives the side table when it is not needed.
    BodyOutput scratch_;
    uint32_t slots_ = 0;
    uint32_t max_slots_ = 0;
    /// The number of slots of parameters and locals, and the number of hidden slots needed after
    /// them.
    uint32_t first_hidden_slot_ = 0;
    uint32_t hidden_slots_ = 0;
    /// Whether the body uses v128, which gives `drop` and `select` entries in the side table.
    /// `has_wide_` is set when the first v128 is found.
    bool is_wide_ = false;
    bool has_wide_ = false;
    std::vector<ValueType> locals_;
    /// Which locals without a default value have been initialized, and in which order.
    bool has_unset_locals_ = false;
    std::vector<bool> is_set_;
    std::vector<uint32_t> set_locals_;
    /// A clause of a try_table, its entry, and the offset of the try_table.
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
