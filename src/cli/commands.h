// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <CLI/App.hpp>

#include <functional>

namespace vitrine::cli {

/// Each adds a command with its options, and answers with what runs it: the process's status.
using Command = std::function<int()>;

Command add_run(CLI::App& app);
Command add_inspect(CLI::App& app);
Command add_objdump(CLI::App& app);
Command add_validate(CLI::App& app);
Command add_opcodes(CLI::App& app);

} // namespace vitrine::cli
