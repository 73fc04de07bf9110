// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "engine/engine.h"

#include <memory>

namespace vitrine::core {

class Process;

/// Refers to a store that may end first. The API derives its own from this, for its handles. `Store::ref` leads
/// from a store back to its `StoreRef`.
struct StoreRef {
    virtual ~StoreRef() = default;
    /// Another one like this, with a new store of the same engine: for a thread that the guest spawns.
    virtual std::shared_ptr<StoreRef> make_sibling() = 0;

    /// Null once the store is gone.
    std::unique_ptr<GuestStore> guest;
    /// Those of the guest's thread. They outlive it.
    std::shared_ptr<Requests> requests;
    /// The process that the store is a thread of, if its guest may have several.
    std::shared_ptr<Process> process;
};

/// Makes the store that `ref` refers to.
void make_store(const std::shared_ptr<StoreRef>& ref, const std::shared_ptr<Engine>& engine);

} // namespace vitrine::core
