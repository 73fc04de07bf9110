// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/reader.h"

#include "dwarf/go_lines.h"
#include "dwarf/line_table.h"
#include "dwarf/source_map.h"

#include <algorithm>
#include <string>

namespace vitrine::core::dwarf {

namespace {

constexpr uint8_t module_begin[] = { 0, 'a', 's', 'm' };

std::unique_ptr<source::Symbols> read_map(Result<std::string_view> map, Bytes module)
{
    auto symbols = map ? read_source_map(*map, module) : std::unexpected(map.error());
    if (symbols)
        return *std::move(symbols);
    LineTable nothing;
    nothing.problems.push_back("source map: " + symbols.error().to_text());
    return answers_from(std::move(nothing));
}

/// The map in the module's `sourceMappingURL`. Another URL names a file, which the client finds.
std::unique_ptr<source::Symbols> read_embedded_map(Bytes module)
{
    const std::string_view url = source_map_url(module);
    if (!url.starts_with("data:"))
        return nullptr;
    const auto map = content_of_data_url(url);
    return read_map(map ? Result<std::string_view>(*map) : std::unexpected(map.error()), module);
}

} // namespace

std::unique_ptr<source::Symbols> read(Input input)
{
    const Bytes module = input.module, file = input.debug_file;
    const bool is_module = file.size() >= sizeof module_begin
        && std::equal(std::begin(module_begin), std::end(module_begin), file.begin());
    if (!file.empty() && !is_module)
        return read_map(text_of(file), module);
    if (auto symbols = read_dwarf(std::move(input)))
        return symbols;
    if (auto symbols = read_embedded_map(module))
        return symbols;
    return read_go_lines(module);
}

} // namespace vitrine::core::dwarf
