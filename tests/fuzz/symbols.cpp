// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any bytes as a module with DWARF, and as a line table in one: reading symbols must always
// work.

#include "dwarf/symbols.h"

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

void read(Bytes module)
{
    const auto symbols = source::Symbols::read(module);
    constexpr uint32_t all_up_to = 64, step = 31, end = 4096;
    for (uint32_t offset = 0; offset < std::min<size_t>(module.size(), end);
        offset += offset < all_up_to ? 1 : step)
        (void)symbols->find_frames(offset);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const Bytes bytes(data, size);
    read(bytes);
    (void)source::demangled(text_of(bytes));
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
