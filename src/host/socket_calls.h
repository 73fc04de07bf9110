// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/file.h"
#include "host/wait.h"

#include <span>
#include <sys/uio.h>

// What is done to sockets, but for what is done to other files too.

namespace vitrine::core::host {

/// The next connection of a socket that listens, once there is one.
Answer<std::shared_ptr<File>> accept(Guest& guest, File& listener);

struct Received {
    size_t size;
    /// Whether the message was longer, and its rest is lost.
    bool is_truncated;
};
/// What has come. Does not wait: EAGAIN. `is_peek` leaves it there for the next time.
Answer<Received> receive(File& socket, std::span<const iovec> to, bool is_peek);

/// Ends one direction or both: SHUT_RD, SHUT_WR, SHUT_RDWR.
Answer<void> shut_down(File& socket, int how);

} // namespace vitrine::core::host
