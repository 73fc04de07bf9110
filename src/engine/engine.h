// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"
#include "interp/interpreter.h"

#include <memory>

namespace vitrine::core {

/// An engine: what its modules and stores share, and what runs their guests. The only place that knows which tiers there
/// are. Stores keep it alive. Safe to use from several threads.
struct Engine : EngineState {
    explicit Engine(const EngineConfig& configuration = {})
        : EngineState(configuration), stacks(configuration.max_stack_bytes)
    {}

    StackPool stacks;
    Interpreter interpreter;
};

/// A store of an engine, and the thread of its guest.
struct GuestStore {
    explicit GuestStore(const std::shared_ptr<Engine>& engine)
        : store(engine), thread(store, engine->interpreter, engine->stacks)
    {}

    /// The guest thread on which calls run: that of the host function which makes them, if one does.
    Thread& current_thread()
    {
        Thread* const current = store.current_thread.load(std::memory_order_acquire);
        return current ? *current : thread;
    }

    Store store;
    Thread thread;
};

} // namespace vitrine::core
