// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "interp/interpreter.h"

#include "exec/code.h"
#include "exec/driver.h"
#include "exec/frame.h"
#include "exec/invoke.h"
#include "exec/operand.h"
#include "exec/unwind.h"
#include "exec/wait.h"
#include "interp/dispatch.h"
#include "runtime/atomic.h"
#include "runtime/bulk.h"
#include "runtime/objects.h"
#include "runtime/slot.h"
#include "wasm/opcode.h"

#include <cstring>

// [doc] The interpreter
//
// One function holds all handlers. Each ends with a jump, through a table, to the handler of the
// next opcode. The state of the current frame is in local variables, and `pc` points at the current
// instruction. A handler only advances `pc` and pops its operands when it can no longer fail. So
// whenever other C++ code looks at the thread (at a trap, a stop or a host call), the saved state
// is exactly the state before the instruction, or after it for calls.
//
// Stepping needs no test in the handlers: a second table sends every opcode to `op_step`. A marked
// instruction has the opcode `mark_opcode` in the function's private copy of the code. Both
// handlers take the real opcode from the module's bytes.
//
// While a thread has watches, further tables send the opcodes that may access watched state to
// `op_watched`. Plain loads, stores and variable accesses first go to handlers of their own, which
// compare the address with the watched ranges. `op_watched` computes what the instruction is about
// to touch and then executes it; the table for the next opcode, whatever it is, leads to
// `op_touched`, which fires the probe. The probe does not fire if the instruction traps.
//
// A v128 takes two slots. In functions with v128 a local's index is therefore not its slot, and the
// opcode does not tell how many slots `drop` removes. The few affected instructions have a second
// handler for such functions (`wide_..`), in a third table.

namespace vitrine::core {

namespace {

using interp::Handler;
using interp::Handlers;
using operand::Access;
using operand::read;

/// The real opcode of the instruction at `pc`, even if it is marked.
uint8_t opcode_at(const Function& function, const uint8_t* pc)
{
    return original_code(function)[pc - function.code];
}

/// Whether the mark at `pc` has a guard that does not hold, so that the probe does not fire.
[[gnu::noinline]] bool is_held_back(const Function& function, const uint8_t* pc, const Slot* fp)
{
    const GuardView guard =
        guard_of(function, function.meta->body_offset + static_cast<CodeOffset>(pc - function.code));
    return !guard.empty() && !may_hold(guard, *function.instance, fp);
}

Trap uninitialized_element(uint64_t index)
{
    constexpr TrapKind kind = TrapKind::UninitializedElement;
    return { .kind = kind, .message = std::string(to_text(kind)) + " " + std::to_string(index) };
}

// clang-format off

/// SAVE writes the frame's state to the thread, and RELOAD reads it back, whatever has changed in
/// between.
#define SAVE()                                                                                     \
    (thread.state = { function, static_cast<uint32_t>(pc - function->code),                        \
                      static_cast<uint32_t>(branch - function->branches), fp, sp })
#define ENTER_FRAME(frame_function, frame_offset, frame_entry)                                     \
    do {                                                                                           \
        function = (frame_function);                                                               \
        pc = function->code + (frame_offset);                                                      \
        branch = function->branches + (frame_entry);                                               \
        last = function->code + (function->meta->end_offset - function->meta->body_offset) - 1;    \
        if (function->meta->is_wide != is_wide) [[unlikely]] {                                     \
            is_wide = !is_wide;                                                                    \
            DISPATCH();                                                                            \
        }                                                                                          \
    } while (false)
#define DISPATCH() (dispatch = handlers.next(thread, is_wide, touched).data())
#define EXECUTE() goto* handlers.executing(thread, is_wide)[opcode_at(*function, pc)]
#define ENTER_INSTANCE()                                                                           \
    do {                                                                                           \
        instance = function->instance;                                                             \
        const bool has_memory = !instance->memories.empty();                                       \
        memory = has_memory ? instance->memories.front()->writable_base() : nullptr;                        \
        /* 64-bit addresses take the slow path. */                                                 \
        memory_size = has_memory && !instance->memories.front()->is_64()                           \
            ? instance->memories.front()->size() : 0;                                              \
    } while (false)
#define RELOAD()                                                                                   \
    do {                                                                                           \
        /* The probe has moved the guest out of its outermost function. */                         \
        if (!thread.state.function) [[unlikely]]                                                   \
            return RunEnd::Returned;                                                               \
        fp = thread.state.fp;                                                                      \
        sp = thread.state.sp;                                                                      \
        ENTER_FRAME(thread.state.function, thread.state.offset, thread.state.entry);               \
        ENTER_INSTANCE();                                                                          \
        DISPATCH();                                                                                \
    } while (false)
/// After a throw: continues at `Thread::state` if a frame caught the exception, and ends the run
/// otherwise.
#define LAND_IF(caught)                                                                            \
    do {                                                                                           \
        if (caught)                                                                                \
            goto landed;                                                                           \
        return RunEnd::Trapped;                                                                    \
    } while (false)

#define NEXT() goto *dispatch[*pc]
#define NEXT_AT(place) do { pc = (place); NEXT(); } while (false)
#define TRAP_WITH(kind) do { trap_kind = (kind); goto trapped; } while (false)
#define TRAP_IF(condition, kind) if (condition) [[unlikely]] TRAP_WITH(kind)
#define TRAP_UNLESS_NONE(expression) if ((trap_kind = (expression)) != no_trap) [[unlikely]] goto trapped

/// Takes the branch of the side table's entry at the cursor.
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
        pc += branch->offset_delta();                                                              \
        branch += branch->entry_delta();                                                           \
    } while (false)

/// Defines `in`, which points after the opcode.
#define IMMEDIATES(code) const uint8_t* in = (code) > 0xff ? prefixed : pc + 1

/// Defines `at`, the host address of the bytes that the instruction accesses, and `next`, which
/// points after the memory argument. Only accesses to a 64-bit memory may have an offset of more
/// than 32 bits. They always take the slow path, so the truncated sum is not used for them.
#define ACCESS(argument, address, size)                                                            \
    const uint8_t* next = (argument) + 1;                                                          \
    uint8_t* at;                                                                                   \
    {                                                                                              \
        const bool is_plain = next[-1] < 0x40;                                                     \
        const auto offset = static_cast<uint32_t>(read<uint64_t>(next));                           \
        const uint64_t start = uint64_t { static_cast<uint32_t>(address) } + offset;               \
        at = std::bit_cast<uint8_t*>(std::bit_cast<uintptr_t>(memory) + start);                    \
        if (!is_plain || start + (size) > memory_size) [[unlikely]] {                              \
            const Access access = operand::find_access(*instance, (argument), (address), (size));  \
            TRAP_IF(!access.bytes, TrapKind::MemoryOutOfBounds);                                   \
            at = access.bytes;                                                                     \
            next = access.next;                                                                    \
        }                                                                                          \
    }

/// Move a number between the stack and the bytes at `at`.
#define LOAD_NUMBER(signature, type)                                                               \
    do {                                                                                           \
        const type value = guest_load<type>(at);                                                   \
        if constexpr (parse_signature(#signature).result == ValueKind::I64)                        \
            sp[-1] = to_slot(static_cast<int64_t>(value));                                         \
        else                                                                                       \
            sp[-1] = to_slot(value);                                                               \
    } while (false)
#define STORE_NUMBER(type)                                                                         \
    do {                                                                                           \
        guest_store<type>(at, from_slot<type>(sp[-1]));                                            \
        sp -= 2;                                                                                   \
    } while (false)

/// Find the callee of an indirect call and pop the operand that names it.
#define FIND_INDIRECT_CALLEE(in)                                                                   \
    const TypeId type = instance->type_ids[read<uint32_t>(in)];                                    \
    const Table& table = *instance->tables[read<uint32_t>(in)];                                    \
    const uint64_t index = sp[-1];                                                                 \
    TRAP_IF(index >= table.size(), TrapKind::UndefinedElement);                                    \
    callee = table.elements()[index].function();                                                   \
    if (!callee) [[unlikely]] {                                                                    \
        SAVE();                                                                                    \
        LAND_IF(raise(thread, uninitialized_element(index)));                                      \
    }                                                                                              \
    TRAP_IF(callee->type != type && !thread.store.engine().types.is_subtype(callee->type, type),   \
            TrapKind::IndirectCallTypeMismatch);                                                   \
    --sp
#define FIND_REFERENCED_CALLEE()                                                                   \
    callee = Ref { sp[-1] }.function();                                                            \
    TRAP_IF(!callee, TrapKind::NullFunction);                                                      \
    --sp

/// Replaces the topmost two slots by the halves of a 128-bit integer.
#define SET_WIDE(expression)                                                                       \
    do {                                                                                           \
        const numeric::Int128 result = (expression);                                               \
        sp[-2] = result.low;                                                                       \
        sp[-1] = result.high;                                                                      \
    } while (false)

/// Defines `local`, the slot of a local in a function with v128, and `has_two`, whether it takes
/// two slots.
#define WIDE_LOCAL(in)                                                                             \
    const uint32_t place = function->instance->module->wide_locals                                 \
        [function->meta->first_wide_local + read<uint32_t>(in)];                                   \
    Slot* const local = fp + (place >> 1);                                                         \
    const bool has_two = place & 1

/// Defines `name`, the object that the reference in a slot refers to. Traps when it is null.
#define OBJECT(name, slot, null_trap)                                                              \
    Object* const name = Ref { slot }.object();                                                    \
    TRAP_IF(!(name), null_trap)

/// Defines `name`, a new object. Saves the state first, because making an object may run the
/// collector, which scans the frames. Traps when no memory is left.
#define NEW_OBJECT(name, expression)                                                               \
    SAVE();                                                                                        \
    Object* const name = (expression);                                                             \
    TRAP_IF(!(name), TrapKind::OutOfMemory)

// clang-format on

RunEnd run(Thread& thread, Turn turn)
{
    static const Handler by_op[] {
#define OP(name, ...) &&op_##name,
#include "wasm/opcodes.inc"
    };
    static const Handler watched[] {
#define OP(...) &&op_watched,
#define LOAD(name, ...) &&watched_##name,
#define STORE(name, ...) &&watched_##name,
#define VARIABLE(name, ...) &&watched_##name,
#define VECTOR_MEMORY(name, ...) &&watched_##name,
#include "wasm/opcodes.inc"
    };
    static const Handlers handlers(by_op, watched,
        { { &&op_prefix_fb, &&op_prefix_fc, &&op_prefix_fd, &&op_prefix_fe },
            { &&watched_prefix_fb, &&watched_prefix_fc, &&watched_prefix_fd, &&watched_prefix_fe }, &&op_mark,
            &&op_step, &&op_touched },
        { { Op::LocalGet, &&wide_LocalGet }, { Op::LocalSet, &&wide_LocalSet },
            { Op::LocalTee, &&wide_LocalTee }, { Op::GlobalGet, &&wide_GlobalGet },
            { Op::GlobalSet, &&wide_GlobalSet }, { Op::Drop, &&wide_Drop }, { Op::Select, &&wide_Select } });

    Requests& requests = *thread.requests;
    bool is_wide = false;
    const Handler* dispatch = handlers.plain(false).data();
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
    TrapKind trap_kind = no_trap;
    Function* callee = nullptr;
    /// The offset at which the caller continues after the call.
    uint32_t return_offset = 0;
    bool must_poll = false;
    interp::Touched touched;

    if (turn == Turn::Enter)
        goto enter_from_outside;
    if (turn == Turn::Resume)
        goto back_from_host;
    goto go_on;

    // Numeric instructions, loads, stores and constants are generated from the table.
#define OP(...)
#define NUMERIC(name, text, code, signature, feature)    \
    op_##name:                                           \
    {                                                    \
        IMMEDIATES(code);                                \
        TRAP_UNLESS_NONE(Apply<numeric::name>::run(sp)); \
        sp += Apply<numeric::name>::moved;               \
        NEXT_AT(in);                                     \
    }
#define VECTOR(name, text, code, signature, feature) NUMERIC(name, text, code, signature, feature)
#define LOAD(name, text, code, signature, type) \
    op_##name:                                  \
    {                                           \
        ACCESS(pc + 1, sp[-1], sizeof(type));   \
        LOAD_NUMBER(signature, type);           \
        NEXT_AT(next);                          \
    }
#define STORE(name, text, code, signature, type) \
    op_##name:                                   \
    {                                            \
        ACCESS(pc + 1, sp[-2], sizeof(type));    \
        STORE_NUMBER(type);                      \
        NEXT_AT(next);                           \
    }
#define VECTOR_MEMORY(name, text, code, signature, type, fill)                 \
    op_##name:                                                                 \
    {                                                                          \
        if constexpr (parse_signature(#signature).has_result) {                \
            ACCESS(prefixed, sp[-1], sizeof(type));                            \
            to_slots(numeric::vector::load<type, LaneFill::fill>(at), sp - 1); \
            ++sp;                                                              \
            NEXT_AT(next);                                                     \
        } else {                                                               \
            ACCESS(prefixed, sp[-3], sizeof(type));                            \
            guest_store(at, from_slots<numeric::V128>(sp - 2));                \
            sp -= 3;                                                           \
            NEXT_AT(next);                                                     \
        }                                                                      \
    }
#define LANE(name, text, code, immediate, signature, type)                        \
    op_##name:                                                                    \
    {                                                                             \
        if constexpr (Immediate::immediate == Immediate::MemArgLane) {            \
            ACCESS(prefixed, sp[-3], sizeof(type));                               \
            uint8_t* const vector = reinterpret_cast<uint8_t*>(sp - 2);           \
            if constexpr (parse_signature(#signature).has_result) {               \
                numeric::vector::set_lane(vector, *next, guest_load<type>(at));   \
                sp[-3] = sp[-2];                                                  \
                sp[-2] = sp[-1];                                                  \
                --sp;                                                             \
            } else {                                                              \
                guest_store(at, numeric::vector::lane_of<type>(vector, *next));   \
                sp -= 3;                                                          \
            }                                                                     \
            NEXT_AT(next + 1);                                                    \
        } else if constexpr (parse_signature(#signature).param_count == 1) {      \
            const auto* const vector = reinterpret_cast<const uint8_t*>(sp - 2);  \
            sp[-2] = to_slot(numeric::vector::lane_of<type>(vector, *prefixed));  \
            --sp;                                                                 \
            NEXT_AT(prefixed + 1);                                                \
        } else {                                                                  \
            --sp;                                                                 \
            auto* const vector = reinterpret_cast<uint8_t*>(sp - 2);              \
            numeric::vector::set_lane(vector, *prefixed, from_slot<type>(sp[0])); \
            NEXT_AT(prefixed + 1);                                                \
        }                                                                         \
    }
#define ATOMIC(name, text, code, signature, type, atomic)                                                 \
    op_##name:                                                                                            \
    {                                                                                                     \
        constexpr auto kind = AtomicKind::atomic;                                                         \
        constexpr int params = parse_signature(#signature).param_count;                                   \
        ACCESS(prefixed, sp[-params], sizeof(type));                                                      \
        TRAP_IF(std::bit_cast<uintptr_t>(at) % sizeof(type) != 0, TrapKind::UnalignedAtomic);             \
        if constexpr (kind == AtomicKind::Notify) {                                                       \
            sp[-2] =                                                                                      \
                notify(operand::accessed_memory(*instance, prefixed), at, static_cast<uint32_t>(sp[-1])); \
        } else if constexpr (kind == AtomicKind::Wait) {                                                  \
            const Memory& shared = operand::accessed_memory(*instance, prefixed);                         \
            TRAP_IF(!shared.is_shared(), TrapKind::NotShared);                                            \
            SAVE();                                                                                       \
            const auto answer = wait_on(thread, shared, reinterpret_cast<const type*>(at),                \
                static_cast<type>(sp[-2]), static_cast<int64_t>(sp[-1]));                                 \
            if (!answer)                                                                                  \
                LAND_IF(thread.was_moved);                                                                \
            RELOAD();                                                                                     \
            sp[-3] = *answer;                                                                             \
        } else {                                                                                          \
            const Slot result = run_atomic<kind, type>(at, sp + 1 - params);                              \
            if constexpr (parse_signature(#signature).has_result)                                         \
                sp[-params] = result;                                                                     \
        }                                                                                                 \
        sp -= params - parse_signature(#signature).has_result;                                            \
        NEXT_AT(next);                                                                                    \
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
    *sp = instance->globals[read<uint32_t>(in)]->slots()[0];
    ++sp;
    NEXT_AT(in);
}
op_GlobalSet: {
    const uint8_t* in = pc + 1;
    instance->globals[read<uint32_t>(in)]->writable_slots()[0] = sp[-1];
    --sp;
    NEXT_AT(in);
}

op_V128Const:
    std::memcpy(sp, prefixed, 16);
    sp += 2;
    NEXT_AT(prefixed + 16);
op_I8x16Shuffle: {
    uint8_t from[32], to[16];
    std::memcpy(from, sp - 4, sizeof from);
    numeric::vector::shuffle(from, prefixed, to);
    sp -= 2;
    std::memcpy(sp - 2, to, sizeof to);
    NEXT_AT(prefixed + 16);
}
wide_LocalGet: {
    const uint8_t* in = pc + 1;
    WIDE_LOCAL(in);
    sp[0] = local[0];
    if (has_two)
        sp[1] = local[1];
    sp += 1 + has_two;
    NEXT_AT(in);
}
wide_LocalSet: {
    const uint8_t* in = pc + 1;
    WIDE_LOCAL(in);
    sp -= 1 + has_two;
    local[0] = sp[0];
    if (has_two)
        local[1] = sp[1];
    NEXT_AT(in);
}
wide_LocalTee: {
    const uint8_t* in = pc + 1;
    WIDE_LOCAL(in);
    const Slot* const from = sp - 1 - has_two;
    local[0] = from[0];
    if (has_two)
        local[1] = from[1];
    NEXT_AT(in);
}
wide_GlobalGet: {
    const uint8_t* in = pc + 1;
    const Global& global = *instance->globals[read<uint32_t>(in)];
    sp = std::copy_n(global.slots(), global.type.type.slots(), sp);
    NEXT_AT(in);
}
wide_GlobalSet: {
    const uint8_t* in = pc + 1;
    Global& global = *instance->globals[read<uint32_t>(in)];
    sp -= global.type.type.slots();
    std::copy_n(sp, global.type.type.slots(), global.writable_slots());
    NEXT_AT(in);
}
wide_Drop:
    sp -= branch->carried;
    ++branch;
    NEXT_AT(pc + 1);
wide_Select: {
    const uint32_t width = branch->carried;
    ++branch;
    sp -= 1 + width;
    if (!static_cast<uint32_t>(sp[width]))
        std::copy_n(sp, width, sp - width);
    NEXT_AT(pc + 1);
}

    // Parametric.
op_Drop:
    --sp;
    NEXT_AT(pc + 1);
op_SelectTyped: {
    // The vector of types has exactly one element.
    const uint8_t* in = pc + 1;
    read<uint32_t>(in);
    constexpr uint8_t v128 = 0x7b;
    const int width = *in == v128 ? 2 : 1;
    sp -= 1 + width;
    if (!static_cast<uint32_t>(sp[width]))
        std::copy_n(sp, width, sp - width);
    NEXT_AT(operand::skip_type(in));
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
op_Block:
op_Try:
    NEXT_AT(operand::skip_type(pc + 1));
op_Loop:
    if (++requests.tick >= requests.stop_tick.load(std::memory_order_relaxed)) [[unlikely]] {
        SAVE();
        if (!handle_requests_at_loop(thread))
            return RunEnd::Trapped;
        RELOAD();
        if (thread.was_moved)
            NEXT();
    }
    pc = operand::skip_type(pc + 1);
    if (function->heat <= Function::loop_heat) [[unlikely]] {
        SAVE();
        thread.handed = Handed::Loop;
        return RunEnd::Handed;
    }
    function->heat -= Function::loop_heat;
    NEXT();
op_If:
    --sp;
    if (static_cast<uint32_t>(*sp)) {
        ++branch;
        NEXT_AT(operand::skip_type(pc + 1));
    }
    pc += branch->offset_delta();
    branch += branch->entry_delta();
    NEXT();
op_Catch:
op_CatchAll:
    // Reached at the end of the part before: jump to the end of the whole instruction.
op_Else:
    pc += branch->offset_delta();
    branch += branch->entry_delta();
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
op_BrOnNull:
    if (sp[-1] == 0) {
        --sp;
        TAKE_BRANCH();
        NEXT();
    } else {
        const uint8_t* in = pc + 1;
        read<uint32_t>(in);
        ++branch;
        NEXT_AT(in);
    }
op_BrOnNonNull:
    if (sp[-1] != 0) {
        TAKE_BRANCH();
        NEXT();
    } else {
        const uint8_t* in = pc + 1;
        read<uint32_t>(in);
        --sp;
        ++branch;
        NEXT_AT(in);
    }
op_BrOnCast:
op_BrOnCastFail: {
    constexpr uint8_t to_is_nullable = 2;
    const uint8_t* in = prefixed;
    const uint8_t flags = *in++;
    read<uint32_t>(in);
    read<int64_t>(in);
    const auto to = read<int64_t>(in);
    const bool holds = is_instance(*instance, Ref { sp[-1] }, to, flags & to_is_nullable);
    const bool on_cast = prefixed[-1] == (info(Op::BrOnCast).code & 0xff);
    if (holds == on_cast) {
        TAKE_BRANCH();
        NEXT();
    } else {
        ++branch;
        NEXT_AT(in);
    }
}

    // Exceptions.
op_TryTable: {
    const uint8_t* in = operand::skip_type(pc + 1);
    const uint32_t count = read<uint32_t>(in);
    for (uint32_t i = 0; i < count; ++i) {
        constexpr uint8_t catches_all = 2;
        if (!(*in++ & catches_all))
            read<uint32_t>(in);
        read<uint32_t>(in);
    }
    branch += count;
    NEXT_AT(in);
}
op_Delegate: {
    const uint8_t* in = pc + 1;
    read<uint32_t>(in);
    NEXT_AT(in);
}
op_Throw: {
    const uint8_t* in = pc + 1;
    SAVE();
    LAND_IF(throw_new_exception(thread, *instance->tags[read<uint32_t>(in)]));
}
op_ThrowRef: {
    OBJECT(exception, sp[-1], TrapKind::NullException);
    SAVE();
    LAND_IF(throw_exception(thread, static_cast<ExceptionObject&>(*exception)));
}
op_Rethrow: {
    // The slot is null when a debugger has moved the guest here: no exception was caught.
    OBJECT(exception, fp[branch->dropped], TrapKind::NullException);
    SAVE();
    LAND_IF(throw_exception(thread, static_cast<ExceptionObject&>(*exception)));
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
    const Record& record = pop_record(thread);
    if (!record.return_to().is_interpreter()) [[unlikely]]
        goto return_to_other;
    const GuestState caller = record.caller(sp);
    fp = caller.fp;
    ENTER_FRAME(caller.function, caller.offset, caller.entry);
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
    FIND_INDIRECT_CALLEE(in);
    return_offset = static_cast<uint32_t>(in - function->code);
    goto call;
}
op_CallRef: {
    const uint8_t* in = pc + 1;
    read<uint32_t>(in);
    FIND_REFERENCED_CALLEE();
    return_offset = static_cast<uint32_t>(in - function->code);
    goto call;
}
op_ReturnCallIndirect: {
    const uint8_t* in = pc + 1;
    FIND_INDIRECT_CALLEE(in);
    goto tail_call;
}
op_ReturnCallRef:
    FIND_REFERENCED_CALLEE();
    goto tail_call;
op_ReturnCall: {
    const uint8_t* in = pc + 1;
    callee = instance->functions[read<uint32_t>(in)];
    goto tail_call;
}
tail_call: {
    // The callee's frame replaces this one: its arguments move down, and it returns to this frame's
    // caller. From then on nothing may fail.
    const uint32_t params = callee->host ? slots_of(callee->host->type.params) : callee->meta->param_slots;
    if (!callee->host && fp + callee->meta->frame_slots > thread.stack->limit()) [[unlikely]]
        goto overflowed;
    std::memmove(fp, sp - params, params * sizeof(Slot));
    sp = fp + params;
    if (callee->host) {
        SAVE();
        turn = tail_call_host_function(thread, *callee);
        goto take_turn;
    }
    if (callee->instance != instance) [[unlikely]]
        fill_in_caller(thread, fp, *instance);
    must_poll = fp + callee->meta->frame_slots > requests.limit.load(std::memory_order_relaxed);
    goto entered;
}
call: {
    if (callee->host) [[unlikely]]
        goto call_host;
    const FuncMeta& meta = *callee->meta;
    Slot* const new_fp = sp - meta.param_slots;
    must_poll = false;
    if (new_fp + meta.frame_slots > requests.limit.load(std::memory_order_relaxed)) [[unlikely]] {
        must_poll = true;
        if (new_fp + meta.frame_slots > thread.stack->limit())
            goto overflowed;
    }
    push_record(thread, ReturnTo::interpreter(),
        { function, return_offset, static_cast<uint32_t>(branch - function->branches), fp, sp });
    fp = new_fp;
    goto entered;
}
entered: {
    // The record is pushed, and the arguments are at `fp`.
    const FuncMeta& meta = *callee->meta;
    if (callee->heat <= Function::call_heat && !touched.is_pending) [[unlikely]] {
        thread.state = { callee, meta.code_offset - meta.body_offset, 0, fp, fp + meta.param_slots };
        thread.handed = Handed::Call;
        return RunEnd::Handed;
    }
    callee->heat -= std::min(callee->heat, Function::call_heat);
    must_poll |= ++requests.tick >= requests.stop_tick.load(std::memory_order_relaxed);
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
overflowed:
    // Restore the caller's state at the call instruction: with the arguments, and with the index or
    // reference that named the callee.
    if (const uint8_t opcode = opcode_at(*function, pc);
        opcode != info(Op::Call).code && opcode != info(Op::ReturnCall).code)
        ++sp;
    TRAP_WITH(TrapKind::StackOverflow);

    // Transitions to and from the host and other tiers.
call_host: {
    Slot* const slots = sp - slots_of(callee->host->type.params);
    thread.host_call_offset = static_cast<uint32_t>(pc - function->code);
    thread.state = { function, return_offset, static_cast<uint32_t>(branch - function->branches), fp, slots };
    turn = call_host_function(thread, *callee, slots);
    goto take_turn;
}
return_to_other:
    thread.state = { function, 0, 0, fp, sp };
    if (popped_record(thread).return_to().is_site()) {
        thread.handed = Handed::Return;
        return RunEnd::Handed;
    }
    turn = return_to_host(thread);
    goto take_turn;
take_turn:
    switch (turn) {
    case Turn::Enter: goto enter_from_outside;
    case Turn::Resume: goto back_from_host;
    case Turn::GoOn: goto go_on;
    case Turn::Returned: return RunEnd::Returned;
    case Turn::Trapped: return RunEnd::Trapped;
    case Turn::Suspended: return RunEnd::Suspended;
    }
enter_from_outside:
    callee = thread.state.function;
    fp = thread.state.fp;
    sp = thread.state.sp;
    must_poll = fp + callee->meta->frame_slots > requests.limit.load(std::memory_order_relaxed);
    // The host function may have written watched state before it asked for the call.
    touched.is_pending |= std::exchange(thread.is_after_host, false) && thread.watches();
    DISPATCH();
    goto entered;
back_from_host:
    // The host function may have written watched state.
    thread.is_after_host = false;
    touched.is_pending |= thread.watches() != nullptr;
go_on:
    RELOAD();
    NEXT();

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
    // The store's limiter may look at the frames.
    SAVE();
    sp[-1] = thread.store.grow(grown, sp[-1]).value_or(grown.is_64() ? UINT64_MAX : UINT32_MAX);
    ENTER_INSTANCE();
    NEXT_AT(in);
}
op_MemoryInit: {
    const uint8_t* in = prefixed;
    const DataIndex data { read<uint32_t>(in) };
    const MemoryIndex target { read<uint32_t>(in) };
    TRAP_UNLESS_NONE(memory_init(*instance, target, data, sp[-3], sp[-2], sp[-1]));
    sp -= 3;
    NEXT_AT(in);
}
op_DataDrop: {
    const uint8_t* in = prefixed;
    data_drop(*instance, { read<uint32_t>(in) });
    NEXT_AT(in);
}
op_MemoryCopy: {
    const uint8_t* in = prefixed;
    Memory& to = *instance->memories[read<uint32_t>(in)];
    Memory& from = *instance->memories[read<uint32_t>(in)];
    TRAP_UNLESS_NONE(memory_copy(to, from, sp[-3], sp[-2], sp[-1]));
    sp -= 3;
    NEXT_AT(in);
}
op_MemoryFill: {
    const uint8_t* in = prefixed;
    Memory& filled = *instance->memories[read<uint32_t>(in)];
    TRAP_UNLESS_NONE(memory_fill(filled, sp[-3], sp[-2], sp[-1]));
    sp -= 3;
    NEXT_AT(in);
}

    // Tables and references.
op_TableGet: {
    const uint8_t* in = pc + 1;
    const Table& table = *instance->tables[read<uint32_t>(in)];
    const uint64_t index = sp[-1];
    TRAP_IF(index >= table.size(), TrapKind::TableOutOfBounds);
    sp[-1] = table.elements()[index].bits;
    NEXT_AT(in);
}
op_TableSet: {
    const uint8_t* in = pc + 1;
    Table& table = *instance->tables[read<uint32_t>(in)];
    const uint64_t index = sp[-2];
    TRAP_IF(index >= table.size(), TrapKind::TableOutOfBounds);
    table.writable_elements()[index] = { sp[-1] };
    sp -= 2;
    NEXT_AT(in);
}
op_TableInit: {
    const uint8_t* in = prefixed;
    const ElemIndex elem { read<uint32_t>(in) };
    const TableIndex target { read<uint32_t>(in) };
    TRAP_UNLESS_NONE(table_init(*instance, target, elem, sp[-3], sp[-2], sp[-1]));
    sp -= 3;
    NEXT_AT(in);
}
op_ElemDrop: {
    const uint8_t* in = prefixed;
    elem_drop(*instance, { read<uint32_t>(in) });
    NEXT_AT(in);
}
op_TableCopy: {
    const uint8_t* in = prefixed;
    Table& to = *instance->tables[read<uint32_t>(in)];
    Table& from = *instance->tables[read<uint32_t>(in)];
    TRAP_UNLESS_NONE(table_copy(to, from, sp[-3], sp[-2], sp[-1]));
    sp -= 3;
    NEXT_AT(in);
}
op_TableGrow: {
    const uint8_t* in = prefixed;
    Table& table = *instance->tables[read<uint32_t>(in)];
    SAVE();
    const auto old_size = thread.store.grow(table, sp[-1], { sp[-2] });
    sp[-2] = old_size ? *old_size : table.type().limits.is_64 ? UINT64_MAX : UINT32_MAX;
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
    TRAP_UNLESS_NONE(table_fill(table, sp[-3], { sp[-2] }, sp[-1]));
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

op_RefAsNonNull:
    TRAP_IF(sp[-1] == 0, TrapKind::NullReference);
    NEXT_AT(pc + 1);
op_RefEq:
    --sp;
    sp[-1] = sp[-1] == sp[0];
    NEXT_AT(pc + 1);
op_RefTest:
op_RefTestNull: {
    const uint8_t* in = prefixed;
    const bool nullable = prefixed[-1] == (info(Op::RefTestNull).code & 0xff);
    sp[-1] = is_instance(*instance, Ref { sp[-1] }, read<int64_t>(in), nullable);
    NEXT_AT(in);
}
op_RefCast:
op_RefCastNull: {
    const uint8_t* in = prefixed;
    const bool nullable = prefixed[-1] == (info(Op::RefCastNull).code & 0xff);
    TRAP_IF(!is_instance(*instance, Ref { sp[-1] }, read<int64_t>(in), nullable), TrapKind::CastFailure);
    NEXT_AT(in);
}
op_AnyConvertExtern:
op_ExternConvertAny:
    NEXT_AT(prefixed);
op_RefI31:
    sp[-1] = Ref::i31(static_cast<uint32_t>(sp[-1])).bits;
    NEXT_AT(prefixed);
op_I31GetS:
    TRAP_IF(sp[-1] == 0, TrapKind::NullI31);
    sp[-1] = to_slot(Ref { sp[-1] }.i31_signed());
    NEXT_AT(prefixed);
op_I31GetU:
    TRAP_IF(sp[-1] == 0, TrapKind::NullI31);
    sp[-1] = Ref { sp[-1] }.i31_unsigned();
    NEXT_AT(prefixed);

    // Structs.
op_StructNew: {
    const uint8_t* in = prefixed;
    const TypeInfo& type = *instance->types[read<uint32_t>(in)];
    NEW_OBJECT(object, struct_new(thread.store.heap, type, sp - type.slots));
    sp -= type.slots;
    *sp++ = Ref::of(object).bits;
    NEXT_AT(in);
}
op_StructNewDefault: {
    const uint8_t* in = prefixed;
    NEW_OBJECT(object, thread.store.heap.make_struct(*instance->types[read<uint32_t>(in)]));
    *sp++ = Ref::of(object).bits;
    NEXT_AT(in);
}
op_StructGet: {
    const uint8_t* in = prefixed;
    const TypeInfo& type = *instance->types[read<uint32_t>(in)];
    const uint32_t field = read<uint32_t>(in);
    OBJECT(object, sp[-1], TrapKind::NullStruct);
    const Slot* const from = object->slots() + type.field_slots[field];
    sp[-1] = from[0];
    if (type.field_width(field) == 2)
        *sp++ = from[1];
    NEXT_AT(in);
}
op_StructGetS:
op_StructGetU: {
    const uint8_t* in = prefixed;
    const bool is_signed = prefixed[-1] == (info(Op::StructGetS).code & 0xff);
    const TypeInfo& type = *instance->types[read<uint32_t>(in)];
    const uint32_t field = read<uint32_t>(in);
    OBJECT(object, sp[-1], TrapKind::NullStruct);
    sp[-1] = extend_packed(object->slots()[type.field_slots[field]],
        type.type.structure()->fields[field].packed_bytes, is_signed);
    NEXT_AT(in);
}
op_StructSet: {
    const uint8_t* in = prefixed;
    const TypeInfo& type = *instance->types[read<uint32_t>(in)];
    const uint32_t field = read<uint32_t>(in), width = type.field_width(field);
    OBJECT(object, sp[-1 - static_cast<int>(width)], TrapKind::NullStruct);
    sp -= width;
    std::copy_n(sp, width, object->writable_slots() + type.field_slots[field]);
    --sp;
    NEXT_AT(in);
}

    // Arrays.
op_ArrayNew: {
    const uint8_t* in = prefixed;
    const TypeInfo& type = *instance->types[read<uint32_t>(in)];
    const Slot* const value = sp - 1 - element_width(type);
    NEW_OBJECT(array, array_new(thread.store.heap, type, value, static_cast<uint32_t>(sp[-1])));
    sp -= 1 + element_width(type);
    *sp++ = Ref::of(array).bits;
    NEXT_AT(in);
}
op_ArrayNewDefault: {
    const uint8_t* in = prefixed;
    const TypeInfo& type = *instance->types[read<uint32_t>(in)];
    NEW_OBJECT(array, thread.store.heap.make_array(type, static_cast<uint32_t>(sp[-1])));
    sp[-1] = Ref::of(array).bits;
    NEXT_AT(in);
}
op_ArrayNewFixed: {
    const uint8_t* in = prefixed;
    const TypeInfo& type = *instance->types[read<uint32_t>(in)];
    const uint32_t length = read<uint32_t>(in);
    const uint64_t slots = uint64_t { length } * element_width(type);
    NEW_OBJECT(array, array_new_fixed(thread.store.heap, type, sp - slots, length));
    sp -= slots;
    *sp++ = Ref::of(array).bits;
    NEXT_AT(in);
}
op_ArrayNewData:
op_ArrayNewElem: {
    const uint8_t* in = prefixed;
    const bool is_data = prefixed[-1] == (info(Op::ArrayNewData).code & 0xff);
    const TypeInfo& type = *instance->types[read<uint32_t>(in)];
    const uint32_t segment = read<uint32_t>(in);
    const auto from = static_cast<uint32_t>(sp[-2]), length = static_cast<uint32_t>(sp[-1]);
    // Check the segment first: an access out of bounds must not allocate an array.
    TRAP_UNLESS_NONE(is_data ? check_data(*instance, segment, from, length * uint64_t { type.element_bytes })
                             : check_elem(*instance, segment, from, length));
    NEW_OBJECT(array, thread.store.heap.make_array(type, length));
    if (is_data)
        array_init_data(*instance, array, 0, segment, from, length);
    else
        array_init_elem(*instance, array, 0, segment, from, length);
    --sp;
    sp[-1] = Ref::of(array).bits;
    NEXT_AT(in);
}
op_ArrayGet: {
    const uint8_t* in = prefixed;
    const TypeInfo& type = *instance->types[read<uint32_t>(in)];
    OBJECT(array, sp[-2], TrapKind::NullArray);
    const auto index = static_cast<uint32_t>(sp[-1]);
    TRAP_IF(index >= array->length, TrapKind::ArrayOutOfBounds);
    load_element(*array, index, sp - 2);
    sp -= 2 - static_cast<ptrdiff_t>(element_width(type));
    NEXT_AT(in);
}
op_ArrayGetS:
op_ArrayGetU: {
    const uint8_t* in = prefixed;
    const bool is_signed = prefixed[-1] == (info(Op::ArrayGetS).code & 0xff);
    const TypeInfo& type = *instance->types[read<uint32_t>(in)];
    OBJECT(array, sp[-2], TrapKind::NullArray);
    const auto index = static_cast<uint32_t>(sp[-1]);
    TRAP_IF(index >= array->length, TrapKind::ArrayOutOfBounds);
    Slot element;
    load_element(*array, index, &element);
    --sp;
    sp[-1] = extend_packed(element, type.element_bytes, is_signed);
    NEXT_AT(in);
}
op_ArraySet: {
    const uint8_t* in = prefixed;
    const uint32_t width = element_width(*instance->types[read<uint32_t>(in)]);
    const Slot* const operands = sp - 2 - width;
    OBJECT(array, operands[0], TrapKind::NullArray);
    const auto index = static_cast<uint32_t>(operands[1]);
    TRAP_IF(index >= array->length, TrapKind::ArrayOutOfBounds);
    store_element(*array, index, operands + 2);
    sp -= 2 + width;
    NEXT_AT(in);
}
op_ArrayLen: {
    OBJECT(array, sp[-1], TrapKind::NullArray);
    sp[-1] = array->length;
    NEXT_AT(prefixed);
}
op_ArrayFill: {
    const uint8_t* in = prefixed;
    const uint32_t width = element_width(*instance->types[read<uint32_t>(in)]);
    const Slot* const operands = sp - 3 - width;
    TRAP_UNLESS_NONE(array_fill(Ref { operands[0] }.object(), operands[1], operands + 2, sp[-1]));
    sp -= 3 + width;
    NEXT_AT(in);
}
op_ArrayCopy: {
    const uint8_t* in = prefixed;
    read<uint32_t>(in);
    read<uint32_t>(in);
    TRAP_UNLESS_NONE(array_copy(Ref { sp[-5] }.object(), sp[-4], Ref { sp[-3] }.object(), sp[-2], sp[-1]));
    sp -= 5;
    NEXT_AT(in);
}
op_ArrayInitData: {
    const uint8_t* in = prefixed;
    read<uint32_t>(in);
    TRAP_UNLESS_NONE(
        array_init_data(*instance, Ref { sp[-4] }.object(), sp[-3], read<uint32_t>(in), sp[-2], sp[-1]));
    sp -= 4;
    NEXT_AT(in);
}
op_ArrayInitElem: {
    const uint8_t* in = prefixed;
    read<uint32_t>(in);
    TRAP_UNLESS_NONE(
        array_init_elem(*instance, Ref { sp[-4] }.object(), sp[-3], read<uint32_t>(in), sp[-2], sp[-1]));
    sp -= 4;
    NEXT_AT(in);
}

    // Wide arithmetic and the fence.
op_I64Add128:
    sp -= 2;
    SET_WIDE(numeric::add128({ sp[-2], sp[-1] }, { sp[0], sp[1] }));
    NEXT_AT(prefixed);
op_I64Sub128:
    sp -= 2;
    SET_WIDE(numeric::sub128({ sp[-2], sp[-1] }, { sp[0], sp[1] }));
    NEXT_AT(prefixed);
op_I64MulWideS:
    SET_WIDE(numeric::mul_wide_s(sp[-2], sp[-1]));
    NEXT_AT(prefixed);
op_I64MulWideU:
    SET_WIDE(numeric::mul_wide_u(sp[-2], sp[-1]));
    NEXT_AT(prefixed);
op_AtomicFence:
    std::atomic_thread_fence(std::memory_order_seq_cst);
    NEXT_AT(prefixed + 1);

    // Opcodes with a prefix.
#define PREFIX(digits)                                                                   \
    op_prefix_##digits:                                                                  \
    {                                                                                    \
        prefixed = pc + 1;                                                               \
        const uint32_t code = read<uint32_t>(prefixed);                                  \
        goto* handlers.prefixed(0x##digits, code);                                       \
    }                                                                                    \
    watched_prefix_##digits:                                                             \
    {                                                                                    \
        prefixed = pc + 1;                                                               \
        const uint32_t code = read<uint32_t>(prefixed);                                  \
        goto* handlers.watched_prefixed(0x##digits, code, thread.watches()->accesses()); \
    }
    PREFIX(fb)
    PREFIX(fc)
    PREFIX(fd)
    PREFIX(fe)

    // Marks, steps and watches, which fire the probe between instructions.
op_mark:
    if (is_behind_marks(*function, fp) || is_held_back(*function, pc, fp))
        EXECUTE();
    SAVE();
    if (!fire(thread, Cause::Mark))
        return RunEnd::Trapped;
    RELOAD();
    EXECUTE();
op_step:
    SAVE();
    if (!fire(thread, *pc == mark_opcode ? Cause::Mark : Cause::Step))
        return RunEnd::Trapped;
    RELOAD();
    EXECUTE();
#define OP(...)
/// Goes to `op_watched` if the access touches a watched range. Checking the bounds first makes the
/// common case fast.
#define LEAVE_IF_TOUCHED(kind, at, size, is_write)                                      \
    if (const auto begin = std::bit_cast<uintptr_t>(at);                                \
        thread.watches()->bounds(kind, is_write).may_contain_any(begin, size)           \
        && thread.watches()->touches({ begin, begin + (size), is_write })) [[unlikely]] \
    goto op_watched
#define LOAD(name, text, code, signature, type)                       \
    watched_##name:                                                   \
    {                                                                 \
        ACCESS(pc + 1, sp[-1], sizeof(type));                         \
        LEAVE_IF_TOUCHED(StateKind::Memory, at, sizeof(type), false); \
        LOAD_NUMBER(signature, type);                                 \
        NEXT_AT(next);                                                \
    }
#define STORE(name, text, code, signature, type)                     \
    watched_##name:                                                  \
    {                                                                \
        ACCESS(pc + 1, sp[-2], sizeof(type));                        \
        LEAVE_IF_TOUCHED(StateKind::Memory, at, sizeof(type), true); \
        STORE_NUMBER(type);                                          \
        NEXT_AT(next);                                               \
    }
#define VECTOR_MEMORY(name, text, code, signature, type, fill)           \
    watched_##name:                                                      \
    {                                                                    \
        constexpr bool is_load = parse_signature(#signature).has_result; \
        ACCESS(prefixed, sp[is_load ? -1 : -3], sizeof(type));           \
        LEAVE_IF_TOUCHED(StateKind::Memory, at, sizeof(type), !is_load); \
        goto op_##name;                                                  \
    }
#define VARIABLE(name, text, ...)                                 \
    watched_##name:                                               \
    {                                                             \
        if (is_wide)                                              \
            goto op_watched;                                      \
        constexpr StateUse use = info(Op::name).state;            \
        const uint8_t* in = pc + 1;                               \
        const auto index = read<uint32_t>(in);                    \
        const Slot* at = fp + index;                              \
        if constexpr (use.kind == StateKind::Global)              \
            at = instance->globals[index]->slots();               \
        LEAVE_IF_TOUCHED(use.kind, at, sizeof(Slot), use.writes); \
        goto op_##name;                                           \
    }
#include "wasm/opcodes.inc"
op_watched:
    touched = interp::find_touched(*thread.watches(), *function, pc, fp, sp);
    if (touched.is_pending)
        DISPATCH();
    goto* handlers.plain(is_wide)[opcode_at(*function, pc)];
op_touched:
    SAVE();
    touched.is_pending = false;
    if (!fire_watch(thread, touched.list()))
        return RunEnd::Trapped;
    touched.count = 0;
    RELOAD();
    if (*pc == mark_opcode)
        goto op_mark;
    EXECUTE();
trapped:
    SAVE();
    LAND_IF(raise(thread, { .kind = trap_kind }));
landed:
    // The instruction that threw or trapped was not completed.
    touched.is_pending = false;
    RELOAD();
    if (function->heat <= Function::loop_heat) [[unlikely]] {
        thread.handed = Handed::Loop;
        return RunEnd::Handed;
    }
    NEXT();
}

} // namespace

RunEnd Interpreter::enter(Thread& thread) { return run(thread, Turn::Enter); }

RunEnd Interpreter::resume(Thread& thread) { return run(thread, Turn::Resume); }

RunEnd Interpreter::go_on(Thread& thread) { return run(thread, Turn::GoOn); }

} // namespace vitrine::core
