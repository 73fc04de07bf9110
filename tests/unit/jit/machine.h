// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/crossing.h"
#include "exec/frame.h"

#include <gtest/gtest.h>

namespace vitrine::core::jit {

/// A guest's stacks and what machine code expects in its registers, without a guest. The code is
/// written in assembly, in the tests' own program.
class MachineTest : public testing::Test {
protected:
    MachineTest()
    {
        words.machine = &context;
        words.exit = vitrine_exit;
        words.call_other = vitrine_call_other;
        words.call_out = vitrine_call_out;
        context.set_fp(slots());
    }

    Slot* slots() { return stack->values(); }
    Record* top() { return stack->control_top() - 1; }

    /// Enters `code` with room for one record, of which `entrance` stores the return address.
    Left enter(const char* code, Entrance entrance = Entrance::CallForInterpreter)
    {
        context.set_control(top() + 1);
        return enter_code(words, code, entrance);
    }
    /// Jumps to `code` with a record pushed, and rsp pointing at it.
    Left jump_to(const void* code)
    {
        context.set_control(top());
        return enter_code(words, code, Entrance::Jump);
    }

    std::unique_ptr<GuestStack> stack = *GuestStack::create(1 << 16);
    RequestWords words;
    MachineContext context;
};

} // namespace vitrine::core::jit
