// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The console's own verbs: help, files, what the user has named, settings.
#include "console/verbs.h"

#include "base/number.h"
#include "base/text.h"
#include "debug/listing.h"
#include "eval/message.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>

namespace vitrine::core::console {

namespace {

// -- Help

void show_help_of(Console& console, const Verb& verb)
{
    console.write(std::string(verb.name) + (verb.arguments.empty() ? "" : " ") + std::string(verb.arguments));
    console.write("    " + std::string(verb.summary));
    if (!verb.forms.empty())
        console.write("    short: " + std::string(verb.forms));
    console.write("    example: " + std::string(verb.example));
}

void show_info_forms(Console& console)
{
    constexpr size_t width = 22;
    for (const InfoForm& form : info_table()) {
        std::string head =
            std::string(form.name) + (form.arguments.empty() ? "" : " ") + std::string(form.arguments);
        if (!form.forms.empty())
            head += " (" + std::string(form.forms) + ")";
        head.resize(std::max(head.size(), width), ' ');
        console.write("    " + head + " "
            + (form.verb.empty() ? std::string(form.summary)
                                 : "the same as `" + std::string(form.verb) + "`"));
    }
}

void show_settings(Console& console)
{
    for (const Setting& setting : setting_table()) {
        std::string line = setting_line(console.settings(), setting);
        constexpr size_t width = 22;
        line.resize(std::max(line.size(), width), ' ');
        console.write("    " + line + " " + std::string(setting.summary));
    }
}

/// What a macro does, or what `document` says of it.
void show_help_of(Console& console, std::string_view name, const Macros::Macro& macro)
{
    console.write(std::string(name) + (macro.is_alias ? " = " + macro.lines.front() : ""));
    for (const std::string& line : macro.help)
        console.write("    " + line);
    if (!macro.is_alias && macro.help.empty())
        for (const std::string& line : macro.lines)
            console.write("    " + line);
}

void show_all_help(Console& console)
{
    constexpr size_t width = 22;
    std::string_view group;
    for (const Verb& verb : verb_table()) {
        if (verb.group != group)
            console.write(std::string(verb.group) + ":");
        group = verb.group;
        std::string head(verb.name);
        if (!verb.forms.empty())
            head += " (" + std::string(verb.forms) + ")";
        head.resize(std::max(head.size(), width), ' ');
        console.write("  " + head + " " + std::string(verb.summary));
    }
    if (!console.macros().all().empty())
        console.write("Yours:");
    for (const auto& [name, macro] : console.macros().all())
        console.write("  " + name + (macro.is_alias ? " = " + macro.lines.front() : ""));
    console.write(
        "`help VERB` has an example. The beginning of a verb is enough. An empty line repeats a step.");
    console.write("A line can end with `in FRAME`, `of INSTANCE` or `on THREAD`.");
}

// -- What the user has named

/// Takes a name that no verb has.
Result<std::string> take_new_name(Words& words)
{
    const std::string name(words.next());
    CHECK(Macros::check_name(name));
    const auto verb = find_verb(name);
    Words forms(verb ? (*verb)->forms : "");
    bool is_verb = verb && (*verb)->name == name;
    while (!forms.at_end())
        is_verb |= forms.next() == name;
    if (is_verb || name == "end")
        return failure(name + " is a verb");
    return name;
}

constexpr size_t max_macros = 1000;

Result<void> add_macro(Console& console, const std::string& name, Macros::Macro macro)
{
    if (console.macros().all().size() >= max_macros && !console.macros().find(name))
        return failure("there are " + std::to_string(max_macros) + " already");
    console.macros().set(name, std::move(macro));
    return {};
}

/// The numbers of breakpoints and watchpoints, which may be `$bpnum`; the last one that was set if
/// there are none.
Result<std::vector<uint32_t>> take_stops(Console& console, Words& words)
{
    std::vector<uint32_t> numbers;
    Stops& stops = console.stops();
    const bool is_last = words.at_end();
    while (!words.at_end() || (is_last && numbers.empty())) {
        const bool is_named = is_last || words.take("$bpnum");
        const uint64_t number =
            is_named ? stops.last_number() : TRY(words.number("the number of a breakpoint"));
        const auto watchpoints = stops.watchpoints();
        const bool is_there = stops.find_breakpoint(number).has_value()
            || std::ranges::find(watchpoints, number, &Stops::WatchRow::id) != watchpoints.end();
        if (!is_there)
            return failure("there is no breakpoint or watchpoint " + std::to_string(number));
        numbers.push_back(static_cast<uint32_t>(number));
    }
    return numbers;
}

// -- Files of lines

/// A text in quotes, as `Words::quoted` reads it.
std::string in_quotes(std::string_view text)
{
    std::string quoted = "\"";
    for (const char letter : text)
        quoted += (letter == '"' || letter == '\\' ? "\\" : "") + std::string(1, letter);
    return quoted + "\"";
}

/// The place as it can be read anywhere: a line of the file that was in view gets that file.
std::string text_of(const debug::AskedPlace& place)
{
    const bool is_line =
        !place.file_in_view.empty() && place.text.find_first_not_of("0123456789") == std::string::npos;
    return is_line ? place.file_in_view + ":" + place.text : place.text;
}

std::string line_of(const debug::Request& row)
{
    const debug::RequestSpec& spec = row.spec;
    std::string line = (spec.is_temporary ? "tbreak " : "break ") + text_of(spec.place);
    line += debug::hit_count_text(spec.ignore_count, spec.every, " ");
    if (!spec.message.empty())
        line += " log " + in_quotes(spec.message);
    if (!spec.condition.empty())
        line += " if " + spec.condition;
    return line + (spec.is_enabled ? "" : "\ndisable $bpnum");
}

std::string line_of(const Stops::WatchRow& row)
{
    using enum debug::WatchpointSpec::Access;
    const debug::WatchpointSpec& spec = row.spec;
    std::string line = (spec.access == Read               ? "rwatch "
                               : spec.access == ReadWrite ? "awatch "
                                                          : "watch ")
        + row.place;
    line += spec.access == Write ? " write" : "";
    line += debug::hit_count_text(spec.ignore_count, spec.every, " ");
    if (!spec.condition.empty())
        line += " if " + spec.condition;
    return line + (spec.is_enabled ? "" : "\ndisable $bpnum");
}

/// The lines that set what stops the program now. Watchpoints on locals are left out: they end with
/// their frames.
std::string saved_stops(Console& console)
{
    Stops& stops = console.stops();
    std::map<uint32_t, std::string> lines;
    for (const debug::Request& row : stops.breakpoints())
        lines[row.id] = line_of(row);
    for (const Stops::WatchRow& row : stops.watchpoints())
        if (!row.is_local)
            lines[row.id] = line_of(row);
    std::string text;
    for (const auto& [id, line] : lines) {
        text += line + "\n";
        const std::vector<std::string> commands = stops.commands(id);
        text += commands.empty() ? "" : "commands\n";
        for (const std::string& command : commands)
            text += "  " + command + "\n";
        text += commands.empty() ? "" : "end\n";
    }
    const debug::StopsOn now = stops.stops_on(), initial;
    for (const auto& [name, flag] : debug::stop_events<debug::StopsOn>)
        if (now.*flag != initial.*flag)
            text += "catch " + std::string(name) + (now.*flag ? "" : " off") + "\n";
    return text;
}

Result<void> write_file(const std::string& path, std::string_view text)
{
    errno = 0;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    file.close();
    if (!file)
        return failure("cannot write " + path + ": " + std::strerror(errno));
    return {};
}

// -- What `show` shows of the console

constexpr std::string_view shown_words[] { "convenience", "user", "values" };

void show_values(Console& console)
{
    const auto& history = console.variables().history();
    for (size_t i = 0; i < history.size(); ++i)
        console.write(
            "$#" + std::to_string(console.variables().first_number() + i) + " = " + history[i].text);
    if (history.empty())
        console.write("no values");
}

void show_variables(Console& console)
{
    for (const auto& [name, value] : console.variables().all())
        console.write("$" + name + " = " + value.text);
    if (console.variables().all().empty())
        console.write("no variables");
}

void show_macros(Console& console)
{
    for (const auto& [name, macro] : console.macros().all())
        show_help_of(console, name, macro);
    if (console.macros().all().empty())
        console.write("no definitions");
}

} // namespace

bool is_setting(std::string_view arguments)
{
    Words words(arguments);
    if (!take_setting(words))
        return false;
    // `set listsize = 5` is about a variable of the program.
    return words.at_end() || !std::string_view("=+-*/%&|^<>").contains(words.rest().front());
}

Result<void> change_setting(Console& console, Words& words)
{
    const Setting& setting = *take_setting(words);
    if (setting.is_of_terminal)
        CHECK(console.target().check(Needs::Owner, "set " + std::string(setting.name)));
    return change(console.settings(), setting, words);
}

bool is_of_console(const Console& console, std::string_view argument)
{
    Words words(argument);
    if (words.at_end() || (take_setting(words) && words.at_end()))
        return true;
    words = Words(argument);
    const std::string_view word = words.next();
    return words.at_end() && std::ranges::find(shown_words, word) != std::end(shown_words)
        && !console.scope().knows(word);
}

Result<void> show_of_console(Console& console, Words& words)
{
    if (words.at_end())
        show_settings(console);
    else if (const Setting* setting = take_setting(words))
        console.write(setting_line(console.settings(), *setting));
    else if (words.take("values"))
        show_values(console);
    else if (words.take("convenience"))
        show_variables(console);
    else
        show_macros(console);
    return {};
}

namespace verbs {

Result<void> help(Console& console, Words& words)
{
    if (words.at_end()) {
        show_all_help(console);
        return {};
    }
    const std::string_view name = words.next();
    const auto exact = std::ranges::find(verb_table(), name, &Verb::name);
    const Macros::Macro* const macro = console.macros().find(name);
    if (macro && exact == verb_table().end()) {
        CHECK(words.end());
        show_help_of(console, name, *macro);
        return {};
    }
    const Verb& verb = *TRY(find_verb(name));
    CHECK(words.end());
    show_help_of(console, verb);
    if (verb.perform == show_info)
        show_info_forms(console);
    if (verb.perform == set)
        show_settings(console);
    return {};
}

Result<void> read_script(Console& console, Words& words)
{
    if (words.at_end())
        return failure("expected a file");
    return console.read(std::string(words.rest()));
}

Result<void> save(Console& console, Words& words)
{
    if (!words.take("breakpoints") || words.at_end())
        return failure("expected `breakpoints` and a file");
    const std::string path(words.rest());
    CHECK(write_file(path, saved_stops(console)));
    console.write("saved to " + path);
    return {};
}

Result<void> set_commands(Console& console, Words& words)
{
    const std::vector<uint32_t> numbers = TRY(take_stops(console, words));
    console.begin_block([numbers](Console& after, const std::vector<std::string>& lines) -> Result<void> {
        for (const uint32_t number : numbers)
            after.stops().set_commands(number, lines);
        return {};
    });
    return {};
}

Result<void> define(Console& console, Words& words)
{
    if (words.at_end()) {
        show_macros(console);
        return {};
    }
    const std::string name = TRY(take_new_name(words));
    CHECK(words.end());
    console.begin_block([name](Console& after, std::vector<std::string> lines) {
        return add_macro(after, name, { .lines = std::move(lines) });
    });
    return {};
}

Result<void> document(Console& console, Words& words)
{
    const std::string name(words.next());
    CHECK(words.end());
    if (!console.macros().find(name))
        return console.macros().document(name, {});
    console.begin_block([name](Console& after, std::vector<std::string> lines) {
        return after.macros().document(name, std::move(lines));
    });
    return {};
}

Result<void> alias(Console& console, Words& words)
{
    if (words.at_end()) {
        show_macros(console);
        return {};
    }
    const std::string name = TRY(take_new_name(words));
    words.take("=");
    if (words.at_end())
        return failure("expected what " + name + " stands for");
    return add_macro(console, name, { .lines = { std::string(words.rest()) }, .is_alias = true });
}

Result<void> echo(Console& console, Words& words)
{
    const std::string_view text = words.rest();
    const Scope& scope = console.scope();
    const Frame* const frame = scope.guest_frame();
    if (!text.contains('{') || !frame) {
        console.write(text);
        return {};
    }
    const auto message = eval::LogMessage::compile(text, TRY(eval::Scope::of(*frame)));
    if (!message)
        return with_mark(message.error(), text);
    console.write(message->text(*frame));
    return {};
}

Result<void> show_history(Console& console, Words& words)
{
    constexpr uint64_t usual = 20;
    const uint64_t wanted = words.at_end() ? usual : TRY(words.number("a number of lines"));
    CHECK(words.end());
    const std::vector<std::string> lines = console.target().typed_lines();
    for (size_t i = lines.size() - std::min<uint64_t>(wanted, lines.size()); i < lines.size(); ++i)
        console.write(lines[i]);
    return {};
}

Result<void> quit(Console& console, Words& words)
{
    CHECK(words.end());
    console.quit();
    return {};
}

} // namespace verbs

} // namespace vitrine::core::console
