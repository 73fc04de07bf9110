// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/error.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <poll.h>
#include <vector>

namespace vitrine::core::host {

class File;

/// The guest that something is done for. Whoever runs it can end what waits or takes long.
class Guest {
public:
    /// An eventfd that wakes a wait.
    virtual int wake_fd() = 0;
    /// Asked before a wait, whenever one has been woken, and between the pieces of work that takes long; `is_woken` says
    /// whether the eventfd was written. False ends the work with `Errno::Ended`. A debugger may have a look meanwhile,
    /// and the guest's memory may change and move.
    virtual bool may_go_on(bool is_woken) = 0;

protected:
    ~Guest() = default;
};

/// What is done between two looks at what was asked of the guest: so many bytes at most are transferred, filled or copied
/// at once.
inline constexpr size_t bytes_at_once = size_t { 1 } << 20;

/// To be called between the pieces of work that takes long.
Answer<void> check_requests(Guest& guest);

/// Waits until one of the descriptors is ready or the monotonic clock reaches the deadline.
Answer<void> wait(Guest& guest, std::vector<pollfd>& polled, std::optional<uint64_t> deadline);

/// Whether the file is ready for `events` (POLLIN, POLLOUT), or will never be; `errno` is EAGAIN when it is not.
bool is_ready(const File& file, short events);
/// Waits until it is. EAGAIN for a file that the guest does not want to wait for.
Answer<void> wait_for(Guest& guest, const File& file, short events);

} // namespace vitrine::core::host
