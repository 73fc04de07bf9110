// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sessions that instantiate components and call their functions.
#include "api/component_body.h"
#include "api/session_body.h"

namespace vitrine::debug {

using detail::exited;
using detail::guarded_event;
using detail::GuestCode;
using detail::SessionBody;
using vitrine::detail::Access;

Event Session::instantiate(const ComponentLinker& linker, const Component& component, bool stop_at_entry)
{
    return guarded_event([&]() -> Event {
        const auto prepared = linker.prepare(component);
        return prepared ? instantiate(*prepared, stop_at_entry) : exited(prepared.error());
    });
}

Event Session::instantiate(const PreparedComponent& component, bool stop_at_entry)
{
    return guarded_event([&] {
        auto code = [&body = *body_, parts = Access::body(component)]() -> Result<std::vector<Val>> {
            body.component_instance.reset();
            body.component_instance = TRY(vitrine::detail::make_instance(body.link, *parts));
            return std::vector<Val> {};
        };
        return detail::start(body_, std::move(code), stop_at_entry);
    });
}

std::optional<ComponentInstance> Session::component_instance() const { return body_->component_instance; }

std::optional<ComponentVal> Session::component_result() const { return body_->component_result; }

namespace {

/// Calls a function on the guest's thread, and keeps the result.
GuestCode code_of(SessionBody& body, const ComponentFunc& function, std::span<const ComponentVal> arguments)
{
    return [&body, function,
               arguments = std::vector(arguments.begin(), arguments.end())]() -> Result<std::vector<Val>> {
        body.component_result.reset();
        body.component_result = TRY(function.call(arguments));
        return std::vector<Val> {};
    };
}

} // namespace

Event Session::call(
    const ComponentFunc& function, std::span<const ComponentVal> arguments, bool stop_at_entry)
{
    return guarded_event([&]() -> Event {
        if (body_->error)
            return exited(*body_->error);
        if (Access::link(function) != body_->link)
            return exited(Error("the function does not belong to the session's store"));
        return detail::start(body_, code_of(*body_, function, arguments), stop_at_entry);
    });
}

Event Session::call(
    const ComponentFunc& function, std::initializer_list<ComponentVal> arguments, bool stop_at_entry)
{
    return call(function, std::span(arguments.begin(), arguments.size()), stop_at_entry);
}

Event Session::call(Stopped&& stopped, const ComponentFunc& function, std::span<const ComponentVal> arguments,
    uint32_t thread)
{
    return guarded_event([&] {
        return detail::start_call(
            body_, stopped, Access::link(function), code_of(*body_, function, arguments), thread);
    });
}

Event Session::call(Stopped&& stopped, const ComponentFunc& function,
    std::initializer_list<ComponentVal> arguments, uint32_t thread)
{
    return call(std::move(stopped), function, std::span(arguments.begin(), arguments.size()), thread);
}

} // namespace vitrine::debug
