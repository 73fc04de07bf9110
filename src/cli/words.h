// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <CLI/App.hpp>
#include <vitrine/vitrine.hpp>

#include <span>
#include <string>
#include <vector>

namespace vitrine::cli {

bool takes_value(const CLI::Option& option);
/// Whether the value can be left out. If it is given, it is part of the same word.
bool has_optional_value(const CLI::Option& option);

/// An option and whether its value is part of the same word: `--dir=x`, `-g1234`.
struct OptionWord {
    const CLI::Option* option;
    std::string name;
    bool has_value;
};

/// The option that a word begins with; null if there is none of that name.
OptionWord read_option(const CLI::App& app, const std::string& word);

/// The words of a command line, sorted: options with their values, and all others.
struct Words {
    std::vector<std::string> options;
    std::vector<std::string> rest;
    /// The last option, if its value is missing.
    const CLI::Option* lacks_value = nullptr;
    /// Whether a word that follows can be an option no more.
    bool have_options_ended = false;
};

/// Sorts words into options and others. If `rest_ends_options`, the first word that is not an
/// option ends the options. An error names the invalid word.
Result<Words> sort_words(const CLI::App& app, std::span<const std::string> words, bool rest_ends_options);

} // namespace vitrine::cli
