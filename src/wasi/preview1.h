// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/world.h"
#include "runtime/linker.h"
#include "wasi/descriptors.h"

#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace vitrine::core::wasi {

/// What a guest gets from its host, and how calls of its threads are interrupted.
struct Config : host::Config {
    /// Returns an eventfd for a guest thread that is about to wait; writing it wakes the wait.
    /// Without this callable, `Preview1::interrupt` ends the wait.
    std::function<int(Thread&)> wake_fd {};
    /// Called on the guest's thread when a call is about to wait, each time it is woken, and
    /// between the pieces of a long call. Returning false ends the guest with the trap
    /// `Interrupted`. Without this callable, every wake-up ends it.
    std::function<bool(Thread&)> may_go_on {};
    /// The maximum number of descriptors, so that the guest cannot use up those of the host.
    uint32_t max_files = 512;
};

/// One guest process of preview 1: what it sees of the machine, and its descriptors. Lives as long
/// as a linker or a store has its functions. Thread-safe if the callables of its configuration are.
class Preview1 {
public:
    /// Fails for a directory that cannot be opened, and for strings that cannot be passed to a
    /// guest.
    static Result<std::shared_ptr<Preview1>> create(Config config);
    Preview1(std::unique_ptr<host::World> world, std::function<int(Thread&)> wake_fd,
        std::function<bool(Thread&)> may_go_on, uint32_t max_files);

    /// Ends the current call if it waits (for input, time, room in a pipe) or takes long. Later
    /// calls wait as usual. May be called from any thread or a signal handler. The guest ends with
    /// `Interrupted`, unless the configuration says otherwise.
    void interrupt() noexcept { world_->interrupt(); }

    const host::World& world() const { return *world_; }
    FileTable& files() { return files_; }
    int wake_fd(Thread& thread) const { return wake_fd_ ? wake_fd_(thread) : world_->wake_fd(); }
    /// Whether the guest thread may continue. `is_woken` tells whether its wait was woken.
    bool may_go_on(Thread& thread, bool is_woken) const
    {
        return may_go_on_ ? may_go_on_(thread) : !is_woken;
    }

private:
    const std::unique_ptr<host::World> world_;
    const std::function<int(Thread&)> wake_fd_;
    const std::function<bool(Thread&)> may_go_on_;
    FileTable files_;
};

/// Defines all functions of preview 1, and those of the snapshot before it, which some old programs
/// import.
Result<void> define(Linker& linker, const std::shared_ptr<Preview1>& process);

/// A row of the table of functions, with a letter for each parameter: f for a descriptor, p for a
/// pointer, i for another i32, l for an i64.
struct FunctionRow {
    std::string_view name;
    std::string_view parameters;
    bool is_in_preview0;
};
std::span<const FunctionRow> function_table();

} // namespace vitrine::core::wasi
