// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/component.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

// [doc] Components as text
//
// Types, imports and exports are written in WIT, the language of the interfaces that components are
// made from. Types in a binary have no names of their own: imports and exports give them names. WIT
// has no syntax for some things that a component can import and export, such as core modules. These
// are written in its style. [component model: WIT]

namespace vitrine::core::component {

/// The names that a component's imports and exports give to types, also inside of instances.
class TypeNames {
public:
    /// The component must be valid and outlive the names.
    explicit TypeNames(const Component& component);

    /// Empty if the type has no name.
    std::string_view find(TypeId type) const;

    struct Origin {
        /// The name of the instance that exports it. Empty for an import or export of the component
        /// itself.
        std::string_view interface;
        std::string_view name;
    };
    /// Where the definition of the type has its first name. Null if it has none.
    const Origin* origin(TypeId type) const;

private:
    /// Identifies a definition, however many ids were made for it.
    using Definition = std::pair<const TypeDef*, uint32_t>;
    Definition definition(TypeId type) const;
    void add(const Externs& externs, std::optional<std::string_view> interface);

    const Types& types_;
    std::set<const TypeDef*> visited_;
    std::map<TypeId, std::string_view> names_;
    std::map<Definition, Origin> origins_;
};

/// A value type, such as `result<list<u8>, error-code>`. If a type has a name, that is what is
/// written. A text of more than `limit` bytes ends with `...`.
std::string wit_of(const Types& types, ValType type, const TypeNames* names = nullptr, size_t limit = 1000);
/// A function type, such as `func(name: string) -> u32`.
std::string wit_of(
    const Types& types, const FuncType& type, const TypeNames* names = nullptr, size_t limit = 1000);

/// The imports and exports of a valid component: a world, and the interfaces that it refers to. A
/// very long text ends with `...`.
std::string wit_of(const Component& component);

} // namespace vitrine::core::component
