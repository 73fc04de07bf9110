// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call.h"
#include "wasi/preview1.h"
#include "wasi/stat.h"

#include <fcntl.h>

// What is done to paths: the functions path_*.

namespace vitrine::core::wasi {

namespace {

/// What the path names, opened only to look at it.
Answer<HostFd> look_up(Call& call, const File& folder, const std::string& path, bool follow)
{
    return call.host.sandbox().open(folder.host(), path, O_PATH, follow);
}

/// Where something is to be created, changed or removed: a path as far as its last component.
Answer<Place> place_to_change(Call& call, const File& folder, const std::string& path)
{
    auto place = TRY(call.host.sandbox().place_of(folder.host(), path));
    CHECK(folder.check_changeable());
    return place;
}

Answer<bool> follows(Number flags)
{
    if (flags & ~lookup_flags::all)
        return refuse(Errno::Inval);
    return (flags & lookup_flags::symlink_follow) != 0;
}

constexpr Long reading = rights::fd_read;
/// Only this asks for a file that can be written. Go asks for the right to set the size of each file that it reads.
constexpr Long writing = rights::fd_write;

/// Whether opening is meant to change something, now or later.
bool changes(Number open, Long rights)
{
    return open & (open_flags::create | open_flags::truncate) || rights & writing;
}

int host_open_flags(Number open, Long rights, Number flags)
{
    // Nobody waits in here for the other end of a pipe, and no terminal becomes ours.
    int host = O_NONBLOCK | O_NOCTTY;
    if (rights & writing)
        host |= rights & reading ? O_RDWR : O_WRONLY;
    const std::pair<bool, int> more[] = { { open & open_flags::directory, O_DIRECTORY },
        { open & open_flags::create, O_CREAT }, { open & open_flags::exclusive, O_EXCL },
        { open & open_flags::truncate, O_TRUNC }, { flags & fd_flags::append, O_APPEND },
        { flags & fd_flags::dsync, O_DSYNC }, { flags & (fd_flags::sync | fd_flags::rsync), O_SYNC } };
    for (const auto& [is_set, bit] : more)
        host |= is_set ? bit : 0;
    return host;
}

} // namespace

Answer<void> path_create_directory(Call& call, Fd fd, Pointer path, Number length)
{
    const auto folder = TRY(call.file(fd));
    const auto place = TRY(place_to_change(call, *folder, TRY(call.path(path, length))));
    return answer_of(::mkdirat(place.folder, place.name.c_str(), 0777));
}

Answer<void> path_filestat_get(Call& call, Fd fd, Number flags, Pointer path, Number length, Pointer result)
{
    const auto folder = TRY(call.file(fd));
    const auto name = TRY(call.path(path, length));
    const auto out = TRY(call.bytes(result, call.snapshot.filestat_bytes));
    const auto found = TRY(look_up(call, *folder, name, TRY(follows(flags))));
    struct stat status;
    if (::fstat(found.get(), &status) != 0)
        return host_error();
    return put_filestat(call.snapshot, out, found.get(), file_type_of(status.st_mode));
}

Answer<void> path_filestat_set_times(
    Call& call, Fd fd, Number flags, Pointer path, Number length, Long atim, Long mtim, Number times)
{
    const auto folder = TRY(call.file(fd));
    const auto name = TRY(call.path(path, length));
    const auto host_times = TRY(times_of(atim, mtim, times));
    const auto found = TRY(look_up(call, *folder, name, TRY(follows(flags))));
    CHECK(folder->check_changeable());
    return answer_of(::utimensat(found.get(), "", host_times.data(), AT_EMPTY_PATH));
}

Answer<void> path_link(Call& call, Fd old_fd, Number flags, Pointer old_path, Number old_length, Fd new_fd,
    Pointer new_path, Number new_length)
{
    const auto old_folder = TRY(call.file(old_fd));
    const auto new_folder = TRY(call.file(new_fd));
    const auto old_name = TRY(call.path(old_path, old_length));
    const auto new_name = TRY(call.path(new_path, new_length));
    if (flags != 0)
        return refuse(Errno::Inval);
    // linkat would follow a link before a slash. What stands there is a folder or nothing, and those cannot be linked.
    if (old_name.ends_with('/')) {
        (void)TRY(look_up(call, *old_folder, old_name, true));
        return refuse(Errno::Perm);
    }
    const auto from = TRY(place_to_change(call, *old_folder, old_name));
    const auto to = TRY(place_to_change(call, *new_folder, new_name));
    return answer_of(::linkat(from.folder, from.name.c_str(), to.folder, to.name.c_str(), 0));
}

Answer<void> path_open(Call& call, Fd fd, Number lookup, Pointer path, Number length, Number open,
    Long rights, Long, Number flags, Pointer result)
{
    const auto folder = TRY(call.file(fd));
    const auto name = TRY(call.path(path, length));
    const auto out = TRY(call.out<Fd>(result));
    const bool follow = TRY(follows(lookup));
    if (open & ~open_flags::all || flags & ~fd_flags::all)
        return refuse(Errno::Inval);
    if (open & open_flags::directory
        && open & (open_flags::create | open_flags::exclusive | open_flags::truncate))
        return refuse(Errno::Inval);
    if (changes(open, rights))
        CHECK(folder->check_changeable());
    CHECK(call.host.files().check_room());
    HostFd host = TRY(call.host.sandbox().open(folder->host(), name, host_open_flags(open, rights, flags),
        follow, open & open_flags::create ? 0666 : 0));
    const auto opened = TRY(File::open(std::move(host), false, folder->access()));
    opened->set_nonblocking(flags & fd_flags::nonblock);
    out.put(TRY(call.host.files().add(opened)));
    return {};
}

Answer<void> path_readlink(
    Call& call, Fd fd, Pointer path, Number length, Pointer buffer, Number room, Pointer result)
{
    const auto folder = TRY(call.file(fd));
    const auto name = TRY(call.path(path, length));
    const auto target = TRY(call.bytes(buffer, room));
    const auto out = TRY(call.out<Number>(result));
    const auto found = TRY(look_up(call, *folder, name, false));
    struct stat status;
    if (::fstat(found.get(), &status) != 0)
        return host_error();
    if (!S_ISLNK(status.st_mode))
        return refuse(Errno::Inval);
    // What does not fit is left out. The host would refuse to put it into no bytes at all.
    ssize_t size = 0;
    if (!target.empty())
        size = ::readlinkat(found.get(), "", reinterpret_cast<char*>(target.data()), target.size());
    if (size < 0)
        return host_error();
    out.put(static_cast<Number>(size));
    return {};
}

Answer<void> path_remove_directory(Call& call, Fd fd, Pointer path, Number length)
{
    const auto folder = TRY(call.file(fd));
    const auto place = TRY(place_to_change(call, *folder, TRY(call.path(path, length))));
    return answer_of(::unlinkat(place.folder, place.name.c_str(), AT_REMOVEDIR));
}

Answer<void> path_rename(Call& call, Fd old_fd, Pointer old_path, Number old_length, Fd new_fd,
    Pointer new_path, Number new_length)
{
    const auto old_folder = TRY(call.file(old_fd));
    const auto new_folder = TRY(call.file(new_fd));
    const auto old_name = TRY(call.path(old_path, old_length));
    const auto new_name = TRY(call.path(new_path, new_length));
    const auto from = TRY(place_to_change(call, *old_folder, old_name));
    const auto to = TRY(place_to_change(call, *new_folder, new_name));
    return answer_of(::renameat(from.folder, from.name.c_str(), to.folder, to.name.c_str()));
}

Answer<void> path_symlink(
    Call& call, Pointer target, Number target_length, Fd fd, Pointer path, Number length)
{
    const auto folder = TRY(call.file(fd));
    const auto leads_to = TRY(call.path(target, target_length));
    const auto name = TRY(call.path(path, length));
    // It could never be followed. One that leads out some other way is refused when it is.
    if (leads_to.starts_with('/'))
        return refuse(Errno::Perm);
    const auto place = TRY(place_to_change(call, *folder, name));
    return answer_of(::symlinkat(leads_to.c_str(), place.folder, place.name.c_str()));
}

Answer<void> path_unlink_file(Call& call, Fd fd, Pointer path, Number length)
{
    const auto folder = TRY(call.file(fd));
    const auto place = TRY(place_to_change(call, *folder, TRY(call.path(path, length))));
    return answer_of(::unlinkat(place.folder, place.name.c_str(), 0));
}

} // namespace vitrine::core::wasi
