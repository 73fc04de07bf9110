// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/exports.h"

#include "base/text.h"

#include <algorithm>

namespace vitrine::core::component {

namespace {

/// `test:calc/ops` of `test:calc/ops@0.1.0`.
std::string_view without_version(std::string_view interface)
{
    return interface.substr(0, interface.find('@'));
}

/// `ops` of `test:calc/ops@0.1.0`.
std::string_view last_part(std::string_view interface)
{
    interface = without_version(interface);
    return interface.substr(interface.rfind('/') + 1);
}

/// A name that a user gives a function.
struct GivenName {
    std::optional<std::string_view> interface {};
    std::string_view function;
    /// Whether only the last part of the interface's name is given.
    bool is_short = false;

    bool fits(const ExportedFunc& func) const
    {
        if (func.name != function)
            return false;
        if (!interface)
            return true;
        if (func.interface.empty())
            return false;
        return is_short ? last_part(func.interface) == *interface
                        : func.interface == *interface || without_version(func.interface) == *interface;
    }
};

GivenName split(std::string_view name)
{
    if (const size_t hash = name.find('#'); hash != name.npos)
        return { name.substr(0, hash), name.substr(hash + 1) };
    // `[method]thing.get` is the name of a function.
    const size_t dot = name.find('.');
    if (dot == name.npos || name.starts_with('['))
        return { .function = name };
    return { name.substr(0, dot), name.substr(dot + 1), true };
}

/// `a, b or c`; long lists are cut.
std::string list_of(const std::vector<ExportedFunc>& funcs, std::string_view last)
{
    constexpr size_t most = 30;
    std::string text;
    for (size_t i = 0; i < funcs.size(); ++i) {
        if (i == most)
            return text + ", ...";
        if (i > 0)
            text += i + 1 == funcs.size() ? last : ", ";
        text += printable(funcs[i].to_text());
    }
    return text;
}

} // namespace

std::string ExportedFunc::to_text() const
{
    return interface.empty() ? std::string(name) : std::string(interface) + "#" + std::string(name);
}

std::vector<ExportedFunc> exported_funcs(const Component& component)
{
    const Types& types = *component.types;
    std::vector<ExportedFunc> funcs;
    const auto add = [&](const Externs& exports, std::string_view interface) {
        for (size_t i = 0; i < exports.size(); ++i)
            if (exports.entities[i].kind == EntityKind::Func)
                funcs.push_back({ interface, exports.name(i), exports.entities[i].type() });
    };
    const Externs& exports = types.component(component.type).exports;
    add(exports, {});
    for (size_t i = 0; i < exports.size(); ++i)
        if (exports.entities[i].kind == EntityKind::Instance)
            add(types.instance(exports.entities[i].type()).exports, exports.name(i));
    return funcs;
}

std::string list_of_exported_funcs(const Component& component)
{
    const auto funcs = exported_funcs(component);
    return "exported functions: " + (funcs.empty() ? "none" : list_of(funcs, ", "));
}

Result<ExportedFunc> find_exported_func(const Component& component, std::string_view name)
{
    const GivenName given = split(name);
    const std::vector<ExportedFunc> funcs = exported_funcs(component);
    std::vector<ExportedFunc> found;
    for (const ExportedFunc& func : funcs) {
        const bool is_exact = func.to_text() == name;
        if (is_exact)
            return func;
        if (given.fits(func))
            found.push_back(func);
    }
    if (found.size() == 1)
        return found.front();
    if (found.empty())
        return failure("no such function is exported; " + list_of_exported_funcs(component));
    return failure("more than one function has this name: " + list_of(found, " and "));
}

std::optional<ExportedFunc> find_command(const Component& component)
{
    const auto funcs = exported_funcs(component);
    const auto found = std::ranges::find_if(funcs, [](const ExportedFunc& func) {
        // A canonical version has only the part that decides what it is compatible with.
        return func.name == "run"
            && (func.interface.starts_with("wasi:cli/run@0.2.") || func.interface == "wasi:cli/run@0.2");
    });
    return found == funcs.end() ? std::nullopt : std::optional(*found);
}

} // namespace vitrine::core::component
