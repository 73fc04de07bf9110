// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/index.h"

#include "base/text.h"
#include "dwarf/language.h"

#include <algorithm>

#include <llvm/BinaryFormat/Dwarf.h>

namespace vitrine::core::dwarf {

namespace {

using namespace llvm::dwarf;

/// The attributes that the index needs of an entry.
struct Attributes {
    Value name, linkage_name, specification, origin, low, high, ranges, location, signature;
    // Only units have these.
    Value producer, language, directory, lines, string_offsets, addresses, ranges_base, split_name, split_id;
    bool is_declaration = false;

    void set(uint16_t attribute, const Value& value)
    {
        switch (attribute) {
        case DW_AT_name: name = value; break;
        case DW_AT_linkage_name:
        case DW_AT_MIPS_linkage_name: linkage_name = value; break;
        case DW_AT_specification: specification = value; break;
        case DW_AT_abstract_origin: origin = value; break;
        case DW_AT_low_pc: low = value; break;
        case DW_AT_high_pc: high = value; break;
        case DW_AT_ranges: ranges = value; break;
        case DW_AT_location: location = value; break;
        case DW_AT_signature: signature = value; break;
        case DW_AT_declaration: is_declaration = value.number != 0; break;
        case DW_AT_producer: producer = value; break;
        case DW_AT_language: language = value; break;
        case DW_AT_comp_dir: directory = value; break;
        case DW_AT_stmt_list: lines = value; break;
        case DW_AT_str_offsets_base: string_offsets = value; break;
        case DW_AT_addr_base:
        case DW_AT_GNU_addr_base: addresses = value; break;
        case DW_AT_GNU_ranges_base: ranges_base = value; break;
        case DW_AT_dwo_name:
        case DW_AT_GNU_dwo_name: split_name = value; break;
        case DW_AT_GNU_dwo_id: split_id = value; break;
        default: break;
        }
    }
};

/// Skips the values of an entry.
Result<void> skip_values(ByteReader& in, const Unit& unit, const Abbreviation& shape)
{
    if (shape.fixed_bytes) {
        CHECK(in.bytes(*shape.fixed_bytes + size_t { shape.addresses } * unit.sizes.address_bytes
            + size_t { shape.offsets } * unit.sizes.offset_bytes));
        return {};
    }
    for (const AttributeForm& each : shape.attributes)
        CHECK(read_value(in, each, unit.sizes));
    return {};
}

Result<Attributes> read_values(ByteReader& in, const Unit& unit, const Abbreviation& shape)
{
    Attributes attributes;
    for (const AttributeForm& each : shape.attributes)
        attributes.set(each.attribute, TRY(read_value(in, each, unit.sizes)));
    return attributes;
}

/// What the index does with an entry.
enum class Role : uint8_t { None, Unit, Namespace, Type, Enumerator, Function, Inlined, Variable, Parameter };

Role role_of(uint16_t tag)
{
    switch (tag) {
    case DW_TAG_compile_unit:
    case DW_TAG_partial_unit:
    case DW_TAG_type_unit:
    case DW_TAG_skeleton_unit: return Role::Unit;
    case DW_TAG_namespace:
    case DW_TAG_module: return Role::Namespace;
    case DW_TAG_base_type:
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type:
    case DW_TAG_typedef:
    case DW_TAG_unspecified_type: return Role::Type;
    case DW_TAG_enumerator: return Role::Enumerator;
    case DW_TAG_subprogram: return Role::Function;
    case DW_TAG_inlined_subroutine: return Role::Inlined;
    case DW_TAG_variable: return Role::Variable;
    case DW_TAG_formal_parameter: return Role::Parameter;
    default: return Role::None;
    }
}

/// A section of strings without an unterminated one at its end.
Bytes terminated(Bytes section)
{
    while (!section.empty() && section.back() != 0)
        section = section.first(section.size() - 1);
    return section;
}

/// The lengths of the index's lists, to undo what a malformed unit has added.
struct Lengths {
    size_t scopes, functions, globals, types, ranges, inlined, enumerators, listed, addresses;

    explicit Lengths(const Index& index)
        : scopes(index.scopes.size()),
          functions(index.functions.size()),
          globals(index.globals.size()),
          types(index.types.size()),
          ranges(index.ranges.size()),
          inlined(index.inlined.size()),
          enumerators(index.enumerators.size()),
          listed(index.listed.size()),
          addresses(index.addresses.size())
    {}
    void restore(Index& index) const
    {
        index.scopes.resize(scopes);
        index.functions.resize(functions);
        index.globals.resize(globals);
        index.types.resize(types);
        index.ranges.resize(ranges);
        index.inlined.resize(inlined);
        index.enumerators.resize(enumerators);
        index.listed.resize(listed);
        index.addresses.resize(addresses);
    }
};

class Indexer {
public:
    Indexer(const Sections& sections, Bytes file, const Input& input, const std::optional<Skeleton>& skeleton)
        : sections_(sections),
          file_(file),
          input_(input),
          skeleton_(skeleton),
          abbreviations_(sections.find("debug_abbrev")),
          addresses_(sections.find("debug_addr")),
          string_offsets_(sections.find("debug_str_offsets")),
          strings_(terminated(sections.find("debug_str"))),
          line_strings_(terminated(sections.find("debug_line_str"))),
          abbreviations_left_(abbreviations_.size())
    {}

    Index run()
    {
        const Bytes info = sections_.find("debug_info");
        read_units("debug_info", 0);
        // Only in version 4.
        read_units(types_section, info.size());
        complete();
        return std::move(index_);
    }

private:
    /// An entry whose children are being read.
    struct Level {
        uint32_t scope = 0;
        bool is_in_function = false;
        EntryOffset entry = 0;
    };

    /// Reads the units of a section. Offsets of its entries begin with `base`.
    void read_units(std::string_view section, uint64_t base)
    {
        section_ = section;
        units_ = sections_.find(section);
        base_ = base;
        ByteReader in(units_, base);
        while (!in.at_end()) {
            const uint64_t at = in.offset() - base;
            if (const auto read = read_unit(in); !read) {
                index_.problems.push_back("." + std::string(section) + " cannot be read from " + hex(at)
                    + " on: " + read.error().message);
                break;
            }
        }
    }

    /// What is wrong with a unit. The offset is one of the section.
    std::string problem_text(uint32_t number, Error error) const
    {
        if (error.offset && *error.offset >= base_)
            *error.offset -= base_;
        return "unit " + std::to_string(number) + " of ." + std::string(section_) + ": " + error.to_text();
    }

    /// Reads a unit. Fails if it is not clear where the next one begins.
    Result<void> read_unit(ByteReader& in)
    {
        Unit unit { .offset = static_cast<uint32_t>(in.offset()) };
        const InitialLength length = TRY(read_initial_length(in));
        unit.sizes.offset_bytes = length.offset_bytes;
        ByteReader content = TRY(in.sub_reader(length.length));
        unit.end = static_cast<uint32_t>(in.offset());
        const auto number = skeleton_ ? skeleton_->number : static_cast<uint32_t>(index_.units.size());
        if (input_.unit)
            *input_.unit = number;
        const Lengths before(index_);
        // A unit that is left out is read too: its line table needs its directory, so that the
        // ids of files stay the same.
        const bool is_wanted = std::ranges::find(input_.without, number) == input_.without.end();
        const auto read = read_content(content, unit);
        if (!read)
            index_.problems.push_back(problem_text(number, read.error()));
        if (!read || !is_wanted) {
            before.restore(index_);
            while (!named_elsewhere_.empty() && named_elsewhere_.back().first >= before.scopes)
                named_elsewhere_.pop_back();
        } else {
            unit.is_readable = true;
            if (unit.kind == DW_UT_type || unit.kind == DW_UT_split_type)
                index_.type_units.try_emplace(unit.signature, unit.type);
        }
        index_.units.push_back(unit);
        if (input_.unit)
            *input_.unit = no_unit;
        return {};
    }

    Result<void> read_content(ByteReader& in, Unit& unit)
    {
        constexpr uint16_t first_version = 3, with_types_section = 4, with_kinds = 5;
        unit.version = TRY(in.fixed<uint16_t>());
        const bool is_type = section_ == types_section;
        if (unit.version < first_version || unit.version > (is_type ? with_types_section : with_kinds))
            return failure("unsupported version", unit.offset);
        unit.kind = is_type ? DW_UT_type : DW_UT_compile;
        if (unit.version == with_kinds) {
            unit.kind = TRY(in.byte());
            unit.sizes.address_bytes = TRY(in.byte());
        }
        const Abbreviations& abbreviations =
            *TRY(abbreviations_at(TRY(read_offset(in, unit.sizes.offset_bytes))));
        if (unit.version < with_kinds)
            unit.sizes.address_bytes = TRY(in.byte());
        if (unit.sizes.address_bytes != 4 && unit.sizes.address_bytes != 8)
            return failure("unsupported address size", unit.offset);
        switch (unit.kind) {
        case DW_UT_compile:
        case DW_UT_partial: break;
        case DW_UT_skeleton:
        case DW_UT_split_compile: unit.signature = TRY(in.fixed<uint64_t>()); break;
        case DW_UT_type:
        case DW_UT_split_type:
            unit.signature = TRY(in.fixed<uint64_t>());
            unit.type = static_cast<EntryOffset>(TRY(read_offset(in, unit.sizes.offset_bytes)) + unit.offset);
            break;
        default: return failure("unsupported kind of unit", unit.offset);
        }
        return read_entries(in, unit, abbreviations);
    }

    Result<void> read_entries(ByteReader& in, Unit& unit, const Abbreviations& abbreviations)
    {
        levels_.assign(1, {});
        while (!in.at_end()) {
            const auto at = static_cast<EntryOffset>(in.offset());
            const auto code = TRY(in.leb<uint64_t>());
            ++unit.entries;
            if (code == 0) {
                // LLVM ignores what comes after the end of the outermost list.
                if (levels_.size() > 1)
                    levels_.pop_back();
                continue;
            }
            const Abbreviation* shape = abbreviations.find(code);
            if (!shape)
                return failure("unknown abbreviation code", at);
            const uint32_t scope = TRY(read_entry(in, unit, at, *shape));
            if (shape->has_children)
                levels_.push_back(
                    { scope, levels_.back().is_in_function || role_of(shape->tag) == Role::Function, at });
        }
        return {};
    }

    /// Returns the scope of the entry's children.
    Result<uint32_t> read_entry(ByteReader& in, Unit& unit, EntryOffset at, const Abbreviation& shape)
    {
        const Level level = levels_.back();
        Role role = role_of(shape.tag);
        if (role == Role::Variable || role == Role::Parameter)
            index_.has_variables = true;
        // Before DWARF 5, a static member is declared like this; another entry has its location.
        const auto is_declaration = [](const AttributeForm& each) {
            return each.attribute == DW_AT_declaration;
        };
        if (shape.tag == DW_TAG_member && std::ranges::any_of(shape.attributes, is_declaration))
            role = Role::Variable;
        if (role == Role::None || role == Role::Parameter
            || (role == Role::Variable && level.is_in_function)) {
            CHECK(skip_values(in, unit, shape));
            return level.scope;
        }
        const Attributes has = TRY(read_values(in, unit, shape));
        switch (role) {
        case Role::Unit: read_root(unit, has); break;
        case Role::Function: add_function(unit, at, has, level.scope); break;
        case Role::Variable: add_variable(unit, at, has, level.scope); break;
        case Role::Inlined:
            if (const EntryOffset origin = reference_of(unit, has.origin))
                index_.inlined.push_back({ origin, at });
            return level.scope;
        case Role::Enumerator:
            if (const TextOffset name = text_of(unit, has.name))
                index_.enumerators.push_back({ name, level.entry });
            return level.scope;
        case Role::Type:
            if (has.name && !has.is_declaration)
                index_.types.push_back(named(unit, at, has, level.scope));
            break;
        default: break;
        }
        if (role == Role::Unit || !shape.has_children)
            return level.scope;
        const TextOffset name = text_of(unit, has.name);
        const bool is_elsewhere = name == 0 && has.signature.form == DW_FORM_ref_sig8;
        if (name == 0 && role != Role::Namespace && !is_elsewhere)
            return level.scope;
        index_.scopes.push_back({ name, level.scope });
        const auto added = static_cast<uint32_t>(index_.scopes.size() - 1);
        if (is_elsewhere)
            named_elsewhere_.emplace_back(added, has.signature.number);
        return added;
    }

    void read_root(Unit& unit, const Attributes& has)
    {
        constexpr uint16_t with_headers = 5;
        // A length, a version of 2 bytes, and 2 more.
        const uint64_t header_bytes = unit.sizes.offset_bytes == sizeof(uint64_t) ? 16 : 8;
        const uint64_t first = unit.version >= with_headers ? header_bytes : 0;
        string_base_ = has.string_offsets ? has.string_offsets.number : first;
        address_base_ = has.addresses ? has.addresses.number : first;
        unit.ranges = has.ranges_base.number;
        if (skeleton_) {
            address_base_ = skeleton_->unit.addresses;
            unit.ranges = skeleton_->unit.ranges;
            unit.lines = skeleton_->unit.lines;
        }
        unit.addresses = address_base_;
        unit.producer = text_of(unit, has.producer);
        unit.directory = text_of(unit, has.directory);
        unit.split_name = text_of(unit, has.split_name);
        if (has.split_id)
            unit.signature = has.split_id.number;
        if (has.lines)
            unit.lines = static_cast<uint32_t>(has.lines.number);
        unit.language = language_of(text_at(file_, unit.producer), has.language.number);
    }

    NamedEntry named(const Unit& unit, EntryOffset at, const Attributes& has, uint32_t scope) const
    {
        const EntryOffset origin = reference_of(unit, has.origin ? has.origin : has.specification);
        return { at, scope, text_of(unit, has.name), text_of(unit, has.linkage_name), origin };
    }

    void add_function(const Unit& unit, EntryOffset at, const Attributes& has, uint32_t scope)
    {
        index_.functions.push_back(named(unit, at, has, scope));
        if (has.ranges) {
            index_.listed.push_back(at);
            return;
        }
        const auto low = address_of(unit, has.low);
        if (!low || !has.high)
            return;
        const bool is_address = has.high.form == DW_FORM_addr || is_indexed_address(has.high.form);
        const auto high = is_address ? address_of(unit, has.high) : *low + has.high.number;
        if (!high)
            return;
        if (const auto range = sections_.range_of(*low, *high))
            index_.ranges.push_back({ range->begin, range->end, at });
    }

    void add_variable(const Unit& unit, EntryOffset at, const Attributes& has, uint32_t scope)
    {
        index_.globals.push_back(named(unit, at, has, scope));
        if (has.location.size < 2)
            return;
        ByteReader in(units_.subspan(has.location.number - base_, has.location.size));
        Value value;
        switch (*in.byte()) {
        case DW_OP_addr:
            if (in.remaining() != unit.sizes.address_bytes)
                return;
            value = read_value(in, { 0, DW_FORM_addr }, unit.sizes).value_or(value);
            break;
        case DW_OP_addrx:
        case DW_OP_GNU_addr_index:
            value = read_value(in, { 0, DW_FORM_addrx }, unit.sizes).value_or(value);
            break;
        default: return;
        }
        // The linker sets the addresses of removed variables to 0.
        if (const auto address = address_of(unit, value); address && *address != 0 && in.at_end())
            index_.addresses.push_back({ *address, at });
    }

    /// Fails if tables overlap, because reading them would take time quadratic in their size.
    Result<const Abbreviations*> abbreviations_at(uint64_t offset)
    {
        if (const auto known = tables_.find(offset); known != tables_.end())
            return &known->second;
        if (offset > abbreviations_.size())
            return failure("abbreviations outside of their section", offset);
        ByteReader in(abbreviations_.subspan(offset));
        auto table = TRY(Abbreviations::read(in));
        const size_t size = abbreviations_.size() - offset - in.remaining();
        if (size > abbreviations_left_)
            return failure("overlapping abbreviations", offset);
        abbreviations_left_ -= size;
        return &tables_.emplace(offset, std::move(table)).first->second;
    }

    /// Where a string is in the file; 0 if it is not in its section.
    TextOffset text_in(Bytes section, uint64_t offset) const
    {
        return offset < section.size()
            ? static_cast<TextOffset>(section.data() - file_.data() + static_cast<ptrdiff_t>(offset))
            : 0;
    }

    TextOffset text_of(const Unit& unit, const Value& value) const
    {
        switch (value.form) {
        case DW_FORM_string: return text_in(units_, value.number - base_);
        case DW_FORM_strp: return text_in(strings_, value.number);
        case DW_FORM_line_strp: return text_in(line_strings_, value.number);
        case DW_FORM_strx:
        case DW_FORM_strx1:
        case DW_FORM_strx2:
        case DW_FORM_strx3:
        case DW_FORM_strx4:
        case DW_FORM_GNU_str_index:
            if (const auto offset =
                    item(string_offsets_, string_base_, value.number, unit.sizes.offset_bytes))
                return text_in(strings_, *offset);
            return 0;
        default: return 0;
        }
    }

    static bool is_indexed_address(uint16_t form)
    {
        return form == DW_FORM_addrx || (form >= DW_FORM_addrx1 && form <= DW_FORM_addrx4)
            || form == DW_FORM_GNU_addr_index;
    }

    std::optional<uint64_t> address_of(const Unit& unit, const Value& value) const
    {
        if (value.form == DW_FORM_addr)
            return value.number;
        if (is_indexed_address(value.form))
            return item(addresses_, address_base_, value.number, unit.sizes.address_bytes);
        return std::nullopt;
    }

    /// An item of a table in a section.
    static std::optional<uint64_t> item(Bytes section, uint64_t base, uint64_t number, size_t size)
    {
        if (base > section.size() || number >= (section.size() - base) / size)
            return std::nullopt;
        const uint8_t* at = section.data() + base + number * size;
        return size == sizeof(uint64_t) ? load<uint64_t>(at) : load<uint32_t>(at);
    }

    /// The entry that a value refers to. 0 if there is none.
    static EntryOffset reference_of(const Unit& unit, const Value& value)
    {
        switch (value.form) {
        case DW_FORM_ref1:
        case DW_FORM_ref2:
        case DW_FORM_ref4:
        case DW_FORM_ref8:
        case DW_FORM_ref_udata:
            return value.number < unit.end - unit.offset ? unit.offset + static_cast<uint32_t>(value.number)
                                                         : 0;
        case DW_FORM_ref_addr: return static_cast<EntryOffset>(value.number);
        default: return 0;
        }
    }

    /// Gives entries that complete others the names and scopes of these.
    void complete()
    {
        for (const auto& [scope, signature] : named_elsewhere_) {
            const auto unit = index_.type_units.find(signature);
            const NamedEntry* type =
                unit != index_.type_units.end() ? Index::find(index_.types, unit->second) : nullptr;
            if (type)
                index_.scopes[scope] = { type->name, type->scope };
            else
                index_.scopes[scope].name = unknown_name;
        }
        for (auto* list : { &index_.functions, &index_.globals })
            for (NamedEntry& each : *list)
                complete(each, *list);
        std::ranges::sort(
            index_.inlined, {}, [](const InlinedEntry& each) { return std::pair(each.origin, each.entry); });
        std::ranges::sort(index_.addresses, {},
            [](const AddressEntry& each) { return std::pair(each.address, each.entry); });
        for (auto shrink : { &Index::functions, &Index::globals, &Index::types })
            (index_.*shrink).shrink_to_fit();
        index_.scopes.shrink_to_fit();
        index_.inlined.shrink_to_fit();
        index_.enumerators.shrink_to_fit();
    }

    static void complete(NamedEntry& entry, const std::vector<NamedEntry>& list)
    {
        constexpr int max_origins = 4;
        EntryOffset origin = entry.origin;
        for (int i = 0; i < max_origins && origin != 0; ++i) {
            const NamedEntry* found = Index::find(list, origin);
            if (!found)
                return;
            if (entry.name == 0 && found->name != 0)
                entry.name = found->name;
            if (entry.linkage_name == 0)
                entry.linkage_name = found->linkage_name;
            entry.scope = found->scope;
            origin = found->origin;
        }
    }

    const Sections& sections_;
    Bytes file_;
    const Input& input_;
    const std::optional<Skeleton>& skeleton_;
    /// The section whose units are being read, and the offset of its first entry.
    std::string_view section_;
    Bytes units_;
    uint64_t base_ = 0;
    Bytes abbreviations_, addresses_, string_offsets_, strings_, line_strings_;
    size_t abbreviations_left_;
    std::unordered_map<uint64_t, Abbreviations> tables_;
    uint64_t string_base_ = 0, address_base_ = 0;
    std::vector<Level> levels_;
    /// Scopes that are types with units of their own, and the signatures of these.
    std::vector<std::pair<uint32_t, uint64_t>> named_elsewhere_;
    Index index_;
};

} // namespace

const NamedEntry* Index::find(const std::vector<NamedEntry>& list, EntryOffset entry)
{
    const auto found = std::ranges::lower_bound(list, entry, {}, &NamedEntry::entry);
    return found != list.end() && found->entry == entry ? &*found : nullptr;
}

const Unit* Index::unit_of(EntryOffset entry) const
{
    const auto next = std::ranges::upper_bound(units, entry, {}, &Unit::offset);
    return next == units.begin() || entry >= (next - 1)->end ? nullptr : &*(next - 1);
}

void Index::sort_ranges()
{
    std::ranges::sort(
        ranges, {}, [](const FunctionRange& each) { return std::tuple(each.begin, each.end, each.entry); });
    const auto same = [](const FunctionRange& a, const FunctionRange& b) {
        return a.begin == b.begin && a.end == b.end;
    };
    const auto rest = std::ranges::unique(ranges, same);
    ranges.erase(rest.begin(), rest.end());
    ranges.shrink_to_fit();
}

Index make_index(
    const Sections& sections, Bytes file, const Input& input, const std::optional<Skeleton>& skeleton)
{
    return Indexer(sections, file, input, skeleton).run();
}

std::string_view text_at(Bytes file, TextOffset text)
{
    return text == 0 ? std::string_view {} : reinterpret_cast<const char*>(file.data() + text);
}

} // namespace vitrine::core::dwarf
