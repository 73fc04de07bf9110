// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/exit.h"

#include "exec/frame.h"
#include "wasm/validator.h"

namespace vitrine::core::jit {

namespace {

/// Writes a value to its slots in the frame at `fp`.
void write_back(const MachineContext& context, const ValuePlace& place, Slot* fp)
{
    Slot* const to = fp + place.slot;
    switch (place.kind) {
    case ValuePlace::Kind::General: to[0] = context.general[place.reg_or_slot]; return;
    case ValuePlace::Kind::Vector: to[0] = context.vectors[place.reg_or_slot].low; return;
    case ValuePlace::Kind::Vector16:
        to[0] = context.vectors[place.reg_or_slot].low;
        to[1] = context.vectors[place.reg_or_slot].high;
        return;
    case ValuePlace::Kind::Constant: to[0] = place.constant; return;
    case ValuePlace::Kind::Slot: to[0] = fp[place.reg_or_slot]; return;
    }
}

} // namespace

void take_exit(Thread& thread, const MachineContext& context, Function& function, const Note& note)
{
    Slot* const fp = context.fp();
    const FuncMeta& meta = *function.meta;
    thread.control = context.control();
    if (note.is_entry) {
        thread.state = { &function, meta.code_offset - meta.body_offset, 0, fp, fp + meta.param_slots };
        return;
    }
    for (const ValuePlace& place : note.places)
        write_back(context, place, fp);
    thread.state = { &function, note.offset, note.entry, fp, fp + note.end_slot };
}

void check_exit(const Thread& thread)
{
    const GuestState& state = thread.state;
    const FuncMeta& meta = *state.function->meta;
    const auto known = find_instruction_state(
        state.function->module(), state.function->index, meta.body_offset + state.offset);
    ASSERT(known.has_value());
    if (!known->is_reachable)
        return;
    ASSERT(known->entry == meta.first_branch + state.entry);
    uint32_t slots = meta.local_slots;
    for (const ValueType type : known->operands)
        slots += type.slots();
    ASSERT(state.sp == state.fp + slots);
}

} // namespace vitrine::core::jit
