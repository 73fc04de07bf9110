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

/// The line that starts LLDB with these commands, fit to be pasted into a shell.
std::string lldb_command(const std::vector<std::string>& commands);

/// A running LLDB in this terminal, whose Ctrl-C is for it. When it has gone and left the guest standing still, the guest is ended, as
/// nobody else will come.
class Lldb {
public:
    /// Starts the installed one with these commands.
    static Result<std::unique_ptr<Lldb>> start(
        const std::vector<std::string>& commands, debug::Session& session);
    /// The guest has ended: waits for the end of LLDB.
    ~Lldb();
    Lldb(const Lldb&) = delete;
    Lldb& operator=(const Lldb&) = delete;

private:
    Lldb(pid_t process, debug::Session& session);

    std::atomic<bool> guest_is_over_ = false;
    std::thread thread_;
};

} // namespace vitrine::cli
