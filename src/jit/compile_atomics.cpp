// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Atomic accesses to memory. All are sequentially consistent: loads are plain, everything that
// stores is a locked instruction.
#include "jit/function_compiler.h"

namespace vitrine::core::jit {

namespace {

constexpr auto atomic_kinds = [] {
    std::array<AtomicKind, op_table.size()> kinds {};
#define OP(...)
#define ATOMIC(name, text, code, signature, type, atomic) \
    kinds[static_cast<size_t>(Op::name)] = AtomicKind::atomic;
#include "wasm/opcodes.inc"
    return kinds;
}();

constexpr AtomicKind kind_of(Op op) { return atomic_kinds[static_cast<size_t>(op)]; }

constexpr Width width_of_bytes(uint32_t bytes)
{
    return bytes == 1 ? Width::w8 : bytes == 2 ? Width::w16 : bytes == 4 ? Width::w32 : Width::w64;
}

} // namespace

void FunctionCompiler::check_alignment(const Address& address, uint32_t size, Reg scratch)
{
    if (size == 1)
        return;
    Reg tested = scratch;
    if (address.base == memory_reg && static_cast<uint32_t>(address.displacement) % size == 0) {
        // The memory itself is aligned.
        if (!address.has_index)
            return;
        tested = address.index;
    } else {
        a.lea(Width::w64, scratch, address);
    }
    a.test(Width::w32, tested, static_cast<int32_t>(size - 1));
    exit_if(Condition::NotEqual);
}

void FunctionCompiler::load_zero_extended(Reg to, const Address& from, uint32_t size)
{
    if (size == 1)
        a.movzx8(Width::w32, to, from);
    else if (size == 2)
        a.movzx16(Width::w32, to, from);
    else
        a.mov(width_of_bytes(size), to, from);
}

void FunctionCompiler::spill_temporary(uint32_t depth)
{
    Operand& value = operand(depth);
    if (value.kind == Operand::Kind::Register && is_temp(Reg { value.reg }))
        spill(value);
}

void FunctionCompiler::zero_extend(Reg reg, uint32_t size, Type type)
{
    if (size == 1)
        a.movzx8(Width::w32, reg, reg);
    else if (size == 2)
        a.movzx16(Width::w32, reg, reg);
    else if (size == 4 && type == Type::I64)
        a.mov(Width::w32, reg, reg);
}

void FunctionCompiler::atomic_load(Op op)
{
    const uint32_t size = info(op).access_bytes;
    const Address from = address_of(read_memory_argument(next_), 0, size);
    const Reg scratch = allocate();
    check_alignment(from, size, scratch);
    check_watches(from, size, info(op).state, scratch);
    const auto pin = result_pin(1);
    const Reg to = pin ? *pin : scratch;
    access([&] { load_zero_extended(to, from, size); });
    pop();
    push(type_of(info(op).signature.result), to);
}

/// A store, exchange, addition or subtraction: the value goes in, the old one comes out.
void FunctionCompiler::atomic_exchange(Op op)
{
    const uint32_t size = info(op).access_bytes;
    const AtomicKind kind = kind_of(op);
    const Type type = this->type(0);
    const Width width = width_of_bytes(size);
    if (is_watching_memory())
        spill_temporary(0);
    else
        use(0);
    const Address at = address_of(read_memory_argument(next_), 1, size);
    const Reg scratch = allocate();
    check_alignment(at, size, scratch);
    check_watches(at, size, info(op).state, scratch);
    release(scratch);
    Reg value {};
    if (kind == AtomicKind::Sub) {
        // The operand must not change before the access.
        const Reg from = use(0);
        value = allocate();
        a.mov(width_of(type), value, from);
        a.neg(width_of(type), value);
    } else {
        value = take(0);
    }
    const bool adds = kind == AtomicKind::Add || kind == AtomicKind::Sub;
    access([&] { adds ? a.lock_xadd(width, at, value) : a.xchg(width, at, value); });
    pop(2);
    if (!info(op).signature.has_result)
        return;
    zero_extend(value, size, type);
    push(type, value);
}

/// If the result is dropped, one instruction is enough.
bool FunctionCompiler::atomic_without_result(Op op)
{
    if (next_ == end_)
        return false;
    const uint8_t* const argument = next_;
    bytecode::skip_immediates(op, next_);
    if (*next_ != info(Op::Drop).code || may_exit_before(next_)) {
        next_ = argument;
        return false;
    }
    next_ = argument;
    const uint32_t size = info(op).access_bytes;
    const Width width = width_of_bytes(size);
    if (is_watching_memory())
        spill_temporary(0);
    else
        use(0);
    const Address at = address_of(read_memory_argument(next_), 1, size);
    const Reg scratch = allocate();
    check_alignment(at, size, scratch);
    check_watches(at, size, info(op).state, scratch);
    release(scratch);
    const Reg value = use(0);
    access([&] {
        switch (kind_of(op)) {
        case AtomicKind::Add: return a.lock_add(width, at, value);
        case AtomicKind::Sub: return a.lock_sub(width, at, value);
        case AtomicKind::And: return a.lock_and_(width, at, value);
        case AtomicKind::Or: return a.lock_or_(width, at, value);
        default: return a.lock_xor_(width, at, value);
        }
    });
    pop(2);
    ++next_;
    cursor_ += meta_.is_wide;
    return true;
}

/// A compare-and-exchange, or an operation made of them: rax has the old value.
void FunctionCompiler::atomic_with_rax(Op op)
{
    const uint32_t size = info(op).access_bytes;
    const Width width = width_of_bytes(size);
    const Type type = this->type(0);
    const bool exchanges = kind_of(op) == AtomicKind::CompareExchange;
    const uint32_t depth = exchanges ? 2 : 1;
    const MemoryArgument argument = read_memory_argument(next_);
    // There are four temporaries. A checked address takes two, and then one. So does a comparison
    // with what is watched.
    if (!is_direct(argument) || is_watching_memory())
        for (uint32_t place = 0; place < depth; ++place)
            spill_temporary(place);
    claim(Reg::rax);
    const Address at = address_of(argument, depth, size);
    check_alignment(at, size, Reg::rax);
    check_watches(at, size, info(op).state, Reg::rax);
    if (!is_direct(argument))
        spill_temporary(depth);
    if (exchanges) {
        const Reg expected = use(1), replacement = use(0);
        a.mov(width_of(type), Reg::rax, expected);
        access([&] { a.lock_cmpxchg(width, at, replacement); });
    } else {
        const Reg value = use(0), changed = allocate();
        access([&] { load_zero_extended(Reg::rax, at, size); });
        const Label again = a.new_label();
        a.bind(again);
        a.mov(Width::w64, changed, Reg::rax);
        switch (kind_of(op)) {
        case AtomicKind::And: a.and_(width_of(type), changed, value); break;
        case AtomicKind::Or: a.or_(width_of(type), changed, value); break;
        default: a.xor_(width_of(type), changed, value); break;
        }
        a.lock_cmpxchg(width, at, changed);
        a.jcc(Condition::NotEqual, again);
    }
    pop(depth + 1);
    // If it has exchanged, the other bits are still those of the operand.
    if (exchanges)
        zero_extend(Reg::rax, size, type);
    push(type, Reg::rax);
}

bool FunctionCompiler::compile_atomic(Op op)
{
    if (op == Op::AtomicFence) {
        bytecode::skip_immediates(op, next_);
        a.mfence();
        return true;
    }
    if (info(op).shape != Shape::Atomic)
        return false;
    switch (kind_of(op)) {
    case AtomicKind::Wait:
    case AtomicKind::Notify: return false;
    case AtomicKind::Load: atomic_load(op); return true;
    case AtomicKind::Store:
    case AtomicKind::Exchange: atomic_exchange(op); return true;
    case AtomicKind::Add:
    case AtomicKind::Sub:
        if (!atomic_without_result(op))
            atomic_exchange(op);
        return true;
    case AtomicKind::And:
    case AtomicKind::Or:
    case AtomicKind::Xor:
        if (!atomic_without_result(op))
            atomic_with_rax(op);
        return true;
    case AtomicKind::CompareExchange: atomic_with_rax(op); return true;
    }
    std::unreachable();
}

} // namespace vitrine::core::jit
