// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string_view>

namespace vitrine::core::debug {

/// Whether a text names the function that a compiler calls `name` when it writes the name out:
/// `int geo::twice<int>(int)`, `collections::depths::dive`. The text can leave out the type of the
/// result, the parameters, the template arguments, and scopes on the left.
bool is_source_name(std::string_view name, std::string_view text);

} // namespace vitrine::core::debug
