// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/place.h"

#include "cli/number.h"

#include "api/access.h"
#include "wasm/printer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace vitrine::cli {

std::string_view bare_name(std::string_view text)
{
    if (text.starts_with('$'))
        text.remove_prefix(1);
    if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"'))
        text = text.substr(1, text.size() - 2);
    return text;
}

std::optional<uint32_t> index_in(size_t size, std::string_view text)
{
    const auto index = parse_unsigned(text);
    return index && *index < size ? std::optional(static_cast<uint32_t>(*index)) : std::nullopt;
}

std::vector<FuncInfo> find_functions(const Module& module, std::string_view text)
{
    const std::vector<FuncInfo> functions = module.functions();
    if (text.starts_with("func[") && text.ends_with(']'))
        if (const auto index = index_in(functions.size(), text.substr(5, text.size() - 6)))
            return { functions[*index] };
    const std::string_view name = bare_name(text);
    std::vector<FuncInfo> found;
    std::ranges::copy_if(
        functions, std::back_inserter(found), [&](const FuncInfo& row) { return row.name == name; });
    if (found.empty())
        std::ranges::copy_if(functions, std::back_inserter(found),
            [&](const FuncInfo& row) { return std::ranges::find(row.exports, name) != row.exports.end(); });
    return found;
}

Result<FuncInfo> find_function(const Module& module, std::string_view text)
{
    const std::vector<FuncInfo> found = find_functions(module, text);
    if (found.empty())
        return Error("no such function (expected a name, $name, func[3] or an offset like 0x51)");
    if (found.size() == 1)
        return found.front();
    std::vector<std::string> labels;
    for (const FuncInfo& row : found)
        labels.push_back(fmt::format("func[{}]", row.index));
    return Error(fmt::format("several functions have this name: {}", fmt::join(labels, ", ")));
}

std::optional<FuncInfo> function_at(const Module& module, uint32_t offset)
{
    for (FuncInfo& row : module.functions())
        if (offset >= row.offset && offset < row.end)
            return std::move(row);
    return std::nullopt;
}

Result<uint32_t> find_place(const Module& module, std::string_view text)
{
    if (const auto offset = text.starts_with("0x") ? parse_unsigned(text) : std::nullopt) {
        if (*offset <= UINT32_MAX && function_at(module, static_cast<uint32_t>(*offset)))
            return static_cast<uint32_t>(*offset);
        return Error("no function has code at this offset");
    }
    const auto function = find_function(module, text);
    if (!function)
        return function.error();
    if (function->import)
        return Error("an imported function has no code here");
    return function->offset;
}

const core::Module& inner(const Module& module) { return *detail::Access::body(module)->module; }

uint32_t first_instruction(const Module& module, const FuncInfo& function)
{
    return inner(module).meta({ function.index }).code_offset;
}

std::string label_of(const EntityInfo& row, std::string_view kind)
{
    return core::identifier(
        row.name.empty() && !row.exports.empty() ? row.exports.front() : row.name, kind, row.index);
}

} // namespace vitrine::cli
