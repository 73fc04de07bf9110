// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/instrument.h"

#include "exec/code.h"
#include "exec/thread.h"

namespace vitrine::core {

void set_stepping(Thread& thread, bool is_stepping) { thread.is_stepping_ = is_stepping; }

void set_watches(Thread& thread, const Watches* watches)
{
    if (thread.watches_ == watches)
        return;
    thread.watches_ = watches;
    thread.tier.watches_changed(thread);
}

void mark(Thread& thread, Function& function, CodeOffset offset)
{
    if (is_marked(function, offset))
        return;
    mark(function, offset);
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
