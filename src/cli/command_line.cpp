// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command_line.h"

#include "cli/message.h"
#include "cli/words.h"

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

/// Sorts the words and sets the options. Returns the words that are not options.
Result<std::vector<std::string>> parse(
    CLI::App& app, std::span<const std::string> words, bool rest_ends_options)
{
    auto sorted = TRY(sort_words(app, words, rest_ends_options));
    if (sorted.lacks_value)
        return Error(sorted.options.back() + " requires a value: " + sorted.lacks_value->get_type_name());
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

void print_help_of_all(const CLI::App& app)
{
    print("{}\n\nUsage: vitrine COMMAND ...\n{}\nCommands:\n", program_summary, options_text(app));
    for (const CommandRow& row : all_commands())
        if (!row.is_hidden())
            print("  {:<11} {}\n", row.name, row.summary);
    print("\n`vitrine COMMAND --help` lists the options of a command.\n\nExample: {}\n",
        all_commands().front().example);
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
    CommandApp command(&row);
    const auto rest = parse(command.app, words, row.takes_guest);
    if (!rest)
        return usage_error(rest.error(), row.name);
    if (is_help(command.app))
        return print_help(row, command.app), 0;
    if (auto used = use_colour(command.colour); !used)
        return usage_error(used.error(), row.name);
    return command.action(*rest);
}

/// Handles options without a command.
int run_without_command(std::span<const std::string> words)
{
    CommandApp command(nullptr);
    if (const auto rest = parse(command.app, words, true); !rest)
        return usage_error(rest.error());
    if (is_help(command.app))
        return print_help_of_all(command.app), 0;
    if (command.is_version)
        return print_version(), 0;
    return usage_error(Error("no command given"));
}

int run_words(std::vector<std::string> words)
{
    const size_t position = find_command_name(words);
    if (position >= words.size() || words[position] == "--")
        return run_without_command(words);
    const std::string name = words[position];
    const CommandRow* row = find_command(name);
    if (!row)
        return usage_error(Error("unknown command " + name));
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(position));
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

CommandApp::CommandApp(const CommandRow* row)
{
    app.add_option("--color", colour, "Whether to colour messages")->type_name("auto|always|never");
    if (row)
        action = row->add(app);
    else
        app.add_flag("--version", is_version, "Print version, commit and features");
}

size_t find_command_name(std::span<const std::string> words)
{
    // Options may precede the command's name: LLDB's platform puts the port there.
    size_t i = 0;
    while (i < words.size() && words[i].starts_with('-') && words[i] != "--")
        i += words[i] == "--color" ? 2 : 1;
    return i;
}

int run_command_line(int argc, char** argv)
{
    open_standard_streams();
    // Writing to a closed pipe ends the process quietly, even if the parent ignored SIGPIPE.
    std::signal(SIGPIPE, SIG_DFL);
    // Exceeding the file size limit is an error, which the guest can handle.
    std::signal(SIGXFSZ, SIG_IGN);
    const int status = run_words({ argv + std::min(argc, 1), argv + argc });
    if (!flush_output() && status == 0)
        return status::refused;
    return status;
}

} // namespace vitrine::cli
