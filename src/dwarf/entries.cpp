// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/entries.h"

#include "dwarf/language.h"

#include <algorithm>
#include <map>

#include <llvm/ADT/StringMap.h>
#include <llvm/Support/MemoryBuffer.h>

namespace vitrine::core::dwarf {

namespace {

using namespace llvm::dwarf;

/// How many entries complete each other: an inlined or compiled function, the abstract one, its
/// declaration.
constexpr int max_origins = 4;
/// Deeper scopes are left out of names.
constexpr int max_scopes = 64;
constexpr size_t max_ranges = 1'000'000;
constexpr size_t max_extracted_bytes = size_t { 256 } << 20;
/// What LLVM keeps of an entry.
constexpr size_t entry_bytes = 32;

void ignore(llvm::Error error) { llvm::consumeError(std::move(error)); }

} // namespace

Entries::Entries(const Sections& sections, Bytes file, const Input& input, uint32_t part, Entries* main,
    std::optional<Skeleton> skeleton)
    : sections_(sections), file_(file), input_(input), part_(part), main_(main), skeleton_(skeleton)
{}

llvm::DWARFContext& Entries::context()
{
    if (context_)
        return *context_;
    llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> buffers;
    for (const auto& [name, bytes] : sections_.debug) {
        // These two are the module's, and the others are called so in files of split information.
        const bool is_shared = name == "debug_addr" || name == "debug_ranges";
        const std::string full = std::string(name) + (skeleton_ && !is_shared ? ".dwo" : "");
        buffers[full] = llvm::MemoryBuffer::getMemBuffer(core::text_of(bytes), "", false);
    }
    const uint8_t address_bytes = index_.units.empty() ? 4 : index_.units.front().sizes.address_bytes;
    context_ = llvm::DWARFContext::create(buffers, address_bytes, true, ignore, ignore);
    extracted_.assign(index_.units.size(), Extracted::NotYet);
    extracted_bytes_ = 0;
    return *context_;
}

/// LLVM's unit at an offset; null if it has none there.
llvm::DWARFUnit* Entries::unit_at(uint32_t offset)
{
    const size_t info_bytes = sections_.find("debug_info").size();
    const bool is_type = offset >= info_bytes;
    const auto units = skeleton_
        ? is_type ? context().dwo_types_section_units() : context().dwo_info_section_units()
        : is_type ? context().types_section_units()
                  : context().info_section_units();
    const uint64_t within = offset - (is_type ? info_bytes : 0);
    const auto* found = std::ranges::lower_bound(
        units.begin(), units.end(), within, {}, [](const auto& unit) { return unit->getOffset(); });
    if (found == units.end() || (*found)->getOffset() != within)
        return nullptr;
    llvm::DWARFUnit& unit = **found;
    if (skeleton_) {
        constexpr uint16_t with_own_ranges = 5;
        const llvm::DWARFObject& object = context().getDWARFObj();
        unit.setSkeletonUnit(main_->unit_at(skeleton_->unit.offset));
        unit.setAddrOffsetSection(&object.getAddrSection(), skeleton_->unit.addresses);
        if (unit.getVersion() < with_own_ranges)
            unit.setRangesSection(&object.getRangesSection(), skeleton_->unit.ranges);
    }
    return &unit;
}

/// The offset of the first entry of the unit's section.
EntryOffset Entries::base_of(const llvm::DWARFUnit& unit) const
{
    const Bytes types = sections_.find(types_section);
    const bool is_type = !types.empty() && bytes_of(unit.getInfoSection().Data).data() == types.data();
    return is_type ? static_cast<EntryOffset>(sections_.find("debug_info").size()) : 0;
}

EntryOffset Entries::offset_of(const DWARFDie& die) const
{
    return static_cast<EntryOffset>(base_of(*die.getDwarfUnit()) + die.getOffset());
}

void Entries::make_index()
{
    index_ = dwarf::make_index(sections_, file_, input_, skeleton_);
    begin_question();
    if (!skeleton_)
        read_lines();
    ranges_left_ = file_.size();
    for (const EntryOffset each : index_.listed)
        if (const DWARFDie die = at(each))
            for (const source::Range& range : ranges_of(die))
                index_.ranges.push_back({ range.begin, range.end, each });
    index_.listed = {};
    index_.sort_ranges();
    // Details are read from a new context: this one may have extracted many units.
    context_.reset();
    end_question();
}

void Entries::read_lines()
{
    std::map<uint32_t, std::string_view> directories;
    // Units of types share the table of another unit, and have no directory.
    for (const Unit& unit : index_.units)
        if (unit.lines && unit.directory != 0)
            directories.try_emplace(*unit.lines, text_at(unit.directory));
    const uint8_t address_bytes = index_.units.empty() ? 4 : index_.units.front().sizes.address_bytes;
    lines_.read(context(), sections_, address_bytes, [&](uint32_t table) {
        const auto found = directories.find(table);
        return found == directories.end() ? std::string_view {} : found->second;
    });
}

void Entries::begin_question()
{
    if (extracted_bytes_ > max_extracted_bytes && !keeps_units_)
        context_.reset();
    ranges_left_ = max_ranges;
}

void Entries::end_question()
{
    if (input_.unit)
        *input_.unit = no_unit;
}

DWARFDie Entries::at(EntryOffset entry)
{
    const Unit* unit = index_.unit_of(entry);
    if (!unit || !unit->is_readable)
        return {};
    const auto number = static_cast<size_t>(unit - index_.units.data());
    if (input_.unit)
        *input_.unit = skeleton_ ? skeleton_->number : static_cast<uint32_t>(number);
    llvm::DWARFUnit* known = unit_at(unit->offset);
    if (!known)
        return {};
    if (extracted_[number] == Extracted::NotYet) {
        extracted_bytes_ += unit->entries * entry_bytes;
        // LLVM keeps a unit of which it could read only the beginning, and may crash when it is
        // asked for more.
        llvm::Error error = known->tryExtractDIEsIfNeeded(false);
        extracted_[number] = error ? Extracted::Bad : Extracted::Good;
        ignore(std::move(error));
    }
    if (extracted_[number] == Extracted::Bad)
        return {};
    const DWARFDie die = known->getDIEForOffset(entry - base_of(*known));
    return die && !die.isNULL() ? die : DWARFDie();
}

DWARFDie Entries::reference(const DWARFDie& die, Attribute attribute)
{
    const auto value = die.find(attribute);
    const DWARFDie entry = value ? entry_of(die, *value) : DWARFDie();
    const auto definition = entry ? entry.find(DW_AT_signature) : std::nullopt;
    if (const DWARFDie type = definition ? entry_of(entry, *definition) : DWARFDie())
        return type;
    return entry;
}

/// The entry that a value of `die` refers to.
DWARFDie Entries::entry_of(const DWARFDie& die, const llvm::DWARFFormValue& value)
{
    if (const auto within = value.getAsRelativeReference()) {
        const llvm::DWARFUnit& unit = *die.getDwarfUnit();
        return at(static_cast<EntryOffset>(base_of(unit) + unit.getOffset() + *within));
    }
    if (const auto entry = value.getAsDebugInfoReference())
        return at(static_cast<EntryOffset>(*entry));
    if (const auto signature = value.getAsSignatureReference())
        if (const auto found = index_.type_units.find(*signature); found != index_.type_units.end())
            return at(found->second);
    return {};
}

DWARFDie Entries::origin_of(const DWARFDie& die)
{
    if (const DWARFDie origin = reference(die, DW_AT_abstract_origin))
        return origin;
    return reference(die, DW_AT_specification);
}

std::optional<llvm::DWARFFormValue> Entries::find_value(DWARFDie die, Attribute attribute)
{
    for (int i = 0; i < max_origins && die; ++i, die = origin_of(die))
        if (auto value = die.find(attribute))
            return value;
    return std::nullopt;
}

DWARFDie Entries::find_reference(DWARFDie die, Attribute attribute)
{
    for (int i = 0; i < max_origins && die; ++i, die = origin_of(die))
        if (die.find(attribute))
            return reference(die, attribute);
    return {};
}

std::vector<source::Range> Entries::ranges_of(const DWARFDie& die)
{
    auto found = die.getAddressRanges();
    if (!found) {
        ignore(found.takeError());
        return {};
    }
    // Many entries may share one long list, which would take time quadratic in the size of the
    // module.
    if (ranges_left_ < found->size())
        return {};
    ranges_left_ -= found->size();
    std::vector<source::Range> ranges;
    for (const llvm::DWARFAddressRange& each : *found)
        if (const auto range = sections_.range_of(each.LowPC, each.HighPC))
            ranges.push_back(*range);
    return ranges;
}

std::string Entries::text(DWARFDie die, Attribute attribute)
{
    return toStringRef(find_value(die, attribute)).str();
}

uint64_t Entries::number(const DWARFDie& die, Attribute attribute, uint64_t otherwise)
{
    return toUnsigned(die.find(attribute), otherwise);
}

bool Entries::flag(DWARFDie die, Attribute attribute)
{
    const auto value = find_value(die, attribute);
    return value && value->getRawUValue() != 0;
}

source::Place Entries::place(const DWARFDie& die, Attribute file, Attribute line, Attribute column)
{
    const Unit* unit = index_.unit_of(offset_of(die));
    const auto number = toUnsigned(die.find(file));
    if (!unit || !unit->lines || !number)
        return {};
    const auto id = lines().find_file(*unit->lines, *number);
    if (!id)
        return {};
    const auto as_number = [&](Attribute attribute) {
        return static_cast<uint32_t>(std::min<uint64_t>(toUnsigned(die.find(attribute), 0), UINT32_MAX));
    };
    return { *id, as_number(line), as_number(column) };
}

source::Place Entries::declared_at(DWARFDie die)
{
    for (int i = 0; i < max_origins && die; ++i, die = origin_of(die))
        if (die.find(DW_AT_decl_line))
            return place(die, DW_AT_decl_file, DW_AT_decl_line, DW_AT_decl_column);
    return {};
}

source::Place Entries::called_at(const DWARFDie& die)
{
    return place(die, DW_AT_call_file, DW_AT_call_line, DW_AT_call_column);
}

source::Language Entries::language(const DWARFDie& die) const
{
    const Unit* unit = index_.unit_of(offset_of(die));
    return unit ? unit->language : source::Language::Unknown;
}

uint8_t Entries::address_bytes(const DWARFDie& die) const { return die.getDwarfUnit()->getAddressByteSize(); }

std::string Entries::name_of(const NamedEntry& entry) const
{
    std::string name(text_at(entry.name));
    const Unit* unit = index_.unit_of(entry.entry);
    const std::string_view separator = separator_of(unit ? unit->language : source::Language::Unknown);
    uint32_t scope = entry.scope;
    for (int i = 0; i < max_scopes && scope != 0 && scope < index_.scopes.size(); ++i) {
        const ScopeNode& node = index_.scopes[scope];
        scope = node.parent;
        if (node.name == unknown_name)
            continue;
        const std::string_view outer =
            node.name == 0 ? std::string_view("(anonymous namespace)") : text_at(node.name);
        name.insert(0, separator).insert(0, outer);
    }
    return name;
}

std::string Entries::function_name(const DWARFDie& die)
{
    const NamedEntry* known = Index::find(index_.functions, offset_of(die));
    return known ? name_of(*known) : "";
}

std::string Entries::qualified_name(DWARFDie die)
{
    std::string name = text(die, DW_AT_name);
    if (name.empty())
        return name;
    if (const DWARFDie declaration = reference(die, DW_AT_specification))
        die = declaration;
    const std::string_view separator = separator_of(language(die));
    for (int i = 0; i < max_scopes && (die = die.getParent()); ++i) {
        const Tag tag = die.getTag();
        if (tag == DW_TAG_namespace && !die.find(DW_AT_name)) {
            name.insert(0, separator).insert(0, "(anonymous namespace)");
            continue;
        }
        if (tag != DW_TAG_namespace && tag != DW_TAG_module && tag != DW_TAG_structure_type
            && tag != DW_TAG_class_type && tag != DW_TAG_union_type && tag != DW_TAG_enumeration_type
            && tag != DW_TAG_subprogram)
            continue;
        if (const std::string outer = text(die, DW_AT_name); !outer.empty())
            name.insert(0, separator).insert(0, outer);
    }
    return name;
}

} // namespace vitrine::core::dwarf
