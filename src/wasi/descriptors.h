// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/file.h"
#include "wasi/abi.h"

#include <memory>
#include <mutex>
#include <vector>

namespace vitrine::core::wasi {

using host::File;

/// The guest's descriptors, by number. Safe to use from several threads.
class FileTable {
public:
    explicit FileTable(uint32_t max_files) : max_files_(max_files) {}

    Answer<std::shared_ptr<File>> find(Fd fd) const;
    /// Whether there is a number left; `Mfile` if not.
    Answer<void> check_room() const;
    /// Gives it the lowest free number.
    Answer<Fd> add(std::shared_ptr<File> file);
    Answer<void> close(Fd fd);
    /// Moves a file to the number of another, which is closed.
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
