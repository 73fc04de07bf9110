// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/validator.h"

#include "base/guard.h"
#include "component/decoder.h"
#include "component/instantiate.h"
#include "component/scope.h"
#include "wasm/match.h"
#include "wasm/validator.h"

#include <algorithm>

// [doc] Validating a component
//
// Definitions are validated in the order of the file. Each adds to an index space of its scope, and
// may only refer to what is already there. So types are resolved as they are defined, and an alias
// of an outer scope sees that scope as it is at this point.

namespace vitrine::core::component {

// -- Definitions

Result<void> Validator::validate(Component& component, Scope* outer)
{
    Scope scope(ScopeKind::Component, outer, component);
    for (Definition& definition : component.definitions)
        CHECK(define(definition, scope));
    const auto type = [&]() -> Result<TypeId> { return types_.add(TRY(finish(scope))); }();
    if (!type)
        return failure(type.error().message, component.bytes().size());
    component.type = *type;
    component.types = shared_types_;
    component.shapes = shapes_;
    component.core_claims = claims_;
    return {};
}

/// Fails if the feature that `what` is part of is disabled.
Result<void> Validator::require(core::Feature feature, std::string_view what) const
{
    if (features_.has(feature))
        return {};
    return failure(std::string(core::info(feature).flag) + " is disabled: " + std::string(what));
}

Result<void> Validator::define(Definition& definition, Scope& scope)
{
    auto defined = std::visit([&](auto& def) { return define(def, scope); }, definition.def);
    if (defined)
        return {};
    std::optional<uint64_t>& offset = defined.error().offset;
    const bool is_nested = std::holds_alternative<CoreModuleDef>(definition.def)
        || std::holds_alternative<NestedComponentDef>(definition.def);
    if (is_nested)
        offset = offset.value_or(0) + definition.offset;
    else if (!offset)
        offset = definition.offset;
    return defined;
}

Result<void> Validator::define(CoreModuleDef& def, Scope& scope)
{
    CHECK(core::validate_module(*def.module, registry_, features_));
    scope.core_modules.push_back(TRY(type_of(*def.module)));
    return {};
}

Result<void> Validator::define(NestedComponentDef& def, Scope& scope)
{
    CHECK(validate(*def.component, &scope));
    scope.components.push_back(def.component->type);
    return {};
}

namespace {

uint32_t size_of(const core::TypeRegistry& types, const core::ExternType& type)
{
    const auto* function = std::get_if<core::ExternFunc<core::TypeId>>(&type);
    if (!function)
        return 1;
    const core::FuncType& func = *types[function->type].func();
    return static_cast<uint32_t>(1 + func.params.size() + func.results.size());
}

} // namespace

/// Two imports of a module inside a component must not have the same names.
Result<ModuleTypeId> Validator::type_of(const core::Module& module)
{
    ModuleType type;
    std::set<std::pair<std::string_view, std::string_view>> names;
    uint64_t size = 1;
    for (const core::Import& import : module.imports) {
        if (!names.emplace(import.module, import.name).second)
            return failure("duplicate import name "
                + quoted(std::string(import.module) + ":" + std::string(import.name)));
        type.imports.push_back(
            { import.module, import.name, core::extern_type(module, import.kind, import.index) });
        size += size_of(registry_, type.imports.back().type);
    }
    CoreExports exports;
    for (const core::Export& item : module.exports) {
        const auto exported = core::extern_type(module, item.kind, item.index);
        exports.emplace(item.name, exported);
        size += size_of(registry_, exported);
    }
    if (size > limits::type_size)
        return failure("effective type size exceeds the limit of " + std::to_string(limits::type_size));
    type.size = static_cast<uint32_t>(size);
    type.exports = std::make_shared<const CoreExports>(std::move(exports));
    return types_.add_module(std::move(type));
}

/// The type of a component whose definitions are complete. The resources that it defines and shows
/// in its exports must be exported themselves.
Result<ComponentType> Validator::finish(Scope& scope)
{
    ComponentType type;
    type.imports = std::move(scope.imports).finish();
    type.exports = std::move(scope.exports).finish();
    type.imported = std::move(scope.imported);
    type.exported = std::move(scope.exported);
    if (scope.defined.empty())
        return type;
    std::set<ResourceId> found;
    for (const Entity& import : type.imports.entities)
        CHECK(types_.find_resources(import, found));
    for (const ResourceId resource : scope.defined)
        if (found.contains(resource))
            return failure("local resource type found in imports");
    found.clear();
    for (const Entity& item : type.exports.entities)
        CHECK(types_.find_resources(item, found));
    for (const ResourceId resource : scope.defined) {
        if (!found.contains(resource))
            continue;
        const auto path = type.exported.find(resource);
        if (path == type.exported.end())
            return failure("local resource type found in export but not exported itself");
        type.defined.push_back({ resource, path->second });
    }
    return type;
}

// -- Imports and exports

Result<void> Validator::define(ImportDef& def, Scope& scope)
{
    bool is_new = false;
    const Entity entity = TRY(resolve(def.type, scope, is_new));
    def.entity = TRY(add_entity(entity, Role::Import, is_new, def.name.name, scope));
    return add_extern(def.name, def.entity, true, scope.imports);
}

Result<void> Validator::define(ExportDef& def, Scope& scope)
{
    bool is_new = false;
    Entity entity {};
    if (def.item) {
        entity = TRY(entity_at(scope, *def.item));
        if (entity.kind == EntityKind::Type)
            entity.id = types_.add_name(entity.type()).value;
    }
    if (def.type) {
        const Entity written = TRY(resolve(*def.type, scope, is_new));
        if (def.item)
            CHECK(in_context(subtyping_.check(entity, written),
                [] { return std::string("ascribed type of export is not compatible with item's type"); }));
        entity = written;
    }
    def.entity = TRY(add_entity(entity, Role::Export, is_new, def.name.name, scope));
    return add_extern(def.name, def.entity, false, scope.exports);
}

// -- Aliases

Result<void> Validator::define(const AliasDef& def, Scope& scope)
{
    const auto* exported = std::get_if<ExportAlias>(&def.target);
    const auto* outer = std::get_if<OuterAlias>(&def.target);
    if (scope.kind != ScopeKind::Component) {
        const bool is_allowed = (exported && (def.sort == Sort::Type || def.sort == Sort::Instance))
            || (outer && (def.sort == Sort::Type || def.sort == Sort::CoreType));
        if (!is_allowed)
            return failure("aliases in a component or instance type may only refer to types or instances");
    }
    if (exported)
        return alias_export(def.sort, *exported, scope);
    if (outer)
        return alias_outer(def.sort, *outer, scope);
    return alias_core_export(def.sort, std::get<CoreExportAlias>(def.target), scope);
}

namespace {

EntityKind kind_of(Sort sort)
{
    switch (sort) {
    case Sort::CoreModule: return EntityKind::Module;
    case Sort::Func: return EntityKind::Func;
    case Sort::Type: return EntityKind::Type;
    case Sort::Instance: return EntityKind::Instance;
    case Sort::Component: return EntityKind::Component;
    default: std::unreachable();
    }
}

} // namespace

Result<void> Validator::alias_export(Sort sort, const ExportAlias& alias, Scope& scope)
{
    const TypeId instance = TRY(at(scope.instances, alias.instance, "instance", "instance"));
    const Entity* entity = types_.instance(instance).exports.find(alias.name);
    if (!entity)
        return failure(
            "instance " + std::to_string(alias.instance) + " has no export named " + quoted(alias.name));
    if (entity->kind != kind_of(sort))
        return failure("export " + quoted(alias.name) + " for instance " + std::to_string(alias.instance)
            + " is not a " + std::string(to_text(kind_of(sort))));
    CHECK(add_entity(*entity, Role::Alias, false, {}, scope));
    return {};
}

Result<void> Validator::alias_core_export(Sort sort, const CoreExportAlias& alias, Scope& scope)
{
    const auto exports = TRY(at(scope.core_instances, alias.instance, "core instance", "instance"));
    const auto found = exports->find(alias.name);
    if (found == exports->end())
        return failure(
            "core instance " + std::to_string(alias.instance) + " has no export named " + quoted(alias.name));
    const auto kind = static_cast<core::ExternKind>(sort);
    if (core::kind_of(found->second) != kind)
        return failure("export " + quoted(alias.name) + " for core instance " + std::to_string(alias.instance)
            + " is not a " + std::string(kind == core::ExternKind::Func ? "function" : to_text(kind)));
    scope.core_items[static_cast<size_t>(kind)].push_back(found->second);
    return {};
}

/// A component must not use resources of the components around it: each must make sense alone.
Result<void> Validator::alias_outer(Sort sort, const OuterAlias& alias, Scope& scope)
{
    Scope* from = &scope;
    bool leaves_component = false;
    for (uint32_t i = 0; i < alias.outer && from; ++i) {
        leaves_component |= from->kind == ScopeKind::Component;
        from = from->outer;
    }
    if (!from)
        return failure("invalid outer alias count of " + std::to_string(alias.outer));
    switch (sort) {
    case Sort::CoreModule:
        scope.core_modules.push_back(TRY(at(from->core_modules, alias.index, "module", "module")));
        return {};
    case Sort::Component:
        scope.components.push_back(TRY(at(from->components, alias.index, "component", "component")));
        return {};
    case Sort::CoreType: {
        const auto module = from->module_types.find(alias.index);
        if (module == from->module_types.end())
            return alias_core_type(scope.core_types, *from, alias.index);
        const ModuleTypeId type = module->second;
        scope.module_types[scope.core_types.types.size()] = type;
        scope.core_types.types.push_back({});
        scope.core_types.type_ids.push_back({});
        scope.core_types.type_infos.push_back(nullptr);
        return {};
    }
    case Sort::Type: {
        const TypeId type = TRY(type_at(*from, alias.index));
        if (leaves_component) {
            std::set<ResourceId> resources;
            CHECK(types_.find_resources({ EntityKind::Type, type.value }, resources));
            if (!resources.empty())
                return failure(
                    "cannot alias outer type which transitively refers to resources not defined in "
                    "the current component");
        }
        scope.types.push_back(type);
        return {};
    }
    default: std::unreachable();
    }
}

// -- Index spaces

Result<const core::FuncType*> Validator::core_func_at(const Scope& scope, uint32_t index) const
{
    const auto type = TRY(core_item_at(scope, core::ExternKind::Func, index));
    return registry_[std::get<core::ExternFunc<core::TypeId>>(type).type].func();
}

Result<core::ExternType> Validator::core_item_at(const Scope& scope, core::ExternKind kind, uint32_t index)
{
    const bool is_func = kind == core::ExternKind::Func;
    return at(scope.core_items[static_cast<size_t>(kind)], index, is_func ? "core function" : to_text(kind),
        is_func ? "function" : to_text(kind));
}

Result<Entity> Validator::entity_at(const Scope& scope, SortIndex item) const
{
    switch (item.sort) {
    case Sort::CoreModule:
        return Entity { EntityKind::Module,
            TRY(at(scope.core_modules, item.index, "module", "module")).value };
    case Sort::Func:
        return Entity { EntityKind::Func, TRY(at(scope.funcs, item.index, "function", "function")).value };
    case Sort::Type: return Entity { EntityKind::Type, TRY(type_at(scope, item.index)).value };
    case Sort::Component:
        return Entity { EntityKind::Component,
            TRY(at(scope.components, item.index, "component", "component")).value };
    case Sort::Instance:
        return Entity { EntityKind::Instance,
            TRY(at(scope.instances, item.index, "instance", "instance")).value };
    default: std::unreachable();
    }
}

// -- Whole components

Result<void> validate_component(Component& component, core::TypeRegistry& types, FeatureSet features)
{
    return Validator(types, features, std::make_shared<Types>(),
        std::make_shared<std::vector<core::TypeRegistry::Claim>>())
        .validate(component, nullptr);
}

Result<std::shared_ptr<const Component>> load_component(
    std::shared_ptr<const FileBytes> file, Bytes part, core::TypeRegistry& types, FeatureSet features)
{
    using Loaded = Result<std::shared_ptr<const Component>>;
    return guarded(
        [&]() -> Loaded {
            std::shared_ptr<Component> component = TRY(decode_component(file, part, features));
            CHECK(validate_component(*component, types, features));
            prepare(*component, types);
            return component;
        },
        [](const Thrown& thrown) -> Loaded { return failure(thrown.text); });
}

} // namespace vitrine::core::component
