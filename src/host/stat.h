// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/error.h"

#include <cstdint>
#include <ctime>
#include <sys/stat.h>

namespace vitrine::core::host {

enum class FileType : uint8_t {
    Unknown,
    BlockDevice,
    CharacterDevice,
    Directory,
    RegularFile,
    SocketDgram,
    SocketStream,
    SymbolicLink,
    Fifo,
};

FileType file_type_of(mode_t mode);

/// The metadata of a file. Times are nanoseconds since 1970.
struct Stat {
    uint64_t device;
    uint64_t inode;
    FileType type;
    uint64_t links;
    uint64_t size;
    uint64_t accessed;
    uint64_t modified;
    uint64_t changed;
};

/// The metadata of the file behind a descriptor.
Answer<Stat> stat_of(int fd);

/// A new value for a time of a file, in the form that the system takes.
namespace new_time {
timespec of(uint64_t nanoseconds);
inline constexpr timespec now { 0, UTIME_NOW };
inline constexpr timespec unchanged { 0, UTIME_OMIT };
} // namespace new_time

/// The times of a file that are set together.
struct NewTimes {
    timespec accessed = new_time::unchanged;
    timespec modified = new_time::unchanged;
};

} // namespace vitrine::core::host
