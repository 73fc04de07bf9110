// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// WASI preview 1 for guests: arguments, environment, standard streams, folders, clocks, random numbers.
#pragma once

#include <vitrine/vitrine.hpp>

namespace vitrine {

/// What a guest is given of the world. Nothing is given that is not named here, clocks, random numbers and the process's standard streams
/// excepted. Each setter returns the config, so that they chain.
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
    WasiConfig& env(std::string name, std::string value)
    {
        env_.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    /// Opens a folder of the host to the guest, under the guest's name for it. No path of the guest leaves it.
    WasiConfig& preopen(std::string host_path, std::string guest_path)
    {
        preopens_.emplace_back(std::move(host_path), std::move(guest_path));
        return *this;
    }
    /// Standard input, instead of the process's own.
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

private:
    friend detail::Access;
    std::vector<std::string> args_;
    std::vector<std::pair<std::string, std::string>> env_;
    std::vector<std::pair<std::string, std::string>> preopens_;
    std::optional<std::string> stdin_text_;
    Sink stdout_;
    Sink stderr_;
};

/// Defines `wasi_snapshot_preview1`, for one store. An error names the folder that cannot be opened. A guest that calls proc_exit ends with `Error::exit_status()`.
/// A call that blocks ends when the store's guest is interrupted, and lets a debug session stop in it.
Result<void> add_wasi(Linker& linker, Store& store, const WasiConfig& config);

} // namespace vitrine
