// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/guest.h"

#include "cli/number.h"

#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace vitrine::cli {

void GuestOptions::add_to(CLI::App& app)
{
    const auto add = [&](const char* name, auto& value, const char* type, const char* description) {
        app.add_option(name, value, description)->type_name(type)->allow_extra_args(false);
    };
    add("--dir", folders, "HOST[::GUEST]", "Open a folder to the guest, under its own name or GUEST");
    add("--env", environment, "NAME[=VALUE]", "Set a variable of the guest's environment, or pass on ours");
    add("--invoke", invoke, "FUNCTION", "Call this export, with numbers as arguments, instead of _start");
    add("--timeout", timeout, "SECONDS", "End the guest when it has run so long");
    features.add_to(app);
}

Result<void> GuestOptions::take(const std::vector<std::string>& words)
{
    if (words.empty())
        return Error("no module is given");
    module = words.front();
    arguments.assign(words.begin() + 1, words.end());
    return {};
}

Result<WasiConfig> GuestOptions::wasi() const
{
    WasiConfig config;
    std::vector<std::string> all { module };
    all.insert(all.end(), arguments.begin(), arguments.end());
    config.args(std::move(all));
    for (const std::string& folder : folders) {
        const size_t separator = folder.find("::");
        const std::string host = folder.substr(0, separator);
        const std::string guest = separator == std::string::npos ? host : folder.substr(separator + 2);
        if (host.empty() || guest.empty())
            return Error("--dir " + folder + ": a folder's name is empty");
        config.preopen(host, guest);
    }
    for (const std::string& variable : environment) {
        const size_t sign = variable.find('=');
        const std::string name = variable.substr(0, sign);
        if (name.empty())
            return Error("--env " + variable + ": the variable's name is empty");
        if (sign != std::string::npos)
            config.env(name, variable.substr(sign + 1));
        else if (const char* value = std::getenv(name.c_str()))
            config.env(name, value);
    }
    return config;
}

Result<double> GuestOptions::seconds() const
{
    if (timeout.empty())
        return 0.0;
    const auto value = parse_number(timeout, ValKind::F64);
    if (!value || !(value->f64() > 0))
        return Error("--timeout " + timeout + ": expected a number of seconds, for example 2.5");
    return value->f64();
}

namespace {

const ExportInfo* find_function(const std::vector<ExportInfo>& exports, std::string_view name)
{
    for (const ExportInfo& item : exports)
        if (item.kind == ExternKind::Func && item.name == name)
            return &item;
    return nullptr;
}

/// `what --invoke can call is f, g`
std::string choice_of(const std::vector<ExportInfo>& exports)
{
    std::vector<std::string> names;
    for (const ExportInfo& item : exports)
        if (item.kind == ExternKind::Func)
            names.push_back(item.name);
    if (names.empty())
        return "it exports no function";
    return fmt::format("what --invoke can call is {}", fmt::join(names, ", "));
}

Result<std::vector<Val>> parse_arguments(const std::vector<std::string>& texts, const FuncType& type)
{
    if (texts.size() != type.params.size())
        return Error(fmt::format("{} argument{} given, but its type is {}", texts.size(),
            texts.size() == 1 ? " is" : "s are", type.to_text().empty() ? "()" : type.to_text()));
    std::vector<Val> values;
    for (size_t i = 0; i < texts.size(); ++i) {
        auto value = parse_number(texts[i], type.params[i]);
        if (!value)
            return Error(fmt::format("argument {}: {}", i + 1, value.error().message()));
        values.push_back(*std::move(value));
    }
    return values;
}

} // namespace

Result<Entry> find_entry(const Module& module, const GuestOptions& options)
{
    const std::vector<ExportInfo> exports = module.exports();
    const bool is_command = find_function(exports, "_start");
    Entry entry { .function = "_start", .is_reactor = !is_command && find_function(exports, "_initialize") };
    if (options.invoke.empty()) {
        if (!is_command)
            return Error(fmt::format("{} has no function _start: {}", options.module, choice_of(exports)));
        return entry;
    }
    entry.function = options.invoke;
    const ExportInfo* function = find_function(exports, options.invoke);
    if (!function)
        return Error(fmt::format(
            "--invoke {}: {} has no such function: {}", options.invoke, options.module, choice_of(exports)));
    auto arguments = parse_arguments(options.arguments, module.functions()[function->index].type);
    if (!arguments)
        return Error(fmt::format("--invoke {}: {}", options.invoke, arguments.error().message()));
    entry.arguments = *std::move(arguments);
    entry.is_reactor = entry.is_reactor && options.invoke != "_initialize";
    return entry;
}

Result<std::vector<Val>> run_guest(
    const Linker& linker, Store& store, const Module& module, const Entry& entry)
{
    const auto instance = linker.instantiate(store, module);
    if (!instance)
        return instance.error();
    if (entry.is_reactor)
        if (auto done = instance->func("_initialize")->call({}); !done)
            return done.error();
    return instance->func(entry.function)->call(entry.arguments);
}

} // namespace vitrine::cli
