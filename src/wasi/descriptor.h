// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasi/preview1.h"

#include <sys/uio.h>

namespace vitrine::core::wasi {

/// An entry of a folder, as `fd_readdir` lists it.
struct Preview1::Entry {
    std::string name;
    uint64_t inode;
    uint8_t type;
};

/// What a number of the guest stands for.
struct Preview1::Descriptor {
    /// Its own descriptor of the system, or one of the process that it only uses.
    UniqueFd own_fd {};
    int shared_fd = -1;
    /// Instead of a descriptor: takes what is written.
    Sink sink {};
    bool is_folder = false;
    bool is_terminal = false;
    bool is_append = false;
    /// The guest's name of a preopened folder.
    std::optional<std::string> preopen {};
    /// The folder's contents, as read when the guest began to list them.
    std::vector<Entry> entries {};

    int fd() const { return own_fd ? own_fd.get() : shared_fd; }
};

/// The buffers of a read or write, inside the guest's memory.
struct Preview1::Vectors {
    std::vector<iovec> buffers;
    uint64_t bytes = 0;
};

} // namespace vitrine::core::wasi
