// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Imports and exports: their names, and what their types may refer to. [component model: Explainer,
// import and export definitions]
#include "component/scope.h"

#include <algorithm>

namespace vitrine::core::component {

// -- Adding to index spaces

/// An import or export adds to the index space of its kind, as does an alias of an instance's
/// export. The result is the type that the import or export has from now on.
Result<Entity> Validator::add_entity(
    Entity entity, Role role, bool is_new, std::string_view name, Scope& scope)
{
    switch (entity.kind) {
    case EntityKind::Module: scope.core_modules.push_back(entity.module()); break;
    case EntityKind::Func: scope.funcs.push_back(entity.type()); break;
    case EntityKind::Component: scope.components.push_back(entity.type()); break;
    case EntityKind::Instance:
        entity = TRY(add_instance(entity, role, scope));
        scope.instances.push_back(entity.type());
        break;
    case EntityKind::Type:
        scope.types.push_back(entity.type());
        if (types_.find<ResourceType>(entity.type()))
            add_resource(entity.type(), role, is_new, scope);
        break;
    }
    if (role == Role::Alias)
        return entity;
    const bool is_import = role == Role::Import;
    ExternList& list = is_import ? scope.imports : scope.exports;
    if (entity.kind == EntityKind::Type && types_.find<ResourceType>(entity.type())) {
        list.resources.emplace(entity.type(), name);
        list.resource_names.insert(name);
    }
    if (!TRY(make_visible(entity, is_import, scope)))
        return failure(std::string(to_text(entity.kind)) + " not valid to be used as "
            + (is_import ? "import" : "export"));
    return entity;
}

void Validator::add_resource(TypeId type, Role role, bool is_new, Scope& scope)
{
    const ResourceId resource = types_.resource(type);
    if (role == Role::Import && is_new)
        scope.imported.push_back({ resource, { static_cast<uint32_t>(scope.imports.entities.size()) } });
    if (role == Role::Export) {
        if (is_new)
            scope.defined.push_back(resource);
        scope.exported[resource] = { static_cast<uint32_t>(scope.exports.entities.size()) };
    }
}

/// Two imports or exports of one instance type have different resources: each gets new ones.
Result<Entity> Validator::add_instance(Entity entity, Role role, Scope& scope)
{
    if (role == Role::Alias)
        return entity;
    const auto below = [](size_t position, const Path& path) {
        Path longer { static_cast<uint32_t>(position) };
        longer.insert(longer.end(), path.begin(), path.end());
        return longer;
    };
    const InstanceType& written = types_.instance(entity.type());
    entity.id = TRY(with_new_resources(types_, entity.type(), [&](ResourceId old, ResourceId fresh) {
        if (role == Role::Export)
            return scope.defined.push_back(fresh);
        const auto path = written.exported.find(old);
        ASSERT(path != written.exported.end());
        scope.imported.push_back({ fresh, below(scope.imports.entities.size(), path->second) });
    })).value;
    if (role == Role::Export) {
        const InstanceType& instance = types_.instance(entity.type());
        CHECK(types_.spend(instance.exported.size()));
        for (const auto& [resource, path] : instance.exported)
            scope.exported[resource] = below(scope.exports.entities.size(), path);
    }
    return entity;
}

// -- Visible types
//
// Records, variants, flags, enums and resources that occur in an import must be imported before,
// those in an export imported or exported, so that users of the component can name them.

Result<bool> Validator::make_visible(Entity entity, bool is_import, Scope& scope)
{
    // An instance type is checked where it is used.
    if (scope.kind == ScopeKind::InstanceType)
        return true;
    CHECK(types_.spend(1));
    ExternList& list = is_import ? scope.imports : scope.exports;
    switch (entity.kind) {
    case EntityKind::Module:
    case EntityKind::Component: return true;
    case EntityKind::Func: return are_parts_visible(entity.type(), list);
    case EntityKind::Type:
        if (!TRY(are_parts_visible(entity.type(), list)))
            return false;
        list.visible.insert(entity.type());
        scope.exports.visible.insert(entity.type());
        return true;
    case EntityKind::Instance: {
        const Externs& exports = types_.instance(entity.type()).exports;
        CHECK(types_.spend(exports.size()));
        for (const Entity& item : exports.entities)
            if (!TRY(make_visible(item, is_import, scope)))
                return false;
        return true;
    }
    }
    std::unreachable();
}

/// Whether the parts of a type are visible, however it is itself called.
Result<bool> Validator::are_parts_visible(TypeId type, ExternList& list)
{
    const TypeDef& def = types_[type];
    Result<bool> result = true;
    const auto visit = [&](ValType part) {
        if (result && *result)
            result = is_visible(part, list);
    };
    if (const auto* instance = std::get_if<InstanceType>(&def))
        return is_instance_visible(*instance, list);
    if (const auto* func = std::get_if<FuncType>(&def)) {
        for_each_part(*func, visit);
    } else if (const auto* value = std::get_if<ValueDef>(&def)) {
        if (const auto* own = std::get_if<OwnType>(value))
            return list.visible.contains(own->resource);
        if (const auto* borrow = std::get_if<BorrowType>(value))
            return list.visible.contains(borrow->resource);
        for_each_part(*value, visit);
    }
    return result;
}

Result<bool> Validator::is_instance_visible(const InstanceType& instance, ExternList& list)
{
    CHECK(types_.spend(instance.exports.size()));
    for (const Entity& item : instance.exports.entities) {
        if (item.kind == EntityKind::Module || item.kind == EntityKind::Component)
            continue;
        if (!TRY(are_parts_visible(item.type(), list)))
            return false;
    }
    return true;
}

Result<bool> Validator::is_visible(ValType type, ExternList& list)
{
    if (type.is_primitive() || list.known_visible.contains(type.type()))
        return true;
    const ValueDef& def = types_.value(type.type());
    const bool needs_name = std::holds_alternative<RecordType>(def)
        || std::holds_alternative<VariantType>(def) || std::holds_alternative<FlagsType>(def)
        || std::holds_alternative<EnumType>(def);
    if (needs_name)
        return list.visible.contains(type.type());
    CHECK(types_.spend(1));
    const bool is_found = TRY(are_parts_visible(type.type(), list));
    if (is_found)
        list.known_visible.insert(type.type());
    return is_found;
}

// -- Names

/// Adds an import or export with its name.
Result<void> Validator::add_extern(const ExternName& name, Entity entity, bool is_import, ExternList& list)
{
    const std::string kind = is_import ? "import" : "export";
    const ParsedName parsed = TRY(in_context(parse_name(name.name),
        [&] { return kind + " name " + quoted(name.name) + " is not a valid extern name"; }));
    if (!is_import
        && (parsed.kind == NameKind::Dependency || parsed.kind == NameKind::Url
            || parsed.kind == NameKind::Hash))
        return failure("name " + quoted(name.name) + " is not a valid export name");
    CHECK(check_attributes(name, parsed, entity));
    CHECK(in_context(check_annotation(parsed, entity, list),
        [&] { return kind + " name " + quoted(name.name) + " is not valid"; }));
    if (!list.unique_forms.insert(unique_form(name.name, parsed)).second) {
        const std::string form = unique_form(name.name, parsed);
        const auto same = [&](const ExternName& other) {
            const auto parsed_other = parse_name(other.name);
            return parsed_other && unique_form(other.name, *parsed_other) == form;
        };
        const auto previous = std::ranges::find_if(list.names.list, same);
        return failure(
            kind + " name " + quoted(name.name) + " conflicts with previous name " + quoted(previous->name));
    }
    list.names.positions[name.name] = static_cast<uint32_t>(list.entities.size());
    list.names.list.push_back(name);
    list.entities.push_back(entity);
    return {};
}

Result<void> Validator::check_attributes(const ExternName& name, const ParsedName& parsed, Entity entity)
{
    const bool is_instance = entity.kind == EntityKind::Instance;
    if (name.implements || name.external_id)
        CHECK(require(core::Feature::ComponentImplements,
            name.implements ? "a name with `implements`" : "a name with `external-id`"));
    if (name.version_suffix)
        CHECK(require(core::Feature::ComponentVersions, "a name with `versionsuffix`"));
    if (name.implements) {
        if (parsed.kind != NameKind::Label)
            return failure("name " + quoted(name.name) + " is not valid with `implements`");
        if (!is_instance)
            return failure("only instances can have an `implements`");
        const ParsedName interface = TRY(in_context(
            parse_name(*name.implements), [&] { return quoted(*name.implements) + " is not a valid name"; }));
        if (interface.kind != NameKind::Interface)
            return failure("name " + quoted(*name.implements) + " must be an interface");
        if (interface.version.data())
            CHECK(in_context(
                check_version(interface.version), [] { return std::string("invalid interface version"); }));
    }
    if (name.version_suffix && !is_instance)
        return failure("only instances can have a `versionsuffix`");
    if (name.version_suffix && !(parsed.version.data() && is_canonical_version(parsed.version)))
        return failure("`versionsuffix` needs an interface name with a canonical version");
    if (parsed.kind == NameKind::Interface && parsed.version.data()) {
        const std::string version =
            std::string(parsed.version) + std::string(name.version_suffix.value_or(""));
        return in_context(check_version(version), [] { return std::string("invalid interface version"); });
    }
    return {};
}

/// A constructor, method or static function is about a resource of the same list.
Result<void> Validator::check_annotation(const ParsedName& name, Entity entity, const ExternList& list)
{
    if (name.kind != NameKind::Constructor && name.kind != NameKind::Method && name.kind != NameKind::Static)
        return {};
    if (entity.kind != EntityKind::Func)
        return failure("item is not a func");
    const FuncType& func = types_.func(entity.type());
    if (name.kind == NameKind::Static) {
        if (!list.resource_names.contains(name.resource))
            return failure("static resource name is not known in this context");
        return {};
    }
    std::optional<TypeId> resource;
    if (name.kind == NameKind::Constructor) {
        if (func.is_async)
            return failure("constructor function cannot be async");
        if (!func.result)
            return failure("function should return one value");
        ValueDef result = types_.value(*func.result);
        if (const auto* of_result = std::get_if<ResultType>(&result); of_result && of_result->ok)
            result = types_.value(ValType(*of_result->ok));
        if (const auto* own = std::get_if<OwnType>(&result))
            resource = own->resource;
        else
            return failure("function should return `(own $T)` or `(result (own $T))`");
    } else {
        if (func.params.empty())
            return failure("function should have at least one argument");
        if (func.params.front().name != "self")
            return failure("function should have a first argument called `self`");
        const ValueDef self = types_.value(func.params.front().type);
        if (const auto* borrow = std::get_if<BorrowType>(&self))
            resource = borrow->resource;
        else
            return failure("function should take a first argument of `(borrow $T)`");
    }
    const auto found = list.resources.find(*resource);
    if (found == list.resources.end())
        return failure("resource used in function does not have a name in this context");
    if (found->second != name.resource)
        return failure("function does not match expected resource name " + quoted(found->second));
    return {};
}

} // namespace vitrine::core::component
