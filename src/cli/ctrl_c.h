// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <functional>
#include <thread>

namespace vitrine::cli {

/// Calls a function at each Ctrl-C, on a thread of its own; the process is not ended. Threads
/// created later do not receive SIGINT.
class CtrlC {
public:
    explicit CtrlC(std::function<void()> call);
    ~CtrlC();
    CtrlC(const CtrlC&) = delete;
    CtrlC& operator=(const CtrlC&) = delete;

private:
    void run(const std::function<void()>& call) const;

    /// `signal_` is a signalfd, `stop_` an eventfd that ends the thread.
    int signal_;
    int stop_;
    std::thread thread_;
};

} // namespace vitrine::cli
