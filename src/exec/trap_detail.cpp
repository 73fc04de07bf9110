// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/trap_detail.h"

#include "runtime/bounds.h"
#include "wasm/instruction.h"

namespace vitrine::core {

namespace {

/// The first text that is not empty.
std::string first(std::string a, std::string b) { return a.empty() ? std::move(b) : std::move(a); }

/// Finds which of the ranges accessed by the trapping instruction is out of bounds.
class Finder {
public:
    Finder(const Instance& instance, const Instruction& at, const Slot* sp)
        : instance_(instance), at_(at), sp_(sp)
    {}

    std::string find() const
    {
        const OpInfo& row = info(at_.op);
        if (row.access_bytes != 0)
            return access(row);
        switch (at_.op) {
        case Op::MemoryFill: return memory(at_.index, sp_[-3], sp_[-1]);
        case Op::MemoryCopy:
            return first(memory(at_.index, sp_[-3], sp_[-1]), memory(at_.index2, sp_[-2], sp_[-1]));
        case Op::MemoryInit:
            return first(memory(at_.index2, sp_[-3], sp_[-1]), data(at_.index, sp_[-2], sp_[-1]));
        case Op::TableGet: return table(at_.index, sp_[-1], 1);
        case Op::TableSet: return table(at_.index, sp_[-2], 1);
        case Op::TableFill: return table(at_.index, sp_[-3], sp_[-1]);
        case Op::TableCopy:
            return first(table(at_.index, sp_[-3], sp_[-1]), table(at_.index2, sp_[-2], sp_[-1]));
        case Op::TableInit:
            return first(table(at_.index2, sp_[-3], sp_[-1]), elem(at_.index, sp_[-2], sp_[-1]));
        case Op::CallIndirect:
        case Op::ReturnCallIndirect: return table(at_.index2, sp_[-1], 1);
        case Op::ArrayGet:
        case Op::ArrayGetS:
        case Op::ArrayGetU: return array(sp_[-2], sp_[-1], 1);
        case Op::ArraySet: return array(sp_[-2 - width()], sp_[-1 - width()], 1);
        case Op::ArrayFill: return array(sp_[-3 - width()], sp_[-2 - width()], sp_[-1]);
        case Op::ArrayCopy: return first(array(sp_[-5], sp_[-4], sp_[-1]), array(sp_[-3], sp_[-2], sp_[-1]));
        case Op::ArrayInitData:
            return first(array(sp_[-4], sp_[-3], sp_[-1]), data(at_.index2, sp_[-2], element_bytes(sp_[-1])));
        case Op::ArrayInitElem:
            return first(array(sp_[-4], sp_[-3], sp_[-1]), elem(at_.index2, sp_[-2], sp_[-1]));
        case Op::ArrayNewData: return data(at_.index2, sp_[-2], element_bytes(sp_[-1]));
        case Op::ArrayNewElem: return elem(at_.index2, sp_[-2], sp_[-1]);
        default: return "";
        }
    }

private:
    const TypeInfo& type() const { return *instance_.types[at_.index]; }
    /// The number of slots that an element of the array takes on the stack.
    ptrdiff_t width() const { return static_cast<ptrdiff_t>(unpacked(type().type.array()->element).slots()); }
    uint64_t element_bytes(Slot count) const { return uint32_t(count) * uint64_t { type().element_bytes }; }

    std::string access(const OpInfo& row) const
    {
        ptrdiff_t slots = 0;
        for (uint8_t i = 0; i < row.signature.param_count; ++i)
            slots += row.signature.params[i] == ValueKind::V128 ? 2 : 1;
        uint64_t address = sp_[-slots];
        if (!instance_.memories[at_.memory.memory.value]->is_64())
            address = static_cast<uint32_t>(address);
        const bool is_above = __builtin_add_overflow(address, at_.memory.offset, &address);
        return memory_excess(instance_, at_.memory.memory.value,
            is_above ? std::nullopt : std::optional(address), row.access_bytes);
    }
    std::string memory(uint32_t index, Slot at, Slot count) const
    {
        return memory_excess(instance_, index, at, count);
    }
    std::string data(uint32_t index, Slot from, uint64_t count) const
    {
        return data_excess(instance_, index, static_cast<uint32_t>(from), count);
    }
    std::string table(uint32_t index, Slot at, Slot count) const
    {
        return table_excess(instance_, index, at, count);
    }
    std::string elem(uint32_t index, Slot from, Slot count) const
    {
        return elem_excess(instance_, index, static_cast<uint32_t>(from), static_cast<uint32_t>(count));
    }
    static std::string array(Slot reference, Slot index, Slot count)
    {
        const Object* const object = Ref { reference }.object();
        return object ? array_excess(*object, static_cast<uint32_t>(index), static_cast<uint32_t>(count))
                      : "";
    }

    const Instance& instance_;
    const Instruction& at_;
    const Slot* sp_;
};

} // namespace

std::string detail_of(const Thread& thread, TrapKind kind)
{
    const bool is_out_of_bounds = kind == TrapKind::MemoryOutOfBounds || kind == TrapKind::TableOutOfBounds
        || kind == TrapKind::UndefinedElement || kind == TrapKind::ArrayOutOfBounds;
    if (!is_out_of_bounds || !thread.is_at_instruction())
        return "";
    const Function& function = *thread.state.function;
    const CodeOffset offset = function.meta->body_offset + thread.state.offset;
    ByteReader in(function.module().bytes().subspan(offset), offset);
    const auto instruction = decode_instruction(in);
    ASSERT(instruction);
    return Finder(*function.instance, *instruction, thread.state.sp).find();
}

} // namespace vitrine::core
