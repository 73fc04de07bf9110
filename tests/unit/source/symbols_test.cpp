// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/symbols.h"

#include <gtest/gtest.h>

namespace vitrine::core::source {
namespace {

using Buffer = std::vector<uint8_t>;

void add(Buffer& to, const Buffer& bytes)
{
    for (const uint8_t byte : bytes)
        to.push_back(byte);
}

Buffer text(std::string_view content) { return { content.begin(), content.end() }; }

/// A section, whose content is shorter than 128 bytes.
Buffer section(uint8_t id, const Buffer& content)
{
    Buffer bytes { id, static_cast<uint8_t>(content.size()) };
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

/// A table of version 4: `dir/a.c` lines 5 and 7 at addresses 2 and 4, the end at 6. Then dead code, at no address at all.
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
        3, 90, 1, 2, 8, 0, 1, 1 // line 91, over all that is above
    };
    Buffer table { 4, 0, static_cast<uint8_t>(header.size()), 0, 0, 0 };
    add(table, header);
    add(table, program);
    Buffer unit { static_cast<uint8_t>(table.size()), 0, 0, 0 };
    add(unit, table);
    return unit;
}

/// A module whose code section begins at offset 10.
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
    EXPECT_EQ(symbols->find_line(11), std::nullopt) << "only dead code says something of it";
    EXPECT_EQ(symbols->find_line(12), five);
    EXPECT_EQ(symbols->find_line(13), five);
    EXPECT_EQ(symbols->find_line(14), seven);
    EXPECT_EQ(symbols->find_line(16), std::nullopt);
    EXPECT_EQ(symbols->find_line(0), std::nullopt);
    EXPECT_EQ(symbols->find_line(9), std::nullopt);
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
        (void)Symbols::read(Bytes(good).first(size))->find_line(12);
    for (size_t at = 0; at < good.size(); ++at)
        for (const uint8_t value : { 0, 1, 0x7f, 0x80, 0xff }) {
            Buffer bad = good;
            bad[at] = value;
            (void)Symbols::read(bad)->find_line(12);
        }
}

TEST(Symbols, OfEntriesWithoutEndEnd)
{
    // Version 5: no format, and as many entries as a number can say; first of the folders, then of the files.
    for (const bool is_of_files : { false, true }) {
        Buffer header { 1, 1, 1, 0xfb, 14, 1 };
        if (is_of_files)
            add(header, { 0, 0 });
        add(header, { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0 });
        Buffer table { 5, 0, 4, 0, static_cast<uint8_t>(header.size()), 0, 0, 0 };
        add(table, header);
        Buffer unit { static_cast<uint8_t>(table.size()), 0, 0, 0 };
        add(unit, table);
        EXPECT_EQ(Symbols::read(module_of(unit))->find_line(12), std::nullopt);
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
        EXPECT_EQ(Symbols::read(module_of(unit))->find_line(12), std::nullopt);
    }
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
} // namespace vitrine::core::source
