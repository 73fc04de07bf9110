// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/instance.h"

#include <cstdint>

// Bulk operations on memories, tables and segments. If a range is out of bounds, they trap without
// writing anything. Instantiation also uses them, for active segments. [spec: exec/instructions]

namespace vitrine::core {

TrapKind memory_fill(Memory& memory, uint64_t at, uint64_t value, uint64_t count);
/// The ranges may overlap.
TrapKind memory_copy(Memory& to_memory, Memory& from_memory, uint64_t to, uint64_t from, uint64_t count);
TrapKind memory_init(
    Instance& instance, MemoryIndex memory, DataIndex data, uint64_t to, uint64_t from, uint64_t count);
void data_drop(Instance& instance, DataIndex data);

TrapKind table_fill(Table& table, uint64_t at, Ref value, uint64_t count);
/// The ranges may overlap.
TrapKind table_copy(Table& to_table, Table& from_table, uint64_t to, uint64_t from, uint64_t count);
TrapKind table_init(
    Instance& instance, TableIndex table, ElemIndex elem, uint64_t to, uint64_t from, uint64_t count);
void elem_drop(Instance& instance, ElemIndex elem);

} // namespace vitrine::core
