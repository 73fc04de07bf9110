// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/scope.h"

#include "base/text.h"
#include "eval/names.h"
#include "runtime/store.h"

#include <algorithm>

namespace vitrine::core::eval {

namespace {

std::string quoted(std::string_view name) { return "`" + escaped(name) + "`"; }

/// The selector's index, which must be below `count`; nothing if the selector is a name.
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

/// The kinds in the words of this language.
constexpr std::string_view kind_words[] = { "function", "table", "memory", "global", "tag" };

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

/// Looks names up in the scope's source, or in the module's own names.
class Lookup {
public:
    explicit Lookup(const Scope& scope) : module_names_(*scope.module), scope_(scope) {}

    const NameSource* operator->() const { return scope_.names ? scope_.names : &module_names_; }
    std::vector<uint32_t> locals_named(std::string_view name) const
    {
        return scope_.function ? (*this)->locals_named(*scope_.function, name) : std::vector<uint32_t>();
    }
    void add_locals(NearNames& near) const
    {
        if (scope_.function)
            (*this)->add_locals(near, *scope_.function);
    }

private:
    ModuleNames module_names_;
    const Scope& scope_;
};

} // namespace

Result<Scope> Scope::of(const Frame& frame, SourceContext source)
{
    if (!frame.function || frame.is_host())
        return failure("a frame of the host has no variables");
    Scope scope = of(*frame.function->instance, std::move(source));
    scope.is_caller = !frame.is_innermost;
    scope.function = frame.function->index;
    scope.offset = frame.offset;
    scope.operand_slots = frame.operand_slots();
    return scope;
}

Scope Scope::of(const Instance& instance, SourceContext source)
{
    return {
        .module = instance.module, .types = &instance.store->engine().types, .source = std::move(source)
    };
}

Result<uint32_t> find_entity(const Scope& scope, ExternKind kind, const Selector& selector, uint32_t position)
{
    const std::string_view word = kind_words[static_cast<size_t>(kind)];
    const uint32_t count = scope.module->count(kind);
    if (const auto index = TRY(given_index(selector, count, word, "module", position)))
        return *index;
    const Lookup names(scope);
    if (const auto index = TRY(only(names->entities_named(kind, selector.name), selector.name, position)))
        return *index;
    NearNames near(selector.name);
    names->add_entities(near, kind);
    return failure(
        "no " + std::string(word) + " is called " + quoted(selector.name) + near.to_text(), position);
}

Result<TypeIndex> find_type(const Scope& scope, const Selector& selector, uint32_t position)
{
    const uint32_t count = scope.module->types.size();
    if (const auto index = TRY(given_index(selector, count, "type", "module", position)))
        return TypeIndex { *index };
    const Lookup names(scope);
    if (const auto index = TRY(only(names->types_named(selector.name), selector.name, position)))
        return TypeIndex { *index };
    NearNames near(selector.name);
    names->add_types(near);
    return failure("no type is called " + quoted(selector.name) + near.to_text(), position);
}

Result<uint32_t> find_local(const Scope& scope, const Selector& selector, uint32_t position)
{
    if (!scope.function)
        return failure("there are no locals outside a function", position);
    const uint32_t count = scope.module->meta(*scope.function).local_count;
    if (const auto index = TRY(given_index(selector, count, "local", "function", position)))
        return *index;
    const Lookup names(scope);
    if (const auto index = TRY(only(names.locals_named(selector.name), selector.name, position)))
        return *index;
    NearNames near(selector.name);
    names.add_locals(near);
    return failure("no local is called " + quoted(selector.name) + near.to_text(), position);
}

Result<uint32_t> find_field(const Scope& scope, TypeId type, std::string_view name, uint32_t position)
{
    const Module& module = *scope.module;
    std::vector<uint32_t> indices;
    NearNames near(name);
    // The module may declare the type several times, with different names.
    for (TypeIndex index { 0 }; index.value < module.type_ids.size(); ++index.value) {
        if (module.type_ids[index].value != type.value)
            continue;
        const NameMap* names = module.names().find_fields(index.value);
        const StructType* structure = module.types[index].structure();
        for (uint32_t i = 0; names && structure && i < structure->fields.size(); ++i) {
            near.add(names->find(i));
            if (!name.empty() && names->find(i) == name && std::ranges::find(indices, i) == indices.end())
                indices.push_back(i);
        }
    }
    if (const auto index = TRY(only(indices, name, position)))
        return *index;
    return failure("no field is called " + quoted(name) + near.to_text(), position);
}

Result<WasmVariable> find_variable(const Scope& scope, const Selector& selector, uint32_t position)
{
    const Lookup names(scope);
    if (const auto index = TRY(only(names.locals_named(selector.name), selector.name, position)))
        return WasmVariable { true, *index };
    const auto globals = names->entities_named(ExternKind::Global, selector.name);
    if (const auto index = TRY(only(globals, selector.name, position)))
        return WasmVariable { false, *index };
    NearNames near(selector.name);
    names.add_locals(near);
    names->add_entities(near, ExternKind::Global);
    return failure("no local or global is called " + quoted(selector.name) + near.to_text(), position);
}

bool has_variable(const Scope& scope, std::string_view name)
{
    const Lookup names(scope);
    return !names.locals_named(name).empty() || !names->entities_named(ExternKind::Global, name).empty();
}

} // namespace vitrine::core::eval
