// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/session.h"
#include <vitrine/component.hpp>
#include <vitrine/vitrine.hpp>

#include <memory>
#include <vector>

// What is behind public classes, for programs that are built with the library.

namespace vitrine::core {
struct Engine;
}
namespace vitrine::core::component {
class Component;
}

namespace vitrine::door {

std::shared_ptr<core::Engine> inner(const Engine& engine);
std::shared_ptr<const core::Module> inner(const Module& module);
std::shared_ptr<const core::component::Component> inner(const Component& component);

/// Null if the session carries an error.
std::shared_ptr<core::debug::Session> inner(const debug::Session& session);

/// What a session's listeners are told of a guest that ended like that: how, without the values.
core::debug::Outcome outcome_of(const Result<std::vector<Val>>& results);

/// An inner error as a public one.
Error error_of(const core::Error& error);

} // namespace vitrine::door
