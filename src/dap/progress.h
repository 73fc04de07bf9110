// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dap/outbox.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace vitrine::core::dap {

/// Shows the client that a request takes long, and lets it cancel the request. A thread of its own
/// watches the time, as the adapter's thread is busy then.
class Progress {
public:
    /// Requests that are answered sooner are not shown.
    static constexpr std::chrono::milliseconds patience { 500 };

    explicit Progress(Outbox& outbox) : outbox_(outbox) {}
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// The client takes such events.
    void open();
    /// The adapter begins a request.
    void begin(int64_t request, std::string title);
    /// What the request does now.
    void say(std::string message);
    /// The request has been answered, or is not to be shown.
    void end();
    /// Whether the request should end soon.
    bool is_cancelled() const;

    /// From any thread. Nothing if another request is being done.
    void cancel(int64_t request);
    /// The request that is shown under such an id.
    static std::optional<int64_t> request_of(std::string_view id);

private:
    struct Task {
        int64_t request;
        std::string title;
        std::string message {};
        std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
        bool is_shown = false;
        bool is_cancelled = false;
    };

    void watch();
    void show();

    Outbox& outbox_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<Task> task_;
    /// The thread waits for a task that is not shown yet.
    bool is_idle_ = false;
    bool is_over_ = false;
    std::thread thread_;
};

} // namespace vitrine::core::dap
