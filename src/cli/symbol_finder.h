// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "cli/debug_files.h"
#include "cli/message.h"
#include "debug/source_view.h"
#include "wasm/module.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace vitrine::cli {

/// Finds the debug information of modules. Each module that has some gets a reader process of its
/// own: this command itself, started when the first question is asked.
class SymbolFinder final : public core::debug::SymbolFinder {
public:
    /// Where a module comes from. The path is empty if it is not known.
    struct File {
        std::string path {};
        /// The module's name in a component; empty for any other.
        std::string name {};
    };
    using Files = std::function<File(const core::Module&)>;

    explicit SymbolFinder(Files files = nullptr, DebugInfoOptions options = {})
        : files_(std::move(files)), options_(std::move(options))
    {}

    std::shared_ptr<core::source::Symbols> symbols_of(
        const std::shared_ptr<const core::Module>& module) override;
    uint32_t memory_of(const core::Module& module) const override;

private:
    struct Found {
        std::weak_ptr<const core::Module> module;
        std::shared_ptr<core::source::Symbols> symbols;
    };

    std::shared_ptr<core::source::Symbols> find(const std::shared_ptr<const core::Module>& module) const;

    const Files files_;
    const DebugInfoOptions options_;
    std::mutex mutex_;
    std::map<const core::Module*, Found> found_;
};

/// The files that modules were loaded from.
SymbolFinder::Files files_of(std::vector<LoadedModule> modules);

/// Whether a module has debug information itself. Decided by its custom sections, without reading
/// them.
bool has_debug_information(const core::Module& module);

} // namespace vitrine::cli
