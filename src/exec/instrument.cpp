// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/instrument.h"

#include "exec/code.h"
#include "exec/thread.h"

#include <algorithm>

namespace vitrine::core {

void set_stepping(Thread& thread, bool is_stepping, ProbeRole role)
{
    const auto bit = static_cast<uint8_t>(1u << static_cast<uint32_t>(role));
    thread.stepping_ = static_cast<uint8_t>(is_stepping ? thread.stepping_ | bit : thread.stepping_ & ~bit);
}

void set_watches(Thread& thread, const Watches* watches)
{
    if (thread.watches_ == watches)
        return;
    thread.watches_ = watches;
    thread.tier.watches_changed(thread);
}

void set_stop_tick(Thread& thread, uint64_t tick)
{
    thread.stop_tick_ = tick;
    thread.requests->stop_tick.store(tick);
    // A pending request had lowered the stop tick, and the store above has raised it again.
    if (thread.requests->bits.load() != 0)
        thread.requests->lower_words();
}

void mark(Thread& thread, Function& function, CodeOffset offset, GuardView guard)
{
    if (is_marked(function, offset) && std::ranges::equal(guard_of(function, offset), guard))
        return;
    mark(function, offset, guard);
    thread.tier.code_changed(thread, function);
}

void unmark(Thread& thread, Function& function, CodeOffset offset)
{
    if (!is_marked(function, offset))
        return;
    unmark(function, offset);
    thread.tier.code_changed(thread, function);
}

} // namespace vitrine::core
