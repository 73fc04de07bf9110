// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/instrument.h"
#include "exec/position.h"

#include <cstdint>

namespace vitrine::core::test {

/// Steps through everything that its thread executes, and counts the instructions whose position is
/// not greater than the one before.
class OrderCheck final : public Probe {
public:
    explicit OrderCheck(Thread& thread) : thread_(thread)
    {
        thread.probes.set(ProbeRole::Profiler, this);
        set_stepping(thread, true, ProbeRole::Profiler);
    }
    ~OrderCheck() override
    {
        set_stepping(thread_, false, ProbeRole::Profiler);
        thread_.probes.set(ProbeRole::Profiler, nullptr);
    }
    OrderCheck(const OrderCheck&) = delete;
    OrderCheck& operator=(const OrderCheck&) = delete;

    Wish fire(Thread& thread, Cause cause) override
    {
        if (cause != Cause::Step && cause != Cause::Mark)
            return Wish::Continue;
        const Position position = position_of(thread);
        // The position without the rule for `loop`.
        const Position plain { thread.tick(), position.depth, position.offset };
        if (instructions != 0) {
            wrong += last_ >= position;
            wrong_without_rule += last_plain_ >= plain;
        }
        last_ = position;
        last_plain_ = plain;
        return ++instructions == limit ? Wish::Kill : Wish::Continue;
    }

    /// Ends the guest after this many instructions.
    uint64_t limit = UINT64_MAX;
    uint64_t instructions = 0;
    uint64_t wrong = 0;
    uint64_t wrong_without_rule = 0;

private:
    Thread& thread_;
    Position last_;
    Position last_plain_;
};

} // namespace vitrine::core::test
