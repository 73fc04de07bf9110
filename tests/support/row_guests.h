// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/opcode.h"

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::test {

/// A function that executes one instruction exactly once. It takes `row_arguments` and first pushes
/// them unchanged, so that its results begin with them.
struct RowGuest {
    Op op;
    /// The function's name and export.
    std::string function;
    /// Whether it uses v128.
    bool is_wide;
    /// The operands before the instruction, above the arguments: `i32 1, i64 2`.
    std::string operands;
    /// Where a step from the instruction ends: the text of the next instruction, or how the guest
    /// stops or ends. Empty for the instruction that follows.
    std::string next;
    /// The results after the arguments, or why there are none. Empty if they do not matter.
    std::string outcome;
};

/// At least one for each row of the table, in the table's order.
const std::vector<RowGuest>& row_guests();

/// The declarations around the functions in their module, as text.
std::string_view row_environment();

/// The module with all functions, as text.
std::string row_module();

} // namespace vitrine::core::test
