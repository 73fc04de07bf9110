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
    std::vector<MarkedPlace> difference;
    std::ranges::set_difference(lasting_, wanted, std::back_inserter(difference));
    for (const auto& [function, offset] : difference)
        unmark(thread_, *function, offset);
    difference.clear();
    std::ranges::set_difference(wanted, lasting_, std::back_inserter(difference));
    for (const auto& [function, offset] : difference)
        mark(thread_, *function, offset);
    lasting_ = std::move(wanted);
}

void Marks::add_passing(MarkedPlace place)
{
    if (!is_lasting(place))
        mark(thread_, *place.first, place.second);
    passing_.push_back(place);
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
