// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/expression_scope.h"

#include "base/text.h"
#include "debug/user_names.h"
#include "runtime/store.h"

#include <algorithm>

namespace vitrine::core::debug::expression {

namespace {

std::string quoted(std::string_view name) { return "`" + escaped(name) + "`"; }

/// A given index that is below `count`; nothing when it is a name that is wanted.
Result<std::optional<uint32_t>> given_index(const Selector& selector, uint32_t count, std::string_view what,
    std::string_view owner, uint32_t position)
{
    if (selector.is_given && !selector.index)
        return std::nullopt;
    const uint32_t index = selector.index.value_or(0);
    if (index >= count)
        return failure("no " + std::string(what) + " " + std::to_string(index) + ": the " + std::string(owner)
                + " has " + std::to_string(count),
            position);
    return index;
}

uint32_t count_of(const Module& module, ExternKind kind)
{
    const uint32_t counts[] = { module.functions.size(), module.tables.size(), module.memories.size(),
        module.globals.size(), module.tags.size() };
    return counts[static_cast<size_t>(kind)];
}

/// What the user calls the kinds here.
constexpr std::string_view kind_words[] = { "function", "table", "memory", "global", "tag" };

/// The indices whose name it is in a name section.
std::vector<uint32_t> indices_named(const NameMap& names, uint32_t count, std::string_view name)
{
    std::vector<uint32_t> indices;
    for (uint32_t i = 0; i < count; ++i)
        if (names.find(i) == name)
            indices.push_back(i);
    return indices;
}

Result<std::optional<uint32_t>> only(
    const std::vector<uint32_t>& indices, std::string_view name, uint32_t position)
{
    if (indices.empty())
        return std::nullopt;
    if (indices.size() == 1)
        return indices[0];
    return failure(quoted(name) + " is the name of several: use an index, such as "
            + std::to_string(indices[0]) + " or " + std::to_string(indices[1]),
        position);
}

Result<std::optional<uint32_t>> entity_named(
    const Module& module, ExternKind kind, std::string_view name, uint32_t position)
{
    if (name.empty())
        return std::nullopt;
    const auto named = TRY(
        only(indices_named(names_of(module.names(), kind), count_of(module, kind), name), name, position));
    if (named)
        return named;
    if (const Export* found = module.find_export(name); found && found->kind == kind)
        return found->index;
    std::vector<uint32_t> imports;
    for (const Import& import : module.imports)
        if (import.kind == kind && import.name == name)
            imports.push_back(import.index);
    return only(imports, name, position);
}

Result<std::optional<uint32_t>> local_named(const Scope& scope, std::string_view name, uint32_t position)
{
    const NameMap* names =
        scope.function ? scope.module->names().find_locals(scope.function->value) : nullptr;
    if (!names || name.empty())
        return std::nullopt;
    return only(indices_named(*names, scope.module->meta(*scope.function).local_count, name), name, position);
}

void add_locals(NearNames& near, const Scope& scope)
{
    const NameMap* names =
        scope.function ? scope.module->names().find_locals(scope.function->value) : nullptr;
    if (names)
        for (uint32_t i = 0; i < scope.module->meta(*scope.function).local_count; ++i)
            near.add(names->find(i));
}

} // namespace

Result<Scope> Scope::of(const Frame& frame)
{
    if (!frame.function || frame.is_host())
        return failure("a frame of the host has no variables");
    Scope scope = of(*frame.function->instance);
    scope.function = frame.function->index;
    scope.offset = frame.offset;
    scope.operand_slots = frame.operand_slots();
    return scope;
}

Scope Scope::of(const Instance& instance)
{
    return { .module = instance.module, .types = &instance.store->engine().types };
}

Result<uint32_t> find_entity(
    const Module& module, ExternKind kind, const Selector& selector, uint32_t position)
{
    const std::string_view word = kind_words[static_cast<size_t>(kind)];
    if (const auto index = TRY(given_index(selector, count_of(module, kind), word, "module", position)))
        return *index;
    if (const auto index = TRY(entity_named(module, kind, selector.name, position)))
        return *index;
    NearNames near(selector.name);
    add_entities(near, module, kind);
    return failure(
        "no " + std::string(word) + " is called " + quoted(selector.name) + near.to_text(), position);
}

Result<TypeIndex> find_type(const Module& module, const Selector& selector, uint32_t position)
{
    if (const auto index = TRY(given_index(selector, module.types.size(), "type", "module", position)))
        return TypeIndex { *index };
    const NameMap& names = module.names().types;
    const auto named =
        TRY(only(indices_named(names, selector.name.empty() ? 0 : module.types.size(), selector.name),
            selector.name, position));
    if (named)
        return TypeIndex { *named };
    NearNames near(selector.name);
    for (uint32_t i = 0; i < module.types.size(); ++i)
        near.add(names.find(i));
    return failure("no type is called " + quoted(selector.name) + near.to_text(), position);
}

Result<uint32_t> find_local(const Scope& scope, const Selector& selector, uint32_t position)
{
    if (!scope.function)
        return failure("there are no locals outside a function", position);
    const uint32_t count = scope.module->meta(*scope.function).local_count;
    if (const auto index = TRY(given_index(selector, count, "local", "function", position)))
        return *index;
    if (const auto index = TRY(local_named(scope, selector.name, position)))
        return *index;
    NearNames near(selector.name);
    add_locals(near, scope);
    return failure("no local is called " + quoted(selector.name) + near.to_text(), position);
}

Result<Variable> find_variable(const Scope& scope, const Selector& selector, uint32_t position)
{
    if (const auto index = TRY(local_named(scope, selector.name, position)))
        return Variable { true, *index };
    if (const auto index = TRY(entity_named(*scope.module, ExternKind::Global, selector.name, position)))
        return Variable { false, *index };
    NearNames near(selector.name);
    add_locals(near, scope);
    add_entities(near, *scope.module, ExternKind::Global);
    return failure("no local or global is called " + quoted(selector.name) + near.to_text(), position);
}

} // namespace vitrine::core::debug::expression
