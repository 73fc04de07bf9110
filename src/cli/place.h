// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/names.h"
#include "wasm/module.h"
#include <vitrine/vitrine.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace vitrine::cli {

/// The one function that a text means: by index (`func[3]`), by name (`name`, `$name`, `$"a name"`),
/// or by export. If there is none, the error names those that are spelled like it.
Result<FuncInfo> find_function(const Module& module, std::string_view text);

/// The offset in the module's file that a text means: its own (`0x51`), or that of a function's body.
Result<uint32_t> find_place(const Module& module, std::string_view text);

/// What is behind the public class: for what is said of a module in every door.
const core::Module& inner(const Module& module);

/// The first instruction of the body of a function that is not imported.
uint32_t first_instruction(const Module& module, uint32_t function);

/// `$name`, or `func[3]` without a name; names of the name section come before those of exports.
std::string label_of(const EntityInfo& row, std::string_view kind);

/// A name as messages list it: in quotes if it would not be read back without.
std::string listed_name(std::string_view name);

/// The row of an index space that a text means, by index or name; null if there is none.
template<class Info> const Info* find_row(const std::vector<Info>& rows, std::string_view text);

/// The index in `text`, if it is one of `size`.
std::optional<uint32_t> index_in(size_t size, std::string_view text);

template<class Info> const Info* find_row(const std::vector<Info>& rows, std::string_view text)
{
    if (const auto index = index_in(rows.size(), text))
        return &rows[*index];
    for (const std::string& name : core::eval::names_in(text)) {
        for (const Info& row : rows)
            if (row.name == name)
                return &row;
        for (const Info& row : rows)
            if (std::ranges::find(row.exports, name) != row.exports.end())
                return &row;
    }
    return nullptr;
}

} // namespace vitrine::cli
