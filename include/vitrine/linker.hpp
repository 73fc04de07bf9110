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

/// A host function that sees its arguments and gives its results as values.
using UntypedFunction = std::function<Result<std::vector<Val>>(Caller&, std::span<const Val>)>;

/// Resolves the imports of modules. Good for any store of its engine; objects of a store only for that one. Definitions chain; what is wrong with one of them is
/// reported by `instantiate`. A linker used for stores on several threads needs callables that are safe there.
class VITRINE_API Linker {
public:
    explicit Linker(const Engine& engine);
    Linker(Linker&&) noexcept;
    Linker& operator=(Linker&&) noexcept;
    ~Linker();

    /// A function of the host: any callable on integers and floats, with an optional `Caller&` before them, that returns nothing, a value, a `std::tuple`, or a `Result`
    /// of these. An error, or an exception, becomes a trap with its text.
    template<class F>
        requires requires { &std::decay_t<F>::operator(); }
    || std::is_function_v<std::remove_pointer_t<std::decay_t<F>>>
    Linker& define(std::string module, std::string name, F&& function)
    {
        using Traits = detail::HostTraits<std::decay_t<F>>;
        return define_slots(
            std::move(module), std::move(name), Traits::type(), Traits::adapt(std::forward<F>(function)));
    }
    /// A function of the host of any type.
    Linker& define(std::string module, std::string name, const FuncType& type, UntypedFunction function);
    Linker& define(std::string module, std::string name, const Func& function);
    Linker& define(std::string module, std::string name, const Global& global);
    Linker& define(std::string module, std::string name, const Memory& memory);
    Linker& define(std::string module, std::string name, const SharedMemory& memory);
    Linker& define(std::string module, std::string name, const Table& table);
    Linker& define(std::string module, std::string name, const Tag& tag);
    /// Every export of an instance, under the module name.
    Linker& define_instance(std::string_view module, const Instance& instance);
    /// A name that is defined twice is an error, unless this is set: then the later definition counts.
    Linker& allow_shadowing(bool allow);
    /// A function that is imported and not defined is a trap with its name when it is called, instead of an error.
    Linker& trap_unknown_functions(bool trap);

    /// Makes an instance and runs its start function.
    Result<Instance> instantiate(Store& store, const Module& module) const;
    /// What would be wrong with the imports; nothing is made.
    Result<void> check(Store& store, const Module& module) const;

private:
    friend detail::Access;
    Linker& define_slots(
        std::string module, std::string name, const FuncType& type, detail::SlotFunction function);
    std::shared_ptr<detail::LinkerBody> body_;
};

} // namespace vitrine
