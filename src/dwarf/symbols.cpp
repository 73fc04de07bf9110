// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/symbols.h"

#include <algorithm>
#include <map>
#include <vector>

#include <llvm/ADT/StringMap.h>
#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDebugLine.h>
#include <llvm/Demangle/Demangle.h>
#include <llvm/Support/MemoryBuffer.h>

namespace vitrine::core::dwarf {

namespace {

using llvm::DWARFContext;
using llvm::DWARFDebugLine;
using llvm::object::SectionedAddress;

constexpr uint8_t custom_section = 0, code_section = 10, address_bytes = 4;

/// How many inlined functions are reported for an instruction. In hostile DWARF the nesting has no
/// limit.
constexpr size_t max_inlined = 128;

/// The parts of a module that are needed here.
struct Parts {
    /// The offset of the code section's content: DWARF addresses count from there.
    uint64_t code_offset = 0;
    uint64_t code_size = 0;
    /// By name without the dot. Of sections with the same name, the first.
    std::map<std::string_view, Bytes> sections;
};

Result<void> read_sections(Bytes module, Parts& parts)
{
    constexpr size_t header_bytes = 8;
    ByteReader in(module);
    CHECK(in.bytes(header_bytes));
    while (!in.at_end()) {
        const uint8_t id = TRY(in.byte());
        ByteReader content = TRY(in.sub_reader(TRY(in.length())));
        if (id == code_section) {
            parts.code_offset = content.offset();
            parts.code_size = content.remaining();
        } else if (id == custom_section) {
            const std::string_view name = text_of(TRY(content.bytes(TRY(content.length()))));
            if (name.starts_with(".debug_"))
                parts.sections.emplace(name.substr(1), TRY(content.bytes(content.remaining())));
        }
    }
    return {};
}

/// Skips a value of a form that line tables use. Fails for other forms.
Result<void> skip_value(ByteReader& in, uint64_t form)
{
    switch (form) {
    case llvm::dwarf::DW_FORM_data1: CHECK(in.bytes(1)); return {};
    case llvm::dwarf::DW_FORM_data2: CHECK(in.bytes(2)); return {};
    case llvm::dwarf::DW_FORM_data4:
    case llvm::dwarf::DW_FORM_strp:
    case llvm::dwarf::DW_FORM_line_strp: CHECK(in.bytes(4)); return {};
    case llvm::dwarf::DW_FORM_data8: CHECK(in.bytes(8)); return {};
    case llvm::dwarf::DW_FORM_data16: CHECK(in.bytes(16)); return {};
    case llvm::dwarf::DW_FORM_udata: CHECK(in.leb<uint64_t>()); return {};
    case llvm::dwarf::DW_FORM_block: CHECK(in.bytes(TRY(in.length()))); return {};
    case llvm::dwarf::DW_FORM_string:
        while (TRY(in.byte()) != 0) {}
        return {};
    default: return failure("a form that line tables do not use", in.offset());
    }
}

/// Reads the directories or files of a version 5 table: the forms that an entry consists of, then
/// the entries.
Result<void> check_entries(ByteReader& in)
{
    std::vector<uint64_t> forms;
    for (uint8_t count = TRY(in.byte()); count > 0; --count) {
        CHECK(in.leb<uint64_t>());
        forms.push_back(TRY(in.leb<uint64_t>()));
    }
    const auto count = TRY(in.leb<uint64_t>());
    if (forms.empty() && count > 0)
        return failure("entries without a size", in.offset());
    for (uint64_t i = 0; i < count; ++i)
        for (const uint64_t form : forms)
            CHECK(skip_value(in, form));
    return {};
}

/// Skips the next line table. Fails if its header would crash LLVM's reader.
Result<void> check_table(ByteReader& in)
{
    constexpr uint16_t with_forms = 5;
    constexpr size_t bytes_before_lengths = 6;
    ByteReader table = TRY(in.sub_reader(TRY(in.fixed<uint32_t>())));
    if (TRY(table.fixed<uint16_t>()) != with_forms)
        return {};
    if (TRY(table.byte()) != address_bytes || TRY(table.byte()) != 0)
        return failure("unsupported address size", table.offset());
    ByteReader header = TRY(table.sub_reader(TRY(table.fixed<uint32_t>())));
    // After the parameters of the line program: the operand counts of its opcodes.
    const Bytes parameters = TRY(header.bytes(bytes_before_lengths));
    CHECK(header.bytes(std::max<size_t>(parameters.back(), 1) - 1));
    CHECK(check_entries(header));
    return check_entries(header);
}

/// The longest prefix of the section with tables that can be read.
Bytes readable_tables(Bytes section)
{
    ByteReader in(section);
    size_t size = 0;
    while (!in.at_end() && check_table(in))
        size = section.size() - in.remaining();
    return section.first(size);
}

/// Skips an attribute value. Fails for forms that LLVM does not read.
Result<void> skip_attribute(ByteReader& in, uint64_t form, uint8_t address_size)
{
    using enum llvm::dwarf::Form;
    switch (form) {
    case DW_FORM_flag_present:
    case DW_FORM_implicit_const: return {};
    case DW_FORM_ref1:
    case DW_FORM_flag:
    case DW_FORM_strx1:
    case DW_FORM_addrx1: CHECK(in.bytes(1)); return {};
    case DW_FORM_ref2:
    case DW_FORM_strx2:
    case DW_FORM_addrx2: CHECK(in.bytes(2)); return {};
    case DW_FORM_strx3:
    case DW_FORM_addrx3: CHECK(in.bytes(3)); return {};
    case DW_FORM_addr: CHECK(in.bytes(address_size)); return {};
    case DW_FORM_ref4:
    case DW_FORM_ref_addr:
    case DW_FORM_sec_offset:
    case DW_FORM_strx4:
    case DW_FORM_addrx4: CHECK(in.bytes(4)); return {};
    case DW_FORM_ref8:
    case DW_FORM_ref_sig8: CHECK(in.bytes(8)); return {};
    case DW_FORM_sdata: CHECK(in.leb<int64_t>()); return {};
    case DW_FORM_ref_udata:
    case DW_FORM_strx:
    case DW_FORM_addrx:
    case DW_FORM_loclistx:
    case DW_FORM_rnglistx: CHECK(in.leb<uint64_t>()); return {};
    case DW_FORM_exprloc: CHECK(in.bytes(TRY(in.length()))); return {};
    case DW_FORM_block1: CHECK(in.bytes(TRY(in.byte()))); return {};
    case DW_FORM_block2: CHECK(in.bytes(TRY(in.fixed<uint16_t>()))); return {};
    case DW_FORM_block4: CHECK(in.bytes(TRY(in.fixed<uint32_t>()))); return {};
    default: return skip_value(in, form);
    }
}

/// By abbreviation code: the forms of an entry's attribute values.
using Abbreviations = std::map<uint64_t, std::vector<uint64_t>>;

Result<Abbreviations> read_abbreviations(ByteReader& in)
{
    Abbreviations table;
    while (const auto code = TRY(in.leb<uint64_t>())) {
        CHECK(in.leb<uint64_t>());
        CHECK(in.byte());
        std::vector<uint64_t>& forms = table[code];
        forms.clear();
        for (;;) {
            const auto attribute = TRY(in.leb<uint64_t>());
            const auto form = TRY(in.leb<uint64_t>());
            if (attribute == 0 && form == 0)
                break;
            if (form == llvm::dwarf::DW_FORM_implicit_const)
                CHECK(in.leb<int64_t>());
            forms.push_back(form);
        }
    }
    return table;
}

/// Checks whether LLVM's reader can safely read a unit: it does not check that attribute values end
/// within the unit.
class UnitChecker {
public:
    explicit UnitChecker(Bytes abbreviations) : section_(abbreviations), left_(abbreviations.size()) {}

    /// Skips the next unit, or fails.
    Result<void> check(ByteReader& in)
    {
        constexpr uint16_t first_version = 3, with_types = 5;
        ByteReader unit = TRY(in.sub_reader(TRY(in.fixed<uint32_t>())));
        const auto version = TRY(unit.fixed<uint16_t>());
        if (version < first_version || version > with_types)
            return failure("unsupported version", unit.offset());
        if (version == with_types && TRY(unit.byte()) != llvm::dwarf::DW_UT_compile)
            return failure("unsupported kind of unit", unit.offset());
        uint8_t address_size = version == with_types ? TRY(unit.byte()) : 0;
        const Abbreviations& table = *TRY(table_at(TRY(unit.fixed<uint32_t>())));
        if (version != with_types)
            address_size = TRY(unit.byte());
        if (address_size != address_bytes && address_size != 2 * address_bytes)
            return failure("unsupported address size", unit.offset());
        while (!unit.at_end()) {
            const auto code = TRY(unit.leb<uint64_t>());
            const auto forms = table.find(code);
            if (code != 0 && forms == table.end())
                return failure("unknown abbreviation code", unit.offset());
            if (code != 0)
                for (const uint64_t form : forms->second)
                    CHECK(skip_attribute(unit, form, address_size));
        }
        return {};
    }

private:
    /// Fails if tables overlap, because reading them would take time quadratic in their size.
    Result<const Abbreviations*> table_at(uint32_t offset)
    {
        if (const auto known = tables_.find(offset); known != tables_.end())
            return &known->second;
        if (offset > section_.size())
            return failure("abbreviation table outside of its section", offset);
        ByteReader in(section_.subspan(offset));
        auto table = TRY(read_abbreviations(in));
        const size_t size = section_.size() - offset - in.remaining();
        if (size > left_)
            return failure("overlapping abbreviation tables", offset);
        left_ -= size;
        return &tables_.emplace(offset, std::move(table)).first->second;
    }

    Bytes section_;
    size_t left_;
    std::map<uint32_t, Abbreviations> tables_;
};

/// The longest prefix of the section with units that can be read.
Bytes readable_units(Bytes section, Bytes abbreviations)
{
    UnitChecker checker(abbreviations);
    ByteReader in(section);
    size_t size = 0;
    while (!in.at_end() && checker.check(in))
        size = section.size() - in.remaining();
    return section.first(size);
}

void ignore(llvm::Error error) { llvm::consumeError(std::move(error)); }

/// A range of code that belongs to a function or to an inlined call of it.
struct CodeRange {
    uint64_t begin, end;
    /// The index of its entry in the unit.
    uint32_t die;
};

/// The functions of a unit in the order of their entries: a function comes before those inlined
/// into it.
struct UnitFunctions {
    llvm::DWARFUnit* unit;
    std::vector<CodeRange> ranges;
};

bool is_function(const llvm::DWARFDie& die)
{
    return die.getTag() == llvm::dwarf::DW_TAG_subprogram
        || die.getTag() == llvm::dwarf::DW_TAG_inlined_subroutine;
}

class DwarfSymbols final : public Symbols {
public:
    explicit DwarfSymbols(Bytes module)
    {
        // Everything before the malformed part is still usable.
        (void)read_sections(module, parts_);
        const auto lines = parts_.sections.find("debug_line");
        if (lines == parts_.sections.end())
            return;
        lines->second = readable_tables(lines->second);
        if (const auto units = parts_.sections.find("debug_info"); units != parts_.sections.end()) {
            const Bytes all = units->second;
            units->second = readable_units(all, parts_.sections["debug_abbrev"]);
            has_all_units_ = units->second.size() == all.size();
        }
        ranges_left_ = module.size();
        read_tables();
    }

    std::optional<Line> find_line(uint32_t offset) const override
    {
        if (offset < parts_.code_offset || offset - parts_.code_offset >= parts_.code_size)
            return std::nullopt;
        const SectionedAddress address { offset - parts_.code_offset, SectionedAddress::UndefSection };
        for (const auto& [at, table] : tables_)
            if (const uint32_t row = table.lookupAddress(address); row != table.UnknownRowIndex)
                if (auto line =
                        line_of(table, table.Rows[row].File, table.Rows[row].Line, table.Rows[row].Column))
                    return line;
        return std::nullopt;
    }

    std::vector<SourceFrame> find_frames(uint32_t offset) const override
    {
        auto line = find_line(offset);
        std::vector<SourceFrame> frames;
        for (llvm::DWARFDie die = find_function(offset); die; die = die.getParent()) {
            if (!is_function(die))
                continue;
            const bool is_inlined = die.getTag() == llvm::dwarf::DW_TAG_inlined_subroutine;
            if (frames.size() < max_inlined || !is_inlined) {
                const char* name = die.getSubroutineName(llvm::DINameKind::LinkageName);
                frames.push_back({ name ? name : "", std::move(line), is_inlined });
            }
            if (!is_inlined)
                return frames;
            line = call_of(die);
        }
        // Assemblers do not describe functions, and they inline none: report the line alone. But if
        // a unit could not be read, we do not know which function the line belongs to.
        if (frames.empty() && line && has_all_units_)
            frames.push_back({ "", std::move(line) });
        return frames;
    }

private:
    static std::optional<Line> line_of(
        const DWARFDebugLine::LineTable& table, uint64_t file, uint32_t line, uint32_t column)
    {
        std::string name;
        // Line 0 marks code that belongs to no line.
        if (line == 0
            || !table.getFileNameByIndex(
                file, "", llvm::DILineInfoSpecifier::FileLineInfoKind::RelativeFilePath, name))
            return std::nullopt;
        return Line { std::move(name), line, column };
    }

    /// The place of the call that was inlined.
    std::optional<Line> call_of(const llvm::DWARFDie& die) const
    {
        const auto statements =
            llvm::dwarf::toSectionOffset(die.getDwarfUnit()->getUnitDIE().find(llvm::dwarf::DW_AT_stmt_list));
        const auto table = statements ? tables_.find(*statements) : tables_.end();
        if (table == tables_.end())
            return std::nullopt;
        uint32_t file = 0, line = 0, column = 0, discriminator = 0;
        die.getCallerFrame(file, line, column, discriminator);
        return line_of(table->second, file, line, column);
    }

    /// The innermost function with code at the offset.
    llvm::DWARFDie find_function(uint32_t offset) const
    {
        if (!context_ || offset < parts_.code_offset || offset - parts_.code_offset >= parts_.code_size)
            return {};
        const uint64_t address = offset - parts_.code_offset;
        for (const UnitFunctions& functions : functions_of_units()) {
            const auto innermost = std::find_if(functions.ranges.rbegin(), functions.ranges.rend(),
                [&](const CodeRange& range) { return range.begin <= address && address < range.end; });
            if (innermost != functions.ranges.rend())
                return functions.unit->getDIEAtIndex(innermost->die);
        }
        return {};
    }

    /// Built at the first use.
    const std::vector<UnitFunctions>& functions_of_units() const
    {
        if (!functions_) {
            functions_.emplace();
            for (const auto& unit : context_->normal_units())
                functions_->push_back({ unit.get(), ranges_of(*unit) });
        }
        return *functions_;
    }

    /// Iterates over the entries instead of recursing, because hostile ones may be nested very
    /// deeply.
    std::vector<CodeRange> ranges_of(llvm::DWARFUnit& unit) const
    {
        std::vector<CodeRange> ranges;
        // This extracts the entries.
        (void)unit.getUnitDIE(false);
        for (uint32_t i = 0; i < unit.getNumDIEs(); ++i) {
            const llvm::DWARFDie die = unit.getDIEAtIndex(i);
            if (!is_function(die))
                continue;
            auto found = die.getAddressRanges();
            if (!found) {
                ignore(found.takeError());
                continue;
            }
            // Many entries may share one long list, which would take time quadratic in the size of
            // the module.
            if (ranges_left_ < found->size())
                return ranges;
            ranges_left_ -= found->size();
            for (const llvm::DWARFAddressRange& range : *found)
                // The linker sets the addresses of removed code to 0 or out of range.
                if (range.LowPC != 0 && range.HighPC <= parts_.code_size)
                    ranges.push_back({ range.LowPC, range.HighPC, i });
        }
        return ranges;
    }

    void read_tables()
    {
        llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> buffers;
        for (const std::string_view name : { "debug_line", "debug_line_str", "debug_str", "debug_info",
                 "debug_abbrev", "debug_ranges", "debug_rnglists", "debug_addr", "debug_str_offsets" })
            if (const auto found = parts_.sections.find(name); found != parts_.sections.end())
                buffers[name] = llvm::MemoryBuffer::getMemBuffer(text_of(found->second), "", false);
        context_ = DWARFContext::create(buffers, address_bytes, true, ignore, ignore);
        const llvm::DWARFObject& object = context_->getDWARFObj();
        llvm::DWARFDataExtractor data(object, object.getLineSection(), true, address_bytes);
        DWARFDebugLine::SectionParser parser(data, *context_, context_->normal_units());
        while (!parser.done()) {
            const uint64_t at = parser.getOffset();
            DWARFDebugLine::LineTable table = parser.parseNext(ignore, ignore);
            // The linker sets the addresses of removed code to 0 or out of range.
            std::erase_if(table.Sequences, [&](const DWARFDebugLine::Sequence& sequence) {
                return sequence.LowPC == 0 || sequence.HighPC > parts_.code_size;
            });
            if (!table.Sequences.empty())
                tables_.emplace(at, std::move(table));
        }
    }

    Parts parts_;
    std::unique_ptr<DWARFContext> context_;
    /// By their offsets in the section.
    std::map<uint64_t, DWARFDebugLine::LineTable> tables_;
    bool has_all_units_ = true;
    mutable std::optional<std::vector<UnitFunctions>> functions_;
    /// How many function ranges may still be read. Starts at the size of the module in bytes.
    mutable size_t ranges_left_ = 0;
};

} // namespace

std::unique_ptr<const Symbols> Symbols::read(Bytes module) { return std::make_unique<DwarfSymbols>(module); }

std::string demangled(std::string_view name)
{
    constexpr size_t hash_size = 19;
    std::string text = llvm::demangle(name);
    // Rust's legacy mangling ends in a hash: `::h` and 16 digits.
    if (name.starts_with("_ZN") && text.size() > hash_size) {
        const std::string_view end = std::string_view(text).substr(text.size() - hash_size);
        if (end.starts_with("::h") && end.find_first_not_of("0123456789abcdef", 3) == end.npos)
            text.resize(text.size() - hash_size);
    }
    return text;
}

} // namespace vitrine::core::dwarf
