// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/marks.h"

#include "base/guard.h"
#include "exec/instrument.h"

#include <algorithm>
#include <optional>
#include <utility>

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

void Marks::set(GuardedPlaces wanted)
{
    // Setting a mark may need memory. If there is none, the code contains at least the marks that
    // are recorded here. Removing marks needs none, so that a session can always end.
    for (const auto& [place, guard] : wanted)
        update(place, &guard);
    for (const auto& [place, guard] : lasting_)
        if (!wanted.contains(place))
            release(place, nullptr);
    lasting_ = std::move(wanted);
}

void Marks::add_passing(MarkedPlace place, const Slot* frame)
{
    const Guard guard = frame ? in_frame(frame) : Guard();
    const auto [passing, is_new] = passing_.try_emplace(place, guard);
    if (!is_new)
        passing->second = either(passing->second, guard);
    update(place, find_lasting(place));
}

void Marks::clear_passing()
{
    for (const auto& [place, guard] : std::exchange(passing_, {}))
        release(place, find_lasting(place));
}

void Marks::update(const MarkedPlace& place, const Guard* own)
{
    std::optional<Guard> all;
    const auto add = [&](const Guard& guard) { all = all ? either(*all, guard) : guard; };
    if (own)
        add(*own);
    for (const Marks* const marks : *all_) {
        if (const Guard* const guard = marks == this ? nullptr : marks->find_lasting(place))
            add(*guard);
        if (const auto passing = marks->passing_.find(place); passing != marks->passing_.end())
            add(passing->second);
    }
    if (all)
        mark(thread_, *place.first, place.second, *all);
    else
        unmark(thread_, *place.first, place.second);
}

void Marks::release(const MarkedPlace& place, const Guard* own)
{
    // Without memory for a guard, the mark stays without one.
    guarded([&] { update(place, own); }, [](const Thrown&) {});
}

const Guard* Marks::find_lasting(const MarkedPlace& place) const
{
    const auto found = lasting_.find(place);
    return found != lasting_.end() ? &found->second : nullptr;
}

} // namespace vitrine::core::debug
