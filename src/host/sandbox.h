// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/file.h"

#include <string>

namespace vitrine::core::host {

/// [doc] No path leaves its directory
///
/// A path of the guest is resolved below an open directory and never leaves it, whatever links it
/// contains. `..` beyond the directory, absolute paths and links, and the magic links of /proc are
/// refused. The kernel does this (openat2 with RESOLVE_BENEATH). Where it cannot, we walk the path
/// component by component, from one open directory to the next, and never let the system follow a
/// link. Operations on a last component (create, rename, remove, link) first open the directory
/// that contains it, and then use the component's name there, which no system call follows.
enum class Resolution : uint8_t { Kernel, Components };

/// How paths can be resolved on this machine. Some systems and containers refuse openat2.
Resolution detect_resolution();

/// A directory and the name of something in it. Trailing slashes are kept, because they say that
/// the name must be a directory.
struct Place {
    /// Owns `folder`, unless that is the directory where the path began.
    HostFd opened;
    int folder;
    std::string name;
};

/// Resolves the guest's paths.
class Sandbox {
public:
    explicit Sandbox(Resolution resolution) : resolution_(resolution) {}

    /// Opens what the path names, like openat. Follows a link in the last component only if
    /// `follow` is set. EPERM if the path leads out of the directory.
    Answer<HostFd> open(int root, const std::string& path, int flags, bool follow, mode_t mode = 0) const;
    /// The place of the last component, for operations that create, rename or remove it.
    Answer<Place> place_of(int root, const std::string& path) const;

private:
    const Resolution resolution_;
};

} // namespace vitrine::core::host
