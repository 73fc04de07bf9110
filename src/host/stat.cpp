// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/stat.h"

namespace vitrine::core::host {

namespace {

constexpr uint64_t second = 1'000'000'000;

uint64_t nanoseconds(const timespec& time)
{
    return static_cast<uint64_t>(time.tv_sec) * second + static_cast<uint64_t>(time.tv_nsec);
}

} // namespace

FileType file_type_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFBLK: return FileType::BlockDevice;
    case S_IFCHR: return FileType::CharacterDevice;
    case S_IFDIR: return FileType::Directory;
    case S_IFREG: return FileType::RegularFile;
    case S_IFLNK: return FileType::SymbolicLink;
    case S_IFSOCK: return FileType::SocketStream;
    case S_IFIFO: return FileType::Fifo;
    default: return FileType::Unknown;
    }
}

Answer<Stat> stat_of(int fd)
{
    struct stat status;
    if (::fstat(fd, &status) != 0)
        return system_error();
    return Stat { .device = status.st_dev,
        .inode = status.st_ino,
        .type = file_type_of(status.st_mode),
        .links = status.st_nlink,
        .size = static_cast<uint64_t>(status.st_size),
        .accessed = nanoseconds(status.st_atim),
        .modified = nanoseconds(status.st_mtim),
        .changed = nanoseconds(status.st_ctim) };
}

timespec new_time::of(uint64_t nanoseconds)
{
    return { static_cast<time_t>(nanoseconds / second), static_cast<long>(nanoseconds % second) };
}

} // namespace vitrine::core::host
