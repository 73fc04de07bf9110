// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/component.h"
#include "json/document.h"

#include <string>
#include <vector>

namespace vitrine::cli {

namespace json = core::json;

/// The structure of a component as JSON (docs/inspect-json.md).
json::Object describe(const LoadedComponent& loaded);

/// Prints the structure as text.
void print_component(const json::Object& description);

/// Where each of `Component::core_modules` is: `component[0] inner, core module[1] main at 0x52`.
std::vector<std::string> places_of_core_modules(const Component& component);

} // namespace vitrine::cli
