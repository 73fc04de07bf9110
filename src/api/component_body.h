// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "api/access.h"
#include "component/linker.h"
#include "component/printer.h"

#include <memory>
#include <mutex>
#include <optional>

#include <vitrine/component.hpp>

namespace vitrine::detail {

struct ComponentBody {
    ComponentBody(
        std::shared_ptr<EngineBody> engine, std::shared_ptr<const core::component::Component> component)
        : engine(std::move(engine)), component(std::move(component))
    {}

    std::shared_ptr<EngineBody> engine;
    std::shared_ptr<const core::component::Component> component;

    /// The names of its types.
    const core::component::TypeNames& names() const
    {
        std::call_once(is_named_, [&] { names_.emplace(*component); });
        return *names_;
    }

private:
    mutable std::once_flag is_named_;
    mutable std::optional<core::component::TypeNames> names_;
};

struct ComponentLinkerBody {
    std::shared_ptr<EngineBody> engine;
    core::component::Linker linker;
    /// The resource types of the host, by the tags of their C++ types.
    std::map<const void*, std::shared_ptr<const core::component::HostResource>> resources;
    /// The first error in a definition.
    std::optional<Error> error;
};

struct PreparedComponentBody {
    std::shared_ptr<const ComponentBody> component;
    core::component::PreparedComponent prepared;
};

/// The shape of a tuple without fields, which stands for no result.
const core::component::Shape& empty_tuple();
/// The shape of a type.
const core::component::Shape& shape_of(const ComponentType& type);

/// Makes an instance.
Result<ComponentInstance> make_instance(
    const std::shared_ptr<StoreLink>& link, const PreparedComponentBody& prepared);

/// The body of a component that has an instance in the store.
std::shared_ptr<const ComponentBody> body_of(const std::shared_ptr<StoreLink>& link,
    const std::shared_ptr<const core::component::Component>& component);

/// The type of a function of a component instance in the store.
ComponentFuncType type_of(const std::shared_ptr<StoreLink>& link, const core::component::Func& func);

} // namespace vitrine::detail
