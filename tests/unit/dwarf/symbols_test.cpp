// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/symbols.h"

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

TEST(Symbols, FindTheLinesOfInstructions)
{
    const Buffer module = module_of(line_table());
    const auto symbols = Symbols::read(module);
    const Line five { "dir/a.c", 5, 9 }, seven { "dir/a.c", 7, 9 };
    EXPECT_EQ(symbols->find_line(14), std::nullopt) << "only dead code says something of it";
    EXPECT_EQ(symbols->find_line(15), five);
    EXPECT_EQ(symbols->find_line(16), five);
    EXPECT_EQ(symbols->find_line(17), seven);
    EXPECT_EQ(symbols->find_line(19), std::nullopt);
    EXPECT_EQ(symbols->find_line(0), std::nullopt);
    EXPECT_EQ(symbols->find_line(12), std::nullopt);
    EXPECT_EQ(symbols->find_line(UINT32_MAX), std::nullopt);
}

TEST(Symbols, OfAModuleWithoutLinesFindNothing)
{
    for (const Buffer& module : { Buffer {}, module_of({}), Buffer { 0, 'a', 's', 'm', 1, 0, 0, 0 } })
        for (const uint32_t offset : { 0u, 12u, UINT32_MAX })
            EXPECT_EQ(Symbols::read(module)->find_line(offset), std::nullopt);
}

TEST(Symbols, OfMalformedModulesFindWhatIsThere)
{
    const Buffer good = module_of(line_table());
    for (size_t size = 0; size < good.size(); ++size)
        (void)Symbols::read(Bytes(good).first(size))->find_line(15);
    for (size_t at = 0; at < good.size(); ++at)
        for (const uint8_t value : { 0, 1, 0x7f, 0x80, 0xff }) {
            Buffer bad = good;
            bad[at] = value;
            (void)Symbols::read(bad)->find_line(15);
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
        EXPECT_EQ(Symbols::read(module_of(unit))->find_line(15), std::nullopt);
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
        EXPECT_EQ(Symbols::read(module_of(unit))->find_line(15), std::nullopt);
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

/// `check:5 sum:30 work:20`
std::string frames_at(const Symbols& symbols, uint32_t offset)
{
    std::string shown;
    for (const SourceFrame& frame : symbols.find_frames(offset))
        shown += (shown.empty() ? "" : " ") + frame.function + (frame.is_inlined ? "" : "!")
            + (frame.line ? ":" + std::to_string(frame.line->line) : "");
    return shown;
}

TEST(Symbols, EachInlinedFunctionHasItsOwnLine)
{
    const Buffer module = inlined_module();
    const auto symbols = Symbols::read(module);
    EXPECT_EQ(frames_at(*symbols, 15), "sum:5 work!:20");
    EXPECT_EQ(frames_at(*symbols, 16), "check:5 sum:30 work!:20");
    EXPECT_EQ(frames_at(*symbols, 17), "sum:7 work!:20");
    EXPECT_EQ(frames_at(*symbols, 18), "work!:7");
    EXPECT_EQ(frames_at(*symbols, 14), "");
    EXPECT_EQ(frames_at(*symbols, 0), "");
    const Buffer lines_alone = module_of(line_table());
    EXPECT_EQ(frames_at(*Symbols::read(lines_alone), 15), "!:5");
}

TEST(Symbols, OfMalformedFunctionsFindWhatIsThere)
{
    const Buffer good = inlined_module();
    for (size_t size = 0; size < good.size(); ++size)
        (void)Symbols::read(Bytes(good).first(size))->find_frames(16);
    for (size_t at = 0; at < good.size(); ++at)
        for (int value = 0; value < 256; value += at < 200 ? 17 : 1) {
            Buffer bad = good;
            bad[at] = static_cast<uint8_t>(value);
            for (const uint32_t offset : { 15u, 16u, 18u })
                (void)Symbols::read(bad)->find_frames(offset);
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
    EXPECT_EQ(Symbols::read(module)->find_frames(16).size(), 128u + 1);
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
