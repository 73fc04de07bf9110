// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "dap/adapter.h"
#include "dap/launcher.h"

#include <atomic>
#include <chrono>
#include <cstddef>

namespace vitrine::core::dap {

/// Serves one client, which writes to one descriptor and reads from the other, until it disconnects
/// in whatever way. Then a program that it has launched ends. The descriptors can be equal; they
/// stay open.
///
/// The first bytes must be those of the protocol, and an error in the framing ends the connection:
/// a web page cannot drive it.
class Service {
public:
    struct Limits {
        /// How long the first message may take; 0 for any time.
        std::chrono::seconds greeting { 0 };
        /// How long a client may take nothing before it is given up.
        std::chrono::seconds patience { std::chrono::hours(24 * 365) };
    };

    explicit Service(Launcher& launcher) : adapter_(launcher, inbox_, outbox_) {}

    /// Returns at the end.
    void run(int input, int output) { run(input, output, Limits()); }
    void run(int input, int output, const Limits& limits);
    /// Ends the service soon. From any thread.
    void end();
    /// How many bytes of the guest's output the client has not read. After the end.
    size_t unread_output() const { return outbox_.unread_output(); }

private:
    Inbox inbox_;
    Outbox outbox_;
    Adapter adapter_;
    std::atomic<bool> is_ending_ = false;
};

void serve(Launcher& launcher, int input, int output);

} // namespace vitrine::core::dap
