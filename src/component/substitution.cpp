// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/substitution.h"

#include <algorithm>

namespace vitrine::core::component {

Result<TypeId> Substitution::apply(TypeId type)
{
    if (const auto found = replaced_.find(type); found != replaced_.end())
        return found->second;
    // Without resources in it, only its parts could be replaced as a whole.
    if (replaced_.empty() && !types_.info(type).has_resource)
        return type;
    CHECK(types_.spend(16));
    const auto found = definitions_.find(&types_[type]);
    const TypeId made = found != definitions_.end() ? types_.add_name(found->second) : TRY(make(type));
    replaced_[type] = made;
    return made;
}

Result<Entity> Substitution::apply(Entity entity)
{
    if (entity.kind == EntityKind::Module)
        return entity;
    return Entity { entity.kind, TRY(apply(entity.type())).value };
}

Result<Externs> Substitution::apply(const Externs& externs)
{
    CHECK(types_.spend(externs.size()));
    Externs made { externs.names, {} };
    made.entities.reserve(externs.size());
    for (const Entity& entity : externs.entities)
        made.entities.push_back(TRY(apply(entity)));
    return made;
}

std::map<ResourceId, Path> Substitution::apply(const std::map<ResourceId, Path>& exported) const
{
    std::map<ResourceId, Path> made;
    for (const auto& [resource, path] : exported)
        made[(*this)(resource)] = path;
    return made;
}

namespace {

bool are_same(const Externs& a, const Externs& b)
{
    return std::ranges::equal(
        a.entities, b.entities, [](const Entity& x, const Entity& y) { return x.id == y.id; });
}

} // namespace

/// `parts` is the alternative of `def` whose parts are replaced.
template<class Def> Result<TypeId> Substitution::make_of_parts(TypeId type, TypeDef& def, Def& parts)
{
    bool is_changed = false;
    size_t count = 0;
    std::optional<Error> error;
    for_each_part(parts, [&](ValType& part) {
        ++count;
        if (part.is_primitive() || error)
            return;
        const auto made = apply(part.type());
        if (!made) {
            error = made.error();
            return;
        }
        is_changed |= *made != part.type();
        part = *made;
    });
    if (error)
        return std::unexpected(*std::move(error));
    CHECK(types_.spend(count));
    return is_changed ? types_.add(std::move(def)) : type;
}

Result<TypeId> Substitution::make(TypeId type)
{
    TypeDef def = types_[type];
    if (const auto* resource = std::get_if<ResourceType>(&def)) {
        const ResourceId made = (*this)(resource->resource);
        return made == resource->resource ? type : types_.add(ResourceType { made });
    }
    if (auto* func = std::get_if<FuncType>(&def))
        return make_of_parts(type, def, *func);
    if (auto* value = std::get_if<ValueDef>(&def)) {
        auto* own = std::get_if<OwnType>(value);
        auto* borrow = std::get_if<BorrowType>(value);
        if (!own && !borrow)
            return make_of_parts(type, def, *value);
        TypeId& resource = own ? own->resource : borrow->resource;
        const TypeId made = TRY(apply(resource));
        if (made == resource)
            return type;
        resource = made;
        return types_.add(std::move(def));
    }
    if (auto* instance = std::get_if<InstanceType>(&def)) {
        Externs exports = TRY(apply(instance->exports));
        if (are_same(exports, instance->exports))
            return type;
        instance->exports = std::move(exports);
        instance->exported = apply(instance->exported);
        return types_.add(std::move(def));
    }
    auto& component = std::get<ComponentType>(def);
    Externs imports = TRY(apply(component.imports)), exports = TRY(apply(component.exports));
    if (are_same(imports, component.imports) && are_same(exports, component.exports))
        return type;
    component.imports = std::move(imports);
    component.exports = std::move(exports);
    component.exported = apply(component.exported);
    return types_.add(std::move(def));
}

} // namespace vitrine::core::component
