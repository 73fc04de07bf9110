// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/body_validator.h"

#include "wasm/decoder.h"

#include <algorithm>
#include <array>

namespace vitrine::core {

namespace {

constexpr ValueType i32 = ValueType::i32;

/// How much is copied: the narrower of two address types.
ValueType size_type(ValueType to, ValueType from) { return to == from ? to : i32; }

/// Code names a type by one byte where it can; `funcref` may be written as `(ref null func)` too.
std::string long_form_of(ValueType type)
{
    return "(ref null " + std::string(info(type.heap()).text) + ") instead of " + type.to_text();
}

/// `expected` operands and what stands in their place.
std::string text_of_mismatch(std::string_view where, const std::string& expected, const std::string& got)
{
    return "type mismatch in " + std::string(where) + ": expected " + expected + ", got " + got;
}

/// The suite names what follows a body that is not closed: nothing, another section, another body.
std::string text_of_missing_end(const Module& module, const FuncMeta& meta)
{
    const std::string text = "the function body has no final end";
    if (meta.end_offset == module.bytes().size())
        return "unexpected end of section or function: " + text;
    if (&meta == &module.bodies.back())
        return "section size mismatch: " + text;
    return "END opcode expected: " + text;
}

constexpr auto is_supported = [] {
    std::array<bool, op_table.size()> supported {};
    for (size_t number = 0; number < op_table.size(); ++number)
        supported[number] = info(op_table[number].feature).is_supported;
    return supported;
}();

} // namespace

std::unexpected<Error> unsupported(Feature feature, std::string_view what, uint64_t offset)
{
    return failure(std::string(info(feature).flag) + " is not supported: " + std::string(what), offset);
}

std::unexpected<Error> unknown(std::string_view what, uint32_t index, uint64_t offset)
{
    return failure("unknown " + std::string(what) + " " + std::to_string(index), offset);
}

// -- Types

Result<void> check_value_type(const Module& module, ValueType type, uint64_t offset)
{
    if (type.kind() == ValueKind::V128)
        return unsupported(Feature::Simd, "v128", offset);
    if (!type.is_ref() || type == ValueType::funcref || type == ValueType::externref)
        return {};
    if (type.heap() == HeapKind::Type && type.index() >= module.types.size())
        return unknown("type", type.index(), offset);
    switch (type.heap()) {
    case HeapKind::Exn:
    case HeapKind::NoExn: return unsupported(Feature::Exceptions, type.to_text(), offset);
    case HeapKind::Func:
    case HeapKind::Extern:
    case HeapKind::Type: return unsupported(Feature::FunctionReferences, type.to_text(), offset);
    default: return unsupported(Feature::Gc, type.to_text(), offset);
    }
}

bool matches(const Module& module, const TypeRegistry& types, ValueType actual, ValueType expected)
{
    const auto canonical = [&](ValueType type) {
        if (!type.is_ref() || type.heap() != HeapKind::Type)
            return type;
        return ValueType::ref(
            HeapKind::Type, type.is_nullable(), module.type_ids[TypeIndex { type.index() }].value);
    };
    return actual == expected || types.is_subtype(canonical(actual), canonical(expected));
}

Result<void> read_local_types(const Module& module, FuncIndex function, std::vector<ValueType>& types)
{
    const std::vector<ValueType>& params = module.func_type(function).params;
    types.assign(params.begin(), params.end());
    const FuncMeta& meta = module.meta(function);
    ByteReader in(
        module.bytes().subspan(meta.body_offset, meta.code_offset - meta.body_offset), meta.body_offset);
    const auto groups = TRY(in.leb<uint32_t>());
    for (uint32_t group = 0; group < groups; ++group) {
        const auto count = TRY(in.leb<uint32_t>());
        const uint64_t offset = in.offset();
        const ValueType type = TRY(decode_value_type(in));
        CHECK(check_value_type(module, type, offset));
        types.insert(types.end(), count, type);
    }
    return {};
}

// -- Operands

void BodyValidator::push(std::span<const ValueType> types)
{
    operands_.insert(operands_.end(), types.begin(), types.end());
    slots_ += slots_of(types);
    max_slots_ = std::max(max_slots_, slots_);
}

/// `shown` is how many of the operands are told, from the top.
std::unexpected<Error> BodyValidator::mismatch(
    const Instruction& at, std::span<const ValueType> expected, size_t shown) const
{
    const std::span<const ValueType> operands = operands_;
    return failure(text_of_mismatch(info(at.op).text, to_text(expected),
                       to_text(operands.last(std::min(shown, available())))),
        at.offset);
}

Result<ValueType> BodyValidator::pop_any(const Instruction& at)
{
    if (available() == 0) {
        if (controls_.back().is_unreachable)
            return ValueType::bottom;
        return failure(text_of_mismatch(info(at.op).text, "a value", "[]"), at.offset);
    }
    const ValueType type = operands_.back();
    operands_.pop_back();
    slots_ -= type.slots();
    return type;
}

Result<uint32_t> BodyValidator::check_top(const Instruction& at, std::span<const ValueType> expected) const
{
    const size_t checked = std::min(available(), expected.size());
    if (checked < expected.size() && !controls_.back().is_unreachable) [[unlikely]]
        return mismatch(at, expected, expected.size());
    for (size_t i = 1; i <= checked; ++i) {
        const ValueType actual = operands_[operands_.size() - i];
        if (!matches(module_, types_, actual, expected[expected.size() - i])) [[unlikely]]
            return mismatch(at, expected, expected.size());
    }
    return static_cast<uint32_t>(checked);
}

Result<void> BodyValidator::pop(const Instruction& at, std::span<const ValueType> expected)
{
    // Nearly always the very types are there.
    size_t count = expected.size();
    if (available() < count || !std::equal(expected.begin(), expected.end(), operands_.end() - count))
        [[unlikely]]
        count = TRY(check_top(at, expected));
    for (; count > 0; --count) {
        slots_ -= operands_.back().slots();
        operands_.pop_back();
    }
    return {};
}

Result<void> BodyValidator::pop(const Instruction& at, std::initializer_list<ValueType> expected)
{
    return pop(at, std::span(expected.begin(), expected.size()));
}

Result<void> BodyValidator::apply(const Instruction& at, std::initializer_list<ValueType> expected,
    std::initializer_list<ValueType> results)
{
    CHECK(pop(at, expected));
    push(std::span(results.begin(), results.size()));
    return {};
}

// -- Blocks

std::span<const ValueType> BodyValidator::params_of(const Control& control) const
{
    if (control.block.kind == BlockType::Kind::Type)
        return module_.types[control.block.type].func()->params;
    return {};
}

std::span<const ValueType> BodyValidator::results_of(const Control& control) const
{
    switch (control.block.kind) {
    case BlockType::Kind::Empty: return {};
    case BlockType::Kind::Value: return { &control.block.value, 1 };
    case BlockType::Kind::Type: return module_.types[control.block.type].func()->results;
    }
    std::unreachable();
}

std::span<const ValueType> BodyValidator::label_types(const Control& control) const
{
    return control.op == Op::Loop ? params_of(control) : results_of(control);
}

Result<void> BodyValidator::check_block(const Instruction& at) const
{
    const BlockType& block = at.block;
    if (block.kind == BlockType::Kind::Value) {
        CHECK(check_value_type(module_, block.value, at.offset));
        if (at.end - at.offset > 2)
            return unsupported(Feature::FunctionReferences, long_form_of(block.value), at.offset);
        return {};
    }
    if (block.kind == BlockType::Kind::Type) {
        const SubType* type = module_.types.find(block.type);
        if (!type || !type->func())
            return unknown("type", block.type.value, at.offset);
    }
    return {};
}

Result<void> BodyValidator::push_control(const Instruction& at)
{
    Control control { .op = at.op, .block = at.block };
    const auto params = params_of(control);
    CHECK(pop(at, params));
    control.height = static_cast<uint32_t>(operands_.size());
    control.slot_height = slots_;
    control.label_slots = slots_of(label_types(control));
    control.is_live = is_reachable();
    if (at.op == Op::Loop) {
        ++loop_depth_;
        control.loop_offset = at.offset;
        control.loop_entry = next_entry();
        if (control.is_live)
            output_->loops.push_back({ at.offset, control.loop_entry, slots_ });
    }
    if (at.op == Op::If && control.is_live)
        control.if_entry = add_entry(at.offset, 0, 0);
    controls_.push_back(control);
    push(params);
    return {};
}

Result<BodyValidator::Control> BodyValidator::pop_control(const Instruction& at)
{
    const auto results = results_of(controls_.back());
    if (available() > results.size())
        return mismatch(at, results, results.size() + 8);
    CHECK(pop(at, results));
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
    const bool falls_through = is_reachable();
    Control control = TRY(pop_control(at));
    if (falls_through)
        add_pending(control, add_entry(at.offset, 0, 0));
    if (control.is_live)
        resolve(control.if_entry, at.end, next_entry());
    control.op = Op::Else;
    control.is_unreachable = false;
    controls_.push_back(control);
    push(params_of(control));
    return {};
}

Result<void> BodyValidator::end_block(const Instruction& at)
{
    const Control& open = controls_.back();
    const bool is_function = controls_.size() == 1;
    const bool has_no_else = open.op == Op::If;
    if (has_no_else) {
        // The missing part passes its parameters on.
        const auto params = params_of(open), results = results_of(open);
        if (!std::ranges::equal(params, results,
                [&](ValueType param, ValueType result) { return matches(module_, types_, param, result); }))
            return failure(text_of_mismatch("if without else", to_text(results), to_text(params)), at.offset);
    }
    const Control control = TRY(pop_control(at));
    const CodeOffset target = is_function ? at.offset : at.end;
    for (uint32_t entry = control.pending; entry != none;) {
        const auto before = static_cast<uint32_t>(output_->branches[entry].entry_delta);
        resolve(entry, target, next_entry());
        entry = before;
    }
    if (has_no_else && control.is_live)
        resolve(control.if_entry, target, next_entry());
    if (!is_function)
        push(results_of(control));
    return {};
}

// -- The side table

/// Until it is resolved an entry holds the offset of its instruction in `offset_delta`.
uint32_t BodyValidator::add_entry(CodeOffset from, uint32_t carried, uint32_t dropped)
{
    output_->branches.push_back({ static_cast<int32_t>(from), 0, carried, dropped });
    return next_entry() - 1;
}

void BodyValidator::add_pending(Control& control, uint32_t entry)
{
    output_->branches[entry].entry_delta = static_cast<int32_t>(control.pending);
    control.pending = entry;
}

void BodyValidator::resolve(uint32_t entry, CodeOffset target, uint32_t target_entry)
{
    Branch& branch = output_->branches[entry];
    branch.offset_delta = static_cast<int32_t>(target - static_cast<CodeOffset>(branch.offset_delta));
    branch.entry_delta = static_cast<int32_t>(target_entry - entry);
}

void BodyValidator::add_branch(const Instruction& at, Control& target)
{
    // A slot for each type of v128, at most: what is carried always fits, and what is dropped by `run`.
    static_assert(2 * limits::params <= Branch::max_carried);
    if (!is_reachable())
        return;
    const uint32_t dropped = slots_ - target.label_slots - target.slot_height;
    const uint32_t entry = add_entry(at.offset, target.label_slots, dropped);
    if (target.op == Op::Loop)
        resolve(entry, target.loop_offset, target.loop_entry);
    else
        add_pending(target, entry);
}

// -- Branches and calls

Result<BodyValidator::Control*> BodyValidator::find_label(const Instruction& at, uint32_t depth)
{
    if (depth >= controls_.size())
        return unknown("label", depth, at.offset);
    return &controls_[controls_.size() - 1 - depth];
}

Result<void> BodyValidator::step_branch(const Instruction& at)
{
    Control& target = *TRY(find_label(at, at.index));
    if (at.op == Op::BrIf)
        CHECK(pop(at, { i32 }));
    const auto types = label_types(target);
    CHECK(pop(at, types));
    push(types);
    add_branch(at, target);
    if (at.op == Op::Br)
        set_unreachable();
    return {};
}

Result<void> BodyValidator::step_br_table(const Instruction& at)
{
    CHECK(pop(at, { i32 }));
    const auto default_types = label_types(*TRY(find_label(at, at.index2)));
    const uint8_t* next = at.vector.data();
    const auto count = read_valid_leb<uint32_t>(next);
    for (uint32_t i = 0; i <= count; ++i) {
        const auto depth = read_valid_leb<uint32_t>(next);
        Control& target = *TRY(find_label(at, depth));
        if (target.checked_by != at.offset) {
            const auto types = label_types(target);
            if (types.size() != default_types.size())
                return failure(
                    text_of_mismatch("br_table", to_text(default_types) + " as for the default label",
                        to_text(types) + " for label " + std::to_string(depth)),
                    at.offset);
            CHECK(check_top(at, types));
            target.checked_by = at.offset;
        }
        add_branch(at, target);
    }
    set_unreachable();
    return {};
}

Result<void> BodyValidator::step_call(const Instruction& at, const FuncType& callee)
{
    CHECK(pop(at, callee.params));
    push(callee.results);
    return {};
}

Result<void> BodyValidator::step_call_indirect(const Instruction& at)
{
    const TableDecl& table = *TRY(find_table(at, at.index2));
    if (!matches(module_, types_, table.type.element, ValueType::funcref))
        return failure(
            text_of_mismatch("call_indirect", "a table of funcref", table.type.element.to_text()), at.offset);
    const SubType* type = module_.types.find(TypeIndex { at.index });
    if (!type || !type->func())
        return unknown("type", at.index, at.offset);
    CHECK(pop(at, { address_type(table.type.limits) }));
    return step_call(at, *type->func());
}

// -- Variables, select, references

Result<void> BodyValidator::step_local(const Instruction& at)
{
    if (at.index >= locals_.size())
        return unknown("local", at.index, at.offset);
    uint16_t& weight = output_->local_weights[first_weight_ + at.index];
    const uint32_t uses = 1u << std::min(3 * loop_depth_, 16u);
    weight = static_cast<uint16_t>(std::min<uint32_t>(weight + uses, UINT16_MAX));
    const ValueType type = locals_[at.index];
    if (at.op != Op::LocalGet)
        CHECK(pop(at, { type }));
    if (at.op != Op::LocalSet)
        push(type);
    return {};
}

Result<void> BodyValidator::step_global(const Instruction& at)
{
    const GlobalDecl* global = module_.globals.find(GlobalIndex { at.index });
    if (!global)
        return unknown("global", at.index, at.offset);
    if (at.op == Op::GlobalGet) {
        push(global->type.type);
        return {};
    }
    if (!global->type.is_mutable)
        return failure("immutable global " + std::to_string(at.index), at.offset);
    return pop(at, { global->type.type });
}

Result<void> BodyValidator::step_select(const Instruction& at)
{
    if (at.op == Op::SelectTyped) {
        if (at.index != 1)
            return failure("invalid result arity", at.offset);
        ByteReader in(at.vector, at.offset);
        CHECK(in.leb<uint32_t>());
        const bool is_short = in.remaining() == 1;
        const ValueType type = TRY(decode_value_type(in));
        CHECK(check_value_type(module_, type, at.offset));
        if (!is_short)
            return unsupported(Feature::FunctionReferences, long_form_of(type), at.offset);
        return apply(at, { type, type, i32 }, { type });
    }
    CHECK(pop(at, { i32 }));
    const ValueType second = TRY(pop_any(at));
    const ValueType first = TRY(pop_any(at));
    const bool are_equal = first == second || first == ValueType::bottom || second == ValueType::bottom;
    if (first.is_ref() || second.is_ref() || !are_equal)
        return failure(text_of_mismatch("select", "two numbers of one type",
                           "[" + first.to_text() + " " + second.to_text() + "]"),
            at.offset);
    push(first == ValueType::bottom ? second : first);
    return {};
}

Result<void> BodyValidator::step_reference(const Instruction& at)
{
    switch (at.op) {
    case Op::RefNull: CHECK(check_value_type(module_, at.type, at.offset)); return apply(at, {}, { at.type });
    case Op::RefFunc:
        if (!module_.functions.contains(FuncIndex { at.index }))
            return unknown("function", at.index, at.offset);
        if (!declared_functions[at.index])
            return failure("undeclared function reference " + std::to_string(at.index), at.offset);
        return apply(at, {}, { ValueType::funcref });
    default: {
        const ValueType type = TRY(pop_any(at));
        if (!type.is_ref() && type != ValueType::bottom)
            return failure(
                text_of_mismatch(info(at.op).text, "a reference", "[" + type.to_text() + "]"), at.offset);
        return apply(at, {}, { i32 });
    }
    }
}

// -- Tables and memories

Result<const TableDecl*> BodyValidator::find_table(const Instruction& at, uint32_t index) const
{
    const TableDecl* table = module_.tables.find(TableIndex { index });
    if (!table)
        return unknown("table", index, at.offset);
    return table;
}

Result<ValueType> BodyValidator::find_elem(const Instruction& at) const
{
    if (at.index >= module_.elems.size())
        return unknown("elem segment", at.index, at.offset);
    return module_.elems[at.index].type;
}

Result<void> BodyValidator::step_table(const Instruction& at)
{
    if (at.op == Op::ElemDrop) {
        CHECK(find_elem(at));
        return {};
    }
    const bool is_init = at.op == Op::TableInit;
    const TableType& to = (*TRY(find_table(at, is_init ? at.index2 : at.index))).type;
    const ValueType address = address_type(to.limits);
    switch (at.op) {
    case Op::TableGet: return apply(at, { address }, { to.element });
    case Op::TableSet: return apply(at, { address, to.element }, {});
    case Op::TableSize: return apply(at, {}, { address });
    case Op::TableGrow: return apply(at, { to.element, address }, { address });
    case Op::TableFill: return apply(at, { address, to.element, address }, {});
    default: break;
    }
    // What is copied comes from another table or a segment.
    ValueType from_element, from_address = i32;
    if (is_init) {
        from_element = TRY(find_elem(at));
    } else {
        const TableType& from = (*TRY(find_table(at, at.index2))).type;
        from_element = from.element;
        from_address = address_type(from.limits);
    }
    if (!matches(module_, types_, from_element, to.element))
        return failure(
            text_of_mismatch(info(at.op).text, "elements of " + to.element.to_text(), from_element.to_text()),
            at.offset);
    return apply(at, { address, from_address, size_type(address, from_address) }, {});
}

Result<const MemoryDecl*> BodyValidator::find_memory(const Instruction& at, uint32_t index) const
{
    const MemoryDecl* memory = module_.memories.find(MemoryIndex { index });
    if (!memory)
        return unknown("memory", index, at.offset);
    return memory;
}

Result<void> BodyValidator::check_data(const Instruction& at) const
{
    if (!module_.data_count)
        return failure("data count section required", at.offset);
    if (at.index >= *module_.data_count)
        return unknown("data segment", at.index, at.offset);
    return {};
}

Result<void> BodyValidator::step_memory(const Instruction& at)
{
    if (at.op == Op::DataDrop)
        return check_data(at);
    const bool is_init = at.op == Op::MemoryInit;
    const MemoryDecl& memory = *TRY(find_memory(at, is_init ? at.index2 : at.index));
    const ValueType address = address_type(memory.type.limits);
    switch (at.op) {
    case Op::MemorySize: return apply(at, {}, { address });
    case Op::MemoryGrow: return apply(at, { address }, { address });
    case Op::MemoryFill: return apply(at, { address, i32, address }, {});
    case Op::MemoryInit: CHECK(check_data(at)); return apply(at, { address, i32, i32 }, {});
    default: {
        const ValueType from = address_type((*TRY(find_memory(at, at.index2))).type.limits);
        return apply(at, { address, from, size_type(address, from) }, {});
    }
    }
}

Result<void> BodyValidator::check_memory_access(const Instruction& at, const OpInfo& row) const
{
    const MemoryDecl& memory = *TRY(find_memory(at, at.memory.memory.value));
    if (uint64_t { 1 } << at.memory.align > row.access_bytes)
        return failure("alignment must not be larger than natural", at.offset);
    if (!memory.type.limits.is_64 && at.memory.offset > UINT32_MAX)
        return failure("offset out of range", at.offset);
    return {};
}

// -- One instruction

Result<void> BodyValidator::step_poly(const Instruction& at)
{
    switch (at.op) {
    case Op::Unreachable: set_unreachable(); return {};
    case Op::If:
        CHECK(check_block(at));
        CHECK(pop(at, { i32 }));
        return push_control(at);
    case Op::Block:
    case Op::Loop: CHECK(check_block(at)); return push_control(at);
    case Op::Else: return else_block(at);
    case Op::End: return end_block(at);
    case Op::Br:
    case Op::BrIf: return step_branch(at);
    case Op::BrTable: return step_br_table(at);
    case Op::Return:
        CHECK(pop(at, results_of(controls_.front())));
        set_unreachable();
        return {};
    case Op::Call:
        if (!module_.functions.contains(FuncIndex { at.index }))
            return unknown("function", at.index, at.offset);
        return step_call(at, module_.func_type(FuncIndex { at.index }));
    case Op::CallIndirect: return step_call_indirect(at);
    case Op::Drop: CHECK(pop_any(at)); return {};
    case Op::Select:
    case Op::SelectTyped: return step_select(at);
    case Op::LocalGet:
    case Op::LocalSet:
    case Op::LocalTee: return step_local(at);
    case Op::GlobalGet:
    case Op::GlobalSet: return step_global(at);
    case Op::RefNull:
    case Op::RefIsNull:
    case Op::RefFunc: return step_reference(at);
    case Op::TableGet:
    case Op::TableSet:
    case Op::TableSize:
    case Op::TableGrow:
    case Op::TableFill:
    case Op::TableCopy:
    case Op::TableInit: return step_table(at);
    case Op::MemorySize:
    case Op::MemoryGrow:
    case Op::MemoryInit:
    case Op::MemoryCopy:
    case Op::MemoryFill: return step_memory(at);
    default: break;
    }
    // The feature of each row that has no rule is not supported.
    ASSERT(false);
    std::unreachable();
}

Result<void> BodyValidator::step(const Instruction& at)
{
    const OpInfo& row = info(at.op);
    if (!is_supported[static_cast<size_t>(at.op)]) [[unlikely]]
        return unsupported(row.feature, row.text, at.offset);
    const Signature& signature = row.signature;
    if (signature.is_poly)
        return step_poly(at);
    std::array<ValueType, 3> params { signature.params[0], signature.params[1], signature.params[2] };
    switch (row.immediate) {
    case Immediate::MemArg:
        CHECK(check_memory_access(at, row));
        params[0] = address_type(module_.memories[at.memory.memory].type.limits);
        break;
    case Immediate::Elem: CHECK(find_elem(at)); break;
    case Immediate::Data: CHECK(check_data(at)); break;
    default: break;
    }
    CHECK(pop(at, std::span<const ValueType>(params).first(signature.param_count)));
    if (signature.has_result)
        push(signature.result);
    return {};
}

// -- A whole body

/// The block that is a whole function: its label is where `return` goes.
BodyValidator::Control BodyValidator::body_control(FuncIndex function) const
{
    return { .op = Op::Block,
        .block = { .kind = BlockType::Kind::Type, .type = module_.functions[function].type } };
}

void BodyValidator::begin(Control outermost, BodyOutput& output)
{
    output_ = &output;
    first_weight_ = static_cast<uint32_t>(output.local_weights.size());
    output.local_weights.resize(first_weight_ + locals_.size());
    loop_depth_ = slots_ = max_slots_ = 0;
    operands_.clear();
    controls_.assign({ outermost });
    controls_.front().label_slots = slots_of(results_of(outermost));
}

Result<void> BodyValidator::run(ByteReader& in, CodeOffset stop)
{
    while (!controls_.empty() && in.offset() < stop) {
        auto instruction = decode_instruction(in);
        if (!instruction) [[unlikely]]
            return std::unexpected(std::move(instruction).error());
        CHECK(step(*instruction));
        if (slots_ > max_operand_slots) [[unlikely]]
            return failure("too many operands: the limit is " + std::to_string(max_operand_slots) + " slots",
                instruction->offset);
    }
    return {};
}

Result<void> BodyValidator::validate_body(FuncIndex function, FuncMeta& meta, BodyOutput& output)
{
    CHECK(read_local_types(module_, function, locals_));
    if (output.local_weights.size() + locals_.size() > max_module_locals)
        return failure("too many locals in all functions: the limit is " + std::to_string(max_module_locals),
            meta.body_offset);
    const FuncType& type = module_.func_type(function);
    meta.param_slots = slots_of(type.params);
    meta.result_slots = slots_of(type.results);
    meta.local_count = static_cast<uint32_t>(locals_.size());
    meta.local_slots = std::max(slots_of(locals_), 1u);
    meta.first_branch = static_cast<uint32_t>(output.branches.size());
    meta.first_loop = static_cast<uint32_t>(output.loops.size());
    meta.first_local_weight = static_cast<uint32_t>(output.local_weights.size());

    begin(body_control(function), output);
    ByteReader in(
        module_.bytes().subspan(meta.code_offset, meta.end_offset - meta.code_offset), meta.code_offset);
    CHECK(run(in, meta.end_offset));
    if (!controls_.empty())
        return failure(text_of_missing_end(module_, meta), meta.end_offset);
    if (!in.at_end())
        return failure("END opcode expected: the function body goes on behind its end", in.offset());

    meta.frame_slots = meta.local_slots + max_slots_;
    meta.branch_count = static_cast<uint32_t>(output.branches.size()) - meta.first_branch;
    meta.loop_count = static_cast<uint32_t>(output.loops.size()) - meta.first_loop;
    return {};
}

std::optional<InstructionState> BodyValidator::find_state(FuncIndex function, CodeOffset offset)
{
    const FuncMeta& meta = module_.meta(function);
    ASSERT(read_local_types(module_, function, locals_));
    scratch_ = {};
    begin(body_control(function), scratch_);
    ByteReader in(
        module_.bytes().subspan(meta.code_offset, meta.end_offset - meta.code_offset), meta.code_offset);
    ASSERT(run(in, offset));
    if (controls_.empty() || in.offset() != offset)
        return std::nullopt;
    return InstructionState { offset, meta.first_branch + next_entry(), operands_ };
}

// -- Constant expressions

/// [spec: valid/instructions, constant expressions]
Result<void> BodyValidator::check_constant(const Instruction& at, uint32_t visible_globals) const
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
            return unknown("global", at.index, at.offset);
        if (module_.globals[GlobalIndex { at.index }].type.is_mutable)
            return failure("constant expression required: global " + std::to_string(at.index) + " is mutable",
                at.offset);
        return {};
    default: break;
    }
    const OpInfo& row = info(at.op);
    if (!info(row.feature).is_supported)
        return unsupported(row.feature, row.text, at.offset);
    return failure("constant expression required, not " + std::string(row.text), at.offset);
}

Result<void> BodyValidator::validate_constant(
    ConstExpr expression, ValueType expected, uint32_t visible_globals)
{
    scratch_ = {};
    locals_.clear();
    begin({ .op = Op::Block, .block = { .kind = BlockType::Kind::Value, .value = expected } }, scratch_);
    ByteReader in(module_.bytes().subspan(expression.offset, expression.size), expression.offset);
    while (!controls_.empty()) {
        const Instruction instruction = TRY(decode_instruction(in));
        CHECK(check_constant(instruction, visible_globals));
        CHECK(step(instruction));
    }
    return {};
}

} // namespace vitrine::core
