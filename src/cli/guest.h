// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/features.h"
#include "cli/message.h"
#include "cli/part.h"

#include <vitrine/vitrine.hpp>
#include <vitrine/wasi.hpp>

#include <CLI/App.hpp>

#include <optional>
#include <string>
#include <vector>

namespace vitrine::cli {

/// What is made before a guest, under the name that it imports from.
using Preloads = std::vector<std::pair<std::string, LoadedModule>>;

/// The options that say how a guest runs, and the module with its arguments behind them.
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
    /// Exports may have the empty name.
    std::optional<std::string> invoke;
    std::optional<std::string> timeout;
    std::string max_stack;
    FeatureOption features;
    PartOption part;
    std::string module;
    std::vector<std::string> arguments;

    void add_to(CLI::App& app);
    /// Takes the words that are no options: the module's path and the guest's arguments.
    Result<void> take(const std::vector<std::string>& words);
    /// An engine's configuration: features and limits.
    Result<Config> config() const;
    /// What becomes of imported functions that nobody defines. To be called before anything else is defined.
    void treat_unknown_imports(Linker& linker, const Module& module, const Preloads& preloads) const;
    /// What the guest gets of the world, but for what it listens on.
    Result<WasiConfig> wasi() const;
    /// Opens what the guest listens on; a port that was taken is told on stderr.
    Result<void> listen(WasiConfig& config) const;
    /// The modules that are made before it, under their names.
    Result<Preloads> load_preloads(const Engine& engine) const;
    /// How long it may run; 0 is for ever.
    Result<double> seconds() const;
};

/// How a guest starts.
struct Entry {
    Preloads preloads {};
    std::string function;
    std::vector<Val> arguments {};
    /// A reactor is initialised before anything else of it is called.
    bool is_reactor = false;
};

/// The modules of a guest with their files: its own, and what was preloaded.
std::vector<LoadedModule> modules_of(const Module& module, const GuestOptions& options, const Entry& entry);

/// What `--invoke` names, with its arguments checked against its type; without it `_start`.
Result<Entry> find_entry(const Module& module, const GuestOptions& options);

/// Whether all that it imports will be there when it runs, as far as that can be known before.
Result<void> check_imports(const Linker& linker, Store& store, const Module& module, const Entry& entry);

/// A guest's life, on the calling thread: makes what is preloaded, and the instance, and calls the entry.
Result<std::vector<Val>> run_guest(Linker& linker, Store& store, const Module& module, const Entry& entry);

} // namespace vitrine::cli
