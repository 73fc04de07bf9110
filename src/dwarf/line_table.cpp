// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/line_table.h"

#include "dwarf/names.h"
#include "wasm/decoder.h"

#include <algorithm>
#include <numeric>

namespace vitrine::core::dwarf {

namespace {

using source::Row;

/// Names of Go and AssemblyScript: `example.com/bank.(*Account).deposit`, `assembly/index/add`.
bool matches(const Matcher& matcher, const source::Pattern& pattern, const std::string& name)
{
    const size_t slash = name.rfind('/');
    std::string last = slash == std::string::npos ? name : name.substr(slash + 1);
    const bool is_name = pattern.match == source::Pattern::Match::Name;
    if (matcher.matches(name, {}) || matcher.matches(last, {})
        || (is_name && (name == pattern.text || last == pattern.text)))
        return true;
    // `Account.deposit` without the brackets around the receiver.
    if (!last.contains(".("))
        return false;
    std::erase_if(last, [](char c) { return c == '(' || c == '*' || c == ')'; });
    return matcher.matches(last, {});
}

/// Answers from a table that does not change, so it needs no lock.
class LineSymbols final : public source::Symbols {
public:
    explicit LineSymbols(LineTable table) : table_(std::move(table)), by_line_(table_.rows.size())
    {
        table_.texts.resize(table_.files.size());
        for (size_t i = 0; i < table_.files.size(); ++i)
            table_.files[i].has_text = table_.texts[i].has_value();
        std::iota(by_line_.begin(), by_line_.end(), 0u);
        std::ranges::sort(
            by_line_, {}, [this](uint32_t index) { return std::pair(key_of(table_.rows[index]), index); });
    }

    source::Summary summary() override
    {
        source::Summary summary { .files = table_.files,
            .functions = static_cast<uint32_t>(table_.functions.size()),
            .has_lines = !table_.rows.empty(),
            .problems = table_.problems };
        if (table_.producer.units > 0)
            summary.producers.push_back(table_.producer);
        return summary;
    }

    std::optional<std::string> text_of(source::FileId file) override
    {
        const auto index = static_cast<size_t>(file);
        return index < table_.texts.size() ? table_.texts[index] : std::nullopt;
    }

    std::optional<Row> row_at(CodeOffset offset) override
    {
        const auto behind = std::ranges::upper_bound(table_.rows, offset, {}, begin_of);
        if (behind == table_.rows.begin() || !std::prev(behind)->range.contains(offset))
            return std::nullopt;
        return *std::prev(behind);
    }

    std::vector<Row> rows_of(source::FileId file, uint32_t first, uint32_t last) override
    {
        const auto key = [this](uint32_t index) { return key_of(table_.rows[index]); };
        std::vector<Row> rows;
        for (auto at = std::ranges::lower_bound(by_line_, Key(file, first), {}, key);
            at != by_line_.end() && key(*at) <= Key(file, last); ++at)
            rows.push_back(table_.rows[*at]);
        std::ranges::sort(rows, {}, begin_of);
        return rows;
    }

    std::vector<Row> rows_in(source::Range range) override
    {
        std::vector<Row> rows;
        auto at = std::ranges::upper_bound(table_.rows, range.begin, {}, begin_of);
        if (at != table_.rows.begin() && std::prev(at)->range.end > range.begin)
            --at;
        for (; at != table_.rows.end() && at->range.begin < range.end; ++at)
            rows.push_back(*at);
        return rows;
    }

    std::optional<source::Function> function_at(CodeOffset offset) override
    {
        const auto begin = [](const source::Function& function) { return function.ranges[0].begin; };
        const auto behind = std::ranges::upper_bound(table_.functions, offset, {}, begin);
        if (behind == table_.functions.begin() || !std::prev(behind)->ranges[0].contains(offset))
            return std::nullopt;
        return *std::prev(behind);
    }

    std::optional<source::Function> function(source::FunctionId id) override
    {
        const auto number = static_cast<uint64_t>(id);
        if (number == 0 || number > table_.functions.size())
            return std::nullopt;
        return table_.functions[number - 1];
    }

    std::vector<source::Function> functions_named(const source::Pattern& pattern) override
    {
        const Matcher matcher(pattern);
        std::vector<source::Function> found;
        for (const source::Function& function : table_.functions) {
            if (found.size() >= pattern.limit)
                break;
            if (matches(matcher, pattern, function.name))
                found.push_back(function);
        }
        return found;
    }

    std::vector<source::Scope> scopes_at(CodeOffset offset) override
    {
        const auto function = function_at(offset);
        if (!function)
            return {};
        return { source::Scope {
            .function = function->id, .name = function->name, .ranges = function->ranges } };
    }

    std::vector<source::Scope> inlined_in(source::Range) override { return {}; }
    std::vector<source::Variable> variables(std::span<const source::VariableId>) override { return {}; }
    std::vector<source::Variable> globals(const source::Pattern&) override { return {}; }
    source::Type type(source::TypeId) override { return {}; }
    std::optional<source::TypeId> find_type(std::string_view) override { return {}; }
    std::optional<source::Variable> variable_at(uint64_t) override { return {}; }

private:
    using Key = std::pair<source::FileId, uint32_t>;
    static Key key_of(const Row& row) { return { row.place.file, row.place.line }; }
    static CodeOffset begin_of(const Row& row) { return row.range.begin; }

    LineTable table_;
    /// Indices of rows, by file and line.
    std::vector<uint32_t> by_line_;
};

} // namespace

std::unique_ptr<source::Symbols> answers_from(LineTable table)
{
    return std::make_unique<LineSymbols>(std::move(table));
}

std::unique_ptr<const Module> decoded(Bytes module)
{
    auto result = decode_module(std::make_shared<FileBytes>(nullptr, module, 0), module, FeatureSet::all());
    return result ? *std::move(result) : nullptr;
}

std::vector<source::Function> functions_of(const Module& module, source::Language language)
{
    std::vector<source::Function> functions;
    for (uint32_t i = module.imported(ExternKind::Func); i < module.functions.size(); ++i) {
        const FuncMeta& body = module.meta({ i });
        functions.push_back({ .id = source::FunctionId { functions.size() + 1 },
            .name = module.name_of(ExternKind::Func, i),
            .ranges = { { body.body_offset, body.end_offset } },
            .language = language });
    }
    return functions;
}

} // namespace vitrine::core::dwarf
