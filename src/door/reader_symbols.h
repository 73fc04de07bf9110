// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/source_view.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace vitrine::door {

/// Has a `vitrine` command read the debug information of modules. Each module gets a process of its
/// own, started when the first question is asked.
class ReaderSymbols final : public core::debug::SymbolFinder {
public:
    explicit ReaderSymbols(std::string command) : command_(std::move(command)) {}

    std::shared_ptr<core::source::Symbols> symbols_of(
        const std::shared_ptr<const core::Module>& module) override;

private:
    struct Found {
        std::weak_ptr<const core::Module> module;
        std::shared_ptr<core::source::Symbols> symbols;
    };

    const std::string command_;
    std::mutex mutex_;
    std::map<const core::Module*, Found> found_;
};

} // namespace vitrine::door
