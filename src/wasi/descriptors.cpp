// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/descriptors.h"

#include <algorithm>
#include <utility>

namespace vitrine::core::wasi {

Answer<std::shared_ptr<File>> FileTable::find(Fd fd) const
{
    const std::lock_guard lock(mutex_);
    if (!is_open(fd))
        return refuse(Errno::Badf);
    return files_[static_cast<size_t>(fd)];
}

size_t FileTable::lowest_free() const
{
    return static_cast<size_t>(std::ranges::find(files_, nullptr) - files_.begin());
}

Answer<void> FileTable::check_room() const
{
    const std::lock_guard lock(mutex_);
    if (lowest_free() >= max_files_)
        return refuse(Errno::Mfile);
    return {};
}

Answer<Fd> FileTable::add(std::shared_ptr<File> file)
{
    const std::lock_guard lock(mutex_);
    const size_t number = lowest_free();
    if (number >= max_files_)
        return refuse(Errno::Mfile);
    if (number == files_.size())
        files_.emplace_back();
    files_[number] = std::move(file);
    return static_cast<Fd>(number);
}

Answer<void> FileTable::close(Fd fd)
{
    // Destroyed after the lock is released, because closing a file may take long.
    std::shared_ptr<File> closed;
    const std::lock_guard lock(mutex_);
    if (!is_open(fd))
        return refuse(Errno::Badf);
    closed = std::move(files_[static_cast<size_t>(fd)]);
    return {};
}

Answer<void> FileTable::renumber(Fd from, Fd to)
{
    std::shared_ptr<File> closed;
    const std::lock_guard lock(mutex_);
    if (!is_open(from) || !is_open(to))
        return refuse(Errno::Badf);
    if (from == to)
        return {};
    closed = std::exchange(files_[static_cast<size_t>(to)], std::move(files_[static_cast<size_t>(from)]));
    return {};
}

} // namespace vitrine::core::wasi
