// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/store.h"

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vitrine::core {

/// An object of one store, good for that one as long as it lives.
struct StoreExtern {
    StoreExtern(const Store& owner, Extern object) : store(&owner), item(object), life(owner.life()) {}

    const Store* store;
    Extern item;
    std::weak_ptr<const void> life;
};

/// What a linker can be given: a function of the host or a shared memory, good for any store, or an object of one store.
using Definition = std::variant<std::shared_ptr<const HostFunction>, std::shared_ptr<Memory>, StoreExtern>;

/// What defines an object of a store for others: a shared memory belongs to no store.
Definition definition_of(const Store& store, const Extern& item);

/// Resolves imports by module and name, and makes instances. [spec: exec/modules, instantiation]
class Linker {
public:
    /// A later definition of a name replaces the earlier one only when shadowing is allowed; otherwise it is an error.
    void allow_shadowing(bool allow) { allow_shadowing_ = allow; }
    /// Whether an imported function that is not defined becomes one that traps with its name, instead of an error.
    void trap_unknown_functions(bool trap) { trap_unknown_functions_ = trap; }
    Result<void> define(std::string module, std::string name, Definition definition);
    /// Defines every export of the instance under the module name.
    Result<void> define_instance(std::string_view module, const Instance& instance);
    const Definition* find(std::string_view module, std::string_view name) const;

    /// The module's imports resolved in this store: `unknown import` names all that are missing, `incompatible import type`, each with module, name and offset.
    Result<std::vector<Extern>> resolve(Store& store, const Module& module) const;
    /// Resolves, allocates, and initialises tables and memories. The start function is left to the caller:
    /// `module->start` names it.
    std::expected<Instance*, Failure> instantiate(Store& store, std::shared_ptr<const Module> module) const;

private:
    Result<void> check_defined(const Module& module) const;
    Result<Extern> resolve(Store& store, const Module& module, const Import& import) const;

    std::map<std::pair<std::string, std::string>, Definition, std::less<>> definitions_;
    bool allow_shadowing_ = false;
    bool trap_unknown_functions_ = false;
};

/// Makes an instance with the given imports, in the order of the module's. [spec: exec/modules, instantiation]
std::expected<Instance*, Failure> instantiate(
    Store& store, std::shared_ptr<const Module> module, std::span<const Extern> imports);

} // namespace vitrine::core
