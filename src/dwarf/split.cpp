// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/split.h"

#include <array>

namespace vitrine::core::dwarf {

namespace {

constexpr std::string_view ending = ".dwo";

/// The sections of a package that units have parts of, by their number in the index. The numbers 5
/// and 8 are from version 5; in the older form, 5 is `debug_loc`.
constexpr std::array<std::string_view, 9> names { "", "debug_info", "", "debug_abbrev", "debug_line",
    "debug_loclists", "debug_str_offsets", "", "debug_rnglists" };
constexpr uint32_t locations_number = 5, last_number = 8, newest_version = 5, older_version = 2;

/// The name of a section in the index; empty if nothing is read from it.
std::string_view name_of(uint32_t number, uint32_t version)
{
    if (number > last_number || (version == older_version && number == last_number))
        return "";
    return number == locations_number && version == older_version ? "debug_loc" : names[number];
}

/// The row of a unit in the index; 0 if it has none.
Result<uint32_t> row_of(ByteReader& in, uint32_t slots, uint64_t id)
{
    constexpr size_t id_bytes = 8, row_bytes = 4;
    const Bytes ids = TRY(in.bytes(slots * id_bytes));
    const Bytes rows = TRY(in.bytes(slots * row_bytes));
    for (uint32_t slot = 0; slot < slots; ++slot)
        if (const auto row = load<uint32_t>(rows.data() + slot * row_bytes);
            row != 0 && load<uint64_t>(ids.data() + slot * id_bytes) == id)
            return row;
    return 0;
}

Result<std::optional<Sections>> read_package(const Sections& package, const Sections& all, uint64_t id)
{
    constexpr size_t word_bytes = 4;
    ByteReader in(package.find("debug_cu_index"));
    const auto version = TRY(in.fixed<uint32_t>());
    const auto columns = TRY(in.fixed<uint32_t>()), units = TRY(in.fixed<uint32_t>()),
               slots = TRY(in.fixed<uint32_t>());
    if ((version != newest_version && version != older_version) || columns > last_number)
        return failure("unsupported index of units");
    const uint32_t row = TRY(row_of(in, slots, id));
    if (row == 0 || row > units)
        return std::nullopt;
    const size_t row_bytes = columns * word_bytes;
    const Bytes numbers = TRY(in.bytes(row_bytes));
    const Bytes offsets = TRY(in.bytes(units * row_bytes)), sizes = TRY(in.bytes(units * row_bytes));
    Sections found = all;
    for (uint32_t column = 0; column < columns; ++column) {
        const std::string_view name = name_of(load<uint32_t>(numbers.data() + column * word_bytes), version);
        const size_t at = (row - 1) * row_bytes + column * word_bytes;
        ByteReader section(all.find(name));
        CHECK(section.bytes(load<uint32_t>(offsets.data() + at)));
        if (!name.empty())
            found.debug[name] = TRY(section.bytes(load<uint32_t>(sizes.data() + at)));
    }
    return found;
}

} // namespace

Sections split_sections(const Sections& file)
{
    Sections sections;
    for (const auto& [name, bytes] : file.debug)
        if (name.ends_with(ending))
            sections.debug.emplace(name.substr(0, name.size() - ending.size()), bytes);
    return sections;
}

std::optional<Sections> find_in_package(const Sections& package, uint64_t id)
{
    return read_package(package, split_sections(package), id).value_or(std::nullopt);
}

} // namespace vitrine::core::dwarf
