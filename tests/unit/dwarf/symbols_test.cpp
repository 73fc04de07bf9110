// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/demangle.h"
#include "dwarf/reader.h"

#include <gtest/gtest.h>

namespace vitrine::core::dwarf {
namespace {

using Buffer = std::vector<uint8_t>;

void add(Buffer& to, const Buffer& bytes)
{
    for (const uint8_t byte : bytes)
        to.push_back(byte);
}

Buffer text(std::string_view content) { return { content.begin(), content.end() }; }

/// A section of at most 2^28 bytes.
Buffer section(uint8_t id, const Buffer& content)
{
    Buffer bytes { id };
    for (int shift = 0; shift < 28; shift += 7)
        bytes.push_back(static_cast<uint8_t>((content.size() >> shift & 0x7f) | (shift < 21 ? 0x80 : 0)));
    add(bytes, content);
    return bytes;
}

Buffer custom(std::string_view name, const Buffer& content)
{
    Buffer bytes { static_cast<uint8_t>(name.size()) };
    add(bytes, text(name));
    add(bytes, content);
    return section(0, bytes);
}

/// A table of version 4: `dir/a.c` lines 5 and 7 at addresses 2 and 4, ending at 6. Then removed
/// code, at address 0.
Buffer line_table()
{
    Buffer header { 1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1 };
    add(header, { 'd', 'i', 'r', 0, 0, 'a', '.', 'c', 0, 1, 0, 0, 0 });
    const Buffer program {
        0, 5, 2, 2, 0, 0, 0,    // address 2
        3, 4, 5, 9, 1,          // line 5, column 9: a row
        2, 2, 3, 2, 1,          // address 4, line 7: a row
        2, 2, 0, 1, 1,          // address 6: the end
        0, 5, 2, 0, 0, 0, 0,    // address 0
        3, 90, 1, 2, 8, 0, 1, 1 // line 91, covers everything above
    };
    Buffer table { 4, 0, static_cast<uint8_t>(header.size()), 0, 0, 0 };
    add(table, header);
    add(table, program);
    Buffer unit { static_cast<uint8_t>(table.size()), 0, 0, 0 };
    add(unit, table);
    return unit;
}

/// A module whose code section begins at offset 13.
Buffer module_of(const Buffer& lines)
{
    Buffer module { 0, 'a', 's', 'm', 1, 0, 0, 0 };
    add(module, section(10, { 1, 6, 0, 1, 1, 1, 1, 0x0b }));
    add(module, custom(".debug_line", lines));
    return module;
}

/// `dir/a.c:5:9` for the instruction at the offset; empty if nothing is known.
std::string line_at(const Buffer& module, CodeOffset offset)
{
    const auto symbols = read({ .module = module });
    const auto row = symbols ? symbols->row_at(offset) : std::nullopt;
    if (!row || row->place.line == 0)
        return "";
    return symbols->summary().files.at(static_cast<size_t>(row->place.file)).path + ":"
        + std::to_string(row->place.line) + ":" + std::to_string(row->place.column);
}

TEST(Symbols, FindTheLinesOfInstructions)
{
    const Buffer module = module_of(line_table());
    EXPECT_EQ(line_at(module, 14), "") << "only dead code says something of it";
    EXPECT_EQ(line_at(module, 15), "dir/a.c:5:9");
    EXPECT_EQ(line_at(module, 16), "dir/a.c:5:9");
    EXPECT_EQ(line_at(module, 17), "dir/a.c:7:9");
    EXPECT_EQ(line_at(module, 19), "");
    EXPECT_EQ(line_at(module, 0), "");
    EXPECT_EQ(line_at(module, 12), "");
    EXPECT_EQ(line_at(module, UINT32_MAX), "");
}

TEST(Symbols, FindTheRowsOfLinesAndRanges)
{
    const Buffer module = module_of(line_table());
    const auto symbols = read({ .module = module });
    const auto ranges_of = [](const std::vector<source::Row>& rows) {
        std::string shown;
        for (const source::Row& row : rows)
            shown += std::to_string(row.place.line) + "[" + std::to_string(row.range.begin) + ","
                + std::to_string(row.range.end) + ") ";
        return shown;
    };
    EXPECT_EQ(ranges_of(symbols->rows_of(source::FileId { 0 }, 5, 5)), "5[15,17) ");
    EXPECT_EQ(ranges_of(symbols->rows_of(source::FileId { 0 }, 0, 100)), "5[15,17) 7[17,19) ");
    EXPECT_EQ(ranges_of(symbols->rows_of(source::FileId { 0 }, 6, 6)), "");
    EXPECT_EQ(ranges_of(symbols->rows_of(source::FileId { 9 }, 0, 100)), "");
    EXPECT_EQ(ranges_of(symbols->rows_in({ 16, 17 })), "5[15,17) ");
    EXPECT_EQ(ranges_of(symbols->rows_in({ 0, UINT32_MAX })), "5[15,17) 7[17,19) ");
    EXPECT_EQ(ranges_of(symbols->rows_in({ 19, 100 })), "");
}

TEST(Symbols, OfAModuleWithoutDebugInformationAreNone)
{
    for (const Buffer& module : { Buffer {}, module_of({}), Buffer { 0, 'a', 's', 'm', 1, 0, 0, 0 } })
        EXPECT_EQ(read({ .module = module }), nullptr);
}

TEST(Symbols, OfMalformedModulesFindWhatIsThere)
{
    const Buffer good = module_of(line_table());
    for (size_t size = 0; size < good.size(); ++size)
        (void)line_at({ good.begin(), good.begin() + static_cast<ptrdiff_t>(size) }, 15);
    for (size_t at = 0; at < good.size(); ++at)
        for (const uint8_t value : { 0, 1, 0x7f, 0x80, 0xff }) {
            Buffer bad = good;
            bad[at] = value;
            (void)line_at(bad, 15);
        }
}

TEST(Symbols, OfEntriesWithoutEndEnd)
{
    // Version 5: no formats, and the largest possible number of entries; first for the folders,
    // then for the files.
    for (const bool is_of_files : { false, true }) {
        Buffer header { 1, 1, 1, 0xfb, 14, 1 };
        if (is_of_files)
            add(header, { 0, 0 });
        add(header, { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0 });
        Buffer table { 5, 0, 4, 0, static_cast<uint8_t>(header.size()), 0, 0, 0 };
        add(table, header);
        Buffer unit { static_cast<uint8_t>(table.size()), 0, 0, 0 };
        add(unit, table);
        EXPECT_EQ(line_at(module_of(unit), 15), "");
    }
}

TEST(Symbols, OfFormsThatNoLineTableHasFindNothing)
{
    for (int form = 0; form < 256; ++form) {
        Buffer header { 1, 1, 1, 0xfb, 14, 1, 1, 1 };
        add(header,
            { static_cast<uint8_t>(form & 0x7f), static_cast<uint8_t>(form >> 7), 1, 'a', 0, 0, 0, 0, 0 });
        Buffer table { 5, 0, 4, 0, static_cast<uint8_t>(header.size()), 0, 0, 0 };
        add(table, header);
        Buffer unit { static_cast<uint8_t>(table.size()), 0, 0, 0 };
        add(unit, table);
        EXPECT_EQ(line_at(module_of(unit), 15), "");
    }
}

void add_u32(Buffer& to, uint32_t value)
{
    for (int shift = 0; shift < 32; shift += 8)
        to.push_back(static_cast<uint8_t>(value >> shift));
}

/// 1: a unit with its line table; 2: a function; 3: an inlined function with its call. All have
/// children.
const Buffer abbreviations { 1, 0x11, 1, 0x10, 0x17, 0, 0, 2, 0x2e, 1, 0x03, 0x08, 0x11, 0x01, 0x12, 0x06, 0,
    0, 3, 0x1d, 1, 0x03, 0x08, 0x11, 0x01, 0x12, 0x06, 0x58, 0x0b, 0x59, 0x0b, 0, 0, 0 };

void add_function(Buffer& to, uint8_t kind, std::string_view name, uint32_t begin, uint32_t size)
{
    to.push_back(kind);
    add(to, text(name));
    to.push_back(0);
    add_u32(to, begin);
    add_u32(to, size);
}

/// A module whose unit contains `entries` and ends with them.
Buffer module_with(const Buffer& entries)
{
    Buffer unit { 4, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0 };
    add(unit, entries);
    unit.push_back(0);
    Buffer info;
    add_u32(info, static_cast<uint32_t>(unit.size()));
    add(info, unit);
    Buffer module = module_of(line_table());
    add(module, custom(".debug_abbrev", abbreviations));
    add(module, custom(".debug_info", info));
    return module;
}

/// `work` has `sum` inlined at line 20, which has `check` inlined at line 30.
Buffer inlined_module()
{
    Buffer entries;
    add_function(entries, 2, "work", 2, 4);
    add_function(entries, 3, "sum", 2, 3);
    add(entries, { 1, 20 });
    add_function(entries, 3, "check", 3, 1);
    add(entries, { 1, 30, 0, 0, 0 });
    return module_with(entries);
}

/// The same in the 64-bit format: lengths and offsets in sections have 8 bytes.
Buffer wide_module()
{
    const auto wide = [](Buffer content) {
        Buffer unit { 0xff, 0xff, 0xff, 0xff };
        add_u32(unit, static_cast<uint32_t>(content.size()));
        add_u32(unit, 0);
        add(unit, content);
        return unit;
    };
    Buffer lines = line_table();
    // Behind the length and the version is the length of the header.
    lines.insert(lines.begin() + 10, 4, 0);
    lines.erase(lines.begin(), lines.begin() + 4);
    Buffer unit { 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
    add_function(unit, 2, "work", 2, 4);
    add_function(unit, 3, "sum", 2, 3);
    add(unit, { 1, 20, 0, 0, 0 });
    Buffer module = module_of(wide(lines));
    add(module, custom(".debug_abbrev", abbreviations));
    add(module, custom(".debug_info", wide(unit)));
    return module;
}

/// `check sum:30 work!:20`: the scopes of an instruction, each with the line of its call.
std::string scopes_at(const Buffer& module, CodeOffset offset)
{
    std::string shown;
    const auto symbols = read({ .module = module });
    if (!symbols)
        return shown;
    uint32_t line = 0;
    for (const source::Scope& scope : symbols->scopes_at(offset)) {
        shown += (shown.empty() ? "" : " ") + scope.name
            + (scope.kind == source::Scope::Kind::Function ? "!" : "")
            + (line > 0 ? ":" + std::to_string(line) : "");
        line = scope.call.line;
    }
    return shown;
}

TEST(Symbols, EachInlinedFunctionHasItsOwnCall)
{
    const Buffer module = inlined_module();
    EXPECT_EQ(scopes_at(module, 15), "sum work!:20");
    EXPECT_EQ(scopes_at(module, 16), "check sum:30 work!:20");
    EXPECT_EQ(scopes_at(module, 17), "sum work!:20");
    EXPECT_EQ(scopes_at(module, 18), "work!");
    EXPECT_EQ(scopes_at(module, 14), "");
    EXPECT_EQ(scopes_at(module, 0), "");
    EXPECT_EQ(scopes_at(module_of(line_table()), 15), "");
}

TEST(Symbols, OfThe64BitFormatAreRead)
{
    const Buffer module = wide_module();
    EXPECT_EQ(read({ .module = module })->summary().problems, std::vector<std::string> {});
    EXPECT_EQ(line_at(module, 15), "dir/a.c:5:9");
    EXPECT_EQ(scopes_at(module, 15), "sum work!:20");
    EXPECT_EQ(scopes_at(module, 18), "work!");
}

TEST(Symbols, OfMalformedFunctionsFindWhatIsThere)
{
    for (const Buffer& good : { inlined_module(), wide_module() }) {
        for (size_t size = 0; size < good.size(); ++size)
            (void)scopes_at({ good.begin(), good.begin() + static_cast<ptrdiff_t>(size) }, 16);
        for (size_t at = 0; at < good.size(); ++at)
            for (int value = 0; value < 256; value += at < 200 ? 17 : 1) {
                Buffer bad = good;
                bad[at] = static_cast<uint8_t>(value);
                for (const CodeOffset offset : { 15u, 16u, 18u })
                    (void)scopes_at(bad, offset);
            }
    }
}

TEST(Symbols, OfFunctionsInEachOtherWithoutEndAreRead)
{
    constexpr size_t depth = 200'000;
    Buffer entries;
    add_function(entries, 2, "work", 2, 4);
    for (size_t i = 0; i < depth; ++i) {
        add_function(entries, 3, "f", 2, 4);
        add(entries, { 1, 20 });
    }
    const Buffer module = module_with(entries);
    EXPECT_EQ(read({ .module = module })->scopes_at(16).size(), 128u + 1);
}

TEST(Names, AreThoseOfTheLanguage)
{
    EXPECT_EQ(demangled("main"), "main");
    EXPECT_EQ(demangled(""), "");
    EXPECT_EQ(demangled("_ZN6bridge5crossERKi"), "bridge::cross(int const&)");
    EXPECT_EQ(demangled("_ZN4core9panicking5panic17h0123456789abcdefE"), "core::panicking::panic");
    EXPECT_EQ(demangled("_RNvC1a4main"), "a::main");
    EXPECT_EQ(demangled("_ZN"), "_ZN");
}

} // namespace
} // namespace vitrine::core::dwarf
