// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/probe.h"

#include <array>
#include <atomic>

namespace vitrine::core {

/// What a probe is for. Of each role a thread has one at most; they are asked in this order.
enum class ProbeRole : uint8_t { Recorder, Session, Profiler };
inline constexpr size_t probe_roles = 3;

/// The probes of a guest thread.
class Probes {
public:
    bool is_empty() const
    {
        for (const auto& probe : probes_)
            if (probe.load())
                return false;
        return true;
    }
    Probe* find(ProbeRole role) const { return probes_[static_cast<size_t>(role)].load(); }
    /// From any host thread. To take a probe away, set null and then check `Thread::runner`: if a call has started in between,
    /// put the probe back, as that call may be using it.
    void set(ProbeRole role, Probe* probe) { probes_[static_cast<size_t>(role)].store(probe); }

    /// Asks the probes until one wishes something else than to continue. Steps are for those that wanted them.
    Wish fire(Thread& thread, Cause cause) const;
    // As the functions of `Probe`: each is told, or asked.
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
