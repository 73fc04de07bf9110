// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cerrno>
#include <csignal>
#include <ctime>

namespace vitrine::core::host {

/// Blocks SIGPIPE and SIGXFSZ on this thread during a write. The guest gets EPIPE or EFBIG instead,
/// and no handler of the embedder runs.
class QuietSignals {
public:
    QuietSignals()
    {
        ::sigemptyset(&quiet_);
        ::sigaddset(&quiet_, SIGPIPE);
        ::sigaddset(&quiet_, SIGXFSZ);
        ::pthread_sigmask(SIG_BLOCK, &quiet_, &before_);
        // Only a blocked signal can be pending.
        if (::sigismember(&before_, SIGPIPE) != 1 && ::sigismember(&before_, SIGXFSZ) != 1)
            ::sigemptyset(&pending_);
        else
            ::sigpending(&pending_);
    }
    QuietSignals(const QuietSignals&) = delete;
    QuietSignals& operator=(const QuietSignals&) = delete;
    ~QuietSignals()
    {
        const int saved = errno;
        const int sent = saved == EPIPE ? SIGPIPE : saved == EFBIG ? SIGXFSZ : 0;
        if (sent && ::sigismember(&pending_, sent) != 1) {
            constexpr timespec at_once {};
            sigset_t taken;
            ::sigemptyset(&taken);
            ::sigaddset(&taken, sent);
            ::sigtimedwait(&taken, nullptr, &at_once);
        }
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = saved;
    }

private:
    sigset_t quiet_;
    sigset_t before_;
    sigset_t pending_;
};

} // namespace vitrine::core::host
