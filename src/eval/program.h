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
struct Container;

/// One step of a program: a function that pops its operands from the machine's stack and pushes its
/// result. It returns false if it fails; the machine then has the error.
struct Step {
    using Run = bool (*)(Machine& machine, const Step& step);
    Run run;
    /// Parameters of the function: steps.h says what they mean.
    uint64_t operand = 0;
    uint32_t extra = 0;
    /// The position in the text of the expression, for errors.
    uint32_t position = 0;
};

/// [doc] Programs of expressions
///
/// An expression is compiled to steps in postfix order over a stack of 8-byte slots. A number takes
/// one slot as on the guest's stack (32 bits zero-extended), a v128 two, a text two (address and
/// length). The compiler has checked all types, so a step checks only what depends on values:
/// addresses, divisors, null. Running a program allocates nothing but the text of an error.
struct Program {
    /// The largest stack, in slots.
    static constexpr uint32_t max_slots = 128;

    std::vector<Step> steps;
    /// All text literals, concatenated.
    std::string texts;
    /// The module whose entities the program uses.
    std::shared_ptr<const Module> module;
    /// The function whose locals or operands the program uses, or null.
    const FuncMeta* function = nullptr;
    /// If the program uses operands: the instruction that the frame must have reached.
    std::optional<CodeOffset> offset;
    /// Values of the source whose formatters the program asks for elements (eval/containers.h).
    std::vector<std::shared_ptr<const Container>> containers {};
};

/// A program that leaves one value of the type on the stack.
struct Compiled {
    Program program;
    Type type;
};

/// The state of a running program.
struct Machine {
    const Program& program;
    /// Null only for a program of constants.
    Instance* instance;
    /// Null if the program uses no frame.
    const Frame* frame;
    /// One past the top of the stack.
    Slot* sp;
    const Step* next = nullptr;
    /// Set by a step that fails.
    std::unique_ptr<Error> error {};

    bool fail(const Step& step, std::string message)
    {
        error = std::make_unique<Error>(std::move(message), step.position);
        return false;
    }
};

/// Whether the program can run in the frame: it must be a guest frame, in the function and at the
/// offset that the program was compiled for.
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
/// The error that says why the program does not fit.
Error misfit(const Program& program, const Frame& frame);
Error misfit(const Program& program, const Instance& instance);

/// Runs the machine's program, which must fit, to its end. The stack must have room for
/// `Program::max_slots`. Returns false if a step fails.
bool run(Machine& machine);

/// The size at which a `cstr` is cut off if it has no terminating zero before.
inline constexpr uint64_t max_cstr_bytes = 4096;

} // namespace vitrine::core::eval
