// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/instance.h"

namespace vitrine::core::component {

/// Checks that an item of a store can be imported as `expected`, a type of the importer's
/// component. Notes which resource types of the store the importer's stand for. `Subtyping` answers
/// the same question for types of one component; here, two components have types of their own.
Result<void> check_item(Instance& importer, const Entity& expected, const Item& item);
/// The same for a core module, which needs no instance.
Result<void> check_module(
    const core::TypeRegistry& registry, const ModuleType& expected, const core::Module& found);

} // namespace vitrine::core::component
