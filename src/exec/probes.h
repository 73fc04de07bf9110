// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/probe.h"

#include <array>
#include <atomic>
#include <cstdint>

namespace vitrine::core {

/// What a probe is for. A thread has at most one probe of each role; they fire in this order.
enum class ProbeRole : uint8_t { Recorder, Session, Profiler };
inline constexpr size_t probe_roles = 3;

/// The probes of a guest thread.
class Probes {
public:
    bool is_empty() const
    {
        uintptr_t any = 0;
        for (const auto& probe : probes_)
            any |= reinterpret_cast<uintptr_t>(probe.load());
        return any == 0;
    }
    Probe* find(ProbeRole role) const { return probes_[static_cast<size_t>(role)].load(); }
    /// May be called from any host thread. To detach a probe, set null and then check
    /// `Thread::runner`. If a call has started in between, it may be using the probe: put it back.
    void set(ProbeRole role, Probe* probe) { probes_[static_cast<size_t>(role)].store(probe); }

    /// Fires the probes in order until one returns something other than `Continue`. `Cause::Step`
    /// only goes to probes that are stepping.
    Wish fire(Thread& thread, Cause cause) const;
    // Like the functions of `Probe`, for each probe.
    void on_instance(Instance& instance) const;
    void wait_outside(Thread& thread) const;
    bool wants_end(Thread& thread) const;
    void on_spawn(Thread& child) const;
    void on_thread_end(Thread& thread) const;

private:
    template<class Call> void each(const Call& call) const;

    std::array<std::atomic<Probe*>, probe_roles> probes_ {};
};

} // namespace vitrine::core
