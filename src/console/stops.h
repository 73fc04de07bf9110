// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "console/target.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace vitrine::core::console {

/// The breakpoints and watchpoints that were set in a console. They have numbers of the console's
/// own, which stay the same when the program is run again in another session. Breakpoints stay
/// from run to run; watchpoints end with theirs.
class Stops {
public:
    explicit Stops(Target& target) : target_(target) {}

    struct WatchRow {
        uint32_t id;
        debug::WatchpointSpec::Access access;
        /// What is watched, as the user wrote it.
        std::string place;
        uint64_t hits;
    };

    Result<uint32_t> add(debug::BreakpointSpec spec);
    Result<uint32_t> add(debug::WatchpointSpec spec, std::string place);
    /// Changes everything but the place.
    Result<void> change(uint32_t id, debug::BreakpointSpec spec);
    Result<void> remove(uint64_t id);
    /// By ascending number.
    std::vector<debug::Breakpoint> breakpoints();
    std::vector<WatchRow> watchpoints();
    Result<debug::Breakpoint> find_breakpoint(uint64_t id);
    /// The number of a breakpoint or watchpoint of the session; 0 if it was not set here.
    uint32_t number_of(uint32_t session_id) const;
    /// Those on locals whose frames have ended since this was last called.
    std::vector<uint32_t> take_ended();

    /// What this console has asked for; at first, what the session does without being asked.
    debug::StopsOn stops_on() { return stops_on_.value_or(target_.session().stops_on()); }
    void stop_on(const debug::StopsOn& what);

    /// Remembers what is set, before the session ends.
    void keep();
    /// Sets it again in a new session.
    Result<void> restore();

private:
    struct Entry {
        uint32_t session_id;
        /// Empty for a breakpoint.
        std::string place {};
        bool is_local = false;
    };

    Target& target_;
    std::map<uint32_t, Entry> entries_;
    std::vector<debug::Breakpoint> kept_;
    std::optional<debug::StopsOn> stops_on_;
    uint32_t next_id_ = 1;
};

} // namespace vitrine::core::console
