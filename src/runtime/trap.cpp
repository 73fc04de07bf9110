// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/trap.h"

namespace vitrine::core {

std::string_view to_text(TrapKind kind)
{
    if (kind == no_trap)
        return "none";
    // The texts are those of the official test suite.
    switch (kind) {
    case TrapKind::Unreachable: return "unreachable";
    case TrapKind::MemoryOutOfBounds: return "out of bounds memory access";
    case TrapKind::TableOutOfBounds: return "out of bounds table access";
    case TrapKind::UndefinedElement: return "undefined element";
    case TrapKind::UninitializedElement: return "uninitialized element";
    case TrapKind::IndirectCallTypeMismatch: return "indirect call type mismatch";
    case TrapKind::IntegerDivideByZero: return "integer divide by zero";
    case TrapKind::IntegerOverflow: return "integer overflow";
    case TrapKind::InvalidConversionToInteger: return "invalid conversion to integer";
    case TrapKind::StackOverflow: return "call stack exhausted";
    case TrapKind::NullReference: return "null reference";
    case TrapKind::NullFunction: return "null function reference";
    case TrapKind::NullStruct: return "null structure reference";
    case TrapKind::NullArray: return "null array reference";
    case TrapKind::NullI31: return "null i31 reference";
    case TrapKind::NullException: return "null exception reference";
    case TrapKind::ArrayOutOfBounds: return "out of bounds array access";
    case TrapKind::CastFailure: return "cast failure";
    case TrapKind::UnalignedAtomic: return "unaligned atomic";
    case TrapKind::NotShared: return "expected shared memory";
    case TrapKind::OutOfMemory: return "out of memory";
    case TrapKind::UncaughtException: return "uncaught exception";
    case TrapKind::Interrupted: return "interrupted";
    case TrapKind::HostError: return "host error";
    case TrapKind::Exit: return "exit";
    case TrapKind::Killed: return "stopped by the debugger";
    }
    std::unreachable();
}

Trap trap_of(Thrown thrown)
{
    return { .kind = thrown.is_out_of_memory ? TrapKind::OutOfMemory : TrapKind::HostError,
        .message = std::move(thrown.text) };
}

std::string Trap::to_text() const
{
    if (kind == TrapKind::Exit)
        return "exit status " + std::to_string(exit_status);
    return message.empty() ? std::string(core::to_text(kind)) : message;
}

} // namespace vitrine::core
