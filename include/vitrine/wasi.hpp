// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// WASI preview 1: arguments, environment, streams, folders, clocks and random bytes for a guest. Part of the target `vitrine::wasi`.
#pragma once

#include <vitrine/vitrine.hpp>

namespace vitrine {

enum class WasiClock : std::uint8_t { Realtime, Monotonic, ProcessCpu, ThreadCpu };

/// What a guest gets of the world. It sees the streams, clocks and random bytes of this process, and of all else only what is named
/// here. Strings are bytes, not necessarily UTF-8. Each setter returns the config, so that they chain.
class WasiConfig {
public:
    /// Takes what the guest prints; called on the guest's thread.
    using Sink = std::function<void(std::span<const std::byte>)>;

    /// The program's name first.
    WasiConfig& args(std::vector<std::string> args)
    {
        args_ = std::move(args);
        return *this;
    }
    /// A later value of a name replaces the earlier one.
    WasiConfig& env(std::string name, std::string value)
    {
        std::erase_if(env_, [&](const auto& variable) { return variable.first == name; });
        env_.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    /// All variables of this process.
    WasiConfig& inherit_env();
    /// Opens a folder to the guest, under the name it has for the guest. No path of the guest leads out of it.
    WasiConfig& preopen(std::string host_path, std::string guest_path)
    {
        preopens_.emplace_back(std::move(host_path), std::move(guest_path));
        return *this;
    }
    /// Standard input, instead of the process's.
    WasiConfig& stdin_text(std::string text)
    {
        stdin_text_ = std::move(text);
        return *this;
    }
    WasiConfig& stdout_to(Sink sink)
    {
        stdout_ = std::move(sink);
        return *this;
    }
    WasiConfig& stderr_to(Sink sink)
    {
        stderr_ = std::move(sink);
        return *this;
    }
    /// Nanoseconds of a clock, instead of the host's: so that a run can be repeated.
    WasiConfig& clock(std::function<std::uint64_t(WasiClock)> clock)
    {
        clock_ = std::move(clock);
        return *this;
    }
    /// Fills memory with random bytes, instead of the host's.
    WasiConfig& random(std::function<void(std::span<std::byte>)> random)
    {
        random_ = std::move(random);
        return *this;
    }

private:
    friend detail::Access;
    std::vector<std::string> args_;
    std::vector<std::pair<std::string, std::string>> env_;
    std::vector<std::pair<std::string, std::string>> preopens_;
    std::optional<std::string> stdin_text_;
    Sink stdout_;
    Sink stderr_;
    std::function<std::uint64_t(WasiClock)> clock_;
    std::function<void(std::span<std::byte>)> random_;
};

/// Defines the functions of `wasi_snapshot_preview1`, and of its forerunner `wasi_unstable`, for the guest of one store. An error names the folder
/// or string that it cannot be given. A guest that calls proc_exit ends with `Error::exit_status()`. A call that waits (for
/// input, for time) ends when the guest is interrupted, and a debug session can stop in it.
Result<void> add_wasi(Linker& linker, Store& store, const WasiConfig& config);

} // namespace vitrine
