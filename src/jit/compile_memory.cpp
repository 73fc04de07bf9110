// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Variables, loads and stores, and operations on whole memories and tables.
#include "jit/function_compiler.h"
#include "jit/out_of_line.h"

namespace vitrine::core::jit {

namespace {

/// Offsets below this are displacements in machine code.
constexpr uint64_t max_displacement = (uint64_t { 1 } << 31) - 64;

} // namespace

// -- Variables and parametric instructions

bool FunctionCompiler::compile_variable(Op op)
{
    switch (op) {
    case Op::LocalGet: push_local(bytecode::read<uint32_t>(next_)); return true;
    case Op::LocalSet: set_local(bytecode::read<uint32_t>(next_), false); return true;
    case Op::LocalTee: set_local(bytecode::read<uint32_t>(next_), true); return true;
    case Op::GlobalGet: get_global(bytecode::read<uint32_t>(next_)); return true;
    case Op::GlobalSet: set_global(bytecode::read<uint32_t>(next_)); return true;
    case Op::Drop: pop(); return true;
    case Op::Select: select(test_operand()); return true;
    case Op::SelectTyped: {
        const Condition condition = test_operand();
        bytecode::skip_immediates(op, next_);
        select(condition);
        return true;
    }
    default: return false;
    }
}

void FunctionCompiler::get_global(uint32_t index)
{
    const Type type = type_of(module_.globals[GlobalIndex { index }].type.type);
    const Reg global = allocate();
    a.mov(Width::w64, global, at(instance_reg, layout_.globals + uint64_t { index } * sizeof(Global*)));
    const Address value = at(global, offsetof(GlobalHead, slots_));
    if (is_vector(type)) {
        const Xmm to = result_xmm();
        if (type == Type::F32)
            a.movss(to, value);
        else if (type == Type::F64)
            a.movsd(to, value);
        else
            a.movups(to, value);
        return push(type, to);
    }
    release(global);
    const Reg to = result_reg();
    a.mov(width_of(type), to, value);
    push(type, to);
}

void FunctionCompiler::set_global(uint32_t index)
{
    const Type type = type_of(module_.globals[GlobalIndex { index }].type.type);
    const Reg global = allocate();
    a.mov(Width::w64, global, at(instance_reg, layout_.globals + uint64_t { index } * sizeof(Global*)));
    const Address to = at(global, offsetof(GlobalHead, slots_));
    if (type == Type::V128)
        a.movups(to, use_xmm(0));
    else if (is_vector(type))
        a.movsd(to, use_xmm(0));
    else if (is_immediate(0) && type != Type::I32)
        a.mov(Width::w64, to, immediate(0));
    else
        a.mov(Width::w64, to, use(0));
    pop();
}

// -- Loads and stores

FunctionCompiler::MemoryArgument FunctionCompiler::read_memory_argument(const uint8_t*& at) const
{
    constexpr uint32_t names_memory = 0x40;
    MemoryArgument argument;
    if (bytecode::read<uint32_t>(at) & names_memory)
        argument.memory = bytecode::read<uint32_t>(at);
    argument.offset = bytecode::read<uint64_t>(at);
    return argument;
}

bool FunctionCompiler::is_direct(const MemoryArgument& argument) const
{
    return argument.memory == 0 && !key_.checks_bounds && argument.offset < max_displacement
        && !module_.memories[MemoryIndex { 0 }].type.limits.is_64;
}

Address FunctionCompiler::address_of(const MemoryArgument& argument, uint32_t depth, uint32_t size)
{
    const bool is_64 = module_.memories[MemoryIndex { argument.memory }].type.limits.is_64;
    const uint64_t offset = argument.offset;
    if (argument.memory == 0 && !is_64 && !key_.checks_bounds) {
        if (is_constant(depth) && operand(depth).value + offset < max_displacement)
            return at(memory_reg, static_cast<int64_t>(operand(depth).value + offset));
        const Reg index = use(depth);
        if (offset < max_displacement)
            return at(memory_reg, index, 0, static_cast<int64_t>(offset));
        const Reg sum = allocate();
        a.mov(sum, offset);
        a.add(Width::w64, sum, index);
        return at(memory_reg, sum);
    }
    const Reg index = use(depth);
    const Reg end = allocate();
    const uint64_t last = offset + size;
    if (last < offset) {
        // No address is that large.
        exit_always();
    } else if (!is_64 && last < max_displacement) {
        a.lea(Width::w64, end, at(index, static_cast<int64_t>(last)));
    } else {
        a.mov(end, last);
        a.add(Width::w64, end, index);
        if (is_64)
            exit_if(Condition::Below);
    }
    const Reg memory = allocate();
    a.mov(Width::w64, memory,
        at(instance_reg, layout_.memories + uint64_t { argument.memory } * sizeof(Memory*)));
    a.cmp(Width::w64, end, at(memory, offsetof(MemoryHead, size_)));
    exit_if(Condition::Above);
    a.mov(Width::w64, memory, at(memory, offsetof(MemoryHead, base_)));
    a.add(Width::w64, memory, end);
    release(end);
    return at(memory, -int64_t { size });
}

namespace {

using WatchWords = MachineContext::WatchWords;

/// A field of the context's words for reads or writes.
Address watch_word(Reg context, bool is_write, size_t field)
{
    return at(context,
        static_cast<int64_t>(offsetof(MachineContext, watches) + is_write * sizeof(WatchWords) + field));
}

} // namespace

Address FunctionCompiler::check_watch(const Address& address, uint32_t size, bool is_write)
{
    if (!is_watching_memory(is_write))
        return address;
    const bool is_scratch = scratch_of(address);
    const Reg place = is_scratch ? address.base : allocate(), words = allocate();
    compare_watched(address, size, is_write, { place, words });
    if (is_scratch)
        a.add(Width::w64, place, watch_word(words, is_write, offsetof(WatchWords, begin)));
    else
        release(place);
    release(words);
    return is_scratch ? at(place, -int64_t { size - 1 }) : address;
}

void FunctionCompiler::check_watches(const Address& address, uint32_t size, const StateUse& use, Reg scratch)
{
    if (!is_watching_memory())
        return;
    const Reg words = allocate();
    if (use.reads && is_watching_memory(false))
        compare_watched(address, size, false, { scratch, words });
    if (use.writes && is_watching_memory(true))
        compare_watched(address, size, true, { scratch, words });
    release(words);
}

void FunctionCompiler::compare_watched(const Address& address, uint32_t size, bool is_write, WatchRegs regs)
{
    const Watch watch { .regs = regs, .size = size, .is_write = is_write, .exit = exit() };
    Address last = address;
    last.displacement += static_cast<int32_t>(size - 1);
    const Label inside = a.new_label(), back = a.new_label();
    a.mov(Width::w64, regs.words, at(requests_reg, offsetof(RequestWords, machine)));
    a.lea(Width::w64, regs.place, last);
    a.sub(Width::w64, regs.place, watch_word(regs.words, is_write, offsetof(WatchWords, begin)));
    a.cmp(Width::w64, regs.place, watch_word(regs.words, is_write, offsetof(WatchWords, reach)));
    a.jcc(Condition::Below, inside);
    a.bind(back);
    cold_.push_back({ .kind = Cold::Kind::Watched, .begin = inside, .to = back, .watch = watch });
}

/// Close to the span of all that is watched: leaves unless the access lies in the span's gap or
/// begins behind the span.
void FunctionCompiler::emit_watched(const Cold& cold)
{
    const auto& [regs, size, is_write, exit] = cold.watch;
    const auto word = [&](size_t field) { return watch_word(regs.words, is_write, field); };
    const Address gap_begin = word(offsetof(WatchWords, gap_begin));
    const Label outside_gap = a.new_label();
    a.sub(Width::w64, regs.place, gap_begin);
    a.cmp(Width::w64, regs.place, word(offsetof(WatchWords, gap_bytes)));
    a.jcc(Condition::AboveEqual, outside_gap);
    if (size > 1) {
        a.cmp(Width::w64, regs.place, static_cast<int32_t>(size - 1));
        a.jcc(Condition::Below, exit);
    }
    a.add(Width::w64, regs.place, gap_begin);
    a.jmp(cold.to);
    a.bind(outside_gap);
    constexpr uint32_t largest_access = 16;
    if (const auto rest = static_cast<int32_t>(largest_access - size); rest != 0) {
        a.add(Width::w64, regs.place, gap_begin);
        a.add(Width::w64, regs.place, rest);
        a.cmp(Width::w64, regs.place, word(offsetof(WatchWords, reach)));
        a.lea(Width::w64, regs.place, at(regs.place, -rest));
        a.jcc(Condition::AboveEqual, cold.to);
    }
    a.jmp(exit);
}

void FunctionCompiler::load(Op op)
{
    const Type type = type_of(info(op).signature.result);
    const uint32_t size = info(op).access_bytes;
    const Address from = check_watch(address_of(read_memory_argument(next_), 0, size), size, false);
    if (fold_load(op, from))
        return;
    if (is_vector(type)) {
        const auto pin = result_pin_xmm(1);
        const Xmm to = pin ? *pin : allocate_xmm();
        access([&] { type == Type::F32 ? a.movss(to, from) : a.movsd(to, from); });
        pop();
        return push(type, to);
    }
    // The address may be in the register that gets the result.
    const auto pin = result_pin(1);
    const Operand& address = operand(0);
    const Reg to = pin                                                            ? *pin
        : address.kind == Operand::Kind::Register && is_temp(Reg { address.reg }) ? take(0)
                                                                                  : allocate();
    access([&] {
        switch (op) {
        case Op::I32Load:
        case Op::I64Load32U: return a.mov(Width::w32, to, from);
        case Op::I64Load: return a.mov(Width::w64, to, from);
        case Op::I32Load8S: return a.movsx8(Width::w32, to, from);
        case Op::I32Load8U:
        case Op::I64Load8U: return a.movzx8(Width::w32, to, from);
        case Op::I32Load16S: return a.movsx16(Width::w32, to, from);
        case Op::I32Load16U:
        case Op::I64Load16U: return a.movzx16(Width::w32, to, from);
        case Op::I64Load8S: return a.movsx8(Width::w64, to, from);
        case Op::I64Load16S: return a.movsx16(Width::w64, to, from);
        default: return a.movsx32(Width::w64, to, from);
        }
    });
    pop();
    push(type, to);
}

void FunctionCompiler::store(Op op)
{
    const uint32_t size = info(op).access_bytes;
    const Type type = this->type(0);
    if (is_vector(type)) {
        const Xmm value = use_xmm(0);
        const Address to = check_watch(address_of(read_memory_argument(next_), 1, size), size, true);
        access([&] { type == Type::F32 ? a.movss(to, value) : a.movsd(to, value); });
        return pop(2);
    }
    const Width width = size == 1 ? Width::w8 : size == 2 ? Width::w16 : size == 4 ? Width::w32 : Width::w64;
    if (is_constant(0) && (width != Width::w64 || is_immediate(0))) {
        const Address to = check_watch(address_of(read_memory_argument(next_), 1, size), size, true);
        access([&] { a.mov(width, to, immediate(0)); });
        return pop(2);
    }
    use(0);
    const Address to = check_watch(address_of(read_memory_argument(next_), 1, size), size, true);
    access([&] { a.mov(width, to, use(0)); });
    pop(2);
}

bool FunctionCompiler::compile_memory(Op op)
{
    if (info(op).shape == Shape::Load)
        load(op);
    else
        store(op);
    return true;
}

// -- Whole memories and tables

void FunctionCompiler::call_out(
    OutOfLine function, uint64_t argument, uint32_t params, std::initializer_list<Type> results)
{
    spill_all();
    store_dirty();
    a.mov(Width::w64, Reg::rdi, instance_reg);
    a.lea(Width::w64, Reg::rsi, home(top_slot()));
    a.mov(Reg::rdx, argument);
    a.mov(Reg::rax, reinterpret_cast<uint64_t>(function));
    a.call(at(requests_reg, offsetof(RequestWords, call_out)));
    forget_after_call_out();
    a.test(Width::w64, Reg::rax, Reg::rax);
    exit_if(Condition::NotEqual);
    pop(params);
    for (const Type type : results)
        push_home(type);
}

void FunctionCompiler::forget_after_call_out()
{
    // The platform's calling convention preserves r12 and r13.
    uint32_t preserved = 0;
    for (uint32_t pin = 0; pin < pin_regs.size(); ++pin)
        if (pin_reg(pin) == Reg::r12 || pin_reg(pin) == Reg::r13)
            preserved |= 1u << pin;
    ASSERT(pins_.dirty == 0);
    pins_.valid &= preserved;
    clear_caches();
}

void FunctionCompiler::load_table(Reg to, uint32_t table)
{
    a.mov(Width::w64, to, at(instance_reg, layout_.tables + uint64_t { table } * sizeof(Table*)));
}

Reg FunctionCompiler::table_element(uint32_t table, uint32_t depth)
{
    const Reg index = use(depth);
    const Reg element = allocate();
    load_table(element, table);
    if (module_.tables[TableIndex { table }].type.limits.is_64) {
        const Reg count = allocate();
        a.mov(Width::w32, count, at(element, offsetof(TableHead, count)));
        a.cmp(Width::w64, index, count);
        release(count);
    } else {
        a.cmp(Width::w32, index, at(element, offsetof(TableHead, count)));
    }
    exit_if(Condition::AboveEqual);
    a.mov(Width::w64, element, at(element, offsetof(TableHead, data)));
    a.lea(Width::w64, element, at(element, index, 3));
    return element;
}

bool FunctionCompiler::compile_bulk(Op op)
{
    const auto read = [&] { return bytecode::read<uint32_t>(next_); };
    const auto index_type = [](bool is_64) { return is_64 ? Type::I64 : Type::I32; };
    const auto memory_type = [&](uint32_t memory) -> const MemoryType& {
        return module_.memories[MemoryIndex { memory }].type;
    };
    switch (op) {
    case Op::MemorySize: {
        const uint32_t memory = read();
        const Reg to = allocate();
        a.mov(Width::w64, to, at(instance_reg, layout_.memories + uint64_t { memory } * sizeof(Memory*)));
        a.mov(Width::w64, to, at(to, offsetof(MemoryHead, size_)));
        if (memory_type(memory).page_size_log2 != 0)
            a.shr(Width::w64, to, memory_type(memory).page_size_log2);
        push(index_type(memory_type(memory).limits.is_64), to);
        return true;
    }
    case Op::MemoryGrow: {
        const uint32_t memory = read();
        call_out(grow_memory, memory, 1, { index_type(memory_type(memory).limits.is_64) });
        return true;
    }
    case Op::MemoryCopy: {
        const uint32_t to = read();
        call_out(is_watching_memory() ? copy_watched_memory : copy_memory, pack(to, read()), 3, {});
        return true;
    }
    case Op::MemoryFill:
        call_out(is_watching_memory() ? fill_watched_memory : fill_memory, read(), 3, {});
        return true;
    case Op::MemoryInit: {
        const uint32_t data = read();
        call_out(is_watching_memory() ? init_watched_memory : init_memory, pack(data, read()), 3, {});
        return true;
    }
    case Op::DataDrop: call_out(drop_data, read(), 0, {}); return true;
    case Op::TableGet: {
        const Reg element = table_element(read(), 0);
        pop();
        a.mov(Width::w64, element, at(element));
        push(Type::Ref, element);
        return true;
    }
    case Op::TableSet: {
        use(0);
        const Reg element = table_element(read(), 1);
        a.mov(Width::w64, at(element), use(0));
        pop(2);
        return true;
    }
    case Op::TableSize: {
        const uint32_t table = read();
        const Reg to = allocate();
        load_table(to, table);
        a.mov(Width::w32, to, at(to, offsetof(TableHead, count)));
        push(index_type(module_.tables[TableIndex { table }].type.limits.is_64), to);
        return true;
    }
    case Op::TableGrow: {
        const uint32_t table = read();
        call_out(
            grow_table, table, 2, { index_type(module_.tables[TableIndex { table }].type.limits.is_64) });
        return true;
    }
    case Op::TableCopy: {
        const uint32_t to = read();
        call_out(copy_table, pack(to, read()), 3, {});
        return true;
    }
    case Op::TableFill: call_out(fill_table, read(), 3, {}); return true;
    case Op::TableInit: {
        const uint32_t elem = read();
        call_out(init_table, pack(elem, read()), 3, {});
        return true;
    }
    case Op::ElemDrop: call_out(drop_elem, read(), 0, {}); return true;
    default: return false;
    }
}

} // namespace vitrine::core::jit
