// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where locals are: pins, their homes, and temporaries that happen to have their values.
#include "jit/function_compiler.h"

namespace vitrine::core::jit {

uint32_t FunctionCompiler::local_slot(uint32_t local) const
{
    return meta_.is_wide ? module_.wide_locals[meta_.first_wide_local + local] >> 1 : local;
}

void FunctionCompiler::load_pin(uint32_t pin)
{
    const uint32_t local = scan_.locals[pin];
    const Address from = home(local_slot(local));
    switch (local_type(local)) {
    case Type::I32: a.mov(Width::w32, pin_reg(pin), from); break;
    case Type::I64:
    case Type::Ref: a.mov(Width::w64, pin_reg(pin), from); break;
    case Type::F32: a.movss(pin_xmm(pin), from); break;
    case Type::F64: a.movsd(pin_xmm(pin), from); break;
    case Type::V128: a.movups(pin_xmm(pin), from); break;
    }
}

void FunctionCompiler::store_pin(uint32_t pin)
{
    const uint32_t local = scan_.locals[pin];
    const Address to = home(local_slot(local));
    if (is_general_pin(pin))
        a.mov(Width::w64, to, pin_reg(pin));
    else if (local_type(local) == Type::V128)
        a.movups(to, pin_xmm(pin));
    else
        a.movsd(to, pin_xmm(pin));
}

void FunctionCompiler::validate(uint32_t pin)
{
    if (pins_.valid >> pin & 1)
        return;
    load_pin(pin);
    pins_.valid |= 1u << pin;
}

void FunctionCompiler::store_dirty()
{
    for (uint32_t rest = pins_.dirty; rest != 0; rest &= rest - 1)
        store_pin(static_cast<uint32_t>(std::countr_zero(rest)));
    pins_.dirty = 0;
}

void FunctionCompiler::forget_registers()
{
    pins_ = {};
    clear_caches();
}

void FunctionCompiler::adapt(Pins to)
{
    for (uint32_t rest = pins_.dirty & ~to.dirty; rest != 0; rest &= rest - 1)
        store_pin(static_cast<uint32_t>(std::countr_zero(rest)));
    for (uint32_t rest = to.valid & ~pins_.valid; rest != 0; rest &= rest - 1)
        load_pin(static_cast<uint32_t>(std::countr_zero(rest)));
    pins_ = to;
}

void FunctionCompiler::drop_cached(uint32_t local)
{
    for (uint32_t i = 0; i < 16; ++i) {
        if (cached_regs_[i] == static_cast<int32_t>(local))
            cached_regs_[i] = -1;
        if (cached_xmms_[i] == static_cast<int32_t>(local))
            cached_xmms_[i] = -1;
    }
}

void FunctionCompiler::detach(uint32_t local, uint32_t except)
{
    for (uint32_t depth = except; depth < stack_.size() - first_movable(); ++depth) {
        Operand& value = operand(depth);
        if (value.kind != Operand::Kind::Local || value.value != local)
            continue;
        if (is_vector(value.type)) {
            const Xmm copy = allocate_xmm();
            if (const int pin = pin_of(local); pin >= 0) {
                validate(static_cast<uint32_t>(pin));
                a.movaps(copy, pin_xmm(static_cast<uint32_t>(pin)));
            } else {
                load_slot(copy, value.type, local_slot(local));
            }
            scratch_xmms_ &= ~bit(copy);
            value.reg = static_cast<uint8_t>(copy);
        } else {
            const Reg copy = allocate();
            if (const int pin = pin_of(local); pin >= 0) {
                validate(static_cast<uint32_t>(pin));
                a.mov(Width::w64, copy, pin_reg(static_cast<uint32_t>(pin)));
            } else {
                a.mov(width_of(value.type), copy, home(local_slot(local)));
            }
            scratch_regs_ &= ~bit(copy);
            value.reg = static_cast<uint8_t>(copy);
        }
        value.kind = Operand::Kind::Register;
    }
}

void FunctionCompiler::set_local(uint32_t local, bool keeps_value)
{
    protected_ = stack_.size() - 1;
    detach(local, 1);
    const Operand value = operand(0);
    const int pin = pin_of(local);
    if (value.kind == Operand::Kind::Local && value.value == local) {
        // Sets it to itself.
    } else if (pin >= 0) {
        const auto number = static_cast<uint32_t>(pin);
        if (is_general_pin(number)) {
            const Reg to = pin_reg(number);
            if (value.kind == Operand::Kind::Constant)
                load_constant(to, value.value);
            else if (value.kind == Operand::Kind::Home)
                a.mov(width_of(value.type), to, home(value.slot));
            else if (const Reg from = use(0); from != to)
                a.mov(Width::w64, to, from);
        } else {
            const Xmm to = pin_xmm(number);
            if (value.kind == Operand::Kind::Constant)
                load_constant(to, value);
            else if (const Xmm from = use_xmm(0); from != to)
                a.movaps(to, from);
        }
        pins_.valid |= 1u << pin;
        pins_.dirty |= 1u << pin;
    } else {
        const uint32_t slot = local_slot(local);
        store_at(0, slot);
        drop_cached(local);
        // The temporary has the new value.
        if (const Operand& stored = operand(0); stored.kind == Operand::Kind::Register) {
            if (is_vector(stored.type) && is_temp(Xmm { stored.reg }))
                cached_xmms_[stored.reg] = static_cast<int32_t>(local);
            else if (!is_vector(stored.type) && is_temp(Reg { stored.reg }))
                cached_regs_[stored.reg] = static_cast<int32_t>(local);
        }
    }
    pop();
    if (keeps_value)
        push_local(local);
}

void FunctionCompiler::zero_locals()
{
    const auto params = static_cast<uint32_t>(func_type_.params.size());
    const bool is_leaf = !scan_.blocks.front().has_call;
    const uint32_t first = meta_.param_slots, end = meta_.local_slots;
    if (first == end)
        return;
    // In a leaf function the pins get their zeros in registers.
    uint32_t pinned = 0;
    for (uint32_t pin = 0; is_leaf && pin < pin_count; ++pin)
        if (scan_.locals[pin] != Scan::no_local && scan_.locals[pin] >= params)
            pinned |= 1u << pin;
    const bool is_all_pinned = static_cast<size_t>(std::popcount(pinned)) == local_types_.size() - params
        && meta_.hidden_slots == 0 && !meta_.is_wide && local_types_.size() == end;
    if (!is_all_pinned) {
        const Xmm zero { 0 };
        constexpr uint32_t max_unrolled = 32;
        a.xorps(zero, zero, zero);
        uint32_t slot = first;
        if ((end - slot) % 2 != 0)
            a.movsd(home(slot++), zero);
        if (end - slot <= max_unrolled) {
            for (; slot < end; slot += 2)
                a.movups(home(slot), zero);
        } else {
            const Label again = a.new_label();
            a.lea(Width::w64, Reg::rax, home(slot));
            a.lea(Width::w64, Reg::rcx, home(end));
            a.bind(again);
            a.movups(at(Reg::rax), zero);
            a.add(Width::w64, Reg::rax, 16);
            a.cmp(Width::w64, Reg::rax, Reg::rcx);
            a.jcc(Condition::Below, again);
        }
    }
    for (uint32_t rest = pinned; rest != 0; rest &= rest - 1) {
        const auto pin = static_cast<uint32_t>(std::countr_zero(rest));
        if (is_general_pin(pin))
            a.xor_(Width::w32, pin_reg(pin), pin_reg(pin));
        else
            a.xorps(pin_xmm(pin), pin_xmm(pin), pin_xmm(pin));
    }
    pins_ = { .valid = pinned, .dirty = is_all_pinned ? pinned : 0 };
}

} // namespace vitrine::core::jit
