// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/place.h"

#include "base/text.h"
#include "cli/number.h"

#include "api/access.h"
#include "wasm/printer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace vitrine::cli {

std::string listed_name(std::string_view name)
{
    const std::string text = core::escaped(name);
    const bool is_plain = text == name && name.find_first_of(" ,$") == name.npos && !name.empty();
    return is_plain ? text : "\"" + text + "\"";
}

std::optional<uint32_t> index_in(size_t size, std::string_view text)
{
    const auto index = parse_unsigned(text);
    return index && *index < size ? std::optional(static_cast<uint32_t>(*index)) : std::nullopt;
}

namespace {

/// The indices of the functions with that name, or else of the one with that export.
std::vector<uint32_t> functions_named(const core::Module& module, std::string_view name)
{
    std::vector<uint32_t> found;
    for (uint32_t i = 0; i < module.functions.size(); ++i)
        if (!name.empty() && module.names().functions.find(i) == name)
            found.push_back(i);
    if (const core::Export* item = module.find_export(name);
        found.empty() && item && item->kind == core::ExternKind::Func)
        found.push_back(item->index);
    return found;
}

/// The indices of the functions that a text means.
std::vector<uint32_t> find_functions(const core::Module& module, std::string_view text)
{
    if (text.starts_with("func[") && text.ends_with(']'))
        if (const auto index = index_in(module.functions.size(), text.substr(5, text.size() - 6)))
            return { *index };
    std::vector<uint32_t> found;
    for (const std::string& name : core::eval::names_in(text))
        if (found.empty())
            found = functions_named(module, name);
    return found;
}

} // namespace

Result<FuncInfo> find_function(const Module& module, std::string_view text)
{
    const std::vector<uint32_t> found = find_functions(inner(module), text);
    if (found.size() == 1)
        return *module.function(found.front());
    if (found.empty())
        return Error("no such function (expected a name, $name, func[3] or an offset like 0x51)"
            + core::eval::near_names(inner(module), core::ExternKind::Func, text));
    std::vector<std::string> labels;
    for (const uint32_t index : found)
        labels.push_back(fmt::format("func[{}]", index));
    return Error(fmt::format("several functions have this name: {}", fmt::join(labels, ", ")));
}

Result<uint32_t> find_place(const Module& module, std::string_view text)
{
    if (const auto offset = text.starts_with("0x") ? parse_unsigned(text) : std::nullopt) {
        if (*offset <= UINT32_MAX && module.function_at(static_cast<uint32_t>(*offset)))
            return static_cast<uint32_t>(*offset);
        return Error("no function has code at this offset");
    }
    const auto function = TRY(find_function(module, text));
    if (function.import)
        return Error("an imported function has no code here");
    return function.offset;
}

const core::Module& inner(const Module& module) { return *detail::Access::body(module)->module; }

uint32_t first_instruction(const Module& module, uint32_t function)
{
    return inner(module).meta({ function }).code_offset;
}

std::string label_of(const EntityInfo& row, std::string_view kind)
{
    return core::identifier(
        row.name.empty() && !row.exports.empty() ? row.exports.front() : row.name, kind, row.index);
}

} // namespace vitrine::cli
