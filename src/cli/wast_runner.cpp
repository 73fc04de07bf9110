// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/wast_runner.h"

#include "cli/file.h"
#include "cli/wast_component.h"

#include "base/text.h"
#include "component/call.h"
#include "component/decoder.h"
#include "component/validator.h"
#include "wasm/branch_hints.h"
#include "wasm/validator.h"

#include <algorithm>

namespace vitrine::cli {

namespace {

std::string in_quotes(std::string_view text) { return "\"" + core::escaped(text) + "\""; }

std::string text_of(const core::Failure& failure)
{
    if (const auto* trap = std::get_if<core::Trap>(&failure))
        return "trap " + in_quotes(trap->to_text());
    return "error " + in_quotes(std::get<core::Error>(failure).to_text());
}

/// A text of the suite and what our messages say instead. The suite's texts are those of other
/// decoders, which report the same problem with other words.
struct Synonym {
    std::string_view text;
    std::string_view ours;
};

constexpr Synonym synonyms[] {
    { "unexpected end-of-file", "unexpected end of section" },
    { "unexpected end-of-file", "length out of bounds" },
    { "section out of order", "unexpected content after last section" },
    { "invalid leading byte", "malformed definition type" },
    { "type index out of bounds", "unknown type" },
    { "wasm `unreachable` instruction executed", "unreachable" },
    // Ours say that it was the result of `realloc`.
    { "unaligned pointer", "realloc return: result not aligned" },
    { "list content out-of-bounds", "realloc return: beyond end of memory" },
    // The text depends on who reads the string, the host or another component.
    { "string pointer/length out of bounds of memory", "string content out-of-bounds" },
    // There, what is expected and what is found are swapped.
    { "expected a result, found none", "expected no result, found one" },
    { "lowered parameter types `[]` do not match parameter types `[I32]`",
        "lowered parameter types `[]` do not match parameter types `[i32]`" },
    { "lowered result types `[]` do not match result types `[I32]`",
        "lowered result types `[]` do not match result types `[i32]`" },
};

/// The texts of the suite are part of our messages.
bool says(std::string_view message, std::string_view text)
{
    if (text.starts_with("wasm trap: "))
        text.remove_prefix(11);
    return message.contains(text) || std::ranges::any_of(synonyms, [&](const Synonym& synonym) {
        return synonym.text == text && message.contains(synonym.ours);
    });
}

} // namespace

WastVerdict WastRunner::run(const WastCommand& command)
{
    is_asynchronous_ = false;
    const bool makes_instance = command.kind == WastKind::Module || command.kind == WastKind::ModuleInstance;
    if (makes_instance)
        is_instance_asynchronous_ = false;
    WastVerdict verdict = run_command(command);
    if (makes_instance)
        is_instance_asynchronous_ = is_asynchronous_;
    return verdict;
}

WastVerdict WastRunner::run_command(const WastCommand& command)
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
    case WastKind::Unknown: return WastDifference { "a known command", "an unknown one" };
    }
    std::unreachable();
}

// -- Modules

namespace {

/// Checks a module that must be rejected with this message.
template<class Loaded> WastVerdict check_refused(const core::Result<Loaded>& loaded, const std::string& text)
{
    if (loaded)
        return WastDifference { "error " + in_quotes(text), "a valid module" };
    if (!says(loaded.error().message, text))
        return WastDifference { "error " + in_quotes(text), text_of(loaded.error()) };
    return {};
}

template<class T>
WastVerdict check_failure(
    const std::expected<T, core::Failure>& instance, bool is_trap, const std::string& text)
{
    const std::string expected = (is_trap ? "trap " : "error ") + in_quotes(text);
    if (instance)
        return WastDifference { expected, "an instance" };
    const core::Failure& failure = instance.error();
    const auto* trap = std::get_if<core::Trap>(&failure);
    const std::string message = trap ? trap->to_text() : std::get<core::Error>(failure).message;
    if ((trap != nullptr) != is_trap || !says(message, text))
        return WastDifference { expected, text_of(failure) };
    return {};
}

} // namespace

WastVerdict WastRunner::run_module(const WastCommand& command)
{
    // If a module fails, later commands must not use an older one.
    if (command.kind == WastKind::Module) {
        current_ = nullptr;
        current_component_ = nullptr;
        is_component_expected_ = false;
        if (command.name)
            instances_.erase(*command.name);
    }
    if (!command.file)
        return WastDifference { "a binary", "a module as text" };
    auto bytes = read_file(folder_ / *command.file);
    if (!bytes)
        return WastDifference { "a file", text_of(bytes.error()) };
    if (core::component::is_component(*bytes))
        return run_component(command, *std::move(bytes));
    core::Result<std::shared_ptr<const core::Module>> module =
        core::load_module(*std::move(bytes), engine_->types, engine_->config.features);
    if (command.kind == WastKind::AssertInvalidCustom && module)
        if (auto checked = core::check_branch_hints(**module); !checked)
            module = std::unexpected(std::move(checked).error());
    if (command.kind == WastKind::AssertMalformed || command.kind == WastKind::AssertInvalid
        || command.kind == WastKind::AssertInvalidCustom)
        return check_refused(module, command.text);
    if (!module)
        return WastDifference { "a valid module", text_of(module.error()) };
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

// -- Components

WastVerdict WastRunner::run_component(const WastCommand& command, std::vector<uint8_t> bytes)
{
    const auto file = std::make_shared<const core::FileBytes>(std::move(bytes));
    const auto component =
        core::component::load_component(file, file->bytes(), engine_->types, engine_->config.features);
    if (command.kind == WastKind::AssertMalformed || command.kind == WastKind::AssertInvalid)
        return check_refused(component, command.text);
    if (!component)
        return WastDifference { "a valid component", text_of(component.error()) };
    switch (command.kind) {
    case WastKind::ModuleDefinition:
        last_definition_ = *component;
        if (command.name)
            definitions_[*command.name] = *component;
        return {};
    case WastKind::Module: return instantiate(*component);
    default: {
        const auto made = core::component::Linker().instantiate(thread_, *component);
        if (!made)
            look_at(made.error());
        return check_failure(made, command.kind == WastKind::AssertUninstantiable, command.text);
    }
    }
}

WastVerdict WastRunner::instantiate(const Component& component)
{
    is_component_expected_ = true;
    const auto made = core::component::Linker().instantiate(thread_, component);
    if (!made) {
        look_at(made.error());
        return WastDifference { "an instance", text_of(made.error()) };
    }
    current_component_ = *made;
    return {};
}

void WastRunner::look_at(const core::Failure& failure)
{
    is_asynchronous_ = is_instance_asynchronous_ || text_of(failure).contains("not supported yet");
    is_instance_asynchronous_ = is_asynchronous_;
}

WastVerdict WastRunner::run_component_action(const WastCommand& command)
{
    const auto differs = [&](std::string got) {
        const bool is_trap = command.kind == WastKind::AssertTrap;
        return WastDifference { is_trap ? "trap " + in_quotes(command.text) : to_text(command.expected),
            std::move(got) };
    };
    is_asynchronous_ = is_instance_asynchronous_;
    if (!current_component_)
        return differs("no instance");
    const auto* const func = current_component_->find_func(command.action->field);
    if (!func)
        return differs("no function of this name");
    const auto& params = func->shape->params.parts;
    if (command.action->arguments.size() != params.size())
        return differs("another number of parameters");
    std::vector<core::component::Value> arguments;
    for (size_t i = 0; i < params.size(); ++i) {
        auto argument = component_value(command.action->arguments[i], *params[i].shape);
        if (!argument)
            return differs(text_of(argument.error()));
        arguments.push_back(*std::move(argument));
    }
    const auto result = core::component::call(thread_, *func, std::move(arguments));
    if (!result) {
        if (command.kind == WastKind::AssertTrap && says(result.error().to_text(), command.text))
            return {};
        look_at(result.error());
        return differs(text_of(result.error()));
    }
    if (command.kind == WastKind::AssertTrap)
        return differs("a result");
    if (command.kind == WastKind::Action)
        return {};
    if (!*result)
        return command.expected.empty() ? WastVerdict() : differs("no result");
    if (command.expected.size() != 1)
        return differs("a result");
    const auto expected = component_value(command.expected[0], *func->shape->result);
    if (!expected)
        return differs(text_of(expected.error()));
    if (!are_same(*expected, **result, *func->shape->result))
        return differs("another value");
    return {};
}

// -- Instances

WastVerdict WastRunner::run_instance(const WastCommand& command)
{
    current_ = nullptr;
    current_component_ = nullptr;
    is_component_expected_ = false;
    auto definition = last_definition_;
    if (command.definition) {
        const auto found = definitions_.find(*command.definition);
        if (found == definitions_.end())
            return WastDifference { "the definition " + *command.definition, "none" };
        definition = found->second;
    }
    if (const auto* const component = std::get_if<Component>(&definition))
        return instantiate(*component);
    const Module& module = std::get<Module>(definition);
    return module ? instantiate(module, command.name) : WastDifference { "a definition", "none" };
}

WastVerdict WastRunner::instantiate(const Module& module, const std::optional<std::string>& name)
{
    const auto instance = core::instantiate(thread_, linker_, module);
    if (!instance)
        return WastDifference { "an instance", text_of(instance.error()) };
    current_ = *instance;
    if (name)
        instances_[*name] = current_;
    return {};
}

core::Result<core::Instance*> WastRunner::find_instance(const std::optional<std::string>& name) const
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

WastVerdict WastRunner::run_register(const WastCommand& command)
{
    const auto instance = find_instance(command.name);
    if (!instance)
        return WastDifference { "an instance", text_of(instance.error()) };
    const bool is_new = registered_.insert_or_assign(command.as, *instance).second;
    // Removes the exports of an instance that was registered under the name before.
    if (!is_new || command.as == "spectest")
        make_linker();
    else if (auto defined = linker_.define_instance(command.as, **instance); !defined)
        return WastDifference { "definitions", text_of(defined.error()) };
    return {};
}

void WastRunner::make_linker()
{
    linker_ = {};
    if (!registered_.contains("spectest"))
        spectest_.define_in(linker_);
    for (const auto& [name, instance] : registered_)
        ASSERT(linker_.define_instance(name, *instance));
}

// -- Actions

WastRunner::Results WastRunner::perform(const WastAction& action)
{
    const auto instance = find_instance(action.module);
    if (!instance)
        return std::unexpected(instance.error());
    return action.is_get ? get(**instance, action) : invoke(**instance, action);
}

WastRunner::Results WastRunner::get(const core::Instance& instance, const WastAction& action)
{
    const auto item = instance.find_export(action.field);
    const auto* global = item ? std::get_if<core::Global*>(&*item) : nullptr;
    if (!global)
        return core::failure("there is no exported global of this name");
    return std::vector { (*global)->get() };
}

WastRunner::Results WastRunner::invoke(const core::Instance& instance, const WastAction& action)
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

bool WastRunner::are_expected(const std::vector<core::Value>& results, const std::vector<WastValue>& expected)
{
    bool fit = results.size() == expected.size();
    for (size_t i = 0; fit && i < results.size(); ++i)
        fit = matches(expected[i], results[i], engine_->types, host_refs_);
    return fit;
}

std::string WastRunner::outcome_text() const
{
    if (!outcome_)
        return "";
    return *outcome_ ? to_text(**outcome_, host_refs_) : text_of(outcome_->error());
}

WastVerdict WastRunner::run_action(const WastCommand& command)
{
    if (is_component_expected_)
        return run_component_action(command);
    const Results& results = outcome_.emplace(perform(*command.action));
    const auto* trap = results ? nullptr : std::get_if<core::Trap>(&results.error());
    const auto unless = [&](bool is_right, std::string expected) -> WastVerdict {
        if (is_right)
            return {};
        return WastDifference { std::move(expected),
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

} // namespace vitrine::cli
