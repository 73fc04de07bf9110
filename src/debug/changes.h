// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace vitrine::core::debug {

/// Wakes threads when something that a mutex guards has changed: a condition variable that can also
/// be waited for without sleeping. To fall asleep and to be woken takes longer than most commands
/// of a debugger, or than a step of the guest.
class Changes {
public:
    void notify_all()
    {
        count_.fetch_add(1, std::memory_order_release);
        condition_.notify_all();
    }

    /// Locks the mutex, and sleeps only if another thread holds it for long.
    void lock_awake(std::unique_lock<std::mutex>& lock) const
    {
        const auto end = std::chrono::steady_clock::now() + moment_;
        while (!lock.try_lock())
            if (std::chrono::steady_clock::now() >= end)
                return lock.lock();
    }

    template<class IsDone> void wait(std::unique_lock<std::mutex>& lock, IsDone is_done)
    {
        condition_.wait(lock, is_done);
    }

    /// Waits for a change, or until this time is over.
    void wait_for(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds time)
    {
        condition_.wait_for(lock, time);
    }
    template<class IsDone>
    bool wait_for(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds time, IsDone is_done)
    {
        return condition_.wait_for(lock, time, is_done);
    }

    /// Like `wait`, but spins for a moment before it sleeps.
    template<class IsDone> void wait_awake(std::unique_lock<std::mutex>& lock, IsDone is_done)
    {
        const auto end = std::chrono::steady_clock::now() + moment_;
        while (!is_done()) {
            const uint32_t seen = count_.load(std::memory_order_acquire);
            bool is_over = false;
            lock.unlock();
            // The thread that notifies may still hold the mutex.
            while (!is_over && (count_.load(std::memory_order_acquire) == seen || !lock.try_lock()))
                is_over = std::chrono::steady_clock::now() >= end;
            if (is_over) {
                lock.lock();
                return condition_.wait(lock, is_done);
            }
        }
    }

private:
    std::condition_variable condition_;
    std::atomic<uint32_t> count_ = 0;
    /// On a single processor the other thread cannot run while this one spins.
    const std::chrono::microseconds moment_ { std::thread::hardware_concurrency() == 1 ? 0 : 20 };
};

} // namespace vitrine::core::debug
