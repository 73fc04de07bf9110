// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "console/source.h"
#include "console/target.h"
#include "debug/requests.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::console {

/// A watched variable of the source, or a part of one.
struct WatchedValue {
    std::shared_ptr<source::Symbols> symbols;
    source::TypeId type {};
    /// `at 0x11f8c`, `in local 3`
    std::string place {};
    /// The index of the memory that pointers of the source point into.
    uint32_t memory = 0;

    /// `int at 0x11f8c`
    std::string text() const;
    /// A value of its type with these bytes.
    std::string value_text(Instance& instance, Bytes bytes) const;
};

/// What an expression means in the source; none if that is not what is watched.
std::optional<WatchedValue> watched_value(
    const Scope& scope, std::string_view text, const eval::WatchPlace& what);

/// The breakpoints and watchpoints that were set in a console. They have numbers of the console's
/// own, which stay the same when the program is run again in another session. They stay from run to
/// run, but watchpoints on locals end with their frames. A watchpoint that was kept is set in the
/// new run as soon as its instance is there.
class Stops {
public:
    Stops(Target& target, SourceView& view);

    /// A watchpoint under its number here.
    struct WatchRow : debug::Watchpoint {
        /// What is watched, as the user wrote it.
        std::string place;
        /// What that is in the source, if it is a variable or a part of one.
        std::optional<WatchedValue> value {};
        /// Whether it waits for its instance.
        bool is_pending = false;
        bool is_local = false;
    };

    Result<uint32_t> add(debug::RequestSpec spec) { return requests().add(std::move(spec)); }
    /// `instance` is where the place was found.
    Result<uint32_t> add(debug::WatchpointSpec spec, std::string place, const Instance& instance,
        std::optional<WatchedValue> value = std::nullopt);
    /// What a watchpoint of the session watches in the source.
    std::optional<WatchedValue> watched_value(uint32_t session_id) const;
    /// Changes everything but the place.
    Result<void> change(uint32_t id, debug::RequestSpec spec)
    {
        return requests().change(id, std::move(spec));
    }
    Result<void> change(uint32_t id, debug::WatchpointSpec spec);
    Result<void> remove(uint64_t id);
    /// By ascending number.
    std::vector<debug::Request> breakpoints() { return requests().list(); }
    /// Those of the session that belong to them.
    std::vector<debug::Breakpoint> session_breakpoints();
    std::vector<WatchRow> watchpoints();
    Result<debug::Request> find_breakpoint(uint64_t id);
    Result<void> enable_location(uint32_t id, uint32_t location, bool is_enabled)
    {
        return requests().set_location_enabled(id, location, is_enabled);
    }
    /// The number that was given last; 0 for none.
    uint32_t last_number();
    /// The number of a breakpoint or watchpoint of the session; 0 if it was not set here.
    uint32_t number_of(uint32_t session_id) const;
    /// The breakpoints that modules loaded since this was last called have changed.
    std::vector<debug::Request> take_changed();
    /// Those on locals whose frames have ended since this was last called.
    std::vector<uint32_t> take_ended();

    /// The lines that are done when the program has stopped there.
    std::vector<std::string> commands(uint32_t id) const;
    void set_commands(uint32_t id, std::vector<std::string> lines);

    /// What this console has asked for; at first, what the session does without being asked.
    debug::StopsOn stops_on() { return stops_on_.value_or(target_.session().stops_on()); }
    void stop_on(const debug::StopsOn& what);

    /// Remembers what is set, before the session and its client end.
    void keep();
    /// The client is about to leave the session.
    void leave()
    {
        requests_.detach();
        client_ = nullptr;
    }
    /// Sets breakpoints again after `keep` if the session has not ended.
    void attach() { requests(); }
    /// Sets it again in a new session.
    Result<void> restore();
    /// Whether watchpoints wait for their instances. The session then stops at new ones.
    bool is_waiting() const { return before_waiting_.has_value(); }
    /// Whether somebody has asked for stops at new instances.
    bool wants_loads() const { return before_waiting_->load; }
    /// Sets the watchpoints whose instances are there now. Answers with what the user should know.
    std::vector<std::string> set_waiting();

private:
    /// A watched place, in any run.
    struct Home {
        std::shared_ptr<const Module> module;
        /// The instance's number in its store.
        uint32_t number = 0;
        ExternKind kind = ExternKind::Memory;
        uint32_t index = 0;
        /// In a memory or table.
        uint64_t at = 0, size = 0;
    };
    struct Entry {
        /// 0 for a watchpoint that waits.
        uint32_t session_id;
        /// The place as the user wrote it.
        std::string place {};
        std::optional<WatchedValue> value {};
        /// Not for a local.
        std::optional<Home> home {};
        /// Only for a watchpoint that waits.
        debug::WatchpointSpec spec {};

        bool is_local() const { return !home; }
    };
    static std::optional<Home> home_of(const eval::WatchPlace& place, const Instance& instance);
    static std::optional<eval::WatchPlace> place_of(const Home& home, Instance& instance);
    Result<void> set_if_there(Entry& entry);
    debug::Requests& requests();

    Target& target_;
    SourceView& view_;
    std::mutex changed_mutex_;
    /// Written by guest threads.
    std::vector<uint32_t> changed_;
    /// The breakpoints. They are set in the session of this client; null for none.
    debug::Requests requests_;
    debug::Client* client_ = nullptr;
    /// The watchpoints.
    std::map<uint32_t, Entry> entries_;
    std::map<uint32_t, std::vector<std::string>> commands_;
    std::vector<WatchRow> kept_watches_;
    std::optional<debug::StopsOn> stops_on_;
    /// What the client has asked for besides stops at new instances.
    std::optional<debug::StopsOn> before_waiting_;
};

} // namespace vitrine::core::console
