// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What can be configured, and engines with errors.
#include "capi/capi.h"

namespace vitrine::capi {

namespace {

#define SAME(name, kind) static_assert(VITRINE_TIER_##name == static_cast<int>(TierPolicy::kind))
SAME(AUTO, Auto);
SAME(INTERPRETER, Interpreter);
SAME(COMPILED, Compiled);
SAME(MIXED, Mixed);
#undef SAME

} // namespace

} // namespace vitrine::capi

using vitrine::Config;
using vitrine::Engine;
using vitrine::Result;
using vitrine::TierPolicy;
using vitrine::capi::attempt;
using vitrine::capi::guarded;
using vitrine::capi::misuse;
using vitrine::capi::required;

const char* vitrine_version(void) { return vitrine::version().data(); }

#define SETTER(name, type)                                        \
    void vitrine_config_##name(wasm_config_t* config, type value) \
    {                                                             \
        required(config, __func__, "config").config.name(value);  \
    }

SETTER(guest_debug, bool)
SETTER(max_stack_bytes, uint64_t)
SETTER(max_memory_pages, uint64_t)
SETTER(max_heap_bytes, uint64_t)
SETTER(stress_collector, bool)
SETTER(tier_threshold, uint32_t)
SETTER(max_code_bytes, uint64_t)
SETTER(signal_handlers, bool)

const char* vitrine_feature(size_t number, bool* is_default)
{
    const auto rows = vitrine::features();
    if (number >= rows.size())
        return nullptr;
    if (is_default)
        *is_default = rows[number].is_default;
    return rows[number].name.data();
}

void vitrine_config_features(wasm_config_t* config, const char* list)
{
    auto& changed = required(config, __func__, "config");
    const char* const names = &required(list, __func__, "list");
    changed.is_complete &= guarded(false, [&] {
        changed.config.features(names);
        return true;
    });
}

void vitrine_config_feature(wasm_config_t* config, const char* name, bool on)
{
    auto& changed = required(config, __func__, "config");
    const char* const feature = &required(name, __func__, "name");
    changed.is_complete &= guarded(false, [&] {
        changed.config.feature(feature, on);
        return true;
    });
}

void vitrine_config_tier(wasm_config_t* config, vitrine_tier_t tier)
{
    if (tier > VITRINE_TIER_MIXED)
        misuse(__func__, "there is no such tier");
    required(config, __func__, "config").config.tier(static_cast<TierPolicy>(tier));
}

vitrine_error_t* vitrine_engine_new(wasm_config_t* config, wasm_engine_t** out)
{
    const std::unique_ptr<wasm_config_t> owned(config);
    wasm_engine_t*& made = required(out, __func__, "out");
    return attempt(nullptr, [&]() -> Result<void> {
        if (owned && !owned->is_complete)
            throw std::bad_alloc();
        (void)vitrine::capi::out_of_memory_trap();
        const auto engine = Engine::create(owned ? owned->config : Config());
        if (!engine)
            return engine.error();
        made = new wasm_engine_t { *engine };
        return {};
    });
}

bool vitrine_engine_guest_debug(const wasm_engine_t* engine)
{
    return required(engine, __func__, "engine").engine.guest_debug();
}

bool vitrine_engine_has_feature(const wasm_engine_t* engine, const char* name)
{
    const Engine& described = required(engine, __func__, "engine").engine;
    return described.has_feature(&required(name, __func__, "name"));
}
