// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/error.h"

#include <cstdint>

namespace vitrine::core::host {

enum class Clock : uint32_t { Realtime, Monotonic, ProcessCpu, ThreadCpu };

/// Nanoseconds of a clock of this machine.
uint64_t time_of(Clock clock);
/// Nanoseconds between two ticks of it.
Answer<uint64_t> resolution_of(Clock clock);

} // namespace vitrine::core::host
