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
    /// Descriptors of open sockets, which stay the host's own: behind the folders in the order of the guest's files.
    std::vector<int> sockets {};
    /// A descriptor of the host, which stays the host's own, a text, a file, or whatever gives it.
    std::variant<int, std::string, InputFile, Source> in = 0;
    Output out = 1;
    Output err = 2;
    /// Replaces the clocks of the host: nanoseconds. How long a wait takes is still the host's time.
    std::function<uint64_t(Clock)> clock {};
    /// Replaces the random bytes of the host.
    std::function<void(std::span<std::byte>)> random {};
    std::optional<Resolution> resolution {};
};

/// A file that the guest has open from the start, and what messages call it.
struct OpenedFile {
    std::string what;
    std::shared_ptr<File> file;
};

/// What one guest process sees of this machine. May be used from several threads, as the callables of its config may.
class World {
public:
    /// Refuses a folder that cannot be opened, and strings that no guest could be given.
    static Result<std::unique_ptr<World>> create(Config config);

    const Config& config() const { return config_; }
    const Sandbox& sandbox() const { return sandbox_; }
    /// Each as `name=value`.
    const std::vector<std::string>& environment() const { return environment_; }
    /// Standard input, output and error, the folders, the sockets.
    std::span<const OpenedFile> files() const { return files_; }

    /// Nanoseconds of a clock as the guest sees it, and nanoseconds between two ticks.
    uint64_t time(Clock clock) const;
    Answer<uint64_t> resolution(Clock clock) const;
    /// Fills the beginning of `to`; answers how much of it.
    Answer<size_t> random(std::span<std::byte> to) const;

    /// Ends the call that waits now or takes long, if there is one and the guest's wake-up is this one; the next one waits again. From
    /// any thread or a signal handler.
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
