// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/marks.h"

#include "exec/instrument.h"

#include <algorithm>

namespace vitrine::core::debug {

void Marks::set(std::vector<MarkedPlace> wanted)
{
    clear_passing();
    std::ranges::sort(wanted);
    wanted.erase(std::ranges::unique(wanted).begin(), wanted.end());
    // A mark may need memory: when there is none, what stands in the code is at least what we know of. To take marks
    // away needs none, so that a session can always leave.
    for (const MarkedPlace& place : wanted)
        if (!is_lasting(place))
            mark(thread_, *place.first, place.second);
    for (const MarkedPlace& place : lasting_)
        if (!std::ranges::binary_search(wanted, place))
            unmark(thread_, *place.first, place.second);
    lasting_ = std::move(wanted);
}

void Marks::add_passing(MarkedPlace place)
{
    passing_.push_back(place);
    if (!is_lasting(place))
        mark(thread_, *place.first, place.second);
}

void Marks::clear_passing()
{
    for (const MarkedPlace& place : passing_)
        if (!is_lasting(place))
            unmark(thread_, *place.first, place.second);
    passing_.clear();
}

bool Marks::is_lasting(const MarkedPlace& place) const { return std::ranges::binary_search(lasting_, place); }

} // namespace vitrine::core::debug
