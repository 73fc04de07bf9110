// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any bytes as Go's table of functions and lines, behind its header, and as a function's
// code. Rows must be in order and lie in functions.

#include "dwarf/go_lines.h"

#include <algorithm>
#include <vector>

using namespace vitrine::core;

namespace {

void add_section(ByteWriter& module, uint8_t id, const std::vector<uint8_t>& content)
{
    module.byte(id);
    module.leb(static_cast<uint32_t>(content.size()));
    module.append(content);
}

/// A module with two functions of this code, and a data segment.
std::vector<uint8_t> module_of(Bytes code, Bytes data)
{
    ByteWriter bodies;
    bodies.leb(2u);
    for (int i = 0; i < 2; ++i) {
        bodies.leb(static_cast<uint32_t>(code.size() + 2));
        bodies.byte(0);
        bodies.append(code);
        bodies.byte(0x0b);
    }
    ByteWriter segment;
    for (const uint8_t byte : { 1, 0, 0x41, 0x20, 0x0b })
        segment.byte(byte);
    segment.leb(static_cast<uint32_t>(data.size()));
    segment.append(data);
    ByteWriter module;
    constexpr uint8_t header[] = { 0, 'a', 's', 'm', 1, 0, 0, 0 };
    module.append(header);
    add_section(module, 1, { 1, 0x60, 0, 0 });
    add_section(module, 3, { 2, 0, 0 });
    add_section(module, 5, { 1, 0, 1 });
    add_section(module, 10, bodies.bytes());
    add_section(module, 11, segment.bytes());
    return module.bytes();
}

void read(Bytes module)
{
    const auto symbols = dwarf::read_go_lines(module);
    if (!symbols)
        return;
    const source::Summary summary = symbols->summary();
    CodeOffset end = 0;
    for (const source::Row& row : symbols->rows_in({ 0, UINT32_MAX })) {
        ASSERT(end <= row.range.begin && row.range.begin < row.range.end);
        end = row.range.end;
        ASSERT(symbols->function_at(row.range.begin) == symbols->function_at(end - 1));
        ASSERT(static_cast<size_t>(row.place.file) < summary.files.size() && row.place.line > 0);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const Bytes bytes(data, size);
    read(bytes);
    // The input: a byte for each offset of the header, the size of the code, the code, the table.
    constexpr size_t parts = 5, header_bytes = 72;
    if (size < parts + 1)
        return 0;
    ByteWriter table;
    table.fixed<uint64_t>(0x0801'0000'ffff'fff1);
    table.fixed<uint64_t>(2);
    table.fixed<uint64_t>(1);
    table.fixed<uint64_t>(0);
    uint64_t offset = header_bytes - 1;
    for (size_t i = 0; i < parts; ++i) {
        offset += data[i] + uint64_t { 1 };
        table.fixed(offset);
    }
    const Bytes rest = bytes.subspan(parts + 1);
    const size_t code = std::min<size_t>(data[parts], rest.size());
    table.append(rest.subspan(code));
    read(module_of(rest.first(code), table.bytes()));
    return 0;
}
