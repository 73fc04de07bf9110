// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command_line.h"

#include "cli/message.h"

#include "wasm/opcode.h"

#include <vitrine/version.hpp>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <csignal>

#include <fcntl.h>
#include <unistd.h>

namespace vitrine::cli {

namespace {

/// The words of a command line, sorted: options with their values, and all others.
struct Words {
    std::vector<std::string> options;
    std::vector<std::string> rest;
};

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

/// Whether the value can be left out. If it is given, it is part of the same word.
bool has_optional_value(const CLI::Option& option)
{
    return takes_value(option) && option.get_items_expected_min() == 0;
}

/// An option and whether its value is part of the same word: `--dir=x`, `-g1234`.
struct OptionWord {
    const CLI::Option* option;
    std::string name;
    bool has_value;
};

OptionWord read_option(const CLI::App& app, const std::string& word)
{
    const size_t end = word.starts_with("--") ? word.find('=') : 2;
    std::string name = word.substr(0, end);
    const CLI::Option* option = app.get_option_no_throw(name);
    return { option, std::move(name), end < word.size() };
}

/// Splits `-dx` into `-d` and `-x`. Any other word is returned unchanged.
std::vector<std::string> split_flags(const CLI::App& app, std::string word)
{
    std::vector<std::string> words;
    while (!word.starts_with("--")) {
        const OptionWord first = read_option(app, word);
        if (!first.has_value || !first.option || takes_value(*first.option))
            break;
        words.push_back(first.name);
        word.erase(1, 1);
    }
    words.push_back(std::move(word));
    return words;
}

/// Sorts words into options and others. If `rest_ends_options`, the first word that is not an
/// option ends the options. An error names the invalid word.
Result<Words> sort_words(const CLI::App& app, std::span<const std::string> words, bool rest_ends_options)
{
    Words sorted;
    for (size_t i = 0; i < words.size(); ++i) {
        const bool is_end = words[i] == "--";
        const bool is_option = words[i].starts_with('-') && words[i] != "-";
        if (is_end || (!is_option && rest_ends_options)) {
            const auto rest = words.subspan(is_end ? i + 1 : i);
            sorted.rest.insert(sorted.rest.end(), rest.begin(), rest.end());
            break;
        }
        if (!is_option) {
            sorted.rest.push_back(words[i]);
            continue;
        }
        for (const std::string& word : split_flags(app, words[i])) {
            const OptionWord read = read_option(app, word);
            if (!read.option)
                return Error("unknown option " + read.name);
            if (read.has_value && !takes_value(*read.option))
                return Error(word + ": this option takes no value");
            if (!read.has_value && has_optional_value(*read.option)) {
                sorted.options.push_back(word + "=" + read.option->get_default_str());
                continue;
            }
            sorted.options.push_back(word);
            if (read.has_value || !takes_value(*read.option))
                continue;
            if (i + 1 == words.size())
                return Error(word + " requires a value: " + read.option->get_type_name());
            sorted.options.push_back(words[++i]);
        }
    }
    return sorted;
}

/// Sorts the words and sets the options. Returns the words that are not options.
Result<std::vector<std::string>> parse(
    CLI::App& app, std::span<const std::string> words, bool rest_ends_options)
{
    auto sorted = TRY(sort_words(app, words, rest_ends_options));
    // CLI11 expects the words in reverse order.
    std::ranges::reverse(sorted.options);
    try {
        app.parse(sorted.options);
    } catch (const CLI::CallForHelp&) {
        // The caller checks the help option.
    } catch (const CLI::ParseError& wrong) {
        return Error(wrong.what());
    }
    return std::move(sorted.rest);
}

bool is_help(const CLI::App& app) { return app.get_help_ptr()->count() > 0; }

/// Adds `--color`, which every command has.
void add_colour(CLI::App& app, std::string& when)
{
    app.add_option("--color", when, "Whether to colour messages")->type_name("auto|always|never");
}

Result<void> use_colour(const std::string& when)
{
    constexpr std::string_view names[] { "auto", "always", "never" };
    const auto* found = std::ranges::find(names, when);
    if (found == std::end(names))
        return Error("--color " + when + ": expected auto, always or never");
    set_colour(static_cast<Colour>(found - names));
    return {};
}

std::string options_text(const CLI::App& app)
{
    CLI::Formatter formatter;
    formatter.column_width(34);
    return formatter.make_groups(&app, CLI::AppFormatMode::Normal);
}

void print_help(const CommandRow& row, const CLI::App& app)
{
    print("{}\n\nUsage: vitrine {} {}\n{}\n{}\n\nExample: {}\n", row.summary, row.name, row.arguments,
        options_text(app), row.details, row.example);
}

void print_help(std::span<const CommandRow> commands, const CLI::App& app)
{
    print("A WebAssembly runtime that a debugger can see into\n\nUsage: vitrine COMMAND ...\n{}\nCommands:\n",
        options_text(app));
    for (const CommandRow& row : commands)
        if (!row.summary.empty())
            print("  {:<11} {}\n", row.name, row.summary);
    print("\n`vitrine COMMAND --help` lists the options of a command.\n\nExample: {}\n",
        commands.front().example);
}

/// Prints the version, the commit and the features that are enabled by default.
void print_version()
{
    print("vitrine {} ({})\nfeatures:", vitrine::version(), VITRINE_COMMIT);
    for (const core::FeatureInfo& feature : core::feature_table)
        if (feature.is_default)
            print(" {}", feature.flag);
    print("\n");
}

int run_row(const CommandRow& row, std::span<const std::string> words)
{
    CLI::App app;
    std::string colour = "auto";
    add_colour(app, colour);
    const Action action = row.add(app);
    const auto rest = parse(app, words, row.takes_guest);
    if (!rest)
        return usage_error(rest.error(), row.name);
    if (is_help(app))
        return print_help(row, app), 0;
    if (auto used = use_colour(colour); !used)
        return usage_error(used.error(), row.name);
    return action(*rest);
}

/// Handles options without a command.
int run_without_command(std::span<const CommandRow> commands, std::span<const std::string> words)
{
    CLI::App app;
    std::string colour;
    bool is_version = false;
    add_colour(app, colour);
    app.add_flag("--version", is_version, "Print version, commit and features");
    if (const auto rest = parse(app, words, true); !rest)
        return usage_error(rest.error());
    if (is_help(app))
        return print_help(commands, app), 0;
    if (is_version)
        return print_version(), 0;
    return usage_error(Error("no command given"));
}

int run_words(std::span<const CommandRow> commands, std::vector<std::string> words)
{
    // Options may precede the command's name: LLDB's platform puts the port there.
    auto name = words.begin();
    while (name != words.end() && name->starts_with('-') && *name != "--")
        name += *name == "--color" && name + 1 != words.end() ? 2 : 1;
    if (name == words.end() || *name == "--")
        return run_without_command(commands, words);
    const auto row = std::ranges::find(commands, *name, &CommandRow::name);
    if (row == commands.end())
        return usage_error(Error("unknown command " + *name));
    words.erase(name);
    return run_row(*row, words);
}

/// Opens /dev/null for each standard stream that the parent process closed. Otherwise the next file
/// to be opened would get its descriptor.
void open_standard_streams()
{
    for (const int descriptor : { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO })
        if (fcntl(descriptor, F_GETFD) < 0)
            (void)open("/dev/null", O_RDWR);
}

} // namespace

int run_command_line(std::span<const CommandRow> commands, int argc, char** argv)
{
    open_standard_streams();
    // Writing to a closed pipe ends the process quietly, even if the parent ignored SIGPIPE.
    std::signal(SIGPIPE, SIG_DFL);
    // Exceeding the file size limit is an error, which the guest can handle.
    std::signal(SIGXFSZ, SIG_IGN);
    const int status = run_words(commands, { argv + std::min(argc, 1), argv + argc });
    if (!flush_output() && status == 0)
        return status::refused;
    return status;
}

} // namespace vitrine::cli
