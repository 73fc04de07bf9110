// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "door/inner.h"

#include "api/component_body.h"
#include "api/session_body.h"

namespace vitrine::door {

using detail::Access;

std::shared_ptr<core::Engine> inner(const Engine& engine) { return Access::body(engine); }

std::shared_ptr<const core::Module> inner(const Module& module) { return Access::body(module)->module; }

std::shared_ptr<const core::component::Component> inner(const Component& component)
{
    return Access::body(component)->component;
}

std::shared_ptr<core::debug::Session> inner(const debug::Session& session)
{
    return Access::body(session)->session;
}

core::debug::Outcome outcome_of(const Result<std::vector<Val>>& results)
{
    return debug::detail::outcome_of(results);
}

Error error_of(const core::Error& error) { return Access::error(error); }

} // namespace vitrine::door
