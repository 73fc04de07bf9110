// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/places.h"

#include "base/number.h"
#include "base/text.h"
#include "debug/function_names.h"
#include "eval/names.h"

#include <algorithm>

namespace vitrine::core::debug {

namespace {

std::optional<uint32_t> index_in(uint32_t size, std::string_view text)
{
    const auto index = parse_unsigned(text);
    return index && *index < size ? std::optional(static_cast<uint32_t>(*index)) : std::nullopt;
}

/// The indices that a text means, written as `name`, or as `func[3]` and its like.
std::vector<uint32_t> entities_meant(const Module& module, ExternKind kind, std::string_view text)
{
    const std::string bracket = std::string(to_text(kind)) + "[";
    if (text.starts_with(bracket) && text.ends_with(']')) {
        const std::string_view index = text.substr(bracket.size(), text.size() - bracket.size() - 1);
        if (const auto found = index_in(module.count(kind), index))
            return { *found };
    }
    std::vector<uint32_t> found;
    for (const std::string& name : eval::names_in(text))
        if (found.empty())
            found = eval::ModuleNames(module).entities_named(kind, name);
    return found;
}

/// The name of a file without folders and extension.
std::string_view stem_of(std::string_view path)
{
    const std::string_view name = path.substr(path.find_last_of('/') + 1);
    const size_t dot = name.find_last_of('.');
    return dot == 0 ? name : name.substr(0, dot);
}

bool is_called(const LoadedModule& loaded, std::string_view name)
{
    return loaded.module->names().module == name || (!loaded.preload.empty() && loaded.preload == name)
        || stem_of(loaded.path) == name;
}

/// Where the module ends and the place begins in `lib:$f`; none if the text is no such thing.
std::optional<size_t> module_end(std::string_view text)
{
    if (!text.starts_with("$\"") && !text.starts_with('"')) {
        const size_t colon = text.find(':');
        return colon == 0 || colon == text.npos ? std::nullopt : std::optional(colon);
    }
    const size_t begin = text.find('"') + 1;
    size_t at = begin;
    while (at < text.size() && text[at] != '"')
        at += text[at] == '\\' ? 2 : 1;
    return at + 1 < text.size() && text[at + 1] == ':' ? std::optional(at + 1) : std::nullopt;
}

/// Adds the functions of a module that have this name in the source. Some linkers write names of
/// C++ out in the name section already.
void add_by_source_name(
    const LoadedModule& loaded, std::string_view text, Demangle demangle, std::vector<CodePlace>& places)
{
    const Module& module = *loaded.module;
    const std::string name_meant = eval::names_in(text).back();
    for (uint32_t index = 0; index < module.functions.size(); ++index) {
        const std::string_view name = module.names().functions.find(index);
        const bool is_mangled = name.starts_with("_Z") || name.starts_with("_R");
        const bool is_written_out = name.find_first_of(":(") != name.npos;
        if ((is_mangled || is_written_out) && !module.is_imported(FuncIndex { index })
            && is_source_name(is_mangled ? demangle(name) : std::string(name), name_meant))
            places.push_back({ loaded.module, module.meta(FuncIndex { index }).body_offset });
    }
}

/// The functions that have a name in the source: those of the module in view if there are any.
std::vector<CodePlace> find_by_source_name(
    std::span<const LoadedModule> modules, const Module& in_view, std::string_view text, Demangle demangle)
{
    std::vector<CodePlace> places;
    const auto add = [&](bool is_in_view) {
        for (const LoadedModule& loaded : modules)
            if ((loaded.module.get() == &in_view) == is_in_view)
                add_by_source_name(loaded, text, demangle, places);
    };
    add(true);
    if (places.empty())
        add(false);
    return places;
}

std::unexpected<Error> several(std::span<const uint32_t> functions)
{
    std::string labels;
    for (const uint32_t index : functions)
        labels += (labels.empty() ? "func[" : ", func[") + std::to_string(index) + "]";
    return failure("several functions have this name: " + labels);
}

} // namespace

Result<FuncIndex> find_function(const Module& module, std::string_view text)
{
    const std::vector<uint32_t> found = entities_meant(module, ExternKind::Func, text);
    if (found.size() == 1)
        return FuncIndex { found.front() };
    if (found.empty())
        return failure("no such function (expected a name, $name, func[3] or an offset like 0x51)"
            + eval::near_names(module, ExternKind::Func, text));
    return several(found);
}

Result<FuncIndex> find_function(const LoadedModule& loaded, std::string_view text, Demangle demangle)
{
    const auto found = find_function(*loaded.module, text);
    std::vector<CodePlace> places;
    if (!found && demangle)
        add_by_source_name(loaded, text, demangle, places);
    if (places.empty())
        return found;
    if (places.size() == 1)
        return *loaded.module->find_function(places.front().offset);
    std::vector<uint32_t> indices;
    for (const CodePlace& place : places)
        indices.push_back(loaded.module->find_function(place.offset)->value);
    return several(indices);
}

Result<CodeOffset> find_place(const Module& module, std::string_view text)
{
    const auto function = find_function(module, text);
    const bool is_number = text.starts_with("0x") || !function;
    if (const auto offset = is_number ? parse_unsigned(text) : std::nullopt) {
        if (*offset <= UINT32_MAX && module.find_function(static_cast<CodeOffset>(*offset)))
            return static_cast<CodeOffset>(*offset);
        return failure("no function has code at this offset");
    }
    const FuncIndex index = TRY(function);
    if (module.is_imported(index))
        return failure("an imported function has no code here");
    return module.meta(index).body_offset;
}

Result<std::vector<CodePlace>> find_places(std::span<const LoadedModule> modules,
    const std::shared_ptr<const Module>& in_view, std::string_view text, Demangle demangle)
{
    if (const auto end = module_end(text)) {
        const std::string_view name = text.substr(0, *end), place = text.substr(*end + 1);
        const auto loaded = find_module(modules, name);
        const auto offset = loaded ? find_place(*loaded->module, place) : failure("");
        if (offset)
            return std::vector { CodePlace { loaded->module, *offset } };
        std::vector<CodePlace> places;
        if (loaded && demangle)
            add_by_source_name(*loaded, place, demangle, places);
        if (!places.empty())
            return places;
        // `a::b` can be the name of a function.
        if (!place.starts_with(':'))
            return failure(std::string(text) + ": " + (loaded ? offset.error() : loaded.error()).message);
    }
    const auto here = find_place(*in_view, text);
    if (here)
        return std::vector { CodePlace { in_view, *here } };
    std::vector<CodePlace> places;
    if (!parse_unsigned(text))
        for (const LoadedModule& loaded : modules)
            if (const auto offset = find_place(*loaded.module, text))
                places.push_back({ loaded.module, *offset });
    if (places.empty() && demangle)
        places = find_by_source_name(modules, *in_view, text, demangle);
    if (!places.empty())
        return places;
    return failure(std::string(text) + ": " + here.error().message);
}

std::string_view name_of(const LoadedModule& loaded)
{
    const std::string_view own = loaded.module->names().module;
    if (!loaded.preload.empty())
        return loaded.preload;
    return own.empty() ? stem_of(loaded.path) : own;
}

Result<LoadedModule> find_module(std::span<const LoadedModule> modules, std::string_view text)
{
    for (const std::string& name : eval::names_in(text)) {
        const auto found = std::ranges::find_if(
            modules, [&](const LoadedModule& loaded) { return is_called(loaded, name); });
        if (found != modules.end())
            return *found;
    }
    std::string names;
    for (const LoadedModule& loaded : modules)
        names += (names.empty() ? "" : ", ") + escaped(name_of(loaded));
    return failure("no such module: the program has " + names);
}

std::optional<uint32_t> find_entity(const Module& module, ExternKind kind, std::string_view text)
{
    if (const auto index = index_in(module.count(kind), text))
        return index;
    const std::vector<uint32_t> found = entities_meant(module, kind, text);
    return found.empty() ? std::nullopt : std::optional(found.front());
}

} // namespace vitrine::core::debug
