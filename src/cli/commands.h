// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <CLI/App.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vitrine::cli {

/// What stands behind the first `--` of the command line: it is no option, whatever it looks like.
using Behind = std::optional<std::vector<std::string>>;

/// Each adds a command with its options, and answers with what runs it: the process's status.
using Command = std::function<int()>;

Command add_run(CLI::App& app, const Behind& behind);
Command add_inspect(CLI::App& app, const Behind& behind);
Command add_objdump(CLI::App& app);
Command add_validate(CLI::App& app);
Command add_opcodes(CLI::App& app);

} // namespace vitrine::cli
