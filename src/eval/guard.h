// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/program.h"
#include "exec/guard.h"

namespace vitrine::core::eval {

/// The guard that holds if the program leaves another value than 0, and that cannot be evaluated if
/// the program fails. Empty if the program uses anything that guards do not have: operands, tables,
/// objects, v128, texts, division, conversions of floats to integers; or if it is too large.
Guard to_guard(const Program& program);

} // namespace vitrine::core::eval
