// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <CLI/App.hpp>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::cli {

/// Runs a command with the words that are not options. Returns the exit status.
using Action = std::function<int(const std::vector<std::string>& words)>;

/// A command: its name and arguments, its help texts, and the function that adds its options and
/// returns the action that runs it.
struct CommandRow {
    std::string_view name;
    std::string_view arguments;
    /// Empty for a command that users do not see.
    std::string_view summary;
    std::string_view details;
    std::string_view example;
    /// Whether everything from the first word that is not an option on belongs to the guest.
    bool takes_guest;
    Action (*add)(CLI::App&);

    bool is_hidden() const { return summary.empty(); }
};

/// All commands, in the order in which help lists them.
std::span<const CommandRow> all_commands();
/// Null if there is no such command.
const CommandRow* find_command(std::string_view name);

// One function per command, in the file of the command's name.
Action add_run(CLI::App& app);
Action add_debug(CLI::App& app);
Action add_dap(CLI::App& app);
Action add_ps(CLI::App& app);
Action add_lldb_script(CLI::App& app);
Action add_mcp(CLI::App& app);
Action add_inspect(CLI::App& app);
Action add_objdump(CLI::App& app);
Action add_validate(CLI::App& app);
Action add_opcodes(CLI::App& app);
Action add_wast(CLI::App& app);
Action add_completions(CLI::App& app);
Action add_complete(CLI::App& app);
Action add_man_pages(CLI::App& app);
Action add_symbols(CLI::App& app);

} // namespace vitrine::cli
