// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command_line.h"
#include "cli/message.h"
#include "cli/words.h"
#include "console/console.h"

#include <vitrine/version.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace vitrine::cli {

namespace {

struct Row {
    std::string_view name;
    std::string_view text;
};

constexpr Row exit_statuses[] {
    { "the guest's own", "The guest returned or called `proc_exit`." },
    { "1", "The input was refused: it cannot be read, or is malformed, invalid or unlinkable." },
    { "2", "The command line is wrong." },
    { "124", "`--timeout` ended the guest." },
    { "130", "Ctrl-C ended the guest." },
    { "134", "The guest trapped." },
    { "137", "A debugger ended the guest." },
};
static_assert(status::refused == 1 && status::usage == 2 && status::timeout == 124
    && status::interrupted == 130 && status::trap == 134 && status::killed == 137);

constexpr Row variables[] {
    { "NO_COLOR", "If it is not empty, messages are not coloured unless `--color=always` is given." },
    { "VITRINE_TIER", "What `--tier` is by default: `auto`, `interp`, `jit` or `mixed`." },
    { "XDG_RUNTIME_DIR", "Where guests with a door for debuggers are listed, in the folder vitrine." },
    { "XDG_CONFIG_HOME", "Where `vitrine debug` looks for its init file, in the folder vitrine." },
    { "XDG_STATE_HOME", "Where `vitrine debug` keeps the history of its lines, in the folder vitrine." },
    { "PAGER", "What `vitrine debug` shows long answers with." },
};

/// Prose as the language of manual pages has it. What is in backquotes is bold.
std::string prose(std::string_view text)
{
    std::string roff;
    bool is_bold = false;
    bool is_line_start = true;
    for (const char c : text) {
        if (is_line_start && (c == '.' || c == '\''))
            roff += "\\&";
        is_line_start = c == '\n';
        switch (c) {
        case '\\': roff += "\\e"; break;
        case '-': roff += "\\-"; break;
        case '~': roff += "\\(ti"; break;
        case '^': roff += "\\(ha"; break;
        case '\'': roff += "\\(aq"; break;
        case '`':
            is_bold = !is_bold;
            roff += is_bold ? "\\fB" : "\\fR";
            break;
        default: roff += c;
        }
    }
    return roff;
}

std::string bold(std::string_view text) { return "\\fB" + prose(text) + "\\fR"; }

/// The syntax of arguments: names of values are in italics, words to type in bold. Names of values
/// are in capitals, but those of a command (`[options] app.wasm`) are not.
std::string syntax(std::string_view text, bool is_of_command = false)
{
    const auto is_in_word = [](unsigned char c) {
        return std::isalnum(c) || c == '-' || c == '_' || c == '.';
    };
    const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
    const bool has_values = is_of_command && text.find('|') == text.npos;
    std::string roff;
    while (!text.empty()) {
        const auto* const end = std::ranges::find_if_not(text, is_in_word);
        const std::string_view word = text.substr(0, static_cast<size_t>(end - text.begin()));
        const bool is_value = has_values || std::ranges::none_of(word, is_lower);
        const bool is_dots = word.find_first_not_of('.') == word.npos;
        if (word.empty() || is_dots)
            roff += prose(text.substr(0, std::max<size_t>(word.size(), 1)));
        else
            roff += (is_value && word.front() != '-' ? "\\fI" : "\\fB") + prose(word) + "\\fR";
        text.remove_prefix(std::max<size_t>(word.size(), 1));
    }
    return roff;
}

std::string head(std::string_view name, std::string_view summary, std::string_view date)
{
    std::string title(name);
    std::ranges::transform(title, title.begin(), [](unsigned char c) { return std::toupper(c); });
    return fmt::format(".\\\" SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
                       ".\\\" Made by `vitrine man-pages` from what `vitrine --help` prints.\n"
                       ".TH {} 1 {} \"Vitrine {}\" \"Vitrine\"\n.SH NAME\n{} \\- {}\n",
        prose(title), date, vitrine::version(), prose(name), prose(summary));
}

std::string section(std::string_view title) { return fmt::format(".SH {}\n", title); }

std::string item(std::string_view tag, std::string_view text)
{
    return fmt::format(".TP\n{}\n{}\n", tag, text);
}

/// `-d`, `--dir HOST[::GUEST] ...`, `--perf[=map|jitdump|gdb]`
std::string tag_of(const CLI::Option& option)
{
    std::string tag;
    const auto add = [&](const std::string& dashes, const std::string& name) {
        tag += (tag.empty() ? "" : ", ") + bold(dashes + name);
    };
    for (const std::string& name : option.get_snames())
        add("-", name);
    for (const std::string& name : option.get_lnames())
        add("--", name);
    const std::string type = syntax(option.get_type_name());
    if (has_optional_value(option))
        tag += "[=" + type + "]";
    else if (takes_value(option))
        tag += " " + type;
    return tag;
}

std::string options(const CLI::App& app)
{
    std::string text = section("OPTIONS");
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_group().empty())
            continue;
        const bool is_repeated = takes_value(*option) && option->get_expected_max() > 1;
        text += item(tag_of(*option),
            prose(option->get_description()) + (is_repeated ? ". Can be given several times" : "") + ".");
    }
    return text;
}

std::string example(std::string_view line)
{
    return fmt::format(".SH EXAMPLES\n.EX\n{}\n.EE\n", prose(line));
}

std::string page_of(std::string_view name) { return fmt::format("\\fBvitrine\\-{}\\fR(1)", prose(name)); }

/// The verbs of the debugger, by group.
std::string debugger_commands()
{
    std::string text = section("COMMANDS OF THE DEBUGGER");
    std::string_view group;
    for (const core::console::Verb& verb : core::console::verb_table()) {
        if (verb.group != group)
            text += fmt::format(".SS {}\n", prose(group = verb.group));
        std::string tag = bold(verb.name);
        for (std::string_view forms = verb.forms; !forms.empty();) {
            const std::string_view form = forms.substr(0, forms.find(' '));
            forms.remove_prefix(std::min(form.size() + 1, forms.size()));
            tag += ", " + bold(form);
        }
        if (!verb.arguments.empty())
            tag += " " + syntax(verb.arguments);
        text += item(tag, prose(verb.summary) + ".");
    }
    return text;
}

std::string page(const CommandRow& row, std::string_view date)
{
    const CommandApp command(&row);
    std::string text = head(fmt::format("vitrine-{}", row.name), row.summary, date);
    text += fmt::format(
        ".SH SYNOPSIS\n{} {}\n", bold(fmt::format("vitrine {}", row.name)), syntax(row.arguments, true));
    text += fmt::format(".SH DESCRIPTION\n{}\n", prose(row.details));
    text += options(command.app);
    if (row.name == "debug")
        text += debugger_commands();
    text += example(row.example);
    return text + ".SH SEE ALSO\n\\fBvitrine\\fR(1)\n";
}

std::string page_of_all(std::string_view date)
{
    const CommandApp command(nullptr);
    std::string text = head("vitrine", program_summary, date);
    text += ".SH SYNOPSIS\n" + bold("vitrine") + " \\fICOMMAND\\fR ...\n.SH COMMANDS\n";
    std::string pages;
    for (const CommandRow& row : all_commands()) {
        if (row.is_hidden())
            continue;
        text += item(bold(row.name), prose(row.summary) + ".");
        pages += (pages.empty() ? "" : ",\n") + page_of(row.name);
    }
    text += options(command.app);
    const auto table = [&](std::string_view title, std::span<const Row> rows) {
        text += section(title);
        for (const Row& each : rows)
            text += item(bold(each.name), prose(each.text));
    };
    table("EXIT STATUS", exit_statuses);
    table("ENVIRONMENT", variables);
    text += example(all_commands().front().example);
    return text + ".SH SEE ALSO\n" + pages + "\n";
}

int write_page(const std::filesystem::path& folder, std::string_view name, std::string_view text)
{
    const auto path = folder / fmt::format("{}.1", name);
    std::ofstream file(path, std::ios::binary);
    file << text;
    return file.flush() ? 0 : report(Error("cannot write " + path.string()));
}

} // namespace

Action add_man_pages(CLI::App&)
{
    return [](const std::vector<std::string>& words) {
        if (words.size() != 2)
            return usage_error(Error("expected a folder and the date of the pages"), "man-pages");
        const std::string &folder = words[0], &date = words[1];
        int status = write_page(folder, "vitrine", page_of_all(date));
        for (const CommandRow& row : all_commands())
            if (!row.is_hidden())
                status = std::max(
                    status, write_page(folder, fmt::format("vitrine-{}", row.name), page(row, date)));
        return status;
    };
}

} // namespace vitrine::cli
