// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dwarf/form.h"
#include "dwarf/reader.h"
#include "dwarf/sections.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vitrine::core::dwarf {

/// The offset of an entry in `.debug_info`. Entries of `.debug_types` come after those: their
/// offsets count from the end of `.debug_info`. 0 is none.
using EntryOffset = uint32_t;

/// The section of the types that have units of their own in version 4.
constexpr std::string_view types_section = "debug_types";

/// A string: its offset in the file that has the debug information. 0 is none.
using TextOffset = uint32_t;

struct Unit {
    uint32_t offset = 0, end = 0;
    uint16_t version = 0;
    uint8_t kind = 0;
    Sizes sizes {};
    source::Language language = source::Language::Unknown;
    /// Whether its entries are well-formed. No others are given to LLVM.
    bool is_readable = false;
    TextOffset producer = 0, directory = 0, split_name = 0;
    /// The offset of its line table.
    std::optional<uint32_t> lines {};
    uint32_t entries = 0;
    /// For a type unit: the signature of the type, and its entry. For a skeleton: the id of the
    /// split unit.
    uint64_t signature = 0;
    EntryOffset type = 0;
    /// Where the unit's part of `.debug_addr` and, in version 4, `.debug_ranges` begins.
    uint64_t addresses = 0, ranges = 0;
};

/// The name of a scope that is left out of names.
constexpr TextOffset unknown_name = UINT32_MAX;

/// What encloses named entries: a namespace, a type, a function.
struct ScopeNode {
    TextOffset name = 0;
    /// 0 is the file.
    uint32_t parent = 0;
};

/// A function, variable or type.
struct NamedEntry {
    EntryOffset entry = 0;
    /// An index in `Index::scopes`.
    uint32_t scope = 0;
    TextOffset name = 0, linkage_name = 0;
    /// The entry that it completes (`DW_AT_abstract_origin` or `DW_AT_specification`).
    EntryOffset origin = 0;
};

/// A range of code that belongs to a compiled function.
struct FunctionRange {
    CodeOffset begin, end;
    EntryOffset entry;
};

/// A variable that does not move.
struct AddressEntry {
    uint64_t address;
    EntryOffset entry;
};

/// A function that was inlined, and the entry that says where.
struct InlinedEntry {
    EntryOffset origin, entry;
};

/// An enumerator, and the enumeration that it belongs to.
struct EnumeratorEntry {
    TextOffset name;
    EntryOffset enumeration;
};

/// What is kept of all entries, for finding those that a question is about.
struct Index {
    std::vector<Unit> units {};
    std::vector<ScopeNode> scopes { {} };
    /// In the order of their entries. Without types that are only declared.
    std::vector<NamedEntry> functions {}, globals {}, types {};
    /// By begin. A range that several functions share is the first one's.
    std::vector<FunctionRange> ranges {};
    /// By origin.
    std::vector<InlinedEntry> inlined {};
    /// In the order of their entries.
    std::vector<EnumeratorEntry> enumerators {};
    /// By address.
    std::vector<AddressEntry> addresses {};
    /// By signature.
    std::unordered_map<uint64_t, EntryOffset> type_units {};
    /// Functions whose ranges are a list. Until `add_listed_ranges` they are not in `ranges`.
    std::vector<EntryOffset> listed {};
    bool has_variables = false;
    std::vector<std::string> problems {};

    /// Null if the entry is none of the list. Lists are in the order of entries.
    static const NamedEntry* find(const std::vector<NamedEntry>& list, EntryOffset entry);
    /// Null if no unit contains the entry.
    const Unit* unit_of(EntryOffset entry) const;
    /// Sorts `ranges`, and drops those that are there twice.
    void sort_ranges();
};

/// The unit of a module that split debug information belongs to.
struct Skeleton {
    Unit unit;
    /// Its index in the module.
    uint32_t number = 0;
};

/// Reads the entries of all units. `file` has the debug sections. Those of split debug information
/// depend on their skeleton.
Index make_index(
    const Sections& sections, Bytes file, const Input& input, const std::optional<Skeleton>& skeleton);

/// The string at this offset; empty for 0. The index has no offsets outside of string sections.
std::string_view text_at(Bytes file, TextOffset text);

} // namespace vitrine::core::dwarf
