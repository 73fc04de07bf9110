// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/tier.h"

namespace vitrine::core {

/// The interpreter. It supports everything, and executes the bytes of a body in place, so the
/// current place in the code is an offset in the module. It has no state of its own.
class Interpreter final : public Tier {
public:
    RunEnd enter(Thread& thread) override;
    RunEnd resume(Thread& thread) override;
    RunEnd go_on(Thread& thread) override;
};

} // namespace vitrine::core
