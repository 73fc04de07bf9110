// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kinds of things, for the whole library: enumerations, and structs without handles. The only public header that the layers
// below the API include; they use these types as their own.
#pragma once

#include <vitrine/export.hpp>

#include <cstdint>
#include <string_view>

namespace vitrine {

/// Why the guest could not go on. No kind is 0.
enum class TrapKind : std::uint8_t {
    Unreachable = 1,
    MemoryOutOfBounds,
    TableOutOfBounds,
    UndefinedElement,
    UninitializedElement,
    IndirectCallTypeMismatch,
    IntegerDivideByZero,
    IntegerOverflow,
    InvalidConversionToInteger,
    StackOverflow,
    NullReference,
    NullFunction,
    NullStruct,
    NullArray,
    NullI31,
    NullException,
    ArrayOutOfBounds,
    CastFailure,
    UnalignedAtomic,
    NotShared,
    /// The heap of structs and arrays is full, or the host has no memory.
    OutOfMemory,
    /// Nobody caught what was thrown: `Trap::exception`.
    UncaughtException,
    /// An `Interrupter` ended the guest.
    Interrupted,
    /// A host function failed; the text is its own.
    HostError,
    /// The guest asked to end, as WASI's proc_exit does: `Trap::exit_status` says how.
    Exit,
    /// A debugger ended the guest.
    Killed,
};

/// What a reference refers to: an abstract heap type of the specification, or a type that a module defines.
enum class HeapKind : std::uint8_t {
    Func,
    Extern,
    Any,
    Eq,
    I31,
    Struct,
    Array,
    Exn,
    None,
    NoFunc,
    NoExtern,
    NoExn,
    /// `ValType::index` and `name` say which.
    Defined,
};

/// What can be imported and exported.
enum class ExternKind : std::uint8_t { Func, Table, Memory, Global, Tag };

/// `func`, `table`, `memory`, `global`, `tag`
VITRINE_API std::string_view to_text(ExternKind kind);

/// What an object of the heap is. `Extern` is data of the host.
enum class ObjectKind : std::uint8_t { Struct, Array, Exception, Extern };

/// What a guest can use up.
enum class Resource : std::uint8_t {
    Memory,    ///< bytes of one memory
    Table,     ///< elements of one table
    Heap,      ///< bytes of all structs, arrays and exceptions
    Memories,  ///< how many memories a store has, shared ones included
    Tables,    ///< how many tables
    Instances, ///< how many instances
};

/// The clocks of a machine.
enum class HostClock : std::uint8_t { Realtime, Monotonic, ProcessCpu, ThreadCpu };

/// Whether a guest may change what it reaches through a folder.
enum class HostAccess : std::uint8_t { ReadWrite, ReadOnly };

namespace debug {

/// Why the guest stopped.
enum class StopKind : std::uint8_t {
    Entry,
    Breakpoint,
    Step,
    Interrupt,
    /// The guest cannot go on; nothing is unwound yet.
    Trap,
    /// An exception is thrown that a guest catches; nothing is unwound yet.
    Throw,
    /// An instance was made; its start function has not run.
    Load,
    /// A call that the debugger made has ended: the guest is where it was before.
    CallEnd,
    /// The last instruction, or a host function, accessed what is watched.
    Watchpoint,
};

/// What stops the guest, besides breakpoints, steps and interrupts.
struct StopsOn {
    /// A throw that a guest catches.
    bool caught_throw = false;
    /// A throw that nobody catches.
    bool uncaught_throw = true;
    /// The guest's own faults.
    bool trap = true;
    /// A host function that failed.
    bool host_error = true;
    /// A new instance.
    bool load = false;
};

/// Which accesses a watchpoint looks for.
enum class WatchAccess : std::uint8_t {
    Read,
    Write,
    /// Both.
    ReadWrite,
    /// Writes that leave another value.
    Change,
};

/// How the guest goes on from a stop.
enum class ResumeKind : std::uint8_t {
    Go,
    /// One instruction.
    Step,
    /// One instruction; a call with all that happens in it.
    StepOver,
    /// To the instruction behind the call of the innermost frame.
    StepOut,
    /// To the first instruction at or behind an offset in the innermost guest frame's function.
    RunTo,
    /// It does not: it ends with the trap `Killed`.
    Kill,
};

} // namespace debug
} // namespace vitrine
