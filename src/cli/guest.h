// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/debug_files.h"
#include "cli/features.h"
#include "cli/message.h"
#include "cli/part.h"
#include "cli/tier.h"
#include "console/target.h"

#include <vitrine/vitrine.hpp>
#include <vitrine/wasi.hpp>

#include <CLI/App.hpp>

#include <optional>
#include <string>
#include <vector>

namespace vitrine::cli {

/// The modules that are instantiated before the guest, with the names under which it imports them.
using Preloads = std::vector<std::pair<std::string, LoadedModule>>;

/// The options that set up a guest, its module, and its arguments.
struct GuestOptions {
    std::vector<std::string> folders;
    std::vector<std::string> read_only_folders;
    std::vector<std::string> environment;
    bool inherits_environment = false;
    std::optional<std::string> input;
    std::optional<std::string> name;
    std::vector<std::string> preloads;
    std::string unknown_imports = "error";
    std::vector<std::string> listeners;
    bool paths_by_component = false;
    /// An export's name may be empty.
    std::optional<std::string> invoke;
    std::optional<std::string> timeout;
    std::string max_stack;
    TierOptions tiers;
    FeatureOption features;
    PartOption part;
    DebugInfoOptions debug_info;
    std::string module;
    std::vector<std::string> arguments;

    void add_to(CLI::App& app);
    /// Takes the words that are not options: the module's path and the guest's arguments.
    Result<void> take(const std::vector<std::string>& words);
    /// The configuration of an engine: features and limits.
    Result<Config> config() const;
    /// Applies `--unknown-imports`. Call this before anything else is defined in the linker.
    void treat_unknown_imports(Linker& linker, const Module& module, const Preloads& preloads) const;
    /// What the guest may access, except its listening sockets.
    Result<WasiConfig> wasi() const;
    /// Opens the listening sockets. A port chosen by the system is printed on stderr.
    Result<void> listen(WasiConfig& config) const;
    /// Loads the modules of `--preload`.
    Result<Preloads> load_preloads(const Engine& engine) const;
    /// The value of `--timeout`; 0 if there is no limit.
    Result<double> seconds() const;
};

/// What is called to start a guest.
struct Entry {
    Preloads preloads {};
    std::string function;
    std::vector<Val> arguments {};
    /// Whether the module is a reactor, which must be initialised before any other call.
    bool is_reactor = false;
};

/// The modules of a guest with their files, for the console: its own and the preloaded ones.
std::vector<core::console::LoadedModule> inner_modules(
    const Module& module, const GuestOptions& options, const Preloads& preloads);

/// The function that `--invoke` names, with its arguments checked against its type. Without
/// `--invoke`, `_start`.
Result<Entry> find_entry(const Module& module, const GuestOptions& options);

/// Checks that all imports are defined, as far as this is known before the guest runs.
Result<void> check_imports(const Linker& linker, Store& store, const Module& module, const Entry& entry);

/// Runs a guest on the calling thread: instantiates the preloaded modules and the guest's module,
/// and calls the entry.
Result<std::vector<Val>> run_guest(Linker& linker, Store& store, const Module& module, const Entry& entry);

} // namespace vitrine::cli
