// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dwarf/index.h"
#include "dwarf/lines.h"
#include "dwarf/sections.h"
#include "source/symbols.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDie.h>

namespace vitrine::core::dwarf {

using llvm::DWARFDie;

/// Reads single entries with LLVM, which extracts the units that questions are about. Everything
/// here is bounded: hostile entries may refer to each other in circles, be nested without end, and
/// share long lists.
class Entries {
public:
    /// An id is a part and the offset of an entry, which has 32 bits.
    static constexpr unsigned part_shift = 32;

    /// `part` is in all ids. Split debug information has a skeleton in `main`, whose lines it uses.
    Entries(const Sections& sections, Bytes file, const Input& input, uint32_t part = 0,
        Entries* main = nullptr, std::optional<Skeleton> skeleton = std::nullopt);

    const Sections& sections() const { return sections_; }
    const Index& index() const { return index_; }
    Index& index() { return index_; }
    const Lines& lines() const { return main_ ? main_->lines_ : lines_; }
    /// Reads all units and line tables.
    void make_index();

    /// To be called before each question. Forgets units if they take too much memory; entries are
    /// not valid any longer then.
    void begin_question();
    void end_question();

    /// Keeps all units that were extracted: split debug information refers to them.
    void keep_units() { keeps_units_ = true; }

    /// The entry with an id that was given before. None if its unit is not readable.
    DWARFDie find(uint64_t id)
    {
        return id >> part_shift == part_ ? at(static_cast<EntryOffset>(id)) : DWARFDie();
    }
    uint64_t id_of(EntryOffset entry) const { return uint64_t { part_ } << part_shift | entry; }
    uint64_t id_of(const DWARFDie& die) const { return id_of(offset_of(die)); }
    EntryOffset offset_of(const DWARFDie& die) const;
    /// An entry of the index.
    DWARFDie at(EntryOffset entry);
    /// The entry that an attribute refers to. For a type with a unit of its own, the entry there.
    DWARFDie reference(const DWARFDie& die, llvm::dwarf::Attribute attribute);
    /// The value of an attribute of the entry, or of those that it completes.
    std::optional<llvm::DWARFFormValue> find_value(DWARFDie die, llvm::dwarf::Attribute attribute);
    /// The entry that an attribute refers to, of the entry or of those that it completes.
    DWARFDie find_reference(DWARFDie die, llvm::dwarf::Attribute attribute);
    /// The entry that this one completes.
    DWARFDie origin_of(const DWARFDie& die);
    /// The ranges of code that belong to the entry.
    std::vector<source::Range> ranges_of(const DWARFDie& die);

    std::string text(DWARFDie die, llvm::dwarf::Attribute attribute);
    uint64_t number(const DWARFDie& die, llvm::dwarf::Attribute attribute, uint64_t otherwise = 0);
    bool flag(DWARFDie die, llvm::dwarf::Attribute attribute);
    source::Place declared_at(DWARFDie die);
    source::Place called_at(const DWARFDie& die);
    source::Language language(const DWARFDie& die) const;
    uint8_t address_bytes(const DWARFDie& die) const;

    /// The names of an entry of one of the index's lists, with its scopes.
    std::string name_of(const NamedEntry& entry) const;
    std::string_view text_at(TextOffset text) const { return dwarf::text_at(file_, text); }
    /// The name of any other entry, with its scopes.
    std::string qualified_name(DWARFDie die);
    /// The name of a function, with its scopes.
    std::string function_name(const DWARFDie& die);

private:
    llvm::DWARFContext& context();
    EntryOffset base_of(const llvm::DWARFUnit& unit) const;
    DWARFDie entry_of(const DWARFDie& die, const llvm::DWARFFormValue& value);
    llvm::DWARFUnit* unit_at(uint32_t offset);
    void read_lines();
    source::Place place(const DWARFDie& die, llvm::dwarf::Attribute file, llvm::dwarf::Attribute line,
        llvm::dwarf::Attribute column);

    const Sections& sections_;
    Bytes file_;
    const Input& input_;
    const uint32_t part_;
    Entries* const main_;
    const std::optional<Skeleton> skeleton_;
    bool keeps_units_ = false;
    Index index_;
    Lines lines_;
    std::unique_ptr<llvm::DWARFContext> context_;
    /// What LLVM has made of a unit, by its index.
    enum class Extracted : uint8_t { NotYet, Good, Bad };
    std::vector<Extracted> extracted_;
    size_t extracted_bytes_ = 0;
    /// How many ranges may still be read for this question.
    size_t ranges_left_ = 0;
};

} // namespace vitrine::core::dwarf
