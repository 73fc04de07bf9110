// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/watch.h"

#include <algorithm>

namespace vitrine::core {

namespace {

void extend(Watches::Bounds& bounds, const WatchedRange& range)
{
    if (bounds.bytes == 0) {
        bounds = { range.begin, range.end - range.begin };
        return;
    }
    const uintptr_t end = std::max(bounds.begin + bounds.bytes, range.end);
    bounds.begin = std::min(bounds.begin, range.begin);
    bounds.bytes = end - bounds.begin;
}

} // namespace

Watches::Watches(std::vector<WatchedRange> ranges) : ranges_(std::move(ranges))
{
    for (const WatchedRange& range : ranges_) {
        for (const bool is_write : { false, true }) {
            if (!(is_write ? range.writes : range.reads))
                continue;
            accesses_ |= access_bit(range.kind, is_write);
            extend(bounds_[static_cast<size_t>(range.kind)][is_write], range);
        }
    }
}

bool Watches::touches(const TouchedRange& range) const
{
    return range.begin != range.end && std::ranges::any_of(ranges_, [&](const WatchedRange& watched) {
        return (range.is_write ? watched.writes : watched.reads) && range.begin < watched.end
            && watched.begin < range.end;
    });
}

} // namespace vitrine::core
