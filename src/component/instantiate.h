// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/components.h"
#include "exec/invoke.h"

#include <functional>
#include <string_view>

namespace vitrine::core::component {

/// Supplies the imports of an instance.
using ImportSource = std::function<Item(const ImportDef& import)>;

/// Completes a new instance: executes the definitions of its component in order, which makes core
/// instances and nested instances and runs the start functions of core modules.
/// [component model: Explainer, component definitions]
std::expected<void, Failure> instantiate(Thread& thread, Instance& instance, const ImportSource& imports);

/// Notes which resource types of the store the resource types of an import or export stand for.
void bind_resources(Instance& instance, const Entity& entity, const Item& item);

/// Adds to a valid component, and those nested in it, what instances need: names, and the host
/// functions that implement canonical definitions.
void prepare(Component& component, const core::TypeRegistry& types);

} // namespace vitrine::core::component
