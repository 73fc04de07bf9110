// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/marks.h"

#include "exec/instrument.h"

#include <algorithm>

namespace vitrine::core::debug {

Marks::Marks(Thread& thread, std::shared_ptr<MarksOfStore> all) : thread_(thread), all_(std::move(all))
{
    all_->push_back(this);
}

Marks::~Marks()
{
    clear_passing();
    set({});
    std::erase(*all_, this);
}

void Marks::set(std::vector<MarkedPlace> wanted)
{
    std::ranges::sort(wanted);
    wanted.erase(std::ranges::unique(wanted).begin(), wanted.end());
    // Setting a mark may need memory. If there is none, the code contains at least the marks that
    // are recorded here. Removing marks needs none, so that a session can always end.
    for (const MarkedPlace& place : wanted)
        if (!is_lasting(place))
            mark(thread_, *place.first, place.second);
    for (const MarkedPlace& place : lasting_)
        if (!std::ranges::binary_search(wanted, place) && !is_passing(place))
            remove(place);
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
            remove(place);
    passing_.clear();
}

void Marks::remove(const MarkedPlace& place)
{
    if (std::ranges::none_of(*all_, [&](const Marks* other) { return other != this && other->needs(place); }))
        unmark(thread_, *place.first, place.second);
}

bool Marks::needs(const MarkedPlace& place) const { return is_lasting(place) || is_passing(place); }

bool Marks::is_passing(const MarkedPlace& place) const
{
    return std::ranges::find(passing_, place) != passing_.end();
}

bool Marks::is_lasting(const MarkedPlace& place) const { return std::ranges::binary_search(lasting_, place); }

} // namespace vitrine::core::debug
