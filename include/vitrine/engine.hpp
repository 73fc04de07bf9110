// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Engines and their configuration.
#pragma once

#include <vitrine/kinds.hpp>
#include <vitrine/result.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vitrine {

/// A feature of WebAssembly or of the component model that can be enabled and disabled.
struct FeatureInfo {
    /// `simd`, `gc`, `threads`, `cm-async` and so on, followed by a zero byte.
    std::string_view name;
    /// Whether it is enabled by default.
    bool is_default = false;
};
/// All features that there are.
VITRINE_API std::span<const FeatureInfo> features();

/// Configuration of an engine. Setters can be chained.
class Config {
public:
    /// Whether a debugger may access everything in the guest: entities that are not exported,
    /// frames, stops. Off by default. The guest runs the same code either way.
    Config& guest_debug(bool on)
    {
        guest_debug_ = on;
        return *this;
    }
    /// Stack size of a guest thread in bytes, 64 KiB to 1 GiB. The default is 4 MiB. A guest that
    /// exceeds it traps with `StackOverflow`.
    Config& max_stack_bytes(std::uint64_t bytes)
    {
        max_stack_bytes_ = bytes;
        return *this;
    }
    /// Maximum size of each memory in pages of 64 KiB. By default, only the memory's type limits
    /// it.
    Config& max_memory_pages(std::uint64_t pages)
    {
        max_memory_pages_ = pages;
        return *this;
    }
    /// Maximum total size in bytes of the structs, arrays and exceptions of a store. The default is
    /// 4 GiB. A guest that exceeds it traps with `OutOfMemory`.
    Config& max_heap_bytes(std::uint64_t bytes)
    {
        max_heap_bytes_ = bytes;
        return *this;
    }
    /// Collects garbage at every allocation, to find bugs. Slow. Off by default.
    Config& stress_collector(bool on)
    {
        stress_collector_ = on;
        return *this;
    }
    /// Enables or disables a feature by its name (see `vitrine::features`). Modules that use a
    /// disabled feature are rejected. If the name is unknown, `Engine::error` says so. By default
    /// everything in WebAssembly 3.0 and the legacy exceptions are enabled; `custom-page-sizes` and
    /// `wide-arithmetic` are not. Parts of the component model have names that begin with `cm-`;
    /// only `cm-async` is enabled.
    Config& feature(std::string name, bool on)
    {
        features_.emplace_back(std::move(name), on);
        return *this;
    }
    /// Enables or disables several features, as `--features` of the command does: names separated
    /// by commas, where a minus disables a feature and `all` stands for all of them, for example
    /// `all,-simd`. Later names take precedence. An empty list changes nothing. If a name is
    /// unknown, `Engine::error` says so.
    Config& features(std::string list)
    {
        features_.emplace_back(std::move(list), std::nullopt);
        return *this;
    }

    /// How guest code is executed. By default, the functions that run often are compiled to machine
    /// code, on the thread that calls them. Results, traps and stops are the same in any case. If
    /// the process cannot have executable memory, everything is interpreted.
    ///
    /// For tests, the environment variable `VITRINE_TIER` overrides `Auto`: with `interp`, `jit`,
    /// `mixed`, `mixed:SEED` or `mixed:SEED:PERCENT`. If it has another value, `Engine::error` says
    /// so.
    Config& tier(TierPolicy policy)
    {
        tier_ = policy;
        return *this;
    }
    /// How often a function must run before it is compiled, in percent of the default: 1 to
    /// 1,000,000. Only for `TierPolicy::Auto`.
    Config& tier_threshold(std::uint32_t percent)
    {
        tier_threshold_ = percent;
        return *this;
    }
    /// Maximum total size of the machine code of all modules in bytes, at most 64 GiB. The default
    /// is 256 MiB. When it is reached, functions that are not compiled yet stay interpreted. With
    /// 0, nothing is compiled.
    Config& max_code_bytes(std::uint64_t bytes)
    {
        max_code_bytes_ = bytes;
        return *this;
    }
    /// Whether compiled code may detect accesses beyond the end of a memory by a page fault. On by
    /// default. Without it, compiled code compares addresses, which takes about a quarter more
    /// time.
    ///
    /// The first engine that compiles with this option installs a handler of SIGSEGV for the
    /// process, and the last such engine restores the former one. The handler acts on faults of
    /// machine code that an engine made, on whichever thread. All others, also those in host
    /// functions, it passes on to the handler that was there before, or to the default action. It
    /// needs no alternate stack, but runs on one if the thread has one. An embedder that installs a
    /// handler later must pass on faults that are not its own to the handler that it replaced. Do
    /// not block SIGSEGV on a thread that calls a guest.
    Config& signal_handlers(bool on)
    {
        signal_handlers_ = on;
        return *this;
    }

private:
    friend detail::Access;
    bool guest_debug_ = false;
    std::uint64_t max_stack_bytes_ = std::uint64_t { 4 } << 20;
    std::uint64_t max_memory_pages_ = std::uint64_t { 1 } << 32;
    std::uint64_t max_heap_bytes_ = std::uint64_t { 4 } << 30;
    bool stress_collector_ = false;
    TierPolicy tier_ = TierPolicy::Auto;
    std::uint32_t tier_threshold_ = 100;
    std::uint64_t max_code_bytes_ = std::uint64_t { 256 } << 20;
    bool signal_handlers_ = true;
    /// A name, or a list without a value.
    std::vector<std::pair<std::string, std::optional<bool>>> features_;
};

/// What modules and stores have in common. A reference-counted handle, usable from any thread.
class VITRINE_API Engine {
public:
    Engine();
    Engine(const Engine&) = default;
    Engine& operator=(const Engine&) = default;
    /// If the configuration is invalid, `error` says why, and every operation on the engine returns
    /// that error.
    explicit Engine(const Config& config);
    static Result<Engine> create(const Config& config);

    /// Why the engine cannot be used. Null if it can.
    const Error* error() const;
    bool guest_debug() const;
    /// Whether the engine accepts modules that use this feature. False if there is none of this
    /// name.
    bool has_feature(std::string_view name) const;

    friend bool operator==(const Engine& a, const Engine& b) { return a.body_ == b.body_; }

private:
    friend detail::Access;
    std::shared_ptr<detail::EngineBody> body_;
};

} // namespace vitrine
