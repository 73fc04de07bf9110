// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dwarf/sections.h"

#include <cstdint>
#include <optional>

namespace vitrine::core::dwarf {

/// The sections of a file of split debug information (`.dwo`), by name without the dot and the
/// ending.
Sections split_sections(const Sections& file);

/// The sections of one unit in a package of split debug information (`.dwp`). None if the package
/// does not have it, or is malformed. [DWARF 5, section 7.3.5]
std::optional<Sections> find_in_package(const Sections& package, uint64_t id);

} // namespace vitrine::core::dwarf
