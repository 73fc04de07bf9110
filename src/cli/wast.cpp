// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/features.h"
#include "cli/file.h"
#include "cli/message.h"
#include "cli/spectest.h"
#include "cli/wast_script.h"

#include "base/text.h"
#include "engine/engine.h"
#include "exec/invoke.h"
#include "wasm/branch_hints.h"
#include "wasm/validator.h"

#include <filesystem>

namespace vitrine::cli {

namespace {

/// What a command should have come to, and what it came to.
struct Difference {
    std::string expected;
    std::string got;
};

/// Nothing when the command did as it should.
using Verdict = std::optional<Difference>;

using Results = std::expected<std::vector<core::Value>, core::Failure>;
using SharedModule = std::shared_ptr<const core::Module>;

std::string in_quotes(std::string_view text) { return "\"" + core::escaped(text) + "\""; }

std::string text_of(const core::Failure& failure)
{
    if (const auto* trap = std::get_if<core::Trap>(&failure))
        return "trap " + in_quotes(trap->to_text());
    return "error " + in_quotes(std::get<core::Error>(failure).to_text());
}

/// Messages say more than the suite's texts: these are the beginning, or stand in them.
bool says(std::string_view message, std::string_view text) { return message.contains(text); }

struct Options {
    FeatureOption features;
    bool stress_collector = false;
};

core::EngineConfig config_of(const std::vector<FeatureChoice>& choices, bool stress_collector)
{
    core::EngineConfig config { .stress_collector = stress_collector };
    for (const FeatureChoice& choice : choices)
        config.features.set(choice.feature, choice.is_on);
    return config;
}

/// Runs the commands of a script in one store.
class Runner {
public:
    Runner(const core::EngineConfig& config, std::filesystem::path folder)
        : engine_(std::make_shared<core::Engine>(config)), folder_(std::move(folder))
    {
        make_linker();
    }

    Verdict run(const WastCommand& command);

private:
    Verdict run_module(const WastCommand& command);
    Verdict run_instance(const WastCommand& command);
    Verdict run_register(const WastCommand& command);
    Verdict run_action(const WastCommand& command);
    Verdict instantiate(const SharedModule& module, const std::optional<std::string>& name);

    core::Result<core::Instance*> find_instance(const std::optional<std::string>& name) const;
    Results perform(const WastAction& action);
    Results get(const core::Instance& instance, const WastAction& action);
    Results invoke(const core::Instance& instance, const WastAction& action);
    /// Whether a call's results are what was expected.
    bool are_expected(const std::vector<core::Value>& results, const std::vector<WastValue>& expected);
    void make_linker();

    std::shared_ptr<core::Engine> engine_;
    std::filesystem::path folder_;
    core::GuestStore guest_ { engine_ };
    core::Thread& thread_ = guest_.thread;
    HostRefs host_refs_ { guest_.store };
    Spectest spectest_ { guest_.store };
    core::Linker linker_;

    std::map<std::string, SharedModule> definitions_;
    SharedModule last_definition_;
    std::map<std::string, core::Instance*> instances_;
    std::map<std::string, core::Instance*> registered_;
    /// The instance made last; null when the last module failed.
    core::Instance* current_ = nullptr;
};

Verdict Runner::run(const WastCommand& command)
{
    switch (command.kind) {
    case WastKind::Module:
    case WastKind::ModuleDefinition:
    case WastKind::AssertMalformed:
    case WastKind::AssertInvalid:
    case WastKind::AssertInvalidCustom:
    case WastKind::AssertUnlinkable:
    case WastKind::AssertUninstantiable: return run_module(command);
    case WastKind::ModuleInstance: return run_instance(command);
    case WastKind::Register: return run_register(command);
    case WastKind::Action:
    case WastKind::AssertReturn:
    case WastKind::AssertTrap:
    case WastKind::AssertExhaustion:
    case WastKind::AssertException: return run_action(command);
    case WastKind::Unknown: return Difference { "a known command", "an unknown one" };
    }
    std::unreachable();
}

// -- Modules

/// What is left of it when a module must be refused.
Verdict check_refused(const core::Result<SharedModule>& module, const std::string& text)
{
    if (module)
        return Difference { "error " + in_quotes(text), "a valid module" };
    if (!says(module.error().message, text))
        return Difference { "error " + in_quotes(text), text_of(module.error()) };
    return {};
}

Verdict check_failure(
    const std::expected<core::Instance*, core::Failure>& instance, bool is_trap, const std::string& text)
{
    const std::string expected = (is_trap ? "trap " : "error ") + in_quotes(text);
    if (instance)
        return Difference { expected, "an instance" };
    const core::Failure& failure = instance.error();
    const auto* trap = std::get_if<core::Trap>(&failure);
    const std::string message = trap ? trap->to_text() : std::get<core::Error>(failure).message;
    if ((trap != nullptr) != is_trap || !says(message, text))
        return Difference { expected, text_of(failure) };
    return {};
}

Verdict Runner::run_module(const WastCommand& command)
{
    // A module that fails leaves no older one to the commands behind it.
    if (command.kind == WastKind::Module) {
        current_ = nullptr;
        if (command.name)
            instances_.erase(*command.name);
    }
    if (!command.file)
        return Difference { "a binary", "a module as text" };
    auto bytes = read_file(folder_ / *command.file);
    if (!bytes)
        return Difference { "a file", text_of(bytes.error()) };
    core::Result<SharedModule> module =
        core::load_module(*std::move(bytes), engine_->types, engine_->config.features);
    if (command.kind == WastKind::AssertInvalidCustom && module)
        if (auto checked = core::check_branch_hints(**module); !checked)
            module = std::unexpected(std::move(checked).error());
    if (command.kind == WastKind::AssertMalformed || command.kind == WastKind::AssertInvalid
        || command.kind == WastKind::AssertInvalidCustom)
        return check_refused(module, command.text);
    if (!module)
        return Difference { "a valid module", text_of(module.error()) };
    switch (command.kind) {
    case WastKind::Module: return instantiate(*module, command.name);
    case WastKind::ModuleDefinition:
        last_definition_ = *module;
        if (command.name)
            definitions_[*command.name] = *module;
        return {};
    default:
        return check_failure(core::instantiate(thread_, linker_, *module),
            command.kind == WastKind::AssertUninstantiable, command.text);
    }
}

Verdict Runner::run_instance(const WastCommand& command)
{
    current_ = nullptr;
    if (!command.definition)
        return last_definition_ ? instantiate(last_definition_, command.name)
                                : Difference { "a definition", "none" };
    const auto found = definitions_.find(*command.definition);
    if (found == definitions_.end())
        return Difference { "the definition " + *command.definition, "none" };
    return instantiate(found->second, command.name);
}

Verdict Runner::instantiate(const SharedModule& module, const std::optional<std::string>& name)
{
    const auto instance = core::instantiate(thread_, linker_, module);
    if (!instance)
        return Difference { "an instance", text_of(instance.error()) };
    current_ = *instance;
    if (name)
        instances_[*name] = current_;
    return {};
}

core::Result<core::Instance*> Runner::find_instance(const std::optional<std::string>& name) const
{
    if (!name) {
        if (!current_)
            return core::failure("there is no instance");
        return current_;
    }
    const auto found = instances_.find(*name);
    if (found == instances_.end())
        return core::failure("there is no instance " + *name);
    return found->second;
}

Verdict Runner::run_register(const WastCommand& command)
{
    const auto instance = find_instance(command.name);
    if (!instance)
        return Difference { "an instance", text_of(instance.error()) };
    const bool is_new = registered_.insert_or_assign(command.as, *instance).second;
    // Exports of an instance that had the name before must not stay.
    if (!is_new || command.as == "spectest")
        make_linker();
    else if (auto defined = linker_.define_instance(command.as, **instance); !defined)
        return Difference { "definitions", text_of(defined.error()) };
    return {};
}

void Runner::make_linker()
{
    linker_ = {};
    if (!registered_.contains("spectest"))
        spectest_.define_in(linker_);
    for (const auto& [name, instance] : registered_)
        ASSERT(linker_.define_instance(name, *instance));
}

// -- Actions

Results Runner::perform(const WastAction& action)
{
    const auto instance = find_instance(action.module);
    if (!instance)
        return std::unexpected(instance.error());
    return action.is_get ? get(**instance, action) : invoke(**instance, action);
}

Results Runner::get(const core::Instance& instance, const WastAction& action)
{
    const auto item = instance.find_export(action.field);
    const auto* global = item ? std::get_if<core::Global*>(&*item) : nullptr;
    if (!global)
        return core::failure("there is no exported global of this name");
    return std::vector { (*global)->get() };
}

Results Runner::invoke(const core::Instance& instance, const WastAction& action)
{
    const auto item = instance.find_export(action.field);
    const auto* function = item ? std::get_if<core::Function*>(&*item) : nullptr;
    if (!function)
        return core::failure("there is no exported function of this name");
    const core::FuncType& type = *engine_->types[(*function)->type].func();
    if (action.arguments.size() != type.params.size())
        return core::failure("arguments for the type " + type.to_text());
    std::vector<core::Value> arguments;
    for (size_t i = 0; i < type.params.size(); ++i) {
        auto argument = argument_of(action.arguments[i], type.params[i], host_refs_);
        if (!argument)
            return std::unexpected(std::move(argument).error());
        arguments.push_back(*argument);
    }
    auto results = core::invoke(thread_, **function, arguments);
    if (!results)
        return std::unexpected(std::move(results).error());
    return *std::move(results);
}

bool Runner::are_expected(const std::vector<core::Value>& results, const std::vector<WastValue>& expected)
{
    bool fit = results.size() == expected.size();
    for (size_t i = 0; fit && i < results.size(); ++i)
        fit = matches(expected[i], results[i], engine_->types, host_refs_);
    return fit;
}

Verdict Runner::run_action(const WastCommand& command)
{
    const Results results = perform(*command.action);
    const auto* trap = results ? nullptr : std::get_if<core::Trap>(&results.error());
    const auto unless = [&](bool is_right, std::string expected) -> Verdict {
        if (is_right)
            return {};
        return Difference { std::move(expected),
            results ? to_text(*results, host_refs_) : text_of(results.error()) };
    };
    switch (command.kind) {
    case WastKind::AssertReturn:
        return unless(results && are_expected(*results, command.expected), to_text(command.expected));
    case WastKind::AssertTrap:
    case WastKind::AssertExhaustion:
        return unless(trap && says(trap->to_text(), command.text), "trap " + in_quotes(command.text));
    case WastKind::AssertException: return unless(trap && trap->exception, "an exception");
    default: return unless(results.has_value(), "no failure");
    }
}

// -- The command

/// Malformed text needs a parser of the text format.
bool is_skipped(const WastCommand& command)
{
    return command.kind == WastKind::AssertMalformed && !command.file;
}

/// `assert_return "add" (i32 1, i32 2)`
std::string describe(const WastCommand& command)
{
    std::string text = command.type;
    if (command.file)
        text += " " + *command.file;
    if (!command.action)
        return text;
    text += " " + in_quotes(command.action->field);
    return command.action->arguments.empty() ? text : text + " (" + to_text(command.action->arguments) + ")";
}

int run_script(const WastScript& script, Runner& runner)
{
    size_t passed = 0, failed = 0, skipped = 0;
    for (const WastCommand& command : script.commands) {
        if (is_skipped(command)) {
            ++skipped;
            continue;
        }
        const Verdict verdict = runner.run(command);
        ++(verdict ? failed : passed);
        if (verdict)
            print("{}\n",
                core::printable(fmt::format("{}:{}: {}: expected {}, got {}", script.source, command.line,
                    describe(command), verdict->expected, verdict->got)));
    }
    print("{} passed, {} failed, {} skipped\n", passed, failed, skipped);
    return failed == 0 ? 0 : status::refused;
}

int run(const Options& options, const std::vector<std::string>& words)
{
    if (words.size() != 1)
        return usage_error(
            Error(words.empty() ? "no file is given" : "unexpected argument " + words[1]), "wast");
    const auto choices = options.features.choices();
    if (!choices)
        return usage_error(choices.error(), "wast");
    const std::string& path = words.front();
    const auto bytes = read_file(path);
    if (!bytes)
        return report(Error(bytes.error().to_text()));
    const auto script = read_wast_script({ reinterpret_cast<const char*>(bytes->data()), bytes->size() });
    if (!script)
        return report(Error(path + ": " + script.error().to_text()));
    Runner runner(config_of(*choices, options.stress_collector), std::filesystem::path(path).parent_path());
    return run_script(*script, runner);
}

} // namespace

Action add_wast(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    options->features.add_to(app);
    app.add_flag("--stress-collector", options->stress_collector, "Collect garbage at every allocation");
    return [options](const std::vector<std::string>& words) { return run(*options, words); };
}

} // namespace vitrine::cli
