// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/marks.h"
#include "eval/expression.h"
#include "exec/frame.h"
#include "runtime/store.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace vitrine::core::eval {
class LogMessage;
}

namespace vitrine::core::debug {

class SymbolFinder;

/// Whether a breakpoint or watchpoint stops the guest at its hit of this number, from 1.
constexpr bool stops_at_hit(uint64_t hit, uint64_t ignore_count, uint64_t every)
{
    return hit > ignore_count && (every <= 1 || (hit - ignore_count) % every == 0);
}

/// What breakpoints at several places have in common. Belongs to the session from the first use on.
struct BreakpointGroup {
    /// The sum of their hits.
    uint64_t hits = 0;
};

/// Where and when to stop: a place in a module, in all of its instances or in one.
struct BreakpointSpec {
    std::shared_ptr<const Module> module;
    CodeOffset offset = 0;
    const Instance* instance = nullptr;
    /// An expression that must be true for a hit. Empty: always true.
    std::string condition {};
    /// How many inlined calls at the offset are inside of the frame that the names in the condition
    /// and in the message are looked up in.
    uint32_t level = 0;
    /// The number of hits to skip before the guest stops.
    uint64_t ignore_count = 0;
    /// Only every Nth of the hits after those stops the guest; 0 is the same as 1.
    uint64_t every = 1;
    /// With a message the breakpoint does not stop the guest: it logs the message, with each
    /// `{expression}` replaced by its value.
    std::string message {};
    /// Removed after its first stop.
    bool is_temporary = false;
    bool is_enabled = true;
    /// What it shares with the others of the same request: they count hits together, and a
    /// temporary one is removed with them. Null for a breakpoint of its own.
    std::shared_ptr<BreakpointGroup> group {};
    /// For `StopReason::entered`. A breakpoint in an inlined body has entered it.
    uint32_t entered = UINT32_MAX;
};

/// A breakpoint with its state, for listings.
struct Breakpoint {
    uint32_t id = 0;
    BreakpointSpec spec;
    /// Where it stops: the first instruction at or after the requested offset.
    CodeOffset offset = 0;
    /// How often execution reached it while the condition was true.
    uint64_t hits = 0;
    /// Whether its message shows values of the source, which are formatted at each hit.
    bool is_slow = false;

    /// Whether it is at the frame's instruction and applies to the frame's instance.
    bool is_at(const Frame& frame) const;
};

/// The breakpoints of a session, by module and offset. A module without an instance gets its marks
/// when one is made. Not synchronised: the session takes care of that.
class Breakpoints {
public:
    /// `types` must be the registry of the modules' engine.
    explicit Breakpoints(const TypeRegistry& types);
    ~Breakpoints();
    Breakpoints(const Breakpoints&) = delete;
    Breakpoints& operator=(const Breakpoints&) = delete;

    /// Who finds the names of the source in conditions and messages from now on; can be null.
    void set_symbols(std::shared_ptr<SymbolFinder> finder);

    /// A breakpoint that can be added.
    class Compiled;
    /// Fails for an offset outside of all functions, and for a condition or message with an error.
    /// The error's offset is then the position in that text. Any thread may call it at any time: it
    /// may wait for debug information.
    Result<Compiled> compile(BreakpointSpec spec);
    void add(uint32_t id, Compiled breakpoint);
    /// Replaces everything except module and offset, which must be unchanged. The hit count is
    /// kept.
    Result<void> change(uint32_t id, Compiled breakpoint);
    Result<void> remove(uint32_t id);
    void clear();
    std::vector<Breakpoint> list() const;
    const Breakpoint* find(uint32_t id) const;

    /// The instructions in the store's functions to be marked for the breakpoints. A place has a
    /// guard if all breakpoints there have a condition that guards can express. Where it does not
    /// hold, `hit` would do nothing: a false condition comes before all counts and messages.
    GuardedPlaces places_in(Store& store) const;

    /// What the breakpoints do at a marked instruction.
    struct Hit {
        /// The breakpoint that stops the guest; 0 for none.
        uint32_t id = 0;
        /// The error, if its condition could not be evaluated.
        std::string problem {};
        uint32_t entered = 0;
    };
    /// Whether the breakpoint is enabled and applies to this instance.
    static bool is_meant(const Breakpoint& breakpoint, const Instance& instance);
    /// What a breakpoint logs.
    struct Message {
        uint32_t id;
        std::shared_ptr<const eval::LogMessage> text;
    };
    using Messages = std::vector<Message>;
    /// Counts hits, adds the messages that are to be logged, and removes a temporary breakpoint
    /// that stops.
    Hit hit(const Frame& frame, Messages& messages);

private:
    struct Entry : Breakpoint {
        std::optional<eval::Expression> condition;
        /// Made from the condition. Empty if there is none, or if it cannot be expressed.
        Guard guard;
        std::shared_ptr<const eval::LogMessage> message;
    };
    struct PlaceHash {
        size_t operator()(const std::pair<const Module*, CodeOffset>& place) const
        {
            return std::hash<const void*>()(place.first) ^ (size_t { place.second } * 0x9e3779b97f4a7c15u);
        }
    };

    /// The offsets of a function's instructions in order, for the function that was used last.
    struct Instructions {
        std::shared_ptr<const Module> module {};
        FuncIndex function {};
        std::vector<CodeOffset> begins {};
    };

    std::optional<CodeOffset> find_instruction(
        const std::shared_ptr<const Module>& module, FuncIndex function, CodeOffset offset);
    Result<std::map<uint32_t, Entry>::iterator> look_up(uint32_t id);
    void remove_temporary(uint32_t id);

    const TypeRegistry& types_;
    /// For the members that `compile` uses.
    std::mutex compiling_;
    std::shared_ptr<SymbolFinder> symbols_;
    Instructions instructions_;
    std::map<uint32_t, Entry> entries_;
    std::unordered_map<std::pair<const Module*, CodeOffset>, std::vector<Entry*>, PlaceHash> at_;
};

class Breakpoints::Compiled {
    friend Breakpoints;
    explicit Compiled(Entry entry) : entry_(std::move(entry)) {}

    Entry entry_;
};

} // namespace vitrine::core::debug
