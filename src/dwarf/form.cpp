// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/form.h"

#include <algorithm>

#include <llvm/BinaryFormat/Dwarf.h>

namespace vitrine::core::dwarf {

namespace {

using namespace llvm::dwarf;

/// Whether the values of a form are offsets in a section.
bool is_offset(uint64_t form)
{
    return form == DW_FORM_ref_addr || form == DW_FORM_sec_offset || form == DW_FORM_strp
        || form == DW_FORM_line_strp;
}

/// The size of the values of a form, if it is always the same. Addresses and offsets have none.
std::optional<uint32_t> size_of(uint64_t form)
{
    switch (form) {
    case DW_FORM_flag_present:
    case DW_FORM_implicit_const: return 0;
    case DW_FORM_data1:
    case DW_FORM_ref1:
    case DW_FORM_flag:
    case DW_FORM_strx1:
    case DW_FORM_addrx1: return 1;
    case DW_FORM_data2:
    case DW_FORM_ref2:
    case DW_FORM_strx2:
    case DW_FORM_addrx2: return 2;
    case DW_FORM_strx3:
    case DW_FORM_addrx3: return 3;
    case DW_FORM_data4:
    case DW_FORM_ref4:
    case DW_FORM_strx4:
    case DW_FORM_addrx4: return 4;
    case DW_FORM_data8:
    case DW_FORM_ref8:
    case DW_FORM_ref_sig8: return 8;
    case DW_FORM_data16: return 16;
    default: return std::nullopt;
    }
}

/// A little-endian number of up to 8 bytes.
uint64_t number_of(Bytes bytes)
{
    uint64_t number = 0;
    std::memcpy(&number, bytes.data(), std::min(bytes.size(), sizeof number));
    return number;
}

void measure(Abbreviation& abbreviation)
{
    uint32_t bytes = 0;
    for (const AttributeForm& each : abbreviation.attributes) {
        const auto size = size_of(each.form);
        if (size)
            bytes += *size;
        else if (each.form == DW_FORM_addr)
            ++abbreviation.addresses;
        else if (is_offset(each.form))
            ++abbreviation.offsets;
        else
            return;
    }
    abbreviation.fixed_bytes = bytes;
}

Result<Abbreviation> read_abbreviation(ByteReader& in)
{
    constexpr uint64_t limit = UINT16_MAX;
    Abbreviation abbreviation;
    const auto tag = TRY(in.leb<uint64_t>());
    if (tag == 0 || tag > limit)
        return failure("malformed tag", in.offset());
    abbreviation.tag = static_cast<uint16_t>(tag);
    abbreviation.has_children = TRY(in.byte()) == DW_CHILDREN_yes;
    for (;;) {
        const auto attribute = TRY(in.leb<uint64_t>());
        const auto form = TRY(in.leb<uint64_t>());
        if (attribute == 0 && form == 0)
            break;
        if (attribute == 0 || form == 0 || attribute > limit || form > limit)
            return failure("malformed attribute", in.offset());
        const int64_t value = form == DW_FORM_implicit_const ? TRY(in.leb<int64_t>()) : 0;
        abbreviation.attributes.push_back(
            { static_cast<uint16_t>(attribute), static_cast<uint16_t>(form), value });
    }
    measure(abbreviation);
    return abbreviation;
}

Result<Value> read_block(ByteReader& in, Value value, uint32_t size)
{
    value.number = in.offset();
    value.size = size;
    CHECK(in.bytes(size));
    return value;
}

} // namespace

Result<Abbreviations> Abbreviations::read(ByteReader& in)
{
    Abbreviations table;
    while (const auto code = TRY(in.leb<uint64_t>())) {
        if (code >= UINT32_MAX)
            return failure("malformed abbreviation code", in.offset());
        table.rows_.emplace_back(code, TRY(read_abbreviation(in)));
    }
    const auto by_code = [](const auto& a, const auto& b) { return a.first < b.first; };
    std::ranges::sort(table.rows_, by_code);
    const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
    if (std::ranges::adjacent_find(table.rows_, same) != table.rows_.end())
        return failure("two abbreviations with the same code", in.offset());
    return table;
}

const Abbreviation* Abbreviations::find(uint64_t code) const
{
    if (code > 0 && code <= rows_.size() && rows_[code - 1].first == code)
        return &rows_[code - 1].second;
    const auto found = std::ranges::lower_bound(rows_, code, {}, [](const auto& row) { return row.first; });
    return found != rows_.end() && found->first == code ? &found->second : nullptr;
}

Result<InitialLength> read_initial_length(ByteReader& in)
{
    constexpr uint32_t is_64_bit = 0xffffffff, first_reserved = 0xfffffff0;
    const uint64_t at = in.offset();
    InitialLength length { TRY(in.fixed<uint32_t>()) };
    if (length.length == is_64_bit)
        length = { TRY(in.fixed<uint64_t>()), 8 };
    else if (length.length >= first_reserved)
        return failure("reserved length", at);
    return length;
}

Result<uint64_t> read_offset(ByteReader& in, uint8_t offset_bytes)
{
    if (offset_bytes == sizeof(uint64_t))
        return in.fixed<uint64_t>();
    return TRY(in.fixed<uint32_t>());
}

Result<Value> read_value(ByteReader& in, const AttributeForm& attribute, Sizes sizes)
{
    Value value { attribute.form };
    switch (attribute.form) {
    case DW_FORM_flag_present: value.number = 1; return value;
    case DW_FORM_implicit_const: value.number = static_cast<uint64_t>(attribute.value); return value;
    case DW_FORM_addr: value.number = number_of(TRY(in.bytes(sizes.address_bytes))); return value;
    case DW_FORM_ref_addr:
    case DW_FORM_sec_offset:
    case DW_FORM_strp:
    case DW_FORM_line_strp: value.number = TRY(read_offset(in, sizes.offset_bytes)); return value;
    case DW_FORM_sdata: value.number = static_cast<uint64_t>(TRY(in.leb<int64_t>())); return value;
    case DW_FORM_udata:
    case DW_FORM_ref_udata:
    case DW_FORM_strx:
    case DW_FORM_addrx:
    case DW_FORM_loclistx:
    case DW_FORM_rnglistx:
    case DW_FORM_GNU_str_index:
    case DW_FORM_GNU_addr_index: value.number = TRY(in.leb<uint64_t>()); return value;
    case DW_FORM_string: {
        value.number = in.offset();
        const Bytes rest(in.position(), in.remaining());
        const auto* end =
            rest.empty() ? nullptr : static_cast<const uint8_t*>(std::memchr(rest.data(), 0, rest.size()));
        if (!end)
            return failure("unterminated string", in.offset());
        in.set_position(end + 1);
        return value;
    }
    case DW_FORM_exprloc:
    case DW_FORM_block: return read_block(in, value, TRY(in.length()));
    case DW_FORM_block1: return read_block(in, value, TRY(in.byte()));
    case DW_FORM_block2: return read_block(in, value, TRY(in.fixed<uint16_t>()));
    case DW_FORM_block4: return read_block(in, value, TRY(in.fixed<uint32_t>()));
    default:
        const auto size = size_of(attribute.form);
        if (!size)
            return failure("unsupported form", in.offset());
        value.number = number_of(TRY(in.bytes(*size)));
        return value;
    }
}

} // namespace vitrine::core::dwarf
