// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instances of modules: their exports and, for debuggers, everything else in them.
#pragma once

#include <vitrine/entity.hpp>
#include <vitrine/func.hpp>
#include <vitrine/module.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vitrine {

/// An instance of a module in a store.
class VITRINE_API Instance : public detail::Handle {
public:
    Instance(const Instance&) = default;
    Instance& operator=(const Instance&) = default;

    /// Creates an instance and runs its start function. `imports` has an entity of the store, or a
    /// shared memory of its engine, for each of `Module::imports`, in their order. A `Linker`
    /// resolves imports by name instead.
    static Result<Instance> create(Store& store, const Module& module, std::span<const Extern> imports);

    /// The instance's module. Works even if the store is gone.
    Module module() const;
    /// Instances of a store are numbered from 0 in the order of their creation.
    std::uint32_t number() const;

    // Exports by name. Empty if there is no export of that name and kind.
    std::optional<Func> func(std::string_view name) const;
    std::optional<Global> global(std::string_view name) const;
    std::optional<Memory> memory(std::string_view name) const;
    std::optional<SharedMemory> shared_memory(std::string_view name) const;
    std::optional<Table> table(std::string_view name) const;
    std::optional<Tag> tag(std::string_view name) const;
    /// An export of any kind. Empty if there is none of that name.
    std::optional<Extern> find(std::string_view name) const;
    /// An exported function whose types have been checked against `Signature`. The error says what
    /// is missing or does not match.
    template<class Signature> Result<TypedFunc<Signature>> typed(std::string_view name) const;

    // Every entity by its index in the instance's index spaces, which include imports, whether
    // exported or not. The handles equal those of exports. Empty if `guest_debug` is off or the
    // index is out of bounds. `debug_memory` returns only memories that are not shared,
    // `debug_shared_memory` only shared ones.
    std::optional<Func> debug_function(std::uint32_t index) const;
    std::optional<Global> debug_global(std::uint32_t index) const;
    std::optional<Memory> debug_memory(std::uint32_t index) const;
    std::optional<SharedMemory> debug_shared_memory(std::uint32_t index) const;
    std::optional<Table> debug_table(std::uint32_t index) const;
    std::optional<Tag> debug_tag(std::uint32_t index) const;

    // Expressions over the instance's globals, memories and tables, for when there is no frame.
    // Like those of `debug::Frame`, but without locals and operands. Fails if `guest_debug` is off.
    // The offset of an error is a position in the expression's text.
    Result<Val> debug_evaluate(std::string_view expression) const;
    Result<std::string> debug_text_of(std::string_view expression) const;
    Result<void> debug_assign(std::string_view assignment) const;
    Result<debug::WatchPlace> debug_place(std::string_view expression) const;

private:
    friend detail::Access;
    Instance() = default;
    std::shared_ptr<const void> module_;
};

namespace detail {
VITRINE_API Result<Func> find_func(const Instance& instance, std::string_view name);
}

template<class Signature> Result<TypedFunc<Signature>> Instance::typed(std::string_view name) const
{
    auto function = detail::find_func(*this, name);
    if (!function)
        return std::move(function).error();
    return function->template typed<Signature>();
}

} // namespace vitrine
