// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dwarf/sections.h"
#include "source/symbols.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace llvm {
class DWARFContext;
} // namespace llvm

namespace vitrine::core::dwarf {

/// The rows of all line tables, and the files that they name.
class Lines {
public:
    /// Reads the section `.debug_line`. `directory_of` gives the directory of the unit whose table
    /// is at an offset.
    void read(llvm::DWARFContext& context, const Sections& sections, uint8_t address_bytes,
        const std::function<std::string_view(uint32_t)>& directory_of);

    bool empty() const { return rows_.empty(); }
    size_t size() const { return rows_.size(); }
    const std::vector<source::File>& files() const { return files_; }
    /// The file with this number in the table at an offset.
    std::optional<source::FileId> find_file(uint32_t table, uint64_t number) const;

    std::optional<source::Row> row_at(CodeOffset offset) const;
    std::vector<source::Row> rows_of(source::FileId file, uint32_t first, uint32_t last) const;
    std::vector<source::Row> rows_in(source::Range range) const;

private:
    /// A row. It ends where the next one begins.
    struct PackedRow {
        CodeOffset begin;
        uint32_t line : 24, is_statement : 1, is_prologue_end : 1, is_end : 1, unused : 5;
        uint32_t file : 20, column : 12;
    };
    static_assert(sizeof(PackedRow) == 12);
    struct Sequence {
        CodeOffset begin, end;
        size_t first, last;
    };
    class TableReader;

    source::FileId add_file(source::File file);
    source::Row row(size_t index) const;
    void put_in_order(std::vector<Sequence> sequences);

    std::vector<PackedRow> rows_;
    std::vector<source::File> files_;
    std::unordered_map<std::string, source::FileId> file_ids_;
    /// By the offset of the table: the ids of its files by number.
    std::map<uint32_t, std::vector<source::FileId>> tables_;
};

} // namespace vitrine::core::dwarf
