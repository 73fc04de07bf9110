// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/marks.h"
#include "eval/expression.h"
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

class SymbolFinder;

/// What to watch, and which kind of access.
struct WatchpointSpec {
    using Access = vitrine::debug::WatchAccess;

    eval::WatchPlace what;
    Access access = Access::Change;
    /// The store that owns the place; null for a shared memory.
    const Store* store = nullptr;
    /// An expression that must be true for a hit, in the innermost guest frame of the thread that
    /// has touched the place. Empty: always true.
    std::string condition {};
    /// The number of hits to skip before the guest stops.
    uint64_t ignore_count = 0;
    /// Only every Nth of the hits after those stops the guest; 0 is the same as 1.
    uint64_t every = 1;
    bool is_enabled = true;
};

/// A watchpoint with its state, for listings.
struct Watchpoint {
    uint32_t id = 0;
    WatchpointSpec spec;
    /// How often the place was accessed while the condition was true.
    uint64_t hits = 0;
};

/// A condition that is evaluated in frames of any function: the names in it mean what they mean
/// there.
class FreeCondition {
public:
    explicit FreeCondition(std::string text = "") : text_(std::move(text)) {}

    /// Whether it holds in a guest frame. An empty condition always does. Without `symbols` names
    /// of the source are not known.
    Result<bool> is_true(const Frame& frame, SymbolFinder* symbols);

private:
    std::string text_;
    /// What it was compiled to, by the function and the offset in it.
    std::map<std::pair<const Function*, CodeOffset>, eval::Expression> compiled_;
};

/// What a watchpoint has observed.
struct WatchHit {
    bool is_write = false;
    /// For a memory: the bytes before and after.
    std::vector<uint8_t> old_bytes {};
    std::vector<uint8_t> new_bytes {};
    /// For everything else: the values before and after.
    std::optional<Value> old_value {};
    std::optional<Value> new_value {};
    /// Keeps an object alive to which the old value refers.
    std::shared_ptr<Root> root {};

    /// `7 -> 9`, or `7` if nothing was written. Memory is shown as a number if it has 1, 2, 4 or 8
    /// bytes, and in hexadecimal otherwise.
    std::string to_text() const;
};

/// The watchpoints of a session, with copies of the watched state. Not synchronised: the session
/// takes care of that.
class Watchpoints {
public:
    /// Fails for a place that does not exist, and for a range without bytes.
    Result<void> add(uint32_t id, WatchpointSpec spec);
    /// Replaces the condition, the count and whether it is enabled; the rest must be unchanged.
    /// Fails for a condition that cannot be parsed: the error's offset is then the position in it.
    /// Fails too for a local whose frame has ended; while the guest runs, its frames are not looked
    /// at.
    Result<void> change(uint32_t id, WatchpointSpec spec, bool is_running);
    Result<void> remove(uint32_t id);
    void clear() { entries_.clear(); }
    /// For names of the source in conditions; null for none.
    void set_symbols(std::shared_ptr<SymbolFinder> finder) { symbols_ = std::move(finder); }
    /// Removes the watchpoints of a store that is about to be destroyed.
    void drop(const Store& store);
    std::vector<Watchpoint> list() const;
    bool is_empty() const { return entries_.empty(); }

    /// The ranges that threads have to watch, at their current host addresses; null if there are
    /// none.
    std::unique_ptr<const Watches> ranges() const;
    /// The places in the store's code at which a frame with a watched local has ended.
    std::vector<MarkedPlace> places_in(const Store& store) const;

    /// Called while the guest is stopped: copies the current state, with which the next accesses
    /// are compared. Removes the watchpoints of locals whose frames have ended.
    void refresh();
    /// Copies the current state of the places that these mutations have written.
    void refresh(std::span<const Mutation> written);
    /// Removes the watchpoints of the thread's locals whose frames have ended. Returns whether
    /// there were any.
    bool drop_ended(const Thread& thread);
    /// A watchpoint for which a thread stops.
    struct Stop {
        uint32_t id;
        WatchHit hit;
        /// The error, if its condition could not be evaluated.
        std::string problem {};
    };
    /// The first watchpoint for which the thread stops. `touched` are the ranges that the last
    /// instruction has touched. If it is empty, a host function has run: it has written the places
    /// in `by_host`, and may have changed others.
    std::optional<Stop> hit(
        const Thread& thread, std::span<const TouchedRange> touched, std::span<const Mutation> by_host = {});

private:
    struct Entry : Watchpoint {
        /// The state when it was last checked.
        std::vector<uint8_t> copy;
        std::shared_ptr<Root> root;
        /// For a local: where the caller of its frame continues.
        std::optional<MarkedPlace> end;
        FreeCondition condition;
    };
    static bool counts(const Entry& entry, bool was_read, bool was_written, bool has_changed);
    std::string count(Entry& entry, const std::optional<Frame>& frame, bool& stops) const;

    std::map<uint32_t, Entry> entries_;
    std::shared_ptr<SymbolFinder> symbols_;
};

} // namespace vitrine::core::debug
