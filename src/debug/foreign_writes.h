// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/store.h"

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

namespace vitrine::core::debug {

/// The writes to a store by host functions and the embedder since its watchpoints were last
/// checked. The debugger's own writes are left out: they must not cause a stop.
class ForeignWrites final : public MutationListener {
public:
    struct Taken {
        /// Writes while the guest ran, by host functions or other threads.
        std::vector<Mutation> during_run {};
        /// Writes while no guest ran: there is nobody to stop.
        std::vector<Mutation> before_run {};
    };

    explicit ForeignWrites(const Store& store) : store_(store) {}

    /// Turns recording on or off. May be called from any thread.
    void listen(bool is_wanted) { is_wanted_.store(is_wanted, std::memory_order_relaxed); }

    void on_mutation(Origin origin, const Mutation& mutation) override
    {
        if (origin == Origin::Debugger || !is_wanted_.load(std::memory_order_relaxed))
            return;
        const std::lock_guard lock(mutex_);
        auto& list = store_.current_thread.load() ? writes_.during_run : writes_.before_run;
        // A write that is not recorded is still noticed if it changes a watched value.
        if (list.size() < most)
            list.push_back(mutation);
    }

    /// Returns the recorded writes and clears the list.
    Taken take()
    {
        const std::lock_guard lock(mutex_);
        return std::exchange(writes_, {});
    }

private:
    static constexpr size_t most = 256;

    const Store& store_;
    std::atomic<bool> is_wanted_ = false;
    std::mutex mutex_;
    Taken writes_;
};

} // namespace vitrine::core::debug
