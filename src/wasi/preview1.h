// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/linker.h"
#include "wasi/files.h"
#include "wasi/sandbox.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace vitrine::core::wasi {

/// A folder of the host that the guest has open from the start.
struct Preopen {
    std::string host_path;
    std::string guest_path;
    Access access = Access::ReadWrite;
};

/// A file of the host that is standard input.
struct InputFile {
    std::string path;
};

/// What a guest gets from its host. Strings are bytes, not necessarily UTF-8.
struct Config {
    /// The program's name first.
    std::vector<std::string> args {};
    std::vector<std::pair<std::string, std::string>> env {};
    std::vector<Preopen> preopens {};
    /// Descriptors of open sockets, which stay the host's own: behind the folders in the order of the guest's descriptors.
    std::vector<int> sockets {};
    /// A descriptor of the host, which stays the host's own, a text, a file, or whatever gives it.
    std::variant<int, std::string, InputFile, Source> in = 0;
    Output out = 1;
    Output err = 2;
    /// Replaces the clocks of the host: nanoseconds. How long a wait takes is still the host's time.
    std::function<uint64_t(Clock)> clock {};
    /// Replaces the random bytes of the host.
    std::function<void(std::span<std::byte>)> random {};
    /// An eventfd of the store whose guest is about to wait: it ends the wait. Without it, `Preview1::interrupt` does.
    std::function<int(Store&)> wake_fd {};
    /// Asked on the guest's thread when a call is about to wait, whenever it is woken, and between the pieces of a call that takes
    /// long: false ends the guest with the trap `Interrupted`. Without it, every wake-up does.
    std::function<bool(Store&)> may_go_on {};
    /// How many descriptors the guest may have, so that it does not use up the host's.
    uint32_t max_files = 512;
    std::optional<Resolution> resolution {};
};

/// The world of one guest process, with all its open files. Lives as long as a linker or store has its functions. May be
/// used from several threads, as the callables of its config may.
class Preview1 {
public:
    /// Refuses a folder that cannot be opened, and strings that no guest could be given.
    static Result<std::shared_ptr<Preview1>> create(Config config);
    Preview1(Config config, Resolution resolution, HostFd wake_fd);

    /// Ends the call that waits now (for input, time, room in a pipe) or takes long, if there is one; the next one waits again.
    /// From any thread or a signal handler. The guest ends with `Interrupted` unless the config says otherwise.
    void interrupt() noexcept;

    const Config& config() const { return config_; }
    FileTable& files() { return files_; }
    const Sandbox& sandbox() const { return sandbox_; }
    int wake_fd(Store& store) const { return config_.wake_fd ? config_.wake_fd(store) : wake_fd_.get(); }
    /// Each as `name=value`.
    const std::vector<std::string>& environment() const { return environment_; }

private:
    const Config config_;
    const Sandbox sandbox_;
    FileTable files_;
    const HostFd wake_fd_;
    std::vector<std::string> environment_;
};

/// Defines all functions of preview 1, and of the snapshot before it, which some old programs import.
Result<void> define(Linker& linker, const std::shared_ptr<Preview1>& host);

/// A row of the table of functions: a letter per parameter (f: descriptor, p: pointer, i: other i32, l: i64).
struct FunctionRow {
    std::string_view name;
    std::string_view parameters;
    bool is_in_preview0;
};
std::span<const FunctionRow> function_table();

} // namespace vitrine::core::wasi
