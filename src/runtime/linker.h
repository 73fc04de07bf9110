// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/store.h"

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vitrine::core {

/// An object of a store. Can be used only with this store, while it exists.
struct StoreExtern {
    StoreExtern(const Store& owner, Extern object) : store(&owner), item(object), life(owner.life()) {}

    const Store* store;
    Extern item;
    std::weak_ptr<const void> life;
};

/// What can be defined in a linker: a host function or a shared memory, which work with any store,
/// or an object of one store.
using Definition = std::variant<std::shared_ptr<const HostFunction>, std::shared_ptr<Memory>, StoreExtern>;

/// Creates a definition from an entity. A shared memory does not belong to the store.
Definition definition_of(const Store& store, const Extern& item);

/// Resolves imports by module and name, and creates instances. [spec: exec/modules, instantiation]
class Linker {
public:
    /// Whether a later definition of a name replaces the earlier one. If not, it is an error.
    void allow_shadowing(bool allow) { allow_shadowing_ = allow; }
    /// Whether an undefined function may be imported. If so, calling it traps with its name.
    void trap_unknown_functions(bool trap) { trap_unknown_functions_ = trap; }
    Result<void> define(std::string module, std::string name, Definition definition);
    /// Defines every export of the instance under the module name.
    Result<void> define_instance(std::string_view module, const Instance& instance);
    const Definition* find(std::string_view module, std::string_view name) const;

    /// Resolves the module's imports for this store. The error is `unknown import`, which lists all
    /// missing imports, or `incompatible import type`; both give module, name and offset.
    Result<std::vector<Extern>> resolve(Store& store, const Module& module) const;
    /// Resolves imports, allocates the instance, and initializes tables and memories. Does not run
    /// the start function: the caller does (`module->start`).
    std::expected<Instance*, Failure> instantiate(Store& store, std::shared_ptr<const Module> module) const;

private:
    Result<void> check_defined(const Module& module) const;
    Result<Extern> resolve(Store& store, const Module& module, const Import& import) const;

    std::map<std::pair<std::string, std::string>, Definition, std::less<>> definitions_;
    bool allow_shadowing_ = false;
    bool trap_unknown_functions_ = false;
};

/// Fails with `incompatible import type` if the entity cannot be used for the import.
Result<void> check_import(const Store& store, const Module& module, const Import& import, const Extern& item);

/// Creates an instance with the given imports, in the order of the module's imports.
/// [spec: exec/modules, instantiation]
std::expected<Instance*, Failure> instantiate(
    Store& store, std::shared_ptr<const Module> module, std::span<const Extern> imports);

} // namespace vitrine::core
