// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <thread>

#include <csignal>

namespace vitrine::cli {

/// Ends a guest at Ctrl-C or when its time is up. While it exists, SIGINT is blocked in the calling
/// thread and in threads created later, so create it before them. A second Ctrl-C ends the process
/// at once.
class Limits {
public:
    /// If `seconds` is 0, there is no time limit.
    Limits(double seconds, bool takes_signal);
    ~Limits();
    Limits(const Limits&) = delete;
    Limits& operator=(const Limits&) = delete;

    /// Starts the time. `end` is called on a separate thread to end the guest, repeatedly until
    /// `stop`, because the guest may be between two calls.
    void watch(std::function<void()> end);
    /// Call this when the guest has ended.
    void stop();
    /// The exit status if this object ended the guest.
    std::optional<int> status() const;

private:
    void run(const std::function<void()>& end);

    double seconds_;
    /// `signal_` is a signalfd, or -1 if SIGINT is not handled. `stop_` is an eventfd that ends the
    /// thread.
    int signal_ = -1;
    int stop_ = -1;
    sigset_t former_mask_ {};
    std::atomic<int> status_ = 0;
    std::thread thread_;
};

} // namespace vitrine::cli
