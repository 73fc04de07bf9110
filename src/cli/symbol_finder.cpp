// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/symbol_finder.h"

#include "base/text.h"
#include "cli/message.h"
#include "door/inner.h"
#include "source/remote.h"

#include <algorithm>

namespace vitrine::cli {

SymbolFinder::Files files_of(std::vector<LoadedModule> modules)
{
    return [modules = std::move(modules)](const core::Module& module) -> SymbolFinder::File {
        for (const LoadedModule& loaded : modules)
            if (door::inner(loaded.module).get() == &module)
                return { loaded.path, loaded.name };
        return {};
    };
}

bool has_debug_information(const core::Module& module)
{
    return std::ranges::any_of(module.customs, [](const core::CustomSection& section) {
        // A source map in another file would have been found.
        if (section.name == "sourceMappingURL")
            return core::text_of(section.bytes).contains("data:");
        // Go has tables of its own.
        return section.name.starts_with(".debug_") || section.name == "go:buildid"
            || section.name == "go.buildid";
    });
}

std::shared_ptr<core::source::Symbols> SymbolFinder::symbols_of(
    const std::shared_ptr<const core::Module>& module)
{
    if (!module)
        return nullptr;
    const std::lock_guard lock(mutex_);
    Found& found = found_[module.get()];
    // Another module may have been at this address before.
    if (found.module.lock() == module)
        return found.symbols;
    std::erase_if(
        found_, [&](const auto& each) { return each.first != module.get() && each.second.module.expired(); });
    found = { module, find(module) };
    return found.symbols;
}

uint32_t SymbolFinder::memory_of(const core::Module& module) const
{
    return module.memories.contains(core::MemoryIndex { options_.memory }) ? options_.memory : 0;
}

std::shared_ptr<core::source::Symbols> SymbolFinder::find(
    const std::shared_ptr<const core::Module>& module) const
{
    const auto [path, name] = files_ ? files_(*module) : File();
    const FoundDebugFile found = find_debug_file(*module, path, options_);
    for (const std::string& problem : found.problems)
        print_warning(problem);
    if (!found.file && !has_debug_information(*module))
        return nullptr;
    core::source::ReaderFiles files {
        .command = { "/proc/self/exe", "symbols" }, .module = module->bytes(), .owner = module
    };
    if (found.file) {
        files.debug_file = *found.file->bytes;
        files.debug_owner = found.file->bytes;
    }
    if (found.package) {
        files.package = *found.package->bytes;
        files.package_owner = found.package->bytes;
    }
    const auto paths =
        std::make_shared<core::source::Paths>(options_.paths(path).value_or(core::source::PathOptions()));
    files.find_split = [paths](const std::string& name, const std::string& directory) {
        return find_split_file(*paths, name, directory);
    };
    core::source::Remote::Options options { .name = core::printable(path.empty() ? "the module"
                                                    : name.empty()               ? path
                                                                                 : path + ":" + name),
        .report = [](const std::string& text) { print_warning(text); } };
    return std::make_shared<core::source::Remote>(std::move(files), std::move(options));
}

} // namespace vitrine::cli
