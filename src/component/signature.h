// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/shape.h"

#include <functional>

#include <vitrine/component_value.hpp>

namespace vitrine::core::component {

using Signature = vitrine::detail::ComponentSignature;

/// The tag of a resource type: that of the C++ type whose objects are its resources, or null if a
/// component implements it.
using TagOf = std::function<const void*(TypeId resource)>;

/// Checks that values can be converted between a C++ signature and a function of a component. The
/// error names the parameter and what differs. The cases of enums and the labels of flags are not
/// compared, because a signature does not have them.
Result<void> check_signature(const Signature& signature, const FuncShape& func, const TagOf& tag_of);

} // namespace vitrine::core::component
