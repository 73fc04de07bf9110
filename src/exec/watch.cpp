// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/watch.h"

#include <algorithm>

namespace vitrine::core {

namespace {

/// Extends the bounds by a range. Ranges must be added in the order of their first addresses.
void extend(Watches::Bounds& bounds, const WatchedRange& range)
{
    if (bounds.bytes == 0) {
        bounds = { .begin = range.begin, .bytes = range.end - range.begin };
        return;
    }
    const uintptr_t end = bounds.begin + bounds.bytes;
    if (range.begin > end && range.begin - end > bounds.gap_bytes) {
        bounds.gap_begin = end;
        bounds.gap_bytes = range.begin - end;
    }
    bounds.bytes = std::max(end, range.end) - bounds.begin;
}

} // namespace

Watches::Watches(std::vector<WatchedRange> ranges) : ranges_(std::move(ranges))
{
    std::ranges::sort(ranges_, {}, &WatchedRange::begin);
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
