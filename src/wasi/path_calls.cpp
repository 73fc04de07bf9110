// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/path_calls.h"

#include "wasi/call.h"
#include "wasi/fields.h"
#include "wasi/preview1.h"

// The functions path_*: decode the guest's arguments, call the host, and store the results.

namespace vitrine::core::wasi {

namespace {

Answer<bool> follows(Number flags)
{
    if (flags & ~lookup_flags::all)
        return refuse(Errno::Inval);
    return (flags & lookup_flags::symlink_follow) != 0;
}

/// Only the right `fd_write` makes the file writable. Other rights to change it do not: Go requests
/// the right to set the size of every file that it reads.
host::OpenMode mode_of(Number open, Long rights, Number flags)
{
    return { .read = (rights & rights::fd_read) != 0,
        .write = (rights & rights::fd_write) != 0,
        .create = (open & open_flags::create) != 0,
        .exclusive = (open & open_flags::exclusive) != 0,
        .truncate = (open & open_flags::truncate) != 0,
        .directory = (open & open_flags::directory) != 0,
        .flags = file_flags_of(flags) };
}

/// Calls a host function with a path of the guest, relative to a directory.
template<class F> Answer<void> with_path(Call& call, Fd fd, Pointer path, Number length, const F& function)
{
    const auto folder = TRY(call.file(fd));
    const auto name = TRY(call.path(path, length));
    CHECK(function(call.path_in(*folder, name)));
    return {};
}

} // namespace

Answer<void> path_create_directory(Call& call, Fd fd, Pointer path, Number length)
{
    return with_path(call, fd, path, length, host::create_directory);
}

Answer<void> path_filestat_get(Call& call, Fd fd, Number flags, Pointer path, Number length, Pointer result)
{
    const auto folder = TRY(call.file(fd));
    const auto name = TRY(call.path(path, length));
    const auto room = TRY(call.room(result, call.snapshot.filestat_bytes));
    const bool follow = TRY(follows(flags));
    put_filestat(call.snapshot, room, TRY(host::stat_of(call.path_in(*folder, name), follow)));
    return {};
}

Answer<void> path_filestat_set_times(
    Call& call, Fd fd, Number flags, Pointer path, Number length, Long atim, Long mtim, Number times)
{
    const auto folder = TRY(call.file(fd));
    const auto name = TRY(call.path(path, length));
    const auto new_times = TRY(times_of(atim, mtim, times));
    const bool follow = TRY(follows(flags));
    CHECK(host::set_times(call.path_in(*folder, name), follow, new_times));
    return {};
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
    CHECK(host::link(call.path_in(*old_folder, old_name), call.path_in(*new_folder, new_name)));
    return {};
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
    const host::OpenMode mode = mode_of(open, rights, flags);
    if (mode.changes())
        CHECK(folder->check_changeable());
    CHECK(call.process.files().check_room());
    auto opened = TRY(host::open(call.path_in(*folder, name), follow, mode));
    out.put(TRY(call.process.files().add(std::move(opened))));
    return {};
}

Answer<void> path_readlink(
    Call& call, Fd fd, Pointer path, Number length, Pointer buffer, Number size, Pointer result)
{
    const auto folder = TRY(call.file(fd));
    const auto name = TRY(call.path(path, length));
    const auto room = TRY(call.room(buffer, size));
    const auto out = TRY(call.out<Number>(result));
    const Edit target = room.edit(0, size);
    const std::span text(reinterpret_cast<char*>(target.bytes().data()), target.bytes().size());
    const size_t written = TRY(host::read_link(call.path_in(*folder, name), text));
    target.commit(written);
    out.put(static_cast<Number>(written));
    return {};
}

Answer<void> path_remove_directory(Call& call, Fd fd, Pointer path, Number length)
{
    return with_path(call, fd, path, length, host::remove_directory);
}

Answer<void> path_rename(Call& call, Fd old_fd, Pointer old_path, Number old_length, Fd new_fd,
    Pointer new_path, Number new_length)
{
    const auto old_folder = TRY(call.file(old_fd));
    const auto new_folder = TRY(call.file(new_fd));
    const auto old_name = TRY(call.path(old_path, old_length));
    const auto new_name = TRY(call.path(new_path, new_length));
    CHECK(host::rename(call.path_in(*old_folder, old_name), call.path_in(*new_folder, new_name)));
    return {};
}

Answer<void> path_symlink(
    Call& call, Pointer target, Number target_length, Fd fd, Pointer path, Number length)
{
    const auto folder = TRY(call.file(fd));
    const auto leads_to = TRY(call.path(target, target_length));
    const auto name = TRY(call.path(path, length));
    CHECK(host::symlink(leads_to, call.path_in(*folder, name)));
    return {};
}

Answer<void> path_unlink_file(Call& call, Fd fd, Pointer path, Number length)
{
    return with_path(call, fd, path, length, host::unlink_file);
}

} // namespace vitrine::core::wasi
