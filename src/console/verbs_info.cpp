// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The forms of `info`.
#include "console/places.h"
#include "console/verbs.h"

#include "base/text.h"
#include "debug/inspect.h"
#include "debug/listing.h"
#include "debug/skips.h"
#include "runtime/host_activity.h"
#include "runtime/program_view.h"

#include <algorithm>

namespace vitrine::core::console {

namespace {

Result<const ProgramView*> program_view(const Console& console)
{
    const Instance* const instance = console.scope().instance;
    const ProgramView* const program = instance ? instance->store->program_view : nullptr;
    if (!program)
        return failure("the program is not a component, or does not run");
    return program;
}

/// The call between components that is the `number`th, from the innermost on.
Result<void> show_call(Console& console, uint64_t number)
{
    // Some doors number guest frames only.
    for (const Frame& frame : console.session().frames(console.scope().thread)) {
        if (!frame.activity || number-- != 0)
            continue;
        console.write(frame.activity->title());
        for (const HostActivity::Row& row : frame.activity->rows())
            console.write("  " + printable(row.name) + ": " + row.type + " = " + row.value);
        return {};
    }
    return failure("there is no such call between components");
}

/// `$double + 0x2 is at 0x27`. What is in front of the first instruction means that one.
std::string symbol_line(Console& console, const CodePlace& place, FuncIndex function)
{
    const CodeOffset begin = place.module->meta(function).code_offset;
    const CodeOffset offset = std::max(place.offset, begin);
    return debug::short_label(*place.module, ExternKind::Func, function.value)
        + (offset > begin ? " + " + hex(offset - begin) : "") + " is at "
        + console.place_text(*place.module, offset, place.instance);
}

/// Where the selected frame is.
Result<CodePlace> frame_place(const Console& console)
{
    const Frame frame = TRY(console.scope().frame());
    if (frame.is_host())
        return failure("a host function has no code here");
    return CodePlace { frame.function->instance->module, debug::lookup_offset(frame),
        frame.function->instance };
}

// -- The functions of the table

Result<void> show_arguments(Console& console, Words& words)
{
    if (has_source_variables(console))
        return show_source_variables(console, words, true);
    CHECK(words.end());
    const Frame frame = TRY(console.scope().frame());
    std::vector<std::string> lines;
    if (!frame.is_host()) {
        lines = debug::local_lines(frame);
        const Module& module = frame.function->module();
        const size_t count = module.func_type(frame.function->index).params.size();
        lines.resize(std::min(count, lines.size()));
    }
    for (const std::string& line : lines)
        console.write(line);
    if (lines.empty())
        console.write("no arguments");
    return {};
}

Result<void> show_variables(Console& console, Words& words)
{
    if (has_source_variables(console))
        return show_source_variables(console, words, false);
    return verbs::show_locals(console, words);
}

Result<void> show_component_call(Console& console, Words& words)
{
    const uint64_t number = words.at_end() ? 0 : TRY(words.number("a call"));
    CHECK(words.end());
    return show_call(console, number);
}

Result<void> show_component(Console& console, Words& words)
{
    CHECK(words.end());
    console.write_lines(TRY(program_view(console))->describe());
    return {};
}

Result<void> show_handles(Console& console, Words& words)
{
    const std::string_view instance = words.next();
    CHECK(words.end());
    console.write_lines(TRY(TRY(program_view(console))->describe_handles(instance)));
    return {};
}

Result<void> show_frame_details(Console& console, Words& words)
{
    const Scope& scope = console.scope();
    const uint64_t number = words.at_end() ? scope.frame_number : TRY(words.number("a frame's number"));
    CHECK(words.end());
    Scope other = scope;
    other.frame_number = number;
    other.rows = rows_of(console.session(), scope.thread, scope.frames);
    const Frame frame = TRY(other.frame());
    console.write(
        "#" + std::to_string(number) + " " + console.position_text(Row { &frame, &other.rows[number] }));
    if (!frame.is_host()) {
        const Module& module = frame.function->module();
        console.write("  at: " + console.place_text(module, frame.offset, frame.function->instance));
        console.write("  function: " + debug::function_line(module, frame.function->index, ""));
        const auto all = instances_of(console.session());
        const auto own = std::ranges::find(all, frame.function->instance);
        console.write(
            "  instance: " + debug::instance_line(module, static_cast<uint32_t>(own - all.begin())));
        console.write("  locals: " + std::to_string(debug::locals_of(frame).size())
            + ", operands: " + std::to_string(debug::operands_of(frame).size()));
    }
    console.write("  caller: "
        + (number + 1 < other.rows.size() ? console.place_text(scope.frames[other.rows[number + 1].frame])
                                          : "none"));
    return {};
}

Result<void> show_program(Console& console, Words& words)
{
    Words none(words.rest(), true);
    CHECK(verbs::show_modules(console, none));
    if (!console.session().stopped() && console.target().end_text().empty())
        console.write("not run yet");
    console.tell();
    console.write("breakpoints " + std::to_string(console.stops().breakpoints().size()) + ", watchpoints "
        + std::to_string(console.stops().watchpoints().size()));
    return {};
}

/// `bank.c:25 is 0x3e8 to 0x3f4`
Result<void> show_line(Console& console, Words& words)
{
    const std::vector<CodePlace> places =
        words.at_end() ? std::vector { TRY(frame_place(console)) } : TRY(take_places(console, words));
    CHECK(words.end());
    for (const CodePlace& place : places) {
        const auto source = console.sources().of(place.module);
        const auto row = source ? source->symbols().row_at(place.offset) : std::nullopt;
        const std::string at = console.place_text(*place.module, place.offset, place.instance);
        if (!row || row->place.line == 0) {
            console.write("no line is known for " + at);
            continue;
        }
        console.write(debug::place_text(source->file(row->place.file), row->place) + " is at "
            + console.place_text(*place.module, row->range.begin, place.instance) + " to "
            + console.place_text(*place.module, row->range.end, place.instance));
    }
    return {};
}

std::string_view language_text(source::Language language)
{
    switch (language) {
    case source::Language::Unknown: return "unknown language";
    case source::Language::C: return "C";
    case source::Language::Cpp: return "C++";
    case source::Language::Rust: return "Rust";
    case source::Language::Zig: return "Zig";
    case source::Language::Wat: return "WAT";
    case source::Language::AssemblyScript: return "AssemblyScript";
    case source::Language::Go: return "Go";
    }
    return "";
}

Result<void> show_source(Console& console, Words& words)
{
    CHECK(words.end());
    const auto source = console.sources().of(console.scope().module);
    if (!source) {
        console.write("the module has no debug information");
        return {};
    }
    const source::Summary& summary = source->summary();
    for (const source::Producer& producer : summary.producers)
        console.write(std::string(language_text(producer.language)) + " (" + producer.name
            + (producer.version != 0 ? ", DWARF " + std::to_string(producer.version) : "")
            + "): " + count_text(producer.units, "unit"));
    console.write(
        count_text(summary.functions, "function") + ", " + count_text(summary.files.size(), "file"));
    for (const std::string& problem : summary.problems)
        console.write(problem);
    const auto row = console.scope().row();
    if (!row || !row->place)
        return {};
    if (const source::File* const file = source->file(row->place->file)) {
        const auto found = console.sources().text_of(*source, row->place->file);
        console.write("this file: " + debug::path_of(*file)
            + (!found                     ? ": " + found.error().message
                    : found->path.empty() ? ", from the debug information"
                                          : ", found at " + found->path));
    }
    return {};
}

Result<void> show_symbol(Console& console, Words& words)
{
    const std::vector<CodePlace> places = TRY(take_places(console, words));
    CHECK(words.end());
    for (const CodePlace& place : places)
        if (const auto function = place.module->find_function(place.offset))
            console.write(symbol_line(console, place, *function));
    return {};
}

Result<void> show_watchpoints(Console& console, Words& words)
{
    CHECK(words.end());
    const auto rows = console.stops().watchpoints();
    for (const Stops::WatchRow& row : rows)
        console.write(watchpoint_text(row));
    if (rows.empty())
        console.write("no watchpoints");
    return {};
}

constexpr InfoForm table[] = {
#define FORM(name, forms, verb) { name, forms, verb, "", Needs::Nothing, "", nullptr },
#define INFO(function, name, forms, arguments, needs, summary) \
    { name, forms, "", arguments, Needs::needs, summary, function },
#include "console/info.inc"
};

bool is_called(const InfoForm& form, std::string_view word)
{
    for (Words forms(form.forms); !forms.at_end();)
        if (forms.next() == word)
            return true;
    return form.name == word;
}

/// The form of that name, or the only one whose name begins like that.
Result<const InfoForm*> find_form(std::string_view word)
{
    std::vector<const InfoForm*> found;
    std::string names, all;
    for (const InfoForm& form : table) {
        if (is_called(form, word))
            return &form;
        all += (all.empty() ? "" : ", ") + std::string(form.name);
        if (!form.name.starts_with(word))
            continue;
        names += (found.empty() ? "" : ", ") + std::string(form.name);
        found.push_back(&form);
    }
    if (found.empty())
        return failure("info " + std::string(word) + ": expected " + all);
    if (found.size() > 1)
        return failure("info " + std::string(word) + " can be " + names);
    return found.front();
}

} // namespace

std::span<const InfoForm> info_table() { return table; }

namespace verbs {

Result<void> show_info(Console& console, Words& words)
{
    if (words.at_end())
        return show_program(console, words);
    const InfoForm& form = *TRY(find_form(words.next()));
    if (!form.perform)
        return console.perform_as(form.verb, words);
    CHECK(console.target().check(form.needs, "info"));
    return form.perform(console, words);
}

} // namespace verbs

} // namespace vitrine::core::console
