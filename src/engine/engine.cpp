// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/engine.h"

#include "jit/compiling_tier.h"

namespace vitrine::core {

Engine::Engine(const ChosenTier& chosen)
    : EngineState(chosen.config), environment_error(chosen.error), stacks(chosen.config.max_stack_bytes)
{
    if (config.tier == TierPolicy::Interpreter) {
        unavailable_ = "the engine is configured to interpret";
        return;
    }
    auto compiling = jit::CompilingTier::create(interpreter, *this);
    if (compiling)
        compiling_ = std::move(*compiling);
    else
        unavailable_ = std::move(compiling.error().message);
}

Engine::~Engine() = default;

Tier& Engine::tier()
{
    if (compiling_)
        return *compiling_;
    return interpreter;
}

CompilerStatistics Engine::statistics() const
{
    CompilerStatistics statistics;
    if (compiling_)
        statistics = compiling_->statistics();
    statistics.unavailable = unavailable_;
    return statistics;
}

} // namespace vitrine::core
