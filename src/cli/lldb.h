// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vitrine/vitrine.hpp>

#include <atomic>
#include <filesystem>
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
    /// Starts the installed LLDB with these commands, of which the last one attaches, and with
    /// Vitrine's own commands.
    static Result<std::unique_ptr<Lldb>> start(
        const std::vector<std::string>& commands, debug::Session& session, bool is_rust);
    /// Waits until LLDB has exited. Called when the guest has ended.
    ~Lldb();
    Lldb(const Lldb&) = delete;
    Lldb& operator=(const Lldb&) = delete;

private:
    /// Files for LLDB, removed when it has ended. Without a folder for them, LLDB has none of
    /// Vitrine's commands.
    class Files {
    public:
        explicit Files(bool is_rust);
        ~Files();
        Files(const Files&) = delete;
        Files& operator=(const Files&) = delete;
        bool exist() const { return !folder_.empty(); }
        /// The command that loads them.
        std::string command() const;

    private:
        std::filesystem::path folder_;
    };

    Lldb(pid_t process, debug::Session& session, std::unique_ptr<Files> files);

    std::unique_ptr<Files> files_;
    std::atomic<bool> guest_is_over_ = false;
    std::thread thread_;
};

} // namespace vitrine::cli
