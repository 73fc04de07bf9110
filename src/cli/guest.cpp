// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/guest.h"

#include "cli/message.h"
#include "cli/number.h"

#include "base/text.h"
#include "door/inner.h"
#include "eval/user_names.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace vitrine::cli {

void GuestOptions::add_to(CLI::App& app)
{
    const auto add = [&](const char* name, auto& value, const char* type, const char* description) {
        app.add_option(name, value, description)->type_name(type)->allow_extra_args(false);
    };
    add("--dir", folders, "HOST[::GUEST]",
        "Give the guest access to a directory, under its own path or GUEST");
    add("--dir-ro", read_only_folders, "HOST[::GUEST]", "The same, read-only");
    add("--env", environment, "NAME[=VALUE]", "Set an environment variable, or pass on this process's value");
    app.add_flag(
        "--inherit-env", inherits_environment, "Pass on all environment variables that --env does not set");
    add("--stdin", input, "FILE", "Standard input of the guest");
    add("--argv0", name, "NAME", "Program name that the guest sees, instead of the module's path");
    add("--listen", listeners, "[ADDRESS:]PORT", "Give the guest a listening socket, after its directories");
    add("--preload", preloads, "NAME=MODULE",
        "Instantiate this module first; its exports are imports from NAME");
    app.add_option("--unknown-imports", unknown_imports,
           "Undefined imported functions are an error (default), trap when called, or return zeros")
        ->type_name("error|trap|default");
    // For tests of the path resolution that is used where the kernel has no openat2.
    app.add_flag("--paths-by-component", paths_by_component, "Resolve paths without openat2")->group("");
    add("--invoke", invoke, "FUNCTION",
        "Call this export instead of _start, with arguments after the file, or as in 'f(1, 2)'");
    add("--timeout", timeout, "SECONDS", "End the guest after this time");
    add("--max-stack", max_stack, "BYTES", "Size of the guest's stack, for example 64K or 16M (default 4M)");
    debug_info.add_to(app);
    tiers.add_to(app);
    part.add_to(app);
    features.add_to(app);
}

Result<void> GuestOptions::take(const std::vector<std::string>& words)
{
    if (words.empty())
        return Error("no module given");
    CHECK(part.check());
    if (const auto mappings = debug_info.mappings(); !mappings)
        return Error(mappings.error().message);
    module = words.front();
    arguments.assign(words.begin() + 1, words.end());
    for (const std::string& preload : preloads)
        if (const size_t sign = preload.find('='); sign == 0 || sign >= preload.size() - 1)
            return Error("--preload " + preload + ": expected NAME=MODULE");
    if (unknown_imports != "error" && unknown_imports != "trap" && unknown_imports != "default")
        return Error("--unknown-imports " + unknown_imports + ": expected error, trap or default");
    return {};
}

namespace {

/// Preopens the directory of `HOST[::GUEST]`.
Result<void> add_folder(
    WasiConfig& config, std::string_view option, const std::string& folder, WasiAccess access)
{
    const size_t separator = folder.find("::");
    const std::string host = folder.substr(0, separator);
    const std::string guest = separator == std::string::npos ? host : folder.substr(separator + 2);
    if (host.empty() || guest.empty())
        return Error(fmt::format("{} {}: a directory name is empty", option, folder));
    config.preopen(host, guest, access);
    return {};
}

} // namespace

Result<WasiConfig> GuestOptions::wasi() const
{
    WasiConfig config;
    std::vector<std::string> all { name.value_or(module) };
    all.insert(all.end(), arguments.begin(), arguments.end());
    config.args(std::move(all));
    for (const std::string& folder : folders)
        CHECK(add_folder(config, "--dir", folder, WasiAccess::ReadWrite));
    for (const std::string& folder : read_only_folders)
        CHECK(add_folder(config, "--dir-ro", folder, WasiAccess::ReadOnly));
    if (input)
        config.stdin_file(*input);
    config.paths_by_component(paths_by_component);
    if (inherits_environment)
        config.inherit_env();
    for (const std::string& variable : environment) {
        const size_t sign = variable.find('=');
        const std::string name = variable.substr(0, sign);
        if (name.empty())
            return Error("--env " + variable + ": the name of the variable is empty");
        if (sign != std::string::npos)
            config.env(name, variable.substr(sign + 1));
        else if (const char* value = std::getenv(name.c_str()))
            config.env(name, value);
    }
    return config;
}

Result<void> GuestOptions::listen(WasiConfig& config) const
{
    for (const std::string& address : listeners) {
        auto listener = WasiListener::bind(address);
        if (!listener)
            return Error("--listen: " + listener.error().message());
        if (address == "0" || address.ends_with(":0"))
            print_note("the guest is listening on " + listener->address());
        config.socket(*std::move(listener));
    }
    return {};
}

Result<Preloads> GuestOptions::load_preloads(const Engine& engine) const
{
    Preloads loaded;
    for (const std::string& preload : preloads) {
        const size_t sign = preload.find('=');
        const std::string path = preload.substr(sign + 1);
        const auto module = TRY(Module::from_file(engine, path));
        loaded.emplace_back(preload.substr(0, sign), LoadedModule { module, path });
    }
    return loaded;
}

Result<double> GuestOptions::seconds() const
{
    if (!timeout)
        return 0.0;
    const auto value = parse_number(*timeout, ValKind::F64);
    if (!value || !(value->f64() > 0))
        return Error("--timeout " + *timeout + ": expected a number of seconds, for example 2.5");
    return value->f64();
}

Result<Config> GuestOptions::config() const
{
    auto config = TRY(features.config());
    CHECK(tiers.apply(config));
    if (max_stack.empty())
        return config;
    constexpr uint64_t least = uint64_t { 64 } << 10, most = uint64_t { 1 } << 30;
    const auto size = parse_size(max_stack);
    if (!size || *size < least || *size > most)
        return Error("--max-stack " + max_stack + ": expected a size from 64K to 1G, for example 16M");
    config.max_stack_bytes(*size);
    return config;
}

namespace {

bool is_reference(ValKind kind) { return kind > ValKind::V128; }

/// Defines each imported function of the module as one that returns zeros.
void define_zeros(Linker& linker, const Module& module)
{
    const auto functions = module.functions();
    for (const ImportInfo& item : module.imports()) {
        if (item.kind != ExternKind::Func)
            continue;
        const FuncType& type = functions[item.index].type;
        // Which references the type allows is not known here.
        if (std::ranges::any_of(type.params, is_reference) || std::ranges::any_of(type.results, is_reference))
            continue;
        linker.define(item.module, item.name, type, [type](Caller&, std::span<const Val>) {
            std::vector<Val> zeros;
            for (const ValKind kind : type.results)
                zeros.push_back(kind == ValKind::V128 ? Val::v128({}) : *parse_number("0", kind));
            return Result<std::vector<Val>>(std::move(zeros));
        });
    }
}

} // namespace

void GuestOptions::treat_unknown_imports(Linker& linker, const Module& module, const Preloads& preloads) const
{
    linker.trap_unknown_functions(unknown_imports != "error");
    if (unknown_imports != "default")
        return;
    // Later definitions replace these.
    linker.allow_shadowing(true);
    define_zeros(linker, module);
    for (const auto& [name, preload] : preloads)
        define_zeros(linker, preload.module);
}

namespace {

const ExportInfo* find_function(const std::vector<ExportInfo>& exports, std::string_view name)
{
    for (const ExportInfo& item : exports)
        if (item.kind == ExternKind::Func && item.name == name)
            return &item;
    return nullptr;
}

/// A name as messages list it: in quotes if it could not be read back without.
std::string listed_name(std::string_view name)
{
    const std::string text = core::escaped(name);
    const bool is_plain = text == name && name.find_first_of(" ,$") == name.npos && !name.empty();
    return is_plain ? text : "\"" + text + "\"";
}

/// `exported functions: f, g`
std::string function_list(const std::vector<ExportInfo>& exports)
{
    std::vector<std::string> names;
    for (const ExportInfo& item : exports)
        if (item.kind == ExternKind::Func)
            names.push_back(listed_name(item.name));
    if (names.empty())
        return "exported functions: none";
    return fmt::format("exported functions: {}", fmt::join(names, ", "));
}

Result<std::vector<Val>> parse_arguments(const std::vector<std::string>& texts, const FuncType& type)
{
    if (texts.size() != type.params.size())
        return Error(fmt::format("got {} argument{}, but the function's type is {}", texts.size(),
            texts.size() == 1 ? "" : "s", type.to_text().empty() ? "()" : type.to_text()));
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
    if (!options.invoke) {
        if (!is_command)
            return Error(fmt::format(
                "{} does not export a function _start; {}", options.module, function_list(exports)));
        return entry;
    }
    const std::string shown = options.invoke->empty() ? "\"\"" : *options.invoke;
    const ExportInfo* function = find_function(exports, *options.invoke);
    if (!function && options.invoke->starts_with('"'))
        function = find_function(exports, core::eval::bare_name(*options.invoke));
    if (!function)
        return Error(fmt::format(
            "--invoke {}: {} exports no such function; {}", shown, options.module, function_list(exports)));
    entry.function = function->name;
    auto arguments = parse_arguments(options.arguments, module.function(function->index)->type);
    if (!arguments)
        return Error(fmt::format("--invoke {}: {}", shown, arguments.error().message()));
    entry.arguments = *std::move(arguments);
    entry.is_reactor = entry.is_reactor && entry.function != "_initialize";
    return entry;
}

std::vector<core::console::LoadedModule> inner_modules(
    const Module& module, const GuestOptions& options, const Preloads& preloads)
{
    std::vector<core::console::LoadedModule> modules { { door::inner(module), options.module } };
    for (const auto& [name, preload] : preloads)
        modules.push_back({ door::inner(preload.module), preload.path, name });
    return modules;
}

namespace {

/// Whether the module is written for threads: it can spawn threads or imports a shared memory.
bool has_threads(const Module& module)
{
    const auto memories = module.memories();
    return std::ranges::any_of(module.imports(), [&](const ImportInfo& item) {
        return (item.module == "wasi" && item.name == "thread-spawn")
            || (item.kind == ExternKind::Memory && memories[item.index].type.is_shared);
    });
}

/// Instantiates the module, and initialises it if it is a reactor.
Result<Instance> make_instance(const Linker& linker, Store& store, const Module& module, bool is_reactor)
{
    auto instance = linker.instantiate(store, module);
    if (instance && is_reactor)
        CHECK(instance->func("_initialize")->call({}));
    return instance;
}

} // namespace

Result<void> check_imports(const Linker& linker, Store& store, const Module& module, const Entry& entry)
{
    // Preloaded modules and the memory that threads share are not defined until the guest runs.
    if (!entry.preloads.empty() || has_threads(module))
        return {};
    return linker.check(store, module);
}

Result<std::vector<Val>> run_guest(Linker& linker, Store& store, const Module& module, const Entry& entry)
{
    for (const auto& [name, preload] : entry.preloads) {
        const auto instance = TRY(make_instance(
            linker, store, preload.module, find_function(preload.module.exports(), "_initialize")));
        linker.define_instance(name, instance);
    }
    if (has_threads(module))
        CHECK(add_wasi_threads(linker, store, module));
    const auto instance = TRY(make_instance(linker, store, module, entry.is_reactor));
    auto results = instance.func(entry.function)->call(entry.arguments);
    end_wasi_threads(store);
    return results;
}

} // namespace vitrine::cli
