// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instances: what is passed to modules and components must fit what they import.
// [component model: Explainer, instance definitions]
#include "component/scope.h"

namespace vitrine::core::component {

// -- Core instances

Result<void> Validator::define(const CoreInstanceDef& def, Scope& scope)
{
    scope.core_instances.push_back(
        def.module ? TRY(instantiate_module(def, scope)) : TRY(collect_core_exports(def, scope)));
    return {};
}

Result<std::shared_ptr<const CoreExports>> Validator::instantiate_module(
    const CoreInstanceDef& def, Scope& scope)
{
    const ModuleType& module = types_[TRY(at(scope.core_modules, *def.module, "module", "module"))];
    std::map<std::string_view, const CoreExports*> arguments;
    for (const CoreArgument& argument : def.arguments) {
        const auto exports = TRY(at(scope.core_instances, argument.index, "core instance", "instance"));
        if (!arguments.emplace(argument.name, exports.get()).second)
            return failure("duplicate module instantiation argument named " + quoted(argument.name));
    }
    CHECK(types_.spend(module.imports.size()));
    for (const ModuleImport& import : module.imports) {
        const auto argument = arguments.find(import.module);
        if (argument == arguments.end())
            return failure("missing module instantiation argument named " + quoted(import.module));
        const auto found = argument->second->find(import.name);
        if (found == argument->second->end())
            return failure("module instantiation argument " + quoted(import.module)
                + " does not export an item named " + quoted(import.name));
        CHECK(in_context(subtyping_.check(found->second, import.type), [&] {
            return "type mismatch for export " + quoted(import.name) + " of module instantiation argument "
                + quoted(import.module);
        }));
    }
    return module.exports;
}

Result<std::shared_ptr<const CoreExports>> Validator::collect_core_exports(
    const CoreInstanceDef& def, Scope& scope)
{
    CoreExports exports;
    for (const CoreExport& item : def.exports) {
        const auto type = TRY(core_item_at(scope, item.kind, item.index));
        if (!exports.emplace(item.name, type).second)
            return failure("duplicate instantiation export name " + quoted(item.name) + " already defined");
    }
    return std::make_shared<const CoreExports>(std::move(exports));
}

// -- Instances of components

Result<void> Validator::define(InstanceDef& def, Scope& scope)
{
    def.type = def.component ? TRY(instantiate(def, scope)) : TRY(collect_exports(def, scope));
    scope.instances.push_back(def.type);
    return {};
}

/// The type of the instance is that of the component's exports, in which the arguments stand for
/// the imports and all resources that the component defines are new.
Result<TypeId> Validator::instantiate(const InstanceDef& def, Scope& scope)
{
    const TypeId id = TRY(at(scope.components, *def.component, "component", "component"));
    std::map<std::string_view, Entity> arguments;
    for (const Argument& argument : def.arguments) {
        const Entity entity = TRY(entity_at(scope, argument.item));
        if (!arguments.emplace(argument.name, entity).second)
            return failure("instantiation argument " + quoted(argument.name)
                + " conflicts with previous argument " + quoted(argument.name));
    }
    const auto find = [&](std::string_view name) -> const Entity* {
        const auto found = arguments.find(name);
        return found == arguments.end() ? nullptr : &found->second;
    };
    Substitution substitution = TRY(subtyping_.check_externs(find, id, true));
    const ComponentType& component = types_.component(id);
    CHECK(types_.spend(component.defined.size() + component.exported.size()));
    for (const ResourcePath& defined : component.defined) {
        const ResourceId fresh = types_.new_resource();
        substitution.replace(defined.resource, fresh);
        scope.defined.push_back(fresh);
    }
    InstanceType instance;
    instance.exports = TRY(substitution.apply(component.exports));
    instance.exported = substitution.apply(component.exported);
    return types_.add(std::move(instance));
}

Result<TypeId> Validator::collect_exports(const InstanceDef& def, Scope& scope)
{
    InstanceType instance;
    ExternList exports;
    for (const InlineExport& item : def.exports) {
        const Entity entity = TRY(entity_at(scope, item.item));
        const auto position = static_cast<uint32_t>(exports.entities.size());
        if (entity.kind == EntityKind::Instance) {
            const auto& inner = types_.instance(entity.type()).exported;
            CHECK(types_.spend(inner.size()));
            for (const auto& [resource, path] : inner) {
                Path& outer = instance.exported[resource];
                outer.assign(1, position);
                outer.insert(outer.end(), path.begin(), path.end());
            }
        } else if (entity.kind == EntityKind::Type && types_.find<ResourceType>(entity.type())) {
            instance.exported[types_.resource(entity.type())] = { position };
        }
        CHECK(add_extern(item.name, entity, false, exports));
    }
    instance.exports = std::move(exports).finish();
    return types_.add(std::move(instance));
}

} // namespace vitrine::core::component
