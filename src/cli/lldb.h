// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vitrine/vitrine.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace vitrine::cli {

/// The shell command that starts LLDB with these commands.
std::string lldb_command(const std::vector<std::string>& commands);

/// An LLDB running in this terminal; it receives Ctrl-C. If it exits while the guest is stopped,
/// the guest is ended, because no other client will attach.
class Lldb {
public:
    /// Starts the installed LLDB with these commands.
    static Result<std::unique_ptr<Lldb>> start(
        const std::vector<std::string>& commands, debug::Session& session);
    /// Waits until LLDB has exited. Called when the guest has ended.
    ~Lldb();
    Lldb(const Lldb&) = delete;
    Lldb& operator=(const Lldb&) = delete;

private:
    Lldb(pid_t process, debug::Session& session);

    std::atomic<bool> guest_is_over_ = false;
    std::thread thread_;
};

} // namespace vitrine::cli
