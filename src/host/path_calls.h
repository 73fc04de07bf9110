// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/file.h"
#include "host/sandbox.h"
#include "host/stat.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>

// Operations on paths of the guest, each relative to an open directory. They fail with EROFS if
// they would change something in a directory that is read-only.

namespace vitrine::core::host {

/// A path relative to a directory.
struct Path {
    const Sandbox& sandbox;
    const File& folder;
    const std::string& name;
};

/// ENAMETOOLONG or EINVAL for a path that no system call takes: one that is too long, or contains a
/// NUL.
Answer<void> check_path(std::string_view path);

/// How a file is opened.
struct OpenMode {
    bool read = false;
    bool write = false;
    bool create = false;
    /// With `create`: fail if the file already exists.
    bool exclusive = false;
    bool truncate = false;
    bool directory = false;
    FileFlags flags {};

    /// Whether the file is opened in order to change something, now or later.
    bool changes() const { return write || create || truncate; }
};

Answer<std::shared_ptr<File>> open(const Path& path, bool follow, const OpenMode& mode);
Answer<Stat> stat_of(const Path& path, bool follow);
Answer<void> set_times(const Path& path, bool follow, const NewTimes& times);
/// Stores the target of a symbolic link, as much as there is room for, and returns its size in
/// bytes.
Answer<size_t> read_link(const Path& path, std::span<char> to);
Answer<void> create_directory(const Path& path);
Answer<void> remove_directory(const Path& path);
Answer<void> unlink_file(const Path& path);
Answer<void> rename(const Path& from, const Path& to);
/// Makes a second name for a file. Does not follow links.
Answer<void> link(const Path& from, const Path& to);
/// EPERM for a target that begins with a slash.
Answer<void> symlink(const std::string& target, const Path& path);

} // namespace vitrine::core::host
