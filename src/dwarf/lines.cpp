// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/lines.h"

#include "dwarf/form.h"

#include <algorithm>

#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDebugLine.h>

namespace vitrine::core::dwarf {

namespace {

using llvm::DWARFDebugLine;

/// The number of no file: a unit has no file with it.
constexpr source::FileId no_file { UINT32_MAX };

constexpr uint32_t max_files = (1u << 20) - 1, max_line = (1u << 24) - 1, max_column = (1u << 12) - 1;

void ignore(llvm::Error error) { llvm::consumeError(std::move(error)); }

bool is_form_of_line_tables(uint64_t form)
{
    switch (form) {
    case llvm::dwarf::DW_FORM_data1:
    case llvm::dwarf::DW_FORM_data2:
    case llvm::dwarf::DW_FORM_data4:
    case llvm::dwarf::DW_FORM_data8:
    case llvm::dwarf::DW_FORM_data16:
    case llvm::dwarf::DW_FORM_strp:
    case llvm::dwarf::DW_FORM_line_strp:
    case llvm::dwarf::DW_FORM_udata:
    case llvm::dwarf::DW_FORM_block:
    case llvm::dwarf::DW_FORM_string: return true;
    default: return false;
    }
}

/// Skips the directories or files of a version 5 table: the forms that an entry consists of, then
/// the entries.
Result<void> check_entries(ByteReader& in, Sizes sizes)
{
    std::vector<AttributeForm> forms;
    for (uint8_t count = TRY(in.byte()); count > 0; --count) {
        CHECK(in.leb<uint64_t>());
        const auto form = TRY(in.leb<uint64_t>());
        if (!is_form_of_line_tables(form))
            return failure("a form that line tables do not use", in.offset());
        forms.push_back({ 0, static_cast<uint16_t>(form) });
    }
    const auto count = TRY(in.leb<uint64_t>());
    if (forms.empty() && count > 0)
        return failure("entries without a size", in.offset());
    for (uint64_t i = 0; i < count; ++i)
        for (const AttributeForm& form : forms)
            CHECK(read_value(in, form, sizes));
    return {};
}

/// Skips the next line table. Fails if its header would crash LLVM's reader.
Result<void> check_table(ByteReader& in)
{
    constexpr uint16_t with_forms = 5;
    constexpr size_t bytes_before_lengths = 6;
    const InitialLength length = TRY(read_initial_length(in));
    ByteReader table = TRY(in.sub_reader(length.length));
    if (TRY(table.fixed<uint16_t>()) != with_forms)
        return {};
    const uint8_t address_bytes = TRY(table.byte());
    if ((address_bytes != 4 && address_bytes != 8) || TRY(table.byte()) != 0)
        return failure("unsupported address size", table.offset());
    ByteReader header = TRY(table.sub_reader(TRY(read_offset(table, length.offset_bytes))));
    // After the parameters of the line program: the operand counts of its opcodes.
    const Bytes parameters = TRY(header.bytes(bytes_before_lengths));
    CHECK(header.bytes(std::max<size_t>(parameters.back(), 1) - 1));
    const Sizes sizes { 0, length.offset_bytes };
    CHECK(check_entries(header, sizes));
    return check_entries(header, sizes);
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

/// A file of a table, with a path relative to the directory in which the compiler ran.
source::File file_of(const DWARFDebugLine::LineTable& table, uint64_t number, std::string_view directory)
{
    source::File file;
    if (!table.getFileNameByIndex(
            number, "", llvm::DILineInfoSpecifier::FileLineInfoKind::RelativeFilePath, file.path))
        return {};
    file.directory = directory;
    const auto& prologue = table.Prologue;
    if (file.directory.empty() && prologue.getVersion() >= 5 && !prologue.IncludeDirectories.empty())
        file.directory = llvm::dwarf::toString(prologue.IncludeDirectories.front(), "");
    if (prologue.ContentTypes.HasMD5)
        std::ranges::copy(prologue.getFileNameEntry(number).Checksum, file.md5.emplace().begin());
    return file;
}

} // namespace

/// Turns one of LLVM's tables into rows.
class Lines::TableReader {
public:
    TableReader(Lines& lines, const Sections& sections, std::vector<Sequence>& sequences)
        : lines_(lines), sections_(sections), sequences_(sequences)
    {}

    void take(uint32_t offset, const DWARFDebugLine::LineTable& table, std::string_view directory)
    {
        const auto last = table.Prologue.getLastValidFileIndex();
        std::vector<source::FileId>& files = lines_.tables_[offset];
        for (uint64_t number = 0; last && number <= *last; ++number)
            files.push_back(
                table.hasFileAtIndex(number) ? lines_.add_file(file_of(table, number, directory)) : no_file);
        for (const DWARFDebugLine::Sequence& sequence : table.Sequences)
            if (const auto range = sections_.range_of(sequence.LowPC, sequence.HighPC);
                range && sequence.LastRowIndex <= table.Rows.size())
                take(table, sequence, *range, files);
    }

private:
    void take(const DWARFDebugLine::LineTable& table, const DWARFDebugLine::Sequence& sequence,
        source::Range range, const std::vector<source::FileId>& files)
    {
        const size_t first = lines_.rows_.size();
        uint64_t low = sequence.LowPC;
        for (uint32_t i = sequence.FirstRowIndex; i < sequence.LastRowIndex; ++i) {
            const DWARFDebugLine::Row& row = table.Rows[i];
            // Rows are in order, but not if the table is malformed.
            low = std::clamp(row.Address.Address, low, sequence.HighPC);
            add(row, static_cast<CodeOffset>(sections_.code_offset + low), files, first);
        }
        if (lines_.rows_.size() > first)
            sequences_.push_back({ range.begin, range.end, first, lines_.rows_.size() });
    }

    void add(const DWARFDebugLine::Row& row, CodeOffset begin, const std::vector<source::FileId>& files,
        size_t first)
    {
        const auto file = row.File < files.size() ? files[row.File] : no_file;
        const bool is_known = file != no_file && row.Line <= max_line && !row.EndSequence;
        PackedRow packed { .begin = begin,
            .line = is_known ? row.Line : 0,
            .is_statement = row.IsStmt,
            .is_prologue_end = row.PrologueEnd,
            .is_end = row.EndSequence,
            .unused = 0,
            .file = is_known ? static_cast<uint32_t>(file) : 0,
            .column = row.Column <= max_column ? row.Column : 0u };
        auto& rows = lines_.rows_;
        // A row without instructions counts only for what it says of the same line.
        if (rows.size() > first && rows.back().begin == begin) {
            if (rows.back().line == packed.line && rows.back().file == packed.file) {
                packed.is_statement |= rows.back().is_statement;
                packed.is_prologue_end |= rows.back().is_prologue_end;
            }
            rows.pop_back();
        }
        rows.push_back(packed);
    }

    Lines& lines_;
    const Sections& sections_;
    std::vector<Sequence>& sequences_;
};

void Lines::read(llvm::DWARFContext& context, const Sections& sections, uint8_t address_bytes,
    const std::function<std::string_view(uint32_t)>& directory_of)
{
    const Bytes section = readable_tables(sections.find("debug_line"));
    llvm::DWARFDataExtractor data(text_of(section), true, address_bytes);
    // Without the units, whose entries the tables do not need.
    DWARFDebugLine::SectionParser parser(data, context, { nullptr, nullptr });
    std::vector<Sequence> sequences;
    TableReader reader(*this, sections, sequences);
    while (!parser.done()) {
        const auto at = static_cast<uint32_t>(parser.getOffset());
        const DWARFDebugLine::LineTable table = parser.parseNext(ignore, ignore);
        reader.take(at, table, directory_of(at));
    }
    file_ids_ = {};
    put_in_order(std::move(sequences));
}

source::FileId Lines::add_file(source::File file)
{
    const auto [known, is_new] =
        file_ids_.try_emplace(file.directory + '\0' + file.path, source::FileId(files_.size()));
    if (is_new && files_.size() > max_files)
        return no_file;
    if (is_new)
        files_.push_back(std::move(file));
    return known->second;
}

/// Sorts the rows by offset. Where sequences overlap, the one that begins first counts: linkers
/// let those of removed copies of a function point at the copy that they keep.
void Lines::put_in_order(std::vector<Sequence> sequences)
{
    std::ranges::sort(sequences, {}, [](const Sequence& each) { return std::pair(each.begin, each.first); });
    std::vector<PackedRow> sorted;
    sorted.reserve(rows_.size());
    CodeOffset covered = 0;
    for (const Sequence& sequence : sequences) {
        if (sequence.end <= covered)
            continue;
        for (size_t i = sequence.first; i < sequence.last; ++i) {
            PackedRow row = rows_[i];
            const CodeOffset end = i + 1 < sequence.last ? rows_[i + 1].begin : sequence.end;
            if (row.begin < covered && end <= covered && !row.is_end)
                continue;
            row.begin = std::max(row.begin, covered);
            // The end of the sequence before is here.
            if (!sorted.empty() && sorted.back().is_end && sorted.back().begin == row.begin)
                sorted.pop_back();
            sorted.push_back(row);
        }
        covered = sequence.end;
    }
    sorted.shrink_to_fit();
    rows_ = std::move(sorted);
}

std::optional<source::FileId> Lines::find_file(uint32_t table, uint64_t number) const
{
    const auto found = tables_.find(table);
    if (found == tables_.end() || number >= found->second.size() || found->second[number] == no_file)
        return std::nullopt;
    return found->second[number];
}

source::Row Lines::row(size_t index) const
{
    const PackedRow& row = rows_[index];
    return { .range = { row.begin, index + 1 < rows_.size() ? rows_[index + 1].begin : row.begin },
        .place = { source::FileId { row.file }, row.line, row.column },
        .is_statement = row.is_statement != 0,
        .is_prologue_end = row.is_prologue_end != 0 };
}

std::optional<source::Row> Lines::row_at(CodeOffset offset) const
{
    const auto next = std::ranges::upper_bound(rows_, offset, {}, &PackedRow::begin);
    if (next == rows_.begin() || (next - 1)->is_end)
        return std::nullopt;
    return row(static_cast<size_t>(next - 1 - rows_.begin()));
}

std::vector<source::Row> Lines::rows_of(source::FileId file, uint32_t first, uint32_t last) const
{
    std::vector<source::Row> found;
    for (size_t i = 0; i < rows_.size(); ++i)
        if (rows_[i].file == static_cast<uint32_t>(file) && rows_[i].line >= std::max(first, 1u)
            && rows_[i].line <= last && !rows_[i].is_end)
            found.push_back(row(i));
    return found;
}

std::vector<source::Row> Lines::rows_in(source::Range range) const
{
    std::vector<source::Row> found;
    auto at = std::ranges::upper_bound(rows_, range.begin, {}, &PackedRow::begin);
    if (at != rows_.begin())
        --at;
    for (; at != rows_.end() && at->begin < range.end; ++at)
        if (!at->is_end)
            if (const auto each = row(static_cast<size_t>(at - rows_.begin())); each.range.end > range.begin)
                found.push_back(each);
    return found;
}

} // namespace vitrine::core::dwarf
