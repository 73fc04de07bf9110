// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/clock.h"
#include "wasi2/pollable.h"
#include "wasi2/values.h"

#include <algorithm>
#include <cstring>

// The packages wasi:clocks and wasi:random.

namespace vitrine::core::wasi2 {

namespace {

using host::Clock;

// -- wasi:clocks/monotonic-clock

uint64_t monotonic_now(Call& call) { return call.world.host().time(Clock::Monotonic); }

uint64_t resolution_of(Call& call, Clock clock)
{
    return std::max<uint64_t>(call.world.host().resolution(clock).value_or(1), 1);
}

uint64_t monotonic_resolution(Call& call) { return resolution_of(call, Clock::Monotonic); }

Own<Pollable> subscribe_instant(Call& call, uint64_t when)
{
    return Own<Pollable>::make(call.world.host().deadline_at(Clock::Monotonic, when));
}

Own<Pollable> subscribe_duration(uint64_t duration)
{
    return Own<Pollable>::make(host::deadline_after(duration));
}

// -- wasi:clocks/wall-clock

Datetime wall_now(Call& call) { return datetime_of(call.world.host().time(Clock::Realtime)); }

Datetime wall_resolution(Call& call) { return datetime_of(resolution_of(call, Clock::Realtime)); }

// -- wasi:random

/// Fills all of `to`, unless the guest is interrupted.
void fill_with_random(Call& call, std::span<std::byte> to)
{
    for (size_t done = 0; done < to.size();) {
        const auto piece = to.subspan(done, std::min(to.size() - done, host::bytes_at_once));
        const auto size = call.world.host().random(piece);
        if (!size) {
            (void)call.fail(std::string("random bytes: ") + std::strerror(static_cast<int>(size.error())));
            return;
        }
        done += *size;
        if (done < to.size() && !host::check_requests(call))
            return;
    }
}

template<class T> T random_value(Call& call)
{
    T value {};
    fill_with_random(call, std::as_writable_bytes(std::span(&value, 1)));
    return value;
}

std::vector<std::byte> random_bytes(Call& call, uint64_t length)
{
    if (length > component::limits::value_bytes) {
        (void)call.fail("random bytes: no list can have " + std::to_string(length) + " bytes");
        return {};
    }
    std::vector<std::byte> bytes(length);
    fill_with_random(call, bytes);
    return bytes;
}

std::tuple<uint64_t, uint64_t> insecure_seed(Call& call)
{
    return { random_value<uint64_t>(call), random_value<uint64_t>(call) };
}

} // namespace

void define_clocks(Definitions& to)
{
    to.interface("wasi:clocks/monotonic-clock")
        .resource<Pollable>("pollable")
        .func("now", monotonic_now)
        .func("resolution", monotonic_resolution)
        .func("subscribe-instant", subscribe_instant)
        .func("subscribe-duration", subscribe_duration);

    to.interface("wasi:clocks/wall-clock").func("now", wall_now).func("resolution", wall_resolution);
}

void define_random(Definitions& to)
{
    to.interface("wasi:random/random")
        .func("get-random-bytes", random_bytes)
        .func("get-random-u64", random_value<uint64_t>);

    // The same bytes: nothing is gained by worse ones.
    to.interface("wasi:random/insecure")
        .func("get-insecure-random-bytes", random_bytes)
        .func("get-insecure-random-u64", random_value<uint64_t>);

    to.interface("wasi:random/insecure-seed").func("insecure-seed", insecure_seed);
}

} // namespace vitrine::core::wasi2
