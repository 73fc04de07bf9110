// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "jit/statistics.h"

namespace vitrine::core::test {

/// Adds what an engine has compiled to the totals of this program. At its end, the program fails if
/// VITRINE_TIER says that everything is compiled and nothing was, since its tests then show nothing
/// about compiled code. Not checked if only some of the tests run.
void note_statistics(const CompilerStatistics& statistics);

} // namespace vitrine::core::test
