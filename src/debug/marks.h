// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/guard.h"
#include "runtime/instance.h"

#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace vitrine::core {
class Thread;
}

namespace vitrine::core::debug {

/// An instruction in a function of a store.
using MarkedPlace = std::pair<Function*, CodeOffset>;

/// Places with the guards of their marks. An empty guard means that the probe always fires.
using GuardedPlaces = std::map<MarkedPlace, Guard>;

class Marks;
/// The marks of all guest threads of one store.
using MarksOfStore = std::vector<const Marks*>;

/// The marked instructions that one guest thread needs in the code of its store: lasting ones for
/// the user's breakpoints, and passing ones for a step. Changed only while no thread of the store
/// executes.
class Marks {
public:
    /// `all` has an entry for each thread of the store.
    Marks(Thread& thread, std::shared_ptr<MarksOfStore> all);
    ~Marks();
    Marks(const Marks&) = delete;
    Marks& operator=(const Marks&) = delete;

    /// Makes these places the lasting marks. Passing ones stay.
    void set(GuardedPlaces wanted);
    /// With the locals of a frame, the mark is for that frame: the probe does not fire when others
    /// execute the instruction, of this thread or of another one.
    void add_passing(MarkedPlace place, const Slot* frame = nullptr);
    void clear_passing();
    bool has_passing() const { return !passing_.empty(); }
    const std::shared_ptr<MarksOfStore>& all() const { return all_; }

private:
    /// Makes the mark in the code what all threads need there. `own` is the guard of this thread's
    /// lasting mark; null if it has none.
    void update(const MarkedPlace& place, const Guard* own);
    /// The same after this thread has begun to need less. Cannot fail.
    void release(const MarkedPlace& place, const Guard* own);
    /// The guard of this thread's lasting mark, or null.
    const Guard* find_lasting(const MarkedPlace& place) const;

    Thread& thread_;
    std::shared_ptr<MarksOfStore> all_;
    GuardedPlaces lasting_;
    GuardedPlaces passing_;
};

} // namespace vitrine::core::debug
