// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi2/pollable.h"

#include "base/overloaded.h"

namespace vitrine::core::wasi2 {

void Pollable::add_to(host::WaitSet& set)
{
    std::visit(Overloaded {
                   [&](Always) { set.add(0); },
                   [&](uint64_t deadline) { set.add(deadline); },
                   [&](Events& wanted) { wanted.place = set.add(*wanted.file, wanted.events); },
               },
        what_);
}

bool Pollable::is_ready(const host::WaitSet& set, uint64_t now) const
{
    return std::visit(
        Overloaded {
            [](Always) { return true; },
            [&](uint64_t deadline) { return now >= deadline; },
            [&](const Events& wanted) { return set.happened(wanted.place, wanted.events) != 0; },
        },
        what_);
}

} // namespace vitrine::core::wasi2
