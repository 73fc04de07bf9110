// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/file.h"
#include "host/sandbox.h"
#include "host/stat.h"

#include <memory>
#include <span>
#include <string>

// What is done to paths of the guest, each below an open folder. EROFS where the folder may only be read.

namespace vitrine::core::host {

/// A path below a folder.
struct Path {
    const Sandbox& sandbox;
    const File& folder;
    const std::string& name;
};

/// How a file is opened.
struct OpenMode {
    bool read = false;
    bool write = false;
    bool create = false;
    /// With `create`: refuse what is there already.
    bool exclusive = false;
    bool truncate = false;
    bool directory = false;
    FileFlags flags {};

    /// Whether opening is meant to change something, now or later.
    bool changes() const { return write || create || truncate; }
};

Answer<std::shared_ptr<File>> open(const Path& path, bool follow, const OpenMode& mode);
Answer<Stat> stat_of(const Path& path, bool follow);
Answer<void> set_times(const Path& path, bool follow, const NewTimes& times);
/// Where a symbolic link leads, as far as there is room: answers how many bytes that is.
Answer<size_t> read_link(const Path& path, std::span<char> to);
Answer<void> create_directory(const Path& path);
Answer<void> remove_directory(const Path& path);
Answer<void> unlink_file(const Path& path);
Answer<void> rename(const Path& from, const Path& to);
/// A second name of a file; links are not followed.
Answer<void> link(const Path& from, const Path& to);
/// EPERM for a target that begins with a slash.
Answer<void> symlink(const std::string& target, const Path& path);

} // namespace vitrine::core::host
