// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <thread>

#include <csignal>

namespace vitrine::cli {

/// Ends a guest at Ctrl-C, or when its time is over. Takes SIGINT away from this thread and those it starts, as long as it lives: make it before
/// them. A second Ctrl-C ends the process at once.
class Limits {
public:
    /// Without a limit when `seconds` is 0.
    Limits(double seconds, bool takes_signal);
    ~Limits();
    Limits(const Limits&) = delete;
    Limits& operator=(const Limits&) = delete;

    /// The guest starts now. `end` is called on a thread of its own, and once more until `stop`, as a guest may be just between two calls.
    void watch(std::function<void()> end);
    /// The guest has ended.
    void stop();
    /// The status, when it was this that ended the guest.
    std::optional<int> status() const;

private:
    void run(const std::function<void()>& end);

    double seconds_;
    /// Of a signalfd, when it takes the signal; and of an eventfd that says `stop`.
    int signal_ = -1;
    int stop_ = -1;
    sigset_t former_mask_ {};
    std::atomic<int> status_ = 0;
    std::thread thread_;
};

} // namespace vitrine::cli
