// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/path_calls.h"

#include "base/result.h"

#include <climits>
#include <cstdio>
#include <fcntl.h>
#include <utility>

namespace vitrine::core::host {

namespace {

/// Opens what the path names, only to inspect it.
Answer<HostFd> look_up(const Path& path, bool follow)
{
    return path.sandbox.open(path.folder.descriptor(), path.name, O_PATH, follow);
}

/// Resolves a path up to its last component, which is to be created, changed or removed.
Answer<Place> place_to_change(const Path& path)
{
    auto place = TRY(path.sandbox.place_of(path.folder.descriptor(), path.name));
    CHECK(path.folder.check_changeable());
    return place;
}

int open_flags_of(const OpenMode& mode)
{
    // Never wait for the other end of a pipe, and never make a terminal the controlling one.
    int flags = O_NONBLOCK | O_NOCTTY;
    if (mode.write)
        flags |= mode.read ? O_RDWR : O_WRONLY;
    const std::pair<bool, int> more[] = { { mode.directory, O_DIRECTORY }, { mode.create, O_CREAT },
        { mode.exclusive, O_EXCL }, { mode.truncate, O_TRUNC }, { mode.flags.append, O_APPEND },
        { mode.flags.sync_data, O_DSYNC }, { mode.flags.sync_all, O_SYNC } };
    for (const auto& [is_set, bit] : more)
        flags |= is_set ? bit : 0;
    return flags;
}

} // namespace

Answer<void> check_path(std::string_view path)
{
    if (path.size() >= PATH_MAX)
        return refuse(ENAMETOOLONG);
    if (path.contains('\0'))
        return refuse(EINVAL);
    return {};
}

Answer<std::shared_ptr<File>> open(const Path& path, bool follow, const OpenMode& mode)
{
    if (mode.changes())
        CHECK(path.folder.check_changeable());
    HostFd opened = TRY(path.sandbox.open(
        path.folder.descriptor(), path.name, open_flags_of(mode), follow, mode.create ? 0666 : 0));
    auto file = TRY(File::open(std::move(opened), false, path.folder.access()));
    file->set_nonblocking(mode.flags.nonblocking);
    return file;
}

Answer<Stat> stat_of(const Path& path, bool follow)
{
    const auto found = TRY(look_up(path, follow));
    return stat_of(found.get());
}

Answer<void> set_times(const Path& path, bool follow, const NewTimes& times)
{
    const auto found = TRY(look_up(path, follow));
    CHECK(path.folder.check_changeable());
    const timespec both[] { times.accessed, times.modified };
    return answer_of(::utimensat(found.get(), "", both, AT_EMPTY_PATH));
}

Answer<size_t> read_link(const Path& path, std::span<char> to)
{
    const auto found = TRY(look_up(path, false));
    if (TRY(stat_of(found.get())).type != FileType::SymbolicLink)
        return refuse(EINVAL);
    // A target that does not fit is truncated. The system call would refuse an empty buffer.
    if (to.empty())
        return 0;
    const ssize_t size = ::readlinkat(found.get(), "", to.data(), to.size());
    if (size < 0)
        return system_error();
    return static_cast<size_t>(size);
}

Answer<void> create_directory(const Path& path)
{
    const auto place = TRY(place_to_change(path));
    return answer_of(::mkdirat(place.folder, place.name.c_str(), 0777));
}

Answer<void> remove_directory(const Path& path)
{
    const auto place = TRY(place_to_change(path));
    return answer_of(::unlinkat(place.folder, place.name.c_str(), AT_REMOVEDIR));
}

Answer<void> unlink_file(const Path& path)
{
    const auto place = TRY(place_to_change(path));
    return answer_of(::unlinkat(place.folder, place.name.c_str(), 0));
}

Answer<void> rename(const Path& from, const Path& to)
{
    const auto old_place = TRY(place_to_change(from));
    const auto new_place = TRY(place_to_change(to));
    return answer_of(
        ::renameat(old_place.folder, old_place.name.c_str(), new_place.folder, new_place.name.c_str()));
}

Answer<void> link(const Path& from, const Path& to)
{
    // linkat would follow a link before a trailing slash. The path must name a directory then, and
    // directories cannot be linked.
    if (from.name.ends_with('/')) {
        (void)TRY(look_up(from, true));
        return refuse(EPERM);
    }
    const auto old_place = TRY(place_to_change(from));
    const auto new_place = TRY(place_to_change(to));
    return answer_of(
        ::linkat(old_place.folder, old_place.name.c_str(), new_place.folder, new_place.name.c_str(), 0));
}

Answer<void> symlink(const std::string& target, const Path& path)
{
    // Such a link could never be followed. Other links that lead out of the directory are refused
    // when they are followed.
    if (target.starts_with('/'))
        return refuse(EPERM);
    const auto place = TRY(place_to_change(path));
    return answer_of(::symlinkat(target.c_str(), place.folder, place.name.c_str()));
}

} // namespace vitrine::core::host
