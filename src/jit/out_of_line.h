// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/crossing.h"
#include "runtime/instance.h"

namespace vitrine::core::jit {

/// A function that machine code calls for an instruction, with all values in their homes. `sp` is
/// the end of the operands; results replace them. `argument` holds the immediates. Returns 0, or
/// another number if the instruction has done nothing and the interpreter must execute it.
using OutOfLine = uint64_t (*)(Instance* instance, Slot* sp, uint64_t argument);

/// The same for an instruction that makes an object, which may run the collector. It first
/// completes the thread's state: `place` packs the instruction's offset and the side table's cursor
/// there. Returns the reference, or null if the interpreter must execute the instruction or, with
/// `MachineContext::is_out_of_memory`, if there is no memory for the object.
using ObjectMaker = uint64_t (*)(
    MachineContext* machine, Slot* sp, uint64_t argument, uint64_t place, uint64_t function);

/// Packs two numbers into an argument.
constexpr uint64_t pack(uint32_t first, uint32_t second) { return uint64_t { second } << 32 | first; }

/// Whether the function may be called with this type. Returns the function or null.
const Function* check_type(const Instance* instance, const Function* function, uint64_t type);

uint64_t grow_memory(Instance* instance, Slot* sp, uint64_t memory);
uint64_t copy_memory(Instance* instance, Slot* sp, uint64_t to_and_from);
uint64_t fill_memory(Instance* instance, Slot* sp, uint64_t memory);
uint64_t init_memory(Instance* instance, Slot* sp, uint64_t data_and_memory);
// The same while memory is watched: the interpreter must execute what touches it.
uint64_t copy_watched_memory(Instance* instance, Slot* sp, uint64_t to_and_from);
uint64_t fill_watched_memory(Instance* instance, Slot* sp, uint64_t memory);
uint64_t init_watched_memory(Instance* instance, Slot* sp, uint64_t data_and_memory);
uint64_t drop_data(Instance* instance, Slot* sp, uint64_t data);
uint64_t grow_table(Instance* instance, Slot* sp, uint64_t table);
uint64_t copy_table(Instance* instance, Slot* sp, uint64_t to_and_from);
uint64_t fill_table(Instance* instance, Slot* sp, uint64_t table);
uint64_t init_table(Instance* instance, Slot* sp, uint64_t elem_and_table);
uint64_t drop_elem(Instance* instance, Slot* sp, uint64_t elem);
uint64_t fill_array(Instance* instance, Slot* sp, uint64_t element_slots);
uint64_t copy_array(Instance* instance, Slot* sp, uint64_t);
uint64_t init_array_data(Instance* instance, Slot* sp, uint64_t data);
uint64_t init_array_elem(Instance* instance, Slot* sp, uint64_t elem);

// The arguments pack the index of a type and another immediate.
uint64_t make_struct(MachineContext* machine, Slot* sp, uint64_t type, uint64_t place, uint64_t function);
uint64_t make_default_struct(
    MachineContext* machine, Slot* sp, uint64_t type, uint64_t place, uint64_t function);
uint64_t make_array(MachineContext* machine, Slot* sp, uint64_t type, uint64_t place, uint64_t function);
uint64_t make_default_array(
    MachineContext* machine, Slot* sp, uint64_t type, uint64_t place, uint64_t function);
uint64_t make_fixed_array(
    MachineContext* machine, Slot* sp, uint64_t type_and_length, uint64_t place, uint64_t function);
uint64_t make_array_of_data(
    MachineContext* machine, Slot* sp, uint64_t type_and_data, uint64_t place, uint64_t function);
uint64_t make_array_of_elem(
    MachineContext* machine, Slot* sp, uint64_t type_and_elem, uint64_t place, uint64_t function);

} // namespace vitrine::core::jit
