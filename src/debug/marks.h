// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/instance.h"

#include <utility>
#include <vector>

namespace vitrine::core {
class Thread;
}

namespace vitrine::core::debug {

/// An instruction of a function of a store.
using MarkedPlace = std::pair<Function*, CodeOffset>;

/// The marked instructions in the code of one guest thread's store: those of the user's breakpoints, and passing ones that a
/// step needs. Changed only while that thread executes nothing.
class Marks {
public:
    explicit Marks(Thread& thread) : thread_(thread) {}
    ~Marks() { set({}); }
    Marks(const Marks&) = delete;
    Marks& operator=(const Marks&) = delete;

    /// Brings the lasting marks in line with these places, in any order.
    void set(std::vector<MarkedPlace> wanted);
    void add_passing(MarkedPlace place);
    void clear_passing();

private:
    bool is_lasting(const MarkedPlace& place) const;

    Thread& thread_;
    std::vector<MarkedPlace> lasting_;
    std::vector<MarkedPlace> passing_;
};

} // namespace vitrine::core::debug
