// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions that are compiled together with the ones that follow.
#include "jit/function_compiler.h"

namespace vitrine::core::jit {

namespace {

std::optional<Condition> comparison_of(Op op, Type type)
{
    const bool is_i32 = type == Type::I32;
#define COMPARISON(name, condition)                     \
    if (op == (is_i32 ? Op::I32##name : Op::I64##name)) \
        return Condition::condition;
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
    return std::nullopt;
}

} // namespace

bool FunctionCompiler::fold_load(Op op, const Address& from)
{
    if (next_ == end_ || stack_.size() < 2 || is_constant(1) || may_exit_before(next_))
        return false;
    const uint8_t* after = next_;
    const Op user = bytecode::read_op(after);
    switch (op) {
    case Op::I32Load: return fold_integer_load(user, after, Type::I32, from);
    case Op::I64Load: return fold_integer_load(user, after, Type::I64, from);
    case Op::F32Load:
        switch (user) {
        case Op::F32Add: return fold_float_load({ &Assembler::addss, &Assembler::addss }, after, from);
        case Op::F32Sub: return fold_float_load({ &Assembler::subss, &Assembler::subss }, after, from);
        case Op::F32Mul: return fold_float_load({ &Assembler::mulss, &Assembler::mulss }, after, from);
        case Op::F32Div: return fold_float_load({ &Assembler::divss, &Assembler::divss }, after, from);
        default: return false;
        }
    case Op::F64Load:
        switch (user) {
        case Op::F64Add: return fold_float_load({ &Assembler::addsd, &Assembler::addsd }, after, from);
        case Op::F64Sub: return fold_float_load({ &Assembler::subsd, &Assembler::subsd }, after, from);
        case Op::F64Mul: return fold_float_load({ &Assembler::mulsd, &Assembler::mulsd }, after, from);
        case Op::F64Div: return fold_float_load({ &Assembler::divsd, &Assembler::divsd }, after, from);
        default: return false;
        }
    default: return false;
    }
}

bool FunctionCompiler::fold_integer_load(Op user, const uint8_t* after, Type type, const Address& from)
{
    const Width width = width_of(type);
    if (const auto condition = comparison_of(user, type)) {
        const Reg x = use(1);
        access([&] { a.cmp(width, x, from); });
        next_ = after;
        pop(2);
        finish_condition(*condition);
        return true;
    }
    // The first operand must be in a temporary that can take the result. Other registers must not
    // change before the access.
    if (operand(1).kind != Operand::Kind::Register || !is_temp(Reg { operand(1).reg }))
        return false;
    const auto finish = [&](const auto& emit, bool sets_flags) {
        const Reg to = take(1);
        access([&] { emit(to); });
        if (sets_flags)
            note_flags(to, width);
        next_ = after;
        pop(2);
        push(type, to);
        return true;
    };
    switch (user) {
    case Op::I32Add:
    case Op::I64Add: return finish([&](Reg to) { a.add(width, to, from); }, true);
    case Op::I32Sub:
    case Op::I64Sub: return finish([&](Reg to) { a.sub(width, to, from); }, true);
    case Op::I32And:
    case Op::I64And: return finish([&](Reg to) { a.and_(width, to, from); }, true);
    case Op::I32Or:
    case Op::I64Or: return finish([&](Reg to) { a.or_(width, to, from); }, true);
    case Op::I32Xor:
    case Op::I64Xor: return finish([&](Reg to) { a.xor_(width, to, from); }, true);
    case Op::I32Mul:
    case Op::I64Mul: return finish([&](Reg to) { a.imul(width, to, from); }, false);
    default: return false;
    }
}

bool FunctionCompiler::fold_float_load(PackedBinary instruction, const uint8_t* after, const Address& from)
{
    const Xmm x = use_xmm(1);
    next_ = after;
    // Without AVX, the first operand is copied before the access.
    const auto pin = a.processor().avx ? result_pin_xmm(2) : std::nullopt;
    const bool is_own = operand(1).kind == Operand::Kind::Register && is_temp(x);
    const Xmm to = pin ? *pin : is_own ? take_xmm(1) : allocate_xmm();
    access([&] { (a.*instruction.with_memory)(to, x, from); });
    const Type type = this->type(1);
    pop(2);
    push(type, to);
    return true;
}

bool FunctionCompiler::test_bits(Type type)
{
    if (next_ == end_ || may_exit_before(next_))
        return false;
    const uint8_t code = *next_;
    const bool is_tested = type == Type::I64
        ? code == info(Op::I64Eqz).code
        : code == info(Op::I32Eqz).code || code == info(Op::BrIf).code || code == info(Op::If).code;
    if (!is_tested)
        return false;
    if (is_constant(1) && !is_constant(0))
        swap_operands();
    const Reg x = use(1);
    if (is_immediate(0))
        a.test(width_of(type), x, immediate(0));
    else
        a.test(width_of(type), x, use(0));
    pop(2);
    if (type == Type::I64)
        ++next_;
    finish_condition(type == Type::I64 ? Condition::Equal : Condition::NotEqual);
    return true;
}

bool FunctionCompiler::extend_by_shifts(uint8_t count, Type type)
{
    const bool is_i32 = type == Type::I32;
    const uint32_t bits = (is_i32 ? 32 : 64) - count;
    if (bits != 8 && bits != 16 && (is_i32 || bits != 32))
        return false;
    const uint8_t* at = next_;
    if (at == end_ || may_exit_before(at) || *at != info(is_i32 ? Op::I32Const : Op::I64Const).code)
        return false;
    ++at;
    const int64_t second = is_i32 ? bytecode::read<int32_t>(at) : bytecode::read<int64_t>(at);
    if (second != count || may_exit_before(at) || *at != info(is_i32 ? Op::I32ShrS : Op::I64ShrS).code)
        return false;
    next_ = at + 1;
    const Reg x = use(1);
    pop(2);
    const Reg to = result_reg();
    if (bits == 8)
        a.movsx8(width_of(type), to, x);
    else if (bits == 16)
        a.movsx16(width_of(type), to, x);
    else
        a.movsx32(Width::w64, to, x);
    push(type, to);
    return true;
}

} // namespace vitrine::core::jit
