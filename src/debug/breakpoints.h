// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/frame.h"
#include "runtime/store.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace vitrine::core::debug {

/// Where to stop: a place in a module, in all its instances of the store or in one.
struct BreakpointSpec {
    std::shared_ptr<const Module> module;
    CodeOffset offset = 0;
    const Instance* instance = nullptr;
};

/// A breakpoint as it is listed.
struct Breakpoint {
    uint32_t id = 0;
    BreakpointSpec spec;
    /// The first instruction at or behind the requested offset: where it stops.
    CodeOffset offset = 0;
    uint64_t hits = 0;
};

/// The breakpoints of one store, keyed by module and offset, and the marks in the code that they need. Modules that have no instance yet
/// get their marks with the instance. Not synchronised: the session sees to that.
class Breakpoints {
public:
    explicit Breakpoints(Store& store) : store_(store) {}

    /// Its id; refuses an offset that lies in no function.
    Result<uint32_t> add(BreakpointSpec spec);
    Result<void> remove(uint32_t id);
    const std::vector<Breakpoint>& list() const { return list_; }

    /// Marks places for the debugger's own use, until `clear_internal`.
    void add_internal(const Function& function, CodeOffset offset);
    void clear_internal();

    /// Brings the marks in the code in line with the list; the guest must not be executing an instruction.
    void sync();
    /// The breakpoint that stops this frame at its next instruction, its hits counted; null when none does.
    const Breakpoint* hit(const Frame& frame);

private:
    using Place = std::pair<Function*, CodeOffset>;

    std::vector<Place> wanted_marks() const;

    Store& store_;
    std::vector<Breakpoint> list_;
    std::vector<Place> internal_;
    std::vector<Place> marks_;
    uint32_t next_id_ = 1;
};

} // namespace vitrine::core::debug
