// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/thread.h"

#include <cerrno>
#include <sys/eventfd.h>
#include <unistd.h>

namespace vitrine::core {

Requests::~Requests()
{
    if (const int fd = wake_fd_.load(); fd >= 0)
        close(fd);
}

void Requests::add(uint32_t bit) noexcept
{
    bits.fetch_or(bit);
    limit.store(nullptr);
    if (const int fd = wake_fd_.load(); fd >= 0) {
        // A signal handler may ask, and leaves errno as it was.
        const int errno_before = errno;
        eventfd_write(fd, 1);
        errno = errno_before;
    }
}

int Requests::wake_fd()
{
    if (wake_fd_.load() < 0)
        wake_fd_.store(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return wake_fd_.load();
}

} // namespace vitrine::core
