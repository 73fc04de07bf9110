// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/store.h"

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

namespace vitrine::core::debug {

/// What others than the guest wrote to a store since its watchpoints last looked: host functions, and the embedder. A
/// debugger's own writes do not count: it is not stopped by what it does itself.
class ForeignWrites final : public MutationListener {
public:
    struct Taken {
        /// By the host functions that the guest called, or meanwhile.
        std::vector<Mutation> during_run {};
        /// While no guest ran: nobody can be stopped for these.
        std::vector<Mutation> before_run {};
    };

    explicit ForeignWrites(const Store& store) : store_(store) {}

    /// Whether anybody wants to know; from any thread.
    void listen(bool is_wanted) { is_wanted_.store(is_wanted, std::memory_order_relaxed); }

    void on_mutation(Origin origin, const Mutation& mutation) override
    {
        if (origin == Origin::Debugger || !is_wanted_.load(std::memory_order_relaxed))
            return;
        const std::lock_guard lock(mutex_);
        auto& list = store_.current_thread.load() ? writes_.during_run : writes_.before_run;
        // What is not listed is still noticed if it changed a watched value.
        if (list.size() < most)
            list.push_back(mutation);
    }

    /// What has been written, and forgets it.
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
