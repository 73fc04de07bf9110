// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"
#include "interp/interpreter.h"

#include <memory>

namespace vitrine::core {

/// An engine: what its modules and stores share, and the tiers that run their guests. No other code
/// knows which tiers exist. Stores keep their engine alive. Thread-safe.
struct Engine : EngineState {
    explicit Engine(const EngineConfig& configuration = {})
        : EngineState(configuration), stacks(configuration.max_stack_bytes)
    {}

    StackPool stacks;
    Interpreter interpreter;
};

/// A store of an engine, and its guest's thread.
struct GuestStore {
    explicit GuestStore(const std::shared_ptr<Engine>& engine)
        : store(engine), thread(store, engine->interpreter, engine->stacks)
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
