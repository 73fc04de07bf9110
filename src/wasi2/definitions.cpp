// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi2/definitions.h"

#include <algorithm>

namespace vitrine::core::wasi2 {

namespace {

/// Calls a function with the world of the store.
component::HostBody body_of(const HostFunction& function, std::string name)
{
    return [call = function.call, name = std::move(name)](component::HostContext& context,
               std::span<component::Value> arguments) -> OrTrapped<component::Value> {
        const std::shared_ptr<World> world = find_world(context.store);
        if (!world)
            return std::unexpected(Trap {
                .kind = TrapKind::HostError, .message = name + ": the store has no configuration for WASI" });
        Call state(*world, context.thread);
        component::Value result;
        if (auto failed = call(state, arguments, result))
            return std::unexpected(*std::move(failed));
        if (state.trap)
            return std::unexpected(*std::move(state.trap));
        return result;
    };
}

} // namespace

HostResource Definitions::find_resource(std::string_view name, const void* tag)
{
    const auto found =
        std::ranges::find_if(resources_, [&](const HostResource& known) { return known->tag == tag; });
    if (found != resources_.end())
        return *found;
    return resources_.emplace_back(std::make_shared<const component::HostResource>(
        component::HostResource { .name = std::string(name), .tag = tag }));
}

const std::vector<Definition>& definitions()
{
    static const Definitions all = [] {
        Definitions made;
        define_io(made);
        define_cli(made);
        define_clocks(made);
        define_random(made);
        define_filesystem(made);
        define_sockets(made);
        define_http(made);
        return made;
    }();
    return all.list();
}

Result<void> add_to(component::Linker& linker)
{
    for (const auto& [interface, name, item] : definitions()) {
        if (const auto* function = std::get_if<HostFunction>(&item)) {
            auto body =
                std::make_shared<const component::HostBody>(body_of(*function, interface + "#" + name));
            CHECK(
                linker.define(interface, name, component::HostFunc { std::move(body), function->signature }));
        } else {
            CHECK(linker.define(interface, name, std::get<HostResource>(item)));
        }
    }
    return {};
}

} // namespace vitrine::core::wasi2
