// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/error.h"

#include <cstdint>

#include <vitrine/kinds.hpp>

namespace vitrine::core::host {

using Clock = vitrine::HostClock;

/// Nanoseconds of a clock of this machine.
uint64_t time_of(Clock clock);
/// Nanoseconds between two ticks of it.
Answer<uint64_t> resolution_of(Clock clock);

} // namespace vitrine::core::host
