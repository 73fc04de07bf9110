// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/store_code.h"

#include "exec/code.h"
#include "exec/frame.h"

namespace vitrine::core::jit {

namespace {

std::vector<VersionMark> marks_of(const Function& function)
{
    std::vector<VersionMark> marks;
    if (!function.private_code)
        return marks;
    const uint8_t* const original = original_code(function);
    const uint32_t size = function.meta->end_offset - function.meta->body_offset;
    for (uint32_t at = 0; at < size; ++at)
        if (function.code[at] != original[at])
            marks.emplace_back(at, guard_of(function, function.meta->body_offset + at));
    return marks;
}

} // namespace

StoreCode::~StoreCode()
{
    for (const auto& [function, version] : versions_)
        library_.release(*version);
}

const Version* StoreCode::version_of(const Function& function) const
{
    if (const Version* const version = library_.version_at(function.entry))
        return version;
    // Calls may ask although there is a version.
    const auto found = versions_.find(const_cast<Function*>(&function));
    return found != versions_.end() ? found->second : nullptr;
}

VersionKey StoreCode::key_of(const Function& function) const
{
    const EngineConfig& config = engine_.config;
    const auto& memories = function.instance->memories;
    return {
        .checks_bounds =
            !memories.empty() && !(config.signal_handlers && memories.front()->has_exact_guard()),
        .counts_ticks = mode_.counts_ticks,
        .watched = mode_.watched,
        .exit_percent = static_cast<uint8_t>(config.exit_percent),
        .seed = config.exit_percent != 0 ? config.tier_seed : 0,
        .marks = marks_of(function),
    };
}

const Version* StoreCode::compile(Function& function)
{
    const Version* const version =
        library_.version_of(function.instance->module, function.index, key_of(function));
    if (!version) {
        function.heat = Function::coldest;
        return nullptr;
    }
    if (!versions_.emplace(&function, version).second)
        library_.release(*version);
    set_open(function, true);
    return version;
}

void StoreCode::set_open(Function& function, bool is_open) const
{
    function.entry = is_open ? versions_.at(&function)->begin : engine_.cold_entry;
    function.heat = 0;
}

void StoreCode::close(Function& function) const
{
    function.entry = engine_.cold_entry;
    function.heat = engine_.initial_heat / 2;
}

void StoreCode::forget(Function& function)
{
    close(function);
    const auto found = versions_.find(&function);
    if (found == versions_.end())
        return;
    for (Thread* const thread : threads)
        fill_in_frames(*thread, &function);
    const Version* const version = found->second;
    versions_.erase(found);
    library_.release(*version);
}

void StoreCode::forget_all()
{
    if (versions_.empty())
        return;
    for (Thread* const thread : threads)
        fill_in_frames(*thread);
    for (const auto& [function, version] : versions_) {
        close(*function);
        library_.release(*version);
    }
    versions_.clear();
}

} // namespace vitrine::core::jit
