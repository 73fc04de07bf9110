// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "door/reader_symbols.h"

#include "source/remote.h"

#include <algorithm>

namespace vitrine::door {

std::shared_ptr<core::source::Symbols> ReaderSymbols::symbols_of(
    const std::shared_ptr<const core::Module>& module)
{
    const auto is_of_debugger = [](const core::CustomSection& section) {
        return section.name.starts_with(".debug_") || section.name == "go:buildid"
            || section.name == "go.buildid";
    };
    if (!module || std::ranges::none_of(module->customs, is_of_debugger))
        return nullptr;
    const std::lock_guard lock(mutex_);
    Found& found = found_[module.get()];
    // Another module may have been at this address before.
    if (found.module.lock() == module)
        return found.symbols;
    std::erase_if(
        found_, [&](const auto& each) { return each.first != module.get() && each.second.module.expired(); });
    core::source::ReaderFiles files {
        .command = { command_, "symbols" }, .module = module->bytes(), .owner = module
    };
    core::source::Remote::Options options { .name = "the module" };
    found = { module, std::make_shared<core::source::Remote>(std::move(files), std::move(options)) };
    return found.symbols;
}

} // namespace vitrine::door
