// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "component/component.h"

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::component {

/// A function that a component exports. Views point into the component's bytes.
struct ExportedFunc {
    /// The name of the instance that exports it. Empty if the component itself does.
    std::string_view interface;
    std::string_view name;
    TypeId type;

    /// `greet`, `test:calc/ops@0.1.0#greet`.
    std::string to_text() const;
};

/// In the order of the exports. The component must be valid.
std::vector<ExportedFunc> exported_funcs(const Component& component);
/// `exported functions: greet, test:calc/ops@0.1.0#greet`, for messages.
std::string list_of_exported_funcs(const Component& component);

/// Finds a function by the name that a user gives it:
/// - `test:calc/ops@0.1.0#greet`, also without the version
/// - `ops.greet`: the last part of the interface's name
/// - `greet`
/// A short form must fit only one function. An error lists what there is. A function that the
/// component itself exports is preferred.
Result<ExportedFunc> find_exported_func(const Component& component, std::string_view name);

/// The entry point of a command: the function `run` of `wasi:cli/run`, of any version 0.2. Empty if
/// there is none.
std::optional<ExportedFunc> find_command(const Component& component);

} // namespace vitrine::core::component
