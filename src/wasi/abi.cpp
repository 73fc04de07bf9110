// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/abi.h"

namespace vitrine::core::wasi {

Errno number_of(host::Errno why)
{
    if (why == host::Errno::Ended)
        return Errno::Intr;
    switch (static_cast<int>(why)) {
    case 0: return Errno::Success;
#define ERRNO(name, host) \
    case host: return Errno::name;
#include "wasi/errno.inc"
    default: return Errno::Io;
    }
}

namespace {

constexpr uint64_t rights_of_all = rights::fd_datasync | rights::fd_fdstat_set_flags | rights::fd_sync
    | rights::fd_filestat_get | rights::fd_filestat_set_times | rights::poll_fd_readwrite;
constexpr uint64_t rights_of_readers = rights::fd_read;
constexpr uint64_t rights_of_writers = rights::fd_write | rights::fd_allocate | rights::fd_filestat_set_size;
constexpr uint64_t rights_of_seekers = rights::fd_seek | rights::fd_tell | rights::fd_advise;
// Truncating a file when opening it is not a separate right here: nothing could withhold it.
constexpr uint64_t rights_of_folders = rights_of_all | (rights::of_paths & ~rights::path_filestat_set_size);

uint64_t rights_to_read_and_write(const host::File& file)
{
    const bool can_be_shut = file.type() == FileType::SocketStream || file.type() == FileType::SocketDgram;
    return rights_of_all | (file.can_read() ? rights_of_readers : 0)
        | (file.can_write() ? rights_of_writers : 0) | (file.is_seekable() ? rights_of_seekers : 0)
        | (can_be_shut ? rights::sock_shutdown : 0) | (file.is_listening() ? rights::sock_accept : 0);
}

} // namespace

uint64_t rights_of(const host::File& file)
{
    const uint64_t all = file.is_directory() ? rights_of_folders : rights_to_read_and_write(file);
    return all & ~(file.access() == host::Access::ReadOnly ? rights::of_changes : 0);
}

/// The rights to change files are kept even where nothing may be changed. To open a file, C
/// libraries only request rights that the directory passes on. Without these rights the open would
/// succeed, and the guest would only fail at its first write.
uint64_t inherited_rights_of(const host::File& file)
{
    constexpr uint64_t of_files = rights_of_all | rights_of_readers | rights_of_writers | rights_of_seekers;
    return file.is_directory() ? rights_of_folders | of_files : 0;
}

host::FileFlags file_flags_of(uint32_t flags)
{
    return { .append = (flags & fd_flags::append) != 0,
        .nonblocking = (flags & fd_flags::nonblock) != 0,
        .sync_data = (flags & fd_flags::dsync) != 0,
        .sync_all = (flags & (fd_flags::sync | fd_flags::rsync)) != 0 };
}

uint16_t number_of(const host::FileFlags& flags)
{
    return static_cast<uint16_t>((flags.append ? fd_flags::append : 0)
        | (flags.nonblocking ? fd_flags::nonblock : 0) | (flags.sync_data ? fd_flags::dsync : 0)
        | (flags.sync_all ? fd_flags::sync : 0));
}

} // namespace vitrine::core::wasi
