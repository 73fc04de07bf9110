// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/use.h"
#include "base/text.h"

namespace vitrine {

using detail::Access;
using detail::Use;
using detail::Used;

FuncType Func::type() const
{
    const Used<core::Function> function(*this);
    if (!function)
        return {};
    const core::FuncType& type = *link_->engine->types[function->type].func();
    // A guest function's type is looked up in its own module.
    if (function->instance)
        return Access::func_type(type, *function->instance->module, true);
    return Access::func_type(type, *link_);
}

std::string Func::name() const
{
    const Used<core::Function> function(*this);
    return function ? function->name() : "";
}

std::optional<uint32_t> Func::index() const
{
    const Used<core::Function> function(*this);
    return function && !function->is_host() ? std::optional(function->index.value) : std::nullopt;
}

Result<std::vector<Val>> Func::call(std::span<const Val> arguments) const
{
    return detail::guarded<std::vector<Val>>([&]() -> Result<std::vector<Val>> {
        // The callee may destroy this handle.
        const auto link = link_;
        const Use body(link, Use::Purpose::Call);
        CHECK(body);
        auto& function = *static_cast<core::Function*>(object_);
        const auto values =
            Access::values(link, arguments, link->engine->types[function.type].func()->params);
        if (!values)
            return Error("cannot call " + core::escaped(function.name()) + ": " + values.error().message());
        const auto results = core::invoke(body->current_thread(), function, *values);
        if (!results) {
            Access::note_end(*link, results.error());
            return Access::error(results.error());
        }
        return Access::vals(link, *results);
    });
}

Result<std::vector<Val>> Func::call(std::initializer_list<Val> arguments) const
{
    return call(std::span(arguments.begin(), arguments.size()));
}

namespace detail {

Result<void> check_type(const Func& function, const FuncType& wanted)
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(Access::link(function));
        CHECK(used);
        const FuncType actual = function.type();
        if (actual != wanted)
            return Error("function " + core::escaped(function.name()) + " is of type " + actual.to_text()
                + ", not " + wanted.to_text());
        return {};
    });
}

// Flattened like `core::invoke_slots`.
[[gnu::flatten]] Result<void> call_slots(const Func& function, uint64_t* slots)
{
    return detail::guarded<void>([&]() -> Result<void> {
        auto* const callee = static_cast<core::Function*>(Access::object(function));
        const auto call = [=](StoreLink& link) -> Result<void> {
            const auto called = core::invoke_slots(link.guest->current_thread(), *callee, slots);
            if (called) [[likely]]
                return {};
            Access::note_end(link, called.error());
            return Access::error(called.error());
        };
        // The callee may destroy this handle, but not its own store, which keeps the link.
        if (Use::is_free(Access::link(function))) [[likely]]
            return call(*Access::link(function));
        const auto link = Access::link(function);
        const Use body(link, Use::Purpose::Call);
        CHECK(body);
        return call(*link);
    });
}

Result<Func> find_func(const Instance& instance, std::string_view name)
{
    return detail::guarded<Func>([&]() -> Result<Func> {
        const Use used(Access::link(instance));
        CHECK(used);
        if (auto function = instance.func(name))
            return std::move(*function);
        return Error("there is no exported function \"" + core::escaped(name) + "\"");
    });
}

} // namespace detail

} // namespace vitrine
