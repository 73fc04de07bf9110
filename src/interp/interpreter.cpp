// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "interp/interpreter.h"

#include "exec/code.h"
#include "exec/invoke.h"
#include "interp/operand.h"
#include "runtime/linker.h"
#include "wasm/opcode.h"

#include <array>
#include <cstring>

// [doc] The interpreter
//
// One function holds all handlers; each ends by jumping to the handler of the next opcode through a table. The
// state of the running frame is in local variables, and `pc` points at the instruction under way: a handler moves it,
// and pops its operands, only when nothing can go wrong any more. So wherever C++ code outside looks at the thread, at a
// trap, a stop, a host call, the saved state is exactly the state before the instruction (behind it, for calls).
//
// Stepping needs no test in the handlers: another table leads every opcode to `op_step`. A marked instruction
// has the opcode `mark_opcode` in the function's own copy of the code; both look the true opcode up in the module's bytes.

namespace vitrine::core {

namespace {

using interp::Access;
using interp::Apply;
using interp::from_slot;
using interp::read;
using interp::to_slot;

using Handler = const void*;

/// Handlers by opcode byte, and by what follows the prefix 0xfc.
struct Handlers {
    std::array<Handler, 256> normal;
    std::array<Handler, 256> stepping;
    std::array<Handler, 32> prefixed;
};

Handlers arrange(const Handler* by_op, Handler prefixed, Handler marked, Handler step, Handler unsupported)
{
    Handlers handlers;
    handlers.normal.fill(unsupported);
    handlers.prefixed.fill(unsupported);
    handlers.stepping.fill(step);
    for (size_t op = 0; op < op_table.size(); ++op) {
        const OpInfo& row = op_table[op];
        if (!row.is_prefixed())
            handlers.normal[row.code] = by_op[op];
        else if (row.prefix() == 0xfc && row.subcode() < handlers.prefixed.size())
            handlers.prefixed[row.subcode()] = by_op[op];
    }
    handlers.normal[0xfc] = prefixed;
    handlers.normal[mark_opcode] = marked;
    return handlers;
}

/// The opcode of the instruction at `pc`, also when it is marked.
uint8_t opcode_at(const Function& function, const uint8_t* pc)
{
    return original_code(function)[pc - function.code];
}

/// How `run` begins.
enum class Start : uint8_t { Call, Resume };

// clang-format off

/// The state of the frame, to the thread and back. Whatever happened in between, the frame goes on where the thread says.
#define SAVE()                                                                                     \
    (thread.state = { function, static_cast<uint32_t>(pc - function->code),                        \
                      static_cast<uint32_t>(branch - function->branches), fp, sp })
#define ENTER_FRAME(frame_function, frame_offset, frame_entry)                                     \
    do {                                                                                           \
        function = (frame_function);                                                               \
        pc = function->code + (frame_offset);                                                      \
        branch = function->branches + (frame_entry);                                               \
        last = function->code + (function->meta->end_offset - function->meta->body_offset) - 1;    \
    } while (false)
#define ENTER_INSTANCE()                                                                           \
    do {                                                                                           \
        instance = function->instance;                                                             \
        const bool has_memory = !instance->memories.empty();                                       \
        memory = has_memory ? instance->memories.front()->base() : nullptr;                        \
        memory_size = has_memory ? instance->memories.front()->size() : 0;                         \
    } while (false)
#define RELOAD()                                                                                   \
    do {                                                                                           \
        fp = thread.state.fp;                                                                      \
        sp = thread.state.sp;                                                                      \
        ENTER_FRAME(thread.state.function, thread.state.offset, thread.state.entry);               \
        ENTER_INSTANCE();                                                                          \
        dispatch = thread.stepping ? handlers.stepping.data() : handlers.normal.data();            \
    } while (false)

#define NEXT() goto *dispatch[*pc]
#define NEXT_AT(place) do { pc = (place); NEXT(); } while (false)
#define TRAP_WITH(kind) do { trap_kind = (kind); goto trapped; } while (false)
#define TRAP_IF(condition, kind) if (condition) [[unlikely]] TRAP_WITH(kind)
#define TRAP_UNLESS_NONE(expression) if ((trap_kind = (expression)) != TrapKind::None) [[unlikely]] goto trapped

/// Leads to the target of the side table's entry at the cursor.
#define TAKE_BRANCH()                                                                              \
    do {                                                                                           \
        if (branch->dropped != 0) [[unlikely]] {                                                   \
            if (branch->carried == 1)                                                              \
                sp[-1 - static_cast<ptrdiff_t>(branch->dropped)] = sp[-1];                         \
            else                                                                                   \
                std::memmove(sp - branch->carried - branch->dropped, sp - branch->carried,         \
                             branch->carried * sizeof(Slot));                                      \
            sp -= branch->dropped;                                                                 \
        }                                                                                          \
        pc += branch->offset_delta;                                                                \
        branch += branch->entry_delta;                                                             \
    } while (false)

/// Defines `in`, behind the opcode.
#define IMMEDIATES(code) const uint8_t* in = (code) > 0xff ? prefixed : pc + 1

/// Defines `at`, the bytes in memory that the instruction accesses, and `next`.
#define ACCESS(address, size)                                                                      \
    const uint8_t* next = pc + 2;                                                                  \
    uint8_t* at;                                                                                   \
    {                                                                                              \
        const bool is_plain = pc[1] < 0x40;                                                        \
        const uint64_t start = uint64_t { static_cast<uint32_t>(address) } + read<uint32_t>(next); \
        at = memory + start;                                                                       \
        if (!is_plain || start + (size) > memory_size) [[unlikely]] {                              \
            const Access access = interp::find_access(*instance, pc + 1, (address), (size));       \
            TRAP_IF(!access.bytes, TrapKind::MemoryOutOfBounds);                                   \
            at = access.bytes;                                                                     \
            next = access.next;                                                                    \
        }                                                                                          \
    }

// clang-format on

RunEnd run(Thread& thread, Start start, Function* callee)
{
    static const Handler by_op[] {
#define OP(name, ...) &&op_##name,
#define VECTOR(...) &&op_unsupported,
#define VECTOR_MEMORY(...) &&op_unsupported,
#define LANE(...) &&op_unsupported,
#define ATOMIC(...) &&op_unsupported,
#include "wasm/opcodes.inc"
    };
    static const Handlers handlers = arrange(by_op, &&op_prefixed, &&op_mark, &&op_step, &&op_unsupported);

    Requests& requests = *thread.requests;
    const Handler* dispatch = handlers.normal.data();
    Function* function = thread.state.function;
    Instance* instance = nullptr;
    const uint8_t* pc = nullptr;
    const uint8_t* prefixed = nullptr;
    const uint8_t* last = nullptr;
    const Branch* branch = nullptr;
    Slot* fp = thread.state.fp;
    Slot* sp = thread.state.sp;
    uint8_t* memory = nullptr;
    uint64_t memory_size = 0;
    TrapKind trap_kind = TrapKind::None;
    /// Where a call goes on in its caller.
    uint32_t return_offset = 0;
    HostResult host_result;
    Slot* host_slots = nullptr;
    ReturnTo return_to = ReturnTo::Host;

    if (start == Start::Call)
        goto call_from_host;
    if (!function)
        return RunEnd::Returned;
    RELOAD();
    NEXT();

    // Numeric instructions, loads, stores and constants: generated from the table.
#define OP(...)
#define NUMERIC(name, text, code, signature, feature)    \
    op_##name:                                           \
    {                                                    \
        IMMEDIATES(code);                                \
        TRAP_UNLESS_NONE(Apply<numeric::name>::run(sp)); \
        sp -= Apply<numeric::name>::operands - 1;        \
        NEXT_AT(in);                                     \
    }
#define LOAD(name, text, code, signature, type)                             \
    op_##name:                                                              \
    {                                                                       \
        ACCESS(sp[-1], sizeof(type));                                       \
        const type value = load<type>(at);                                  \
        if constexpr (parse_signature(#signature).result == ValueKind::I64) \
            sp[-1] = to_slot(static_cast<int64_t>(value));                  \
        else                                                                \
            sp[-1] = to_slot(value);                                        \
        NEXT_AT(next);                                                      \
    }
#define STORE(name, text, code, signature, type)    \
    op_##name:                                      \
    {                                               \
        ACCESS(sp[-2], sizeof(type));               \
        const type value = from_slot<type>(sp[-1]); \
        std::memcpy(at, &value, sizeof value);      \
        sp -= 2;                                    \
        NEXT_AT(next);                              \
    }
#include "wasm/opcodes.inc"

op_I32Const: {
    const uint8_t* in = pc + 1;
    *sp++ = static_cast<uint32_t>(read<int32_t>(in));
    NEXT_AT(in);
}
op_I64Const: {
    const uint8_t* in = pc + 1;
    *sp++ = static_cast<uint64_t>(read<int64_t>(in));
    NEXT_AT(in);
}
op_F32Const:
    *sp++ = load<uint32_t>(pc + 1);
    NEXT_AT(pc + 5);
op_F64Const:
    *sp++ = load<uint64_t>(pc + 1);
    NEXT_AT(pc + 9);

    // Variables.
op_LocalGet: {
    const uint8_t* in = pc + 1;
    *sp = fp[read<uint32_t>(in)];
    ++sp;
    NEXT_AT(in);
}
op_LocalSet: {
    const uint8_t* in = pc + 1;
    fp[read<uint32_t>(in)] = sp[-1];
    --sp;
    NEXT_AT(in);
}
op_LocalTee: {
    const uint8_t* in = pc + 1;
    fp[read<uint32_t>(in)] = sp[-1];
    NEXT_AT(in);
}
op_GlobalGet: {
    const uint8_t* in = pc + 1;
    *sp = instance->globals[read<uint32_t>(in)]->slots[0];
    ++sp;
    NEXT_AT(in);
}
op_GlobalSet: {
    const uint8_t* in = pc + 1;
    instance->globals[read<uint32_t>(in)]->slots[0] = sp[-1];
    --sp;
    NEXT_AT(in);
}

    // Parametric.
op_Drop:
    --sp;
    NEXT_AT(pc + 1);
op_SelectTyped: {
    // The vector holds one type, of one byte.
    const uint8_t* in = pc + 1;
    read<uint32_t>(in);
    ++in;
    sp -= 2;
    sp[-1] = static_cast<uint32_t>(sp[1]) ? sp[-1] : sp[0];
    NEXT_AT(in);
}
op_Select:
    sp -= 2;
    sp[-1] = static_cast<uint32_t>(sp[1]) ? sp[-1] : sp[0];
    NEXT_AT(pc + 1);

    // Control.
op_Unreachable:
    TRAP_WITH(TrapKind::Unreachable);
op_Nop:
    NEXT_AT(pc + 1);
op_Block: {
    const uint8_t* in = pc + 1;
    read<int64_t>(in);
    NEXT_AT(in);
}
op_Loop: {
    if (requests.bits.load(std::memory_order_relaxed) != 0) [[unlikely]] {
        SAVE();
        if (!handle_requests(thread))
            return RunEnd::Trapped;
        RELOAD();
    }
    const uint8_t* in = pc + 1;
    read<int64_t>(in);
    NEXT_AT(in);
}
op_If:
    --sp;
    if (static_cast<uint32_t>(*sp)) {
        const uint8_t* in = pc + 1;
        read<int64_t>(in);
        ++branch;
        NEXT_AT(in);
    }
    pc += branch->offset_delta;
    branch += branch->entry_delta;
    NEXT();
op_Else:
    pc += branch->offset_delta;
    branch += branch->entry_delta;
    NEXT();
op_Br:
    TAKE_BRANCH();
    NEXT();
op_BrIf:
    --sp;
    if (static_cast<uint32_t>(*sp)) {
        TAKE_BRANCH();
        NEXT();
    } else {
        const uint8_t* in = pc + 1;
        read<uint32_t>(in);
        ++branch;
        NEXT_AT(in);
    }
op_BrTable: {
    const uint8_t* in = pc + 1;
    const uint32_t count = read<uint32_t>(in);
    --sp;
    branch += std::min(static_cast<uint32_t>(*sp), count);
    TAKE_BRANCH();
    NEXT();
}
op_End:
    if (pc != last)
        NEXT_AT(pc + 1);
op_Return: {
    const uint32_t count = function->meta->result_slots;
    if (count == 1)
        *fp = sp[-1];
    else
        std::memmove(fp, sp - count, count * sizeof(Slot));
    sp = fp + count;
    const Record& record = *thread.control++;
    if (record.return_to != ReturnTo::Interpreter) [[unlikely]]
        goto return_to_host;
    fp = record.fp;
    ENTER_FRAME(record.function, record.offset, record.entry);
    if (function->instance != instance) [[unlikely]]
        ENTER_INSTANCE();
    NEXT();
}

    // Calls.
op_Call: {
    const uint8_t* in = pc + 1;
    callee = instance->functions[read<uint32_t>(in)];
    return_offset = static_cast<uint32_t>(in - function->code);
    goto call;
}
op_CallIndirect: {
    const uint8_t* in = pc + 1;
    const uint32_t type = read<uint32_t>(in);
    const Table& table = *instance->tables[read<uint32_t>(in)];
    const uint32_t index = static_cast<uint32_t>(sp[-1]);
    TRAP_IF(index >= table.size(), TrapKind::UndefinedElement);
    callee = table.elements()[index].function();
    TRAP_IF(!callee, TrapKind::UninitializedElement);
    TRAP_IF(callee->type != instance->type_ids[type], TrapKind::IndirectCallTypeMismatch);
    --sp;
    return_offset = static_cast<uint32_t>(in - function->code);
    goto call;
}
call:
    if (callee->host) [[unlikely]]
        goto call_host_function;
    return_to = ReturnTo::Interpreter;
enter: {
    const FuncMeta& meta = *callee->meta;
    Slot* const new_fp = sp - meta.param_slots;
    bool must_poll = false;
    if (new_fp + meta.frame_slots > requests.limit.load(std::memory_order_relaxed)) [[unlikely]] {
        must_poll = true;
        if (new_fp + meta.frame_slots > thread.stack->limit())
            goto overflowed;
    }
    const uint32_t entry = function ? static_cast<uint32_t>(branch - function->branches) : 0;
    *--thread.control = { return_to, fp, function, return_offset, entry };
    fp = new_fp;
    Slot* const operands = fp + meta.local_slots;
    while (sp < operands)
        *sp++ = 0;
    sp = operands;
    ENTER_FRAME(callee, meta.code_offset - meta.body_offset, 0);
    if (function->instance != instance) [[unlikely]]
        ENTER_INSTANCE();
    if (must_poll) [[unlikely]] {
        SAVE();
        if (!handle_requests(thread))
            return RunEnd::Trapped;
        RELOAD();
    }
    NEXT();
}

    // Between guest and host.
call_from_host:
    dispatch = thread.stepping ? handlers.stepping.data() : handlers.normal.data();
    if (callee->host)
        goto call_host_function;
    return_to = ReturnTo::Host;
    goto enter;
overflowed:
    trap_kind = TrapKind::StackOverflow;
    // The state is the caller's, at its call: with the arguments, as if the call had not begun.
    if (!function || return_to == ReturnTo::HostContinuation) {
        raise(thread, { .kind = trap_kind });
        return RunEnd::Trapped;
    }
    if (opcode_at(*function, pc) == info(Op::CallIndirect).code)
        ++sp;
    goto trapped;
call_host_function:
    host_slots = sp - slots_of(callee->host->type.params);
    thread.host_call_offset = function ? static_cast<uint32_t>(pc - function->code) : 0;
    thread.state = { function, return_offset,
        function ? static_cast<uint32_t>(branch - function->branches) : 0, fp, host_slots };
    host_result = call_host(thread, *callee, host_slots);
host_has_ended:
    switch (host_result.action) {
    case HostAction::Returned:
        thread.state.sp = host_slots + slots_of(callee->host->type.results);
        if (!thread.state.function)
            return RunEnd::Returned;
        RELOAD();
        NEXT();
    case HostAction::Trapped: return RunEnd::Trapped;
    case HostAction::Suspended: return RunEnd::Suspended;
    case HostAction::Call:
        fp = thread.state.fp;
        function = thread.state.function;
        return_offset = thread.state.offset;
        branch = function ? function->branches + thread.state.entry : nullptr;
        callee = host_result.callee;
        sp = host_slots + callee->meta->param_slots;
        return_to = ReturnTo::HostContinuation;
        goto enter;
    }
return_to_host: {
    const Record& record = thread.control[-1];
    if (record.return_to == ReturnTo::Host)
        return RunEnd::Returned;
    host_slots = sp - function->meta->result_slots;
    thread.state = { record.function, record.offset, record.entry, record.fp, host_slots };
    host_result = continue_host(thread, host_slots, callee);
    goto host_has_ended;
}

    // Memories.
op_MemorySize: {
    const uint8_t* in = pc + 1;
    *sp = instance->memories[read<uint32_t>(in)]->pages();
    ++sp;
    NEXT_AT(in);
}
op_MemoryGrow: {
    const uint8_t* in = pc + 1;
    Memory& grown = *instance->memories[read<uint32_t>(in)];
    sp[-1] = static_cast<uint32_t>(grown.grow(static_cast<uint32_t>(sp[-1])).value_or(UINT32_MAX));
    ENTER_INSTANCE();
    NEXT_AT(in);
}
op_MemoryInit: {
    const uint8_t* in = prefixed;
    const DataIndex data { read<uint32_t>(in) };
    const MemoryIndex target { read<uint32_t>(in) };
    TRAP_UNLESS_NONE(memory_init(*instance, target, data, static_cast<uint32_t>(sp[-3]),
        static_cast<uint32_t>(sp[-2]), static_cast<uint32_t>(sp[-1])));
    sp -= 3;
    NEXT_AT(in);
}
op_DataDrop: {
    const uint8_t* in = prefixed;
    instance->data_dropped[read<uint32_t>(in)] = true;
    NEXT_AT(in);
}
op_MemoryCopy: {
    const uint8_t* in = prefixed;
    Memory& to = *instance->memories[read<uint32_t>(in)];
    Memory& from = *instance->memories[read<uint32_t>(in)];
    TRAP_UNLESS_NONE(interp::copy(to, from, static_cast<uint32_t>(sp[-3]), static_cast<uint32_t>(sp[-2]),
        static_cast<uint32_t>(sp[-1])));
    sp -= 3;
    NEXT_AT(in);
}
op_MemoryFill: {
    const uint8_t* in = prefixed;
    Memory& filled = *instance->memories[read<uint32_t>(in)];
    TRAP_UNLESS_NONE(interp::fill(
        filled, static_cast<uint32_t>(sp[-3]), static_cast<uint32_t>(sp[-2]), static_cast<uint32_t>(sp[-1])));
    sp -= 3;
    NEXT_AT(in);
}

    // Tables and references.
op_TableGet: {
    const uint8_t* in = pc + 1;
    const Table& table = *instance->tables[read<uint32_t>(in)];
    const uint32_t index = static_cast<uint32_t>(sp[-1]);
    TRAP_IF(index >= table.size(), TrapKind::TableOutOfBounds);
    sp[-1] = table.elements()[index].bits;
    NEXT_AT(in);
}
op_TableSet: {
    const uint8_t* in = pc + 1;
    Table& table = *instance->tables[read<uint32_t>(in)];
    const uint32_t index = static_cast<uint32_t>(sp[-2]);
    TRAP_IF(index >= table.size(), TrapKind::TableOutOfBounds);
    table.elements()[index] = { sp[-1] };
    sp -= 2;
    NEXT_AT(in);
}
op_TableInit: {
    const uint8_t* in = prefixed;
    const ElemIndex elem { read<uint32_t>(in) };
    const TableIndex target { read<uint32_t>(in) };
    TRAP_UNLESS_NONE(table_init(*instance, target, elem, static_cast<uint32_t>(sp[-3]),
        static_cast<uint32_t>(sp[-2]), static_cast<uint32_t>(sp[-1])));
    sp -= 3;
    NEXT_AT(in);
}
op_ElemDrop: {
    const uint8_t* in = prefixed;
    instance->elems[read<uint32_t>(in)] = {};
    NEXT_AT(in);
}
op_TableCopy: {
    const uint8_t* in = prefixed;
    Table& to = *instance->tables[read<uint32_t>(in)];
    Table& from = *instance->tables[read<uint32_t>(in)];
    TRAP_UNLESS_NONE(interp::copy(to, from, static_cast<uint32_t>(sp[-3]), static_cast<uint32_t>(sp[-2]),
        static_cast<uint32_t>(sp[-1])));
    sp -= 3;
    NEXT_AT(in);
}
op_TableGrow: {
    const uint8_t* in = prefixed;
    Table& table = *instance->tables[read<uint32_t>(in)];
    sp[-2] = table.grow(static_cast<uint32_t>(sp[-1]), { sp[-2] }).value_or(UINT32_MAX);
    --sp;
    NEXT_AT(in);
}
op_TableSize: {
    const uint8_t* in = prefixed;
    *sp = instance->tables[read<uint32_t>(in)]->size();
    ++sp;
    NEXT_AT(in);
}
op_TableFill: {
    const uint8_t* in = prefixed;
    Table& table = *instance->tables[read<uint32_t>(in)];
    TRAP_UNLESS_NONE(
        interp::fill(table, static_cast<uint32_t>(sp[-3]), { sp[-2] }, static_cast<uint32_t>(sp[-1])));
    sp -= 3;
    NEXT_AT(in);
}
op_RefNull: {
    const uint8_t* in = pc + 1;
    read<int64_t>(in);
    *sp++ = 0;
    NEXT_AT(in);
}
op_RefIsNull:
    sp[-1] = sp[-1] == 0;
    NEXT_AT(pc + 1);
op_RefFunc: {
    const uint8_t* in = pc + 1;
    *sp = Ref::of(instance->functions[read<uint32_t>(in)]).bits;
    ++sp;
    NEXT_AT(in);
}

    // What is not an instruction of its own.
op_prefixed: {
    prefixed = pc + 1;
    const uint32_t code = read<uint32_t>(prefixed);
    goto* handlers.prefixed[code];
}
op_mark:
    SAVE();
    if (!fire(thread, Cause::Mark))
        return RunEnd::Trapped;
    RELOAD();
    goto* handlers.normal[opcode_at(*function, pc)];
op_step:
    SAVE();
    if (!fire(thread, *pc == mark_opcode ? Cause::Mark : Cause::Step))
        return RunEnd::Trapped;
    RELOAD();
    goto* handlers.normal[opcode_at(*function, pc)];
trapped:
    SAVE();
    raise(thread, { .kind = trap_kind });
    return RunEnd::Trapped;

    // Instructions of features that are not supported: validation lets none of them pass.
    // clang-format off
op_Try: op_Catch: op_Throw: op_Rethrow: op_ThrowRef: op_Delegate: op_CatchAll: op_TryTable: op_BrOnNull:
op_BrOnNonNull: op_BrOnCast: op_BrOnCastFail: op_ReturnCall: op_ReturnCallIndirect: op_CallRef:
op_ReturnCallRef: op_RefEq: op_RefAsNonNull: op_StructNew: op_StructNewDefault: op_StructGet:
op_StructGetS: op_StructGetU: op_StructSet: op_ArrayNew: op_ArrayNewDefault: op_ArrayNewFixed:
op_ArrayNewData: op_ArrayNewElem: op_ArrayGet: op_ArrayGetS: op_ArrayGetU: op_ArraySet: op_ArrayLen:
op_ArrayFill: op_ArrayCopy: op_ArrayInitData: op_ArrayInitElem: op_RefTest: op_RefTestNull: op_RefCast:
op_RefCastNull: op_AnyConvertExtern: op_ExternConvertAny: op_RefI31: op_I31GetS: op_I31GetU:
op_AtomicFence: op_V128Const: op_I8x16Shuffle:
    // clang-format on
op_unsupported:
    ASSERT(false);
    return RunEnd::Trapped;
}

} // namespace

RunEnd Interpreter::call(Thread& thread, Function& callee) { return run(thread, Start::Call, &callee); }

RunEnd Interpreter::resume(Thread& thread) { return run(thread, Start::Resume, nullptr); }

} // namespace vitrine::core
