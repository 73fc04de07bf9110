// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/marks.h"
#include "eval/expression.h"
#include "exec/frame.h"
#include "runtime/store.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace vitrine::core::debug {

/// Where to stop, and when: a place in a module, in all its instances or in one.
struct BreakpointSpec {
    std::shared_ptr<const Module> module;
    CodeOffset offset = 0;
    const Instance* instance = nullptr;
    /// An expression that must hold; without one it always does.
    std::string condition {};
    /// How often the guest passes before it stops.
    uint64_t ignore_count = 0;
    /// With a message the guest does not stop: the message is logged, its `{expressions}` replaced by their values.
    std::string message {};
    /// Gone after its first stop.
    bool is_temporary = false;
    bool is_enabled = true;
};

/// A breakpoint as it is listed.
struct Breakpoint {
    uint32_t id = 0;
    BreakpointSpec spec;
    /// The first instruction at or behind the requested offset: where it stops.
    CodeOffset offset = 0;
    /// How often the guest came there and the condition held.
    uint64_t hits = 0;
};

/// The breakpoints of a session, by module and offset. Modules that have no instance yet get their marks with the instance. Not
/// synchronised: the session sees to that.
class Breakpoints {
public:
    /// The types are those of the modules' engine.
    explicit Breakpoints(const TypeRegistry& types) : types_(types) {}

    /// Refuses an offset that lies in no function, and a condition or message with an error, whose offset is then the
    /// position in its text.
    Result<void> add(uint32_t id, BreakpointSpec spec);
    /// Everything but the place may be changed; the hits stay.
    Result<void> change(uint32_t id, BreakpointSpec spec);
    Result<void> remove(uint32_t id);
    void clear();
    std::vector<Breakpoint> list() const;
    const Breakpoint* find(uint32_t id) const;

    /// The instructions of the store's functions that stand for the breakpoints.
    std::vector<MarkedPlace> places_in(Store& store) const;

    /// What becomes of a guest at a marked instruction.
    struct Hit {
        /// The breakpoint that stops it, 0 when none does.
        uint32_t id = 0;
        /// Why its condition could not be evaluated.
        std::string problem {};
    };
    /// Counts hits, logs messages, and removes what is temporary.
    Hit hit(const Frame& frame, const std::function<void(std::string)>& log);

private:
    struct Entry : Breakpoint {
        std::optional<eval::Expression> condition;
        std::optional<eval::LogMessage> message;
    };
    struct PlaceHash {
        size_t operator()(const std::pair<const Module*, CodeOffset>& place) const
        {
            return std::hash<const void*>()(place.first) ^ (size_t { place.second } * 0x9e3779b97f4a7c15u);
        }
    };

    /// Where the instructions of a function begin, in order: of the one looked into last.
    struct Instructions {
        std::shared_ptr<const Module> module {};
        FuncIndex function {};
        std::vector<CodeOffset> begins {};
    };

    Result<Entry> compile(uint32_t id, BreakpointSpec spec);
    std::optional<CodeOffset> find_instruction(
        const std::shared_ptr<const Module>& module, FuncIndex function, CodeOffset offset);
    static bool is_meant(const Entry& entry, const Instance& instance);
    Result<std::map<uint32_t, Entry>::iterator> look_up(uint32_t id);

    const TypeRegistry& types_;
    Instructions instructions_;
    std::map<uint32_t, Entry> entries_;
    std::unordered_map<std::pair<const Module*, CodeOffset>, std::vector<Entry*>, PlaceHash> at_;
};

} // namespace vitrine::core::debug
