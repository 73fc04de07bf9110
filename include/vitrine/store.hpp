// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stores, which own what a guest can reach.
#pragma once

#include <vitrine/instance.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace vitrine {

/// Stops a running guest with the trap `Interrupted`, at its next function entry or loop header, or when a host function returns; does nothing when none runs. Usable from any
/// thread and from a signal handler, also when the store is gone.
class VITRINE_API Interrupter {
public:
    void interrupt() const noexcept;

private:
    friend detail::Access;
    Interrupter() = default;
    std::shared_ptr<void> requests_;
};

/// Says whether a store may use more of something. What is refused fails as if the system had no more of it.
using ResourceLimiter = std::function<bool(Resource resource, std::uint64_t current, std::uint64_t desired)>;

/// Owns everything that a guest can reach. Moving it keeps its handles valid; when it ends they answer with errors.
class VITRINE_API Store {
public:
    explicit Store(const Engine& engine);
    Store(Store&&) noexcept;
    Store& operator=(Store&&) noexcept;
    ~Store();

    /// Why the store cannot be used; null when it can.
    const Error* error() const;
    /// May be asked for from any thread.
    Interrupter interrupter() const;
    /// Asked before a memory, a table or the heap of this store grows, and before it gets another one; from then on.
    /// An empty function takes the limiter away. A limiter that throws refuses. While it is asked, it may look at the store
    /// and replace itself, but the guest cannot be called and nothing else can grow.
    Result<void> limit_resources(ResourceLimiter limiter);
    /// All instances in the order of their creation; empty when guest_debug is off.
    std::vector<Instance> instances() const;
    /// Makes a debug session with a handler, which the store keeps; an empty handler ends it. Needs guest_debug. Not
    /// while the guest runs.
    Result<void> on_debug_event(std::function<debug::Resume(debug::Stopped&)> handler);
    /// That session, to set breakpoints with; null when there is none.
    debug::Session* debug_session() const;

private:
    friend detail::Access;
    friend Caller;
    Store(std::shared_ptr<detail::StoreLink> link, bool is_owner);
    std::shared_ptr<detail::StoreLink> link_;
    /// A host function has its caller's store without owning it.
    bool is_owner_ = true;
};

/// What a host function sees of its caller. Valid during the call.
class VITRINE_API Caller {
public:
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

    /// The instance whose code made the call; none when the embedder did.
    std::optional<Instance> instance() const;
    /// The caller's exported memory of that name.
    std::optional<Memory> memory(std::string_view name = "memory") const;
    /// The store of the guest that calls: to make objects and instances in it.
    Store& store() { return store_; }

private:
    friend detail::Access;
    Caller(std::shared_ptr<detail::StoreLink> link, void* instance);
    Store store_;
    void* instance_;
};

} // namespace vitrine
