// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/paths.h"
#include "wasm/module.h"

#include <CLI/App.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vitrine::cli {

/// The options that say where debug information and sources are.
struct DebugInfoOptions {
    /// `--debug-info FILE`
    std::vector<std::string> files;
    /// `--source-map FROM=TO`
    std::vector<std::string> source_maps;
    /// `--debug-memory INDEX`: the memory in which the variables of the source are. Modules without
    /// this memory have them in memory 0.
    uint32_t memory = 0;

    void add_to(CLI::App& app);
    /// The values of `--source-map`. Fails for a malformed one.
    core::Result<std::vector<core::source::PathMapping>> mappings() const;
    /// Where the sources of a module are looked for. `module_path` is empty if it is not known.
    core::Result<core::source::PathOptions> paths(const std::string& module_path) const;
};

/// A file outside of a module that has the module's debug information: another module, or a source
/// map.
struct DebugFile {
    std::string path;
    std::shared_ptr<const std::vector<uint8_t>> bytes;
};

/// [doc] Where debug information is
///
/// A reader process reads it, but opens no files by name: they are found here, and handed to it.
/// The first of these counts:
///
/// 1. a file of `--debug-info` that belongs to the module;
/// 2. the module itself, if it has DWARF;
/// 3. the file that its section `external_debug_info` names, relative to the module;
/// 4. `app.debug.wasm` beside `app.wasm`;
/// 5. the file that its section `sourceMappingURL` names, or `app.wasm.map`.
///
/// A module with another `build_id`, or with a code section of another size, is refused. Split
/// debug information is in a package, `app.dwp` or a file of `--debug-info`, or in files that are
/// found as sources are.
struct FoundDebugFile {
    /// None if the module itself has the debug information, or nothing has it.
    std::optional<DebugFile> file {};
    std::optional<DebugFile> package {};
    /// A sentence for each file that was asked for and cannot be used.
    std::vector<std::string> problems {};
};

/// Finds the file with a module's debug information. `module_path` is empty if it is not known;
/// then only `--debug-info` counts.
FoundDebugFile find_debug_file(
    const core::Module& module, const std::string& module_path, const DebugInfoOptions& options);

/// A file of split debug information that a module names, from where `paths` finds it.
std::optional<std::vector<uint8_t>> find_split_file(
    core::source::Paths& paths, const std::string& name, const std::string& directory);

} // namespace vitrine::cli
