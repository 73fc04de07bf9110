// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/component.h"
#include "cli/guest.h"
#include "component/exports.h"
#include "component/value.h"

#include <vector>

namespace vitrine::cli {

/// What is called to start a guest that is a component. Valid as long as the component.
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

/// Fails for options that only core modules have.
Result<void> check_options(const GuestOptions& options);

/// The result of a guest that has returned.
struct ComponentResultText {
    /// In WAVE. Empty if the function returns nothing.
    std::string text;
    /// In WIT.
    std::string type;
    /// Whether a command says that it failed.
    bool has_failed = false;
};
/// Runs a guest on the calling thread: instantiates the component and calls the entry.
Result<ComponentResultText> run_guest(
    const ComponentLinker& linker, Store& store, const LoadedComponent& loaded, const ComponentEntry& entry);

/// The core modules of a component, for backtraces.
std::vector<LoadedModule> modules_of(const LoadedComponent& loaded);

} // namespace vitrine::cli
