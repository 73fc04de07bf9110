// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"
#include "host/wait.h"
#include "wasi2/world.h"

#include <optional>
#include <string>

namespace vitrine::core::wasi2 {

/// A call of a WASI function.
class Call final : public host::Guest {
public:
    Call(World& world, Thread& thread) : world(world), thread(thread) {}

    World& world;
    /// The guest thread that makes the call.
    Thread& thread;
    /// The trap that ends the guest, if the function ends this way. Its result is then ignored.
    std::optional<Trap> trap {};

    /// Ends the guest, because it broke the rules of the function.
    std::unexpected<host::Errno> fail(std::string message);

    int wake_fd() override { return thread.requests->wake_fd(); }
    /// Sets `trap` to `Interrupted` when it returns false.
    bool may_go_on(bool is_woken) override;
};

} // namespace vitrine::core::wasi2
