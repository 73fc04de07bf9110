// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/error.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <poll.h>
#include <unordered_map>
#include <vector>

namespace vitrine::core::host {

class File;

/// The guest on whose behalf a call is made. The code that runs the guest can end calls that wait
/// or take long.
class Guest {
public:
    /// An eventfd that wakes a waiting call.
    virtual int wake_fd() = 0;
    /// Called before a wait, each time a wait is woken, and between the pieces of a long operation.
    /// `is_woken` tells whether the eventfd was written. Returning false ends the call with
    /// `Errno::Ended`. A debugger may stop the guest in here, and the guest's memory may change and
    /// move.
    virtual bool may_go_on(bool is_woken) = 0;

protected:
    ~Guest() = default;
};

/// The most bytes that are transferred, filled or copied between two checks for requests to the
/// guest.
inline constexpr size_t bytes_at_once = size_t { 1 } << 20;

/// Call this between the pieces of a long operation.
Answer<void> check_requests(Guest& guest);

/// Waits until one of the descriptors is ready or the monotonic clock reaches the deadline.
Answer<void> wait(Guest& guest, std::vector<pollfd>& polled, std::optional<uint64_t> deadline);

/// Files and a time to wait for together. Each file is polled once, however often it is added: the
/// system polls at most as many descriptors as the process may have open.
class WaitSet {
public:
    /// Adds events (POLLIN, POLLOUT) of a file, which must exist until after the wait. Returns the
    /// place of the file, for `happened`.
    size_t add(const File& file, short events);
    /// Ends the wait at this time of the monotonic clock, or earlier.
    void add(uint64_t deadline);

    Answer<void> wait(Guest& guest) { return host::wait(guest, polled_, deadline_); }
    /// Which of these events of a file happened, and errors and hang-ups of the file.
    short happened(size_t place, short events) const
    {
        return static_cast<short>(polled_[place].revents & (events | POLLERR | POLLHUP | POLLNVAL));
    }

private:
    std::vector<pollfd> polled_;
    std::unordered_map<const File*, size_t> places_;
    std::optional<uint64_t> deadline_;
};

/// Whether an operation would not block: the file is ready for `events` (POLLIN, POLLOUT), or never
/// will be. Sets `errno` to EAGAIN otherwise.
bool is_ready(const File& file, short events);
/// Waits until `is_ready`. EAGAIN if the guest has made the file nonblocking.
Answer<void> wait_for(Guest& guest, const File& file, short events);

} // namespace vitrine::core::host
