// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

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
    /// What to call a module in messages.
    using Name = std::function<std::string(const core::Module&)>;

    explicit SymbolFinder(Name name = nullptr) : name_(std::move(name)) {}

    std::shared_ptr<core::source::Symbols> symbols_of(
        const std::shared_ptr<const core::Module>& module) override;

private:
    struct Found {
        std::weak_ptr<const core::Module> module;
        std::shared_ptr<core::source::Symbols> symbols;
    };

    const Name name_;
    std::mutex mutex_;
    std::map<const core::Module*, Found> found_;
};

/// Names modules by the files that they were loaded from.
SymbolFinder::Name names_of(std::vector<LoadedModule> modules);

/// Whether a module has debug information, or names a file that has it. Decided by its custom
/// sections, without reading them.
bool has_debug_information(const core::Module& module);

} // namespace vitrine::cli
