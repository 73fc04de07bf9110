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

/// Those that a module says it was written in; none if it has been stripped.
std::vector<std::string> languages_of(const Module& module)
{
    std::vector<std::string> languages;
    for (const CustomSection& section : module.customs)
        if (section.name == "producers")
            languages = languages_in(section.bytes).value_or(languages);
    return languages;
}

/// Whether LLDB treats some of the module's functions as C++ because their names have scopes. Also
/// checks the names, because the producers section may have been stripped.
bool has_scoped_names(const Module& module)
{
    for (const std::string& language : languages_of(module))
        if (language.starts_with("C_plus_plus") || language == "Rust")
            return true;
    for (uint32_t function = 0; function < module.functions.size(); ++function) {
        const std::string_view name = module.names().functions.find(function);
        if (name.contains("::") || name.starts_with("_Z") || name.starts_with("_RN"))
            return true;
    }
    return false;
}

/// Quotes an argument of an LLDB command if necessary.
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

bool allocates_for_components(const Module* module)
{
    return std::ranges::find(module->exports, "cabi_realloc", &Export::name) != module->exports.end();
}

} // namespace

bool has_rust(const Module& module)
{
    const std::vector<std::string> languages = languages_of(module);
    return std::ranges::find(languages, "Rust") != languages.end();
}

std::vector<std::string> lldb_commands(std::span<const Module* const> modules, std::string_view address)
{
    const auto has_memory = [](const Module* module) {
        return module->memories.size() > module->imported(ExternKind::Memory);
    };
    std::vector<std::string> commands;
    commands.emplace_back(
        std::ranges::any_of(modules, [](const Module* module) { return has_scoped_names(*module); })
            ? "settings set target.language c++"
            : "settings set target.language c");
    if (std::ranges::count_if(modules, has_memory) > 1)
        commands.emplace_back("settings set target.process.disable-memory-cache true");
    // `step` does not stop in what calls between components need.
    if (std::ranges::any_of(modules, allocates_for_components))
        commands.emplace_back(
            "settings set target.process.thread.step-avoid-regexp ^(std::|cabi_realloc|cabi_post_)");
    // A path begins with a slash, so the URL has three.
    const std::string scheme = address.starts_with('/') ? "unix-connect://" : "connect://";
    commands.push_back("process connect --plugin wasm " + lldb_argument(scheme + std::string(address)));
    return commands;
}

} // namespace vitrine::core::gdb
