// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/file.h"

#include <string>

namespace vitrine::core::host {

/// [doc] No path leaves its folder
///
/// A path of the guest is resolved below an open folder and never above it, whatever links are on the way: `..` past
/// the folder, an absolute path or link, and a link of /proc that jumps are refused. The kernel does it (openat2 with
/// RESOLVE_BENEATH); where it cannot, the path is walked one component at a time, from one open folder to the next,
/// without ever following a link blindly. What names a last component (create, rename, remove, link) opens the folder
/// around it first, and names one component there, which no system call follows.
enum class Resolution : uint8_t { Kernel, Components };

/// How paths can be resolved here: some systems and containers refuse openat2.
Resolution detect_resolution();

/// A folder, and the name of something in it: slashes at the end stay, as they say that it must be a folder.
struct Place {
    /// What `folder` refers to, unless that is where the path began.
    HostFd opened;
    int folder;
    std::string name;
};

/// Resolves the guest's paths.
class Sandbox {
public:
    explicit Sandbox(Resolution resolution) : resolution_(resolution) {}

    /// Opens what the path names, as openat does; a link at its end only when `follow` says so. `Perm` when it leads out.
    Answer<HostFd> open(int root, const std::string& path, int flags, bool follow, mode_t mode = 0) const;
    /// The last component, for what creates, renames or removes it.
    Answer<Place> place_of(int root, const std::string& path) const;

private:
    const Resolution resolution_;
};

} // namespace vitrine::core::host
