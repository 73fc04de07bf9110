// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any bytes as a module with DWARF, and as a line table in one: reading symbols must always
// work.

#include "dwarf/demangle.h"
#include "dwarf/reader.h"

#include <algorithm>

using namespace vitrine::core;

namespace {

void add_section(std::vector<uint8_t>& module, uint8_t id, std::string_view name, Bytes content)
{
    const size_t size = content.size() + (name.empty() ? 0 : name.size() + 1);
    module.push_back(id);
    for (int shift = 0; shift < 35; shift += 7)
        module.push_back(static_cast<uint8_t>((size >> shift & 0x7f) | (shift < 28 ? 0x80 : 0)));
    if (!name.empty())
        module.push_back(static_cast<uint8_t>(name.size()));
    module.insert(module.end(), name.begin(), name.end());
    module.insert(module.end(), content.begin(), content.end());
}

/// Asks for everything that the symbols have.
void read(Bytes module)
{
    // Split debug information may be in the same module.
    const auto symbols = dwarf::read(
        { .module = module, .package = module, .find_split = [&](auto, auto) { return module; } });
    if (!symbols)
        return;
    const source::Summary summary = symbols->summary();
    for (uint32_t file = 0; file < std::min<size_t>(summary.files.size(), 4); ++file)
        (void)symbols->rows_of(source::FileId { file }, 0, UINT32_MAX);
    (void)symbols->rows_in({ 0, UINT32_MAX });
    constexpr uint32_t all_up_to = 64, step = 31, end = 4096;
    for (uint32_t offset = 0; offset < std::min<size_t>(module.size(), end);
        offset += offset < all_up_to ? 1 : step) {
        (void)symbols->row_at(offset);
        (void)symbols->function_at(offset);
        for (const source::Scope& scope : symbols->scopes_at(offset))
            (void)symbols->variables(scope.variables);
    }
    // Ids may come from anywhere.
    for (uint64_t id = 0; id < std::min<size_t>(module.size(), all_up_to); ++id) {
        (void)symbols->type(source::TypeId { id });
        (void)symbols->function(source::FunctionId { id });
        (void)symbols->variable_at(id);
    }
    using Match = source::Pattern::Match;
    for (const Match match : { Match::Name, Match::Prefix, Match::Regex, Match::Enumerator }) {
        (void)symbols->functions_named({ .text = "a", .match = match });
        (void)symbols->globals({ .text = "a", .match = match });
        (void)symbols->types_named({ .text = "a", .match = match });
    }
    (void)symbols->find_type("a");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const Bytes bytes(data, size);
    read(bytes);
    (void)dwarf::demangled(text_of(bytes));
    std::vector<uint8_t> module { 0, 'a', 's', 'm', 1, 0, 0, 0 };
    const std::vector<uint8_t> code(40, 1);
    add_section(module, 10, "", code);
    add_section(module, 0, ".debug_line", bytes);
    add_section(module, 0, ".debug_line_str", bytes);
    read(module);
    // Function entries: a byte of this value separates the sections.
    std::vector<uint8_t> functions { 0, 'a', 's', 'm', 1, 0, 0, 0 };
    add_section(functions, 10, "", code);
    Bytes left = bytes;
    for (const std::string_view name : { ".debug_abbrev", ".debug_info", ".debug_str", ".debug_ranges",
             ".debug_rnglists", ".debug_addr", ".debug_str_offsets", ".debug_line" }) {
        constexpr uint8_t separator = 0xa5;
        const auto part_end = std::ranges::find(left, separator);
        const auto length = static_cast<size_t>(part_end - left.begin());
        add_section(functions, 0, name, left.first(length));
        left = left.subspan(std::min(length + 1, left.size()));
    }
    read(functions);
    return 0;
}
