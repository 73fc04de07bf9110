// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/body_validator.h"

#include "wasm/decoder.h"
#include "wasm/type_decoder.h"

#include <algorithm>
#include <array>

namespace vitrine::core {

std::string text_of_stack_mismatch(
    std::string_view where, const std::string& expected, const std::string& got)
{
    return "type mismatch: instruction requires " + expected + " but stack has " + got + " in "
        + std::string(where);
}

std::string text_of_mismatch(std::string_view where, const std::string& expected, const std::string& got)
{
    return "type mismatch in " + std::string(where) + ": expected " + expected + ", got " + got;
}

namespace {

/// The message for a body without a final `end`. The test suite's message depends on what follows:
/// nothing, another section, or another body.
std::string text_of_missing_end(const Module& module, const FuncMeta& meta)
{
    const std::string text = "the function body has no final end";
    if (meta.end_offset == module.bytes().size())
        return "unexpected end of section or function: " + text;
    if (&meta == &module.bodies.back())
        return "section size mismatch: " + text;
    return "END opcode expected: " + text;
}

} // namespace

Result<void> check_feature(FeatureSet features, Feature feature, std::string_view what, uint64_t offset)
{
    if (features.has(feature)) [[likely]]
        return {};
    return failure(std::string(info(feature).flag) + " is disabled: " + std::string(what), offset);
}

std::unexpected<Error> unknown(std::string_view what, uint32_t index, uint64_t offset)
{
    return failure("unknown " + std::string(what) + " " + std::to_string(index), offset);
}

// -- Types

Result<void> check_value_type(const Module& module, FeatureSet features, ValueType type, uint64_t offset)
{
    if (type.is_numeric())
        return {};
    const auto check = [&](Feature feature) {
        return check_feature(features, feature, type.to_text(), offset);
    };
    if (type.kind() == ValueKind::V128)
        return check(Feature::Simd);
    if (type.heap() == HeapKind::Defined && type.index() >= module.types.size())
        return unknown("type", type.index(), offset);
    if (type == ValueType::funcref || type == ValueType::externref)
        return check(Feature::ReferenceTypes);
    switch (type.heap()) {
    case HeapKind::Exn:
    case HeapKind::NoExn: return check(Feature::Exceptions);
    case HeapKind::Func:
    case HeapKind::Extern:
    case HeapKind::Defined: return check(Feature::FunctionReferences);
    default: return check(Feature::Gc);
    }
}

bool matches(const Module& module, ValueType actual, ValueType expected)
{
    const auto info_of = [&](ValueType type) {
        return type.is_ref() && type.heap() == HeapKind::Defined ? module.type_infos[type.index()] : nullptr;
    };
    return actual == expected || is_subtype(actual, info_of(actual), expected, info_of(expected));
}

Result<void> read_local_types(
    const Module& module, FeatureSet features, FuncIndex function, std::vector<ValueType>& types)
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
        CHECK(check_value_type(module, features, type, offset));
        types.insert(types.end(), count, type);
    }
    return {};
}

void BodyOutput::append(const BodyOutput& more, std::span<FuncMeta> bodies)
{
    const Sizes before = sizes();
    const auto first_wide = static_cast<uint32_t>(wide_locals.size());
    const auto add = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    const auto shift_clause = [&](uint32_t& index) { index += index == Catch::none ? 0 : before.catches; };
    add(branches, more.branches);
    add(wide_locals, more.wide_locals);
    for (LoopHeader loop : more.loops) {
        loop.entry += before.branches;
        loops.push_back(loop);
    }
    for (Catch clause : more.catches) {
        clause.entry += before.branches;
        shift_clause(clause.next);
        catches.push_back(clause);
    }
    for (Handler handler : more.handlers) {
        shift_clause(handler.first_catch);
        handlers.push_back(handler);
    }
    for (FuncMeta& body : bodies) {
        body.first_branch += before.branches;
        body.first_loop += before.loops;
        body.first_handler += before.handlers;
        body.first_wide_local += first_wide;
    }
}

// -- Operands

void BodyValidator::push(std::span<const ValueType> types)
{
    if (types.size() < min_long_list) {
        for (const ValueType type : types)
            push(type);
        return;
    }
    const uint32_t slots = slots_of(types);
    operands_.append(types);
    slots_ += slots;
    has_wide_ |= slots != types.size();
    max_slots_ = std::max(max_slots_, slots_);
}

void BodyValidator::drop_top(size_t count)
{
    if (count < min_long_list) {
        for (; count > 0; --count) {
            slots_ -= operands_.back().slots();
            operands_.pop_back();
        }
        return;
    }
    slots_ -= slots_of(operands_.view().last(count));
    operands_.shrink(operands_.size() - count);
}

/// `shown` is how many operands the message shows, counted from the top.
std::unexpected<Error> BodyValidator::mismatch(
    const Instruction& at, std::span<const ValueType> expected, size_t shown) const
{
    const std::span<const ValueType> operands = operands_.view();
    return failure(text_of_stack_mismatch(info(at.op).text, to_text(expected),
                       to_text(operands.last(std::min(shown, available())))),
        at.offset);
}

Result<ValueType> BodyValidator::pop_any(const Instruction& at)
{
    if (available() == 0) {
        if (controls_.back().is_unreachable)
            return ValueType::bottom;
        return failure(text_of_stack_mismatch(info(at.op).text, "a value", "[]"), at.offset);
    }
    const ValueType type = operands_.back();
    operands_.pop_back();
    slots_ -= type.slots();
    return type;
}

Result<ValueType> BodyValidator::pop_ref(const Instruction& at)
{
    const ValueType type = TRY(pop_any(at));
    if (type == ValueType::bottom)
        return bottom_ref;
    if (!type.is_ref())
        return failure(
            text_of_stack_mismatch(info(at.op).text, "a reference", "[" + type.to_text() + "]"), at.offset);
    return type;
}

Result<uint32_t> BodyValidator::check_top(const Instruction& at, std::span<const ValueType> expected) const
{
    const size_t checked = std::min(available(), expected.size());
    if (checked < expected.size() && !controls_.back().is_unreachable) [[unlikely]]
        return mismatch(at, expected, expected.size());
    for (size_t i = 1; i <= checked; ++i) {
        const ValueType actual = operands_.view()[operands_.size() - i];
        if (!matches(module_, actual, expected[expected.size() - i])) [[unlikely]]
            return mismatch(at, expected, expected.size());
    }
    return static_cast<uint32_t>(checked);
}

Result<void> BodyValidator::pop(const Instruction& at, std::span<const ValueType> expected)
{
    size_t count = expected.size();
    if (!has_on_top(expected)) [[unlikely]]
        count = TRY(check_top(at, expected));
    drop_top(count);
    return {};
}

Result<void> BodyValidator::retype(const Instruction& at, std::span<const ValueType> types)
{
    if (has_on_top(types)) [[likely]]
        return {};
    CHECK(pop(at, types));
    push(types);
    return {};
}

bool BodyValidator::match(std::span<const ValueType> actual, std::span<const ValueType> expected) const
{
    return actual.size() == expected.size()
        && (are_same(actual, expected) || std::ranges::equal(actual, expected, [&](ValueType a, ValueType b) {
               return matches(module_, a, b);
           }));
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
    if (block.kind == BlockType::Kind::Value)
        return check_value_type(module_, features_, block.value, at.offset);
    if (block.kind == BlockType::Kind::Type) {
        const SubType* type = module_.types.find(block.type);
        if (!type || !type->func())
            return unknown("type", block.type.value, at.offset);
        return check_feature(features_, Feature::MultiValue, "a block with a function type", at.offset);
    }
    return {};
}

Result<void> BodyValidator::push_control(const Instruction& at)
{
    if (controls_.size() > limits::nesting)
        return failure(
            "blocks are nested too deeply: the limit is " + std::to_string(limits::nesting), at.offset);
    const auto params = params_of({ .op = at.op, .block = at.block });
    CHECK(pop(at, params));
    open_control(at.op, at.block, at.offset);
    push(params);
    return {};
}

/// The block's parameters must have been popped.
void BodyValidator::open_control(Op op, BlockType block, CodeOffset offset)
{
    Control control { .op = op, .block = block, .offset = offset };
    control.height = static_cast<uint32_t>(operands_.size());
    control.slot_height = slots_;
    control.label_slots = slots_of(label_types(control));
    control.is_live = is_reachable();
    control.first_set = static_cast<uint32_t>(set_locals_.size());
    const Control& outer = controls_.back();
    control.catch_depth = outer.catch_depth + (outer.op == Op::Catch || outer.op == Op::CatchAll);
    if (op == Op::Loop) {
        control.loop_offset = offset;
        control.loop_entry = next_entry();
        if (control.is_live)
            output_->loops.push_back({ offset, control.loop_entry, slots_ });
    }
    if (op == Op::If && control.is_live)
        control.if_entry = add_entry(offset, 0, 0);
    controls_.push_back(control);
}

Result<BodyValidator::Control> BodyValidator::pop_control(const Instruction& at)
{
    const auto results = results_of(controls_.back());
    if (available() > results.size())
        return failure("type mismatch: block requires " + to_text(results) + " but stack has "
                + to_text(operands_.view().last(std::min(available(), results.size() + 8))) + " in "
                + std::string(info(at.op).text),
            at.offset);
    CHECK(pop(at, results));
    return close_control();
}

/// The block's results must have been popped.
BodyValidator::Control BodyValidator::close_control()
{
    const Control control = controls_.back();
    controls_.pop_back();
    forget_initialized(control);
    return control;
}

void BodyValidator::set_initialized(uint32_t local)
{
    if (is_set_[local])
        return;
    is_set_[local] = true;
    set_locals_.push_back(local);
}

/// Locals initialized in a block count as uninitialized after it.
void BodyValidator::forget_initialized(const Control& control)
{
    for (; set_locals_.size() > control.first_set; set_locals_.pop_back())
        is_set_[set_locals_.back()] = false;
}

void BodyValidator::set_unreachable()
{
    Control& control = controls_.back();
    operands_.shrink(control.height);
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
        // Without an `else`, the parameters become the results.
        const auto params = params_of(open), results = results_of(open);
        if (!match(params, results))
            return failure(text_of_mismatch("if without else", to_text(results), to_text(params)), at.offset);
    }
    const Control control = TRY(pop_control(at));
    if (control.first_catch != Catch::none && control.is_live)
        add_handler(control, control.op == Op::TryTable ? at.offset : control.catch_offset);
    const CodeOffset target = is_function ? at.offset : at.end;
    resolve_pending(control, target);
    if (has_no_else && control.is_live)
        resolve(control.if_entry, target, next_entry());
    if (!is_function)
        push(results_of(control));
    return {};
}

// -- The side table

/// Until the entry is resolved, `offset_delta` holds the offset of its instruction, modulo 2^24.
uint32_t BodyValidator::add_entry(CodeOffset from, uint32_t carried, uint32_t dropped)
{
    // So that signed numbers of 24 bits hold all distances.
    static_assert(limits::body_bytes < (1u << 23));
    output_->branches.push_back({ .carried = carried, .dropped = dropped });
    output_->branches.back().set_offset_delta(static_cast<int32_t>(from));
    return next_entry() - 1;
}

void BodyValidator::add_pending(Control& control, uint32_t entry)
{
    if (control.pending != none)
        output_->branches[entry].set_entry_delta(static_cast<int32_t>(control.pending - entry));
    control.pending = entry;
}

/// Resolves the forward branches to a block's end.
void BodyValidator::resolve_pending(const Control& control, CodeOffset target)
{
    for (uint32_t entry = control.pending; entry != none;) {
        const int32_t to_previous = output_->branches[entry].entry_delta();
        resolve(entry, target, next_entry());
        entry = to_previous == 0 ? none : entry + static_cast<uint32_t>(to_previous);
    }
}

void BodyValidator::resolve(uint32_t entry, CodeOffset target, uint32_t target_entry)
{
    Branch& branch = output_->branches[entry];
    branch.set_offset_delta(static_cast<int32_t>(target - static_cast<CodeOffset>(branch.offset_delta())));
    branch.set_entry_delta(static_cast<int32_t>(target_entry - entry));
}

void BodyValidator::add_branch(CodeOffset from, Control& target)
{
    // Carried slots always fit: at most two for each value. `run` limits the number of dropped
    // slots.
    static_assert(2 * limits::params <= Branch::max_carried);
    if (!is_reachable())
        return;
    const uint32_t dropped = slots_ - target.label_slots - target.slot_height;
    const uint32_t entry = add_entry(from, target.label_slots, dropped);
    if (target.op == Op::Loop)
        resolve(entry, target.loop_offset, target.loop_entry);
    else
        add_pending(target, entry);
}

void BodyValidator::add_catch(Control& to, Catch clause)
{
    const auto index = static_cast<uint32_t>(output_->catches.size());
    output_->catches.push_back(clause);
    (to.first_catch == Catch::none ? to.first_catch : output_->catches[to.last_catch].next) = index;
    to.last_catch = index;
}

void BodyValidator::add_handler(const Control& control, CodeOffset end, CodeOffset delegates_to)
{
    Handler handler { control.offset, end, control.first_catch, delegates_to, Catch::none };
    if (control.op == Op::Catch || control.op == Op::CatchAll) {
        handler.hidden_slot = first_hidden_slot_ + control.catch_depth;
        hidden_slots_ = std::max(hidden_slots_, control.catch_depth + 1);
    }
    output_->handlers.push_back(handler);
}

/// A clause of a try_table continues where its entry leads, which is known once the body has ended.
void BodyValidator::resolve_catches()
{
    for (const PendingCatch& pending : pending_catches_) {
        const Branch& branch = output_->branches[pending.entry];
        Catch& clause = output_->catches[pending.clause];
        clause.target = pending.from + static_cast<CodeOffset>(branch.offset_delta());
        clause.entry = pending.entry + static_cast<uint32_t>(branch.entry_delta());
    }
}

// -- A whole body

/// The block of a whole function. Its label is the target of `return`.
BodyValidator::Control BodyValidator::body_control(FuncIndex function) const
{
    return { .op = Op::Block,
        .block = { .kind = BlockType::Kind::Type, .type = module_.functions[function].type } };
}

void BodyValidator::begin(Control outermost, BodyOutput& output, size_t params)
{
    output_ = &output;
    slots_ = max_slots_ = 0;
    first_hidden_slot_ = slots_of(locals_);
    hidden_slots_ = 0;
    has_wide_ = false;
    is_set_.assign(locals_.size(), true);
    has_unset_locals_ = false;
    for (size_t i = params; i < locals_.size(); ++i)
        if (!locals_[i].is_defaultable()) {
            is_set_[i] = false;
            has_unset_locals_ = true;
        }
    set_locals_.clear();
    pending_catches_.clear();
    operands_.clear();
    controls_.assign({ outermost });
    controls_.front().label_slots = slots_of(results_of(outermost));
}

Result<void> BodyValidator::run(ByteReader& in, CodeOffset stop)
{
    Instruction at;
    while (!controls_.empty() && in.offset() < stop) {
        if (uses_fast_path) {
            run_fast_path(in, stop);
            if (in.offset() >= stop)
                break;
        }
        CHECK(decode_instruction(in, at));
        CHECK(step(at));
        if (slots_ > max_operand_slots) [[unlikely]]
            return failure(
                "too many operands: the limit is " + std::to_string(max_operand_slots) + " slots", at.offset);
    }
    return {};
}

Result<void> BodyValidator::validate_code(FuncIndex function, const FuncMeta& meta, BodyOutput& output)
{
    begin(body_control(function), output, module_.func_type(function).params.size());
    ByteReader in(
        module_.bytes().subspan(meta.code_offset, meta.end_offset - meta.code_offset), meta.code_offset);
    CHECK(run(in, meta.end_offset));
    if (!controls_.empty())
        return failure(text_of_missing_end(module_, meta), meta.end_offset);
    if (!in.at_end())
        return failure("END opcode expected: the function body continues after its end", in.offset());
    resolve_catches();
    return {};
}

Result<void> BodyValidator::validate_body(FuncIndex function, FuncMeta& meta, BodyOutput& output)
{
    CHECK(read_local_types(module_, features_, function, locals_));
    const FuncType& type = module_.func_type(function);
    meta.param_slots = slots_of(type.params);
    meta.result_slots = slots_of(type.results);
    meta.local_count = static_cast<uint32_t>(locals_.size());
    const BodyOutput::Sizes before = output.sizes();
    is_wide_ = std::ranges::find(locals_, ValueType::v128) != locals_.end();
    CHECK(validate_code(function, meta, output));
    if (has_wide_ && !is_wide_) {
        // The first v128 came after instructions that have an entry only in functions that use
        // v128. Start again.
        output.shrink(before);
        is_wide_ = true;
        CHECK(validate_code(function, meta, output));
    }
    meta.is_wide = is_wide_;
    meta.first_wide_local = static_cast<uint32_t>(output.wide_locals.size());
    if (is_wide_)
        for (uint32_t slot = 0; const ValueType local : locals_) {
            output.wide_locals.push_back(2 * slot + (local.slots() - 1));
            slot += local.slots();
        }
    meta.first_branch = before.branches;
    meta.first_loop = before.loops;
    meta.first_handler = before.handlers;
    meta.hidden_slots = hidden_slots_;
    meta.local_slots = std::max(first_hidden_slot_ + hidden_slots_, 1u);
    meta.frame_slots = meta.local_slots + max_slots_;
    meta.branch_count = static_cast<uint32_t>(output.branches.size()) - meta.first_branch;
    meta.loop_count = static_cast<uint32_t>(output.loops.size()) - meta.first_loop;
    meta.handler_count = static_cast<uint32_t>(output.handlers.size()) - meta.first_handler;
    return {};
}

std::optional<InstructionState> BodyValidator::find_state(FuncIndex function, CodeOffset offset)
{
    const FuncMeta& meta = module_.meta(function);
    ASSERT(read_local_types(module_, features_, function, locals_));
    scratch_ = {};
    is_wide_ = meta.is_wide;
    begin(body_control(function), scratch_, module_.func_type(function).params.size());
    ByteReader in(
        module_.bytes().subspan(meta.code_offset, meta.end_offset - meta.code_offset), meta.code_offset);
    ASSERT(run(in, offset));
    if (controls_.empty() || in.offset() != offset)
        return std::nullopt;
    const auto operands = operands_.view();
    return InstructionState { offset, meta.first_branch + next_entry(), { operands.begin(), operands.end() },
        is_reachable() };
}

// -- Constant expressions

/// [spec: valid/instructions, constant expressions]
Result<void> BodyValidator::check_constant(const Instruction& at, uint32_t visible_globals) const
{
    switch (at.op) {
    case Op::I32Const:
    case Op::I64Const:
    case Op::F32Const:
    case Op::F64Const: return {};
    case Op::I32Add:
    case Op::I32Sub:
    case Op::I32Mul:
    case Op::I64Add:
    case Op::I64Sub:
    case Op::I64Mul: return check_feature(features_, Feature::ExtendedConst, info(at.op).text, at.offset);
    case Op::V128Const:
    case Op::RefNull:
    case Op::RefFunc:
    case Op::StructNew:
    case Op::StructNewDefault:
    case Op::ArrayNew:
    case Op::ArrayNewDefault:
    case Op::ArrayNewFixed:
    case Op::RefI31:
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny:
    case Op::End: return {};
    case Op::GlobalGet:
        if (at.index >= visible_globals)
            return unknown("global", at.index, at.offset);
        if (at.index >= module_.imported(ExternKind::Global))
            CHECK(check_feature(features_, Feature::Gc,
                "a constant expression that reads a global of its own module", at.offset));
        if (module_.globals[GlobalIndex { at.index }].type.is_mutable)
            return failure("constant expression required: global " + std::to_string(at.index) + " is mutable",
                at.offset);
        return {};
    default: break;
    }
    return failure("constant expression required, not " + std::string(info(at.op).text), at.offset);
}

Result<void> BodyValidator::validate_constant(
    ConstExpr expression, ValueType expected, uint32_t visible_globals)
{
    scratch_ = {};
    locals_.clear();
    is_wide_ = false;
    begin({ .op = Op::Block, .block = { .kind = BlockType::Kind::Value, .value = expected } }, scratch_, 0);
    ByteReader in(module_.bytes().subspan(expression.offset, expression.size), expression.offset);
    while (!controls_.empty()) {
        const Instruction instruction = TRY(decode_instruction(in));
        CHECK(check_constant(instruction, visible_globals));
        CHECK(step(instruction));
    }
    return {};
}

} // namespace vitrine::core
