// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"

#include <cstdint>
#include <optional>

namespace vitrine::core {

/// `memory.atomic.wait32` and `64` on a shared memory: sleeps as long as the number at `address` is `expected`, until it is notified or
/// `timeout` nanoseconds (forever when negative) are over. Answers 0 when notified, 1 when the number was another one,
/// 2 when the time was over; nothing when the guest ends (`Thread::trap`), or was moved elsewhere (`Thread::was_moved`). The thread's state must be complete: what was
/// asked of the thread is dealt with meanwhile. T is uint32_t or uint64_t. [spec: exec/instructions, atomic wait]
template<class T>
std::optional<uint32_t> wait_on(
    Thread& thread, const Memory& memory, const T* address, T expected, int64_t timeout);

/// `memory.atomic.notify`: wakes at most `count` threads that wait at the address, those that have waited longest
/// first, and answers how many: none if the memory is not shared. From any thread.
uint32_t notify(const Memory& memory, const void* address, uint32_t count);

} // namespace vitrine::core
