// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/words.h"

namespace vitrine::cli {

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

bool has_optional_value(const CLI::Option& option)
{
    return takes_value(option) && option.get_items_expected_min() == 0;
}

OptionWord read_option(const CLI::App& app, const std::string& word)
{
    const size_t end = word.starts_with("--") ? word.find('=') : 2;
    std::string name = word.substr(0, end);
    const CLI::Option* option = app.get_option_no_throw(name);
    return { option, std::move(name), end < word.size() };
}

namespace {

/// Splits `-dx` into `-d` and `-x`. Any other word is returned unchanged.
std::vector<std::string> split_flags(const CLI::App& app, std::string word)
{
    std::vector<std::string> words;
    while (!word.starts_with("--")) {
        const OptionWord first = read_option(app, word);
        if (!first.has_value || !first.option || takes_value(*first.option))
            break;
        words.push_back(first.name);
        word.erase(1, 1);
    }
    words.push_back(std::move(word));
    return words;
}

} // namespace

Result<Words> sort_words(const CLI::App& app, std::span<const std::string> words, bool rest_ends_options)
{
    Words sorted;
    for (size_t i = 0; i < words.size(); ++i) {
        const bool is_end = words[i] == "--";
        const bool is_option = words[i].starts_with('-') && words[i] != "-";
        if (is_end || (!is_option && rest_ends_options)) {
            const auto rest = words.subspan(is_end ? i + 1 : i);
            sorted.rest.insert(sorted.rest.end(), rest.begin(), rest.end());
            sorted.have_options_ended = true;
            break;
        }
        if (!is_option) {
            sorted.rest.push_back(words[i]);
            continue;
        }
        for (const std::string& word : split_flags(app, words[i])) {
            const OptionWord read = read_option(app, word);
            if (!read.option)
                return Error("unknown option " + read.name);
            if (read.has_value && !takes_value(*read.option))
                return Error(word + ": this option takes no value");
            if (!read.has_value && has_optional_value(*read.option)) {
                sorted.options.push_back(word + "=" + read.option->get_default_str());
                continue;
            }
            sorted.options.push_back(word);
            if (read.has_value || !takes_value(*read.option))
                continue;
            if (i + 1 < words.size())
                sorted.options.push_back(words[++i]);
            else
                sorted.lacks_value = read.option;
        }
    }
    return sorted;
}

} // namespace vitrine::cli
