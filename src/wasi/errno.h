// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace vitrine::core::wasi {

/// The error numbers of preview 1 that this host gives. [wasi: preview1, errno]
enum class Errno : uint16_t {
    Success = 0,
    TooBig = 1,
    Access = 2,
    Again = 6,
    BadFd = 8,
    Busy = 10,
    Exist = 20,
    Fault = 21,
    FileTooBig = 22,
    IllegalBytes = 25,
    Interrupted = 27,
    Invalid = 28,
    Io = 29,
    IsDirectory = 31,
    Loop = 32,
    TooManyFiles = 33,
    TooManyLinks = 34,
    NameTooLong = 37,
    NoEntry = 44,
    NoMemory = 48,
    NoSpace = 51,
    NotSupportedCall = 52,
    NotDirectory = 54,
    NotEmpty = 55,
    NotSocket = 57,
    NotSupported = 58,
    NoDevice = 60,
    Overflow = 61,
    Permission = 63,
    Pipe = 64,
    ReadOnly = 69,
    Seek = 70,
    TextBusy = 74,
    CrossDevice = 75,
};

/// The error number for one of the host's system; an escape from a preopened folder is a missing permission.
Errno errno_of(int system_error);

} // namespace vitrine::core::wasi
