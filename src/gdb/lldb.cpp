// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/lldb.h"

#include <algorithm>

namespace vitrine::core::gdb {

namespace {

/// The values of the field `language` in a producers section. [tool conventions: producers section]
Result<std::vector<std::string>> languages_in(Bytes section)
{
    std::vector<std::string> languages;
    ByteReader in(section);
    for (uint32_t fields = TRY(in.length()); fields > 0; --fields) {
        const bool is_language = TRY(in.name()) == "language";
        for (uint32_t values = TRY(in.length()); values > 0; --values) {
            const std::string_view value = TRY(in.name());
            TRY(in.name());
            if (is_language)
                languages.emplace_back(value);
        }
    }
    return languages;
}

/// `c`, `c++`, or empty when it is another one, which LLDB takes from the debug information.
std::string language_of(const Module& module)
{
    std::vector<std::string> languages;
    for (const CustomSection& section : module.customs)
        if (section.name == "producers")
            languages = languages_in(section.bytes).value_or(languages);
    const auto is_cpp = [](const std::string& language) { return language.starts_with("C_plus_plus"); };
    const auto is_c = [](const std::string& language) { return language.starts_with("C"); };
    if (std::ranges::any_of(languages, is_cpp))
        return "c++";
    return std::ranges::all_of(languages, is_c) ? "c" : "";
}

/// An argument of LLDB's commands, quoted if need be.
std::string lldb_argument(const std::string& text)
{
    if (text.find_first_of(" \t\n'\"`\\") == std::string::npos)
        return text;
    std::string quoted = "\"";
    for (const char byte : text) {
        if (byte == '"' || byte == '`' || byte == '\\')
            quoted += '\\';
        quoted += byte;
    }
    return quoted + '"';
}

} // namespace

std::vector<std::string> lldb_commands(const Module& module, std::string_view address)
{
    std::vector<std::string> commands;
    if (const std::string language = language_of(module); !language.empty())
        commands.push_back("settings set target.language " + language);
    // A path begins with a slash, so that the URL has three.
    const std::string scheme = address.starts_with('/') ? "unix-connect://" : "connect://";
    commands.push_back("process connect --plugin wasm " + lldb_argument(scheme + std::string(address)));
    return commands;
}

} // namespace vitrine::core::gdb
