// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/symbols.h"

#include <algorithm>
#include <map>
#include <vector>

#include <llvm/ADT/StringMap.h>
#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDebugLine.h>
#include <llvm/Demangle/Demangle.h>
#include <llvm/Support/MemoryBuffer.h>

namespace vitrine::core::source {

namespace {

using llvm::DWARFContext;
using llvm::DWARFDebugLine;
using llvm::object::SectionedAddress;

constexpr uint8_t custom_section = 0, code_section = 10, address_bytes = 4;

/// The parts of a module that matter here.
struct Parts {
    /// Where the content of the code section begins in the file: DWARF counts from there.
    uint64_t code_offset = 0;
    uint64_t code_size = 0;
    /// By name, without the dot; the first of each counts.
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

/// Moves behind a value of a form that line tables have; other forms are refused.
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
    default: return failure("no form of a line table", in.offset());
    }
}

/// Reads folders or files of a table of version 5: which forms an entry has, and the entries.
Result<void> check_entries(ByteReader& in)
{
    std::vector<uint64_t> forms;
    for (uint8_t count = TRY(in.byte()); count > 0; --count) {
        CHECK(in.leb<uint64_t>());
        forms.push_back(TRY(in.leb<uint64_t>()));
    }
    const auto count = TRY(in.leb<uint64_t>());
    if (forms.empty() && count > 0)
        return failure("entries of no size", in.offset());
    for (uint64_t i = 0; i < count; ++i)
        for (const uint64_t form : forms)
            CHECK(skip_value(in, form));
    return {};
}

/// Refuses the next line table when LLVM's reader would not survive its header; else moves behind it.
Result<void> check_table(ByteReader& in)
{
    constexpr uint16_t with_forms = 5;
    constexpr size_t bytes_before_lengths = 6;
    ByteReader table = TRY(in.sub_reader(TRY(in.fixed<uint32_t>())));
    if (TRY(table.fixed<uint16_t>()) != with_forms)
        return {};
    if (TRY(table.byte()) != address_bytes || TRY(table.byte()) != 0)
        return failure("addresses of another size", table.offset());
    ByteReader header = TRY(table.sub_reader(TRY(table.fixed<uint32_t>())));
    // Behind the parameters of the program: how many operands each of its instructions has.
    const Bytes parameters = TRY(header.bytes(bytes_before_lengths));
    CHECK(header.bytes(std::max<size_t>(parameters.back(), 1) - 1));
    CHECK(check_entries(header));
    return check_entries(header);
}

/// The tables at the beginning of the section that can be read.
Bytes readable_tables(Bytes section)
{
    ByteReader in(section);
    size_t size = 0;
    while (!in.at_end() && check_table(in))
        size = section.size() - in.remaining();
    return section.first(size);
}

void ignore(llvm::Error error) { llvm::consumeError(std::move(error)); }

class DwarfSymbols final : public Symbols {
public:
    explicit DwarfSymbols(Bytes module)
    {
        // What stands before something malformed is still good.
        (void)read_sections(module, parts_);
        const auto lines = parts_.sections.find("debug_line");
        if (lines == parts_.sections.end())
            return;
        lines->second = readable_tables(lines->second);
        read_tables();
    }

    std::optional<Line> find_line(uint32_t offset) const override
    {
        if (offset < parts_.code_offset || offset - parts_.code_offset >= parts_.code_size)
            return std::nullopt;
        const SectionedAddress address { offset - parts_.code_offset, SectionedAddress::UndefSection };
        for (const DWARFDebugLine::LineTable& table : tables_)
            if (const uint32_t row = table.lookupAddress(address); row != table.UnknownRowIndex)
                if (auto line = line_of(table, table.Rows[row]))
                    return line;
        return std::nullopt;
    }

private:
    static std::optional<Line> line_of(const DWARFDebugLine::LineTable& table, const DWARFDebugLine::Row& row)
    {
        std::string file;
        // Line 0 is code that no line stands for.
        if (row.Line == 0
            || !table.getFileNameByIndex(
                row.File, "", llvm::DILineInfoSpecifier::FileLineInfoKind::RelativeFilePath, file))
            return std::nullopt;
        return Line { std::move(file), row.Line, row.Column };
    }

    void read_tables()
    {
        llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> buffers;
        for (const std::string_view name : { "debug_line", "debug_line_str", "debug_str" })
            if (const auto found = parts_.sections.find(name); found != parts_.sections.end())
                buffers[name] = llvm::MemoryBuffer::getMemBuffer(text_of(found->second), "", false);
        context_ = DWARFContext::create(buffers, address_bytes, true, ignore, ignore);
        const llvm::DWARFObject& object = context_->getDWARFObj();
        llvm::DWARFDataExtractor data(object, object.getLineSection(), true, address_bytes);
        DWARFDebugLine::SectionParser parser(data, *context_, context_->normal_units());
        while (!parser.done()) {
            DWARFDebugLine::LineTable table = parser.parseNext(ignore, ignore);
            // What was left out of the module has addresses of nothing.
            std::erase_if(table.Sequences, [&](const DWARFDebugLine::Sequence& sequence) {
                return sequence.LowPC == 0 || sequence.HighPC > parts_.code_size;
            });
            if (!table.Sequences.empty())
                tables_.push_back(std::move(table));
        }
    }

    Parts parts_;
    std::unique_ptr<DWARFContext> context_;
    std::vector<DWARFDebugLine::LineTable> tables_;
};

} // namespace

std::unique_ptr<const Symbols> Symbols::read(Bytes module) { return std::make_unique<DwarfSymbols>(module); }

std::string demangled(std::string_view name)
{
    constexpr size_t hash_size = 19;
    std::string text = llvm::demangle(name);
    // Rust's older form ends in a hash: `::h` and 16 digits.
    if (name.starts_with("_ZN") && text.size() > hash_size) {
        const std::string_view end = std::string_view(text).substr(text.size() - hash_size);
        if (end.starts_with("::h") && end.find_first_not_of("0123456789abcdef", 3) == end.npos)
            text.resize(text.size() - hash_size);
    }
    return text;
}

} // namespace vitrine::core::source
