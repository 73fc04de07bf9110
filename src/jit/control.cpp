// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Blocks, branches, and what labels expect.
#include "jit/function_compiler.h"

#include <algorithm>

namespace vitrine::core::jit {

void FunctionCompiler::read_block_type(Control& control, const uint8_t*& at) const
{
    const uint8_t byte = *at;
    constexpr uint8_t empty = 0x40;
    if (byte == empty) {
        ++at;
        return;
    }
    // A value type is a negative number of one byte, or begins with the byte of a reference type.
    if ((byte & 0xc0) == 0x40) {
        bytecode::skip_type(at);
        switch (byte) {
        case 0x7f: control.single = ValueType::i32; break;
        case 0x7e: control.single = ValueType::i64; break;
        case 0x7d: control.single = ValueType::f32; break;
        case 0x7c: control.single = ValueType::f64; break;
        case 0x7b: control.single = ValueType::v128; break;
        default: control.single = ValueType::anyref; break;
        }
        control.has_single = true;
        return;
    }
    const auto index = static_cast<uint32_t>(bytecode::read<int64_t>(at));
    control.type = module_.types[TypeIndex { index }].func();
}

void FunctionCompiler::set_unreachable()
{
    controls_.back().is_unreachable = true;
    is_dead_ = true;
}

void FunctionCompiler::open_block(Op op)
{
    Control block { .op = op };
    read_block_type(block, next_);
    block.offset = offset_of(instruction_);
    if (op == Op::TryTable) {
        if (!is_dead_)
            read_catches(next_);
        next_ = instruction_;
        bytecode::skip_immediates(bytecode::read_op(next_), next_);
    }
    block.scanned = next_scanned_++;
    block.is_live = !is_unreachable();
    block.was_dead = is_dead_;
    if (!is_dead_) {
        spill_all();
        block.height = static_cast<uint32_t>(stack_.size() - block.params().size());
        block.slot = block.params().empty() ? top_slot() : stack_[block.height].slot;
        block.label = a.new_label();
    }
    controls_.push_back(block);
}

void FunctionCompiler::open_loop()
{
    open_block(Op::Loop);
    Control& loop = controls_.back();
    if (is_dead_)
        return;
    const ScannedBlock& scanned = scan_.blocks[loop.scanned];
    Pins pins;
    pins.valid = scanned.has_call ? scanned.uses & pins_.valid : scanned.uses | pins_.valid;
    pins.dirty = (pins_.dirty | scanned.sets) & pins.valid;
    adapt(pins);
    loop.has_state = true;
    loop.pins = pins;
    a.bind(loop.label);
    clear_caches();
    emit_stops();
    a.cmp(Width::w32, at(requests_reg, offsetof(RequestWords, bits)), 0);
    exit_if(Condition::NotEqual);
    count_tick();
    const Label body = a.new_label();
    a.bind(body);
    loops_.push_back({ offset_of(next_), pins_, body });
}

void FunctionCompiler::open_if(Condition condition)
{
    open_block(Op::If);
    Control& block = controls_.back();
    block.else_label = a.new_label();
    if (!scan_.blocks[block.scanned].has_else && block.params().empty() && block.results().empty()) {
        decide_state(block);
        block.else_is_label = true;
        a.jcc(negate(condition), block.label);
    } else {
        block.else_pins = pins_;
        a.jcc(negate(condition), block.else_label);
    }
}

void FunctionCompiler::finish_part(Control& block)
{
    if (is_dead_)
        return;
    place_results(block);
    if (!block.has_state)
        decide_state(block);
    adapt(block.pins);
    a.jmp(block.label);
}

void FunctionCompiler::begin_part(const Control& block, std::span<const ValueType> values, Pins pins)
{
    is_dead_ = block.was_dead;
    if (is_dead_)
        return;
    pins_ = pins;
    clear_caches();
    reset_stack(block);
    push_results(values, false);
}

void FunctionCompiler::else_part()
{
    Control& block = controls_.back();
    finish_part(block);
    if (!block.was_dead)
        a.bind(block.else_label);
    begin_part(block, block.params(), block.else_pins);
    block.op = Op::Else;
    block.is_unreachable = false;
}

/// Machine code reaches a handler when it is entered there.
void FunctionCompiler::catch_part(Op op)
{
    Control& block = controls_.back();
    finish_part(block);
    std::span<const ValueType> values;
    if (op == Op::Catch) {
        const auto tag = bytecode::read<uint32_t>(next_);
        values = module_.types[module_.tags[TagIndex { tag }].type].func()->params;
    }
    begin_part(block, values, {});
    block.op = op;
    block.is_unreachable = false;
    if (!is_dead_)
        code_.entries.push_back({ offset_of(next_), a.offset() });
}

void FunctionCompiler::read_catches(const uint8_t* at)
{
    constexpr uint8_t catches_all = 2;
    for (auto count = bytecode::read<uint32_t>(at); count != 0; --count) {
        if (!(*at++ & catches_all))
            bytecode::skip_number(at);
        const auto depth = bytecode::read<uint32_t>(at);
        Control& target = control(depth);
        if (target.is_landing)
            continue;
        target.is_landing = true;
        if (leads_out(depth)) {
            add_landing(target, offset_of(end_ - 1));
            continue;
        }
        if (!target.has_state)
            decide_state(target);
        if (target.op == Op::Loop)
            add_landing(target, target.offset);
    }
}

void FunctionCompiler::add_landing(const Control& target, uint32_t offset)
{
    Cold landing { .kind = target.is_function && !target.has_state ? Cold::Kind::Return : Cold::Kind::Edge,
        .begin = a.new_label(),
        .to = target.label,
        .entry = offset,
        .target = target.pins,
        .types = label_types(target),
        .slot = target.slot,
        .in_register = is_in_register(target) };
    uint32_t slot = target.slot;
    for (const ValueType type : landing.types) {
        landing.values.push_back({ Operand::Kind::Home, type_of(type), 0, slot });
        slot += type.slots();
    }
    if (target.has_single && target.op != Op::Loop)
        landing.single = target.single;
    cold_values_ += landing.types.size();
    cold_.push_back(std::move(landing));
}

void FunctionCompiler::end_block()
{
    Control& block = controls_.back();
    if (block.op == Op::If && !block.was_dead && !block.else_is_label) {
        // Without an `else`, the parameters are the results.
        finish_part(block);
        a.bind(block.else_label);
        begin_part(block, block.params(), block.else_pins);
    }
    if (block.op != Op::Loop && block.has_state) {
        if (!is_dead_) {
            place_results(block);
            adapt(block.pins);
        }
        a.bind(block.label);
        clear_caches();
        pins_ = block.pins;
        is_dead_ = false;
        reset_stack(block);
        push_results(block.results(), is_in_register(block));
        if (block.is_landing)
            add_landing(block, offset_of(block.is_function ? end_ - 1 : next_));
    } else if (is_dead_ && !block.was_dead) {
        reset_stack(block);
        push_results(block.results(), false);
    }
    controls_.pop_back();
}

void FunctionCompiler::end_function()
{
    Control& body = controls_.back();
    if (body.has_state) {
        end_block();
    } else {
        controls_.pop_back();
    }
    if (is_dead_)
        return;
    emit_stops();
    emit_return();
}

void FunctionCompiler::decide_state(Control& block)
{
    block.has_state = true;
    block.pins = pins_;
    block.pins.dirty |= scan_.blocks[block.scanned].sets & pins_.valid;
}

void FunctionCompiler::reset_stack(const Control& block)
{
    stack_.resize(block.height);
    busy_regs_ = busy_xmms_ = scratch_regs_ = scratch_xmms_ = 0;
}

void FunctionCompiler::push_results(std::span<const ValueType> types, bool in_register)
{
    if (in_register) {
        if (const Type type = type_of(types.front()); is_vector(type))
            push(type, Xmm::xmm0);
        else
            push(type, Reg::rax);
        return;
    }
    for (const ValueType type : types)
        push_home(type_of(type));
}

// -- Branches

void FunctionCompiler::to_result_register()
{
    const Operand& value = operand(0);
    if (is_vector(value.type)) {
        if (value.kind == Operand::Kind::Home)
            load_slot(Xmm::xmm0, value.type, value.slot);
        else if (value.kind == Operand::Kind::Constant)
            load_constant(Xmm::xmm0, value);
        else if (const Xmm from = use_xmm(0); from != Xmm::xmm0)
            a.movaps(Xmm::xmm0, from);
        return;
    }
    if (value.kind == Operand::Kind::Home)
        a.mov(width_of(value.type), Reg::rax, home(value.slot));
    else if (value.kind == Operand::Kind::Constant)
        load_constant(Reg::rax, value.value);
    else if (const Reg from = use(0); from != Reg::rax)
        a.mov(width_of(value.type), Reg::rax, from);
}

void FunctionCompiler::place_values(std::span<const ValueType> types, uint32_t slot, bool in_register)
{
    if (in_register)
        return to_result_register();
    // What is below is not needed any more. Its homes are where the values go.
    const size_t first = stack_.size() - types.size();
    for (size_t i = first_movable(); i < first; ++i)
        forget(stack_[i]);
    // Downwards in memory, so in this order none is overwritten before it has moved.
    for (size_t i = first; i < stack_.size(); ++i) {
        store_at(static_cast<uint32_t>(stack_.size() - 1 - i), slot);
        slot += slots_of(stack_[i].type);
        forget(stack_[i]);
    }
}

void FunctionCompiler::forget(Operand& value)
{
    if (value.kind == Operand::Kind::Register) {
        if (is_vector(value.type))
            busy_xmms_ &= ~(is_temp(Xmm { value.reg }) ? bit(Xmm { value.reg }) : 0);
        else
            busy_regs_ &= ~(is_temp(Reg { value.reg }) ? bit(Reg { value.reg }) : 0);
    }
    value.kind = Operand::Kind::Home;
}

void FunctionCompiler::place_results(const Control& block)
{
    place_values(label_types(block), block.slot, is_in_register(block));
}

bool FunctionCompiler::leads_out(uint32_t depth) const
{
    return depth + 1 == controls_.size() && !is_end_marked_;
}

void FunctionCompiler::branch(uint32_t depth)
{
    if (leads_out(depth)) {
        emit_return();
    } else {
        Control& target = control(depth);
        place_results(target);
        if (!target.has_state)
            decide_state(target);
        adapt(target.pins);
        a.jmp(target.label);
    }
    set_unreachable();
}

Label FunctionCompiler::edge_to(uint32_t depth)
{
    Control& target = control(depth);
    const bool is_return = leads_out(depth);
    const auto types = is_return ? std::span<const ValueType>(func_type_.results) : label_types(target);
    if (!is_return) {
        if (!target.has_state)
            decide_state(target);
        if (types.empty() && !differs(pins_, target.pins))
            return target.label;
    }
    Cold edge { .kind = is_return ? Cold::Kind::Return : Cold::Kind::Edge, .begin = a.new_label() };
    edge.from = pins_;
    edge.values.assign(stack_.end() - static_cast<ptrdiff_t>(types.size()), stack_.end());
    edge.types = types;
    cold_values_ += types.size();
    if (!is_return) {
        edge.to = target.label;
        edge.target = target.pins;
        edge.slot = target.slot;
        edge.in_register = is_in_register(target);
        if (target.has_single && target.op != Op::Loop)
            edge.single = target.single;
    }
    cold_.push_back(std::move(edge));
    return cold_.back().begin;
}

void FunctionCompiler::branch_if(Condition condition, uint32_t depth)
{
    Control& target = control(depth);
    if (target.op == Op::Loop && target.params().empty() && differs(pins_, target.pins)) {
        // A back edge is likely taken: keep it here.
        const Label skip = a.new_label();
        a.jcc(negate(condition), skip);
        const Pins before = pins_;
        adapt(target.pins);
        a.jmp(target.label);
        pins_ = before;
        a.bind(skip);
        return;
    }
    a.jcc(condition, edge_to(depth));
}

void FunctionCompiler::branch_table()
{
    const auto count = bytecode::read<uint32_t>(next_);
    const Reg index = take(0);
    const Reg base = allocate();
    pop();
    ++table_count_;
    const auto edge = [&](uint32_t depth) {
        Control& target = control(depth);
        if (target.table != table_count_) {
            target.table = table_count_;
            target.table_edge = edge_to(depth);
        }
        return target.table_edge;
    };
    Table table { a.new_label(), {} };
    table.targets.reserve(count);
    for (uint32_t i = 0; i < count; ++i)
        table.targets.push_back(edge(bytecode::read<uint32_t>(next_)));
    const Label otherwise = edge(bytecode::read<uint32_t>(next_));
    if (count == 0) {
        a.jmp(otherwise);
    } else {
        a.cmp(Width::w32, index, static_cast<int32_t>(count));
        a.jcc(Condition::AboveEqual, otherwise);
        a.lea(Width::w64, base, at(table.label));
        a.movsx32(Width::w64, index, at(base, index, 2));
        a.add(Width::w64, index, base);
        a.jmp(index);
        tables_.push_back(std::move(table));
    }
    set_unreachable();
}

void FunctionCompiler::emit_return()
{
    const std::span<const ValueType> results = func_type_.results;
    uint32_t where = 0;
    if (results.size() == 1) {
        to_result_register();
        const Type type = type_of(results.front());
        where = type == Type::V128 ? 3 : is_vector(type) ? 2 : 1;
    } else if (!results.empty()) {
        const auto first = stack_.size() - results.size();
        for (size_t i = first; i < stack_.size(); ++i)
            if (stack_[i].kind == Operand::Kind::Register)
                spill(stack_[i]);
        for (size_t i = first; i < stack_.size(); ++i)
            spill(stack_[i]);
        const uint32_t from = stack_[first].slot;
        for (uint32_t i = 0; i < meta_.result_slots; ++i) {
            a.mov(Width::w64, Reg::rax, home(from + i));
            a.mov(Width::w64, home(i), Reg::rax);
        }
    }
    a.mov(Reg::rcx, meta_.result_slots | where << 16);
    a.add(Width::w64, control_reg, static_cast<int32_t>(sizeof(Record)) - 8);
    a.ret();
}

// -- Conditions

Condition FunctionCompiler::test_operand()
{
    const Reg reg = use(0);
    const Width width = width_of(type(0));
    if (flags_offset_ != a.offset() || flags_reg_ != reg || flags_width_ != width)
        a.test(width, reg, reg);
    pop();
    return Condition::NotEqual;
}

void FunctionCompiler::finish_condition(Condition condition)
{
    for (;;) {
        if (next_ == end_ || may_exit_before(next_))
            break;
        const uint8_t code = *next_;
        if (code == info(Op::I32Eqz).code) {
            ++next_;
            condition = negate(condition);
            continue;
        }
        if (code == info(Op::BrIf).code) {
            ++next_;
            branch_if(condition, bytecode::read<uint32_t>(next_));
            ++cursor_;
            return;
        }
        if (code == info(Op::If).code) {
            ++next_;
            open_if(condition);
            ++cursor_;
            return;
        }
        if (code == info(Op::Select).code) {
            ++next_;
            select(condition);
            cursor_ += meta_.is_wide;
            return;
        }
        break;
    }
    const Reg reg = allocate();
    a.set(condition, reg);
    a.movzx8(Width::w32, reg, reg);
    push(Type::I32, reg);
}

void FunctionCompiler::select(Condition condition)
{
    const Type type = this->type(1);
    if (is_vector(type)) {
        const Xmm result = take_xmm(1);
        const Xmm other = use_xmm(0);
        const Label end = a.new_label();
        a.jcc(condition, end);
        a.movaps(result, other);
        a.bind(end);
        pop(2);
        push(type, result);
        return;
    }
    const Reg result = take(1);
    a.cmov(negate(condition), width_of(type), result, use(0));
    pop(2);
    push(type, result);
}

bool FunctionCompiler::compile_control(Op op)
{
    switch (op) {
    case Op::Nop: return true;
    case Op::Block:
    case Op::Try:
    case Op::TryTable: open_block(op); return true;
    case Op::Loop: open_loop(); return true;
    case Op::If: open_if(test_operand()); return true;
    case Op::Else: else_part(); return true;
    case Op::Catch:
    case Op::CatchAll: catch_part(op); return true;
    case Op::End:
        if (controls_.size() == 1)
            end_function();
        else
            end_block();
        return true;
    case Op::Delegate:
        bytecode::skip_immediates(op, next_);
        end_block();
        return true;
    case Op::Br: branch(bytecode::read<uint32_t>(next_)); return true;
    case Op::BrIf: {
        const Condition condition = test_operand();
        branch_if(condition, bytecode::read<uint32_t>(next_));
        return true;
    }
    case Op::BrTable: branch_table(); return true;
    case Op::Return:
        emit_return();
        set_unreachable();
        return true;
    case Op::Unreachable:
    case Op::Throw:
    case Op::ThrowRef:
    case Op::Rethrow:
        bytecode::skip_immediates(op, next_);
        exit_always();
        set_unreachable();
        return true;
    default: return false;
    }
}

} // namespace vitrine::core::jit
