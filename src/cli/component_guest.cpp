// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/component_guest.h"

#include "component/printer.h"
#include "component/wave.h"
#include "door/inner.h"

#include <algorithm>

#include <fmt/format.h>

namespace vitrine::cli {

namespace component = core::component;

namespace {

/// `; greet: func(name: string) -> string`
std::string type_note(const component::Component& component, const component::ExportedFunc& func)
{
    const component::TypeNames names(component);
    return fmt::format("; {}: {}", func.to_text(),
        component::wit_of(*component.types, component.types->func(func.type), &names));
}

/// Each word is an argument.
Result<std::vector<component::Value>> parse_words(
    const std::vector<std::string>& words, const component::FuncShape& func)
{
    const auto& params = func.params.parts;
    if (words.size() > params.size())
        return Error(fmt::format("got {} arguments, but the function takes {}", words.size(), params.size()));
    std::vector<component::Value> values;
    for (size_t i = 0; i < params.size(); ++i) {
        if (i < words.size()) {
            auto value = component::parse_wave(words[i], *params[i].shape);
            if (!value)
                return Error(fmt::format("argument {}: {}", i + 1, value.error().message));
            values.push_back(*std::move(value));
        } else if (params[i].shape->kind == component::ComponentKind::Option) {
            values.emplace_back();
        } else {
            return Error(fmt::format("argument \"{}\" is missing", params[i].name));
        }
    }
    return values;
}

Result<ComponentEntry> find_invoked(
    const component::Component& component, const std::string& invoke, const std::vector<std::string>& words)
{
    std::optional<component::WaveCall> call;
    if (invoke.find('(') != std::string::npos) {
        auto parsed = component::parse_call(invoke);
        if (!parsed)
            return Error(parsed.error().message);
        call = *parsed;
    }
    const auto found = component::find_exported_func(component, call ? call->name : std::string_view(invoke));
    if (!found)
        return Error(found.error().message);
    ComponentEntry entry { .function = *found };
    const component::FuncShape& shape = component.shapes->of_func(found->type);
    if (!call) {
        auto arguments = parse_words(words, shape);
        if (!arguments)
            return Error(arguments.error().message() + type_note(component, *found));
        entry.arguments = *std::move(arguments);
        return entry;
    }
    auto arguments = component::parse_arguments(*call, shape);
    if (!arguments)
        return Error(fmt::format("at byte {}: {}{}", arguments.error().offset.value_or(0),
            arguments.error().message, type_note(component, *found)));
    entry.arguments = *std::move(arguments);
    return entry;
}

} // namespace

Result<ComponentEntry> find_entry(const LoadedComponent& loaded, const GuestOptions& options)
{
    const auto inner = door::inner(loaded.component);
    const component::Component& component = *inner;
    if (options.invoke) {
        auto entry = find_invoked(component, *options.invoke, options.arguments);
        if (!entry)
            return Error(fmt::format("--invoke {}: {}", *options.invoke, entry.error().message()));
        return entry;
    }
    if (const auto command = component::find_command(component))
        return ComponentEntry { .function = *command, .is_command = true };
    return Error(fmt::format("{} is not a command: it does not export wasi:cli/run; {}", loaded.path,
        component::list_of_exported_funcs(component)));
}

Result<void> check_options(const GuestOptions& options)
{
    const auto only_modules = [](const char* option, const char* instead) {
        return Error(fmt::format("{} is only for core modules, not for components: {}", option, instead));
    };
    if (!options.preloads.empty())
        return only_modules("--preload", "compose several components into one file instead");
    if (!options.listeners.empty())
        return only_modules("--listen", "WASI 0.2 has no sockets that are passed to a program");
    if (options.unknown_imports == "default")
        return only_modules("--unknown-imports=default",
            "not every type has a default value; `trap` only fails when a function is called");
    return {};
}

Result<ComponentResultText> run_guest(
    const ComponentLinker& linker, Store& store, const LoadedComponent& loaded, const ComponentEntry& entry)
{
    const auto instance = TRY(linker.instantiate(store, loaded.component));
    const auto func = instance.func(entry.function.interface, entry.function.name);
    if (!func)
        return Error("the instance does not export " + entry.function.to_text());
    const auto result = TRY(detail::call_nodes(*func, entry.arguments));
    const auto inner = door::inner(loaded.component);
    const component::FuncShape& shape = inner->shapes->of_func(entry.function.type);
    ComponentResultText end { .text = {}, .type = {}, .has_failed = entry.is_command && result.bits != 0 };
    if (!shape.result || entry.is_command)
        return end;
    const component::TypeNames names(*inner);
    end.text = component::to_wave(result, *shape.result, { .names = &names });
    end.type = component::wit_of(*inner->types, shape.result->type, &names);
    return end;
}

std::vector<LoadedModule> modules_of(const LoadedComponent& loaded)
{
    std::vector<LoadedModule> modules;
    for (const CoreModule& core : loaded.component.core_modules())
        modules.push_back({ core.module, loaded.path, core.name });
    return modules;
}

} // namespace vitrine::cli
