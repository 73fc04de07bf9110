// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/component.h"

#include <vitrine/vitrine.hpp>

#include <CLI/App.hpp>

#include <optional>
#include <string>

namespace vitrine::cli {

/// The option `--part` of every command that loads a module or component: the part of the file to
/// use.
struct PartOption {
    std::optional<std::string> text;

    void add_to(CLI::App& app);
    /// Fails if the text is neither `OFFSET` nor `OFFSET+SIZE`.
    Result<void> check() const;
    /// Loads the module or component in this file. The text must have been checked.
    Result<Binary> load(const Engine& engine, const std::string& path) const;
};

} // namespace vitrine::cli
