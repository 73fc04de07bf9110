// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/components.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace vitrine::core::component {

/// A function that the host defines. Without a signature, it takes the type under which it is
/// imported.
struct HostFunc {
    std::shared_ptr<const HostBody> body;
    std::optional<vitrine::detail::ComponentSignature> signature {};
};

/// An item of a store, which only components of this store can import.
struct StoreItem {
    std::weak_ptr<const void> life;
    const Store* store;
    Item item;
    /// Keeps the types of the item.
    std::shared_ptr<const Component> component;
};

using HostItem = std::variant<HostFunc, std::shared_ptr<const HostResource>,
    std::shared_ptr<const core::Module>, StoreItem>;

/// A component with its imports resolved and checked once. Instances can be made from it in any
/// store of its engine, on any thread.
class PreparedComponent {
public:
    /// Makes an instance, with all that is nested in it, and runs the start functions.
    std::expected<Instance*, Failure> instantiate(Thread& thread) const;
    /// Checks what can only be checked in a store: imports that are items of a store.
    Result<void> check(Store& store) const;

    const std::shared_ptr<const Component>& component() const { return component_; }

private:
    friend class Preparation;
    friend class Imports;

    /// A function of the host. The signature is only there if it must be checked again, because it
    /// refers to a resource type that is an item of a store.
    struct PreparedFunc {
        std::string name;
        const FuncShape* shape;
        std::shared_ptr<const HostBody> body;
        std::optional<vitrine::detail::ComponentSignature> signature;
    };
    struct PreparedStoreItem {
        std::string name;
        Entity entity;
        StoreItem item;
    };
    struct PreparedExport;
    using PreparedExports = std::vector<PreparedExport>;
    /// Nothing stands for types other than resource types.
    using PreparedItem = std::variant<std::monostate, PreparedFunc, std::shared_ptr<const HostResource>,
        std::shared_ptr<const core::Module>, PreparedStoreItem, PreparedExports>;
    struct PreparedImport {
        Entity entity;
        PreparedItem item;
    };

    std::shared_ptr<const Component> component_;
    /// In the order of the component's definitions.
    std::vector<PreparedImport> imports_ {};
};

struct PreparedComponent::PreparedExport {
    std::string name;
    PreparedImport import;
};

/// Resolves the imports of components by name.
///
/// The version in an interface's name, such as `wasi:io/poll@0.2.6`, need not be the same in the
/// import and in the definition, only compatible: the same major version, or if that is 0, the same
/// minor version.
class Linker {
public:
    /// Defines an item of an interface, or an import of its own if `interface` is empty.
    Result<void> define(std::string_view interface, std::string_view name, HostItem item);
    /// Whether functions that are not defined may be imported. If so, calling one traps with its
    /// name, and resource types that are not defined are empty.
    void trap_unknown(bool trap) { trap_unknown_ = trap; }

    /// Resolves and checks the component's imports. The error lists all that are missing.
    Result<PreparedComponent> prepare(
        const core::TypeRegistry& registry, const std::shared_ptr<const Component>& component) const;
    /// Prepares the component and makes one instance.
    std::expected<Instance*, Failure> instantiate(
        Thread& thread, const std::shared_ptr<const Component>& component) const;

private:
    friend class Preparation;
    using Items = std::map<std::string, HostItem, std::less<>>;

    /// By name without the part of the version that may differ.
    std::map<std::string, Items, std::less<>> interfaces_;
    bool trap_unknown_ = false;
};

} // namespace vitrine::core::component
