// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/limits.h"

#include "cli/message.h"

#include <algorithm>
#include <chrono>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace vitrine::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int milliseconds_between_calls = 20;

/// Whether the parent process ignores SIGINT for this one, as a shell does for background jobs.
bool is_signal_ignored()
{
    struct sigaction action {};
    return sigaction(SIGINT, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

} // namespace

Limits::Limits(double seconds, bool takes_signal) : seconds_(seconds), stop_(eventfd(0, EFD_CLOEXEC))
{
    if (!takes_signal || is_signal_ignored())
        return;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, &former_mask_);
    signal_ = signalfd(-1, &signals, SFD_CLOEXEC);
}

Limits::~Limits()
{
    stop();
    close(stop_);
    if (signal_ < 0)
        return;
    close(signal_);
    pthread_sigmask(SIG_SETMASK, &former_mask_, nullptr);
}

void Limits::watch(std::function<void()> end)
{
    thread_ = std::thread([this, end = std::move(end)] { run(end); });
}

void Limits::stop()
{
    if (!thread_.joinable())
        return;
    eventfd_write(stop_, 1);
    thread_.join();
}

std::optional<int> Limits::status() const { return status_ ? std::optional(status_.load()) : std::nullopt; }

void Limits::run(const std::function<void()>& end)
{
    const auto start = Clock::now();
    const auto remaining = [&] {
        if (status_)
            return milliseconds_between_calls;
        if (seconds_ == 0)
            return -1;
        const std::chrono::duration<double> passed = Clock::now() - start;
        return static_cast<int>(std::clamp((seconds_ - passed.count()) * 1000 + 1, 0.0, 1e9));
    };
    for (;;) {
        pollfd descriptors[] { { signal_, POLLIN, 0 }, { stop_, POLLIN, 0 } };
        const int timeout = remaining();
        const int ready = poll(descriptors, std::size(descriptors), timeout);
        if (descriptors[1].revents)
            return;
        if (descriptors[0].revents) {
            signalfd_siginfo info;
            (void)read(signal_, &info, sizeof info);
            if (status_.exchange(status::interrupted) == status::interrupted)
                _exit(status::interrupted);
        } else if (ready == 0 && !status_ && timeout < 1'000'000'000) {
            status_ = status::timeout;
        }
        if (status_)
            end();
    }
}

} // namespace vitrine::cli
