// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/type.h"
#include "exec/frame.h"
#include "runtime/instance.h"

#include <memory>
#include <string>
#include <vector>

namespace vitrine::core::eval {

struct Machine;

/// One step of a program: a function that takes its operands from the machine's stack and leaves its result there. False when it
/// fails; the machine then has the reason.
struct Step {
    using Run = bool (*)(Machine& machine, const Step& step);
    Run run;
    /// What the function makes of them is its own affair.
    uint64_t operand = 0;
    uint32_t extra = 0;
    /// In the text of the expression: where a failure is.
    uint32_t position = 0;
};

/// [doc] Programs of expressions
///
/// An expression is compiled to steps in postfix order over 8-byte slots: numbers as the guest's stack has them (32 bits
/// zero-extended), a v128 in two, a text as address and length. The compiler knows every type, so nothing is checked when it runs
/// but what depends on values: addresses, divisors, null. It allocates only the text of a failure.
struct Program {
    /// Of these the longest stack.
    static constexpr uint32_t max_slots = 128;

    std::vector<Step> steps;
    /// All text literals, one behind the other.
    std::string texts;
    /// Whose names it uses.
    std::shared_ptr<const Module> module;
    /// Of the function whose locals or operands it uses; else null.
    const FuncMeta* function = nullptr;
    /// Of whose operands it uses: where the frame has to be.
    std::optional<CodeOffset> offset;
};

/// What a program runs on.
struct Machine {
    const Program& program;
    /// Null for a program of constants only.
    Instance* instance;
    /// Null without a frame: then the program must not use one.
    const Frame* frame;
    /// Behind the last value.
    Slot* sp;
    const Step* next = nullptr;
    /// Set by the step that failed.
    std::unique_ptr<Error> error {};

    bool fail(const Step& step, std::string message)
    {
        error = std::make_unique<Error>(std::move(message), step.position);
        return false;
    }
};

/// Whether the program can run in the frame: one of the guest, in the function and at the place that the program is for.
inline bool fits(const Program& program, const Frame& frame)
{
    return frame.function && !frame.is_host()
        && (program.function ? frame.function->meta == program.function
                             : frame.function->instance->module == program.module)
        && (!program.offset || *program.offset == frame.offset);
}
inline bool fits(const Program& program, const Instance& instance)
{
    return !program.function && instance.module == program.module;
}
/// Why it does not fit.
Error misfit(const Program& program, const Frame& frame);
Error misfit(const Program& program, const Instance& instance);

/// Runs the machine's program, which fits, to its end; its stack has room for `Program::max_slots`. False when a step fails.
bool run(Machine& machine);

/// A text of at most so many bytes, wherever its end may be.
inline constexpr uint64_t max_cstr_bytes = 4096;

} // namespace vitrine::core::eval
