// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/shape.h"
#include "component/value.h"

#include <functional>
#include <optional>

#include <vitrine/component_value.hpp>

namespace vitrine::core::component {

using Signature = vitrine::detail::ComponentSignature;

/// The tag of a resource type: that of the C++ type whose objects are its resources, or null if a
/// component implements it. Nothing if that is not known yet.
using TagOf = std::function<std::optional<const void*>(TypeId resource)>;

/// Checks that values can be converted between a C++ signature and a function of a component. The
/// error names the parameter and what differs. The cases of enums and the labels of flags are not
/// compared, because a signature does not have them.
Result<void> check_signature(const Signature& signature, const FuncShape& func, const TagOf& tag_of);

/// Checks that the resources in a value, which fits the type, have the C++ types that are wanted.
Result<void> check_resources(const vitrine::detail::ComponentTypeNode& wanted, const Value& value);

} // namespace vitrine::core::component
