// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasi/errno.h"

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace vitrine::core::wasi {

template<class T> using OrErrno = std::expected<T, Errno>;

/// Owns a file descriptor of the system.
class UniqueFd {
public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept
    {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~UniqueFd();

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// How paths are kept below their folder.
enum class Resolver : uint8_t {
    /// By the kernel, where it can (`openat2`), else by hand.
    Best,
    /// Component by component, never following what it has not read itself.
    ByHand,
};

/// Opens `path` below `folder`: no `..`, absolute path or symbolic link leaves it, whatever changes meanwhile. `flags` as open(2); with O_NOFOLLOW the
/// last component may not be a link.
OrErrno<UniqueFd> open_below(int folder, std::string_view path, int flags, unsigned mode, Resolver resolver);

/// The last component of a path, and the folder it is in.
struct Place {
    UniqueFd folder;
    std::string name;
    /// The path ended with a slash.
    bool must_be_folder = false;
};

/// For calls that work on a name: opens the folder of the last component, which is not followed. `.` and `..` as last component are refused.
OrErrno<Place> find_place(int folder, std::string_view path, Resolver resolver);

} // namespace vitrine::core::wasi
