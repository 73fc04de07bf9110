// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Enumerations and plain structs without handles, shared by all layers. This is the only public
// header that the layers below the API include; they use these types directly.
#pragma once

#include <vitrine/export.hpp>

#include <cstdint>
#include <string_view>

namespace vitrine {

/// Why the guest trapped. No value is 0.
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
    /// The heap of structs and arrays is full, or the host has no memory left.
    OutOfMemory,
    /// The guest threw an exception and no handler caught it. See `Trap::exception`.
    UncaughtException,
    /// An `Interrupter` ended the guest.
    Interrupted,
    /// A host function failed. The trap has the host function's text.
    HostError,
    /// The guest asked to exit, for example with WASI's `proc_exit`. See `Trap::exit_status`.
    Exit,
    /// A debugger killed the guest.
    Killed,
};

/// The heap type of a reference: an abstract heap type of the specification, or a type that the
/// module defines. [spec: syntax/types, heap types]
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
    /// `ValType::index` and `ValType::name` identify the type.
    Defined,
};

/// The kinds of entities that can be imported and exported.
enum class ExternKind : std::uint8_t { Func, Table, Memory, Global, Tag };

/// The keyword of the text format: `func`, `table`, `memory`, `global` or `tag`.
VITRINE_API std::string_view to_text(ExternKind kind);

/// The kind of an object on the garbage-collected heap. `Extern` is host data.
enum class ObjectKind : std::uint8_t { Struct, Array, Exception, Extern };

/// Resources that a `ResourceLimiter` can limit.
enum class Resource : std::uint8_t {
    Memory,    ///< bytes of one memory
    Table,     ///< elements of one table
    Heap,      ///< total bytes of all structs, arrays and exceptions of a store
    Memories,  ///< number of memories of a store, including shared ones
    Tables,    ///< number of tables of a store
    Instances, ///< number of instances of a store
};

/// Clocks of the host.
enum class HostClock : std::uint8_t { Realtime, Monotonic, ProcessCpu, ThreadCpu };

/// Whether a guest may modify files below a preopened directory.
enum class HostAccess : std::uint8_t { ReadWrite, ReadOnly };

/// How an engine executes guest code. The results are the same; only the speed differs.
enum class TierPolicy : std::uint8_t {
    /// Interprets functions at first, and compiles those that run often.
    Auto,
    /// Only interprets.
    Interpreter,
    /// Compiles each function when it is first called. For tests.
    Compiled,
    /// Decides at random, at each call and each iteration of a loop, between the interpreter and
    /// compiled code. For tests.
    Mixed,
};

namespace debug {

/// Why the guest stopped.
enum class StopKind : std::uint8_t {
    Entry,
    Breakpoint,
    Step,
    Interrupt,
    /// The guest trapped. Nothing has been unwound yet.
    Trap,
    /// The guest threw an exception that guest code will catch. Nothing has been unwound yet.
    Throw,
    /// An instance was created. Its start function has not run yet.
    Load,
    /// A call that the debugger made has finished. The guest is back where it was before the call.
    CallEnd,
    /// The last instruction or a host function accessed watched state.
    Watchpoint,
    /// A host function ends the guest, as WASI's `proc_exit` does. Nothing has been unwound yet.
    Exit,
    /// A function of a component has been called, by another component or by the host. It has not
    /// executed anything yet.
    ComponentCall,
};

/// Events that stop the guest in addition to breakpoints, steps and interrupts.
struct StopsOn {
    /// The guest throws an exception that guest code will catch.
    bool caught_throw = false;
    /// The guest throws an exception that nothing catches.
    bool uncaught_throw = true;
    /// The guest traps.
    bool trap = true;
    /// A host function fails.
    bool host_error = true;
    /// An instance is created.
    bool load = false;
    /// A host function ends the guest, as WASI's `proc_exit` does.
    bool exit = false;
    /// A function of a component is called, by another component or by the host.
    bool component = false;
};

/// Which accesses trigger a watchpoint.
enum class WatchAccess : std::uint8_t {
    Read,
    Write,
    /// Reads and writes.
    ReadWrite,
    /// Writes that change the value.
    Change,
};

/// How a stopped guest resumes.
enum class ResumeKind : std::uint8_t {
    Go,
    /// Execute one instruction.
    Step,
    /// Execute one instruction. A call runs until it returns.
    StepOver,
    /// Run until the innermost frame has returned to its caller.
    StepOut,
    /// Run to the first instruction at or after an offset in the function of the innermost guest
    /// frame.
    RunTo,
    /// Do not resume: end the guest with the trap `Killed`.
    Kill,
};

} // namespace debug
} // namespace vitrine
