// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "host/clock.h"
#include "host/file.h"
#include "host/sandbox.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace vitrine::core::host {

/// A directory of the host that is open in the guest from the start.
struct Preopen {
    std::string host_path;
    std::string guest_path;
    Access access = Access::ReadWrite;
};

/// A file of the host that becomes standard input.
struct InputFile {
    std::string path;
};

/// What a guest gets from its host. Strings are bytes, not necessarily UTF-8.
struct Config {
    /// The program's name comes first.
    std::vector<std::string> args {};
    std::vector<std::pair<std::string, std::string>> env {};
    std::vector<Preopen> preopens {};
    /// Descriptors of open sockets, which the host keeps. The guest gets duplicates, numbered after
    /// the directories.
    std::vector<int> sockets {};
    /// Standard input: a descriptor, which the host keeps, a text, a file, or a function that
    /// supplies the bytes.
    std::variant<int, std::string, InputFile, Source> in = 0;
    Output out = 1;
    Output err = 2;
    /// Replaces the host's clocks; returns nanoseconds. Waits still use the host's time.
    std::function<uint64_t(Clock)> clock {};
    /// Replaces the host's random bytes.
    std::function<void(std::span<std::byte>)> random {};
    std::optional<Resolution> resolution {};
};

/// A file that is open in the guest from the start, and its name for messages.
struct OpenedFile {
    std::string what;
    std::shared_ptr<File> file;
};

/// What one guest process sees of this machine. Thread-safe if the callables of its configuration
/// are.
class World {
public:
    /// Fails for a directory that cannot be opened, and for strings that cannot be passed to a
    /// guest.
    static Result<std::unique_ptr<World>> create(Config config);

    const Config& config() const { return config_; }
    const Sandbox& sandbox() const { return sandbox_; }
    /// The environment variables as `name=value`.
    const std::vector<std::string>& environment() const { return environment_; }
    /// Standard input, output and error, then the directories, then the sockets.
    std::span<const OpenedFile> files() const { return files_; }

    /// The time of a clock as the guest sees it, and the time between two ticks, in nanoseconds.
    uint64_t time(Clock clock) const;
    Answer<uint64_t> resolution(Clock clock) const;
    /// When a clock of the guest will show a time, on the host's monotonic clock. Waits use this,
    /// because they take the host's time.
    uint64_t deadline_at(Clock clock, uint64_t time) const;
    /// Fills the beginning of `to` and returns how many bytes that is.
    Answer<size_t> random(std::span<std::byte> to) const;

    /// Ends the guest's current call if it waits or takes long and uses this `wake_fd`. Later calls
    /// wait as usual. May be called from any thread or a signal handler.
    void interrupt() noexcept;
    /// The eventfd that `interrupt` writes.
    int wake_fd() const { return wake_fd_.get(); }

private:
    World(Config config, Resolution resolution, HostFd wake_fd);

    Result<void> add(std::string what, Answer<std::shared_ptr<File>> file);
    Result<void> add_input();
    Result<void> add_output(const char* what, const Output& output);
    Result<void> add_folder(const Preopen& preopen);
    Result<void> add_socket(int socket);

    const Config config_;
    const Sandbox sandbox_;
    const HostFd wake_fd_;
    std::vector<std::string> environment_;
    std::vector<OpenedFile> files_;
};

} // namespace vitrine::core::host
