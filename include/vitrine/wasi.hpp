// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// WASI preview 1: arguments, environment, standard streams, directories, sockets, clocks, random
// bytes and threads for a guest. Part of the target `vitrine::wasi`.
#pragma once

#include <vitrine/component.hpp>
#include <vitrine/vitrine.hpp>

namespace vitrine {

using WasiClock = HostClock;
using WasiAccess = HostAccess;

namespace detail {
struct WasiParts;
}

/// A listening TCP socket of this process, for guests that are servers. A reference-counted handle;
/// the socket is closed with the last copy.
class VITRINE_API WasiListener {
public:
    /// Listens on `PORT` (of 127.0.0.1), `ADDRESS:PORT` or `[ADDRESS]:PORT`. Port 0 stands for any
    /// free port.
    static Result<WasiListener> bind(const std::string& address);
    /// The address it listens on, with the actual port.
    const std::string& address() const { return address_; }

private:
    friend class WasiConfig;
    std::shared_ptr<const int> socket_;
    std::string address_;
};

/// What a guest can access. A guest has access to the streams, clocks and random bytes of this
/// process; anything else must be granted here. Strings are bytes, not necessarily UTF-8. Setters
/// can be chained.
class WasiConfig {
public:
    /// Receives the guest's output or a copy of it. Called on the guest thread that writes, by one
    /// thread at a time for each stream. The guest continues, or notices an interrupt, only when
    /// the sink returns, so it should not block.
    using Sink = std::function<void(std::span<const std::byte>)>;
    /// Provides the guest's input: returns the number of bytes written to the span, 0 at the end of
    /// input. Called on the guest's thread, and cannot be interrupted.
    using Source = std::function<std::size_t(std::span<std::byte>)>;

    /// The program's arguments, starting with its name.
    WasiConfig& args(std::vector<std::string> args)
    {
        args_ = std::move(args);
        return *this;
    }
    /// Sets an environment variable. A later value of the same name replaces the earlier one.
    WasiConfig& env(std::string name, std::string value)
    {
        std::erase_if(env_, [&](const auto& variable) { return variable.first == name; });
        env_.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    /// Adds all environment variables of this process.
    VITRINE_API WasiConfig& inherit_env();
    /// Gives the guest access to a directory of the host under the name `guest_path`. Paths cannot
    /// lead out of the directory. If the access is read-only, attempts to modify anything in it
    /// fail with EROFS.
    WasiConfig& preopen(
        std::string host_path, std::string guest_path, WasiAccess access = WasiAccess::ReadWrite)
    {
        preopens_.push_back({ std::move(host_path), std::move(guest_path), access });
        return *this;
    }
    /// Gives the guest an open socket. Its descriptor follows those of the preopened directories,
    /// in the order of these calls.
    WasiConfig& socket(WasiListener listener)
    {
        sockets_.push_back(std::move(listener.socket_));
        return *this;
    }
    /// Like the above, for a descriptor of this process. The caller keeps ownership and must keep
    /// it open until `add_wasi` returns.
    WasiConfig& socket(int descriptor)
    {
        sockets_.push_back(std::make_shared<const int>(descriptor));
        return *this;
    }
    /// Standard input is this text instead of the process's standard input.
    WasiConfig& stdin_text(std::string text)
    {
        stdin_ = std::move(text);
        return *this;
    }
    /// Standard input is a file.
    WasiConfig& stdin_file(std::string path)
    {
        stdin_ = File { std::move(path) };
        return *this;
    }
    /// Standard input comes from a function.
    WasiConfig& stdin_from(Source source)
    {
        stdin_ = std::move(source);
        return *this;
    }
    /// Standard input is another descriptor of this process. The caller keeps ownership and must
    /// keep it open until `add_wasi` returns. A blocking read can be interrupted.
    WasiConfig& stdin_from(int descriptor)
    {
        stdin_ = descriptor;
        return *this;
    }
    /// Standard output goes to `sink` instead of this process's standard output. The guest sees a
    /// terminal. The last setter for a stream takes effect; an empty function restores the
    /// process's stream.
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
    /// Standard output goes to another descriptor of this process. The caller keeps ownership and
    /// must keep it open until `add_wasi` returns. A blocking write can be interrupted, and the
    /// guest gets the descriptor's errors.
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
    /// Standard output goes to this process's standard output, and `sink` gets a copy: each byte
    /// that the stream has accepted, once and in order. Unlike with a sink that writes to the
    /// stream itself, a blocking write can be interrupted, and the guest gets the stream's errors
    /// (such as ENOSPC and EPIPE). The guest sees a terminal.
    ///
    /// `is_sink_alone` is called before each write, on the same thread as the sink, possibly on
    /// several threads at once. While it returns true, output goes to the sink only, as with
    /// `stdout_to`.
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
    /// The time of each clock in nanoseconds, instead of the host's. Makes runs repeatable.
    WasiConfig& clock(std::function<std::uint64_t(WasiClock)> clock)
    {
        clock_ = std::move(clock);
        return *this;
    }
    /// Fills memory with random bytes, instead of the host's random number generator.
    WasiConfig& random(std::function<void(std::span<std::byte>)> random)
    {
        random_ = std::move(random);
        return *this;
    }

    /// For tests: resolves paths one component at a time even where the kernel can resolve them at
    /// once.
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
    std::variant<std::monostate, std::string, File, Source, int> stdin_;
    Output stdout_;
    Output stderr_;
    std::function<std::uint64_t(WasiClock)> clock_;
    std::function<void(std::span<std::byte>)> random_;
    bool paths_by_component_ = false;
};

/// Defines the functions of `wasi_snapshot_preview1`, and of its predecessor `wasi_unstable`, for
/// the guest of one store. If a directory or a string cannot be passed to the guest, the error
/// names it. When the guest calls `proc_exit`, its call ends with an error that has an
/// `exit_status`. Blocking calls (for input, for time) end when the guest is interrupted, and a
/// debug session can stop the guest in them.
VITRINE_API Result<void> add_wasi(Linker& linker, Store& store, const WasiConfig& config);

/// Allows the guest of `add_wasi` to create threads: defines `wasi.thread-spawn`, and every shared
/// memory that the module imports and that is not defined yet. Each guest thread has a store of its
/// own with the same module and imports, and runs on a thread of this process. So the callbacks of
/// the config and other host functions must be thread-safe.
///
/// When a thread traps or calls `proc_exit`, all threads end, and the guest of `store` returns the
/// same error, now and at every later call. All threads end with the store at the latest.
VITRINE_API Result<void> add_wasi_threads(Linker& linker, Store& store, const Module& module);
/// Ends all threads of the store's guest except the first and waits for them, as a process does
/// when its main function has returned.
VITRINE_API void end_wasi_threads(Store& store);

/// Defines WASI 0.2 (all versions from 0.2.0 to 0.2.12) for components of any store. `set_wasi`
/// says what each store may access. Sockets and HTTP are defined, but refuse access.
VITRINE_API Result<void> add_wasi(ComponentLinker& linker);
/// Sets what the components of a store may access through WASI. Listening sockets of the
/// configuration are not used. If a directory or a string cannot be passed to the guest, the error
/// names it. When a component calls `exit`, its call ends with an error that has an `exit_status`.
VITRINE_API Result<void> set_wasi(Store& store, const WasiConfig& config);
/// The same for one store.
VITRINE_API Result<void> add_wasi(ComponentLinker& linker, Store& store, const WasiConfig& config);

} // namespace vitrine
