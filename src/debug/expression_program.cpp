// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/expression_program.h"

#include "base/text.h"

namespace vitrine::core::debug::expression {

Result<void> check_instance(const Program& program, const Instance& instance)
{
    if (program.function) [[unlikely]]
        return failure("the expression needs a frame");
    if (instance.module != program.module) [[unlikely]]
        return failure("the expression is for another module");
    return {};
}

Result<void> check_frame(const Program& program, const Frame& frame)
{
    if (!frame.function || frame.is_host()) [[unlikely]]
        return failure("an expression needs a frame of the guest");
    if (program.function ? frame.function->meta != program.function
                         : frame.function->instance->module != program.module) [[unlikely]]
        return failure(program.function ? "the expression is for another function"
                                        : "the expression is for another module");
    if (program.offset && *program.offset != frame.offset) [[unlikely]]
        return failure("the expression uses operands at " + hex(*program.offset) + ", and the frame is at "
            + hex(frame.offset));
    return {};
}

Result<void> run(const Program& program, Instance* instance, const Frame* frame, Slot* slots)
{
    Machine machine { program, instance, frame, slots, program.steps.data() };
    const Step* const end = machine.next + program.steps.size();
    while (machine.next != end) {
        const Step& step = *machine.next++;
        if (!step.run(machine, step)) [[unlikely]]
            return std::unexpected(std::move(machine.error));
    }
    return {};
}

} // namespace vitrine::core::debug::expression
