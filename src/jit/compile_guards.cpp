// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Guards of marks, evaluated in machine code.
#include "jit/function_compiler.h"

#include "runtime/memory.h"

#include <array>

namespace vitrine::core::jit {

/// Emits one guard. Slot n of the guard's stack is in the nth of three temporaries, and rcx is free
/// for anything else. The result of a comparison stays in the flags until it is needed elsewhere.
class GuardCompiler {
public:
    GuardCompiler(FunctionCompiler& compiler, GuardView guard) : c(compiler), a(compiler.a), guard_(guard) {}

    void emit();

private:
    static Width width_of(GuardType type) { return is_wide(type) ? Width::w64 : Width::w32; }
    Reg top() const { return stack_[depth_ - 1]; }

    void find_targets();
    void begin_step(size_t step);
    void emit_step(const GuardStep& step, size_t at);
    void skip(const GuardStep& step, size_t at);
    /// Leaves if the top of the stack is not 0.
    void finish();

    /// Moves a comparison's result from the flags to the top of the stack.
    void settle();
    /// The flags say whether the top of the stack is not 0.
    Condition truth();

    void push(const GuardStep& step);
    void load(const GuardStep& step);
    void binary(const GuardStep& step);
    template<class Arithmetic> void arithmetic(const GuardStep& step, Arithmetic emit);
    void multiply(const GuardStep& step);
    void shift(const GuardStep& step);
    void compare(const GuardStep& step);
    void float_binary(const GuardStep& step);
    void compare_floats(const GuardStep& step);
    void to_float(const GuardStep& step);
    void negate(const GuardStep& step);

    Address global(uint32_t index);
    /// Puts the operand of a step into a register: of the stack, of a pin, or rcx.
    Reg operand(const GuardStep& step);
    /// Puts the operand into the second vector register, and what is below into the first.
    void load_floats(const GuardStep& step);
    void load_bits(Reg to, uint32_t local_slot);

    FunctionCompiler& c;
    Assembler& a;
    const GuardView guard_;
    static constexpr Reg scratch_ = Reg::rcx;
    std::array<Reg, max_guard_depth> stack_ {};
    Xmm left_ {}, right_ {};
    uint32_t depth_ = 0;
    /// What the flags must meet for the top of the stack to be 1, if it is not in its register.
    std::optional<Condition> flags_;
    struct Target {
        bool is_used = false;
        Label label {};
        uint32_t depth = 0;
    };
    std::array<Target, max_guard_steps + 1> targets_ {};
    Label exit_ {}, done_ {};
};

void FunctionCompiler::emit_guard(GuardView guard) { GuardCompiler(*this, guard).emit(); }

std::optional<uint32_t> FunctionCompiler::find_valid_pin(uint32_t slot) const
{
    for (uint32_t rest = pins_.valid; rest != 0; rest &= rest - 1) {
        const auto pin = static_cast<uint32_t>(std::countr_zero(rest));
        if (local_slot(scan_.locals[pin]) == slot)
            return pin;
    }
    return std::nullopt;
}

void GuardCompiler::emit()
{
    // From here to the exit, the compiler's state does not change.
    c.claim(scratch_);
    for (Reg& reg : stack_)
        reg = c.allocate();
    left_ = c.allocate_xmm();
    right_ = c.allocate_xmm();
    exit_ = c.exit();
    done_ = a.new_label();
    find_targets();
    for (size_t i = 0; i < guard_.size(); ++i) {
        begin_step(i);
        emit_step(guard_[i], i);
    }
    begin_step(guard_.size());
    if (depth_ != 0)
        finish();
    a.bind(done_);
    c.release(scratch_);
    for (const Reg reg : stack_)
        c.release(reg);
    c.release(left_);
    c.release(right_);
}

void GuardCompiler::find_targets()
{
    for (size_t i = 0; i < guard_.size(); ++i)
        if (const GuardStep& step = guard_[i]; is_skip(step.op)) {
            Target& target = targets_[i + 1 + step.value];
            if (!std::exchange(target.is_used, true))
                target.label = a.new_label();
        }
}

void GuardCompiler::begin_step(size_t step)
{
    const Target& target = targets_[step];
    if (!target.is_used)
        return;
    settle();
    a.bind(target.label);
    depth_ = target.depth;
}

void GuardCompiler::emit_step(const GuardStep& step, size_t at)
{
    const GuardOp op = step.op;
    if (is_skip(op))
        return skip(step, at);
    if (op == GuardOp::IsZero || op == GuardOp::IsNotZero) {
        const Condition is_true = truth();
        flags_ = op == GuardOp::IsZero ? jit::negate(is_true) : is_true;
        return;
    }
    settle();
    switch (op) {
    case GuardOp::Push: push(step); break;
    case GuardOp::Load8S:
    case GuardOp::Load8U:
    case GuardOp::Load16S:
    case GuardOp::Load16U:
    case GuardOp::Load32:
    case GuardOp::Load64: load(step); break;
    case GuardOp::Narrow8S: a.movsx8(Width::w32, top(), top()); break;
    case GuardOp::Narrow8U: a.movzx8(Width::w32, top(), top()); break;
    case GuardOp::Narrow16S: a.movsx16(Width::w32, top(), top()); break;
    case GuardOp::Narrow16U: a.movzx16(Width::w32, top(), top()); break;
    case GuardOp::Extend: a.movsx32(Width::w64, top(), top()); break;
    case GuardOp::Wrap: a.mov(Width::w32, top(), top()); break;
    case GuardOp::ToF32:
    case GuardOp::ToF64: to_float(step); break;
    case GuardOp::Negate: negate(step); break;
    case GuardOp::Complement: a.not_(width_of(step.type), top()); break;
    default: binary(step); break;
    }
}

void GuardCompiler::skip(const GuardStep& step, size_t at)
{
    const size_t place = at + 1 + step.value;
    Target& target = targets_[place];
    if (step.op == GuardOp::Skip) {
        if (place == guard_.size()) {
            finish();
            a.jmp(done_);
        } else {
            settle();
            a.jmp(target.label);
        }
        target.depth = depth_;
        return;
    }
    const Condition is_true = truth();
    a.jcc(step.op == GuardOp::SkipIfZero ? jit::negate(is_true) : is_true, target.label);
    flags_.reset();
    target.depth = --depth_;
}

void GuardCompiler::finish()
{
    a.jcc(truth(), exit_);
    flags_.reset();
}

void GuardCompiler::settle()
{
    if (!flags_)
        return;
    a.set(*flags_, top());
    a.movzx8(Width::w32, top(), top());
    flags_.reset();
}

Condition GuardCompiler::truth()
{
    if (flags_)
        return *flags_;
    a.test(Width::w64, top(), top());
    return Condition::NotEqual;
}

// -- Operands

Address GuardCompiler::global(uint32_t index)
{
    a.mov(Width::w64, scratch_, at(instance_reg, c.layout_.globals + uint64_t { index } * sizeof(Global*)));
    return at(scratch_, offsetof(GlobalHead, slots_));
}

/// The slot of a local as the interpreter would have it, from its pin or its home.
void GuardCompiler::load_bits(Reg to, uint32_t local_slot)
{
    const auto pin = c.find_valid_pin(local_slot);
    if (!pin)
        a.mov(Width::w64, to, c.home(local_slot));
    else if (c.is_general_pin(*pin))
        a.mov(Width::w64, to, c.pin_reg(*pin));
    else
        a.movd(
            c.local_type(c.scan_.locals[*pin]) == Type::F32 ? Width::w32 : Width::w64, to, c.pin_xmm(*pin));
}

Reg GuardCompiler::operand(const GuardStep& step)
{
    switch (step.source) {
    case GuardSource::Stack: return stack_[--depth_];
    case GuardSource::Constant: a.mov(scratch_, step.value); return scratch_;
    case GuardSource::Global: a.mov(Width::w64, scratch_, global(step.index)); return scratch_;
    case GuardSource::Frame: a.mov(Width::w64, scratch_, frame_reg); return scratch_;
    case GuardSource::Local: break;
    }
    if (const auto pin = c.find_valid_pin(step.index); pin && c.is_general_pin(*pin))
        return c.pin_reg(*pin);
    load_bits(scratch_, step.index);
    return scratch_;
}

void GuardCompiler::push(const GuardStep& step)
{
    const Reg to = stack_[depth_++];
    if (step.source == GuardSource::Constant)
        a.mov(to, step.value);
    else if (step.source == GuardSource::Global)
        a.mov(Width::w64, to, global(step.index));
    else if (step.source == GuardSource::Frame)
        a.mov(Width::w64, to, frame_reg);
    else
        load_bits(to, step.index);
}

/// Compares with the memory's size, whatever the version does elsewhere.
void GuardCompiler::load(const GuardStep& step)
{
    const Reg to = top();
    const int32_t size = step.op <= GuardOp::Load8U ? 1
        : step.op <= GuardOp::Load16U               ? 2
        : step.op == GuardOp::Load32                ? 4
                                                    : 8;
    a.add(Width::w64, to, size);
    a.jcc(Condition::Below, exit_);
    a.mov(Width::w64, scratch_,
        at(instance_reg, c.layout_.memories + uint64_t { step.index } * sizeof(Memory*)));
    a.cmp(Width::w64, to, at(scratch_, offsetof(MemoryHead, size_)));
    a.jcc(Condition::Above, exit_);
    a.add(Width::w64, to, at(scratch_, offsetof(MemoryHead, base_)));
    const Address from = at(to, -size);
    switch (step.op) {
    case GuardOp::Load8S: a.movsx8(Width::w32, to, from); break;
    case GuardOp::Load8U: a.movzx8(Width::w32, to, from); break;
    case GuardOp::Load16S: a.movsx16(Width::w32, to, from); break;
    case GuardOp::Load16U: a.movzx16(Width::w32, to, from); break;
    case GuardOp::Load32: a.mov(Width::w32, to, from); break;
    default: a.mov(Width::w64, to, from); break;
    }
}

// -- Integers

void GuardCompiler::binary(const GuardStep& step)
{
    if (is_comparison(step.op))
        return is_float(step.type) ? compare_floats(step) : compare(step);
    if (is_float(step.type))
        return float_binary(step);
    const Width width = width_of(step.type);
    switch (step.op) {
    case GuardOp::Add: arithmetic(step, [&](Reg to, auto from) { a.add(width, to, from); }); break;
    case GuardOp::Subtract: arithmetic(step, [&](Reg to, auto from) { a.sub(width, to, from); }); break;
    case GuardOp::And: arithmetic(step, [&](Reg to, auto from) { a.and_(width, to, from); }); break;
    case GuardOp::Or: arithmetic(step, [&](Reg to, auto from) { a.or_(width, to, from); }); break;
    case GuardOp::Xor: arithmetic(step, [&](Reg to, auto from) { a.xor_(width, to, from); }); break;
    case GuardOp::Multiply: multiply(step); break;
    default: shift(step); break;
    }
}

/// Calls `emit(to, from)`, where `from` is a register or an immediate.
template<class Arithmetic> void GuardCompiler::arithmetic(const GuardStep& step, Arithmetic emit)
{
    const auto immediate = static_cast<int32_t>(step.value);
    if (step.source == GuardSource::Constant
        && (!is_wide(step.type) || static_cast<int64_t>(step.value) == immediate)) {
        emit(top(), immediate);
        return;
    }
    const Reg from = operand(step);
    emit(top(), from);
}

void GuardCompiler::multiply(const GuardStep& step)
{
    const Reg from = operand(step);
    a.imul(width_of(step.type), top(), from);
}

void GuardCompiler::shift(const GuardStep& step)
{
    const Width width = width_of(step.type);
    const bool is_signed = step.type == GuardType::I32 || step.type == GuardType::I64;
    const bool is_left = step.op == GuardOp::ShiftLeft;
    if (step.source == GuardSource::Constant) {
        const auto count = static_cast<uint8_t>(step.value & (is_wide(step.type) ? 63 : 31));
        if (is_left)
            a.shl(width, top(), count);
        else if (is_signed)
            a.sar(width, top(), count);
        else
            a.shr(width, top(), count);
        return;
    }
    if (const Reg count = operand(step); count != scratch_)
        a.mov(Width::w32, scratch_, count);
    if (is_left)
        a.shl_cl(width, top());
    else if (is_signed)
        a.sar_cl(width, top());
    else
        a.shr_cl(width, top());
}

void GuardCompiler::compare(const GuardStep& step)
{
    arithmetic(step, [&](Reg to, auto from) { a.cmp(width_of(step.type), to, from); });
    const bool is_signed = step.type == GuardType::I32 || step.type == GuardType::I64;
    switch (step.op) {
    case GuardOp::Equal: flags_ = Condition::Equal; break;
    case GuardOp::Unequal: flags_ = Condition::NotEqual; break;
    case GuardOp::Less: flags_ = is_signed ? Condition::Less : Condition::Below; break;
    case GuardOp::LessOrEqual: flags_ = is_signed ? Condition::LessEqual : Condition::BelowEqual; break;
    case GuardOp::Greater: flags_ = is_signed ? Condition::Greater : Condition::Above; break;
    default: flags_ = is_signed ? Condition::GreaterEqual : Condition::AboveEqual; break;
    }
}

void GuardCompiler::negate(const GuardStep& step)
{
    if (!is_float(step.type))
        return a.neg(width_of(step.type), top());
    a.mov(scratch_, is_wide(step.type) ? uint64_t { 1 } << 63 : uint64_t { 1 } << 31);
    a.xor_(width_of(step.type), top(), scratch_);
}

// -- Floats

void GuardCompiler::load_floats(const GuardStep& step)
{
    const Width width = width_of(step.type);
    const Reg from = operand(step);
    a.movd(width, right_, from);
    a.movd(width, left_, top());
}

void GuardCompiler::float_binary(const GuardStep& step)
{
    load_floats(step);
    const bool is_f64 = is_wide(step.type);
    switch (step.op) {
    case GuardOp::Add: is_f64 ? a.addsd(left_, left_, right_) : a.addss(left_, left_, right_); break;
    case GuardOp::Subtract: is_f64 ? a.subsd(left_, left_, right_) : a.subss(left_, left_, right_); break;
    default: is_f64 ? a.mulsd(left_, left_, right_) : a.mulss(left_, left_, right_); break;
    }
    a.movd(width_of(step.type), top(), left_);
}

void GuardCompiler::compare_floats(const GuardStep& step)
{
    load_floats(step);
    const bool is_f64 = is_wide(step.type);
    // With a NaN, "above" is false.
    const bool is_swapped = step.op == GuardOp::Less || step.op == GuardOp::LessOrEqual;
    const Xmm one = is_swapped ? right_ : left_, other = is_swapped ? left_ : right_;
    is_f64 ? a.ucomisd(one, other) : a.ucomiss(one, other);
    switch (step.op) {
    case GuardOp::Less:
    case GuardOp::Greater: flags_ = Condition::Above; return;
    case GuardOp::LessOrEqual:
    case GuardOp::GreaterOrEqual: flags_ = Condition::AboveEqual; return;
    default: break;
    }
    // A NaN is not equal, but sets the flags of equal numbers, and the parity flag.
    const bool is_equal = step.op == GuardOp::Equal;
    a.set(is_equal ? Condition::Equal : Condition::NotEqual, top());
    a.set(is_equal ? Condition::NoParity : Condition::Parity, scratch_);
    if (is_equal)
        a.and_(Width::w8, top(), scratch_);
    else
        a.or_(Width::w8, top(), scratch_);
    a.movzx8(Width::w32, top(), top());
}

void GuardCompiler::to_float(const GuardStep& step)
{
    const bool to_f64 = step.op == GuardOp::ToF64;
    // A u32 is an i64.
    const Width width = step.type == GuardType::I32 ? Width::w32 : Width::w64;
    a.pxor(left_, left_, left_);
    if (is_float(step.type)) {
        if (to_f64 == is_wide(step.type))
            return;
        a.movd(width_of(step.type), right_, top());
        to_f64 ? a.cvtss2sd(left_, left_, right_) : a.cvtsd2ss(left_, left_, right_);
    } else {
        to_f64 ? a.cvtsi2sd(width, left_, left_, top()) : a.cvtsi2ss(width, left_, left_, top());
    }
    a.movd(to_f64 ? Width::w64 : Width::w32, top(), left_);
}

} // namespace vitrine::core::jit
