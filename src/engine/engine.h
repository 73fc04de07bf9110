// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "engine/tier_choice.h"
#include "exec/thread.h"
#include "interp/interpreter.h"
#include "jit/statistics.h"

#include <memory>
#include <string>

namespace vitrine::core {

namespace jit {
class CompilingTier;
}

/// An engine: what its modules and stores share, and the tiers that run their guests. No other code
/// knows which tiers exist. Stores keep their engine alive. Thread-safe.
struct Engine : EngineState {
    explicit Engine(const EngineConfig& configuration = {}) : Engine(choose_tier(configuration)) {}
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// The tier that the configuration chooses: runs the guests of this engine's stores.
    Tier& tier();
    /// What has been compiled, or why nothing is.
    CompilerStatistics statistics() const;

    /// Why the environment variable VITRINE_TIER was not obeyed. The creator must check this.
    const std::optional<Error> environment_error;
    StackPool stacks;
    Interpreter interpreter;

private:
    explicit Engine(const ChosenTier& chosen);

    /// Null if the engine only interprets, for the reason given.
    std::unique_ptr<jit::CompilingTier> compiling_;
    std::string unavailable_;
};

/// A store of an engine, and its guest's thread.
struct GuestStore {
    explicit GuestStore(const std::shared_ptr<Engine>& engine)
        : store(engine), thread(store, engine->tier(), engine->stacks)
    {}

    /// The guest thread on which calls run. If a host function makes the call, it is the thread
    /// that called the host function.
    Thread& current_thread()
    {
        Thread* const current = store.current_thread.load(std::memory_order_acquire);
        return current ? *current : thread;
    }

    Store store;
    Thread thread;
};

} // namespace vitrine::core
