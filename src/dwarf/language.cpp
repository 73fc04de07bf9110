// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/language.h"

#include <array>

#include <llvm/BinaryFormat/Dwarf.h>

namespace vitrine::core::dwarf {

using source::Language;

Language language_of(std::string_view producer, uint64_t attribute)
{
    struct Row {
        std::string_view word;
        Language language;
    };
    static constexpr std::array<Row, 5> rows { {
        { "rustc", Language::Rust },
        { "zig", Language::Zig },
        { "wast ", Language::Wat },
        { "AssemblyScript", Language::AssemblyScript },
        { "Go cmd", Language::Go },
    } };
    for (const Row& row : rows)
        if (producer.find(row.word) != producer.npos)
            return row.language;
    switch (attribute) {
    case llvm::dwarf::DW_LANG_C89:
    case llvm::dwarf::DW_LANG_C:
    case llvm::dwarf::DW_LANG_C99:
    case llvm::dwarf::DW_LANG_C11:
    case llvm::dwarf::DW_LANG_C17: return Language::C;
    case llvm::dwarf::DW_LANG_C_plus_plus:
    case llvm::dwarf::DW_LANG_C_plus_plus_03:
    case llvm::dwarf::DW_LANG_C_plus_plus_11:
    case llvm::dwarf::DW_LANG_C_plus_plus_14:
    case llvm::dwarf::DW_LANG_C_plus_plus_17:
    case llvm::dwarf::DW_LANG_C_plus_plus_20: return Language::Cpp;
    case llvm::dwarf::DW_LANG_Rust: return Language::Rust;
    case llvm::dwarf::DW_LANG_Zig: return Language::Zig;
    case llvm::dwarf::DW_LANG_Go: return Language::Go;
    default: return Language::Unknown;
    }
}

std::string_view separator_of(Language language)
{
    return language == Language::Zig || language == Language::Go ? "." : "::";
}

} // namespace vitrine::core::dwarf
