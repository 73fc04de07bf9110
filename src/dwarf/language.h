// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/symbols.h"

#include <cstdint>
#include <string_view>

namespace vitrine::core::dwarf {

/// The language of a unit. The producer counts more than the language attribute, which lies: Zig
/// says C99, assemblers say anything.
source::Language language_of(std::string_view producer, uint64_t attribute);

/// What separates the components of a name.
std::string_view separator_of(source::Language language);

} // namespace vitrine::core::dwarf
