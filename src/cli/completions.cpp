// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/text.h"
#include "cli/command_line.h"
#include "cli/message.h"
#include "cli/words.h"
#include "net/guests.h"
#include "wasm/opcode.h"

#include <algorithm>
#include <optional>

namespace vitrine::cli {

namespace {

// -- Candidates
//
// The scripts for the shells know neither commands nor options. They pass the words up to the
// cursor to `vitrine complete`, and the last of these may be empty. It prints a line for each
// candidate, and for the names of files, which the shell completes:
//
//     word     TAB WORD     TAB DESCRIPTION
//     files    TAB PATTERN  TAB PREFIX
//     folders  TAB *        TAB PREFIX
//
// PREFIX is the part of the word in front of the name of the file, such as `--dir=`.

/// What a value is, by the name that help shows for it.
struct ValueType {
    std::string_view name;
    std::string_view kind;
    std::string_view pattern;
    /// Whether the name of the file follows an equals sign.
    bool has_sign;
};

constexpr ValueType value_types[] {
    { "FILE", "files", "*", false },
    { "PATH", "files", "*", false },
    { "FILE.json", "files", "*.json", false },
    { "app.wasm", "files", "*.wasm", false },
    { "app.wasm...", "files", "*.wasm", false },
    { "NAME=MODULE", "files", "*.wasm", true },
    { "HOST[::GUEST]", "folders", "*", false },
    { "FROM=TO", "folders", "*", true },
};

/// A word that is completed: what is certain, and the part that grows.
struct Unfinished {
    std::string prefix;
    std::string text;
};

void offer(const Unfinished& word, std::string_view candidate, std::string_view description)
{
    if (candidate.starts_with(word.text))
        print("word\t{}{}\t{}\n", word.prefix, candidate, description);
}

void offer_files(const Unfinished& word, const ValueType& type)
{
    const size_t end = type.has_sign ? word.text.find('=') : 0;
    if (end != std::string::npos)
        print("{}\t{}\t{}{}\n", type.kind, type.pattern, word.prefix,
            word.text.substr(0, type.has_sign ? end + 1 : 0));
}

/// The last of a list of features, with or without a minus.
void offer_features(Unfinished word)
{
    size_t start = word.text.rfind(',') + 1;
    if (word.text.substr(start).starts_with('-'))
        ++start;
    word = { word.prefix + word.text.substr(0, start), word.text.substr(start) };
    offer(word, "all", "");
    for (const core::FeatureInfo& feature : core::feature_table)
        offer(word, feature.flag, feature.is_default ? "enabled by default" : "");
}

void offer_guests(const Unfinished& word)
{
    const auto list = core::net::list_guests();
    if (!list)
        return;
    for (const core::net::RunningGuest& guest : list->guests)
        if (!guest.editors.empty())
            offer(word, std::to_string(guest.process), core::printable(guest.module));
}

/// Values of a type: `error|trap|default`, `[ADDRESS:]PORT|PATH`. Alternatives in lower case are
/// words to type.
void offer_values(const Unfinished& word, std::string_view type)
{
    while (!type.empty()) {
        const std::string_view name = type.substr(0, type.find('|'));
        type.remove_prefix(std::min(name.size() + 1, type.size()));
        const auto* found = std::ranges::find(value_types, name, &ValueType::name);
        if (found != std::end(value_types))
            offer_files(word, *found);
        else if (name == "LIST")
            offer_features(word);
        else if (name == "PID")
            offer_guests(word);
        else if (std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; }))
            offer(word, name, "");
    }
}

void offer_options(const CLI::App& app, const Unfinished& word)
{
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_group().empty())
            continue;
        for (const std::string& name : option->get_lnames())
            offer(word, "--" + name, option->get_description());
        for (const std::string& name : option->get_snames())
            offer(word, "-" + name, option->get_description());
    }
}

void offer_commands(const Unfinished& word)
{
    for (const CommandRow& row : all_commands())
        if (!row.is_hidden())
            offer(word, row.name, row.summary);
}

/// The type of a command's words, which help shows behind the options: `[options] app.wasm`.
std::string_view type_of_words(const CommandRow& row)
{
    std::string_view type = row.arguments;
    while (type.starts_with('['))
        type.remove_prefix(std::min(type.size(), type.find(']') + 2));
    return type.substr(0, type.find(' '));
}

/// Offers what the last word can become.
void complete(std::vector<std::string> words)
{
    const std::string last = words.back();
    words.pop_back();
    // It becomes part of a line.
    if (core::printable(last) != last)
        return;
    const CommandRow* row = nullptr;
    if (const size_t position = find_command_name(words);
        position < words.size() && words[position] != "--") {
        row = find_command(words[position]);
        if (!row || row->is_hidden())
            return;
        words.erase(words.begin() + static_cast<std::ptrdiff_t>(position));
    }
    const CommandApp command(row);
    const auto sorted = sort_words(command.app, words, !row || row->takes_guest);
    if (!sorted)
        return;
    if (sorted->lacks_value)
        return offer_values({ "", last }, sorted->lacks_value->get_type_name());
    if (last.starts_with('-') && !sorted->have_options_ended) {
        const OptionWord read = read_option(command.app, last);
        if (!read.has_value)
            return offer_options(command.app, { "", last });
        if (!read.option || !takes_value(*read.option))
            return;
        const size_t start = read.name.size() + (last[read.name.size()] == '=' ? 1 : 0);
        return offer_values({ last.substr(0, start), last.substr(start) }, read.option->get_type_name());
    }
    if (!row)
        return offer_commands({ "", last });
    // A guest has arguments of its own.
    offer_values({ "", last }, row->takes_guest && !sorted->rest.empty() ? "PATH" : type_of_words(*row));
}

// -- Scripts

struct Script {
    std::string_view shell;
    std::string_view text;
};

constexpr Script scripts[] {
#include "cli/completions.inc"
};

int print_script(const std::vector<std::string>& words)
{
    if (words.size() == 1)
        for (const Script& script : scripts)
            if (script.shell == words.front())
                return write(script.text), 0;
    return usage_error(Error("expected the name of a shell: bash, zsh or fish"), "completions");
}

} // namespace

Action add_completions(CLI::App&) { return print_script; }

Action add_complete(CLI::App&)
{
    return [](const std::vector<std::string>& words) {
        if (!words.empty())
            complete(words);
        return 0;
    };
}

} // namespace vitrine::cli
