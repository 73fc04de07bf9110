// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasi/call.h"

#include <cstdint>
#include <optional>
#include <poll.h>
#include <vector>

namespace vitrine::core::wasi {

/// Nanoseconds of a clock of the host.
uint64_t host_time(clockid_t clock);
/// Nanoseconds of a clock as the guest sees it.
uint64_t time_of(const Call& call, Clock clock);

/// Waits until one of the descriptors is ready or the host's monotonic clock reaches the deadline. Whoever runs the guest can wake it
/// meanwhile: a debugger may have a look, and the guest and its memory change. Ends with `Intr`, and a trap in the call, when the
/// guest must not go on.
Answer<void> wait(Call& call, std::vector<pollfd>& polled, std::optional<uint64_t> deadline);

/// The guest's buffers once the file is ready for `events` (POLLIN, POLLOUT): `Again` when it is not and the guest wants no waits.
Answer<std::vector<iovec>> wait_for_buffers(
    Call& call, const File& file, short events, Pointer at, Number count);

} // namespace vitrine::core::wasi
