// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "engine/engine.h"

#include <memory>

namespace vitrine::core {

class Process;

/// Refers to a store that may be destroyed before the reference. The API derives a class of its own
/// from this for its handles. `Store::ref` leads from a store back to its `StoreRef`.
struct StoreRef {
    virtual ~StoreRef() = default;
    /// Makes a reference of the same class with a new store of the same engine, for a thread that
    /// the guest spawns.
    virtual std::shared_ptr<StoreRef> make_sibling() = 0;

    /// Null once the store is destroyed.
    std::unique_ptr<GuestStore> guest;
    /// The requests of the guest's thread. They outlive the thread.
    std::shared_ptr<Requests> requests;
    /// The process to which the guest's thread belongs, if the guest may have several threads.
    std::shared_ptr<Process> process;
};

/// Creates the store that `ref` refers to.
void make_store(const std::shared_ptr<StoreRef>& ref, const std::shared_ptr<Engine>& engine);

} // namespace vitrine::core
