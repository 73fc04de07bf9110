// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linkers, which resolve the imports of modules.
#pragma once

#include <vitrine/store.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace vitrine {

/// Resolves the imports of modules. A linker works with all stores of its engine, but the entities
/// of a store can only be imported in that store. Calls to `define` can be chained; `instantiate`
/// reports the first definition that failed. If stores on several threads use the linker, the
/// callables must be thread-safe.
class VITRINE_API Linker {
public:
    explicit Linker(const Engine& engine);
    Linker(Linker&&) noexcept;
    Linker& operator=(Linker&&) noexcept;
    ~Linker();

    /// Defines a host function from a callable on 32-bit and 64-bit integers and floats. The
    /// callable can take a `Caller&` as first parameter. It returns nothing, a value, a
    /// `std::tuple`, or a `Result` of one of these. If it returns an error or throws, the guest
    /// traps with the error's text.
    template<class F>
        requires requires { &std::decay_t<F>::operator(); }
    || std::is_function_v<std::remove_pointer_t<std::decay_t<F>>>
    Linker& define(std::string module, std::string name, F&& function)
    {
        using Traits = detail::HostTraits<std::decay_t<F>>;
        return define_slots(
            std::move(module), std::move(name), Traits::type(), Traits::adapt(std::forward<F>(function)));
    }
    /// Defines a host function of any type.
    Linker& define(std::string module, std::string name, const FuncType& type, UntypedFunction function);
    /// Defines an existing function of a store. The overloads below do the same for other entities.
    Linker& define(std::string module, std::string name, const Func& function);
    Linker& define(std::string module, std::string name, const Global& global);
    Linker& define(std::string module, std::string name, const Memory& memory);
    Linker& define(std::string module, std::string name, const SharedMemory& memory);
    Linker& define(std::string module, std::string name, const Table& table);
    Linker& define(std::string module, std::string name, const Tag& tag);
    /// Defines every export of the instance under the given module name.
    Linker& define_instance(std::string_view module, const Instance& instance);
    /// Whether a later definition of the same name replaces the earlier one. By default, defining a
    /// name twice is an error.
    Linker& allow_shadowing(bool allow);
    /// Whether undefined functions may be imported. Calling one traps with a message that names it.
    /// By default, an undefined import is an error.
    Linker& trap_unknown_functions(bool trap);

    /// Creates an instance and runs its start function.
    Result<Instance> instantiate(Store& store, const Module& module) const;
    /// Checks the module's imports as `instantiate` does, but creates nothing.
    Result<void> check(Store& store, const Module& module) const;

private:
    friend detail::Access;
    Linker& define_slots(
        std::string module, std::string name, const FuncType& type, detail::SlotFunction function);
    std::shared_ptr<detail::LinkerBody> body_;
};

} // namespace vitrine
