// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dap/message.h"
#include "dap/outbox.h"
#include "net/connect.h"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace vitrine::core::dap {

/// A connection to another process that serves the client from now on: the door of a guest. Passes
/// on requests to it, and what it sends to the client.
class Relay {
public:
    /// `on_end` is called on the relay's thread when the other side has closed the connection.
    Relay(net::Descriptor socket, Outbox& outbox, std::function<void()> on_end);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// Passes on a request. The client does not see the response to one that it has got an answer
    /// to already.
    void send(const Request& request, bool is_answered = false);

    // At the end.

    /// Whether the other side has said anything.
    bool has_spoken() const { return has_spoken_; }
    bool has_told_end() const { return has_told_end_; }
    /// Whether it has answered `disconnect`.
    bool has_disconnected() const { return has_disconnected_; }
    /// What it has not answered.
    std::vector<Request> unanswered() const;

private:
    void run(const std::function<void()>& on_end);
    void pass_on(std::string_view content);

    const net::Descriptor socket_;
    Outbox& outbox_;
    mutable std::mutex mutex_;
    /// By number.
    std::map<int64_t, Request> unanswered_;
    std::optional<int64_t> answered_;
    // Read after the thread's end.
    bool has_spoken_ = false;
    bool has_told_end_ = false;
    bool has_disconnected_ = false;
    std::thread thread_;
};

} // namespace vitrine::core::dap
