// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// WASI preview 1: arguments, environment, streams, folders, sockets, clocks, random bytes and threads for a guest. Part of the
// target `vitrine::wasi`.
#pragma once

#include <vitrine/vitrine.hpp>

namespace vitrine {

using WasiClock = HostClock;
using WasiAccess = HostAccess;

namespace detail {
struct WasiParts;
}

/// A TCP socket of this process that listens, for guests that serve. A shared handle; it is closed with the last.
class VITRINE_API WasiListener {
public:
    /// On `PORT` (of 127.0.0.1), `ADDRESS:PORT` or `[ADDRESS]:PORT`; port 0 takes a free one.
    static Result<WasiListener> bind(const std::string& address);
    /// Where it listens: with the port that was taken.
    const std::string& address() const { return address_; }

private:
    friend class WasiConfig;
    std::shared_ptr<const int> socket_;
    std::string address_;
};

/// What a guest gets of the world. It sees the streams, clocks and random bytes of this process, and of all else only what is named
/// here. Strings are bytes, not necessarily UTF-8. Each setter returns the config, so that they chain.
class WasiConfig {
public:
    /// Takes what the guest prints, or a copy of it. Called on the thread of the guest that prints, one call at a time for each
    /// stream. Only when it returns does the guest go on or notice that it is interrupted, so it should not block.
    using Sink = std::function<void(std::span<const std::byte>)>;
    /// Gives what the guest reads: the number of bytes put into the span, 0 at the end. Called on the guest's thread, and cannot be interrupted.
    using Source = std::function<std::size_t(std::span<std::byte>)>;

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
    VITRINE_API WasiConfig& inherit_env();
    /// Opens a folder to the guest, under the name it has for the guest. No path of the guest leads out of it. What a guest that may
    /// only read wants to change is refused with EROFS.
    WasiConfig& preopen(
        std::string host_path, std::string guest_path, WasiAccess access = WasiAccess::ReadWrite)
    {
        preopens_.push_back({ std::move(host_path), std::move(guest_path), access });
        return *this;
    }
    /// Gives the guest an open socket: its descriptors come behind those of the folders, in the order of these calls.
    WasiConfig& socket(WasiListener listener)
    {
        sockets_.push_back(std::move(listener.socket_));
        return *this;
    }
    /// The same with a descriptor of this process, which it keeps: it must be open until `add_wasi`.
    WasiConfig& socket(int descriptor)
    {
        sockets_.push_back(std::make_shared<const int>(descriptor));
        return *this;
    }
    /// Standard input, instead of the process's: these bytes,
    WasiConfig& stdin_text(std::string text)
    {
        stdin_ = std::move(text);
        return *this;
    }
    /// a file,
    WasiConfig& stdin_file(std::string path)
    {
        stdin_ = File { std::move(path) };
        return *this;
    }
    /// or what a function gives.
    WasiConfig& stdin_from(Source source)
    {
        stdin_ = std::move(source);
        return *this;
    }
    /// Standard output goes to `sink` instead of this process's stream. To the guest it is a terminal. Of the setters for a stream, the
    /// last one counts; an empty function means the process's stream.
    WasiConfig& stdout_to(Sink sink)
    {
        stdout_ = { .sink = std::move(sink) };
        return *this;
    }
    WasiConfig& stderr_to(Sink sink)
    {
        stderr_ = { .sink = std::move(sink) };
        return *this;
    }
    /// Standard output goes to another descriptor of this process, which keeps it: it must be open until `add_wasi`. A write waits for
    /// room where it can be interrupted, and the guest gets the descriptor's errors.
    WasiConfig& stdout_to(int descriptor)
    {
        stdout_ = { .descriptor = descriptor };
        return *this;
    }
    WasiConfig& stderr_to(int descriptor)
    {
        stderr_ = { .descriptor = descriptor };
        return *this;
    }
    /// Standard output goes to this process's stream, and `sink` gets a copy of the bytes that the stream has taken, each byte
    /// once and in the same order. Unlike a sink that writes to the stream itself, a write waits for room where it
    /// can be interrupted, and the guest gets the stream's errors (such as ENOSPC and EPIPE). To the guest the stream is a
    /// terminal.
    /// `is_sink_alone` is called before each write, on the same thread as the sink, perhaps on several at once. While it
    /// returns true, output goes to the sink alone, as with `stdout_to`.
    WasiConfig& stdout_copy(Sink sink, std::function<bool()> is_sink_alone = {})
    {
        stdout_ = { .sink = std::move(sink), .is_copy = true, .is_sink_alone = std::move(is_sink_alone) };
        return *this;
    }
    WasiConfig& stderr_copy(Sink sink, std::function<bool()> is_sink_alone = {})
    {
        stderr_ = { .sink = std::move(sink), .is_copy = true, .is_sink_alone = std::move(is_sink_alone) };
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

    /// Resolves paths one component at a time also where the kernel could do it at once: for tests of that.
    WasiConfig& paths_by_component(bool on)
    {
        paths_by_component_ = on;
        return *this;
    }

private:
    friend detail::WasiParts;
    struct Folder {
        std::string host_path;
        std::string guest_path;
        WasiAccess access;
    };
    struct File {
        std::string path;
    };
    struct Output {
        Sink sink {};
        bool is_copy = false;
        std::function<bool()> is_sink_alone {};
        std::optional<int> descriptor {};
    };
    std::vector<std::string> args_;
    std::vector<std::pair<std::string, std::string>> env_;
    std::vector<Folder> preopens_;
    std::vector<std::shared_ptr<const int>> sockets_;
    std::variant<std::monostate, std::string, File, Source> stdin_;
    Output stdout_;
    Output stderr_;
    std::function<std::uint64_t(WasiClock)> clock_;
    std::function<void(std::span<std::byte>)> random_;
    bool paths_by_component_ = false;
};

/// Defines the functions of `wasi_snapshot_preview1`, and of its forerunner `wasi_unstable`, for the guest of one store. An error names the folder
/// or string that it cannot be given. A guest that calls proc_exit ends with `Error::exit_status()`. A call that waits (for
/// input, for time) ends when the guest is interrupted, and a debug session can stop in it.
VITRINE_API Result<void> add_wasi(Linker& linker, Store& store, const WasiConfig& config);

/// Lets the guest of `add_wasi` have threads: defines `wasi.thread-spawn`, and every shared memory that the module imports and
/// that is not defined yet. Each thread is a store of its own, with the same module and imports, on a thread of this process: what
/// the config calls, and other functions of the host, must bear that. When one traps or calls proc_exit all end, and the
/// store's guest with the same error, then and whenever it is called again. They end with the store at the latest.
VITRINE_API Result<void> add_wasi_threads(Linker& linker, Store& store, const Module& module);
/// Ends all threads of the store's guest but its first, and waits for them: what a process does when its main function has returned.
VITRINE_API void end_wasi_threads(Store& store);

} // namespace vitrine
