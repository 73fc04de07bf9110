// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/program.h"

#include "base/text.h"

namespace vitrine::core::eval {

Error misfit(const Program& program, const Frame& frame)
{
    if (!frame.function || frame.is_host())
        return { "an expression needs a frame of the guest" };
    if (program.function && frame.function->meta != program.function)
        return { "the expression is for another function" };
    if (!program.function && frame.function->instance->module != program.module)
        return { "the expression is for another module" };
    return { "the expression is for the instruction at " + hex(program.offset.value_or(0))
        + ", and the frame is at " + hex(frame.offset) };
}

Error misfit(const Program& program, const Instance&)
{
    return { program.function ? "the expression needs a frame" : "the expression is for another module" };
}

bool run(Machine& machine)
{
    const Step* const end = machine.program.steps.data() + machine.program.steps.size();
    machine.next = machine.program.steps.data();
    while (machine.next != end) {
        const Step& step = *machine.next++;
        if (!step.run(machine, step)) [[unlikely]]
            return false;
    }
    return true;
}

} // namespace vitrine::core::eval
