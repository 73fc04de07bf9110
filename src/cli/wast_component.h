// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/wast_value.h"

#include "component/shape.h"

namespace vitrine::cli {

/// Converts a value of a script to one of a component's type.
core::Result<core::component::Value> component_value(
    const json::Node& node, const core::component::Shape& shape);
core::Result<core::component::Value> component_value(
    const WastValue& value, const core::component::Shape& shape);

/// Whether two values of a type are the same. All NaNs are.
bool are_same(
    const core::component::Value& a, const core::component::Value& b, const core::component::Shape& shape);

} // namespace vitrine::cli
