// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/file.h"
#include "host/wait.h"

#include <span>
#include <sys/uio.h>

// Operations that only sockets have.

namespace vitrine::core::host {

/// Waits for the next connection of a listening socket, and accepts it.
Answer<std::shared_ptr<File>> accept(Guest& guest, File& listener);

struct Received {
    size_t size;
    /// Whether the message was longer; the rest of it is lost.
    bool is_truncated;
};
/// Receives what is available, or fails with EAGAIN. `is_peek` leaves it there for the next call.
Answer<Received> receive(File& socket, std::span<const iovec> to, bool is_peek);

/// Ends one direction or both: SHUT_RD, SHUT_WR, SHUT_RDWR.
Answer<void> shut_down(File& socket, int how);

} // namespace vitrine::core::host
