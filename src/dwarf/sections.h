// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "source/symbols.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace vitrine::core::dwarf {

/// The parts of a module that matter to debug information.
struct Sections {
    /// The offset and size of the code section's content: DWARF's addresses count from there.
    uint64_t code_offset = 0;
    uint64_t code_size = 0;
    Bytes build_id {};
    /// The sections `.debug_...`, by name without the dot. Of sections with the same name, the
    /// first.
    std::map<std::string_view, Bytes> debug {};

    /// Empty if there is none.
    Bytes find(std::string_view name) const
    {
        const auto found = debug.find(name);
        return found == debug.end() ? Bytes {} : found->second;
    }
    /// A range of DWARF's addresses as offsets. Empty for removed code, whose addresses the linker
    /// sets to 0 or to the largest ones.
    std::optional<source::Range> range_of(uint64_t low, uint64_t high) const
    {
        if (low == 0 || low >= high || high > code_size)
            return std::nullopt;
        return source::Range { static_cast<CodeOffset>(code_offset + low),
            static_cast<CodeOffset>(code_offset + high) };
    }
};

/// Reads the headers of a module's sections, up to the first malformed one.
Sections read_sections(Bytes module);

} // namespace vitrine::core::dwarf
