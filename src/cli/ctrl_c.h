// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <functional>
#include <thread>

namespace vitrine::cli {

/// Calls a function at each Ctrl-C, on a thread of its own, as long as it lives; the process stays. Takes SIGINT away
/// from the threads that are started after it.
class CtrlC {
public:
    explicit CtrlC(std::function<void()> call);
    ~CtrlC();
    CtrlC(const CtrlC&) = delete;
    CtrlC& operator=(const CtrlC&) = delete;

private:
    void run(const std::function<void()>& call) const;

    /// Of a signalfd, and of an eventfd that says that it is over.
    int signal_;
    int stop_;
    std::thread thread_;
};

} // namespace vitrine::cli
