// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/entries.h"
#include "dwarf/functions.h"
#include "dwarf/names.h"
#include "dwarf/reader.h"
#include "dwarf/types.h"
#include "dwarf/variables.h"

#include <algorithm>
#include <map>
#include <mutex>

namespace vitrine::core::dwarf {

namespace {

using namespace llvm::dwarf;

class DwarfSymbols final : public source::Symbols {
public:
    explicit DwarfSymbols(Input input)
        : input_(std::move(input)),
          file_(input_.debug_file.empty() ? input_.module : input_.debug_file),
          sections_(sections_of(input_)),
          entries_(sections_, file_, input_),
          functions_(entries_)
    {
        entries_.make_index();
    }

    bool empty() const
    {
        return entries_.lines().empty() && entries_.index().units.empty()
            && entries_.index().problems.empty();
    }

    source::Summary summary() override
    {
        const Question question(*this);
        source::Summary summary { .files = entries_.lines().files(),
            .functions = static_cast<uint32_t>(entries_.index().ranges.size()),
            .build_id = { sections_.build_id.begin(), sections_.build_id.end() },
            .has_lines = !entries_.lines().empty(),
            .has_variables = entries_.index().has_variables,
            .problems = entries_.index().problems };
        add_producers(summary);
        return summary;
    }

    std::optional<std::string> text_of(source::FileId) override { return std::nullopt; }

    std::optional<source::Row> row_at(CodeOffset offset) override
    {
        const Question question(*this);
        return entries_.lines().row_at(offset);
    }

    std::vector<source::Row> rows_of(source::FileId file, uint32_t first, uint32_t last) override
    {
        const Question question(*this);
        return entries_.lines().rows_of(file, first, last);
    }

    std::vector<source::Row> rows_in(source::Range range) override
    {
        const Question question(*this);
        return entries_.lines().rows_in(range);
    }

    std::optional<source::Function> function_at(CodeOffset offset) override
    {
        const Question question(*this);
        return functions_.at(offset);
    }

    std::optional<source::Function> function(source::FunctionId id) override
    {
        const Question question(*this);
        return functions_.read(static_cast<uint64_t>(id));
    }

    std::vector<source::Function> functions_named(const source::Pattern& pattern) override
    {
        const Question question(*this);
        return functions_.named(pattern);
    }

    std::vector<source::Scope> scopes_at(CodeOffset offset) override
    {
        const Question question(*this);
        return functions_.scopes_at(offset);
    }

    std::vector<source::Scope> inlined_in(source::Range range) override
    {
        const Question question(*this);
        return functions_.inlined_in(range);
    }

    std::vector<source::Variable> variables(std::span<const source::VariableId> ids) override
    {
        const Question question(*this);
        std::vector<source::Variable> found;
        for (const source::VariableId id : ids)
            if (const DWARFDie die = entries_.find(static_cast<uint64_t>(id)))
                if (auto variable = read_variable(entries_, die))
                    found.push_back(*std::move(variable));
        return found;
    }

    std::vector<source::Variable> globals(const source::Pattern& pattern) override
    {
        const Question question(*this);
        const Matcher matcher(pattern);
        std::vector<source::Variable> found;
        for (const NamedEntry& each : entries_.index().globals) {
            if (found.size() >= pattern.limit)
                break;
            const std::string_view linkage = entries_.text_at(each.linkage_name);
            if (!matcher.may_match(entries_.text_at(each.name)) && !matcher.matches_linkage(linkage))
                continue;
            if (!matcher.matches(entries_.name_of(each), linkage))
                continue;
            const DWARFDie die = entries_.find(each.entry);
            auto variable = die ? read_variable(entries_, die) : std::nullopt;
            // Declarations have no location, and are completed by another entry.
            if (variable && (!variable->locations.empty() || variable->constant))
                found.push_back(*std::move(variable));
        }
        return found;
    }

    source::Type type(source::TypeId id) override
    {
        const Question question(*this);
        const DWARFDie die = entries_.find(static_cast<uint64_t>(id));
        return die ? read_type(entries_, die) : source::Type { .id = id };
    }

    std::optional<source::TypeId> find_type(std::string_view name) override
    {
        const Question question(*this);
        const std::string_view last = last_component(name);
        const auto& types = entries_.index().types;
        std::optional<source::TypeId> other;
        for (const uint32_t index : types_named(last)) {
            const std::string full = entries_.name_of(types[index]);
            const source::TypeId id { types[index].entry };
            if (full == name)
                return id;
            if (!other && full.ends_with(name) && full.substr(0, full.size() - name.size()).ends_with("::"))
                other = id;
        }
        return other;
    }

    std::optional<source::Variable> variable_at(uint64_t address) override
    {
        const Question question(*this);
        const auto& addresses = entries_.index().addresses;
        const auto found = std::ranges::lower_bound(addresses, address, {}, &AddressEntry::address);
        const bool is_known = found != addresses.end() && found->address == address;
        const DWARFDie die = is_known ? entries_.find(found->entry) : DWARFDie();
        return die ? read_variable(entries_, die) : std::nullopt;
    }

private:
    /// Holds the lock while a question is answered.
    class Question {
    public:
        explicit Question(DwarfSymbols& symbols) : symbols_(symbols), lock_(symbols.mutex_)
        {
            symbols_.entries_.begin_question();
        }
        ~Question() { symbols_.entries_.end_question(); }
        Question(const Question&) = delete;
        Question& operator=(const Question&) = delete;

    private:
        DwarfSymbols& symbols_;
        const std::lock_guard<std::mutex> lock_;
    };

    /// The debug sections of one file, and the place of the code of the other one.
    static Sections sections_of(const Input& input)
    {
        Sections sections = read_sections(input.module);
        if (!input.debug_file.empty())
            sections.debug = read_sections(input.debug_file).debug;
        return sections;
    }

    void add_producers(source::Summary& summary) const
    {
        std::map<std::tuple<source::Language, std::string_view, uint16_t>, uint32_t> units;
        for (const Unit& unit : entries_.index().units)
            if (unit.is_readable)
                ++units[{ unit.language, entries_.text_at(unit.producer), unit.version }];
        for (const auto& [what, count] : units)
            summary.producers.push_back(
                { std::get<0>(what), std::string(std::get<1>(what)), std::get<2>(what), count });
        std::ranges::stable_sort(summary.producers, std::greater(), &source::Producer::units);
    }

    /// The types with this name in some scope, in the order of their entries.
    std::vector<uint32_t> types_named(std::string_view last)
    {
        const auto& types = entries_.index().types;
        if (types_by_name_.empty()) {
            types_by_name_.reserve(types.size());
            for (uint32_t i = 0; i < types.size(); ++i)
                types_by_name_.emplace_back(
                    static_cast<uint32_t>(std::hash<std::string_view>()(entries_.text_at(types[i].name))), i);
            std::ranges::sort(types_by_name_);
        }
        const auto hash = static_cast<uint32_t>(std::hash<std::string_view>()(last));
        std::vector<uint32_t> found;
        for (auto at = std::ranges::lower_bound(types_by_name_, std::pair(hash, 0u));
            at != types_by_name_.end() && at->first == hash; ++at)
            if (entries_.text_at(types[at->second].name) == last)
                found.push_back(at->second);
        return found;
    }

    const Input input_;
    const Bytes file_;
    const Sections sections_;
    std::mutex mutex_;
    Entries entries_;
    Functions functions_;
    /// The hashes of the names of types, and their indices. Made at the first use.
    std::vector<std::pair<uint32_t, uint32_t>> types_by_name_;
};

} // namespace

std::unique_ptr<source::Symbols> read_dwarf(Input input)
{
    auto symbols = std::make_unique<DwarfSymbols>(std::move(input));
    return symbols->empty() ? nullptr : std::move(symbols);
}

} // namespace vitrine::core::dwarf
