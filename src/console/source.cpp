// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/source.h"

#include "base/text.h"
#include "debug/session.h"
#include "debug/source_view.h"
#include "eval/source_value.h"
#include "source/highlight.h"

#include <algorithm>
#include <set>

namespace vitrine::core::console {

const std::shared_ptr<debug::Sources>& SourceView::sources()
{
    const std::shared_ptr<debug::SymbolFinder> finder = target_.session().symbols();
    if (!sources_ || finder_.lock() != finder) {
        finder_ = finder;
        sources_ = std::make_shared<debug::Sources>(finder);
    }
    return sources_;
}

Result<source::Source> SourceView::text_of(debug::ModuleSource& source, source::FileId file)
{
    const source::File* const entry = source.file(file);
    if (!entry)
        return failure("the debug information does not say which file this is");
    std::unique_ptr<Files>& files = files_[source.shared_module()];
    if (!files)
        files = std::make_unique<Files>(target_.path_options(source.module()));
    return files->texts.find(source.symbols(), file, *entry);
}

bool SourceView::is_missing_news(const debug::ModuleSource& source, source::FileId file)
{
    return missing_.emplace(&source.module(), file).second;
}

bool SourceView::is_source_level()
{
    return std::ranges::any_of(
        target_.modules(), [&](const LoadedModule& loaded) { return of(loaded.module) != nullptr; });
}

Result<SourceView::Generated> SourceView::generated_at(
    const std::shared_ptr<const Module>& module, CodeOffset offset)
{
    const auto function = module->find_function(offset);
    if (!function)
        return failure("no function has code at this offset");
    auto source = TRY(generated_.find(module, *function));
    const uint32_t line = std::max(source->line_of(offset), 1u);
    const auto modules = target_.modules();
    const auto loaded = std::ranges::find(modules, module, &LoadedModule::module);
    const std::string_view name = loaded == modules.end() ? "" : debug::name_of(*loaded);
    return Generated { std::move(source), debug::wat_path(name, *module, *function), line };
}

Result<SourceView::Generated> SourceView::generated(
    std::string_view path, uint32_t line, const std::shared_ptr<const Module>& in_view)
{
    const auto named = debug::find_module(target_.modules(), debug::module_of_wat_path(path));
    const std::shared_ptr<const Module> module = named ? named->module : in_view;
    const auto function = debug::function_of_wat_path(path);
    if (!module || !function)
        return std::unexpected(named.error());
    auto source = TRY(generated_.find(module, *function));
    return Generated { std::move(source), std::string(path), line };
}

namespace {

/// What the console shows of a value in a list of arguments.
constexpr source::Style argument_style { .max_text = 40, .max_elements = 4, .max_depth = 1 };

std::string arguments_text(SourceView& view, const Row& row)
{
    std::string text;
    for (const VariableLine& line : variable_lines(view, row, argument_style, true))
        text += (text.empty() ? "" : ", ") + line.name + "=" + line.value;
    return "(" + text + ")";
}

} // namespace

std::string source_text(SourceView& view, const Row& row)
{
    const debug::LogicalFrame& logical = *row.logical;
    if (row.frame->is_host() || (logical.name.empty() && !logical.place))
        return {};
    const auto source = view.of(row.frame->function->instance->module);
    if (!source)
        return {};
    std::string text = logical.name.empty() ? debug::text_of(*row.frame->function) : printable(logical.name);
    if (!logical.scopes.empty())
        text += arguments_text(view, row);
    if (logical.is_inlined)
        text += " [inlined]";
    if (logical.place && logical.place->line != 0)
        text += " at " + debug::place_text(source->file(logical.place->file), *logical.place);
    else
        text += " at " + hex(row.frame->offset);
    return text;
}

namespace {

/// Why a variable has no value, without its name: `optimized out`. With `is_short`, without where
/// it would have one.
std::string reason_text(const std::string& name, std::string_view message, bool is_short)
{
    for (const std::string_view verb : { "is ", "was " })
        if (const std::string begin = "`" + name + "` " + std::string(verb); message.starts_with(begin))
            message.remove_prefix(begin.size());
    return std::string(is_short ? message.substr(0, message.find(" (")) : message);
}

} // namespace

std::vector<VariableLine> variable_lines(
    SourceView& view, const Row& row, const source::Style& style, bool only_parameters)
{
    std::vector<VariableLine> lines;
    const auto source = view.of(row.frame->function->instance->module);
    if (!source || row.frame->is_host())
        return lines;
    constexpr size_t max_lines = 1000;
    std::set<std::string> seen;
    for (const source::Scope& scope : row.logical->scopes) {
        const bool is_body = &scope == &row.logical->scopes.back();
        if (only_parameters && !is_body)
            continue;
        for (const source::Variable& variable : source->symbols().variables(scope.variables)) {
            const bool is_parameter = variable.kind == source::Variable::Kind::Parameter;
            if (variable.name.empty() || (only_parameters && !is_parameter)
                || variable.kind == source::Variable::Kind::Global || lines.size() == max_lines
                || !seen.insert(variable.name).second)
                continue;
            const auto value = eval::evaluate_source(*row.frame, variable.name,
                { source->shared_symbols(), row.logical->inlined_inside, source->memory() });
            std::string text;
            if (value && value->value) {
                auto reader = value->reader(*row.frame->function->instance);
                text = source::render(reader, *value->value, style);
            } else {
                text = "<"
                    + reason_text(variable.name, value ? "unknown" : value.error().message, only_parameters)
                    + ">";
            }
            lines.push_back({ printable(variable.name), std::move(text), is_parameter });
        }
    }
    return lines;
}

namespace {

Style style_of(source::Word word)
{
    switch (word) {
    case source::Word::Plain: return Style::Plain;
    case source::Word::Comment: return Style::Comment;
    case source::Word::String: return Style::Text;
    case source::Word::Number: return Style::Number;
    case source::Word::Keyword:
    case source::Word::Directive: return Style::Keyword;
    case source::Word::Type: return Style::Name;
    }
    return Style::Plain;
}

/// The line with its colours, which may have begun in lines before it.
void add_coloured(Line& line, std::string_view text, std::span<const source::WordSpan> spans)
{
    size_t at = 0;
    const auto add = [&](size_t end, Style style) {
        if (end > at)
            line.push_back({ style, source::shown_line(text.substr(at, end - at)) });
        at = std::max(at, end);
    };
    for (const source::WordSpan& span : spans) {
        add(std::min<size_t>(span.begin, text.size()), Style::Plain);
        add(std::min<size_t>(span.end, text.size()), style_of(span.word));
    }
    add(text.size(), Style::Plain);
}

} // namespace

void write_source(const source::Source& source, source::Language language, const SourceLines& lines,
    const std::function<void(const Line&)>& write)
{
    constexpr size_t max_line = 500;
    source::Highlighter highlighter(source.text, language);
    const uint32_t last = std::min(lines.last, source.text->line_count());
    const size_t width = std::max<size_t>(4, std::to_string(last).size());
    for (uint32_t number = std::max(lines.first, 1u); number <= last; ++number) {
        std::string head = std::to_string(number);
        head.insert(0, width - head.size(), ' ');
        const bool is_here = number == lines.here;
        Line line { { is_here ? Style::Selected : Style::Comment, (is_here ? "=> " : "   ") + head + "  " } };
        std::string_view text = source.text->line(number);
        const std::vector<source::WordSpan> spans = highlighter.spans_of(number);
        const bool is_cut = text.size() > max_line;
        text = text.substr(0, max_line);
        add_coloured(line, text, spans);
        if (is_cut)
            line.push_back({ Style::Comment, " ..." });
        if (text.empty())
            line.back().text.resize(line.back().text.find_last_not_of(' ') + 1);
        write(line);
    }
}

} // namespace vitrine::core::console
