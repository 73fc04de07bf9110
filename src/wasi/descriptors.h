// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/file.h"
#include "wasi/abi.h"

#include <memory>
#include <mutex>
#include <vector>

namespace vitrine::core::wasi {

using host::File;

/// The guest's files by descriptor. Thread-safe.
class FileTable {
public:
    explicit FileTable(uint32_t max_files) : max_files_(max_files) {}

    Answer<std::shared_ptr<File>> find(Fd fd) const;
    /// `Mfile` if no descriptor is left.
    Answer<void> check_room() const;
    /// Adds a file under the lowest free descriptor.
    Answer<Fd> add(std::shared_ptr<File> file);
    Answer<void> close(Fd fd);
    /// Moves a file from one descriptor to another, whose file is closed.
    Answer<void> renumber(Fd from, Fd to);

private:
    size_t lowest_free() const;
    bool is_open(Fd fd) const
    {
        return static_cast<size_t>(fd) < files_.size() && files_[static_cast<size_t>(fd)];
    }

    const uint32_t max_files_;
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<File>> files_;
};

} // namespace vitrine::core::wasi
