// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/ctrl_c.h"

#include <csignal>
#include <iterator>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace vitrine::cli {

CtrlC::CtrlC(std::function<void()> call) : stop_(eventfd(0, EFD_CLOEXEC))
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal_ = signalfd(-1, &signals, SFD_CLOEXEC);
    thread_ = std::thread([this, call = std::move(call)] { run(call); });
}

CtrlC::~CtrlC()
{
    eventfd_write(stop_, 1);
    thread_.join();
    close(signal_);
    close(stop_);
}

void CtrlC::run(const std::function<void()>& call) const
{
    for (;;) {
        pollfd descriptors[] { { signal_, POLLIN, 0 }, { stop_, POLLIN, 0 } };
        poll(descriptors, std::size(descriptors), -1);
        if (descriptors[1].revents)
            return;
        if (!descriptors[0].revents)
            continue;
        signalfd_siginfo info;
        (void)read(signal_, &info, sizeof info);
        call();
    }
}

} // namespace vitrine::cli
