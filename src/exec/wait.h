// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"

#include <cstdint>
#include <optional>

namespace vitrine::core {

/// `memory.atomic.wait32` and `wait64` on a shared memory. While the number at `address` is
/// `expected`, sleeps until notified or until `timeout` nanoseconds have passed (forever when
/// negative). Returns 0 when notified, 1 when the number was different, 2 on timeout. Returns
/// nothing when the guest ends (`Thread::trap`) or was moved (`Thread::was_moved`). Handles
/// requests to the thread meanwhile, so its state must be complete. T is uint32_t or uint64_t.
/// [spec: exec/instructions, atomic wait]
template<class T>
std::optional<uint32_t> wait_on(
    Thread& thread, const Memory& memory, const T* address, T expected, int64_t timeout);

/// `memory.atomic.notify`: wakes at most `count` threads that wait at the address, those that have
/// waited longest first, and returns their number. Returns 0 if the memory is not shared. May be
/// called from any thread.
uint32_t notify(const Memory& memory, const void* address, uint32_t count);

} // namespace vitrine::core
