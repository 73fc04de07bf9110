// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/watch.h"
#include "runtime/instance.h"

#include <array>
#include <span>

namespace vitrine::core::interp {

/// What an instruction is about to touch of the watched state.
struct Touched {
    /// The probe must fire after the instruction.
    bool is_pending = false;
    uint8_t count = 0;
    std::array<TouchedRange, 2> ranges {};

    std::span<const TouchedRange> list() const { return { ranges.data(), count }; }
};

/// For the instruction at `pc`, which is executed next in a frame of the function. The result is
/// meaningless if the instruction is going to trap.
Touched find_touched(
    const Watches& watches, const Function& function, const uint8_t* pc, const Slot* fp, const Slot* sp);

} // namespace vitrine::core::interp
