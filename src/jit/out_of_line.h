// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/instance.h"

namespace vitrine::core::jit {

/// A function that machine code calls for an instruction, with all values in their homes. `sp` is
/// the end of the operands; results replace them. `argument` holds the immediates. Returns 0, or
/// another number if the instruction has done nothing and the interpreter must execute it.
using OutOfLine = uint64_t (*)(Instance* instance, Slot* sp, uint64_t argument);

/// Packs two indices into an argument.
constexpr uint64_t pack(uint32_t first, uint32_t second) { return uint64_t { second } << 32 | first; }

uint64_t grow_memory(Instance* instance, Slot* sp, uint64_t memory);
uint64_t copy_memory(Instance* instance, Slot* sp, uint64_t to_and_from);
uint64_t fill_memory(Instance* instance, Slot* sp, uint64_t memory);
uint64_t init_memory(Instance* instance, Slot* sp, uint64_t data_and_memory);
uint64_t drop_data(Instance* instance, Slot* sp, uint64_t data);
uint64_t grow_table(Instance* instance, Slot* sp, uint64_t table);
uint64_t copy_table(Instance* instance, Slot* sp, uint64_t to_and_from);
uint64_t fill_table(Instance* instance, Slot* sp, uint64_t table);
uint64_t init_table(Instance* instance, Slot* sp, uint64_t elem_and_table);
uint64_t drop_elem(Instance* instance, Slot* sp, uint64_t elem);

} // namespace vitrine::core::jit
