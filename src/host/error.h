// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cerrno>
#include <expected>

namespace vitrine::core::host {

/// Why the machine did not do what it was asked for: a number of the system, such as ENOENT, or `Ended`.
enum class Errno : int {
    /// The guest must not go on: `Guest::may_go_on` said so.
    Ended = -1,
};

/// A value, or why there is none.
template<class T> using Answer = std::expected<T, Errno>;

inline std::unexpected<Errno> refuse(int number) { return std::unexpected(static_cast<Errno>(number)); }
inline std::unexpected<Errno> refuse(Errno why) { return std::unexpected(why); }
/// Why the last system call failed.
inline std::unexpected<Errno> system_error() { return refuse(errno); }
/// The answer to a system call that gives nothing but success or failure.
inline Answer<void> answer_of(int result)
{
    if (result != 0)
        return system_error();
    return {};
}

} // namespace vitrine::core::host
