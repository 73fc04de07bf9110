// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/events.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace vitrine::core::debug {

/// What a client wants to be told of a session. The functions are called on guest threads, one at a
/// time and in the order of the events, while the guest waits. They may query the session and
/// resume the guest, but must not close the session. Empty functions are skipped.
struct Listener {
    /// Every stop, before `Session::wait` returns it, and the end.
    std::function<void(const Event&)> events {};
    /// Every resume, before the guest executes anything.
    std::function<void(const Resumed&)> resumes {};
    /// The messages of breakpoints, each with the breakpoint's id.
    std::function<void(uint32_t breakpoint, const std::string& message)> messages {};
    /// Every new instance, before the next instruction of its store: breakpoints that are set here
    /// stop its start function. The other guest threads go on meanwhile.
    std::function<void(Instance&)> instances {};
    /// Also stops the guest for every new instance, whatever the session stops on, before the next
    /// instruction of its store. A listener that sets this must resume the guest from there.
    bool stops_at_loads = false;
};

/// The listeners of a session, in the order in which they were added. Not synchronised: the session
/// takes care of that.
class Listeners {
public:
    using Id = uint32_t;
    /// The listeners at one time. They are called without the session's lock, so that one that is
    /// removed meanwhile can be called once more.
    using Snapshot = std::vector<std::shared_ptr<const Listener>>;

    Id add(Listener listener)
    {
        rows_.emplace_back(next_, std::make_shared<const Listener>(std::move(listener)));
        return next_++;
    }
    void remove(Id id)
    {
        std::erase_if(rows_, [id](const auto& row) { return row.first == id; });
    }
    void clear() { rows_.clear(); }

    bool is_empty() const { return rows_.empty(); }
    bool stop_at_loads() const
    {
        return std::ranges::any_of(rows_, [](const auto& row) { return row.second->stops_at_loads; });
    }
    bool hear_of_instances() const
    {
        return std::ranges::any_of(rows_, [](const auto& row) { return row.second->instances != nullptr; });
    }
    bool take_messages() const
    {
        return std::ranges::any_of(rows_, [](const auto& row) { return row.second->messages != nullptr; });
    }
    Snapshot all() const
    {
        Snapshot all;
        for (const auto& [id, listener] : rows_)
            all.push_back(listener);
        return all;
    }

private:
    std::vector<std::pair<Id, std::shared_ptr<const Listener>>> rows_;
    Id next_ = 1;
};

} // namespace vitrine::core::debug
