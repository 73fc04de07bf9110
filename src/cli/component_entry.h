// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/component.h"
#include "cli/guest.h"
#include "component/exports.h"
#include "component/value.h"

#include <vector>

namespace vitrine::cli {

/// What is called to start a guest that is a component.
struct ComponentEntry {
    core::component::ExportedFunc function;
    std::vector<core::component::Value> arguments {};
    /// Whether it is the `run` of a command: its result says whether the command succeeded.
    bool is_command = false;
};

/// The function that `--invoke` names, with its arguments checked against its type. They are either
/// part of the option, `--invoke 'greet("x", 1)'`, or follow the component's path, each as a word.
/// Without `--invoke`, the `run` of a command.
Result<ComponentEntry> find_entry(const LoadedComponent& loaded, const GuestOptions& options);

} // namespace vitrine::cli
