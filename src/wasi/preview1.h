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

/// What a guest gets from its host, and how the calls of its threads are interrupted.
struct Config : host::Config {
    /// An eventfd of the guest thread that is about to wait: it ends the wait. Without it, `Preview1::interrupt` does.
    std::function<int(Thread&)> wake_fd {};
    /// Asked on the guest's thread when a call is about to wait, whenever it is woken, and between the pieces of a call that takes
    /// long: false ends the guest with the trap `Interrupted`. Without it, every wake-up does.
    std::function<bool(Thread&)> may_go_on {};
    /// How many descriptors the guest may have, so that it does not use up the host's.
    uint32_t max_files = 512;
};

/// One guest process of preview 1: what it sees of the machine, and its descriptors. Lives as long as a linker or store has its
/// functions. May be used from several threads, as the callables of its config may.
class Preview1 {
public:
    /// Refuses a folder that cannot be opened, and strings that no guest could be given.
    static Result<std::shared_ptr<Preview1>> create(Config config);
    Preview1(std::unique_ptr<host::World> world, std::function<int(Thread&)> wake_fd,
        std::function<bool(Thread&)> may_go_on, uint32_t max_files);

    /// Ends the call that waits now (for input, time, room in a pipe) or takes long, if there is one; the next one waits again.
    /// From any thread or a signal handler. The guest ends with `Interrupted` unless the config says otherwise.
    void interrupt() noexcept { world_->interrupt(); }

    const host::World& world() const { return *world_; }
    FileTable& files() { return files_; }
    int wake_fd(Thread& thread) const { return wake_fd_ ? wake_fd_(thread) : world_->wake_fd(); }
    /// Whether the guest thread may go on; `is_woken` says whether its wait was woken.
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

/// Defines all functions of preview 1, and of the snapshot before it, which some old programs import.
Result<void> define(Linker& linker, const std::shared_ptr<Preview1>& process);

/// A row of the table of functions: a letter per parameter (f: descriptor, p: pointer, i: other i32, l: i64).
struct FunctionRow {
    std::string_view name;
    std::string_view parameters;
    bool is_in_preview0;
};
std::span<const FunctionRow> function_table();

} // namespace vitrine::core::wasi
