// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/commands.h"

#include <span>
#include <string>

namespace vitrine::cli {

/// A command's options, with those that every command has. Its help, its page of the manual and the
/// completions are made from it.
struct CommandApp {
    /// Without a row: the options without a command.
    explicit CommandApp(const CommandRow* row);
    CommandApp(const CommandApp&) = delete;
    CommandApp& operator=(const CommandApp&) = delete;

    CLI::App app;
    Action action;
    std::string colour = "auto";
    bool is_version = false;
};

inline constexpr std::string_view program_summary = "A WebAssembly runtime that a debugger can see into";

/// The position of the word that names the command. If none does, it is past the end, or that of
/// the word `--`.
size_t find_command_name(std::span<const std::string> words);

/// Finds the command that the arguments name and runs it. Returns the exit status of the process.
int run_command_line(int argc, char** argv);

} // namespace vitrine::cli
