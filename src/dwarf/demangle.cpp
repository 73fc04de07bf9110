// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/demangle.h"

#include <llvm/Demangle/Demangle.h>

namespace vitrine::core::dwarf {

std::string demangled(std::string_view name)
{
    constexpr size_t hash_size = 19;
    std::string text = llvm::demangle(name);
    // Rust's legacy mangling ends in a hash: `::h` and 16 digits.
    if (name.starts_with("_ZN") && text.size() > hash_size) {
        const std::string_view end = std::string_view(text).substr(text.size() - hash_size);
        if (end.starts_with("::h") && end.find_first_not_of("0123456789abcdef", 3) == end.npos)
            text.resize(text.size() - hash_size);
    }
    return text;
}

} // namespace vitrine::core::dwarf
