// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <CLI/App.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::cli {

/// Runs a command on the words that are no options; its status.
using Action = std::function<int(const std::vector<std::string>& words)>;

/// A command: how it is called, what help says of it, and what adds its options and knows how to run it.
struct CommandRow {
    std::string_view name;
    std::string_view arguments;
    std::string_view summary;
    std::string_view details;
    std::string_view example;
    /// From its first word that is no option on, everything belongs to the guest.
    bool takes_guest;
    Action (*add)(CLI::App&);
};

// One for each command, in the file of its name.
Action add_run(CLI::App& app);
Action add_debug(CLI::App& app);
Action add_inspect(CLI::App& app);
Action add_objdump(CLI::App& app);
Action add_validate(CLI::App& app);
Action add_opcodes(CLI::App& app);
Action add_wast(CLI::App& app);

} // namespace vitrine::cli
