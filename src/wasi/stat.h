// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasi/abi.h"

#include <array>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <span>
#include <sys/stat.h>

namespace vitrine::core::wasi {

inline FileType file_type_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFBLK: return FileType::BlockDevice;
    case S_IFCHR: return FileType::CharacterDevice;
    case S_IFDIR: return FileType::Directory;
    case S_IFREG: return FileType::RegularFile;
    case S_IFLNK: return FileType::SymbolicLink;
    case S_IFSOCK: return FileType::SocketStream;
    default: return FileType::Unknown;
    }
}

/// Writes what is known about an open file, whose type is known already, as a filestat.
inline Answer<void> put_filestat(const Snapshot& snapshot, std::span<uint8_t> out, int fd, FileType type)
{
    struct stat status;
    if (::fstat(fd, &status) != 0)
        return host_error();
    const auto put = [&](size_t at, uint64_t value, size_t bytes = 8) {
        std::memcpy(&out[at], &value, bytes);
    };
    const auto nanoseconds = [](const timespec& time) {
        return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
    };
    std::memset(out.data(), 0, out.size());
    put(0, status.st_dev);
    put(8, status.st_ino);
    put(16, static_cast<uint64_t>(type), 1);
    put(snapshot.size_at - snapshot.link_count_bytes, status.st_nlink, snapshot.link_count_bytes);
    put(snapshot.size_at, static_cast<uint64_t>(status.st_size));
    put(snapshot.size_at + 8, nanoseconds(status.st_atim));
    put(snapshot.size_at + 16, nanoseconds(status.st_mtim));
    put(snapshot.size_at + 24, nanoseconds(status.st_ctim));
    return {};
}

/// New times of a file as the host takes them.
inline Answer<std::array<timespec, 2>> times_of(uint64_t atim, uint64_t mtim, uint32_t flags)
{
    const auto both = [&](uint32_t bits) { return (flags & bits) == bits; };
    if (flags & ~time_flags::all || both(time_flags::atim | time_flags::atim_now)
        || both(time_flags::mtim | time_flags::mtim_now))
        return refuse(Errno::Inval);
    const auto time = [&](uint64_t value, uint32_t given, uint32_t now) -> timespec {
        if (flags & given)
            return { static_cast<time_t>(value / 1'000'000'000), static_cast<long>(value % 1'000'000'000) };
        return { 0, flags & now ? UTIME_NOW : UTIME_OMIT };
    };
    return std::array { time(atim, time_flags::atim, time_flags::atim_now),
        time(mtim, time_flags::mtim, time_flags::mtim_now) };
}

} // namespace vitrine::core::wasi
