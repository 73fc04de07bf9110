// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any bytes as a source map, as the mappings of one, and as a data URL. Rows must be in order
// and lie in functions.

#include "dwarf/source_map.h"

#include <string>

using namespace vitrine::core;

namespace {

/// Two functions of five and of four bytes of code.
constexpr uint8_t two_functions[] = { 0, 'a', 's', 'm', 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 3, 2, 0, 0, 10,
    14, 2, 6, 0, 1, 1, 1, 1, 0x0b, 5, 0, 1, 1, 1, 0x0b };

void read(std::string_view map)
{
    const auto symbols = dwarf::read_source_map(map, two_functions);
    if (!symbols)
        return;
    const source::Summary summary = (*symbols)->summary();
    CodeOffset end = 0;
    for (const source::Row& row : (*symbols)->rows_in({ 0, UINT32_MAX })) {
        ASSERT(end <= row.range.begin && row.range.begin < row.range.end);
        end = row.range.end;
        ASSERT((*symbols)->function_at(row.range.begin) == (*symbols)->function_at(end - 1));
        ASSERT(static_cast<size_t>(row.place.file) < summary.files.size() && row.place.line > 0);
        ASSERT((*symbols)->row_at(row.range.begin) == row);
    }
    for (uint32_t file = 0; file < summary.files.size() && file < 4; ++file) {
        ASSERT((*symbols)->text_of(source::FileId { file }).has_value() == summary.files[file].has_text);
        (void)(*symbols)->rows_of(source::FileId { file }, 0, UINT32_MAX);
    }
    (void)(*symbols)->functions_named({ .text = "a" });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const std::string_view text = text_of({ data, size });
    read(text);
    if (const auto content = dwarf::content_of_data_url("data:;base64," + std::string(text)))
        ASSERT(content->size() <= size);
    (void)dwarf::source_map_url({ data, size });
    // Mappings begin at the first function.
    std::string mappings(text);
    std::erase_if(mappings, [](char c) { return c < ' ' || c > '~' || c == '"' || c == '\\'; });
    read(R"({"version":3,"sources":["a","b",null],"sourcesContent":["x"],"mappings":"sBAAA,)" + mappings
        + "\"}");
    return 0;
}
