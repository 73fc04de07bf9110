// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/code_lines.h"
#include "runtime/instance.h"
#include "source/symbols.h"

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace vitrine::core::debug {

class SymbolFinder;

/// What is known of the source of one module. Keeps the answers that steps and requests need again
/// and again. Any thread may ask.
class ModuleSource {
public:
    /// `memory` is the index of the memory in which its variables are.
    ModuleSource(
        std::shared_ptr<const Module> module, std::shared_ptr<source::Symbols> symbols, uint32_t memory)
        : module_(std::move(module)), symbols_(std::move(symbols)), memory_(memory)
    {}

    const Module& module() const { return *module_; }
    const std::shared_ptr<const Module>& shared_module() const { return module_; }
    source::Symbols& symbols() const { return *symbols_; }
    const std::shared_ptr<source::Symbols>& shared_symbols() const { return symbols_; }
    uint32_t memory() const { return memory_; }
    const source::Summary& summary();
    /// Null if there is no such file.
    const source::File* file(source::FileId id);
    /// The file in which a function is declared; null if that is not known.
    const source::File* file_of(source::FunctionId function);
    /// The lines of a function that is defined in the module.
    std::shared_ptr<const CodeLines> lines_of(FuncIndex function);

private:
    const std::shared_ptr<const Module> module_;
    const std::shared_ptr<source::Symbols> symbols_;
    const uint32_t memory_;
    std::mutex mutex_;
    std::optional<source::Summary> summary_;
    std::map<source::FunctionId, std::optional<source::FileId>> declared_in_;
    /// The functions that were asked for last, the newest first.
    std::list<std::shared_ptr<const CodeLines>> lines_;
};

/// The sources of the modules that a debugger has asked for. Any thread may ask.
class Sources {
public:
    /// Null: there are none.
    explicit Sources(std::shared_ptr<SymbolFinder> finder) : finder_(std::move(finder)) {}

    /// Null if the module has no debug information.
    std::shared_ptr<ModuleSource> of(const std::shared_ptr<const Module>& module);
    /// The lines of a guest function; null if it has none.
    std::shared_ptr<const CodeLines> lines_of(const Function& function);
    /// For a guest function without lines: see `CodeLines::of_instructions`.
    std::shared_ptr<const CodeLines> instructions_of(const Function& function);

private:
    const std::shared_ptr<SymbolFinder> finder_;
    std::mutex mutex_;
    /// The functions whose instructions were asked for last, the newest first.
    std::list<std::pair<std::shared_ptr<const Module>, std::shared_ptr<const CodeLines>>> instructions_;
    std::map<std::shared_ptr<const Module>, std::shared_ptr<ModuleSource>> modules_;
};

} // namespace vitrine::core::debug
