// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vitrine/component_value.hpp>

namespace vitrine::core::component {

/// A value that host code passes to a component or gets from it.
using Value = vitrine::detail::ComponentNode;
using vitrine::ComponentKind;
using vitrine::detail::HeldResource;

/// An element of a packed list of numbers, as in `Value::bits`.
uint64_t packed_number(const uint8_t* at, ComponentKind kind);

} // namespace vitrine::core::component
