// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dwarf/entries.h"

namespace vitrine::core::dwarf {

/// A type. Of kind `Unknown` for another kind of entry.
source::Type read_type(Entries& entries, const DWARFDie& die);

/// The size in bytes of the type that the entry describes; 0 if it is not known.
uint64_t size_of_type(Entries& entries, DWARFDie die);

/// The type that the entry, or one that it completes, has as its `DW_AT_type`. 0 is `void`.
source::TypeId type_of(Entries& entries, const DWARFDie& die);

} // namespace vitrine::core::dwarf
