// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instances of modules: what they export, and for debuggers what they do not.
#pragma once

#include <vitrine/entity.hpp>
#include <vitrine/func.hpp>
#include <vitrine/module.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace vitrine {

/// A module brought to life in a store.
class VITRINE_API Instance : public detail::Handle {
public:
    Instance(const Instance&) = default;
    Instance& operator=(const Instance&) = default;

    /// Also when the store is gone.
    Module module() const;
    /// Ordinal of its creation in the store, from 0.
    std::uint32_t number() const;

    // Exports by name.
    std::optional<Func> func(std::string_view name) const;
    std::optional<Global> global(std::string_view name) const;
    std::optional<Memory> memory(std::string_view name) const;
    std::optional<SharedMemory> shared_memory(std::string_view name) const;
    std::optional<Table> table(std::string_view name) const;
    std::optional<Tag> tag(std::string_view name) const;
    /// An exported function with its types checked; the error says which look-up failed.
    template<class Signature> Result<TypedFunc<Signature>> typed(std::string_view name) const;

    // Everything by index in the instance's own index spaces, imports included, exported or not: the same handles that exports give. None when guest_debug is off, when
    // the index is out of bounds, and for a memory of the other kind.
    std::optional<Func> debug_function(std::uint32_t index) const;
    std::optional<Global> debug_global(std::uint32_t index) const;
    std::optional<Memory> debug_memory(std::uint32_t index) const;
    std::optional<SharedMemory> debug_shared_memory(std::uint32_t index) const;
    std::optional<Table> debug_table(std::uint32_t index) const;
    std::optional<Tag> debug_tag(std::uint32_t index) const;

    // Expressions over its globals, memories and tables, where no frame is at hand: as those of a `debug::Frame`, without locals and operands.
    // Refused when guest_debug is off. The offset of an error is the position in the text.
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
