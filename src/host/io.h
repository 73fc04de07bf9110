// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/file.h"

#include <cstdint>
#include <span>
#include <sys/uio.h>

// The bytes of open files, into and out of buffers that lie anywhere. Nothing here waits: what would have to wait
// answers with EAGAIN, and `wait_for` waits before the next attempt, for which the buffers may be others. Several threads
// of a guest take turns.

namespace vitrine::core::host {

/// Fewer bytes than there is room for: the end of the file, or no more of them now.
Answer<size_t> read(File& file, std::span<const iovec> to);
Answer<size_t> write(File& file, std::span<const iovec> from);
/// At a position, which stays where it is. The file must be seekable.
Answer<size_t> read_at(File& file, std::span<const iovec> to, uint64_t offset);
Answer<size_t> write_at(File& file, std::span<const iovec> from, uint64_t offset);

/// ESPIPE for a file that has no positions.
Answer<void> check_positioned(const File& file);
/// EBADF for the wrong end of a pipe, which would never be ready for `events` (POLLIN, POLLOUT).
Answer<void> check_direction(const File& file, short events);

/// What is copied at once to a function of the embedder, or from one.
inline constexpr size_t copied_at_once = size_t { 1 } << 16;

/// Calls the sink of a file, which takes everything.
void write_to_sink(File& file, std::span<const std::byte> from);
/// Calls the source of a file, which may wait.
size_t read_from_source(File& file, std::span<std::byte> to);

/// How many bytes can be read without a wait, as far as the system says.
uint64_t readable_bytes(const File& file);

} // namespace vitrine::core::host
