// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/commands.h"

#include <vitrine/vitrine.hpp>
#include <vitrine/wasi.hpp>

#include <CLI/App.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vitrine::cli {

/// The options that say how a guest runs, and the module with its arguments behind them.
struct GuestOptions {
    std::vector<std::string> folders;
    std::vector<std::string> environment;
    std::string invoke;
    double timeout = 0;
    std::string module;
    std::vector<std::string> arguments;

    void add_to(CLI::App& command);
    /// Takes the module and the guest's arguments from what the options left and what stands behind `--`; an error
    /// when there is no module.
    Result<void> take_rest(const CLI::App& command, const Behind& behind);
    /// WASI as the options say; an error names the option.
    Result<WasiConfig> wasi() const;
};

/// The module's path, made absolute.
std::string absolute_path(const std::string& path);

/// A number as WAT writes it, of the kind that is wanted: decimal or hexadecimal, with underscores, `inf`, `nan`, `nan:0x..`.
Result<Val> parse_number(const std::string& text, ValKind kind);

/// The arguments of `--invoke`, checked against the function's parameters.
Result<std::vector<Val>> parse_arguments(const std::vector<std::string>& texts, const FuncType& type);

/// The function a guest is started with: what `--invoke` names, or `_start`.
Result<Func> find_entry(const Instance& instance, const GuestOptions& options);

/// Instantiates, initialises a reactor and calls the entry: a guest's whole life, on the calling thread.
Result<std::vector<Val>> run_guest(
    const Linker& linker, Store& store, const Module& module, const GuestOptions& options);

} // namespace vitrine::cli
