// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/component_body.h"
#include "api/use.h"

#include "base/text.h"
#include "component/call.h"
#include "component/signature.h"

#include <algorithm>

namespace vitrine {

using detail::Access;
using detail::Use;
using detail::Used;
namespace cm = core::component;

namespace {

template<class H, class T> H handle_of(const std::shared_ptr<detail::StoreLink>& link, const T* object)
{
    return Access::handle<H>(link, const_cast<T*>(object));
}

/// Calls a function with values that fit its parameters.
Result<std::optional<cm::Value>> call(const std::shared_ptr<detail::StoreLink>& link, core::GuestStore& guest,
    const cm::Func& func, std::vector<cm::Value> arguments)
{
    auto result = cm::call(guest.current_thread(), func, std::move(arguments));
    if (!result) {
        Access::note_end(*link, result.error());
        return Access::error(result.error());
    }
    return *std::move(result);
}

/// Fails if a value does not fit its parameter.
Result<void> check_argument(const cm::Func& func, size_t index, const cm::Value& value)
{
    const cm::ShapePart& param = func.shape->params.parts[index];
    if (cm::fits(value, *param.shape))
        return {};
    return Error("cannot call " + core::escaped(func.name) + ": argument `" + std::string(param.name)
        + "` is not a value of its type");
}

Error wrong_count(const cm::Func& func, size_t count)
{
    return Error("cannot call " + core::escaped(func.name) + ": expected "
        + core::count_text(func.shape->params.parts.size(), "argument") + ", got " + std::to_string(count));
}

} // namespace

namespace detail {

std::shared_ptr<const ComponentBody> body_of(
    const std::shared_ptr<StoreLink>& link, const std::shared_ptr<const cm::Component>& component)
{
    return std::make_shared<const ComponentBody>(link->engine, component);
}

ComponentFuncType type_of(const std::shared_ptr<StoreLink>& link, const cm::Func& func)
{
    ComponentFuncType type;
    const auto body = body_of(link, func.instance->component);
    const cm::FuncShape& shape = *func.shape;
    for (const cm::ShapePart& param : shape.params.parts)
        type.params.push_back({ std::string(param.name), Access::component_type(body, *param.shape) });
    if (shape.result)
        type.result = Access::component_type(body, *shape.result);
    type.is_async = shape.is_async;
    const cm::Types& types = *body->component->types;
    type.text = cm::wit_of(types, types.func(shape.type), &body->names());
    return type;
}

} // namespace detail

// Functions.

std::string ComponentFunc::name() const
{
    const Used<cm::Func> func(*this);
    return func ? func->name : "";
}

ComponentFuncType ComponentFunc::type() const
{
    const Used<cm::Func> func(*this);
    return func ? detail::type_of(link_, *func) : ComponentFuncType();
}

Result<ComponentVal> ComponentFunc::call(std::span<const ComponentVal> arguments) const
{
    return detail::guarded<ComponentVal>([&]() -> Result<ComponentVal> {
        // The callee may destroy this handle.
        const auto link = link_;
        const Use body(link, Use::Purpose::Call);
        CHECK(body);
        const auto& func = *static_cast<const cm::Func*>(object_);
        if (arguments.size() != func.shape->params.parts.size())
            return wrong_count(func, arguments.size());
        std::vector<cm::Value> values;
        for (size_t i = 0; i < arguments.size(); ++i) {
            values.push_back(Access::node(arguments[i]));
            CHECK(check_argument(func, i, values.back()));
        }
        auto result = TRY(::vitrine::call(link, *body.operator->(), func, std::move(values)));
        if (!result)
            return ComponentVal();
        return Access::component_val(
            Access::component_type(detail::body_of(link, func.instance->component), *func.shape->result),
            *std::move(result));
    });
}

Result<ComponentVal> ComponentFunc::call(std::initializer_list<ComponentVal> arguments) const
{
    return call(std::span(arguments.begin(), arguments.size()));
}

namespace detail {

Result<void> check_signature(const ComponentFunc& function, const ComponentSignature& signature)
{
    return guarded<void>([&]() -> Result<void> {
        const Use body(Access::link(function));
        CHECK(body);
        const auto& func = *static_cast<const cm::Func*>(Access::object(function));
        const auto tag_of = [&](cm::TypeId type) { return func.instance->resource(type).tag; };
        auto checked = cm::check_signature(signature, *func.shape, tag_of);
        if (!checked)
            return Error("function " + core::escaped(func.name) + ": " + checked.error().message);
        return {};
    });
}

Result<ComponentNode> call_nodes(const ComponentFunc& function, std::vector<ComponentNode> arguments)
{
    return guarded<ComponentNode>([&]() -> Result<ComponentNode> {
        const auto link = Access::link(function);
        const Use body(link, Use::Purpose::Call);
        CHECK(body);
        const auto& func = *static_cast<const cm::Func*>(Access::object(function));
        for (size_t i = 0; i < arguments.size(); ++i)
            CHECK(check_argument(func, i, arguments[i]));
        auto result = TRY(::vitrine::call(link, *body.operator->(), func, std::move(arguments)));
        return result ? *std::move(result) : ComponentNode();
    });
}

} // namespace detail

// Resources.

Result<void> drop(Store& store, ComponentResource& resource)
{
    return detail::guarded<void>([&]() -> Result<void> {
        const auto link = Access::link(store);
        const Use body(link, Use::Purpose::Call);
        CHECK(body);
        const auto& held = Access::held(resource);
        if (!held)
            return Error("there is no resource to drop");
        const auto dropped = cm::drop(body->current_thread(), *held);
        if (!dropped) {
            Access::note_end(*link, dropped.error());
            return Access::error(dropped.error());
        }
        return {};
    });
}

// Instances.

std::optional<ComponentFunc> ComponentInstance::func(std::string_view name) const
{
    const Used<cm::Instance> instance(*this);
    const cm::Func* const func = instance ? instance->find_func(name) : nullptr;
    return func ? std::optional(handle_of<ComponentFunc>(link_, func)) : std::nullopt;
}

std::optional<ComponentFunc> ComponentInstance::func(std::string_view interface, std::string_view name) const
{
    if (interface.empty())
        return func(name);
    const Used<cm::Instance> instance(*this);
    const cm::Func* const func = instance ? instance->find_func(interface, name) : nullptr;
    return func ? std::optional(handle_of<ComponentFunc>(link_, func)) : std::nullopt;
}

Result<ComponentFunc> ComponentInstance::find(std::string_view interface, std::string_view name) const
{
    return detail::guarded<ComponentFunc>([&]() -> Result<ComponentFunc> {
        const Use used(link_);
        CHECK(used);
        if (auto function = func(interface, name))
            return *std::move(function);
        return Error("there is no exported function \"" + core::escaped(interface)
            + (interface.empty() ? "" : "#") + core::escaped(name) + "\"");
    });
}

namespace {

bool is_inside(const cm::Instance& instance, const cm::Instance& root)
{
    for (const cm::Instance* i = &instance; i; i = i->parent)
        if (i == &root)
            return true;
    return false;
}

bool can_debug(const Used<cm::Instance>& instance)
{
    return instance && instance->components.store.engine().config.guest_debug;
}

} // namespace

std::vector<CoreInstance> ComponentInstance::debug_core_instances() const
{
    std::vector<CoreInstance> found;
    const Used<cm::Instance> root(*this);
    if (!can_debug(root))
        return found;
    for (const cm::Instance& instance : root->components.instances)
        if (is_inside(instance, *root))
            for (core::Instance* const item : instance.core_instances)
                found.push_back({ item->name, Access::handle<Instance>(link_, item) });
    std::ranges::sort(found, {}, [](const CoreInstance& item) { return item.instance.number(); });
    return found;
}

std::optional<Instance> ComponentInstance::debug_core_instance(std::string_view name) const
{
    for (const CoreInstance& item : debug_core_instances())
        if (item.name == name)
            return item.instance;
    return std::nullopt;
}

std::vector<ComponentInstance> ComponentInstance::debug_instances() const
{
    std::vector<ComponentInstance> found;
    const Used<cm::Instance> root(*this);
    if (!can_debug(root))
        return found;
    for (const cm::Instance& instance : root->components.instances)
        if (&instance != &*root && is_inside(instance, *root))
            found.push_back(handle_of<ComponentInstance>(link_, &instance));
    return found;
}

std::vector<ComponentHandle> ComponentInstance::debug_handles() const
{
    std::vector<ComponentHandle> handles;
    const Used<cm::Instance> instance(*this);
    if (!can_debug(instance))
        return handles;
    const auto& entries = instance->handles.entries();
    for (uint32_t index = 0; index < entries.size(); ++index)
        if (const auto& entry = entries[index]; entry.kind)
            handles.push_back({ index, entry.kind->name, entry.rep, entry.is_own(), entry.lends });
    return handles;
}

} // namespace vitrine
