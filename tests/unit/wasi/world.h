// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "engine/engine.h"
#include "runtime/linker.h"
#include "support/wat.h"
#include "unit/host/machine.h"
#include "wasi/preview1.h"
#include "wasm/validator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <concepts>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::wasi {

inline void PrintTo(Errno error, std::ostream* out)
{
    constexpr std::string_view names[] = { "Success",
#define ERRNO(name, host) #name,
#include "wasi/errno.inc"
        "Notcapable" };
    *out << names[static_cast<size_t>(error)];
}

} // namespace vitrine::core::wasi

namespace vitrine::core::wasi::test {

using host::Access;
using host::HostFd;
using host::InputFile;
using host::Output;
using host::Resolution;
using host::Sink;
using host::Source;
using host::test::Pipe;
using host::test::TemporaryFolder;
using host::test::text_of_bytes;

/// A copy of a guest's memory to which each reported write is applied. A difference is a write that
/// was not reported.
class Mirror final : public MutationListener {
public:
    /// Larger memories are not compared.
    static constexpr size_t most = size_t { 1 } << 20;

    explicit Mirror(Store& store, const Memory& memory) : store_(store), memory_(memory)
    {
        if (memory.size() <= most)
            copy_.assign(memory.bytes().begin(), memory.bytes().end());
        store_.mutator.set_listener(this);
    }
    ~Mirror() { store_.mutator.set_listener(nullptr); }
    Mirror(const Mirror&) = delete;
    Mirror& operator=(const Mirror&) = delete;

    void on_mutation(Origin origin, const Mutation& mutation) override
    {
        // Some tests write on behalf of a debugger.
        EXPECT_TRUE(origin == Origin::Host || origin == Origin::Debugger);
        const auto& range = std::get<MemoryBytes>(mutation);
        EXPECT_EQ(range.memory, &memory_);
        if (origin == Origin::Host)
            told_.push_back(range);
        if (!copy_.empty())
            std::ranges::copy(memory_.bytes().subspan(range.address, range.count),
                copy_.begin() + static_cast<ptrdiff_t>(range.address));
    }
    bool is_right() const
    {
        return copy_.empty() || std::ranges::equal(memory_.bytes().first(copy_.size()), copy_);
    }

    /// The writes of host functions.
    const std::vector<MemoryBytes>& told() const { return told_; }

private:
    Store& store_;
    const Memory& memory_;
    std::vector<uint8_t> copy_;
    std::vector<MemoryBytes> told_;
};

/// A guest that is nothing but its memory, and makes the calls of a test.
class World {
public:
    explicit World(Config config = {}, const Snapshot& snapshot = preview1) : snapshot_(snapshot)
    {
        auto host = Preview1::create(std::move(config));
        EXPECT_TRUE(host.has_value()) << host.error().to_text();
        host_ = *host;
        EXPECT_TRUE(define(linker_, host_));
        static const auto wasm = core::test::wasm_of(R"((module (memory (export "memory") 2)))");
        caller = *linker_.instantiate(store_, *load_module(wasm, engine_->types));
    }

    /// A configuration with one preopened directory, at descriptor 3.
    static Config with(const TemporaryFolder& folder)
    {
        Config config;
        config.preopens.push_back({ folder.path().string(), "/" });
        return config;
    }

    /// Calls a function. Its trap, if any, is in `trap`.
    template<class... Arguments> Errno operator()(std::string_view name, Arguments... arguments)
    {
        return call(name, { static_cast<Slot>(arguments)... });
    }
    /// The guest's call of a function with these slots.
    HostCall host_call(const std::shared_ptr<const HostFunction>& host, std::span<Slot> slots)
    {
        return { thread_, **store_.add_host_function(host), store_, caller, slots, {} };
    }
    Errno call(std::string_view name, std::vector<Slot> slots)
    {
        const Definition* definition = linker_.find(snapshot_.module, name);
        EXPECT_NE(definition, nullptr) << name;
        if (slots.empty())
            slots.push_back(0);
        const auto& host = std::get<std::shared_ptr<const HostFunction>>(*definition);
        HostCall call = host_call(host, slots);
        const Mirror mirror(store_, memory());
        HostOutcome outcome = host->callback(call);
        EXPECT_TRUE(mirror.is_right()) << name << " wrote what it told nobody";
        changes = mirror.told();
        trap.reset();
        if (auto* ended = std::get_if<Trap>(&outcome))
            trap = std::move(*ended);
        return static_cast<Errno>(slots[0]);
    }

    Memory& memory() { return *store_.instances().front().memories[0]; }
    template<class T> T get(uint32_t address) { return load<T>(memory().base() + address); }
    template<class T> void put(uint32_t address, T value)
    {
        store_.mutator.write(
            Origin::Debugger, memory(), address, { reinterpret_cast<const uint8_t*>(&value), sizeof value });
    }
    std::string text(uint32_t address, size_t length)
    {
        return { reinterpret_cast<const char*>(memory().base()) + address, length };
    }
    /// Puts a text into the memory; its address is `address`.
    void put_text(uint32_t address, std::string_view text)
    {
        store_.mutator.write(Origin::Debugger, memory(), address, bytes_of(text));
    }

    // Shortcuts for what many tests do first. Paths are at 1000 and 1500, results at 2000, vectors
    // of one buffer at 3000 and its content at 4000.
    Errno open(std::string_view path, uint32_t open_flags = 0, uint64_t rights = read_write,
        uint32_t flags = 0, uint32_t lookup = 1, uint32_t folder = 3)
    {
        return on_path(path, [&](uint32_t at, uint32_t length) {
            return (*this)("path_open", folder, lookup, at, length, open_flags, rights, 0, flags, 2000);
        });
    }
    /// The descriptor that `open` or another function has just stored at 2000.
    uint32_t result() { return get<uint32_t>(2000); }
    /// Calls a function whose last parameters are a path.
    Errno at_path(std::string_view name, std::string_view path, uint32_t folder = 3)
    {
        return on_path(path, [&](uint32_t at, uint32_t length) { return (*this)(name, folder, at, length); });
    }
    /// Calls a function on two paths below folder 3: path_rename, path_link, path_symlink.
    Errno on_paths(std::string_view name, std::string_view from, std::string_view to, uint32_t flags = 0)
    {
        put_text(1000, from);
        put_text(1500, to);
        if (name == "path_symlink")
            return (*this)(name, 1000, from.size(), 3, 1500, to.size());
        if (name == "path_link")
            return (*this)(name, 3, flags, 1000, from.size(), 3, 1500, to.size());
        return (*this)(name, 3, 1000, from.size(), 3, 1500, to.size());
    }
    Errno stat(std::string_view path, uint32_t lookup = 0, uint32_t folder = 3)
    {
        return on_path(path, [&](uint32_t at, uint32_t length) {
            return (*this)("path_filestat_get", folder, lookup, at, length, 2000);
        });
    }
    Errno write(uint32_t fd, std::string_view content)
    {
        put_text(4000, content);
        put_buffer(4000, static_cast<uint32_t>(content.size()));
        return (*this)("fd_write", fd, 3000, 1, 2000);
    }
    /// Reads into 4000; `read_text` returns what was read.
    Errno read(uint32_t fd, uint32_t length = 100)
    {
        put_buffer(4000, length);
        return (*this)("fd_read", fd, 3000, 1, 2000);
    }
    std::string read_text() { return text(4000, result()); }
    void put_buffer(uint32_t address, uint32_t length)
    {
        put(3000, address);
        put(3004, length);
    }

    static constexpr uint64_t read_write = rights::fd_read | rights::fd_write;

    Preview1& host() { return *host_; }
    Linker& linker() { return linker_; }
    Store& store() { return store_; }

    /// The trap of the last call.
    std::optional<Trap> trap;
    /// The changes that the last call reported.
    std::vector<MemoryBytes> changes;
    /// The instance whose memory is used; null when the embedder itself calls.
    Instance* caller = nullptr;

private:
    template<class F> Errno on_path(std::string_view path, F&& call)
    {
        put_text(1000, path);
        return call(1000, static_cast<uint32_t>(path.size()));
    }

    const Snapshot& snapshot_;
    std::shared_ptr<Engine> engine_ = std::make_shared<Engine>();
    GuestStore guest_ { engine_ };
    Store& store_ = guest_.store;
    Thread& thread_ = guest_.thread;
    Linker linker_;
    std::shared_ptr<Preview1> host_;
};

} // namespace vitrine::core::wasi::test
