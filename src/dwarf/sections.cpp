// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/sections.h"

namespace vitrine::core::dwarf {

namespace {

Result<void> add_sections(Bytes module, Sections& sections)
{
    constexpr uint8_t custom_section = 0, code_section = 10;
    constexpr size_t header_bytes = 8;
    ByteReader in(module);
    CHECK(in.bytes(header_bytes));
    while (!in.at_end()) {
        const uint8_t id = TRY(in.byte());
        ByteReader content = TRY(in.sub_reader(TRY(in.length())));
        if (id == code_section) {
            sections.code_offset = content.offset();
            sections.code_size = content.remaining();
        } else if (id == custom_section) {
            const std::string_view name = text_of(TRY(content.bytes(TRY(content.length()))));
            const Bytes bytes = TRY(content.bytes(content.remaining()));
            if (name.starts_with(".debug_"))
                sections.debug.emplace(name.substr(1), bytes);
            else if (name == "build_id" && sections.build_id.empty())
                sections.build_id = bytes;
        }
    }
    return {};
}

} // namespace

Sections read_sections(Bytes module)
{
    Sections sections;
    // What comes before the malformed part is still usable.
    (void)add_sections(module, sections);
    return sections;
}

} // namespace vitrine::core::dwarf
