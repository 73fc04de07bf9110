// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/symbol_finder.h"

#include "base/text.h"
#include "cli/message.h"
#include "door/inner.h"
#include "source/remote.h"

#include <algorithm>

namespace vitrine::cli {

SymbolFinder::Name names_of(std::vector<LoadedModule> modules)
{
    return [modules = std::move(modules)](const core::Module& module) -> std::string {
        for (const LoadedModule& loaded : modules)
            if (door::inner(loaded.module).get() == &module)
                return core::printable(loaded.name.empty() ? loaded.path : loaded.path + ":" + loaded.name);
        return "";
    };
}

bool has_debug_information(const core::Module& module)
{
    return std::ranges::any_of(module.customs, [](const core::CustomSection& section) {
        // The last ones are of modules made by Go, which has tables of its own.
        return section.name.starts_with(".debug_") || section.name == "sourceMappingURL"
            || section.name == "external_debug_info" || section.name == "go:buildid"
            || section.name == "go.buildid";
    });
}

std::shared_ptr<core::source::Symbols> SymbolFinder::symbols_of(
    const std::shared_ptr<const core::Module>& module)
{
    if (!module || !has_debug_information(*module))
        return nullptr;
    const std::lock_guard lock(mutex_);
    Found& found = found_[module.get()];
    // Another module may have been at this address before.
    if (found.module.lock() == module)
        return found.symbols;
    std::erase_if(
        found_, [&](const auto& each) { return each.first != module.get() && each.second.module.expired(); });
    const std::string name = name_ ? name_(*module) : "";
    core::source::ReaderFiles files {
        .command = { "/proc/self/exe", "symbols" }, .module = module->bytes(), .owner = module
    };
    core::source::Remote::Options options { .name = name.empty() ? "the module" : name,
        .report = [](const std::string& text) { print_warning(text); } };
    found = { module, std::make_shared<core::source::Remote>(std::move(files), std::move(options)) };
    return found.symbols;
}

} // namespace vitrine::cli
