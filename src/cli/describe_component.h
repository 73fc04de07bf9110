// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/component.h"
#include "json/document.h"

#include <functional>
#include <string>

namespace vitrine::cli {

namespace json = core::json;

/// The structure of a component as JSON (docs/inspect-json.md).
json::Object describe(const LoadedComponent& loaded);

/// Prints the structure as text.
void print_component(const json::Object& description);

/// Calls `visit` with each core module of a component, also of components nested in it, in the
/// order of the file. `place` says where it is: `component[0] inner, core module[1] main at 0x52`.
void for_each_core_module(const LoadedComponent& loaded,
    const std::function<void(const std::string& place, const core::Module& module)>& visit);

/// A core module of a component as a module of its own.
Result<Module> extract(const Engine& engine, const LoadedComponent& loaded, const core::Module& module);

} // namespace vitrine::cli
