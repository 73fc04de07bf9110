// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "interp/access.h"

#include "exec/code.h"
#include "exec/operand.h"
#include "runtime/objects.h"

namespace vitrine::core::interp {

namespace {

using operand::read;

uint32_t param_slots(const Signature& signature)
{
    uint32_t slots = 0;
    for (uint8_t i = 0; i < signature.param_count; ++i)
        slots += signature.params[i] == ValueKind::V128 ? 2 : 1;
    return slots;
}

/// Computes the ranges that one instruction accesses, from its immediates and operands.
class Finder {
public:
    Finder(const Watches& watches, const Function& function, Op op, const uint8_t* immediates)
        : watches_(watches),
          function_(function),
          instance_(*function.instance),
          op_(op),
          use_(info(op).state),
          in_(immediates)
    {}

    Touched find(const Slot* fp, const Slot* sp)
    {
        touched_.is_pending = use_.may_move;
        if ((access_bits(use_) & watches_.accesses()) == 0)
            return touched_;
        switch (use_.kind) {
        case StateKind::Memory: find_bytes(sp); break;
        case StateKind::Global: find_global(); break;
        case StateKind::Table: find_elements(sp); break;
        case StateKind::Local: find_local(fp); break;
        case StateKind::Object: find_parts(sp); break;
        }
        return touched_;
    }

private:
    uint32_t next() { return read<uint32_t>(in_); }

    void add(bool is_write, const void* begin, uint64_t bytes)
    {
        const auto address = std::bit_cast<uintptr_t>(begin);
        const TouchedRange range { address, address + bytes, is_write };
        if (!watches_.touches(range))
            return;
        touched_.is_pending = true;
        touched_.ranges[touched_.count++] = range;
    }
    /// Adds a range that the instruction reads, writes, or both.
    void add(const void* begin, uint64_t bytes)
    {
        if (use_.reads)
            add(false, begin, bytes);
        if (use_.writes)
            add(true, begin, bytes);
    }

    void add_bytes(bool is_write, const Memory& memory, uint64_t at, uint64_t count)
    {
        if (memory.contains(at, count))
            add(is_write, memory.base() + at, count);
    }
    void add_elements(bool is_write, const Table& table, uint64_t at, uint64_t count)
    {
        if (table.contains(at, count))
            add(is_write, table.elements().data() + at, count * sizeof(Ref));
    }
    void add_elements(bool is_write, const Object* array, uint64_t at, uint64_t count)
    {
        if (array && contains(*array, at, count))
            add(is_write, array->element(at), count * array->type->element_bytes);
    }

    void find_bytes(const Slot* sp)
    {
        const OpInfo& row = info(op_);
        if (row.access_bytes != 0) {
            const Slot address = sp[-static_cast<ptrdiff_t>(param_slots(row.signature))];
            if (const operand::Access access =
                    operand::find_access(instance_, in_, address, row.access_bytes);
                access.bytes)
                add(access.bytes, row.access_bytes);
            return;
        }
        if (row.immediate == Immediate::MemoryInit)
            next();
        add_bytes(true, *instance_.memories[next()], sp[-3], sp[-1]);
        if (row.immediate == Immediate::MemoryMemory)
            add_bytes(false, *instance_.memories[next()], sp[-2], sp[-1]);
    }

    void find_global()
    {
        const Global& global = *instance_.globals[next()];
        add(global.slots(), global.type.type.slots() * sizeof(Slot));
    }

    void find_local(const Slot* fp)
    {
        const uint32_t index = next();
        if (!function_.meta->is_wide)
            return add(fp + index, sizeof(Slot));
        const uint32_t place = instance_.module->wide_locals[function_.meta->first_wide_local + index];
        add(fp + (place >> 1), (1 + (place & 1)) * sizeof(Slot));
    }

    void find_elements(const Slot* sp)
    {
        const Immediate immediate = info(op_).immediate;
        if (immediate == Immediate::CallIndirect || immediate == Immediate::TableInit)
            next();
        const Table& table = *instance_.tables[next()];
        if (immediate == Immediate::CallIndirect || op_ == Op::TableGet)
            return add_elements(false, table, sp[-1], 1);
        if (op_ == Op::TableSet)
            return add_elements(true, table, sp[-2], 1);
        add_elements(true, table, sp[-3], sp[-1]);
        if (immediate == Immediate::TableTable)
            add_elements(false, *instance_.tables[next()], sp[-2], sp[-1]);
    }

    void find_parts(const Slot* sp)
    {
        const OpInfo& row = info(op_);
        const TypeInfo& type = *instance_.types[next()];
        if (row.immediate == Immediate::TypeField)
            return find_field(type, next(), sp);
        const auto object_at = [sp](ptrdiff_t slots) { return Ref { sp[-slots] }.object(); };
        const ptrdiff_t width = element_width(type);
        if (use_.reads && !use_.writes)
            return add_elements(false, object_at(2), static_cast<uint32_t>(sp[-1]), 1);
        if (op_ == Op::ArraySet)
            return add_elements(true, object_at(2 + width), static_cast<uint32_t>(sp[-1 - width]), 1);
        if (op_ == Op::ArrayFill)
            return add_elements(true, object_at(3 + width), sp[-2 - width], sp[-1]);
        const bool copies = row.immediate == Immediate::TypeType;
        const ptrdiff_t to = copies ? 5 : 4;
        add_elements(true, object_at(to), sp[1 - to], sp[-1]);
        if (copies)
            add_elements(false, object_at(3), sp[-2], sp[-1]);
    }

    void find_field(const TypeInfo& type, uint32_t field, const Slot* sp)
    {
        const ptrdiff_t width = type.field_width(field);
        const Object* const object = Ref { sp[use_.writes ? -1 - width : -1] }.object();
        if (object)
            add(object->slots() + type.field_slots[field], static_cast<uint64_t>(width) * sizeof(Slot));
    }

    const Watches& watches_;
    const Function& function_;
    const Instance& instance_;
    Op op_;
    StateUse use_;
    const uint8_t* in_;
    Touched touched_;
};

} // namespace

Touched find_touched(
    const Watches& watches, const Function& function, const uint8_t* pc, const Slot* fp, const Slot* sp)
{
    // The instruction may be marked, so take its opcode from the module's bytes.
    const uint8_t opcode = original_code(function)[pc - function.code];
    const uint8_t* in = pc + 1;
    const Op op = is_prefix(opcode) ? *find_op(opcode, read<uint32_t>(in)) : *find_op(opcode);
    return Finder(watches, function, op, in).find(fp, sp);
}

} // namespace vitrine::core::interp
