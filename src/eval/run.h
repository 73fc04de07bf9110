// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/compiler.h"
#include "eval/place.h"
#include "eval/program.h"

#include <array>
#include <type_traits>
#include <utility>

namespace vitrine::core::eval {

/// Runs the program in a frame or an instance and applies `make` to the slots that it leaves.
template<class Made, class Place, class Make>
Result<Made> run_in(const Program& program, Place& place, const Make& make)
{
    if (!fits(program, place)) [[unlikely]]
        return std::unexpected(misfit(program, place));
    std::array<Slot, Program::max_slots> slots;
    Machine machine { program, nullptr, nullptr, slots.data() };
    if constexpr (std::is_same_v<Place, Instance>)
        machine.instance = &place;
    else {
        machine.instance = place.function->instance;
        machine.frame = &place;
    }
    if (!run(machine)) [[unlikely]]
        return std::unexpected(std::move(*machine.error));
    return make(slots.data());
}

/// The place that was compiled, in a frame or an instance.
template<class Where> Result<WatchPlace> place_in(Where& where, const CompiledPlace& compiled)
{
    const auto& [kind, index, size] = compiled.place;
    Instance* instance;
    if constexpr (std::is_same_v<Where, Instance>)
        instance = &where;
    else {
        if (!fits(compiled.program, where))
            return std::unexpected(misfit(compiled.program, where));
        if (kind == Syntax::Local)
            return FrameLocal { where, index };
        instance = where.function->instance;
    }
    if (kind == Syntax::Global)
        return instance->globals[index];
    const auto address = TRY(run_in<uint64_t>(
        compiled.program, where, [](const Slot* slots) -> Result<uint64_t> { return slots[0]; }));
    if (kind == Syntax::Slot)
        return TableSlot { instance->tables[index], address };
    Memory* const memory = instance->memories[index];
    return MemoryRange { memory, address, size, instance->store->find_shared(memory) };
}

} // namespace vitrine::core::eval
