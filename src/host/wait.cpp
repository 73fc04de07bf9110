// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/wait.h"

#include "base/result.h"
#include "host/clock.h"
#include "host/file.h"

#include <algorithm>
#include <ctime>
#include <sys/eventfd.h>

namespace vitrine::core::host {

namespace {

constexpr uint64_t second = 1'000'000'000;

/// The time left until the deadline, for ppoll; zero when it has passed.
timespec time_until(uint64_t deadline)
{
    const uint64_t now = time_of(Clock::Monotonic);
    const uint64_t rest = deadline > now ? deadline - now : 0;
    return { static_cast<time_t>(rest / second), static_cast<long>(rest % second) };
}

} // namespace

Answer<void> check_requests(Guest& guest)
{
    eventfd_t forgotten;
    const bool is_woken = ::eventfd_read(guest.wake_fd(), &forgotten) == 0;
    if (!guest.may_go_on(is_woken))
        return refuse(Errno::Ended);
    return {};
}

Answer<void> wait(Guest& guest, std::vector<pollfd>& polled, std::optional<uint64_t> deadline)
{
    // Usually something is ready already, and no wake-up is needed.
    const int at_once = ::poll(polled.data(), polled.size(), 0);
    if (at_once > 0 || (deadline && *deadline <= time_of(Clock::Monotonic)))
        return {};
    const int waker = guest.wake_fd();
    for (bool is_woken = false;;) {
        // `may_go_on` sees requests made before this read; later ones wake the poll.
        eventfd_t forgotten;
        ::eventfd_read(waker, &forgotten);
        if (!guest.may_go_on(is_woken))
            return refuse(Errno::Ended);
        const timespec rest = deadline ? time_until(*deadline) : timespec {};
        polled.push_back({ waker, POLLIN, 0 });
        const int ready = ::ppoll(polled.data(), polled.size(), deadline ? &rest : nullptr, nullptr);
        is_woken = ready > 0 && polled.back().revents != 0;
        polled.pop_back();
        if (ready < 0 && errno != EINTR)
            return system_error();
        if (ready > (is_woken ? 1 : 0) || (deadline && *deadline <= time_of(Clock::Monotonic)))
            return {};
    }
}

size_t WaitSet::add(const File& file, short events)
{
    const auto [place, is_new] = places_.try_emplace(&file, polled_.size());
    if (is_new)
        polled_.push_back({ file.descriptor(), 0, 0 });
    polled_[place->second].events |= events;
    return place->second;
}

void WaitSet::add(uint64_t deadline) { deadline_ = std::min(deadline_.value_or(UINT64_MAX), deadline); }

bool is_ready(const File& file, short events)
{
    pollfd polled { file.descriptor(), events, 0 };
    const int ready = ::poll(&polled, 1, 0);
    if (ready == 0)
        errno = EAGAIN;
    return ready > 0;
}

Answer<void> wait_for(Guest& guest, const File& file, short events)
{
    if (file.is_nonblocking())
        return refuse(EAGAIN);
    std::vector<pollfd> polled { { file.descriptor(), events, 0 } };
    return wait(guest, polled, std::nullopt);
}

} // namespace vitrine::core::host
