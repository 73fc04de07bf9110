// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/marks.h"
#include "eval/place.h"
#include "exec/watch.h"
#include "runtime/mutation.h"
#include "runtime/store.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <vitrine/kinds.hpp>

namespace vitrine::core::debug {

/// What to watch, and for what.
struct WatchpointSpec {
    using Access = vitrine::debug::WatchAccess;

    eval::WatchPlace what;
    Access access = Access::Change;
    /// Whose it is; of a shared memory null.
    const Store* store = nullptr;
};

/// A watchpoint as it is listed.
struct Watchpoint {
    uint32_t id = 0;
    WatchpointSpec spec;
    uint64_t hits = 0;
};

/// What a watchpoint has seen.
struct WatchHit {
    bool is_write = false;
    /// Of a memory: the bytes before and after.
    std::vector<uint8_t> old_bytes {};
    std::vector<uint8_t> new_bytes {};
    /// Of everything else: the values.
    std::optional<Value> old_value {};
    std::optional<Value> new_value {};
    /// Keeps an object that the old value refers to.
    std::shared_ptr<Root> root {};

    /// `7 -> 9`, or `7` when nothing was written: values; bytes as a number where there are 1, 2, 4 or 8 of them, else in
    /// hexadecimal.
    std::string to_text() const;
};

/// The watchpoints of a session, with copies of what they watch. Not synchronised: the session sees to that.
class Watchpoints {
public:
    /// Refuses what is not there, and ranges without bytes.
    Result<void> add(uint32_t id, WatchpointSpec spec);
    Result<void> remove(uint32_t id);
    void clear() { entries_.clear(); }
    /// Forgets what belongs to a store that goes.
    void drop(const Store& store);
    std::vector<Watchpoint> list() const;
    bool is_empty() const { return entries_.empty(); }

    /// What threads have to watch; nothing when there is nothing. Looks where things are now.
    std::unique_ptr<const Watches> ranges() const;
    /// Places in the store's code where frames whose locals are watched have ended.
    std::vector<MarkedPlace> places_in(const Store& store) const;

    /// The guest stands still: its state is what the next accesses are compared with. Drops locals of frames that are gone.
    void refresh();
    /// The same for what these have written.
    void refresh(std::span<const Mutation> written);
    /// Drops locals of frames of the thread that are gone. Whether there were any.
    bool drop_ended(const Thread& thread);
    /// The watchpoint for which a thread stops that has touched these ranges; when there are none, whose host has written
    /// these places and may have changed others.
    std::optional<std::pair<uint32_t, WatchHit>> hit(
        const Thread& thread, std::span<const TouchedRange> touched, std::span<const Mutation> by_host = {});

private:
    struct Entry : Watchpoint {
        /// As it was when last looked at.
        std::vector<uint8_t> copy;
        std::shared_ptr<Root> root;
        /// Of a local: where its frame's caller goes on.
        std::optional<MarkedPlace> end;
    };

    std::map<uint32_t, Entry> entries_;
};

} // namespace vitrine::core::debug
