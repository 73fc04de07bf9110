// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/wait.h"

#include "exec/invoke.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>

namespace vitrine::core {

namespace {

using Clock = std::chrono::steady_clock;

/// The remaining time for ppoll; null means forever.
const timespec* time_left(std::optional<Clock::time_point> end, timespec& left)
{
    if (!end)
        return nullptr;
    const auto span = std::max(*end - Clock::now(), Clock::duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span);
    left.tv_sec = seconds.count();
    left.tv_nsec = std::chrono::nanoseconds(span - seconds).count();
    return &left;
}

} // namespace

template<class T>
std::optional<uint32_t> wait_on(
    Thread& thread, const Memory& memory, const T* address, T expected, int64_t timeout)
{
    constexpr uint32_t notified = 0, not_equal = 1, timed_out = 2;
    ASSERT(memory.is_shared());
    Waiters& all = *memory.waiters();
    Waiter waiter { address, thread.wait_fd() };
    thread.was_moved = false;
    {
        const std::lock_guard lock(all.mutex);
        if (__atomic_load_n(address, __ATOMIC_SEQ_CST) != expected)
            return not_equal;
        all.list.push_back(&waiter);
    }
    std::optional<Clock::time_point> end;
    if (timeout >= 0 && timeout < INT64_MAX / 2)
        end = Clock::now() + std::chrono::nanoseconds(timeout);
    // Handle requests that arrived before `wake_fd` existed.
    const int wake_fd = thread.requests->wake_fd();
    bool goes_on = thread.requests->bits.load() == 0 || (handle_requests(thread) && !thread.was_moved);
    while (goes_on) {
        pollfd fds[] { { waiter.fd, POLLIN, 0 }, { wake_fd, POLLIN, 0 } };
        timespec left;
        const int ready = ppoll(fds, 2, time_left(end, left), nullptr);
        if (ready < 0 && errno != EINTR)
            break;
        if (ready > 0 && fds[1].revents != 0) {
            eventfd_t value;
            eventfd_read(fds[1].fd, &value);
            goes_on = handle_requests(thread) && !thread.was_moved;
        }
        const std::lock_guard lock(all.mutex);
        if (waiter.is_notified || !goes_on || (end && Clock::now() >= *end))
            break;
    }
    const std::lock_guard lock(all.mutex);
    std::erase(all.list, &waiter);
    eventfd_t value;
    eventfd_read(waiter.fd, &value);
    if (!goes_on)
        return std::nullopt;
    return waiter.is_notified ? notified : timed_out;
}

template std::optional<uint32_t> wait_on(Thread&, const Memory&, const uint32_t*, uint32_t, int64_t);
template std::optional<uint32_t> wait_on(Thread&, const Memory&, const uint64_t*, uint64_t, int64_t);

uint32_t notify(const Memory& memory, const void* address, uint32_t count)
{
    if (!memory.is_shared())
        return 0;
    Waiters& all = *memory.waiters();
    const std::lock_guard lock(all.mutex);
    uint32_t woken = 0;
    for (auto at = all.list.begin(); at != all.list.end() && woken < count;) {
        Waiter& waiter = **at;
        if (waiter.address != address) {
            ++at;
            continue;
        }
        waiter.is_notified = true;
        eventfd_write(waiter.fd, 1);
        at = all.list.erase(at);
        ++woken;
    }
    return woken;
}

} // namespace vitrine::core
