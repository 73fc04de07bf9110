// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vitrine/vitrine.hpp>

#include <CLI/App.hpp>

#include <optional>
#include <string>

namespace vitrine::cli {

/// The option `--part`, of every command that loads a module: which part of the file is the module, if not all of it.
struct PartOption {
    std::optional<std::string> text;

    void add_to(CLI::App& app);
    /// Refuses what is not `OFFSET` or `OFFSET+SIZE`.
    Result<void> check() const;
    /// Decodes and validates the module in this file.
    Result<Module> load(const Engine& engine, const std::string& path) const;
};

} // namespace vitrine::cli
