// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/error.h"

#include <cstdint>

#include <vitrine/kinds.hpp>

namespace vitrine::core::host {

using Clock = vitrine::HostClock;

/// The time of one of this machine's clocks, in nanoseconds.
uint64_t time_of(Clock clock);
/// The time of the monotonic clock after a number of nanoseconds.
uint64_t deadline_after(uint64_t nanoseconds);
/// The nanoseconds between two ticks of the clock.
Answer<uint64_t> resolution_of(Clock clock);

} // namespace vitrine::core::host
