// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/component.h"
#include "component/names.h"
#include "component/subtyping.h"

#include <set>

namespace vitrine::core::component {

/// What is being validated: a component, or the type of a component or instance.
enum class ScopeKind : uint8_t { Component, ComponentType, InstanceType };

/// The imports or exports of a scope so far.
struct ExternList {
    ExternNames names;
    std::vector<Entity> entities;
    /// The `unique_form` of each name.
    std::set<std::string> unique_forms;

    /// The types that the other items may refer to: those that are imported or exported.
    std::set<TypeId> visible;
    /// Types without a name, such as lists, that were found to refer only to `visible` ones.
    std::set<TypeId> known_visible;

    /// The resource types imported or exported directly, and their names.
    std::map<TypeId, std::string_view> resources;
    std::set<std::string_view> resource_names;

    Externs finish() &&
    {
        if (entities.empty())
            return {};
        return { std::make_shared<ExternNames>(std::move(names)), std::move(entities) };
    }
};

/// The index spaces of a scope and the resources in it. They grow with each definition.
struct Scope {
    Scope(ScopeKind kind, Scope* outer, const Component& component)
        : kind(kind), outer(outer), component(component), core_types(component.file(), {})
    {}
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    const ScopeKind kind;
    Scope* const outer;
    /// The component that it belongs to.
    const Component& component;

    /// The core type index space: only the types of this module are used. Where there is a module
    /// type instead, its type has no info.
    core::Module core_types;
    std::map<uint32_t, ModuleTypeId> module_types;
    /// By `core::ExternKind`.
    std::array<std::vector<core::ExternType>, 5> core_items;
    std::vector<ModuleTypeId> core_modules;
    std::vector<std::shared_ptr<const CoreExports>> core_instances;
    std::vector<TypeId> types, funcs, instances, components;

    ExternList imports, exports;
    std::vector<ResourcePath> imported;
    /// Resources that the component itself or instances in it define.
    std::vector<ResourceId> defined;
    /// How the resources that the component itself defines are represented.
    std::map<ResourceId, core::ValueType> representations;
    /// Where resources are exported.
    std::map<ResourceId, Path> exported;
    /// The type of `context.get` and `context.set`, once one of them was seen.
    std::optional<core::ValueType> context;
};

/// The rules of components. One object validates a whole file. Errors have no offset until `define`
/// adds that of the definition.
class Validator {
public:
    Validator(core::TypeRegistry& core_registry, FeatureSet features, std::shared_ptr<Types> types,
        std::shared_ptr<std::vector<core::TypeRegistry::Claim>> claims)
        : registry_(core_registry),
          features_(features),
          shared_types_(std::move(types)),
          claims_(std::move(claims)),
          shapes_(std::make_shared<Shapes>(*shared_types_)),
          types_(*shared_types_),
          subtyping_(types_, registry_)
    {}

    /// Offsets of errors are relative to the component.
    Result<void> validate(Component& component, Scope* outer);

private:
    // validator.cpp
    Result<void> require(core::Feature feature, std::string_view what) const;
    Result<void> define(Definition& definition, Scope& scope);
    Result<void> define(CoreModuleDef& def, Scope& scope);
    Result<void> define(NestedComponentDef& def, Scope& scope);
    Result<void> define(const AliasDef& def, Scope& scope);
    Result<void> define(ImportDef& def, Scope& scope);
    Result<void> define(ExportDef& def, Scope& scope);
    Result<ComponentType> finish(Scope& scope);
    Result<void> alias_export(Sort sort, const ExportAlias& alias, Scope& scope);
    Result<void> alias_core_export(Sort sort, const CoreExportAlias& alias, Scope& scope);
    Result<void> alias_outer(Sort sort, const OuterAlias& alias, Scope& scope);
    Result<ModuleTypeId> type_of(const core::Module& module);

    // validator_instances.cpp
    Result<void> define(const CoreInstanceDef& def, Scope& scope);
    Result<void> define(InstanceDef& def, Scope& scope);
    Result<std::shared_ptr<const CoreExports>> instantiate_module(const CoreInstanceDef& def, Scope& scope);
    Result<std::shared_ptr<const CoreExports>> collect_core_exports(const CoreInstanceDef& def, Scope& scope);
    Result<TypeId> instantiate(const InstanceDef& def, Scope& scope);
    Result<TypeId> collect_exports(const InstanceDef& def, Scope& scope);

    // validator_types.cpp
    Result<void> define(CoreTypeDef& def, Scope& scope);
    Result<void> define(TypeSectionDef& def, Scope& scope);
    Result<void> add_group(const CoreTypeGroup& group, Scope& scope);
    Result<void> alias_core_type(core::Module& types, const Scope& from, uint32_t index);
    Result<ModuleTypeId> module_type(const ModuleTypeDef& def, Scope& scope);
    Result<void> module_type_item(const ModuleTypeItem& item, core::Module& types, ModuleType& type,
        CoreExports& exports, Scope& scope);
    Result<TypeId> define_type(ValueDef& def, Scope& scope);
    Result<TypeId> define_type(FuncType& def, Scope& scope);
    Result<TypeId> define_type(ResourceDef& def, Scope& scope);
    Result<TypeId> define_type(InstanceTypeDef& def, Scope& scope);
    Result<TypeId> define_type(ComponentTypeDef& def, Scope& scope);
    Result<void> resolve(ValType& type, const Scope& scope) const;
    Result<void> check_value(ValueDef& def, const Scope& scope);
    Result<Entity> resolve(const ExternTypeDef& type, const Scope& scope, bool& is_new);

    // validator_names.cpp
    enum class Role : uint8_t { Import, Export, Alias };
    Result<Entity> add_entity(Entity entity, Role role, bool is_new, std::string_view name, Scope& scope);
    Result<Entity> add_instance(Entity entity, Role role, Scope& scope);
    void add_resource(TypeId type, Role role, bool is_new, Scope& scope);
    Result<void> add_extern(const ExternName& name, Entity entity, bool is_import, ExternList& list);
    Result<void> check_attributes(const ExternName& name, const ParsedName& parsed, Entity entity);
    Result<void> check_annotation(const ParsedName& name, Entity entity, const ExternList& list);
    Result<bool> make_visible(Entity entity, bool is_import, Scope& scope);
    Result<bool> is_visible(ValType type, ExternList& list);
    Result<bool> are_parts_visible(TypeId type, ExternList& list);
    Result<bool> is_instance_visible(const InstanceType& instance, ExternList& list);

    // validator_canon.cpp
    Result<void> define(CanonDef& def, Scope& scope);
    Result<void> lift(CanonDef& def, Scope& scope);
    Result<core::FuncType> lower(CanonDef& def, Scope& scope);
    Result<core::FuncType> built_in(CanonDef& def, Scope& scope);
    Result<core::FuncType> task_return(CanonDef& def, Scope& scope);
    Result<core::FuncType> context(const CanonDef& def, Scope& scope);
    Result<void> check_transfer(CanonDef& def, Scope& scope);
    Result<void> check_thread(const CanonDef& def, const Scope& scope) const;
    Result<void> check_features(const CanonDef& def) const;
    Result<CanonOptions> canon_options(const CanonDef& def, const Scope& scope) const;
    Result<void> check_realloc(const CanonOptions& options, const Scope& scope) const;
    Result<void> check_memory(uint32_t index, const Scope& scope) const;
    Result<void> check_callbacks(
        const CanonOptions& options, const core::FuncType& core, const Scope& scope) const;
    Result<core::FuncType> flatten(const FuncType& func, const CanonOptions& options, bool is_lift) const;
    Result<ResourceId> resource_at(uint32_t index, const Scope& scope) const;
    Result<core::ValueType> representation(const CanonDef& def, const Scope& scope) const;
    Result<void> add_core_func(CanonDef& def, const core::FuncType& type, Scope& scope);

    // Items of index spaces. Errors: `unknown core function 3: function index out of bounds`.
    template<class Item>
    static Result<Item> at(
        const std::vector<Item>& items, uint32_t index, std::string_view what, std::string_view space);
    static Result<TypeId> type_at(const Scope& scope, uint32_t index)
    {
        return at(scope.types, index, "type", "type");
    }
    Result<const core::FuncType*> core_func_at(const Scope& scope, uint32_t index) const;
    static Result<core::ExternType> core_item_at(const Scope& scope, core::ExternKind kind, uint32_t index);
    Result<Entity> entity_at(const Scope& scope, SortIndex item) const;

    core::TypeRegistry& registry_;
    const FeatureSet features_;
    const std::shared_ptr<Types> shared_types_;
    const std::shared_ptr<std::vector<core::TypeRegistry::Claim>> claims_;
    const std::shared_ptr<Shapes> shapes_;
    Types& types_;
    Subtyping subtyping_;
};

template<class Item>
Result<Item> Validator::at(
    const std::vector<Item>& items, uint32_t index, std::string_view what, std::string_view space)
{
    if (index >= items.size())
        return failure("unknown " + std::string(what) + " " + std::to_string(index) + ": "
            + std::string(space) + " index out of bounds");
    return items[index];
}

} // namespace vitrine::core::component
