// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/component_body.h"
#include "api/use.h"

#include "base/text.h"

namespace vitrine {

using detail::Access;
using detail::ComponentLinkerBody;
using detail::Use;
namespace cm = core::component;

namespace {

/// The body of a linker that was moved from.
const std::shared_ptr<ComponentLinkerBody>& moved_from()
{
    static const std::shared_ptr<ComponentLinkerBody> body = [] {
        auto made = std::make_shared<ComponentLinkerBody>();
        made->error = Error("the linker was moved from");
        return made;
    }();
    return body;
}

/// Defines an item, and records the first error.
template<class F> void attempt(ComponentLinkerBody& body, const F& define)
{
    auto defined = detail::guarded<void>([&]() -> Result<void> {
        CHECK(define());
        return {};
    });
    if (!defined && !body.error)
        body.error = std::move(defined).error();
}

} // namespace

ComponentInstance ComponentCaller::instance() const
{
    return Access::handle<ComponentInstance>(Access::link(store_), instance_);
}

ComponentFuncType ComponentCaller::type() const
{
    return detail::type_of(Access::link(store_), *static_cast<const cm::Func*>(func_));
}

namespace detail {

/// What a host function gets.
struct CallerOf {
    explicit CallerOf(cm::HostContext& context)
        : caller(Access::component_caller(Access::link_of(context.store), &context.caller, &context.func))
    {}
    ComponentCaller caller;
};

} // namespace detail

ComponentLinker::ComponentLinker(const Engine& engine) : body_(std::make_shared<ComponentLinkerBody>())
{
    (void)moved_from();
    body_->engine = Access::body(engine);
    if (engine.error())
        body_->error = *engine.error();
}

ComponentLinker::ComponentLinker(ComponentLinker&& other) noexcept : body_(std::move(other.body_))
{
    other.body_ = moved_from();
}

ComponentLinker& ComponentLinker::operator=(ComponentLinker&& other) noexcept
{
    std::swap(body_, other.body_);
    return *this;
}

ComponentLinker::~ComponentLinker() = default;

ComponentLinker& ComponentLinker::define_adapted(std::string_view interface, std::string_view name,
    detail::AdaptedFunction<ComponentCaller, Error> function)
{
    attempt(*body_, [&] {
        cm::HostBody body = [call = std::move(function.call)](cm::HostContext& context,
                                std::span<cm::Value> arguments) -> core::OrTrapped<cm::Value> {
            detail::CallerOf of(context);
            cm::Value result;
            if (const std::optional<Error> error = call(of.caller, arguments, result))
                return std::unexpected(Access::trap(*error));
            return result;
        };
        return body_->linker.define(interface, name,
            cm::HostFunc {
                std::make_shared<const cm::HostBody>(std::move(body)), std::move(function.signature) });
    });
    return *this;
}

namespace {

/// Checks that a host function has returned a value of the import's type.
Result<void> check_result(const cm::Func& func, const ComponentVal& result)
{
    const cm::Shape& wanted = func.shape->result ? *func.shape->result : detail::empty_tuple();
    if (cm::is_same(wanted, detail::shape_of(result.type())))
        return {};
    const auto& component = func.instance->component;
    const cm::TypeNames names(*component);
    return Error("result of the host function " + core::escaped(func.name) + ": expected "
        + (func.shape->result ? "a value of the type " + cm::wit_of(*component->types, wanted.type, &names)
                              : "nothing")
        + ", got a value of the type " + result.type().to_text());
}

} // namespace

ComponentLinker& ComponentLinker::define_untyped(
    std::string_view interface, std::string_view name, UntypedComponentFunction function)
{
    attempt(*body_, [&] {
        cm::HostBody body = [function = std::move(function)](cm::HostContext& context,
                                std::span<cm::Value> arguments) -> core::OrTrapped<cm::Value> {
            detail::CallerOf of(context);
            const auto owner =
                detail::body_of(Access::link_of(context.store), context.func.instance->component);
            const auto& params = context.func.shape->params.parts;
            std::vector<ComponentVal> values;
            for (size_t i = 0; i < arguments.size(); ++i)
                values.push_back(Access::component_val(
                    Access::component_type(owner, *params[i].shape), std::move(arguments[i])));
            auto result = function(of.caller, values);
            if (!result)
                return std::unexpected(Access::trap(result.error()));
            if (const auto checked = check_result(context.func, *result); !checked)
                return std::unexpected(Access::trap(checked.error()));
            return Access::node(*result);
        };
        return body_->linker.define(
            interface, name, cm::HostFunc { std::make_shared<const cm::HostBody>(std::move(body)) });
    });
    return *this;
}

ComponentLinker& ComponentLinker::define_resource(
    std::string_view interface, std::string_view name, const void* tag, std::shared_ptr<const void> owner)
{
    attempt(*body_, [&] {
        auto& resource = body_->resources[tag];
        if (!resource)
            resource = std::make_shared<const cm::HostResource>(
                cm::HostResource { std::string(name), tag, std::move(owner) });
        return body_->linker.define(interface, name, resource);
    });
    return *this;
}

ComponentLinker& ComponentLinker::resource(
    std::string_view interface, std::string_view name, const HostResourceType& type)
{
    const auto& tag = Access::tag(type);
    return define_resource(interface, name, tag.get(), tag);
}

ComponentLinker& ComponentLinker::define_module(
    std::string_view interface, std::string_view name, const Module& module)
{
    attempt(*body_, [&]() -> core::Result<void> {
        if (Access::body(module)->engine != body_->engine)
            return core::failure("the module and the linker belong to different engines");
        return body_->linker.define(interface, name, Access::body(module)->module);
    });
    return *this;
}

ComponentLinker& ComponentLinker::define_instance(
    std::string_view interface, const ComponentInstance& instance, std::string_view exported)
{
    attempt(*body_, [&]() -> core::Result<void> {
        const Use used(Access::link(instance));
        if (!used)
            return core::failure(used.error().message());
        const auto& object = *static_cast<const cm::Instance*>(Access::object(instance));
        const cm::Item* const item = object.find_instance(exported);
        if (!item)
            return core::failure(
                "the instance does not export an interface \"" + core::escaped(exported) + "\"");
        return body_->linker.define(
            "", interface, cm::StoreItem { used->store.life(), &used->store, *item, object.component });
    });
    return *this;
}

ComponentLinker& ComponentLinker::trap_unknown_functions(bool trap)
{
    body_->linker.trap_unknown(trap);
    return *this;
}

namespace {

/// Resolves the imports of a component of the linker's engine.
Result<detail::PreparedComponentBody> prepared(const ComponentLinkerBody& linker, const Component& component)
{
    if (linker.error)
        return *linker.error;
    const auto& body = Access::body(component);
    if (body->engine != linker.engine)
        return Error("the component and the linker belong to different engines");
    auto resolved = TRY(linker.linker.prepare(linker.engine->types, body->component));
    return detail::PreparedComponentBody { body, std::move(resolved) };
}

Result<void> check_store(const detail::StoreLink& store, const detail::EngineBody& engine)
{
    if (store.engine.get() != &engine)
        return Error("the store and the component belong to different engines");
    return {};
}

} // namespace

namespace detail {

Result<ComponentInstance> make_instance(
    const std::shared_ptr<StoreLink>& link, const PreparedComponentBody& prepared)
{
    CHECK(check_store(*link, *prepared.component->engine));
    const Use used(link, Use::Purpose::Call);
    CHECK(used);
    const auto instance = prepared.prepared.instantiate(used->current_thread());
    if (!instance) {
        if (const auto* trap = std::get_if<core::Trap>(&instance.error()))
            Access::note_end(*link, *trap);
        return Access::error(instance.error());
    }
    return Access::handle<ComponentInstance>(link, *instance);
}

} // namespace detail

Result<ComponentInstance> ComponentLinker::instantiate(Store& store, const Component& component) const
{
    return detail::guarded<ComponentInstance>([&]() -> Result<ComponentInstance> {
        // The guest or a limiter may destroy the linker and the handles during the call.
        const auto link = Access::link(store);
        const auto parts = TRY(prepared(*body_, component));
        return detail::make_instance(link, parts);
    });
}

Result<PreparedComponent> ComponentLinker::prepare(const Component& component) const
{
    return detail::guarded<PreparedComponent>([&]() -> Result<PreparedComponent> {
        return Access::prepared(
            std::make_shared<const detail::PreparedComponentBody>(TRY(prepared(*body_, component))));
    });
}

Result<void> ComponentLinker::check(Store& store, const Component& component) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(Access::link(store));
        const auto parts = TRY(prepared(*body_, component));
        CHECK(check_store(*Access::link(store), *body_->engine));
        CHECK(used);
        CHECK(parts.prepared.check(used->store));
        return {};
    });
}

Component PreparedComponent::component() const { return Access::component(body_->component); }

Result<ComponentInstance> PreparedComponent::instantiate(Store& store) const
{
    return detail::guarded<ComponentInstance>([&]() -> Result<ComponentInstance> {
        const auto link = Access::link(store);
        const auto body = body_;
        return detail::make_instance(link, *body);
    });
}

} // namespace vitrine
