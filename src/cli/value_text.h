// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vitrine/vitrine.hpp>

#include <string>

namespace vitrine::cli {

/// Whether there is such a format of values: `x` hexadecimal, `d` with a sign, `u` without, `t` binary, `c` a character, `f` the bits as a float.
bool is_value_format(char format);

/// A number in one of the formats; a v128 as its bytes, the lowest first. References have none.
Result<std::string> format_value(const Val& value, char format);

} // namespace vitrine::cli
