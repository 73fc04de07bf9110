// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where operands are, and which registers are free.
#include "jit/function_compiler.h"

#include <algorithm>

namespace vitrine::core::jit {

bool FunctionCompiler::is_immediate(uint32_t depth)
{
    const Operand& value = operand(depth);
    return value.kind == Operand::Kind::Constant
        && (value.type == Type::I32
            || static_cast<int64_t>(value.value) == static_cast<int32_t>(value.value));
}

// -- Registers

Reg FunctionCompiler::allocate()
{
    const auto give = [&](Reg reg) {
        cached_regs_[static_cast<size_t>(reg)] = -1;
        busy_regs_ |= bit(reg);
        scratch_regs_ |= bit(reg);
        return reg;
    };
    for (const Reg reg : temp_regs)
        if (!(busy_regs_ & bit(reg)) && cached_regs_[static_cast<size_t>(reg)] < 0)
            return give(reg);
    for (const Reg reg : temp_regs)
        if (!(busy_regs_ & bit(reg)))
            return give(reg);
    for (size_t i = first_movable(); i < std::min(protected_, stack_.size()); ++i) {
        Operand& value = stack_[i];
        if (value.kind != Operand::Kind::Register || is_vector(value.type) || !is_temp(Reg { value.reg }))
            continue;
        const Reg reg { value.reg };
        spill(value);
        return give(reg);
    }
    ASSERT(!"an instruction needs too many registers");
    std::unreachable();
}

Xmm FunctionCompiler::allocate_xmm()
{
    const auto give = [&](Xmm reg) {
        cached_xmms_[static_cast<size_t>(reg)] = -1;
        busy_xmms_ |= bit(reg);
        scratch_xmms_ |= bit(reg);
        return reg;
    };
    for (uint32_t i = 0; i < temp_xmms; ++i)
        if (const Xmm reg { static_cast<uint8_t>(i) }; !(busy_xmms_ & bit(reg)) && cached_xmms_[i] < 0)
            return give(reg);
    for (uint32_t i = 0; i < temp_xmms; ++i)
        if (const Xmm reg { static_cast<uint8_t>(i) }; !(busy_xmms_ & bit(reg)))
            return give(reg);
    for (size_t i = first_movable(); i < std::min(protected_, stack_.size()); ++i) {
        Operand& value = stack_[i];
        if (value.kind != Operand::Kind::Register || !is_vector(value.type) || !is_temp(Xmm { value.reg }))
            continue;
        const Xmm reg { value.reg };
        spill(value);
        return give(reg);
    }
    ASSERT(!"an instruction needs too many vector registers");
    std::unreachable();
}

void FunctionCompiler::claim(Reg reg)
{
    cached_regs_[static_cast<size_t>(reg)] = -1;
    if (busy_regs_ & bit(reg)) {
        for (size_t i = first_movable(); i < stack_.size(); ++i) {
            Operand& value = stack_[i];
            if (value.kind != Operand::Kind::Register || is_vector(value.type) || Reg { value.reg } != reg)
                continue;
            if (i < protected_) {
                spill(value);
            } else {
                const Reg other = allocate();
                a.mov(Width::w64, other, reg);
                scratch_regs_ &= ~bit(other);
                value.reg = static_cast<uint8_t>(other);
            }
        }
    }
    busy_regs_ |= bit(reg);
    scratch_regs_ |= bit(reg);
}

void FunctionCompiler::claim(Xmm reg)
{
    cached_xmms_[static_cast<size_t>(reg)] = -1;
    if (busy_xmms_ & bit(reg)) {
        for (size_t i = first_movable(); i < stack_.size(); ++i) {
            Operand& value = stack_[i];
            if (value.kind != Operand::Kind::Register || !is_vector(value.type) || Xmm { value.reg } != reg)
                continue;
            if (i < protected_) {
                spill(value);
            } else {
                const Xmm other = allocate_xmm();
                a.movaps(other, reg);
                scratch_xmms_ &= ~bit(other);
                value.reg = static_cast<uint8_t>(other);
            }
        }
    }
    busy_xmms_ |= bit(reg);
    scratch_xmms_ |= bit(reg);
}

void FunctionCompiler::release(Reg reg)
{
    busy_regs_ &= ~(bit(reg) & scratch_regs_);
    scratch_regs_ &= ~bit(reg);
}

void FunctionCompiler::release(Xmm reg)
{
    busy_xmms_ &= ~(bit(reg) & scratch_xmms_);
    scratch_xmms_ &= ~bit(reg);
}

void FunctionCompiler::clear_caches()
{
    cached_regs_.fill(-1);
    cached_xmms_.fill(-1);
    flags_offset_ = 0;
}

void FunctionCompiler::end_instruction()
{
    busy_regs_ &= ~scratch_regs_;
    busy_xmms_ &= ~scratch_xmms_;
    scratch_regs_ = scratch_xmms_ = 0;
    protected_ = SIZE_MAX;
    spilled_ = std::min(spilled_, stack_.size());
    for (; spilled_ < first_movable(); ++spilled_)
        spill(stack_[spilled_]);
}

// -- Reading operands

Reg FunctionCompiler::use(uint32_t depth)
{
    protected_ = std::min(protected_, stack_.size() - 1 - depth);
    Operand& value = operand(depth);
    const auto own = [&](Reg reg) {
        busy_regs_ |= bit(reg);
        scratch_regs_ &= ~bit(reg);
        value.kind = Operand::Kind::Register;
        value.reg = static_cast<uint8_t>(reg);
        return reg;
    };
    switch (value.kind) {
    case Operand::Kind::Register: return Reg { value.reg };
    case Operand::Kind::Home: {
        const Reg reg = allocate();
        a.mov(width_of(value.type), reg, home(value.slot));
        return own(reg);
    }
    case Operand::Kind::Constant: {
        const Reg reg = allocate();
        load_constant(reg, value.value);
        return own(reg);
    }
    case Operand::Kind::Local: {
        const Reg reg = local_reg(static_cast<uint32_t>(value.value));
        return is_temp(reg) ? own(reg) : reg;
    }
    }
    std::unreachable();
}

Xmm FunctionCompiler::use_xmm(uint32_t depth)
{
    protected_ = std::min(protected_, stack_.size() - 1 - depth);
    Operand& value = operand(depth);
    const auto own = [&](Xmm reg) {
        busy_xmms_ |= bit(reg);
        scratch_xmms_ &= ~bit(reg);
        value.kind = Operand::Kind::Register;
        value.reg = static_cast<uint8_t>(reg);
        return reg;
    };
    switch (value.kind) {
    case Operand::Kind::Register: return Xmm { value.reg };
    case Operand::Kind::Home: {
        const Xmm reg = allocate_xmm();
        load_slot(reg, value.type, value.slot);
        return own(reg);
    }
    case Operand::Kind::Constant: {
        const Xmm reg = allocate_xmm();
        load_constant(reg, value);
        return own(reg);
    }
    case Operand::Kind::Local: {
        const Xmm reg = local_xmm(static_cast<uint32_t>(value.value));
        return is_temp(reg) ? own(reg) : reg;
    }
    }
    std::unreachable();
}

void FunctionCompiler::load_slot(Xmm to, Type type, uint32_t slot)
{
    if (type == Type::F32)
        a.movss(to, home(slot));
    else if (type == Type::F64)
        a.movsd(to, home(slot));
    else
        a.movups(to, home(slot));
}

Reg FunctionCompiler::local_reg(uint32_t local)
{
    if (const int pin = pin_of(local); pin >= 0) {
        validate(static_cast<uint32_t>(pin));
        return pin_reg(static_cast<uint32_t>(pin));
    }
    for (const Reg reg : temp_regs)
        if (cached_regs_[static_cast<size_t>(reg)] == static_cast<int32_t>(local) && !(busy_regs_ & bit(reg)))
            return reg;
    const Reg reg = allocate();
    a.mov(width_of(local_type(local)), reg, home(local_slot(local)));
    cached_regs_[static_cast<size_t>(reg)] = static_cast<int32_t>(local);
    release(reg);
    return reg;
}

Xmm FunctionCompiler::local_xmm(uint32_t local)
{
    if (const int pin = pin_of(local); pin >= 0) {
        validate(static_cast<uint32_t>(pin));
        return pin_xmm(static_cast<uint32_t>(pin));
    }
    for (uint32_t i = 0; i < temp_xmms; ++i)
        if (const Xmm reg { static_cast<uint8_t>(i) };
            cached_xmms_[i] == static_cast<int32_t>(local) && !(busy_xmms_ & bit(reg)))
            return reg;
    const Xmm reg = allocate_xmm();
    load_slot(reg, local_type(local), local_slot(local));
    cached_xmms_[static_cast<size_t>(reg)] = static_cast<int32_t>(local);
    release(reg);
    return reg;
}

Reg FunctionCompiler::take(uint32_t depth)
{
    const Reg reg = use(depth);
    if (is_temp(reg)) {
        cached_regs_[static_cast<size_t>(reg)] = -1;
        return reg;
    }
    const Reg copy = allocate();
    a.mov(width_of(type(depth)), copy, reg);
    return copy;
}

Xmm FunctionCompiler::take_xmm(uint32_t depth)
{
    const Xmm reg = use_xmm(depth);
    if (is_temp(reg)) {
        cached_xmms_[static_cast<size_t>(reg)] = -1;
        return reg;
    }
    const Xmm copy = allocate_xmm();
    a.movaps(copy, reg);
    return copy;
}

std::optional<Address> FunctionCompiler::in_memory(uint32_t depth)
{
    const Operand& value = operand(depth);
    if (value.kind == Operand::Kind::Home)
        return home(value.slot);
    if (value.kind != Operand::Kind::Local || pin_of(static_cast<uint32_t>(value.value)) >= 0)
        return std::nullopt;
    for (const Reg reg : temp_regs)
        if (cached_regs_[static_cast<size_t>(reg)] == static_cast<int32_t>(value.value))
            return std::nullopt;
    return home(local_slot(static_cast<uint32_t>(value.value)));
}

std::optional<Address> FunctionCompiler::in_memory_xmm(uint32_t depth)
{
    const Operand& value = operand(depth);
    if (value.kind == Operand::Kind::Home)
        return home(value.slot);
    if (value.kind == Operand::Kind::Constant)
        return value.type == Type::V128 ? at(constants_[value.value].label) : constant_in_memory(value.value);
    if (value.kind != Operand::Kind::Local || pin_of(static_cast<uint32_t>(value.value)) >= 0)
        return std::nullopt;
    for (uint32_t i = 0; i < temp_xmms; ++i)
        if (cached_xmms_[i] == static_cast<int32_t>(value.value))
            return std::nullopt;
    return home(local_slot(static_cast<uint32_t>(value.value)));
}

// -- The stack

void FunctionCompiler::pop(uint32_t count)
{
    for (; count != 0; --count) {
        const Operand& value = stack_.back();
        if (value.kind == Operand::Kind::Register) {
            if (is_vector(value.type))
                busy_xmms_ &= ~(is_temp(Xmm { value.reg }) ? bit(Xmm { value.reg }) : 0);
            else
                busy_regs_ &= ~(is_temp(Reg { value.reg }) ? bit(Reg { value.reg }) : 0);
        }
        stack_.pop_back();
    }
}

void FunctionCompiler::push(Type type, Reg reg)
{
    if (is_temp(reg)) {
        busy_regs_ |= bit(reg);
        scratch_regs_ &= ~bit(reg);
    }
    stack_.push_back({ Operand::Kind::Register, type, static_cast<uint8_t>(reg), top_slot() });
}

void FunctionCompiler::push(Type type, Xmm reg)
{
    if (is_temp(reg)) {
        busy_xmms_ |= bit(reg);
        scratch_xmms_ &= ~bit(reg);
    }
    stack_.push_back({ Operand::Kind::Register, type, static_cast<uint8_t>(reg), top_slot() });
}

void FunctionCompiler::push_constant(Type type, uint64_t value)
{
    stack_.push_back({ Operand::Kind::Constant, type, 0, top_slot(), value });
}

void FunctionCompiler::push_vector_constant(uint64_t low, uint64_t high)
{
    push_constant(Type::V128, constant_index(low, high));
}

void FunctionCompiler::push_home(Type type)
{
    stack_.push_back({ Operand::Kind::Home, type, 0, top_slot() });
}

void FunctionCompiler::push_local(uint32_t local)
{
    stack_.push_back({ Operand::Kind::Local, local_type(local), 0, top_slot(), local });
}

// -- Results

std::optional<Reg> FunctionCompiler::result_pin(uint32_t operands)
{
    if (next_ == end_ || (*next_ != info(Op::LocalSet).code && *next_ != info(Op::LocalTee).code)
        || may_exit_before(next_))
        return std::nullopt;
    const uint8_t* at = next_ + 1;
    const auto local = bytecode::read<uint32_t>(at);
    const int pin = pin_of(local);
    if (pin < 0 || !is_general_pin(static_cast<uint32_t>(pin)))
        return std::nullopt;
    for (size_t i = first_movable(); i + operands < stack_.size(); ++i)
        if (stack_[i].kind == Operand::Kind::Local && stack_[i].value == local)
            return std::nullopt;
    return pin_reg(static_cast<uint32_t>(pin));
}

std::optional<Xmm> FunctionCompiler::result_pin_xmm(uint32_t operands)
{
    if (next_ == end_ || (*next_ != info(Op::LocalSet).code && *next_ != info(Op::LocalTee).code)
        || may_exit_before(next_))
        return std::nullopt;
    const uint8_t* at = next_ + 1;
    const auto local = bytecode::read<uint32_t>(at);
    const int pin = pin_of(local);
    if (pin < 0 || is_general_pin(static_cast<uint32_t>(pin)))
        return std::nullopt;
    for (size_t i = first_movable(); i + operands < stack_.size(); ++i)
        if (stack_[i].kind == Operand::Kind::Local && stack_[i].value == local)
            return std::nullopt;
    return pin_xmm(static_cast<uint32_t>(pin));
}

Reg FunctionCompiler::result_reg(std::optional<Reg> avoid)
{
    if (const auto pin = result_pin(); pin && pin != avoid)
        return *pin;
    if (!avoid || !is_temp(*avoid) || (busy_regs_ & bit(*avoid)))
        return allocate();
    busy_regs_ |= bit(*avoid);
    const Reg reg = allocate();
    busy_regs_ &= ~bit(*avoid);
    return reg;
}

Xmm FunctionCompiler::result_xmm(std::optional<Xmm> avoid)
{
    if (const auto pin = result_pin_xmm(); pin && pin != avoid)
        return *pin;
    if (!avoid || !is_temp(*avoid) || (busy_xmms_ & bit(*avoid)))
        return allocate_xmm();
    busy_xmms_ |= bit(*avoid);
    const Xmm reg = allocate_xmm();
    busy_xmms_ &= ~bit(*avoid);
    return reg;
}

// -- Constants

uint32_t FunctionCompiler::constant_index(uint64_t low, uint64_t high)
{
    // A body can have very many.
    constexpr size_t max_searched = 64;
    const size_t end = constants_.size();
    for (size_t i = end - std::min(end, max_searched); i < end; ++i)
        if (constants_[i].low == low && constants_[i].high == high)
            return static_cast<uint32_t>(i);
    constants_.push_back({ low, high, a.new_label() });
    return static_cast<uint32_t>(end);
}

void FunctionCompiler::load_constant(Xmm to, const Operand& operand)
{
    if (operand.type != Type::V128)
        return load_constant(to, operand.value);
    const Constant& constant = constants_[operand.value];
    if ((constant.low | constant.high) == 0)
        a.xorps(to, to, to);
    else if ((constant.low & constant.high) == UINT64_MAX)
        a.pcmpeqd(to, to, to);
    else
        a.movups(to, at(constant.label));
}

void FunctionCompiler::load_constant(Xmm to, uint64_t value, bool is_wide)
{
    if (value == 0)
        a.xorps(to, to, to);
    else if (is_wide)
        a.movups(to, constant_in_memory(value, value));
    else
        a.movsd(to, constant_in_memory(value));
}

void FunctionCompiler::store_constant(uint32_t slot, uint64_t value)
{
    if (static_cast<int64_t>(value) == static_cast<int32_t>(value)) {
        a.mov(Width::w64, home(slot), static_cast<int32_t>(value));
        return;
    }
    Address half = home(slot);
    a.mov(Width::w32, half, static_cast<int32_t>(value));
    half.displacement += 4;
    a.mov(Width::w32, half, static_cast<int32_t>(value >> 32));
}

void FunctionCompiler::store_constant(uint32_t slot, const Operand& operand)
{
    if (operand.type != Type::V128)
        return store_constant(slot, operand.value);
    store_constant(slot, constants_[operand.value].low);
    store_constant(slot + 1, constants_[operand.value].high);
}

// -- Homes

void FunctionCompiler::spill(Operand& value)
{
    const auto store = [&](Xmm reg) {
        if (value.type == Type::V128)
            a.movups(home(value.slot), reg);
        else
            a.movsd(home(value.slot), reg);
    };
    switch (value.kind) {
    case Operand::Kind::Home: return;
    case Operand::Kind::Constant: store_constant(value.slot, value); break;
    case Operand::Kind::Register:
        if (is_vector(value.type)) {
            store(Xmm { value.reg });
            busy_xmms_ &= ~(is_temp(Xmm { value.reg }) ? bit(Xmm { value.reg }) : 0);
        } else {
            a.mov(Width::w64, home(value.slot), Reg { value.reg });
            busy_regs_ &= ~(is_temp(Reg { value.reg }) ? bit(Reg { value.reg }) : 0);
        }
        break;
    case Operand::Kind::Local:
        if (is_vector(value.type))
            store(local_xmm(static_cast<uint32_t>(value.value)));
        else
            a.mov(Width::w64, home(value.slot), local_reg(static_cast<uint32_t>(value.value)));
        break;
    }
    value.kind = Operand::Kind::Home;
}

void FunctionCompiler::spill_all()
{
    // Registers first, because values of locals need one on their way.
    for (size_t i = first_movable(); i < stack_.size(); ++i)
        if (stack_[i].kind == Operand::Kind::Register)
            spill(stack_[i]);
    for (size_t i = first_movable(); i < stack_.size(); ++i)
        spill(stack_[i]);
}

void FunctionCompiler::store_at(uint32_t depth, uint32_t slot)
{
    const Operand& value = operand(depth);
    if (value.kind == Operand::Kind::Constant)
        return store_constant(slot, value);
    if (value.kind == Operand::Kind::Home && value.slot == slot)
        return;
    if (value.type == Type::V128)
        a.movups(home(slot), use_xmm(depth));
    else if (is_vector(value.type))
        a.movsd(home(slot), use_xmm(depth));
    else
        a.mov(Width::w64, home(slot), use(depth));
}

FunctionCompiler::Snapshot FunctionCompiler::snapshot() const
{
    return { stack_, pins_, busy_regs_, busy_xmms_, cached_regs_, cached_xmms_ };
}

void FunctionCompiler::restore(const Snapshot& saved)
{
    stack_ = saved.stack;
    pins_ = saved.pins;
    busy_regs_ = saved.busy_regs;
    busy_xmms_ = saved.busy_xmms;
    cached_regs_ = saved.cached_regs;
    cached_xmms_ = saved.cached_xmms;
}

} // namespace vitrine::core::jit
