// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/file.h"
#include "host/stat.h"
#include "host/wait.h"

#include <cstdint>

// Operations on open files, except for reading and writing (host/io.h).

namespace vitrine::core::host {

/// Announces how the file will be used: POSIX_FADV_NORMAL, ...
Answer<void> advise(File& file, uint64_t offset, uint64_t length, int advice);
/// Reserves space for a range of the file. The file grows if it is shorter.
Answer<void> allocate(Guest& guest, File& file, uint64_t offset, uint64_t length);
Answer<void> sync_data(File& file);
Answer<void> sync_all(File& file);
Answer<void> set_size(File& file, uint64_t size);
Answer<void> set_times(File& file, const NewTimes& times);
/// Whether the file is a terminal. Sinks and sources of the embedder count as terminals.
bool is_terminal(const File& file);
/// Moves the file position and returns the new one. `whence` is SEEK_SET, SEEK_CUR or SEEK_END.
Answer<uint64_t> seek(File& file, int64_t offset, int whence);

} // namespace vitrine::core::host
