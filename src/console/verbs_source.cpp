// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lines of source files, and the variables of the source.
#include "console/places.h"
#include "console/source.h"
#include "console/verbs.h"

#include "base/number.h"
#include "base/text.h"
#include "debug/line_step.h"
#include "debug/listing.h"
#include "debug/locations.h"
#include "source/highlight.h"

#include <algorithm>

namespace vitrine::core::console {

namespace {

/// Lines of a file of a module's source.
struct FileLines {
    std::shared_ptr<debug::ModuleSource> source;
    source::FileId file;
    SourceLines lines;
};

uint64_t list_size(Console& console) { return Settings::limit(console.settings().listsize); }

/// As many lines as `list` shows, with this one in the middle.
SourceLines around(Console& console, uint32_t line)
{
    const auto size = static_cast<uint32_t>(std::clamp<uint64_t>(list_size(console), 1, UINT32_MAX / 2));
    const uint32_t first = line > size / 2 ? line - size / 2 : 1;
    return { first, first + size - 1 };
}

/// The place of the selected frame; none if the source does not say it.
std::optional<std::pair<std::shared_ptr<debug::ModuleSource>, source::Place>> selected_place(Console& console)
{
    const auto frame = console.scope().frame();
    const auto row = console.scope().row();
    if (!frame || frame->is_host() || !row || !row->place || row->place->line == 0)
        return std::nullopt;
    auto source = console.sources().of(frame->function->instance->module);
    if (!source)
        return std::nullopt;
    return std::pair { std::move(source), *row->place };
}

Result<void> write_lines(Console& console, const FileLines& what)
{
    const source::Source text = TRY(console.sources().text_of(*what.source, what.file));
    const source::File& file = *what.source->file(what.file);
    if (what.lines.first > text.text->line_count())
        return failure(
            std::string(debug::file_name(file.path)) + " has " + count_text(text.text->line_count(), "line"));
    if (!text.warning.empty())
        console.write("warning: " + text.warning, Style::Error);
    SourceLines lines = what.lines;
    if (const auto selected = selected_place(console);
        selected && selected->first == what.source && selected->second.file == what.file)
        lines.here = selected->second.line;
    write_source(text, source::language_of(file.path), lines, [&](const Line& line) { console.write(line); });
    console.listed() = { .source = what.source, .file = what.file, .next = lines.last + 1 };
    console.repeat_with("list");
    return {};
}

using Generated = SourceView::Generated;

/// That of the selected frame's function, if the program has debug information.
std::optional<Generated> selected_generated(Console& console)
{
    const auto frame = console.scope().frame();
    if (!frame || frame->is_host() || !console.sources().is_source_level())
        return std::nullopt;
    auto generated =
        console.sources().generated_at(frame->function->instance->module, debug::lookup_offset(*frame));
    return generated ? std::optional(*std::move(generated)) : std::nullopt;
}

/// Lines of a generated source, with its path in front unless they follow what was listed before.
Result<void> write_generated(Console& console, const Generated& what, SourceLines lines)
{
    const auto& text = what.source->text();
    if (lines.first > text->line_count())
        return failure(what.path + " has " + count_text(text->line_count(), "line"));
    const auto selected = selected_generated(console);
    if (selected && selected->source == what.source)
        lines.here = selected->line;
    const Console::Listed& listed = console.listed();
    if (!listed.generated || listed.generated->source != what.source)
        console.write(what.path + ":");
    write_source({ text }, source::Language::Wat, lines, [&](const Line& line) { console.write(line); });
    console.listed() = { .generated = what, .next = lines.last + 1 };
    console.repeat_with("list");
    return {};
}

Result<void> write_generated(Console& console, const Generated& what)
{
    return write_generated(console, what, around(console, what.line));
}

/// `30`, `20,40`, `20,`: lines of a file; none for any other text.
std::optional<SourceLines> lines_meant(Console& console, std::string_view text)
{
    const size_t comma = text.find(',');
    const auto first = parse_unsigned(text.substr(0, comma));
    if (!first || *first == 0 || *first > INT32_MAX)
        return std::nullopt;
    const auto line = static_cast<uint32_t>(*first);
    if (comma == text.npos)
        return around(console, line);
    const auto size = static_cast<uint32_t>(std::clamp<uint64_t>(list_size(console), 1, UINT32_MAX / 2));
    const auto last = parse_unsigned(text.substr(comma + 1));
    if (!last && comma + 1 != text.size())
        return std::nullopt;
    const uint64_t end = last ? *last : uint64_t { line } + size - 1;
    return end < line
        ? std::nullopt
        : std::optional(SourceLines { line, static_cast<uint32_t>(std::min<uint64_t>(end, INT32_MAX)) });
}

/// `bank.c:25`: a line of the first file of that name. None for any other text.
std::optional<FileLines> find_line(Console& console, std::string_view text)
{
    const size_t colon = text.rfind(':');
    if (colon == text.npos || colon == 0)
        return std::nullopt;
    const auto lines = lines_meant(console, text.substr(colon + 1));
    if (!lines)
        return std::nullopt;
    for (const LoadedModule& loaded : console.target().modules()) {
        auto source = console.sources().of(loaded.module);
        const size_t count = source ? source->summary().files.size() : 0;
        for (uint32_t i = 0; i < count; ++i)
            if (debug::is_end_of_path(text.substr(0, colon), source->summary().files[i].path))
                return FileLines { source, source::FileId { i }, *lines };
    }
    return std::nullopt;
}

/// `1: function ^std::`, `2: file */lib/*, disabled`
std::string skip_line(const debug::Skips::Rule& rule)
{
    return std::to_string(rule.id) + ": " + (rule.is_file ? "file " : "function ") + rule.text
        + (rule.is_enabled ? "" : ", disabled");
}

} // namespace

Result<bool> change_skips(Console& console, Words& words)
{
    debug::Skips& skips = console.skips();
    if (words.take("function")) {
        if (words.at_end())
            return failure("expected a regular expression");
        CHECK(skips.add_function(std::string(words.rest())));
        console.write(skip_line(skips.rules().back()));
    } else if (words.take("file")) {
        if (words.at_end())
            return failure("expected a pattern for paths, such as */lib/*");
        skips.add_file(std::string(words.rest()));
        console.write(skip_line(skips.rules().back()));
    } else if (words.take("library")) {
        const bool is_off = words.take("off");
        if (!is_off && !words.take("on"))
            return failure("expected on or off");
        CHECK(words.end());
        skips.skips_libraries = !is_off;
    } else if (words.take("delete")) {
        const uint64_t id = TRY(words.number("the number of a rule"));
        CHECK(words.end());
        CHECK(skips.remove(static_cast<uint32_t>(std::min<uint64_t>(id, UINT32_MAX))));
    } else if (words.take("list")) {
        CHECK(words.end());
        for (const debug::Skips::Rule& rule : skips.rules())
            console.write(skip_line(rule));
        console.write(std::string("library: ") + (skips.skips_libraries ? "on" : "off"));
    } else {
        return false;
    }
    return true;
}

namespace {

/// The lines that follow what was listed last, or those around the selected frame's.
Result<bool> list_next(Console& console)
{
    const Console::Listed listed = console.listed();
    const auto here = selected_place(console);
    const SourceLines size = around(console, 1);
    const SourceLines next { listed.next, listed.next + size.last - size.first };
    if (listed.source) {
        CHECK(write_lines(console, { listed.source, listed.file, next }));
    } else if (listed.generated) {
        CHECK(write_generated(console, *listed.generated, next));
    } else if (here && console.sources().text_of(*here->first, here->second.file)) {
        CHECK(write_lines(console, { here->first, here->second.file, around(console, here->second.line) }));
    } else if (const auto generated = selected_generated(console)) {
        CHECK(write_generated(console, *generated));
    } else {
        return false;
    }
    return true;
}

/// Lines by their numbers, of the file that was listed last or that the selected frame is in.
Result<bool> list_lines(Console& console, const SourceLines& lines)
{
    const Console::Listed listed = console.listed();
    const auto here = selected_place(console);
    if (listed.source) {
        CHECK(write_lines(console, { listed.source, listed.file, lines }));
    } else if (listed.generated) {
        CHECK(write_generated(console, *listed.generated, lines));
    } else if (here) {
        CHECK(write_lines(console, { here->first, here->second.file, lines }));
    } else if (const auto generated = selected_generated(console)) {
        CHECK(write_generated(console, *generated, lines));
    } else {
        return false;
    }
    return true;
}

/// `app.wat/func[3] $name:5`; none for any other text.
Result<std::optional<Generated>> find_generated(Console& console, std::string_view text, SourceLines& lines)
{
    if (!debug::function_of_wat_path(text))
        return std::nullopt;
    const size_t colon = text.rfind(':');
    const auto meant = colon == text.npos ? std::nullopt : lines_meant(console, text.substr(colon + 1));
    lines = meant.value_or(around(console, 1));
    const std::string_view path = meant ? text.substr(0, colon) : text;
    return TRY(console.sources().generated(path, lines.first, console.scope().module));
}

} // namespace

Result<bool> list_source(Console& console, Words& words)
{
    if (words.at_end())
        return list_next(console);
    const std::string_view text = words.rest();
    if (const auto lines = lines_meant(console, text))
        return list_lines(console, *lines);
    SourceLines lines;
    if (const auto generated = TRY(find_generated(console, text, lines))) {
        CHECK(write_generated(console, *generated, lines));
        return true;
    }
    if (const auto found = find_line(console, text)) {
        CHECK(write_lines(console, *found));
        return true;
    }
    Words copy = words;
    const auto places = take_places(console, copy);
    if (!places)
        return false;
    const auto source = console.sources().of(places->front().module);
    const auto row = source ? source->symbols().row_at(places->front().offset) : std::nullopt;
    const bool has_line = row && row->place.line != 0;
    if (!has_line && (!console.sources().is_source_level() || !copy.at_end()))
        return false;
    CHECK(copy.end());
    if (!has_line) {
        const CodePlace& place = places->front();
        CHECK(write_generated(console, TRY(console.sources().generated_at(place.module, place.offset))));
        return true;
    }
    CHECK(write_lines(console, { source, row->place.file, around(console, row->place.line) }));
    return true;
}

std::shared_ptr<debug::Step> line_step(Console& console, debug::LineStepKind kind)
{
    const Scope& scope = console.scope();
    debug::LineStepFrom from { .thread = scope.thread,
        .skips = std::make_shared<const debug::Skips>(console.skips()) };
    if (kind == debug::LineStepKind::Finish)
        if (const auto row = scope.row()) {
            from.frame = row->frame;
            from.level = row->level;
        }
    const auto frame = std::ranges::find_if(scope.frames, [](const Frame& each) { return !each.is_host(); });
    const bool has_source = frame != scope.frames.end()
        && (console.sources().of(frame->function->instance->module) || console.sources().is_source_level());
    if (!has_source)
        return nullptr;
    return debug::make_line_step(kind, console.session(), console.sources().sources(), std::move(from));
}

Result<void> show_source_variables(Console& console, Words& words, bool are_arguments)
{
    CHECK(words.end());
    const Frame frame = TRY(console.scope().frame());
    const debug::LogicalFrame logical = TRY(console.scope().row());
    bool is_none = true;
    for (const VariableLine& line :
        variable_lines(console.sources(), { &frame, &logical }, {}, are_arguments))
        if (line.is_parameter == are_arguments) {
            console.write(line.name + " = " + line.value);
            is_none = false;
        }
    if (is_none)
        console.write(are_arguments ? "no arguments" : "no locals");
    return {};
}

bool has_source_variables(const Console& console)
{
    const auto row = console.scope().row();
    return row && !row->scopes.empty();
}

} // namespace vitrine::core::console
