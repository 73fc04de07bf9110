// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/text.h"
#include "dwarf/entries.h"
#include "dwarf/functions.h"
#include "dwarf/names.h"
#include "dwarf/reader.h"
#include "dwarf/split.h"
#include "dwarf/types.h"
#include "dwarf/variables.h"

#include <algorithm>
#include <map>
#include <mutex>

namespace vitrine::core::dwarf {

namespace {

using namespace llvm::dwarf;

/// The debug information of the module, or the split one of one of its units.
struct Part {
    Sections sections;
    Entries entries;
    Functions functions;
    /// The hashes of the names of types, and their indices. Made at the first use.
    std::vector<std::pair<uint32_t, uint32_t>> types_by_name {};

    Part(Sections from, Bytes file, const Input& input, uint32_t number = 0, Entries* main = nullptr,
        std::optional<Skeleton> skeleton = std::nullopt)
        : sections(std::move(from)),
          entries(sections, file, input, number, main, skeleton),
          functions(entries)
    {
        entries.make_index();
    }

    /// The types with this name in some scope, in the order of their entries. Zig has the scopes in
    /// the names.
    std::vector<uint32_t> types_named(std::string_view last)
    {
        const auto& types = entries.index().types;
        if (types_by_name.empty()) {
            types_by_name.reserve(types.size());
            for (uint32_t i = 0; i < types.size(); ++i)
                types_by_name.emplace_back(hash_of(last_component(entries.text_at(types[i].name))), i);
            std::ranges::sort(types_by_name);
        }
        const uint32_t hash = hash_of(last);
        std::vector<uint32_t> found;
        for (auto at = std::ranges::lower_bound(types_by_name, std::pair(hash, 0u));
            at != types_by_name.end() && at->first == hash; ++at)
            if (last_component(entries.text_at(types[at->second].name)) == last)
                found.push_back(at->second);
        return found;
    }

private:
    static uint32_t hash_of(std::string_view text)
    {
        return static_cast<uint32_t>(std::hash<std::string_view>()(text));
    }
};

class DwarfSymbols final : public source::Symbols {
public:
    explicit DwarfSymbols(Input input) : input_(std::move(input))
    {
        const Bytes file = input_.debug_file.empty() ? input_.module : input_.debug_file;
        parts_.push_back(std::make_unique<Part>(sections_of(input_), file, input_));
        read_split();
    }

    bool empty() const
    {
        return main().lines().empty() && main().index().units.empty() && main().index().problems.empty();
    }

    source::Summary summary() override
    {
        const Question question(*this);
        const Bytes build_id = parts_.front()->sections.build_id;
        source::Summary summary { .files = main().lines().files(),
            .build_id = { build_id.begin(), build_id.end() },
            .has_lines = !main().lines().empty(),
            .problems = problems_ };
        for (const auto& part : parts_) {
            const Index& index = part->entries.index();
            summary.functions += static_cast<uint32_t>(index.ranges.size());
            summary.has_variables = summary.has_variables || index.has_variables;
            summary.problems.insert(summary.problems.end(), index.problems.begin(), index.problems.end());
        }
        add_producers(summary);
        return summary;
    }

    std::optional<std::string> text_of(source::FileId) override { return std::nullopt; }

    std::optional<source::Row> row_at(CodeOffset offset) override
    {
        const Question question(*this);
        return main().lines().row_at(offset);
    }

    std::vector<source::Row> rows_of(source::FileId file, uint32_t first, uint32_t last) override
    {
        const Question question(*this);
        return main().lines().rows_of(file, first, last);
    }

    std::vector<source::Row> rows_in(source::Range range) override
    {
        const Question question(*this);
        return main().lines().rows_in(range);
    }

    std::optional<source::Function> function_at(CodeOffset offset) override
    {
        const Question question(*this);
        for (const auto& part : parts_)
            if (auto function = part->functions.at(offset))
                return function;
        return std::nullopt;
    }

    std::optional<source::Function> function(source::FunctionId id) override
    {
        const Question question(*this);
        Part* part = part_of(static_cast<uint64_t>(id));
        return part ? part->functions.find(static_cast<uint64_t>(id)) : std::nullopt;
    }

    std::vector<source::Function> functions_named(const source::Pattern& pattern) override
    {
        const Question question(*this);
        std::vector<source::Function> found;
        for (const auto& part : parts_)
            append(found, part->functions.named(pattern), pattern.limit);
        return found;
    }

    std::vector<source::Scope> scopes_at(CodeOffset offset) override
    {
        const Question question(*this);
        for (const auto& part : parts_)
            if (auto scopes = part->functions.scopes_at(offset); !scopes.empty())
                return scopes;
        return {};
    }

    std::vector<source::Scope> inlined_in(source::Range range) override
    {
        const Question question(*this);
        std::vector<source::Scope> found;
        for (const auto& part : parts_)
            append(found, part->functions.inlined_in(range), UINT32_MAX);
        return found;
    }

    std::vector<source::Variable> variables(std::span<const source::VariableId> ids) override
    {
        const Question question(*this);
        std::vector<source::Variable> found;
        for (const source::VariableId id : ids) {
            Part* part = part_of(static_cast<uint64_t>(id));
            const DWARFDie die = part ? part->entries.find(static_cast<uint64_t>(id)) : DWARFDie();
            if (auto variable = die ? read_variable(part->entries, die) : std::nullopt)
                found.push_back(*std::move(variable));
        }
        return found;
    }

    std::vector<source::Variable> globals(const source::Pattern& pattern) override
    {
        const Question question(*this);
        const Matcher matcher(pattern);
        std::vector<source::Variable> found;
        for (const auto& part : parts_)
            add_globals(part->entries, matcher, pattern.limit, found);
        return found;
    }

    source::Type type(source::TypeId id) override
    {
        const Question question(*this);
        Part* part = part_of(static_cast<uint64_t>(id));
        const DWARFDie die = part ? part->entries.find(static_cast<uint64_t>(id)) : DWARFDie();
        return die ? read_type(part->entries, die) : source::Type { .id = id };
    }

    std::optional<source::TypeId> find_type(std::string_view name) override
    {
        const Question question(*this);
        const std::string_view last = last_component(name);
        std::optional<source::TypeId> other;
        for (const auto& part : parts_)
            for (const uint32_t index : part->types_named(last)) {
                const NamedEntry& type = part->entries.index().types[index];
                const std::string full = part->entries.name_of(type);
                const source::TypeId id { part->entries.id_of(type.entry) };
                if (full == name)
                    return id;
                const std::string_view whole = full;
                const std::string_view scopes =
                    whole.substr(0, whole.size() - std::min(whole.size(), name.size()));
                // Not the end of `[]const app.Point`.
                const bool is_scope = (scopes.ends_with("::") || scopes.ends_with('.'))
                    && scopes.find_first_of(" *[]?!") == scopes.npos;
                if (!other && is_scope && whole.ends_with(name))
                    other = id;
            }
        return other;
    }

    std::vector<source::TypeId> types_named(const source::Pattern& pattern) override
    {
        const Question question(*this);
        const Matcher matcher(pattern);
        std::vector<source::TypeId> found;
        for (const auto& part : parts_) {
            const Entries& entries = part->entries;
            const auto add = [&](EntryOffset entry) {
                if (found.size() < pattern.limit)
                    found.push_back(source::TypeId { entries.id_of(entry) });
            };
            if (pattern.match == source::Pattern::Match::Enumerator) {
                for (const EnumeratorEntry& each : entries.index().enumerators)
                    if (entries.text_at(each.name) == pattern.text)
                        add(each.enumeration);
                continue;
            }
            for (const NamedEntry& each : entries.index().types)
                if (matcher.may_match(entries.text_at(each.name))
                    && matcher.matches(entries.name_of(each), {}))
                    add(each.entry);
        }
        return found;
    }

    std::optional<source::Variable> variable_at(uint64_t address) override
    {
        const Question question(*this);
        for (const auto& part : parts_) {
            const auto& addresses = part->entries.index().addresses;
            const auto found = std::ranges::lower_bound(addresses, address, {}, &AddressEntry::address);
            if (found == addresses.end() || found->address != address)
                continue;
            if (const DWARFDie die = part->entries.at(found->entry))
                return read_variable(part->entries, die);
        }
        return std::nullopt;
    }

private:
    /// Holds the lock while a question is answered.
    class Question {
    public:
        explicit Question(DwarfSymbols& symbols) : symbols_(symbols), lock_(symbols.mutex_)
        {
            for (const auto& part : symbols_.parts_)
                part->entries.begin_question();
        }
        ~Question() { symbols_.main().end_question(); }
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

    template<class T> static void append(std::vector<T>& to, std::vector<T> from, size_t limit)
    {
        for (T& each : from)
            if (to.size() < limit)
                to.push_back(std::move(each));
    }

    Entries& main() const { return parts_.front()->entries; }

    Part* part_of(uint64_t id) const
    {
        const uint64_t number = id >> Entries::part_shift;
        return number < parts_.size() ? parts_[number].get() : nullptr;
    }

    /// Reads the split debug information of the units that have some.
    void read_split()
    {
        const auto& units = main().index().units;
        const Sections package = read_sections(input_.package);
        for (uint32_t number = 0; number < units.size(); ++number)
            if (units[number].split_name != 0 && units[number].is_readable)
                read_split({ units[number], number }, package);
        if (parts_.size() > 1)
            main().keep_units();
    }

    void read_split(Skeleton skeleton, const Sections& package)
    {
        const std::string_view name = main().text_at(skeleton.unit.split_name);
        const uint64_t id = skeleton.unit.signature;
        Bytes file = input_.package;
        auto sections = find_in_package(package, id);
        if (!sections && input_.find_split) {
            file = input_.find_split(name, main().text_at(skeleton.unit.directory));
            if (!file.empty())
                sections = split_sections(read_sections(file));
        }
        if (!sections) {
            problems_.push_back("split debug information is missing: " + printable(name));
            return;
        }
        const Sections& module = parts_.front()->sections;
        sections->code_offset = module.code_offset;
        sections->code_size = module.code_size;
        for (const std::string_view shared : { "debug_addr", "debug_ranges" })
            if (const Bytes bytes = module.find(shared); !bytes.empty())
                sections->debug[shared] = bytes;
        auto part = std::make_unique<Part>(
            *std::move(sections), file, input_, static_cast<uint32_t>(parts_.size()), &main(), skeleton);
        const auto& units = part->entries.index().units;
        if (std::ranges::any_of(units, [&](const Unit& unit) { return unit.signature == id; }))
            parts_.push_back(std::move(part));
        else
            problems_.push_back("split debug information is of another build: " + printable(name));
    }

    void add_producers(source::Summary& summary) const
    {
        std::map<std::tuple<source::Language, std::string_view, uint16_t>, uint32_t> units;
        for (const auto& part : parts_)
            for (const Unit& unit : part->entries.index().units)
                if (unit.is_readable && (unit.producer != 0 || unit.split_name == 0))
                    ++units[{ unit.language, part->entries.text_at(unit.producer), unit.version }];
        for (const auto& [what, count] : units)
            summary.producers.push_back(
                { std::get<0>(what), std::string(std::get<1>(what)), std::get<2>(what), count });
        std::ranges::sort(summary.producers, [](const source::Producer& one, const source::Producer& other) {
            return std::tie(other.units, one.language, one.name, one.version)
                < std::tie(one.units, other.language, other.name, other.version);
        });
    }

    static void add_globals(
        Entries& entries, const Matcher& matcher, uint32_t limit, std::vector<source::Variable>& found)
    {
        for (const NamedEntry& each : entries.index().globals) {
            if (found.size() >= limit)
                break;
            const std::string_view linkage = entries.text_at(each.linkage_name);
            // Literals are variables without a name.
            if (each.name == 0)
                continue;
            if (!matcher.may_match(entries.text_at(each.name)) && !matcher.matches_linkage(linkage))
                continue;
            if (!matcher.matches(entries.name_of(each), linkage))
                continue;
            const DWARFDie die = entries.at(each.entry);
            auto variable = die ? read_variable(entries, die) : std::nullopt;
            // Declarations have no location, and are completed by another entry.
            if (variable && (!variable->locations.empty() || variable->constant))
                found.push_back(*std::move(variable));
        }
    }

    const Input input_;
    std::mutex mutex_;
    /// The module's first, then the split ones.
    std::vector<std::unique_ptr<Part>> parts_;
    std::vector<std::string> problems_;
};

} // namespace

std::unique_ptr<source::Symbols> read_dwarf(Input input)
{
    auto symbols = std::make_unique<DwarfSymbols>(std::move(input));
    return symbols->empty() ? nullptr : std::move(symbols);
}

} // namespace vitrine::core::dwarf
