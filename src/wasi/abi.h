// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "host/clock.h"
#include "host/error.h"
#include "host/file.h"

#include <array>
#include <cstdint>
#include <expected>
#include <string_view>
#include <unistd.h>

// The numbers and layouts of preview 1: its binary interface with guests.

namespace vitrine::core::wasi {

/// The errno values of preview 1.
enum class Errno : uint16_t {
    Success,
#define ERRNO(name, host) name,
#include "wasi/errno.inc"
    Notcapable,
};

/// A value, or the errno that the guest gets instead.
template<class T> using Answer = std::expected<T, Errno>;
inline std::unexpected<Errno> refuse(Errno why) { return std::unexpected(why); }

/// The errno of preview 1 for an error of the host.
Errno number_of(host::Errno why);

// Parameter types, as the table of functions names them.

/// A file descriptor of the guest.
enum class Fd : uint32_t {};
/// An address in the guest's memory.
enum class Pointer : uint32_t {};
using Number = uint32_t;
using Long = uint64_t;

// The enumerators have the numbers of preview 1.
using host::Clock;
using host::FileType;
static_assert(static_cast<int>(FileType::Directory) == 3 && static_cast<int>(FileType::SymbolicLink) == 7);
/// The number of a file type. Preview 1 does not know pipes.
constexpr uint8_t number_of(FileType type)
{
    return static_cast<uint8_t>(type == FileType::Fifo ? FileType::Unknown : type);
}
static_assert(static_cast<int>(Clock::Monotonic) == 1 && static_cast<int>(Clock::ThreadCpu) == 3);
inline constexpr uint32_t clock_count = 4;

namespace rights {
constexpr uint64_t fd_datasync = 1 << 0;
constexpr uint64_t fd_read = 1 << 1;
constexpr uint64_t fd_seek = 1 << 2;
constexpr uint64_t fd_fdstat_set_flags = 1 << 3;
constexpr uint64_t fd_sync = 1 << 4;
constexpr uint64_t fd_tell = 1 << 5;
constexpr uint64_t fd_write = 1 << 6;
constexpr uint64_t fd_advise = 1 << 7;
constexpr uint64_t fd_allocate = 1 << 8;
constexpr uint64_t fd_readdir = 1 << 14;
constexpr uint64_t path_create_directory = 1 << 9;
constexpr uint64_t path_create_file = 1 << 10;
constexpr uint64_t path_link_source = 1 << 11;
constexpr uint64_t path_link_target = 1 << 12;
constexpr uint64_t path_rename_source = 1 << 16;
constexpr uint64_t path_rename_target = 1 << 17;
constexpr uint64_t path_filestat_set_size = 1 << 19;
constexpr uint64_t path_filestat_set_times = 1 << 20;
constexpr uint64_t fd_filestat_get = 1 << 21;
constexpr uint64_t fd_filestat_set_size = 1 << 22;
constexpr uint64_t fd_filestat_set_times = 1 << 23;
constexpr uint64_t path_symlink = 1 << 24;
constexpr uint64_t path_remove_directory = 1 << 25;
constexpr uint64_t path_unlink_file = 1 << 26;
constexpr uint64_t poll_fd_readwrite = 1 << 27;
constexpr uint64_t sock_shutdown = 1 << 28;
constexpr uint64_t sock_accept = 1 << 29;
/// All rights that begin with `path_`, and `fd_readdir`.
constexpr uint64_t of_paths = 0x7fffe00 & ~(fd_filestat_get | fd_filestat_set_size | fd_filestat_set_times);
/// The rights to change a file or a directory.
constexpr uint64_t of_changes = fd_write | fd_allocate | path_create_directory | path_create_file
    | path_link_source | path_link_target | path_rename_source | path_rename_target | path_filestat_set_size
    | path_filestat_set_times | fd_filestat_set_size | fd_filestat_set_times | path_symlink
    | path_remove_directory | path_unlink_file;
} // namespace rights

/// Rights are only advice here: no call fails because a right is missing. They tell the guest what
/// the host would let it do with the file.
uint64_t rights_of(const host::File& file);
/// The rights that files opened through a directory may have.
uint64_t inherited_rights_of(const host::File& file);

namespace lookup_flags {
constexpr uint32_t symlink_follow = 1, all = 1;
}
namespace open_flags {
constexpr uint32_t create = 1, directory = 2, exclusive = 4, truncate = 8, all = 15;
}
namespace fd_flags {
constexpr uint32_t append = 1, dsync = 2, nonblock = 4, rsync = 8, sync = 16, all = 31;
}
/// `rsync` is treated as `sync`.
host::FileFlags file_flags_of(uint32_t flags);
uint16_t number_of(const host::FileFlags& flags);

namespace receive_flags {
constexpr uint32_t peek = 1, wait_all = 2, all = 3;
constexpr uint16_t truncated = 1;
} // namespace receive_flags
namespace shutdown_flags {
constexpr uint32_t reading = 1, writing = 2, all = 3;
}
namespace time_flags {
constexpr uint32_t atim = 1, atim_now = 2, mtim = 4, mtim_now = 8, all = 15;
}

/// What differs between preview 1 and the snapshot before it.
struct Snapshot {
    std::string_view module;
    /// The host's `whence` for each `whence` of the guest.
    std::array<int, 3> whence;
    /// The layout of a filestat: the size of the link count, the offset of the file size, and the
    /// size of the whole. The link count ends where the file size begins.
    uint32_t link_count_bytes, size_at, filestat_bytes;
    /// The layout of a subscription: the offset of its clock, and the size of the whole.
    uint32_t clock_at, subscription_bytes;
};

inline constexpr Snapshot preview1 { "wasi_snapshot_preview1", { SEEK_SET, SEEK_CUR, SEEK_END }, 8, 32, 64,
    16, 48 };
inline constexpr Snapshot preview0 { "wasi_unstable", { SEEK_CUR, SEEK_END, SEEK_SET }, 4, 24, 56, 24, 56 };

} // namespace vitrine::core::wasi

namespace vitrine::core {

/// Converts an error of the host into the errno for the guest.
template<class T> struct FromError<wasi::Answer<T>, host::Errno> {
    static wasi::Answer<T> make(host::Errno why) { return wasi::refuse(wasi::number_of(why)); }
};

} // namespace vitrine::core
