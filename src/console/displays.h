// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "console/examine.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace vitrine::core::console {

/// An expression that is shown at each stop.
struct Display {
    std::optional<Format> format;
    /// The expression, perhaps with a scope behind it: `$n in 1`.
    std::string text;
};

/// By their numbers.
using Displays = std::map<uint32_t, Display>;

} // namespace vitrine::core::console
