// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a module with DWARF, and as that of one line table: what it says of its code is read, whatever it is.

#include "source/symbols.h"

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
    for (uint32_t offset = 0; offset < 64; ++offset)
        (void)symbols->find_line(offset);
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
    return 0;
}
