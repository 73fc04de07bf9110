// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/body_validator.h"

#include "base/text.h"

#include <algorithm>

namespace vitrine::core {

namespace {

Result<void> check_feature(const Instruction& at)
{
    const FeatureInfo& feature = info(info(at.op).feature);
    if (feature.is_supported) [[likely]]
        return {};
    return failure(
        std::string(feature.flag) + " is not supported: " + std::string(info(at.op).text), at.offset);
}

} // namespace

// Operands.

void BodyValidator::push(ValueType type)
{
    operands_.push_back(type);
    slots_ += type.slots();
    max_slots_ = std::max(max_slots_, slots_);
}

void BodyValidator::push(std::span<const ValueType> types)
{
    for (const ValueType type : types)
        push(type);
}

std::unexpected<Error> BodyValidator::mismatch(
    const Instruction& at, std::span<const ValueType> expected) const
{
    const size_t available = operands_.size() - controls_.back().height;
    const size_t shown = std::min(available, expected.size());
    return failure("type mismatch in " + std::string(info(at.op).text) + ": expected " + to_text(expected)
            + ", got " + to_text(std::span(operands_).last(shown)),
        at.offset);
}

std::unexpected<Error> BodyValidator::unknown(
    const Instruction& at, std::string_view what, uint32_t index) const
{
    return failure("unknown " + std::string(what) + " " + std::to_string(index), at.offset);
}

Result<ValueType> BodyValidator::pop(const Instruction& at)
{
    const Control& control = controls_.back();
    if (operands_.size() == control.height) {
        if (control.is_unreachable)
            return ValueType::bottom;
        return failure(
            "type mismatch in " + std::string(info(at.op).text) + ": expected a value, got []", at.offset);
    }
    const ValueType type = operands_.back();
    operands_.pop_back();
    slots_ -= type.slots();
    return type;
}

Result<void> BodyValidator::pop(const Instruction& at, ValueType expected)
{
    return pop(at, std::span(&expected, 1));
}

Result<uint32_t> BodyValidator::check_top(const Instruction& at, std::span<const ValueType> expected) const
{
    const Control& control = controls_.back();
    const size_t available = operands_.size() - control.height;
    if (available < expected.size() && !control.is_unreachable) [[unlikely]]
        return mismatch(at, expected);
    const size_t checked = std::min(available, expected.size());
    for (size_t i = 1; i <= checked; ++i) {
        const ValueType actual = operands_[operands_.size() - i];
        const ValueType wanted = expected[expected.size() - i];
        if (actual != wanted && !types_.is_subtype(actual, wanted)) [[unlikely]]
            return mismatch(at, expected);
    }
    return static_cast<uint32_t>(checked);
}

Result<void> BodyValidator::pop(const Instruction& at, std::span<const ValueType> expected)
{
    const uint32_t present = TRY(check_top(at, expected));
    for (uint32_t i = 0; i < present; ++i) {
        slots_ -= operands_.back().slots();
        operands_.pop_back();
    }
    return {};
}

Result<void> BodyValidator::pop(const Instruction& at, std::initializer_list<ValueType> expected)
{
    return pop(at, std::span(expected.begin(), expected.size()));
}

// Blocks.

std::span<const ValueType> BodyValidator::params_of(const Control& control) const
{
    if (control.block.kind == BlockType::Kind::Type)
        return module_.types[control.block.type].func()->params;
    return {};
}

std::span<const ValueType> BodyValidator::results_of(const Control& control) const
{
    if (&control == &controls_.front() && type_)
        return type_->results;
    if (control.block.kind == BlockType::Kind::Type)
        return module_.types[control.block.type].func()->results;
    if (control.block.kind == BlockType::Kind::Value)
        return { &control.block.value, 1 };
    return {};
}

std::span<const ValueType> BodyValidator::label_types(const Control& control) const
{
    return control.op == Op::Loop ? params_of(control) : results_of(control);
}

Result<void> BodyValidator::check_block(const Instruction& at, const BlockType& block) const
{
    if (block.kind == BlockType::Kind::Value)
        return check_value_type(module_, block.value, at.offset);
    if (block.kind == BlockType::Kind::Type) {
        const SubType* type = module_.types.find(block.type);
        if (!type || !type->func())
            return unknown(at, "type", block.type.value);
    }
    return {};
}

Result<void> BodyValidator::push_control(const Instruction& at, Op op, const BlockType& block)
{
    if (op != Op::If)
        CHECK(check_block(at, block));
    Control control { op, block, 0, 0 };
    const auto params = params_of(control);
    CHECK(pop(at, params));
    const bool was_unreachable = controls_.back().is_unreachable;
    control.height = static_cast<uint32_t>(operands_.size());
    control.slot_height = slots_;
    if (op == Op::Loop) {
        ++loop_depth_;
        control.loop_offset = at.offset;
        control.loop_entry = static_cast<uint32_t>(output_->branches.size());
        if (!was_unreachable)
            output_->loops.push_back({ at.offset, control.loop_entry, slots_ });
    }
    if (op == Op::If && !was_unreachable)
        control.if_entry = add_entry(at.offset, 0, 0);
    controls_.push_back(control);
    push(params);
    return {};
}

Result<BodyValidator::Control> BodyValidator::pop_control(const Instruction& at)
{
    const auto results = results_of(controls_.back());
    CHECK(pop(at, results));
    if (operands_.size() != controls_.back().height)
        return failure("type mismatch in " + std::string(info(at.op).text) + ": expected " + to_text(results)
                + ", got more values",
            at.offset);
    const Control control = controls_.back();
    controls_.pop_back();
    if (control.op == Op::Loop)
        --loop_depth_;
    return control;
}

void BodyValidator::set_unreachable()
{
    Control& control = controls_.back();
    operands_.resize(control.height);
    slots_ = control.slot_height;
    control.is_unreachable = true;
}

Result<void> BodyValidator::else_block(const Instruction& at)
{
    if (controls_.back().op != Op::If)
        return failure("else without if", at.offset);
    const bool falls_through = !controls_.back().is_unreachable;
    Control control = TRY(pop_control(at));
    if (falls_through) {
        const uint32_t entry = add_entry(at.offset, 0, 0);
        output_->branches[entry].entry_delta = static_cast<int32_t>(control.pending);
        control.pending = entry;
    }
    if (control.if_entry != none)
        resolve(control.if_entry, at.end, static_cast<uint32_t>(output_->branches.size()));
    control.op = Op::Else;
    control.is_unreachable = false;
    controls_.push_back(control);
    push(params_of(control));
    return {};
}

Result<void> BodyValidator::end_block(const Instruction& at)
{
    // Without an else part the operands pass through.
    if (controls_.back().op == Op::If
        && !std::ranges::equal(params_of(controls_.back()), results_of(controls_.back())))
        return failure("type mismatch in if without else: parameters and results differ", at.offset);
    const bool is_function = controls_.size() == 1;
    const std::span<const ValueType> results = results_of(controls_.back());
    const Control control = TRY(pop_control(at));
    const CodeOffset target = is_function ? at.offset : at.end;
    const auto target_entry = static_cast<uint32_t>(output_->branches.size());
    for (uint32_t entry = control.pending; entry != none;) {
        const auto next = static_cast<uint32_t>(output_->branches[entry].entry_delta);
        resolve(entry, target, target_entry);
        entry = next;
    }
    if (control.if_entry != none && control.op == Op::If)
        resolve(control.if_entry, target, target_entry);
    if (is_function)
        return {};
    if (control.block.kind == BlockType::Kind::Value)
        push(control.block.value);
    else
        push(results);
    return {};
}

// Branches.

Result<const BodyValidator::Control*> BodyValidator::label(const Instruction& at, uint32_t depth) const
{
    if (depth >= controls_.size())
        return unknown(at, "label", depth);
    return &controls_[controls_.size() - 1 - depth];
}

uint32_t BodyValidator::add_entry(CodeOffset from, uint32_t carried, uint32_t dropped)
{
    output_->branches.push_back({ static_cast<int32_t>(from), static_cast<int32_t>(none), carried, dropped });
    return static_cast<uint32_t>(output_->branches.size() - 1);
}

/// An entry that waits holds the offset of its instruction in `offset_delta`.
void BodyValidator::resolve(uint32_t entry, CodeOffset target, uint32_t target_entry)
{
    Branch& branch = output_->branches[entry];
    branch.offset_delta = static_cast<int32_t>(target) - branch.offset_delta;
    branch.entry_delta = static_cast<int32_t>(target_entry - entry);
}

Result<void> BodyValidator::add_branch(const Instruction& at, uint32_t depth)
{
    if (controls_.back().is_unreachable)
        return {};
    Control& control = controls_[controls_.size() - 1 - depth];
    const uint32_t carried = slots_of(label_types(control));
    const uint32_t dropped = slots_ - carried - control.slot_height;
    if (carried > Branch::max_carried || dropped > Branch::max_dropped)
        return failure("branch carries or drops more operands than the limit of "
                + std::to_string(Branch::max_carried) + " and " + std::to_string(Branch::max_dropped),
            at.offset);
    const uint32_t entry = add_entry(at.offset, carried, dropped);
    if (control.op == Op::Loop) {
        resolve(entry, control.loop_offset, control.loop_entry);
    } else {
        output_->branches[entry].entry_delta = static_cast<int32_t>(control.pending);
        control.pending = entry;
    }
    return {};
}

Result<void> BodyValidator::step_branch(const Instruction& at)
{
    if (at.op == Op::Return) {
        CHECK(pop(at, type_->results));
        set_unreachable();
        return {};
    }
    if (at.op == Op::BrTable) {
        CHECK(pop(at, ValueType::i32));
        const Control* fallback = TRY(label(at, at.index2));
        const size_t arity = label_types(*fallback).size();
        const uint8_t* next = at.vector.data();
        const auto count = read_valid_leb<uint32_t>(next);
        for (uint32_t i = 0; i <= count; ++i) {
            const auto depth = read_valid_leb<uint32_t>(next);
            const auto types = label_types(*TRY(label(at, depth)));
            if (types.size() != arity)
                return failure("type mismatch in br_table: labels of different arity", at.offset);
            if (auto checked = check_top(at, types); !checked)
                return std::unexpected(std::move(checked).error());
            CHECK(add_branch(at, depth));
        }
        set_unreachable();
        return {};
    }
    if (at.op == Op::BrIf)
        CHECK(pop(at, ValueType::i32));
    const auto types = label_types(*TRY(label(at, at.index)));
    CHECK(pop(at, types));
    push(types);
    CHECK(add_branch(at, at.index));
    if (at.op == Op::Br)
        set_unreachable();
    return {};
}

// Tables and memories.

Result<void> BodyValidator::step_table(const Instruction& at)
{
    const auto table = [&](uint32_t index) -> Result<ValueType> {
        const TableDecl* found = module_.tables.find(TableIndex { index });
        if (!found)
            return unknown(at, "table", index);
        return found->type.element;
    };
    const auto elem = [&](uint32_t index) -> Result<ValueType> {
        if (index >= module_.elems.size())
            return unknown(at, "elem segment", index);
        return module_.elems[index].type;
    };
    constexpr ValueType i32 = ValueType::i32;
    const auto differ = [&](ValueType from, ValueType to) {
        return failure("type mismatch in " + std::string(info(at.op).text) + ": " + from.to_text()
                + " into a table of " + to.to_text(),
            at.offset);
    };
    switch (at.op) {
    case Op::TableGet: {
        const ValueType type = TRY(table(at.index));
        CHECK(pop(at, i32));
        push(type);
        return {};
    }
    case Op::TableSet: return pop(at, { i32, TRY(table(at.index)) });
    case Op::TableSize:
        CHECK(table(at.index));
        push(i32);
        return {};
    case Op::TableGrow:
        CHECK(pop(at, {
            TRY(table(at.index))
            , i32
        }));
        push(i32);
        return {};
    case Op::TableFill:
        return pop(at, {
            i32, TRY(table(at.index))
            , i32
        });
    case Op::TableCopy: {
        const ValueType to = TRY(table(at.index));
        const ValueType from = TRY(table(at.index2));
        if (!types_.is_subtype(from, to))
            return differ(from, to);
        return pop(at, { i32, i32, i32 });
    }
    case Op::TableInit: {
        const ValueType to = TRY(table(at.index2));
        const ValueType from = TRY(elem(at.index));
        if (!types_.is_subtype(from, to))
            return differ(from, to);
        return pop(at, { i32, i32, i32 });
    }
    default: return failure("unknown instruction", at.offset);
    }
}

Result<void> BodyValidator::check_memory(const Instruction& at, uint32_t index) const
{
    if (!module_.memories.contains(MemoryIndex { index }))
        return unknown(at, "memory", index);
    return {};
}

Result<void> BodyValidator::step_memory(const Instruction& at)
{
    constexpr ValueType i32 = ValueType::i32;
    const auto data = [&](uint32_t index) -> Result<void> {
        if (!module_.data_count)
            return failure("data count section required", at.offset);
        if (index >= *module_.data_count)
            return unknown(at, "data segment", index);
        return {};
    };
    switch (at.op) {
    case Op::MemorySize:
        CHECK(check_memory(at, at.index));
        push(i32);
        return {};
    case Op::MemoryGrow:
        CHECK(check_memory(at, at.index));
        CHECK(pop(at, i32));
        push(i32);
        return {};
    case Op::MemoryInit:
        CHECK(check_memory(at, at.index2));
        CHECK(data(at.index));
        return pop(at, { i32, i32, i32 });
    case Op::DataDrop: return data(at.index);
    case Op::MemoryCopy:
        CHECK(check_memory(at, at.index));
        CHECK(check_memory(at, at.index2));
        return pop(at, { i32, i32, i32 });
    case Op::MemoryFill: CHECK(check_memory(at, at.index)); return pop(at, { i32, i32, i32 });
    default: return step_table(at);
    }
}

// Everything else.

Result<ValueType> BodyValidator::use_local(const Instruction& at)
{
    if (at.index >= locals_.size())
        return unknown(at, "local", at.index);
    uint16_t& weight = output_->local_weights[first_weight_ + at.index];
    const uint32_t uses = 1u << std::min(3 * loop_depth_, 16u);
    weight = static_cast<uint16_t>(std::min<uint32_t>(weight + uses, UINT16_MAX));
    return locals_[at.index];
}

Result<void> BodyValidator::step_variable(const Instruction& at)
{
    if (at.op == Op::GlobalGet || at.op == Op::GlobalSet) {
        const GlobalDecl* global = module_.globals.find(GlobalIndex { at.index });
        if (!global)
            return unknown(at, "global", at.index);
        if (at.op == Op::GlobalGet) {
            push(global->type.type);
            return {};
        }
        if (!global->type.is_mutable)
            return failure("immutable global " + std::to_string(at.index), at.offset);
        return pop(at, global->type.type);
    }
    const ValueType type = TRY(use_local(at));
    if (at.op != Op::LocalGet)
        CHECK(pop(at, type));
    if (at.op != Op::LocalSet)
        push(type);
    return {};
}

Result<void> BodyValidator::step_call(const Instruction& at)
{
    const FuncType* callee = nullptr;
    if (at.op == Op::Call) {
        if (!module_.functions.contains(FuncIndex { at.index }))
            return unknown(at, "function", at.index);
        callee = &module_.func_type(FuncIndex { at.index });
    } else {
        const TableDecl* table = module_.tables.find(TableIndex { at.index2 });
        if (!table)
            return unknown(at, "table", at.index2);
        if (!types_.is_subtype(table->type.element, ValueType::funcref))
            return failure("type mismatch in call_indirect: the table holds " + table->type.element.to_text(),
                at.offset);
        const SubType* type = module_.types.find(TypeIndex { at.index });
        if (!type || !type->func())
            return unknown(at, "type", at.index);
        callee = type->func();
        CHECK(pop(at, ValueType::i32));
    }
    CHECK(pop(at, callee->params));
    push(callee->results);
    return {};
}

Result<void> BodyValidator::step_select(const Instruction& at)
{
    CHECK(pop(at, ValueType::i32));
    if (at.op == Op::SelectTyped) {
        if (at.index != 1)
            return failure("invalid result arity", at.offset);
        ByteReader in(at.vector, at.offset);
        CHECK(in.leb<uint32_t>());
        const ValueType type = TRY(decode_value_type(in));
        CHECK(check_value_type(module_, type, at.offset));
        CHECK(pop(at, { type, type }));
        push(type);
        return {};
    }
    const ValueType second = TRY(pop(at));
    const ValueType first = TRY(pop(at));
    const auto is_plain = [](ValueType type) { return !type.is_ref(); };
    if (!is_plain(first) || !is_plain(second)
        || (first != second && first != ValueType::bottom && second != ValueType::bottom))
        return failure("type mismatch in select: expected two numbers of one type, got " + first.to_text()
                + " and " + second.to_text(),
            at.offset);
    push(first == ValueType::bottom ? second : first);
    return {};
}

Result<void> BodyValidator::step_reference(const Instruction& at)
{
    switch (at.op) {
    case Op::RefNull:
        CHECK(check_value_type(module_, at.type, at.offset));
        push(at.type);
        return {};
    case Op::RefIsNull: {
        const ValueType type = TRY(pop(at));
        if (!type.is_ref() && type != ValueType::bottom)
            return failure(
                "type mismatch in ref.is_null: expected a reference, got " + type.to_text(), at.offset);
        push(ValueType::i32);
        return {};
    }
    case Op::RefFunc:
        if (!module_.functions.contains(FuncIndex { at.index }))
            return unknown(at, "function", at.index);
        if (!declared_functions[at.index])
            return failure("undeclared function reference " + std::to_string(at.index), at.offset);
        push(ValueType::funcref);
        return {};
    default: return step_memory(at);
    }
}

Result<void> BodyValidator::step_poly(const Instruction& at)
{
    switch (at.op) {
    case Op::Unreachable: set_unreachable(); return {};
    case Op::Block:
    case Op::Loop: return push_control(at, at.op, at.block);
    case Op::If:
        CHECK(check_block(at, at.block));
        CHECK(pop(at, ValueType::i32));
        return push_control(at, at.op, at.block);
    case Op::Else: return else_block(at);
    case Op::End: return end_block(at);
    case Op::Br:
    case Op::BrIf:
    case Op::BrTable:
    case Op::Return: return step_branch(at);
    case Op::Call:
    case Op::CallIndirect: return step_call(at);
    case Op::Drop: CHECK(pop(at)); return {};
    case Op::Select:
    case Op::SelectTyped: return step_select(at);
    case Op::LocalGet:
    case Op::LocalSet:
    case Op::LocalTee:
    case Op::GlobalGet:
    case Op::GlobalSet: return step_variable(at);
    default: return step_reference(at);
    }
}

Result<void> BodyValidator::step(const Instruction& at)
{
    const OpInfo& row = info(at.op);
    CHECK(check_feature(at));
    if (row.signature.is_poly)
        return step_poly(at);
    if (row.immediate == Immediate::MemArg) {
        CHECK(check_memory(at, at.memory.memory.value));
        if (at.memory.align > 3 || 1u << at.memory.align > row.access_bytes)
            return failure("alignment must not be larger than natural", at.offset);
        if (at.memory.offset > UINT32_MAX)
            return failure("offset out of range", at.offset);
    } else if (row.immediate == Immediate::Data || row.immediate == Immediate::Elem) {
        return at.op == Op::ElemDrop ? check_elem(at) : step_memory(at);
    }
    const Signature& signature = row.signature;
    std::array<ValueType, 3> params;
    std::ranges::copy(signature.params, params.begin());
    CHECK(pop(at, std::span<const ValueType>(params).first(signature.param_count)));
    if (signature.has_result)
        push(signature.result);
    return {};
}

Result<void> BodyValidator::check_elem(const Instruction& at) const
{
    if (at.index >= module_.elems.size())
        return unknown(at, "elem segment", at.index);
    return {};
}

Result<void> BodyValidator::begin(FuncIndex function, BodyOutput* output)
{
    type_ = &module_.func_type(function);
    output_ = output;
    first_branch_ = static_cast<uint32_t>(output->branches.size());
    first_weight_ = static_cast<uint32_t>(output->local_weights.size());
    loop_depth_ = slots_ = max_slots_ = 0;
    operands_.clear();
    controls_.clear();
    locals_ = local_types(module_, function);
    output->local_weights.resize(first_weight_ + locals_.size());
    controls_.push_back({ Op::Block, {}, 0, 0 });
    return {};
}

Result<void> BodyValidator::validate_body(FuncIndex function, FuncMeta& meta, BodyOutput& output)
{
    meta.first_branch = static_cast<uint32_t>(output.branches.size());
    meta.first_loop = static_cast<uint32_t>(output.loops.size());
    meta.first_local_weight = static_cast<uint32_t>(output.local_weights.size());
    CHECK(begin(function, &output));
    for (const ValueType type : locals_)
        CHECK(check_value_type(module_, type, meta.body_offset));
    ByteReader in(
        module_.bytes().subspan(meta.code_offset, meta.end_offset - meta.code_offset), meta.code_offset);
    while (!controls_.empty()) {
        const Instruction instruction = TRY(decode_instruction(in));
        CHECK(step(instruction));
    }
    if (!in.at_end())
        return failure("END opcode expected", in.offset());
    meta.param_slots = slots_of(type_->params);
    meta.result_slots = slots_of(type_->results);
    meta.local_slots = std::max(slots_of(locals_), 1u);
    meta.frame_slots = meta.local_slots + max_slots_;
    meta.local_count = static_cast<uint32_t>(locals_.size());
    meta.branch_count = static_cast<uint32_t>(output.branches.size()) - meta.first_branch;
    meta.loop_count = static_cast<uint32_t>(output.loops.size()) - meta.first_loop;
    return {};
}

std::optional<InstructionState> BodyValidator::find_state(FuncIndex function, CodeOffset offset)
{
    const FuncMeta& meta = module_.meta(function);
    scratch_ = {};
    if (!begin(function, &scratch_))
        return std::nullopt;
    ByteReader in(
        module_.bytes().subspan(meta.code_offset, meta.end_offset - meta.code_offset), meta.code_offset);
    while (!controls_.empty() && in.offset() < offset) {
        const auto instruction = decode_instruction(in);
        if (!instruction || !step(*instruction))
            return std::nullopt;
    }
    if (controls_.empty() || in.offset() != offset)
        return std::nullopt;
    return InstructionState { offset, static_cast<uint32_t>(meta.first_branch + scratch_.branches.size()),
        operands_ };
}

Result<void> BodyValidator::check_constant(const Instruction& at, uint32_t visible_globals)
{
    switch (at.op) {
    case Op::I32Const:
    case Op::I64Const:
    case Op::F32Const:
    case Op::F64Const:
    case Op::I32Add:
    case Op::I32Sub:
    case Op::I32Mul:
    case Op::I64Add:
    case Op::I64Sub:
    case Op::I64Mul:
    case Op::RefNull:
    case Op::RefFunc:
    case Op::End: return {};
    case Op::GlobalGet:
        if (at.index >= visible_globals)
            return unknown(at, "global", at.index);
        if (module_.globals[GlobalIndex { at.index }].type.is_mutable)
            return failure("constant expression required", at.offset);
        return {};
    default: CHECK(check_feature(at)); return failure("constant expression required", at.offset);
    }
}

Result<void> BodyValidator::validate_constant(
    ConstExpr expression, ValueType expected, uint32_t visible_globals)
{
    scratch_ = {};
    type_ = nullptr;
    output_ = &scratch_;
    slots_ = 0;
    operands_.clear();
    locals_.clear();
    controls_.clear();
    controls_.push_back({ Op::Block, { .kind = BlockType::Kind::Value, .value = expected }, 0, 0 });
    ByteReader in(module_.bytes().subspan(expression.offset, expression.size), expression.offset);
    while (!controls_.empty()) {
        const Instruction instruction = TRY(decode_instruction(in));
        CHECK(check_constant(instruction, visible_globals));
        CHECK(step(instruction));
    }
    return {};
}

} // namespace vitrine::core
