// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/sources.h"

#include "debug/source_view.h"

#include <algorithm>

namespace vitrine::core::debug {

namespace {

/// A few calls deep, with the functions around them.
constexpr size_t kept_functions = 64;
constexpr size_t kept_without_lines = 8;

} // namespace

const source::Summary& ModuleSource::summary()
{
    const std::lock_guard lock(mutex_);
    if (!summary_)
        summary_ = symbols_->summary();
    return *summary_;
}

const source::File* ModuleSource::file(source::FileId id)
{
    const auto& files = summary().files;
    const auto index = static_cast<size_t>(id);
    return index < files.size() ? &files[index] : nullptr;
}

const source::File* ModuleSource::file_of(source::FunctionId id)
{
    std::optional<source::FileId> declared;
    {
        const std::lock_guard lock(mutex_);
        const auto [found, is_new] = declared_in_.try_emplace(id);
        if (is_new)
            if (const auto function = symbols_->function(id); function && function->declared.line != 0)
                found->second = function->declared.file;
        declared = found->second;
    }
    return declared ? file(*declared) : nullptr;
}

std::shared_ptr<const CodeLines> ModuleSource::lines_of(FuncIndex function)
{
    const std::lock_guard lock(mutex_);
    const auto found =
        std::ranges::find_if(lines_, [&](const auto& lines) { return lines->function() == function; });
    if (found != lines_.end()) {
        lines_.splice(lines_.begin(), lines_, found);
        return lines_.front();
    }
    lines_.push_front(std::make_shared<const CodeLines>(*module_, function, *symbols_));
    if (lines_.size() > kept_functions)
        lines_.pop_back();
    return lines_.front();
}

std::shared_ptr<ModuleSource> Sources::of(const std::shared_ptr<const Module>& module)
{
    if (!finder_ || !module)
        return nullptr;
    const std::lock_guard lock(mutex_);
    auto& source = modules_[module];
    if (!source)
        if (auto symbols = finder_->symbols_of(module))
            source = std::make_shared<ModuleSource>(module, std::move(symbols), finder_->memory_of(*module));
    return source;
}

std::shared_ptr<const CodeLines> Sources::lines_of(const Function& function)
{
    if (function.is_host())
        return nullptr;
    const auto source = of(function.instance->module);
    auto lines = source ? source->lines_of(function.index) : nullptr;
    return lines && lines->has_lines() ? lines : nullptr;
}

std::shared_ptr<const CodeLines> Sources::instructions_of(const Function& function)
{
    const std::shared_ptr<const Module>& module = function.instance->module;
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(instructions_,
        [&](const auto& kept) { return kept.first == module && kept.second->function() == function.index; });
    if (found != instructions_.end()) {
        instructions_.splice(instructions_.begin(), instructions_, found);
        return instructions_.front().second;
    }
    instructions_.emplace_front(module, CodeLines::of_instructions(*module, function.index));
    if (instructions_.size() > kept_without_lines)
        instructions_.pop_back();
    return instructions_.front().second;
}

} // namespace vitrine::core::debug
