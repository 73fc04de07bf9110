// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Constants, and arithmetic of integers and floats.
#include "jit/function_compiler.h"
#include "runtime/numeric.h"

namespace vitrine::core::jit {

namespace {

/// Applies an instruction to the operands that end at `sp`, as the interpreter does.
using NumericFunction = TrapKind (*)(Slot* sp);

constexpr auto numeric_functions = [] {
    std::array<NumericFunction, op_table.size()> functions {};
#define OP(...)
#define NUMERIC(name, ...) functions[static_cast<size_t>(Op::name)] = &Apply<numeric::name>::run;
#include "wasm/opcodes.inc"
    return functions;
}();

/// Whether an instruction of this name can trap.
template<class T> inline constexpr bool may_trap = false;
template<class R, class... A>
    requires requires(R result) { result.trap; }
inline constexpr bool may_trap<R (*)(A...)> = true;

constexpr auto numeric_traps = [] {
    std::array<bool, op_table.size()> traps {};
#define OP(...)
#define NUMERIC(name, ...) \
    traps[static_cast<size_t>(Op::name)] = may_trap<std::decay_t<decltype(numeric::name)>>;
#include "wasm/opcodes.inc"
    return traps;
}();

constexpr uint64_t sign_of(Type type) { return type == Type::F32 ? 0x8000'0000 : uint64_t { 1 } << 63; }

} // namespace

void FunctionCompiler::call_numeric(Op op)
{
    const Signature& signature = info(op).signature;
    spill_all();
    store_dirty();
    a.lea(Width::w64, Reg::rdi, home(top_slot()));
    a.mov(Reg::rax, reinterpret_cast<uint64_t>(numeric_functions[static_cast<size_t>(op)]));
    a.call(at(requests_reg, offsetof(RequestWords, call_out)));
    forget_registers();
    if (numeric_traps[static_cast<size_t>(op)]) {
        static_assert(sizeof(TrapKind) == 1);
        a.test(Width::w8, Reg::rax, Reg::rax);
        exit_if(Condition::NotEqual);
    }
    pop(signature.param_count);
    push_home(type_of(signature.result));
}

// -- Integers

namespace {

enum class Operation : uint8_t { Add, Sub, Mul, And, Or, Xor };

template<class To, class From>
void emit(Assembler& a, Operation operation, Width width, const To& to, const From& from)
{
    switch (operation) {
    case Operation::Add: return a.add(width, to, from);
    case Operation::Sub: return a.sub(width, to, from);
    case Operation::And: return a.and_(width, to, from);
    case Operation::Or: return a.or_(width, to, from);
    case Operation::Xor: return a.xor_(width, to, from);
    case Operation::Mul:
        if constexpr (std::is_same_v<From, int32_t>)
            return a.imul(width, to, to, from);
        else
            return a.imul(width, to, from);
    }
}

Operation operation_of(Op op)
{
    switch (op) {
    case Op::I32Add:
    case Op::I64Add: return Operation::Add;
    case Op::I32Sub:
    case Op::I64Sub: return Operation::Sub;
    case Op::I32Mul:
    case Op::I64Mul: return Operation::Mul;
    case Op::I32And:
    case Op::I64And: return Operation::And;
    case Op::I32Or:
    case Op::I64Or: return Operation::Or;
    default: return Operation::Xor;
    }
}

} // namespace

void FunctionCompiler::note_flags(Reg reg, Width width)
{
    flags_offset_ = a.offset();
    flags_reg_ = reg;
    flags_width_ = width;
}

void FunctionCompiler::swap_operands()
{
    use_if_home(0);
    use_if_home(1);
    Operand& upper = operand(0);
    Operand& lower = operand(1);
    std::swap(upper, lower);
    std::swap(upper.slot, lower.slot);
}

void FunctionCompiler::use_if_home(uint32_t depth)
{
    if (operand(depth).kind == Operand::Kind::Home)
        use(depth);
}

void FunctionCompiler::integer_binary(Op op, Type type)
{
    const Operation operation = operation_of(op);
    if (operation == Operation::And && test_bits(type))
        return;
    const Width width = width_of(type);
    const bool is_commutative = operation != Operation::Sub;
    if (is_commutative && is_constant(1) && !is_constant(0))
        swap_operands();
    const auto pin = result_pin(2);
    const auto is_own = [&](uint32_t depth) {
        return operand(depth).kind == Operand::Kind::Register && is_temp(Reg { operand(depth).reg });
    };
    const auto finish = [&](Reg result, bool sets_flags) {
        if (sets_flags && operation != Operation::Mul)
            note_flags(result, width);
        pop(2);
        push(type, result);
    };

    if (is_immediate(0)) {
        const int32_t value = immediate(0);
        const Reg x = use(1);
        if (operation == Operation::Mul) {
            const Reg to = pin ? *pin : is_own(1) ? take(1) : allocate();
            a.imul(width, to, x, value);
            return finish(to, false);
        }
        if ((operation == Operation::Add || (operation == Operation::Sub && value != INT32_MIN))
            && (pin ? *pin != x : !is_own(1))) {
            const Reg to = pin ? *pin : allocate();
            a.lea(width, to, at(x, operation == Operation::Add ? value : -value));
            return finish(to, false);
        }
        Reg to = x;
        if (!pin)
            to = take(1);
        else if (to = *pin; to != x)
            a.mov(width, to, x);
        emit(a, operation, width, to, value);
        return finish(to, true);
    }
    if (const auto memory = in_memory(0)) {
        Reg to {};
        if (pin) {
            to = *pin;
            if (const Reg x = use(1); x != to)
                a.mov(width, to, x);
        } else {
            to = take(1);
        }
        emit(a, operation, width, to, *memory);
        return finish(to, true);
    }
    Reg x = use(1), y = use(0);
    if (pin && *pin == y && *pin != x && !is_commutative) {
        const Reg to = take(1);
        emit(a, operation, width, to, y);
        return finish(to, true);
    }
    if (pin) {
        if (is_commutative && *pin == y)
            std::swap(x, y);
        if (operation == Operation::Add && *pin != x) {
            a.lea(width, *pin, at(x, y));
            return finish(*pin, false);
        }
        if (*pin != x)
            a.mov(width, *pin, x);
        emit(a, operation, width, *pin, y);
        return finish(*pin, true);
    }
    if (is_own(1)) {
        const Reg to = take(1);
        emit(a, operation, width, to, y);
        return finish(to, true);
    }
    if (is_commutative && is_own(0)) {
        const Reg to = take(0);
        emit(a, operation, width, to, x);
        return finish(to, true);
    }
    if (operation == Operation::Add) {
        const Reg to = allocate();
        a.lea(width, to, at(x, y));
        return finish(to, false);
    }
    const Reg to = take(1);
    emit(a, operation, width, to, y);
    finish(to, true);
}

void FunctionCompiler::shift(Op op, Type type)
{
    enum class Kind : uint8_t { Shl, ShrS, ShrU, Rotl, Rotr } kind = Kind::Rotr;
    switch (op) {
    case Op::I32Shl:
    case Op::I64Shl: kind = Kind::Shl; break;
    case Op::I32ShrS:
    case Op::I64ShrS: kind = Kind::ShrS; break;
    case Op::I32ShrU:
    case Op::I64ShrU: kind = Kind::ShrU; break;
    case Op::I32Rotl:
    case Op::I64Rotl: kind = Kind::Rotl; break;
    default: break;
    }
    const Width width = width_of(type);
    const auto finish = [&](Reg result) {
        pop(2);
        push(type, result);
    };
    if (is_constant(0)) {
        const auto count = static_cast<uint8_t>(operand(0).value & (type == Type::I32 ? 31 : 63));
        if (kind == Kind::Shl && extend_by_shifts(count, type))
            return;
        const Op sum = type == Type::I32 ? Op::I32Add : Op::I64Add;
        if (kind == Kind::Shl && count >= 1 && count <= 3 && next_ != end_ && *next_ == info(sum).code
            && stack_.size() >= 3 && !is_constant(2) && !may_exit_before(next_)) {
            // Shift and add in one instruction.
            ++next_;
            const Reg y = use(2), x = use(1);
            pop(3);
            const Reg to = result_reg();
            a.lea(width, to, at(y, x, count));
            push(type, to);
            return;
        }
        const auto pin = result_pin(2);
        if ((kind == Kind::Rotl || kind == Kind::Rotr) && a.processor().bmi2) {
            const Reg x = use(1);
            const Reg to = pin ? *pin : allocate();
            const uint8_t bits = type == Type::I32 ? 32 : 64;
            a.rorx(width, to, x, kind == Kind::Rotr ? count : static_cast<uint8_t>((bits - count) % bits));
            return finish(to);
        }
        Reg to {};
        if (pin) {
            to = *pin;
            if (const Reg x = use(1); x != to)
                a.mov(width, to, x);
        } else {
            to = take(1);
        }
        switch (kind) {
        case Kind::Shl: a.shl(width, to, count); break;
        case Kind::ShrS: a.sar(width, to, count); break;
        case Kind::ShrU: a.shr(width, to, count); break;
        case Kind::Rotl: a.rol(width, to, count); break;
        case Kind::Rotr: a.ror(width, to, count); break;
        }
        return finish(to);
    }
    if (kind <= Kind::ShrU && a.processor().bmi2) {
        const Reg x = use(1), y = use(0);
        const auto pin = result_pin(2);
        const auto& lower = operand(1);
        const Reg to = pin                                                        ? *pin
            : lower.kind == Operand::Kind::Register && is_temp(Reg { lower.reg }) ? take(1)
                                                                                  : allocate();
        switch (kind) {
        case Kind::Shl: a.shlx(width, to, x, y); break;
        case Kind::ShrS: a.sarx(width, to, x, y); break;
        default: a.shrx(width, to, x, y); break;
        }
        return finish(to);
    }
    use(1);
    if (use(0) != Reg::rcx) {
        claim(Reg::rcx);
        a.mov(width, Reg::rcx, use(0));
    }
    const Reg to = take(1);
    switch (kind) {
    case Kind::Shl: a.shl_cl(width, to); break;
    case Kind::ShrS: a.sar_cl(width, to); break;
    case Kind::ShrU: a.shr_cl(width, to); break;
    case Kind::Rotl: a.rol_cl(width, to); break;
    case Kind::Rotr: a.ror_cl(width, to); break;
    }
    finish(to);
}

void FunctionCompiler::divide(bool is_signed, bool wants_remainder, Type type)
{
    const Width width = width_of(type);
    const bool is_known = is_constant(0);
    const auto divisor = static_cast<int64_t>(
        type == Type::I32 ? static_cast<int32_t>(operand(0).value) : static_cast<int64_t>(operand(0).value));
    use(1);
    use(0);
    claim(Reg::rax);
    claim(Reg::rdx);
    const Reg x = use(1), y = use(0);
    const bool may_be_zero = !is_known || divisor == 0;
    const bool may_be_minus_one = is_signed && (!is_known || divisor == -1);
    if (may_be_zero) {
        a.test(width, y, y);
        exit_if(Condition::Equal);
    }
    const Label end = a.new_label();
    if (may_be_minus_one) {
        const Label divides = a.new_label();
        a.cmp(width, y, -1);
        a.jcc(Condition::NotEqual, divides);
        if (wants_remainder) {
            a.xor_(Width::w32, Reg::rdx, Reg::rdx);
            a.jmp(end);
        } else {
            // Overflows only for the smallest number.
            a.cmp(width, x, 1);
            exit_if(Condition::Overflow);
        }
        a.bind(divides);
    }
    a.mov(width, Reg::rax, x);
    if (is_signed) {
        a.sign_extend_rax(width);
        a.idiv(width, y);
    } else {
        a.xor_(Width::w32, Reg::rdx, Reg::rdx);
        a.div(width, y);
    }
    a.bind(end);
    pop(2);
    push(type, wants_remainder ? Reg::rdx : Reg::rax);
}

void FunctionCompiler::compare(Condition condition, Type type)
{
    const Width width = width_of(type);
    if (is_immediate(0)) {
        const int32_t value = immediate(0);
        if (const auto memory = in_memory(1)) {
            a.cmp(width, *memory, value);
        } else {
            const Reg x = use(1);
            if (value == 0)
                a.test(width, x, x);
            else
                a.cmp(width, x, value);
        }
    } else {
        const Reg x = use(1);
        if (const auto memory = in_memory(0))
            a.cmp(width, x, *memory);
        else
            a.cmp(width, x, use(0));
    }
    pop(2);
    finish_condition(condition);
}

void FunctionCompiler::count_bits(Op op, Type type)
{
    const bool is_popcnt = op == Op::I32Popcnt || op == Op::I64Popcnt;
    const bool is_ctz = op == Op::I32Ctz || op == Op::I64Ctz;
    if (!is_popcnt && !(is_ctz ? a.processor().bmi1 : a.processor().lzcnt))
        return call_numeric(op);
    const Width width = width_of(type);
    const Reg x = use(0);
    pop();
    const Reg to = result_reg();
    if (is_popcnt)
        a.popcnt(width, to, x);
    else if (is_ctz)
        a.tzcnt(width, to, x);
    else
        a.lzcnt(width, to, x);
    push(type, to);
}

void FunctionCompiler::extend(Op op)
{
    if (op == Op::I64ExtendI32U) {
        // Registers and homes of an i32 have zeros in their upper halves.
        operand(0).type = Type::I64;
        return;
    }
    const Reg x = use(0);
    pop();
    const Reg to = result_reg();
    Type type = Type::I64;
    switch (op) {
    case Op::I32WrapI64:
        a.mov(Width::w32, to, x);
        type = Type::I32;
        break;
    case Op::I32Extend8S:
        a.movsx8(Width::w32, to, x);
        type = Type::I32;
        break;
    case Op::I32Extend16S:
        a.movsx16(Width::w32, to, x);
        type = Type::I32;
        break;
    case Op::I64Extend8S: a.movsx8(Width::w64, to, x); break;
    case Op::I64Extend16S: a.movsx16(Width::w64, to, x); break;
    default: a.movsx32(Width::w64, to, x); break;
    }
    push(type, to);
}

// -- Floats

void FunctionCompiler::compare_floats(Op op)
{
    enum class Kind : uint8_t { Eq, Ne, Lt, Gt, Le, Ge } kind = Kind::Ge;
    const bool is_f32 = info(op).signature.params[0] == ValueKind::F32;
    switch (op) {
    case Op::F32Eq:
    case Op::F64Eq: kind = Kind::Eq; break;
    case Op::F32Ne:
    case Op::F64Ne: kind = Kind::Ne; break;
    case Op::F32Lt:
    case Op::F64Lt: kind = Kind::Lt; break;
    case Op::F32Gt:
    case Op::F64Gt: kind = Kind::Gt; break;
    case Op::F32Le:
    case Op::F64Le: kind = Kind::Le; break;
    default: break;
    }
    // The flags of an unordered comparison are those of "below": ask for "above" only.
    const bool is_swapped = kind == Kind::Lt || kind == Kind::Le;
    const uint32_t first = is_swapped ? 0 : 1, second = is_swapped ? 1 : 0;
    const Xmm x = use_xmm(first);
    if (const auto memory = in_memory_xmm(second)) {
        if (is_f32)
            a.ucomiss(x, *memory);
        else
            a.ucomisd(x, *memory);
    } else {
        const Xmm y = use_xmm(second);
        if (is_f32)
            a.ucomiss(x, y);
        else
            a.ucomisd(x, y);
    }
    pop(2);
    if (kind != Kind::Eq && kind != Kind::Ne)
        return finish_condition(
            kind == Kind::Lt || kind == Kind::Gt ? Condition::Above : Condition::AboveEqual);
    // The flags of the second operation say whether both are as wanted.
    const Reg ordered = allocate(), same = allocate();
    a.set(kind == Kind::Eq ? Condition::NoParity : Condition::Parity, ordered);
    a.set(kind == Kind::Eq ? Condition::Equal : Condition::NotEqual, same);
    if (kind == Kind::Eq)
        a.and_(Width::w8, ordered, same);
    else
        a.or_(Width::w8, ordered, same);
    release(ordered);
    release(same);
    finish_condition(Condition::NotEqual);
}

void FunctionCompiler::float_binary(Op op, Type type)
{
    const Xmm x = use_xmm(1);
    const auto emit = [&](Xmm to, const auto& y) {
        switch (op) {
        case Op::F32Add: return a.addss(to, x, y);
        case Op::F32Sub: return a.subss(to, x, y);
        case Op::F32Mul: return a.mulss(to, x, y);
        case Op::F32Div: return a.divss(to, x, y);
        case Op::F64Add: return a.addsd(to, x, y);
        case Op::F64Sub: return a.subsd(to, x, y);
        case Op::F64Mul: return a.mulsd(to, x, y);
        default: return a.divsd(to, x, y);
        }
    };
    if (const auto memory = in_memory_xmm(0)) {
        pop(2);
        const Xmm to = result_xmm();
        emit(to, *memory);
        return push(type, to);
    }
    const Xmm y = use_xmm(0);
    pop(2);
    const Xmm to = result_xmm(x == y ? std::nullopt : std::optional(y));
    emit(to, y);
    push(type, to);
}

/// See numeric::min and numeric::max.
void FunctionCompiler::float_extreme(bool is_min, Type type)
{
    const Xmm x = use_xmm(1), y = use_xmm(0);
    const Xmm to = allocate_xmm(), other = allocate_xmm();
    const bool is_f32 = type == Type::F32;
    const auto extreme = [&](Xmm result, Xmm first, Xmm second) {
        if (is_f32)
            is_min ? a.minss(result, first, second) : a.maxss(result, first, second);
        else
            is_min ? a.minsd(result, first, second) : a.maxsd(result, first, second);
    };
    const Label unordered = a.new_label(), end = a.new_label();
    is_f32 ? a.ucomiss(x, y) : a.ucomisd(x, y);
    a.jcc(Condition::Parity, unordered);
    extreme(to, x, y);
    extreme(other, y, x);
    is_min ? a.orps(to, to, other) : a.andps(to, to, other);
    a.jmp(end);
    a.bind(unordered);
    is_f32 ? a.addss(to, x, y) : a.addsd(to, x, y);
    a.bind(end);
    pop(2);
    push(type, to);
}

void FunctionCompiler::float_unary(Op op, Type type)
{
    const Xmm x = use_xmm(0);
    pop();
    const Xmm to = result_xmm();
    const auto round = [&](numeric::Rounding how) {
        type == Type::F32 ? a.roundss(to, x, x, static_cast<uint8_t>(how))
                          : a.roundsd(to, x, x, static_cast<uint8_t>(how));
    };
    switch (op) {
    case Op::F32Abs: a.andps(to, x, constant_in_memory(sign_of(type) - 1)); break;
    case Op::F64Abs: a.andps(to, x, constant_in_memory(sign_of(type) - 1)); break;
    case Op::F32Neg:
    case Op::F64Neg: a.xorps(to, x, constant_in_memory(sign_of(type))); break;
    case Op::F32Ceil:
    case Op::F64Ceil: round(numeric::Rounding::Up); break;
    case Op::F32Floor:
    case Op::F64Floor: round(numeric::Rounding::Down); break;
    case Op::F32Trunc:
    case Op::F64Trunc: round(numeric::Rounding::ToZero); break;
    case Op::F32Nearest:
    case Op::F64Nearest: round(numeric::Rounding::ToEven); break;
    case Op::F32Sqrt: a.sqrtss(to, x, x); break;
    default: a.sqrtsd(to, x, x); break;
    }
    push(type, to);
}

void FunctionCompiler::copysign(Type type)
{
    const Xmm x = use_xmm(1), y = use_xmm(0);
    const Xmm to = allocate_xmm(), sign = allocate_xmm();
    a.andps(sign, y, constant_in_memory(sign_of(type)));
    a.andps(to, x, constant_in_memory(sign_of(type) - 1));
    a.orps(to, to, sign);
    pop(2);
    push(type, to);
}

bool FunctionCompiler::compile_number(Op op)
{
    const Type type = type_of(info(op).signature.result);
    switch (op) {
    case Op::I32Const:
        push_constant(Type::I32, static_cast<uint32_t>(bytecode::read<int32_t>(next_)));
        return true;
    case Op::I64Const:
        push_constant(Type::I64, static_cast<uint64_t>(bytecode::read<int64_t>(next_)));
        return true;
    case Op::F32Const: push_constant(Type::F32, bytecode::read_bytes<uint32_t>(next_)); return true;
    case Op::F64Const: push_constant(Type::F64, bytecode::read_bytes<uint64_t>(next_)); return true;

    case Op::I32Eqz:
    case Op::I64Eqz:
        test_operand();
        finish_condition(Condition::Equal);
        return true;
#define COMPARISON(name, condition)                                            \
    case Op::I32##name: compare(Condition::condition, Type::I32); return true; \
    case Op::I64##name: compare(Condition::condition, Type::I64); return true;
        COMPARISON(Eq, Equal)
        COMPARISON(Ne, NotEqual)
        COMPARISON(LtS, Less)
        COMPARISON(LtU, Below)
        COMPARISON(GtS, Greater)
        COMPARISON(GtU, Above)
        COMPARISON(LeS, LessEqual)
        COMPARISON(LeU, BelowEqual)
        COMPARISON(GeS, GreaterEqual)
        COMPARISON(GeU, AboveEqual)
#undef COMPARISON
    case Op::F32Eq:
    case Op::F32Ne:
    case Op::F32Lt:
    case Op::F32Gt:
    case Op::F32Le:
    case Op::F32Ge:
    case Op::F64Eq:
    case Op::F64Ne:
    case Op::F64Lt:
    case Op::F64Gt:
    case Op::F64Le:
    case Op::F64Ge: compare_floats(op); return true;

    case Op::I32Clz:
    case Op::I32Ctz:
    case Op::I32Popcnt:
    case Op::I64Clz:
    case Op::I64Ctz:
    case Op::I64Popcnt: count_bits(op, type); return true;
    case Op::I32Add:
    case Op::I32Sub:
    case Op::I32Mul:
    case Op::I32And:
    case Op::I32Or:
    case Op::I32Xor:
    case Op::I64Add:
    case Op::I64Sub:
    case Op::I64Mul:
    case Op::I64And:
    case Op::I64Or:
    case Op::I64Xor: integer_binary(op, type); return true;
    case Op::I32DivS:
    case Op::I64DivS: divide(true, false, type); return true;
    case Op::I32DivU:
    case Op::I64DivU: divide(false, false, type); return true;
    case Op::I32RemS:
    case Op::I64RemS: divide(true, true, type); return true;
    case Op::I32RemU:
    case Op::I64RemU: divide(false, true, type); return true;
    case Op::I32Shl:
    case Op::I32ShrS:
    case Op::I32ShrU:
    case Op::I32Rotl:
    case Op::I32Rotr:
    case Op::I64Shl:
    case Op::I64ShrS:
    case Op::I64ShrU:
    case Op::I64Rotl:
    case Op::I64Rotr: shift(op, type); return true;

    case Op::F32Abs:
    case Op::F32Neg:
    case Op::F32Ceil:
    case Op::F32Floor:
    case Op::F32Trunc:
    case Op::F32Nearest:
    case Op::F32Sqrt:
    case Op::F64Abs:
    case Op::F64Neg:
    case Op::F64Ceil:
    case Op::F64Floor:
    case Op::F64Trunc:
    case Op::F64Nearest:
    case Op::F64Sqrt: float_unary(op, type); return true;
    case Op::F32Add:
    case Op::F32Sub:
    case Op::F32Mul:
    case Op::F32Div:
    case Op::F64Add:
    case Op::F64Sub:
    case Op::F64Mul:
    case Op::F64Div: float_binary(op, type); return true;
    case Op::F32Min:
    case Op::F64Min: float_extreme(true, type); return true;
    case Op::F32Max:
    case Op::F64Max: float_extreme(false, type); return true;
    case Op::F32Copysign:
    case Op::F64Copysign: copysign(type); return true;

    case Op::I32WrapI64:
    case Op::I64ExtendI32S:
    case Op::I64ExtendI32U:
    case Op::I32Extend8S:
    case Op::I32Extend16S:
    case Op::I64Extend8S:
    case Op::I64Extend16S:
    case Op::I64Extend32S: extend(op); return true;
    case Op::F32ConvertI32S:
    case Op::F32ConvertI32U:
    case Op::F32ConvertI64S:
    case Op::F32ConvertI64U:
    case Op::F64ConvertI32S:
    case Op::F64ConvertI32U:
    case Op::F64ConvertI64S:
    case Op::F64ConvertI64U: convert_to_float(op); return true;
    case Op::F32DemoteF64:
    case Op::F64PromoteF32: convert_float(op); return true;
    case Op::I32ReinterpretF32:
    case Op::I64ReinterpretF64:
    case Op::F32ReinterpretI32:
    case Op::F64ReinterpretI64: reinterpret(op); return true;
    default:
        // The rest are conversions to integers.
        truncate(op);
        return true;
    }
}

} // namespace vitrine::core::jit
