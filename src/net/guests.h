// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace vitrine::core::net {

/// [doc] The register of running guests
///
/// A process whose guest has a door for debuggers writes a file to a folder of its user, so that
/// others find it: `PID.json` in `$XDG_RUNTIME_DIR/vitrine`, or in `/tmp/vitrine-UID` if there is
/// no such folder. Only the user can read either. Whatever else is in there, and files that the
/// user does not own, is not trusted: it is told of or ignored.
///
/// The file says when the process began. Another process can get the same id later, but not the
/// same time.

/// A guest with a door, as its process describes it.
struct RunningGuest {
    pid_t process = 0;
    /// In clock ticks since the machine was started.
    uint64_t start_time = 0;
    /// The absolute path of its file.
    std::string module;
    std::vector<std::string> arguments;
    /// Where each kind of debugger connects, as `HOST:PORT` or the path of a Unix socket. Empty if
    /// it cannot.
    std::string editors {};
    std::string lldb {};
};

/// Creates the folder if it is not there. Fails if others could write to it.
Result<std::string> folder_of_guests();

/// When a process began; 0 if there is no such process.
uint64_t start_time_of(pid_t process);

/// An entry of the register, removed with the object.
class RegisteredGuest {
public:
    RegisteredGuest() = default;
    ~RegisteredGuest();
    RegisteredGuest(RegisteredGuest&& other) noexcept { path_.swap(other.path_); }
    RegisteredGuest& operator=(RegisteredGuest&& other) noexcept
    {
        path_.swap(other.path_);
        return *this;
    }

    /// Registers the guest of this process. Process and time are filled in.
    static Result<RegisteredGuest> create(RunningGuest guest);

private:
    std::string path_;
};

struct GuestList {
    /// By process id.
    std::vector<RunningGuest> guests {};
    /// What was found and not understood: a sentence each.
    std::vector<std::string> problems {};
};

/// All running guests of the user. Removes what dead processes have left.
Result<GuestList> list_guests();

/// The guests that a text means: a process id, the name of the module's file with or without its
/// ending, or its path.
std::vector<RunningGuest> guests_named(const std::vector<RunningGuest>& guests, std::string_view text);

} // namespace vitrine::core::net
