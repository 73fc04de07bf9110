// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vitrine/vitrine.hpp>

#include <CLI/App.hpp>

#include <string>

namespace vitrine::cli {

/// The options of commands that run a guest that say how it is executed.
struct TierOptions {
    std::string tier;
    std::string threshold;
    std::string max_code;
    bool no_signals = false;

    void add_to(CLI::App& app);
    /// Fails for a wrong value of an option.
    Result<void> apply(Config& config) const;
};

} // namespace vitrine::cli
