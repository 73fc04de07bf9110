// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/instance.h"

#include <memory>
#include <utility>
#include <vector>

namespace vitrine::core {
class Thread;
}

namespace vitrine::core::debug {

/// An instruction in a function of a store.
using MarkedPlace = std::pair<Function*, CodeOffset>;

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

    /// Makes these places, in any order, the lasting marks. Passing ones stay.
    void set(std::vector<MarkedPlace> wanted);
    void add_passing(MarkedPlace place);
    void clear_passing();
    bool has_passing() const { return !passing_.empty(); }
    const std::shared_ptr<MarksOfStore>& all() const { return all_; }

private:
    /// Keeps the mark if another thread needs it.
    void remove(const MarkedPlace& place);
    bool needs(const MarkedPlace& place) const;
    bool is_lasting(const MarkedPlace& place) const;
    bool is_passing(const MarkedPlace& place) const;

    Thread& thread_;
    std::shared_ptr<MarksOfStore> all_;
    std::vector<MarkedPlace> lasting_;
    std::vector<MarkedPlace> passing_;
};

} // namespace vitrine::core::debug
