// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cerrno>
#include <expected>

namespace vitrine::core::host {

/// Why a call failed: an errno value of the system, such as ENOENT, or `Ended`.
enum class Errno : int {
    /// The guest must end: `Guest::may_go_on` returned false.
    Ended = -1,
};

/// A value, or why there is none.
template<class T> using Answer = std::expected<T, Errno>;

inline std::unexpected<Errno> refuse(int number) { return std::unexpected(static_cast<Errno>(number)); }
inline std::unexpected<Errno> refuse(Errno why) { return std::unexpected(why); }
/// The error of the last system call.
inline std::unexpected<Errno> system_error() { return refuse(errno); }
/// The result of a system call that returns 0 on success.
inline Answer<void> answer_of(int result)
{
    if (result != 0)
        return system_error();
    return {};
}

} // namespace vitrine::core::host
