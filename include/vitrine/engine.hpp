// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Engines, and how they are configured.
#pragma once

#include <vitrine/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace vitrine {

/// How an engine is made. Each setter returns the config, so that they chain.
class Config {
public:
    /// Opens what the language hides: entities that are not exported, frames, stops. Off by default. The guest runs the same code either way.
    Config& guest_debug(bool on)
    {
        guest_debug_ = on;
        return *this;
    }
    /// Bytes of a guest thread's stack, 64 KiB to 1 GiB; 4 MiB by default. What does not fit is the trap `StackOverflow`.
    Config& max_stack_bytes(std::uint64_t bytes)
    {
        max_stack_bytes_ = bytes;
        return *this;
    }
    /// Upper bound of each memory in pages of 64 KiB; by default only the memory's own type bounds it.
    Config& max_memory_pages(std::uint64_t pages)
    {
        max_memory_pages_ = pages;
        return *this;
    }
    /// Upper bound of the bytes of all structs, arrays and exceptions of a store; 4 GiB by default. What does not fit
    /// is the trap `OutOfMemory`.
    Config& max_heap_bytes(std::uint64_t bytes)
    {
        max_heap_bytes_ = bytes;
        return *this;
    }
    /// Collects garbage at every allocation, to find mistakes. Slow; off by default.
    Config& stress_collector(bool on)
    {
        stress_collector_ = on;
        return *this;
    }
    /// Switches a feature of the language on or off, by the name that `vitrine opcodes` shows (`simd`, `gc`,
    /// `threads`, ...); the engine carries an error for another name. Modules that use what is off are refused. By
    /// default all of WebAssembly 3.0 and the legacy exceptions are on, `custom-page-sizes` and `wide-arithmetic` off.
    Config& feature(std::string name, bool on)
    {
        features_.emplace_back(std::move(name), on);
        return *this;
    }

private:
    friend detail::Access;
    bool guest_debug_ = false;
    std::uint64_t max_stack_bytes_ = std::uint64_t { 4 } << 20;
    std::uint64_t max_memory_pages_ = std::uint64_t { 1 } << 32;
    std::uint64_t max_heap_bytes_ = std::uint64_t { 4 } << 30;
    bool stress_collector_ = false;
    std::vector<std::pair<std::string, bool>> features_;
};

/// What modules and stores have in common. A shared handle, usable from any thread.
class VITRINE_API Engine {
public:
    Engine();
    Engine(const Engine&) = default;
    Engine& operator=(const Engine&) = default;
    /// An engine of a config that does not hold carries the error, and everything made with it answers with it.
    explicit Engine(const Config& config);
    static Result<Engine> create(const Config& config);

    /// Why the engine cannot be used; null when it can.
    const Error* error() const;
    bool guest_debug() const;

private:
    friend detail::Access;
    std::shared_ptr<detail::EngineBody> body_;
};

} // namespace vitrine
