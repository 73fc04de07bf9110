// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/compiler.h"

#include "jit/function_compiler.h"

#include <algorithm>
#include <new>

namespace vitrine::core::jit {

namespace {

// Larger functions stay interpreted.
constexpr uint32_t max_body_bytes = 4u << 20;
constexpr uint32_t max_locals = 30'000;
/// Displacements from `fp` have 32 bits, in bytes.
constexpr uint32_t max_frame_slots = 1u << 27;

/// The memory that compilations of one host thread reuse.
struct Workshop {
    Assembler assembler;
    Scan scan;

    /// Does not keep the memory that a huge function took.
    void clean()
    {
        constexpr uint32_t huge = 1 << 20;
        if (assembler.offset() < huge)
            return;
        assembler = Assembler(Processor::current());
        scan = {};
    }
};

Workshop& workshop()
{
    static thread_local Workshop own;
    return own;
}

/// A number that depends on a version's seed and a place, for choices that look random.
uint32_t mix(uint64_t seed, uint32_t function, uint32_t offset)
{
    uint64_t number = seed ^ (uint64_t { function } << 32 | offset);
    number = (number ^ number >> 31) * 0x9e37'79b9'7f4a'7c15;
    number = (number ^ number >> 29) * 0xbf58'476d'1ce4'e5b9;
    return static_cast<uint32_t>(number >> 32);
}

} // namespace

Processor Processor::current()
{
    static const Processor found = [] {
        __builtin_cpu_init();
        return Processor { .avx = __builtin_cpu_supports("avx") != 0,
            .avx2 = __builtin_cpu_supports("avx2") != 0,
            .bmi1 = __builtin_cpu_supports("bmi") != 0,
            .bmi2 = __builtin_cpu_supports("bmi2") != 0,
            // Every processor with AVX2 has it.
            .lzcnt = __builtin_cpu_supports("avx2") != 0 };
    }();
    return found;
}

std::string_view to_text(CompileRefusal refusal)
{
    switch (refusal) {
    case CompileRefusal::TooLarge: return "too large";
    case CompileRefusal::NoMemory: return "no memory";
    }
    std::unreachable();
}

std::expected<CompiledCode, CompileRefusal> compile(const CompileRequest& request)
{
    const FuncMeta& meta = request.module.meta(request.function);
    if (meta.end_offset - meta.body_offset > max_body_bytes || meta.local_count > max_locals
        || meta.frame_slots > max_frame_slots)
        return std::unexpected(CompileRefusal::TooLarge);
    try {
        Workshop& tools = workshop();
        auto code = FunctionCompiler(request, tools.assembler, tools.scan).run();
        tools.clean();
        return code;
    } catch (const std::bad_alloc&) {
        return std::unexpected(CompileRefusal::NoMemory);
    }
}

std::expected<Notes, CompileRefusal> describe(const CompileRequest& request, uint64_t max_bytes)
{
    try {
        Workshop& tools = workshop();
        FunctionCompiler::Wanted wanted { .max_bytes = max_bytes };
        const auto code = FunctionCompiler(request, tools.assembler, tools.scan, &wanted).run();
        tools.clean();
        if (!code)
            return std::unexpected(code.error());
        wanted.notes.shrink();
        return std::move(wanted.notes);
    } catch (const std::bad_alloc&) {
        return std::unexpected(CompileRefusal::NoMemory);
    }
}

Note describe_place(const CompileRequest& request, StopPoint point)
{
    Workshop& tools = workshop();
    FunctionCompiler::Wanted wanted { .place = point };
    ASSERT(FunctionCompiler(request, tools.assembler, tools.scan, &wanted).run());
    const Notes::Place* const place = wanted.notes.find(point);
    ASSERT(place);
    return wanted.notes.read(*place);
}

FunctionCompiler::FunctionCompiler(
    const CompileRequest& request, Assembler& assembler, Scan& scan, Wanted* wanted)
    : module_(request.module),
      request_(request),
      key_(request.key),
      meta_(request.module.meta(request.function)),
      layout_(request.module),
      a(assembler),
      scan_(scan),
      wanted_(wanted),
      body_(request.module.bytes().data() + meta_.body_offset),
      func_type_(request.module.func_type(request.function)),
      local_slots_(meta_.local_slots)
{
    a.reset(request.processor);
    next_ = body_ + (meta_.code_offset - meta_.body_offset);
    end_ = body_ + (meta_.end_offset - meta_.body_offset);
    clear_caches();
}

/// The types of parameters and locals, from the function's type and the beginning of its body.
void FunctionCompiler::read_locals()
{
    local_types_.reserve(meta_.local_count);
    for (const ValueType type : func_type_.params)
        local_types_.push_back(type_of(type));
    const uint8_t* at = body_;
    for (auto groups = bytecode::read<uint32_t>(at); groups != 0; --groups) {
        const auto count = bytecode::read<uint32_t>(at);
        Type type = Type::Ref;
        switch (*at) {
        case 0x7f: type = Type::I32; break;
        case 0x7e: type = Type::I64; break;
        case 0x7d: type = Type::F32; break;
        case 0x7c: type = Type::F64; break;
        case 0x7b: type = Type::V128; break;
        default: break;
        }
        bytecode::skip_type(at);
        local_types_.insert(local_types_.end(), count, type);
    }
}

std::expected<CompiledCode, CompileRefusal> FunctionCompiler::run()
{
    read_locals();
    scan_.run({ next_, end_ }, local_types_);
    pin_of_.assign(local_types_.size(), -1);
    for (uint32_t pin = 0; pin < pin_count; ++pin)
        if (scan_.locals[pin] != Scan::no_local)
            pin_of_[scan_.locals[pin]] = static_cast<int8_t>(pin);
    is_end_marked_ = find_mark(offset_of(end_ - 1)) != nullptr;

    emit_entry();
    Control body { .is_function = true, .label = a.new_label(), .type = &func_type_ };
    body.slot = local_slots_;
    controls_.push_back(body);
    while (next_ != end_) {
        instruction_ = next_;
        if (request_.positions) [[unlikely]]
            request_.positions->push_back({ a.offset(), offset_of(instruction_) });
        const Op op = bytecode::read_op(next_);
        const uint32_t entries = is_unreachable() ? 0 : entries_of(op, next_);
        if (is_dead_)
            skip_dead(op);
        else
            compile_instruction(op);
        cursor_ += entries;
        end_instruction();
        if (is_over_budget())
            return std::unexpected(CompileRefusal::TooLarge);
    }
    if (request_.positions) [[unlikely]]
        request_.positions->push_back({ a.offset(), UINT32_MAX });
    if (!emit_cold())
        return std::unexpected(CompileRefusal::TooLarge);
    if (a.is_out_of_memory())
        return std::unexpected(CompileRefusal::NoMemory);
    const auto bytes = a.bytes();
    code_.bytes.assign(bytes.begin(), bytes.end());
    return std::move(code_);
}

bool FunctionCompiler::is_over_budget() const
{
    // Ordinary code takes three bytes for one, and branches carry few values.
    constexpr uint64_t most = 24, least = 64 << 10;
    const uint64_t budget = most * (meta_.end_offset - meta_.body_offset) + least;
    return a.offset() > budget || cold_values_ > budget
        || (wanted_ && wanted_->notes.size() > wanted_->max_bytes);
}

void FunctionCompiler::emit_entry()
{
    a.sub(Width::w64, control_reg, static_cast<int32_t>(sizeof(Record)) - 8);
    a.lea(Width::w64, Reg::rcx, home(meta_.frame_slots));
    a.cmp(Width::w64, Reg::rcx, at(requests_reg, offsetof(RequestWords, limit)));
    exit_if(Condition::Above);
    count_tick();
    zero_locals();
}

void FunctionCompiler::count_tick()
{
    if (!key_.counts_ticks)
        return;
    const Address tick = at(requests_reg, offsetof(RequestWords, tick));
    a.mov(Width::w64, Reg::rax, tick);
    a.add(Width::w64, Reg::rax, 1);
    a.cmp(Width::w64, Reg::rax, at(requests_reg, offsetof(RequestWords, stop_tick)));
    exit_if(Condition::AboveEqual);
    a.mov(Width::w64, tick, Reg::rax);
}

uint32_t FunctionCompiler::entries_of(Op op, const uint8_t* immediates) const
{
    switch (op) {
    case Op::If:
    case Op::Else:
    case Op::Br:
    case Op::BrIf:
    case Op::BrOnNull:
    case Op::BrOnNonNull:
    case Op::BrOnCast:
    case Op::BrOnCastFail:
    case Op::Catch:
    case Op::CatchAll:
    case Op::Rethrow: return 1;
    case Op::BrTable: return bytecode::read<uint32_t>(immediates) + 1;
    case Op::TryTable: bytecode::skip_type(immediates); return bytecode::read<uint32_t>(immediates);
    case Op::Drop:
    case Op::Select: return meta_.is_wide;
    default: return 0;
    }
}

/// Code that no machine code reaches: only the nesting of blocks matters.
void FunctionCompiler::skip_dead(Op op)
{
    switch (op) {
    case Op::Block:
    case Op::Loop:
    case Op::If:
    case Op::Try:
    case Op::TryTable: return open_block(op);
    case Op::Else: return else_part();
    case Op::Catch:
    case Op::CatchAll: return catch_part(op);
    case Op::Delegate: bytecode::skip_immediates(op, next_); return end_block();
    case Op::End:
        if (controls_.size() == 1)
            return end_function();
        return end_block();
    case Op::Br:
    case Op::BrTable:
    case Op::Return:
    case Op::Unreachable:
    case Op::Throw:
    case Op::ThrowRef:
    case Op::Rethrow:
    case Op::ReturnCall:
    case Op::ReturnCallIndirect:
    case Op::ReturnCallRef: controls_.back().is_unreachable = true; break;
    default: break;
    }
    bytecode::skip_immediates(op, next_);
}

void FunctionCompiler::compile_instruction(Op op)
{
    // At a loop each iteration stops, and at the end of the body every branch to it.
    const bool is_final_end = op == Op::End && controls_.size() == 1;
    if (op != Op::Loop && !is_final_end)
        emit_stops();
    const uint8_t* const immediates = next_;
    if (is_watched(op)) {
        leave_to_interpreter(op);
        return;
    }
    bool is_known = false;
    switch (info(op).shape) {
    case Shape::Control: is_known = compile_control(op) || compile_reference(op); break;
    case Shape::Call: is_known = compile_call(op); break;
    case Shape::Variable: is_known = compile_variable(op); break;
    case Shape::Const:
    case Shape::Numeric: is_known = compile_number(op); break;
    case Shape::Load:
    case Shape::Store: is_known = compile_memory(op); break;
    case Shape::Bulk: is_known = compile_bulk(op); break;
    case Shape::Vector:
    case Shape::VectorMemory:
    case Shape::Lane: is_known = compile_vector(op); break;
    case Shape::Atomic: is_known = compile_atomic(op); break;
    case Shape::Reference: is_known = compile_reference(op); break;
    case Shape::Op:
        is_known = compile_variable(op) || compile_vector(op) || compile_atomic(op) || compile_wide(op);
        break;
    }
    if (!is_known) {
        next_ = immediates;
        leave_to_interpreter(op);
    }
}

bool FunctionCompiler::is_watched(Op op) const
{
    const OpInfo& row = info(op);
    const StateUse& use = row.state;
    // These compare addresses.
    if (row.shape == Shape::Load || row.shape == Shape::Store || row.shape == Shape::VectorMemory
        || row.shape == Shape::Lane || row.shape == Shape::Atomic || op == Op::MemoryCopy
        || op == Op::MemoryFill || op == Op::MemoryInit)
        return false;
    return key_.watched != 0 && !is_tail_call(op) && (use.may_move || (access_bits(use) & key_.watched) != 0);
}

// -- Exits

const VersionMark* FunctionCompiler::find_mark(uint32_t offset) const
{
    const auto found = std::ranges::lower_bound(key_.marks, offset, {}, &VersionMark::offset);
    return found != key_.marks.end() && found->offset == offset ? &*found : nullptr;
}

bool FunctionCompiler::is_planted(uint32_t offset) const
{
    return key_.exit_percent != 0
        && mix(key_.seed, request_.function.value, offset) % 100 < key_.exit_percent;
}

bool FunctionCompiler::may_exit_before(const uint8_t* instruction) const
{
    if (key_.marks.empty() && key_.exit_percent == 0) [[likely]]
        return false;
    const uint32_t offset = offset_of(instruction);
    return find_mark(offset) || is_planted(offset);
}

void FunctionCompiler::emit_stops()
{
    if (!may_exit_before(instruction_)) [[likely]]
        return;
    const uint32_t offset = offset_of(instruction_);
    if (const VersionMark* const mark = find_mark(offset)) {
        if (mark->guard.empty()) {
            a.jmp(exit());
            return;
        }
        emit_guard(mark->guard);
    }
    if (!is_planted(offset))
        return;
    a.sub(Width::w64, at(requests_reg, offsetof(RequestWords, ticks)), 1);
    exit_if(Condition::Sign);
}

Label FunctionCompiler::exit()
{
    const Label label = a.new_label();
    const auto number = static_cast<uint32_t>(exits_.size());
    if (wanted_) [[unlikely]]
        take_note(StopPoint::Kind::Exit, number, number + 1);
    exits_.push_back(label);
    return label;
}

void FunctionCompiler::take_note(StopPoint::Kind kind, uint32_t begin, uint32_t end)
{
    if (const auto& place = wanted_->place;
        !place || (place->kind == kind && place->code >= begin && place->code < end))
        wanted_->notes.add({ kind, begin }, make_note());
}

Note FunctionCompiler::make_note() const
{
    Note note;
    if (!instruction_) {
        note.is_entry = true;
        note.offset = meta_.code_offset - meta_.body_offset;
        note.end_slot = meta_.param_slots;
        return note;
    }
    note.offset = offset_of(instruction_);
    note.entry = cursor_;
    note.end_slot = top_slot();
    using Kind = ValuePlace::Kind;
    const auto vector_kind = [](Type type) { return type == Type::V128 ? Kind::Vector16 : Kind::Vector; };
    for (uint32_t pin = 0; pin < pin_count; ++pin) {
        if (!(pins_.dirty >> pin & 1))
            continue;
        const uint32_t local = scan_.locals[pin];
        if (is_general_pin(pin))
            note.places.push_back({ Kind::General, static_cast<uint32_t>(pin_reg(pin)), local_slot(local) });
        else
            note.places.push_back(
                { vector_kind(local_type(local)), static_cast<uint32_t>(pin_xmm(pin)), local_slot(local) });
    }
    for (size_t i = first_movable(); i < stack_.size(); ++i) {
        const Operand& value = stack_[i];
        switch (value.kind) {
        case Operand::Kind::Home: break;
        case Operand::Kind::Constant:
            if (value.type == Type::V128) {
                const Constant& constant = constants_[value.value];
                note.places.push_back({ Kind::Constant, 0, value.slot, constant.low });
                note.places.push_back({ Kind::Constant, 0, value.slot + 1, constant.high });
            } else {
                note.places.push_back({ Kind::Constant, 0, value.slot, value.value });
            }
            break;
        case Operand::Kind::Local:
            for (uint32_t i = 0; i < slots_of(value.type); ++i)
                note.places.push_back(
                    { Kind::Slot, local_slot(static_cast<uint32_t>(value.value)) + i, value.slot + i });
            break;
        case Operand::Kind::Register:
            note.places.push_back(
                { is_vector(value.type) ? vector_kind(value.type) : Kind::General, value.reg, value.slot });
            break;
        }
    }
    return note;
}

void FunctionCompiler::exit_always() { a.jmp(exit()); }

/// What follows is reached only from loops and labels, with all values at home.
void FunctionCompiler::leave_to_interpreter(Op op)
{
    exit_always();
    const Effect effect = effect_of(op);
    bytecode::skip_immediates(op, next_);
    for (size_t i = first_movable(); i < stack_.size(); ++i)
        stack_[i].kind = Operand::Kind::Home;
    busy_regs_ = busy_xmms_ = scratch_regs_ = scratch_xmms_ = 0;
    forget_registers();
    stack_.resize(stack_.size() - effect.popped);
    for (const Type type : effect.pushed)
        push_home(type);
}

FunctionCompiler::Effect FunctionCompiler::effect_of(Op op) const
{
    Effect effect;
    const OpInfo& row = info(op);
    if (!row.signature.is_poly) {
        effect.popped = row.signature.param_count;
        if (row.signature.has_result)
            effect.pushed.push_back(type_of(row.signature.result));
        return effect;
    }
    const uint8_t* at = next_;
    const auto results = [&](const FuncType& type) {
        for (const ValueType result : type.results)
            effect.pushed.push_back(type_of(result));
    };
    const auto type_at = [&]() -> const SubType& {
        return module_.types[TypeIndex { bytecode::read<uint32_t>(at) }];
    };
    const auto effect_is = [&](uint32_t popped, std::initializer_list<Type> pushed) {
        effect.popped = popped;
        effect.pushed = pushed;
    };
    switch (op) {
    case Op::CallIndirect:
    case Op::CallRef: {
        const FuncType& type = *type_at().func();
        effect.popped = static_cast<uint32_t>(type.params.size()) + 1;
        results(type);
        break;
    }
    case Op::GlobalGet:
        effect_is(0, { type_of(module_.globals[GlobalIndex { bytecode::read<uint32_t>(at) }].type.type) });
        break;
    case Op::GlobalSet: effect_is(1, {}); break;
    case Op::TableGet: effect_is(1, { Type::Ref }); break;
    case Op::TableSet: effect_is(2, {}); break;
    case Op::TableInit:
    case Op::TableCopy:
    case Op::TableFill:
    case Op::MemoryInit:
    case Op::MemoryCopy:
    case Op::MemoryFill: effect_is(3, {}); break;
    case Op::TableGrow:
    case Op::TableSize: {
        const bool is_64 = module_.tables[TableIndex { bytecode::read<uint32_t>(at) }].type.limits.is_64;
        effect_is(op == Op::TableGrow ? 2 : 0, { is_64 ? Type::I64 : Type::I32 });
        break;
    }
    case Op::MemoryGrow:
    case Op::MemorySize: {
        const bool is_64 = module_.memories[MemoryIndex { bytecode::read<uint32_t>(at) }].type.limits.is_64;
        effect_is(op == Op::MemoryGrow ? 1 : 0, { is_64 ? Type::I64 : Type::I32 });
        break;
    }
    case Op::I64Add128:
    case Op::I64Sub128: effect_is(4, { Type::I64, Type::I64 }); break;
    case Op::I64MulWideS:
    case Op::I64MulWideU: effect_is(2, { Type::I64, Type::I64 }); break;
    case Op::RefNull:
    case Op::RefFunc: effect_is(0, { Type::Ref }); break;
    case Op::RefIsNull:
    case Op::RefTest:
    case Op::RefTestNull:
    case Op::ArrayLen:
    case Op::I31GetS:
    case Op::I31GetU: effect_is(1, { Type::I32 }); break;
    case Op::RefEq: effect_is(2, { Type::I32 }); break;
    case Op::RefAsNonNull:
    case Op::BrOnCast:
    case Op::BrOnCastFail:
    case Op::RefCast:
    case Op::RefCastNull:
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny:
    case Op::RefI31:
    case Op::ArrayNewDefault: effect_is(1, { Type::Ref }); break;
    case Op::StructNew:
        effect_is(static_cast<uint32_t>(type_at().structure()->fields.size()), { Type::Ref });
        break;
    case Op::StructNewDefault: effect_is(0, { Type::Ref }); break;
    case Op::StructGet:
    case Op::StructGetS:
    case Op::StructGetU: {
        const StructType& type = *type_at().structure();
        effect_is(1, { type_of(type.fields[bytecode::read<uint32_t>(at)].type) });
        break;
    }
    case Op::StructSet: effect_is(2, {}); break;
    case Op::ArrayNew:
    case Op::ArrayNewData:
    case Op::ArrayNewElem: effect_is(2, { Type::Ref }); break;
    case Op::ArrayNewFixed:
        bytecode::skip_number(at);
        effect_is(bytecode::read<uint32_t>(at), { Type::Ref });
        break;
    case Op::ArrayGet:
    case Op::ArrayGetS:
    case Op::ArrayGetU: effect_is(2, { type_of(type_at().array()->element.type) }); break;
    case Op::ArraySet: effect_is(3, {}); break;
    case Op::ArrayFill:
    case Op::ArrayInitData:
    case Op::ArrayInitElem: effect_is(4, {}); break;
    case Op::ArrayCopy: effect_is(5, {}); break;
    default: ASSERT(!"every instruction is known here or has an emitter");
    }
    return effect;
}

// -- The end

bool FunctionCompiler::emit_cold()
{
    for (size_t i = 0; i < cold_.size(); ++i) {
        if (is_over_budget())
            return false;
        Cold cold = std::move(cold_[i]);
        a.bind(cold.begin);
        clear_caches();
        if (cold.kind == Cold::Kind::Watched) {
            emit_watched(cold);
            continue;
        }
        if (cold.kind == Cold::Kind::OtherCall) {
            a.call(at(requests_reg, offsetof(RequestWords, call_other)));
            code_.sites.push_back({ a.offset(), cold.site });
            a.jmp(cold.to);
            continue;
        }
        if (cold.kind == Cold::Kind::TypeCheck) {
            a.mov(Width::w64, Reg::rdi, instance_reg);
            a.mov(Width::w64, Reg::rsi, Reg::rax);
            a.mov(Reg::rdx, cold.type.value);
            a.mov(Reg::rax, reinterpret_cast<uint64_t>(check_type));
            a.call(at(requests_reg, offsetof(RequestWords, call_out)));
            a.test(Width::w64, Reg::rax, Reg::rax);
            a.jcc(Condition::NotEqual, cold.to);
            a.jmp(cold.exit);
            continue;
        }
        if (cold.entry)
            code_.entries.push_back({ *cold.entry, a.offset() });
        stack_ = std::move(cold.values);
        pins_ = cold.from;
        busy_regs_ = busy_xmms_ = scratch_regs_ = scratch_xmms_ = 0;
        protected_ = SIZE_MAX;
        for (const Operand& value : stack_) {
            if (value.kind != Operand::Kind::Register)
                continue;
            if (is_vector(value.type))
                busy_xmms_ |= 1u << value.reg;
            else
                busy_regs_ |= 1u << value.reg;
        }
        if (cold.kind == Cold::Kind::Return) {
            emit_return();
            continue;
        }
        const auto types = cold.single ? std::span<const ValueType>(&*cold.single, 1) : cold.types;
        place_values(types, cold.slot, cold.in_register);
        adapt(cold.target);
        a.jmp(cold.to);
    }
    for (const PendingLoop& loop : loops_) {
        code_.entries.push_back({ loop.offset, a.offset() });
        pins_ = {};
        adapt({ loop.pins.valid, 0 });
        a.jmp(loop.to);
    }
    code_.first_exit = a.offset();
    code_.exit_count = static_cast<uint32_t>(exits_.size());
    for (const Label exit : exits_) {
        a.bind(exit);
        a.call(at(requests_reg, offsetof(RequestWords, exit)));
    }
    if (!tables_.empty())
        a.align(4);
    for (const Table& table : tables_) {
        a.bind(table.label);
        for (const Label target : table.targets)
            a.embed_distance(target, table.label);
    }
    if (!constants_.empty())
        a.align(16);
    for (const Constant& constant : constants_) {
        a.bind(constant.label);
        a.embed(constant.low);
        a.embed(constant.high);
    }
    std::ranges::sort(code_.sites, {}, &CallSite::code);
    // At one offset there is one state, so any of several entries will do.
    std::ranges::sort(code_.entries, {}, &CodeEntry::offset);
    const auto repeated = std::ranges::unique(code_.entries, {}, &CodeEntry::offset);
    code_.entries.erase(repeated.begin(), repeated.end());
    return !is_over_budget();
}

} // namespace vitrine::core::jit
