// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/file.h"

#include <cstdint>
#include <span>
#include <sys/uio.h>

// Reads and writes the bytes of open files. Buffers may be anywhere. Nothing here blocks: an
// operation that would have to wait fails with EAGAIN. The caller then waits with `wait_for` and
// tries again, possibly with other buffers. Threads of a guest that use the same file take turns.

namespace vitrine::core::host {

/// Returns fewer bytes than there is room for at the end of the file, or if no more are available
/// now.
Answer<size_t> read(File& file, std::span<const iovec> to);
Answer<size_t> write(File& file, std::span<const iovec> from);
/// Reads or writes at an offset and leaves the file position alone. The file must be seekable.
Answer<size_t> read_at(File& file, std::span<const iovec> to, uint64_t offset);
Answer<size_t> write_at(File& file, std::span<const iovec> from, uint64_t offset);

/// Writes at the end of a regular file.
Answer<size_t> append(File& file, std::span<const iovec> from);

/// ESPIPE for a file that cannot be read or written at an offset.
Answer<void> check_positioned(const File& file);
/// EBADF for the wrong end of a pipe, which would never be ready for `events` (POLLIN, POLLOUT).
Answer<void> check_direction(const File& file, short events);

/// The most bytes that are copied at once to or from a callable of the embedder.
inline constexpr size_t copied_at_once = size_t { 1 } << 16;

/// Calls the file's sink, which takes all bytes.
void write_to_sink(File& file, std::span<const std::byte> from);
/// Calls the file's source, which may block.
size_t read_from_source(File& file, std::span<std::byte> to);

/// How many bytes can be read without blocking, as far as the system can tell.
uint64_t readable_bytes(const File& file);

} // namespace vitrine::core::host
