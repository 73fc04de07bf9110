// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/substitution.h"
#include "wasm/type_registry.h"

#include <functional>

namespace vitrine::core::component {

/// Puts what happened in front of the message of an error: `where: message`.
template<class T> Result<T> in_context(Result<T> result, const std::function<std::string()>& where)
{
    if (!result)
        result.error().message = where() + ": " + result.error().message;
    return result;
}

/// The name in backticks, as messages quote names of the input.
std::string quoted(std::string_view name);

/// Decides whether one type may stand where another is expected. Errors say where the types differ;
/// they have no offset. [component model: Explainer, type checking]
class Subtyping {
public:
    Subtyping(Types& types, const core::TypeRegistry& core_types) : types_(types), core_types_(core_types) {}

    Result<void> check(const Entity& actual, const Entity& expected);
    Result<void> check(const core::ExternType& actual, const core::ExternType& expected) const;
    Result<void> check(ModuleTypeId actual, ModuleTypeId expected);

    /// Checks that what `actual` names fits the imports of a component (if `is_import`) or its
    /// exports. The result replaces the resource types of these imports or exports, and the types
    /// that they name, by the actual ones.
    Result<Substitution> check_externs(
        const std::function<const Entity*(std::string_view)>& actual, TypeId component, bool is_import);

private:
    Result<void> check_types(TypeId actual, TypeId expected);
    Result<void> check_instances(const InstanceType& actual, const InstanceType& expected);
    Result<void> check_components(TypeId actual, TypeId expected);
    Result<void> check_funcs(TypeId actual, TypeId expected);
    Result<void> check_values(ValType actual, ValType expected);
    Result<void> check_optional(const std::optional<ValType>& actual, const std::optional<ValType>& expected,
        const std::string& what);
    Result<void> check_records(const RecordType& actual, const RecordType& expected);
    Result<void> check_variants(const VariantType& actual, const VariantType& expected);
    Result<void> check_resources(TypeId actual, TypeId expected) const;
    Result<void> replace_types(Substitution& substitution, const Entity& actual, const Entity& expected);

    Types& types_;
    const core::TypeRegistry& core_types_;
};

} // namespace vitrine::core::component
