// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/component.h"

#include <vitrine/vitrine.hpp>

#include <CLI/App.hpp>

#include <optional>
#include <string>

namespace vitrine::cli {

/// The option `--part` of every command that loads a module: the part of the file to use as the
/// module.
struct PartOption {
    std::optional<std::string> text;

    void add_to(CLI::App& app);
    /// Fails if the text is neither `OFFSET` nor `OFFSET+SIZE`.
    Result<void> check() const;
    /// The part; all of the file without the option. The text must have been checked.
    Part part() const;
    /// Decodes and validates the module in this file. The error for a component says what can be
    /// done with it.
    Result<Module> load(const Engine& engine, const std::string& path) const;
};

} // namespace vitrine::cli
