// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stores, which own everything that a guest can reach.
#pragma once

#include <vitrine/instance.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace vitrine {

/// Interrupts a running guest: it ends with the trap `Interrupted` at its next function entry or
/// loop header, or when a host function returns. Does nothing if no guest is running. May be used
/// from any thread and from a signal handler, even when the store is gone.
class VITRINE_API Interrupter {
public:
    void interrupt() const noexcept;

private:
    friend detail::Access;
    Interrupter() = default;
    std::shared_ptr<void> requests_;
};

/// Decides whether a store may use more of a resource: `current` is the amount in use, `desired`
/// the amount after the request, in the units given at `Resource`. If it returns false, the request
/// fails as if the system had run out of the resource.
using ResourceLimiter = std::function<bool(Resource resource, std::uint64_t current, std::uint64_t desired)>;

/// Owns everything that a guest can reach. Handles remain valid when the store is moved. When the
/// store is gone, using them returns errors.
class VITRINE_API Store {
public:
    explicit Store(const Engine& engine);
    Store(Store&&) noexcept;
    Store& operator=(Store&&) noexcept;
    ~Store();

    /// Why the store cannot be used. Null if it can.
    const Error* error() const;
    /// May be called from any thread.
    Interrupter interrupter() const;
    /// Sets the function that is asked from now on before a memory, table or the heap of this store
    /// grows or another memory, table or instance is created. An empty function removes the
    /// limiter. A limiter that throws refuses. During a call of the limiter it may inspect the
    /// store and replace itself, but the guest cannot be called and nothing else can grow.
    Result<void> limit_resources(ResourceLimiter limiter);
    /// All instances in the order of their creation. Empty if `guest_debug` is off.
    std::vector<Instance> instances() const;
    /// The instance whose function a frame of a backtrace was in. Empty if it is not an instance of
    /// this store.
    std::optional<Instance> instance_of(const TraceFrame& frame) const;
    /// Creates a debug session with a handler. The store owns the session. An empty handler ends
    /// it. Requires `guest_debug`. Fails while the guest runs.
    Result<void> on_debug_event(std::function<debug::Resume(debug::Stopped&)> handler);
    /// The session created by `on_debug_event`, for example to set breakpoints. Null if there is
    /// none.
    debug::Session* debug_session() const;

    /// Attaches an object of the embedder, which host functions reach through `Caller::store`. The
    /// stores of threads that a guest spawns share it. It is released when it is replaced, or after
    /// the store's objects. Does nothing if `error` is set.
    void set_data(std::shared_ptr<void> data);
    /// Null if there is none.
    const std::shared_ptr<void>& data() const;

private:
    friend detail::Access;
    friend Caller;
    Store(std::shared_ptr<detail::StoreLink> link, bool is_owner);
    std::shared_ptr<detail::StoreLink> link_;
    /// False for the store of a `Caller`: a host function does not own its caller's store.
    bool is_owner_ = true;
};

/// What a host function can see of its caller. Valid during the call.
class VITRINE_API Caller {
public:
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

    /// The instance whose code made the call. Empty if the embedder made it.
    std::optional<Instance> instance() const;
    /// The memory that the calling instance exports under that name.
    std::optional<Memory> memory(std::string_view name = "memory") const;
    /// The store of the calling guest, for example to create objects and instances in it.
    Store& store() { return store_; }

private:
    friend detail::Access;
    Caller(std::shared_ptr<detail::StoreLink> link, void* instance);
    Store store_;
    void* instance_;
};

} // namespace vitrine
