// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/types.h"

namespace vitrine::core::component {

/// Replaces resource types, and types as a whole, in other types. The results are new types; a type
/// in which nothing is replaced keeps its id. Errors have no offset.
class Substitution {
public:
    explicit Substitution(Types& types) : types_(types) {}

    void replace(ResourceId from, ResourceId to) { resources_[from] = to; }
    /// Other names of the same definition become new names of `to`.
    void replace(TypeId from, TypeId to)
    {
        replaced_[from] = to;
        definitions_.try_emplace(&types_[from], to);
    }
    /// The resource itself if it is not replaced.
    ResourceId operator()(ResourceId resource) const
    {
        const auto found = resources_.find(resource);
        return found == resources_.end() ? resource : found->second;
    }

    Result<TypeId> apply(TypeId type);
    Result<Entity> apply(Entity entity);
    Result<Externs> apply(const Externs& externs);
    std::map<ResourceId, Path> apply(const std::map<ResourceId, Path>& exported) const;

private:
    Result<TypeId> make(TypeId type);
    template<class Def> Result<TypeId> make_of_parts(TypeId type, TypeDef& def, Def& parts);

    Types& types_;
    std::map<ResourceId, ResourceId> resources_;
    /// Also remembers what was found before, so that shared parts are visited once.
    std::map<TypeId, TypeId> replaced_;
    std::map<const TypeDef*, TypeId> definitions_;
};

/// Gives new identities to the resource types that `type` defines, so that it becomes the type of
/// one actual instance. Calls `added(old, new)` for each. Returns `type` itself if it defines none.
template<class Added> Result<TypeId> with_new_resources(Types& types, TypeId type, const Added& added)
{
    if (types.instance(type).defined.empty())
        return type;
    Substitution substitution(types);
    const InstanceType& old = types.instance(type);
    CHECK(types.spend(old.exported.size()));
    for (const ResourceId resource : old.defined) {
        const ResourceId fresh = types.new_resource();
        substitution.replace(resource, fresh);
        added(resource, fresh);
    }
    InstanceType made;
    made.exports = TRY(substitution.apply(old.exports));
    made.exported = substitution.apply(old.exported);
    return types.add(std::move(made));
}

} // namespace vitrine::core::component
