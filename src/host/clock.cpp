// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/clock.h"

#include <ctime>
#include <utility>

namespace vitrine::core::host {

namespace {

uint64_t nanoseconds(const timespec& time)
{
    return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

clockid_t id_of(Clock clock)
{
    switch (clock) {
    case Clock::Realtime: return CLOCK_REALTIME;
    case Clock::Monotonic: return CLOCK_MONOTONIC;
    case Clock::ProcessCpu: return CLOCK_PROCESS_CPUTIME_ID;
    case Clock::ThreadCpu: return CLOCK_THREAD_CPUTIME_ID;
    }
    std::unreachable();
}

} // namespace

uint64_t time_of(Clock clock)
{
    timespec time {};
    ::clock_gettime(id_of(clock), &time);
    return nanoseconds(time);
}

uint64_t deadline_after(uint64_t nanoseconds)
{
    const uint64_t now = time_of(Clock::Monotonic);
    return now > UINT64_MAX - nanoseconds ? UINT64_MAX : now + nanoseconds;
}

Answer<uint64_t> resolution_of(Clock clock)
{
    timespec resolution {};
    if (::clock_getres(id_of(clock), &resolution) != 0)
        return system_error();
    return nanoseconds(resolution);
}

} // namespace vitrine::core::host
