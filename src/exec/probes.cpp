// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/probes.h"

#include "exec/thread.h"

namespace vitrine::core {

Wish Probes::fire(Thread& thread, Cause cause) const
{
    for (size_t i = 0; i < probe_roles; ++i) {
        Probe* const probe = probes_[i].load();
        if (!probe || (cause == Cause::Step && !thread.is_stepping(static_cast<ProbeRole>(i))))
            continue;
        if (const Wish wish = probe->fire(thread, cause); wish != Wish::Continue)
            return wish;
    }
    return Wish::Continue;
}

template<class Call> void Probes::each(const Call& call) const
{
    for (const auto& place : probes_)
        if (Probe* const probe = place.load())
            call(*probe);
}

void Probes::on_instance(Instance& instance) const
{
    each([&](Probe& probe) { probe.on_instance(instance); });
}

void Probes::wait_outside(Thread& thread) const
{
    each([&](Probe& probe) { probe.wait_outside(thread); });
}

bool Probes::wants_end(Thread& thread) const
{
    bool wants = false;
    each([&](Probe& probe) { wants |= probe.wants_end(thread); });
    return wants;
}

void Probes::on_spawn(Thread& child) const
{
    each([&](Probe& probe) { probe.on_spawn(child); });
}

void Probes::on_thread_end(Thread& thread) const
{
    each([&](Probe& probe) { probe.on_thread_end(thread); });
}

} // namespace vitrine::core
