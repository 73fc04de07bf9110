// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dwarf/entries.h"

#include <span>

namespace vitrine::core::dwarf {

/// Answers questions about functions and their scopes.
class Functions {
public:
    explicit Functions(Entries& entries) : entries_(entries) {}

    std::optional<source::Function> at(CodeOffset offset);
    std::optional<source::Function> find(uint64_t id);
    std::vector<source::Function> named(const source::Pattern& pattern);
    std::vector<source::Scope> scopes_at(CodeOffset offset);
    std::vector<source::Scope> inlined_in(source::Range range);

private:
    class Search;

    const FunctionRange* range_at(CodeOffset offset) const;
    source::Function read(const DWARFDie& die);
    std::vector<source::InlinedCopy> copies_of(EntryOffset function);
    DWARFDie find_inner(const DWARFDie& die, CodeOffset offset, std::vector<source::Range>& ranges);
    void add_inlined(DWARFDie root, source::Range range, std::vector<source::Scope>& found);
    source::Scope scope(const DWARFDie& die, std::vector<source::Range> ranges);

    Entries& entries_;
};

} // namespace vitrine::core::dwarf
