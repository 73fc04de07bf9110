// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/opcode.h"

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::test {

/// A function in which one instruction stands and is executed exactly once. It takes `row_arguments`, and first pushes them as
/// they are, so that its results begin with them.
struct RowGuest {
    Op op;
    /// Its name and export.
    std::string function;
    /// Whether it uses v128.
    bool is_wide;
    /// What stands on the stack before the instruction, above the arguments: `i32 1, i64 2`.
    std::string operands;
    /// Where a step from the instruction ends: the text of the next instruction, or how the guest stops or ends; empty when that is the
    /// instruction behind it.
    std::string next;
    /// The results behind the arguments, or why there are none; empty when any will do.
    std::string outcome;
};

/// One or more for each row of the table, in its order.
const std::vector<RowGuest>& row_guests();

/// What is declared around the functions in their module, as text.
std::string_view row_environment();

/// The module of all functions as text.
std::string row_module();

} // namespace vitrine::core::test
