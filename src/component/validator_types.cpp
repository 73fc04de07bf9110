// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Type definitions: indices are resolved, labels checked. [component model: Binary, type
// definitions]
#include "component/scope.h"

#include "base/overloaded.h"
#include "wasm/validator.h"

namespace vitrine::core::component {

// -- Core types

namespace {

/// Calls `visit` with each type index in a core type.
template<class Visit> void for_each_index(const core::SubType& type, const Visit& visit)
{
    const auto visit_type = [&](core::ValueType part) {
        if (part.is_ref() && part.heap() == core::HeapKind::Defined)
            visit(part.index());
    };
    if (type.supertype)
        visit(*type.supertype);
    if (const auto* func = type.func()) {
        for (const auto* list : { &func->params, &func->results })
            for (const core::ValueType part : *list)
                visit_type(part);
    } else if (const auto* structure = type.structure()) {
        for (const core::FieldType& field : structure->fields)
            visit_type(field.type);
    } else {
        visit_type(type.array()->element.type);
    }
}

/// Appends a group. Its indices are those of the whole list already.
void append(core::Module& types, const CoreTypeGroup& group)
{
    const uint32_t start = types.types.size();
    for (core::SubType type : group.types) {
        type.group_start = start;
        types.types.push_back(std::move(type));
    }
}

} // namespace

Result<void> Validator::define(CoreTypeDef& def, Scope& scope)
{
    if (const auto* group = std::get_if<CoreTypeGroup>(&def.type))
        return add_group(*group, scope);
    const ModuleTypeId type = TRY(module_type(std::get<ModuleTypeDef>(def.type), scope));
    scope.module_types[scope.core_types.types.size()] = type;
    scope.core_types.types.push_back({});
    scope.core_types.type_ids.push_back({});
    scope.core_types.type_infos.push_back(nullptr);
    return {};
}

Result<void> Validator::add_group(const CoreTypeGroup& group, Scope& scope)
{
    std::optional<uint32_t> wrong;
    for (const core::SubType& type : group.types)
        for_each_index(type, [&](uint32_t index) {
            if (scope.module_types.contains(index))
                wrong = index;
        });
    if (wrong)
        return failure("type index " + std::to_string(*wrong) + " is a module type, not a sub type");
    append(scope.core_types, group);
    claims_->push_back(TRY(core::extend_types(scope.core_types, registry_, features_)));
    return {};
}

/// `types` gets the core type of another scope.
Result<void> Validator::alias_core_type(core::Module& types, const Scope& from, uint32_t index)
{
    const core::Module& outer = from.core_types;
    if (index >= outer.types.size())
        return failure("unknown type " + std::to_string(index) + ": type index out of bounds");
    const core::TypeInfo* info = outer.type_infos[index];
    if (!info)
        return failure("core module types cannot be aliased into the types of a core module");
    const core::TypeId id = outer.type_ids[core::TypeIndex { index }];
    // Only its id and info are used.
    types.types.push_back({});
    types.type_ids.push_back(id);
    types.type_infos.push_back(info);
    return {};
}

Result<ModuleTypeId> Validator::module_type(const ModuleTypeDef& def, Scope& scope)
{
    core::Module types(scope.component.file(), {});
    ModuleType type;
    CoreExports exports;
    for (const ModuleTypeItem& item : def.items)
        if (auto added = module_type_item(item, types, type, exports, scope); !added) {
            if (!added.error().offset)
                added.error().offset = item.offset;
            return std::unexpected(std::move(added).error());
        }
    std::set<std::pair<std::string_view, std::string_view>> names;
    for (const ModuleImport& import : type.imports)
        if (!names.emplace(import.module, import.name).second)
            return failure("duplicate import name "
                + quoted(std::string(import.module) + ":" + std::string(import.name)));
    type.exports = std::make_shared<const CoreExports>(std::move(exports));
    return types_.add_module(std::move(type));
}

namespace {

/// Types with engine-wide ids.
core::ValueType canonical(const core::Module& module, core::ValueType type)
{
    if (!type.is_ref() || type.heap() != core::HeapKind::Defined)
        return type;
    const core::TypeInfo& info = *module.type_infos[type.index()];
    return core::ValueType::ref(info.id, type.is_nullable(), info.type.func() != nullptr);
}

core::ExternType canonical(const core::Module& module, const core::ExternDesc& type)
{
    return std::visit(Overloaded {
                          [&](core::ExternFunc<core::TypeIndex> func) -> core::ExternType {
                              return core::ExternFunc<core::TypeId> { module.type_ids[func.type] };
                          },
                          [&](const core::TableType& table) -> core::ExternType {
                              return core::TableType { canonical(module, table.element), table.limits };
                          },
                          [&](const core::MemoryType& memory) -> core::ExternType { return memory; },
                          [&](const core::GlobalType& global) -> core::ExternType {
                              return core::GlobalType { canonical(module, global.type), global.is_mutable };
                          },
                          [&](core::ExternTag<core::TypeIndex> tag) -> core::ExternType {
                              return core::ExternTag<core::TypeId> { module.type_ids[tag.type] };
                          },
                      },
        type);
}

} // namespace

Result<void> Validator::module_type_item(
    const ModuleTypeItem& item, core::Module& types, ModuleType& type, CoreExports& exports, Scope& scope)
{
    const auto resolved = [&](const core::ExternDesc& written) -> Result<core::ExternType> {
        CHECK(core::check_extern_type(types, features_, written, item.offset));
        const core::ExternType result = canonical(types, written);
        type.size += 1;
        if (const auto* func = std::get_if<core::ExternFunc<core::TypeId>>(&result)) {
            const core::FuncType& of_func = *registry_[func->type].func();
            type.size += static_cast<uint32_t>(of_func.params.size() + of_func.results.size());
        }
        if (type.size > limits::type_size)
            return failure("effective type size exceeds the limit of " + std::to_string(limits::type_size));
        return result;
    };
    if (const auto* group = std::get_if<CoreTypeGroup>(&item.item)) {
        append(types, *group);
        claims_->push_back(TRY(core::extend_types(types, registry_, features_)));
    } else if (const auto* import = std::get_if<ModuleTypeImport>(&item.item)) {
        type.imports.push_back({ import->module, import->name, TRY(resolved(import->type)) });
    } else if (const auto* exported = std::get_if<ModuleTypeExport>(&item.item)) {
        if (!exports.emplace(exported->name, TRY(resolved(exported->type))).second)
            return failure("export name " + quoted(exported->name) + " already defined");
    } else {
        const auto& alias = std::get<ModuleTypeAlias>(item.item);
        if (alias.outer == 0) {
            const core::TypeIndex index { alias.index };
            if (index.value >= types.types.size())
                return failure("unknown type " + std::to_string(index.value) + ": type index out of bounds");
            types.types.push_back({});
            types.type_ids.push_back(core::TypeId(types.type_ids[index]));
            types.type_infos.push_back(types.type_infos[index.value]);
            return {};
        }
        const Scope* from = &scope;
        for (uint32_t i = 1; i < alias.outer && from; ++i)
            from = from->outer;
        if (!from)
            return failure("invalid outer alias count of " + std::to_string(alias.outer - 1));
        return alias_core_type(types, *from, alias.index);
    }
    return {};
}

// -- Value types

Result<void> Validator::define(TypeSectionDef& def, Scope& scope)
{
    scope.types.push_back(TRY(std::visit([&](auto& type) { return define_type(type, scope); }, def.type)));
    return {};
}

/// Replaces the index in a type by the type's id.
Result<void> Validator::resolve(ValType& type, const Scope& scope) const
{
    if (type == Primitive::ErrorContext)
        return require(core::Feature::ComponentErrors, "the type `error-context`");
    if (type.is_primitive())
        return {};
    const uint32_t index = type.type().value;
    const TypeId id = TRY(type_at(scope, index));
    if (!types_.find<ValueDef>(id))
        return failure("type index " + std::to_string(index) + " is not a defined type");
    type = id;
    return {};
}

namespace {

/// Checks that labels are labels and that no two are equal. Errors call them `what`; an earlier
/// equal one is called `previous`.
template<class List, class Name>
Result<void> check_labels(
    const List& list, const Name& name_of, std::string_view what, std::string_view previous)
{
    std::map<std::string, std::string_view> seen;
    for (const auto& item : list) {
        const std::string_view name = name_of(item);
        CHECK(check_label(name, what));
        const auto [place, is_new] = seen.try_emplace(lower_case(name), name);
        if (!is_new)
            return failure(std::string(what) + " name " + quoted(name) + " conflicts with previous "
                + std::string(previous) + " name " + quoted(place->second));
    }
    return {};
}

constexpr auto own_name = [](const auto& item) { return item.name; };
constexpr auto itself = [](std::string_view name) { return name; };

bool is_key(const ValueDef& def)
{
    const auto* primitive = std::get_if<Primitive>(&def);
    return primitive && *primitive != Primitive::F32 && *primitive != Primitive::F64
        && *primitive != Primitive::ErrorContext;
}

} // namespace

/// The rules of each kind of type, apart from those for its parts.
Result<void> Validator::check_value(ValueDef& def, const Scope& scope)
{
    const auto resolve_resource = [&](TypeId& resource) -> Result<void> {
        CHECK(resource_at(resource.value, scope));
        resource = scope.types[resource.value];
        return {};
    };
    return std::visit(Overloaded {
                          [&](Primitive type) -> Result<void> {
                              ValType itself = type;
                              return resolve(itself, scope);
                          },
                          [](const RecordType& type) -> Result<void> {
                              if (type.fields.empty())
                                  return failure("record type must have at least one field");
                              return check_labels(type.fields, own_name, "record field", "field");
                          },
                          [](const VariantType& type) -> Result<void> {
                              if (type.cases.empty())
                                  return failure("variant type must have at least one case");
                              return check_labels(type.cases, own_name, "variant case", "case");
                          },
                          [&](const ListType& type) -> Result<void> {
                              if (!type.length)
                                  return {};
                              CHECK(require(core::Feature::ComponentFixedLists, "a list of fixed length"));
                              if (type.length == 0)
                                  return failure("Fixed-length lists must have more than zero elements");
                              return {};
                          },
                          [&](const MapType& type) -> Result<void> {
                              CHECK(require(core::Feature::ComponentMaps, "a map type"));
                              if (!is_key(types_.value(type.key)))
                                  return failure("map keys must be integers, `bool`, `char` or `string`");
                              return {};
                          },
                          [](const TupleType& type) -> Result<void> {
                              if (type.types.empty())
                                  return failure("tuple type must have at least one type");
                              return {};
                          },
                          [](const FlagsType& type) -> Result<void> {
                              if (type.names.empty())
                                  return failure("flags must have at least one entry");
                              if (type.names.size() > limits::flags)
                                  return failure("cannot have more than 32 flags");
                              return check_labels(type.names, itself, "flag", "flag");
                          },
                          [](const EnumType& type) -> Result<void> {
                              if (type.names.empty())
                                  return failure("enum type must have at least one variant");
                              return check_labels(type.names, itself, "enum tag", "tag");
                          },
                          [](const OptionType&) -> Result<void> { return {}; },
                          [](const ResultType&) -> Result<void> { return {}; },
                          [&](OwnType& type) { return resolve_resource(type.resource); },
                          [&](BorrowType& type) { return resolve_resource(type.resource); },
                          [&](const StreamType& type) -> Result<void> {
                              CHECK(require(core::Feature::ComponentAsync, "a stream type"));
                              if (!type.element)
                                  return {};
                              if (types_.info(*type.element).has_borrow)
                                  return failure("stream element cannot contain a `borrow` type");
                              const ValueDef element = types_.value(*type.element);
                              if (const auto* primitive = std::get_if<Primitive>(&element);
                                  primitive && *primitive == Primitive::Char)
                                  return failure(
                                      "`stream<char>` is not valid at this time, use `stream<u8>`");
                              return {};
                          },
                          [&](const FutureType& type) -> Result<void> {
                              CHECK(require(core::Feature::ComponentAsync, "a future type"));
                              if (type.element && types_.info(*type.element).has_borrow)
                                  return failure("future element cannot contain a `borrow` type");
                              return {};
                          },
                      },
        def);
}

Result<TypeId> Validator::define_type(ValueDef& def, Scope& scope)
{
    std::optional<Error> error;
    for_each_part(def, [&](ValType& part) {
        if (auto resolved = resolve(part, scope); !resolved && !error)
            error = std::move(resolved).error();
    });
    if (error)
        return std::unexpected(*std::move(error));
    CHECK(check_value(def, scope));
    return types_.add(std::move(def));
}

// -- Other types

Result<TypeId> Validator::define_type(FuncType& def, Scope& scope)
{
    if (def.is_async)
        CHECK(require(core::Feature::ComponentAsync, "an async function type"));
    CHECK(check_labels(def.params, own_name, "function parameter", "parameter"));
    for (Field& param : def.params)
        CHECK(resolve(param.type, scope));
    if (def.result) {
        CHECK(resolve(*def.result, scope));
        if (types_.info(*def.result).has_borrow)
            return failure("function result cannot contain a `borrow` type");
    }
    return types_.add(std::move(def));
}

Result<TypeId> Validator::define_type(ResourceDef& def, Scope& scope)
{
    if (scope.kind != ScopeKind::Component)
        return failure("resources can only be defined within a concrete component");
    if (def.rep == core::ValueType::i64)
        return failure("resources represented by `i64` are not supported");
    if (def.rep != core::ValueType::i32)
        return failure("resources can only be represented by `i32` or `i64`");
    if (def.destructor) {
        const core::FuncType& func = *TRY(core_func_at(scope, *def.destructor));
        if (func.params != std::vector { def.rep } || !func.results.empty())
            return failure(
                "core function " + std::to_string(*def.destructor) + " has wrong signature for a destructor");
    }
    def.resource = types_.new_resource();
    scope.defined.push_back(def.resource);
    scope.representations[def.resource] = def.rep;
    return types_.add(ResourceType { def.resource });
}

Result<TypeId> Validator::define_type(InstanceTypeDef& def, Scope& scope)
{
    Scope inner(ScopeKind::InstanceType, &scope, scope.component);
    for (Definition& item : def.items)
        CHECK(define(item, inner));
    InstanceType type;
    type.exports = std::move(inner.exports).finish();
    type.defined = std::move(inner.defined);
    type.exported = std::move(inner.exported);
    return types_.add(std::move(type));
}

Result<TypeId> Validator::define_type(ComponentTypeDef& def, Scope& scope)
{
    Scope inner(ScopeKind::ComponentType, &scope, scope.component);
    for (Definition& item : def.items)
        CHECK(define(item, inner));
    return types_.add(TRY(finish(inner)));
}

/// The type of an import or export as written. `is_new` says that it is a resource type that did
/// not exist before.
Result<Entity> Validator::resolve(const ExternTypeDef& type, const Scope& scope, bool& is_new)
{
    if (!type.index) {
        is_new = true;
        const TypeId id = TRY(types_.add(ResourceType { types_.new_resource() }));
        return Entity { EntityKind::Type, id.value };
    }
    const uint32_t index = *type.index;
    if (type.sort == Sort::CoreModule) {
        const auto found = scope.module_types.find(index);
        if (found != scope.module_types.end())
            return Entity { EntityKind::Module, found->second.value };
        if (index >= scope.core_types.types.size())
            return failure("unknown type " + std::to_string(index) + ": type index out of bounds");
        return failure("core type index " + std::to_string(index) + " is not a module type");
    }
    const TypeId id = TRY(type_at(scope, index));
    const auto wrong = [&](const std::string& what) {
        return failure("type index " + std::to_string(index) + " is not " + what);
    };
    switch (type.sort) {
    case Sort::Func:
        if (!types_.find<FuncType>(id))
            return wrong("a function type");
        return Entity { EntityKind::Func, id.value };
    case Sort::Instance:
        if (!types_.find<InstanceType>(id))
            return wrong("an instance type");
        return Entity { EntityKind::Instance, id.value };
    case Sort::Component:
        if (!types_.find<ComponentType>(id))
            return wrong("a component type");
        return Entity { EntityKind::Component, id.value };
    case Sort::Type: return Entity { EntityKind::Type, types_.add_name(id).value };
    default: std::unreachable();
    }
}

} // namespace vitrine::core::component
