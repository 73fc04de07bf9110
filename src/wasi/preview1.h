// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/linker.h"
#include "wasi/sandbox.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>

namespace vitrine::core::wasi {

/// Takes what the guest prints. Called on the guest's thread.
using Sink = std::function<void(std::span<const uint8_t>)>;

struct Preopen {
    std::string host_path;
    std::string guest_path;
};

/// What a guest is given of the world.
struct Config {
    /// The program's name first.
    std::vector<std::string> args;
    std::vector<std::pair<std::string, std::string>> env;
    std::vector<Preopen> preopens;
    /// Standard input as a text; without one the process's own.
    std::optional<std::string> stdin_text;
    /// Where standard output and error go; without one to the process's own.
    Sink stdout_sink;
    Sink stderr_sink;
    Resolver resolver = Resolver::Best;
    /// An eventfd that ends the waiting of a call that blocks; not owned. Then `on_wake` is called on the guest's
    /// thread: true goes on waiting, false ends the guest with the trap `Interrupted`.
    int wake_fd = -1;
    std::function<bool()> on_wake;
};

/// The arguments of a call, and the memory that its pointers point into.
class Call {
public:
    Call(HostCall& host, Memory& memory) : host_(host), memory_(memory) {}

    uint32_t i(size_t index) const { return static_cast<uint32_t>(host_.slots[index]); }
    uint64_t l(size_t index) const { return host_.slots[index]; }
    /// The bytes at a pointer of the guest; nothing when they leave its memory.
    std::optional<std::span<uint8_t>> bytes(uint32_t address, uint64_t count) const;
    std::optional<std::string_view> text(uint32_t address, uint32_t length) const;
    /// Writes a number; false when it does not fit in the memory.
    template<class T> bool store(uint32_t address, T value) const
    {
        const auto to = bytes(address, sizeof value);
        if (to)
            std::memcpy(to->data(), &value, sizeof value);
        return to.has_value();
    }
    /// Ends the guest instead of returning to it.
    std::optional<Trap> trap;

private:
    HostCall& host_;
    Memory& memory_;
};

/// A WASI preview 1 host: the state that its functions share. For one guest thread at a time.
class Preview1 {
public:
    /// Opens the preopened folders; an error names the one that cannot be.
    static Result<std::shared_ptr<Preview1>> create(Config config);

    // The functions of the table, each with the arguments of its signature.
#define FUNCTION(name, parameters) Errno name(Call& call);
#include "wasi/preview1.inc"

private:
    struct Descriptor;
    struct Entry;
    struct Vectors;
    enum class Ready : uint8_t { Yes, Ended };

    explicit Preview1(Config config);
    Descriptor* find(uint32_t fd);
    /// A descriptor of the system; -1 for one that has none.
    int system_fd(uint32_t fd);
    uint32_t add(Descriptor descriptor);
    Errno list_strings(Call& call, std::span<const std::string> strings) const;
    Errno list_sizes(Call& call, std::span<const std::string> strings) const;
    OrErrno<Vectors> vectors(Call& call, size_t first) const;
    Ready wait_for(Call& call, int fd, short events, std::optional<uint64_t> nanoseconds);
    Errno read_stdin_text(Call& call, const Vectors& to, uint32_t result);
    OrErrno<Place> place(Call& call, size_t fd, size_t path);
    Errno stat_at(Call& call, const struct stat& status, uint32_t address) const;

    Config config_;
    std::vector<std::string> env_;
    std::vector<std::optional<Descriptor>> descriptors_;
    size_t stdin_position_ = 0;
};

/// Defines the functions under `wasi_snapshot_preview1`.
Result<void> define(Linker& linker, std::shared_ptr<Preview1> host);

/// The names of all functions, in the order of the table.
std::span<const std::string_view> function_names();

} // namespace vitrine::core::wasi
