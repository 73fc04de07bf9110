// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dwarf/entries.h"

namespace vitrine::core::dwarf {

/// A variable, parameter or constant. None for another kind of entry.
std::optional<source::Variable> read_variable(Entries& entries, const DWARFDie& die);

/// An expression without references into other sections: `DW_OP_addrx` becomes `DW_OP_addr`, and so
/// on. See `source::Expression`.
source::Expression self_contained(Entries& entries, const DWARFDie& die, Bytes expression);

} // namespace vitrine::core::dwarf
