// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/features.h"
#include <vitrine/vitrine.hpp>

#include <CLI/App.hpp>

#include <string>
#include <vector>

namespace vitrine::cli {

/// The option `--features` of every command that loads a module.
struct FeatureOption {
    std::string list;

    void add_to(CLI::App& app);
    Result<std::vector<core::FeatureChoice>> choices() const;
    /// The configuration of an engine with these features.
    Result<Config> config() const;
};

} // namespace vitrine::cli
