// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/functions.h"

#include "dwarf/names.h"
#include "dwarf/types.h"
#include "dwarf/variables.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace vitrine::core::dwarf {

namespace {

using namespace llvm::dwarf;
using source::Function;
using source::Scope;

/// How many inlined functions are reported for an instruction. In hostile DWARF the nesting has no
/// limit.
constexpr size_t max_inlined = 128;
/// The same for blocks.
constexpr size_t max_blocks = 1000;
/// How many inlined functions are reported for a range.
constexpr size_t max_inlined_in = 10'000;
constexpr size_t max_parameters = 1000, max_variables = 10'000, max_copies = 10'000;

bool contains(const std::vector<source::Range>& ranges, CodeOffset offset)
{
    return std::ranges::any_of(ranges, [&](const source::Range& range) { return range.contains(offset); });
}

CodeOffset begin_of(const std::vector<source::Range>& ranges)
{
    return std::ranges::min_element(ranges, {}, &source::Range::begin)->begin;
}

} // namespace

/// The innermost range that contains the offset.
const FunctionRange* Functions::range_at(CodeOffset offset) const
{
    // Only in malformed modules do ranges overlap.
    constexpr int max_steps = 16;
    const auto& ranges = entries_.index().ranges;
    auto at = std::ranges::upper_bound(ranges, offset, {}, &FunctionRange::begin);
    for (int i = 0; i < max_steps && at != ranges.begin(); ++i)
        if (offset < (--at)->end)
            return &*at;
    return nullptr;
}

std::optional<Function> Functions::at(CodeOffset offset)
{
    const FunctionRange* range = range_at(offset);
    const DWARFDie die = range ? entries_.at(range->entry) : DWARFDie();
    return die ? std::optional(read(die)) : std::nullopt;
}

std::optional<Function> Functions::find(uint64_t id)
{
    const DWARFDie die = entries_.find(id);
    if (!die || die.getTag() != DW_TAG_subprogram)
        return std::nullopt;
    return read(die);
}

Function Functions::read(const DWARFDie& die)
{
    Function function;
    function.id = source::FunctionId { entries_.id_of(die) };
    function.name = entries_.function_name(die);
    function.linkage_name = entries_.text(die, DW_AT_linkage_name);
    if (function.name.empty())
        function.name = function.linkage_name;
    if (function.linkage_name == function.name)
        function.linkage_name.clear();
    function.ranges = entries_.ranges_of(die);
    if (const auto base = die.find(DW_AT_frame_base))
        if (const auto block = base->getAsBlock())
            function.frame_base = self_contained(entries_, die, Bytes(block->data(), block->size()));
    function.result = type_of(entries_, die);
    for (const DWARFDie& child : die.children())
        if (child.getTag() == DW_TAG_formal_parameter && function.parameters.size() < max_parameters)
            function.parameters.push_back(type_of(entries_, child));
    function.declared = entries_.declared_at(die);
    function.language = entries_.language(die);
    function.address_bytes = entries_.address_bytes(die);
    return function;
}

/// The places where a function was inlined, each once.
std::vector<source::InlinedCopy> Functions::copies_of(EntryOffset function)
{
    std::vector<source::InlinedCopy> copies;
    const auto inlined =
        std::ranges::equal_range(entries_.index().inlined, function, {}, &InlinedEntry::origin);
    for (const InlinedEntry& each : inlined) {
        if (copies.size() >= max_copies)
            break;
        const DWARFDie die = entries_.at(each.entry);
        auto ranges = die ? entries_.ranges_of(die) : std::vector<source::Range>();
        if (ranges.empty())
            continue;
        const auto entry = toAddress(die.find(DW_AT_entry_pc));
        const auto at = entry ? entries_.sections().range_of(*entry, *entry + 1) : std::nullopt;
        copies.push_back({ .ranges = std::move(ranges), .entry = 0 });
        copies.back().entry =
            at && contains(copies.back().ranges, at->begin) ? at->begin : begin_of(copies.back().ranges);
    }
    return copies;
}

/// Collects functions by name.
class Functions::Search {
public:
    Search(Functions& functions, const source::Pattern& pattern)
        : functions_(functions), entries_(functions.entries_), pattern_(pattern), matcher_(pattern)
    {
        for (const FunctionRange& each : entries_.index().ranges)
            compiled_.push_back(each.entry);
        std::ranges::sort(compiled_);
    }

    std::vector<Function> run()
    {
        for (const NamedEntry& each : entries_.index().functions) {
            if (found_.size() >= pattern_.limit)
                break;
            if (is_wanted(each))
                add(each);
        }
        std::vector<Function> found;
        for (Function& each : found_)
            // Removed code may have had copies.
            if (!each.ranges.empty() || !each.copies.empty())
                found.push_back(std::move(each));
        return found;
    }

private:
    bool is_wanted(const NamedEntry& each) const
    {
        if (!std::ranges::binary_search(compiled_, each.entry) && !has_copies(each.entry))
            return false;
        const std::string_view linkage = entries_.text_at(each.linkage_name);
        if (each.name == 0)
            return matcher_.matches(std::string(linkage), linkage);
        if (!matcher_.may_match(entries_.text_at(each.name)) && !matcher_.matches_linkage(linkage))
            return false;
        return matcher_.matches(entries_.name_of(each), linkage);
    }

    bool has_copies(EntryOffset entry) const
    {
        return std::ranges::binary_search(entries_.index().inlined, entry, {}, &InlinedEntry::origin);
    }

    /// Units that share a function describe it and its copies again: such descriptions are one.
    void add(const NamedEntry& each)
    {
        const DWARFDie die = entries_.at(each.entry);
        if (!die)
            return;
        Function read = functions_.read(die);
        if (!std::ranges::binary_search(compiled_, each.entry))
            read.ranges.clear();
        std::string key = read.name + '\0' + read.linkage_name + '\0'
            + std::to_string(static_cast<uint32_t>(read.declared.file)) + ':'
            + std::to_string(read.declared.line);
        auto& known = by_key_[std::move(key)];
        if (known && (read.ranges.empty() || known->ranges.empty() || read.ranges == known->ranges)) {
            if (known->ranges.empty() && !read.ranges.empty()) {
                read.copies = std::move(known->copies);
                *known = std::move(read);
            }
        } else {
            known = &found_.emplace_back(std::move(read));
        }
        add_copies(*known, each.entry);
    }

    void add_copies(Function& to, EntryOffset entry)
    {
        for (source::InlinedCopy& copy : functions_.copies_of(entry))
            if (to.copies.size() < max_copies && entries_known_.emplace(&to, copy.entry).second)
                to.copies.push_back(std::move(copy));
    }

    Functions& functions_;
    Entries& entries_;
    const source::Pattern& pattern_;
    const Matcher matcher_;
    /// The entries of functions with code, sorted.
    std::vector<EntryOffset> compiled_;
    std::deque<Function> found_;
    std::map<std::string, Function*> by_key_;
    std::set<std::pair<const Function*, CodeOffset>> entries_known_;
};

std::vector<Function> Functions::named(const source::Pattern& pattern)
{
    return Search(*this, pattern).run();
}

std::vector<Scope> Functions::scopes_at(CodeOffset offset)
{
    const FunctionRange* range = range_at(offset);
    DWARFDie die = range ? entries_.at(range->entry) : DWARFDie();
    if (!die)
        return {};
    // The function, and the innermost of the inlined functions and blocks in it.
    Scope function = scope(die, entries_.ranges_of(die));
    struct Inner {
        DWARFDie die;
        std::vector<source::Range> ranges;
    };
    std::deque<Inner> inner;
    size_t inlined = 0, blocks = 0;
    std::vector<source::Range> ranges;
    while ((die = find_inner(die, offset, ranges))) {
        inner.push_back({ die, std::move(ranges) });
        ++(die.getTag() == DW_TAG_inlined_subroutine ? inlined : blocks);
        while (inlined > max_inlined || blocks > max_blocks) {
            --(inner.front().die.getTag() == DW_TAG_inlined_subroutine ? inlined : blocks);
            inner.pop_front();
        }
    }
    std::vector<Scope> scopes { std::move(function) };
    for (Inner& each : inner) {
        Scope next = scope(each.die, std::move(each.ranges));
        if (next.kind == Scope::Kind::Block) {
            next.function = scopes.back().function;
            next.name = scopes.back().name;
        }
        scopes.push_back(std::move(next));
    }
    std::ranges::reverse(scopes);
    return scopes;
}

std::vector<Scope> Functions::inlined_in(source::Range range)
{
    std::vector<Scope> found;
    const auto& ranges = entries_.index().ranges;
    const FunctionRange* first = range_at(range.begin);
    if (!first)
        first = ranges.data()
            + (std::ranges::lower_bound(ranges, range.begin, {}, &FunctionRange::begin) - ranges.begin());
    EntryOffset last = 0;
    for (; first != ranges.data() + ranges.size() && first->begin < range.end; ++first) {
        // A function may have several ranges.
        if (const DWARFDie die = first->entry == last ? DWARFDie() : entries_.at(first->entry))
            add_inlined(die, range, found);
        last = first->entry;
    }
    return found;
}

/// Adds the inlined functions in `root` that overlap the range. Iterates instead of recursing,
/// because hostile entries may be nested very deeply.
void Functions::add_inlined(DWARFDie root, source::Range range, std::vector<Scope>& found)
{
    const auto overlaps = [&](const source::Range& each) {
        return each.begin < range.end && range.begin < each.end;
    };
    std::vector<DWARFDie> pending { root };
    while (!pending.empty() && found.size() < max_inlined_in) {
        const DWARFDie die = pending.back();
        pending.pop_back();
        std::vector<source::Range> ranges = entries_.ranges_of(die);
        if (std::ranges::none_of(ranges, overlaps))
            continue;
        const size_t first = pending.size();
        for (const DWARFDie& child : die.children())
            if (child.getTag() == DW_TAG_inlined_subroutine || child.getTag() == DW_TAG_lexical_block)
                pending.push_back(child);
        std::ranges::reverse(std::span(pending).subspan(first));
        if (die.getTag() == DW_TAG_inlined_subroutine)
            found.push_back(scope(die, std::move(ranges)));
    }
}

/// The inlined function or block directly in `die` that contains the offset.
DWARFDie Functions::find_inner(const DWARFDie& die, CodeOffset offset, std::vector<source::Range>& ranges)
{
    for (const DWARFDie& child : die.children()) {
        if (child.getTag() != DW_TAG_inlined_subroutine && child.getTag() != DW_TAG_lexical_block)
            continue;
        ranges = entries_.ranges_of(child);
        if (contains(ranges, offset))
            return child;
    }
    return {};
}

Scope Functions::scope(const DWARFDie& die, std::vector<source::Range> ranges)
{
    Scope scope { .kind = Scope::Kind::Block, .ranges = std::move(ranges) };
    if (die.getTag() == DW_TAG_subprogram) {
        scope.kind = Scope::Kind::Function;
        scope.function = source::FunctionId { entries_.id_of(die) };
        scope.name = entries_.function_name(die);
    } else if (die.getTag() == DW_TAG_inlined_subroutine) {
        scope.kind = Scope::Kind::Inlined;
        scope.call = entries_.called_at(die);
        if (const DWARFDie origin = entries_.origin_of(die)) {
            scope.function = source::FunctionId { entries_.id_of(origin) };
            scope.name = entries_.function_name(origin);
        } else {
            scope.name = entries_.text(die, DW_AT_name);
        }
    }
    std::vector<source::VariableId> parameters, variables;
    // By the parameter of the abstract function that they are copies of.
    std::map<uint64_t, source::VariableId> copies;
    for (const DWARFDie& child : die.children()) {
        if (parameters.size() + copies.size() + variables.size() >= max_variables)
            break;
        const source::VariableId id { entries_.id_of(child) };
        if (child.getTag() == DW_TAG_variable) {
            variables.push_back(id);
        } else if (child.getTag() == DW_TAG_formal_parameter) {
            if (const DWARFDie origin = entries_.reference(child, DW_AT_abstract_origin))
                copies.emplace(entries_.id_of(origin), id);
            else
                parameters.push_back(id);
        }
    }
    scope.variables = std::move(parameters);
    // A parameter without a copy was optimized out.
    if (const DWARFDie origin = entries_.reference(die, DW_AT_abstract_origin))
        for (const DWARFDie& child : origin.children())
            if (child.getTag() == DW_TAG_formal_parameter && scope.variables.size() < max_variables) {
                const auto copy = copies.extract(entries_.id_of(child));
                scope.variables.push_back(
                    copy ? copy.mapped() : source::VariableId { entries_.id_of(child) });
            }
    for (const auto& [origin, copy] : copies)
        scope.variables.push_back(copy);
    scope.variables.insert(scope.variables.end(), variables.begin(), variables.end());
    return scope;
}

} // namespace vitrine::core::dwarf
