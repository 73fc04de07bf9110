// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/value.h"

#include <array>
#include <cstddef>
#include <cstdint>

// The stubs of crossing.cpp. Only their addresses are used, except that of the function.
extern "C" {
[[gnu::visibility("hidden")]] extern const char vitrine_call_other[];
[[gnu::visibility("hidden")]] extern const char vitrine_call_out[];
[[gnu::visibility("hidden")]] extern const char vitrine_exit[];
[[gnu::visibility("hidden")]] extern const char vitrine_fault[];
}

namespace vitrine::core {

struct Instance;
struct RequestWords;
class Record;
class Thread;

/// [doc] Crossing
///
/// Machine code runs on the guest's stacks: rsp is the control stack, rbp the frame. C++ runs on
/// the host's stack. `enter_code` crosses from C++ to machine code, and every way out of machine
/// code ends that call and says why. Nothing of machine code stays on the host's stack: a compiled
/// caller that waits is a record on the control stack, like an interpreted one.
///
/// The stubs are static assembly for x86-64 System V. They are in this layer rather than in the
/// compiler's because a record's return address is one of three constants (`ReturnTo`), which are
/// the addresses behind the three `call` instructions of `enter_code`. So a function that was
/// entered by such a call returns to the address that its `call` pushed, which the processor
/// predicts, and the function does not know who called it.

/// Whether this library can run machine code.
#if defined(__x86_64__)
inline constexpr bool has_crossing = true;
#else
inline constexpr bool has_crossing = false;
#endif

/// What a thread's machine code shares with C++. `RequestWords::machine` points at it. The fields
/// are only valid right before `enter_code` and right after it.
struct MachineContext {
    struct alignas(16) Vector {
        uint64_t low = 0, high = 0;
    };
    /// A copy of `Watches::Bounds` for accesses to memories.
    struct WatchWords {
        uintptr_t begin = 0;
        /// The size of the span plus the largest access, minus one: what lies further from `begin`
        /// is not watched.
        uintptr_t reach = 0;
        uintptr_t gap_begin = 0; ///< relative to `begin`
        uintptr_t gap_bytes = 0;
    };

    /// The host's stack pointer inside the innermost `enter_code`, which keeps the one of the
    /// previous `enter_code` in its own frame.
    void* host_stack = nullptr;
    /// After `Left::Exit`, the return address of the exit. After `Left::Fault`, the instruction
    /// that faulted.
    const uint8_t* address = nullptr;
    /// Registers, by the numbers of the processor's encoding. `enter_code` takes rax, rsp, rbp,
    /// r14, r15 and xmm0 from here. An exit or a fault leaves all of them here, a return rax, rcx,
    /// rsp, rbp, r15 and xmm0, and a call rax, rsp, rbp and r15.
    std::array<uint64_t, 16> general {};
    std::array<Vector, 16> vectors {};
    /// Calls the host function in rax on the host's stack: rsp points at the record of the call,
    /// r15 at the caller's instance. If machine code can continue behind the call, returns true,
    /// with the result in rax and xmm0 and the return address where rsp points. Otherwise machine
    /// code is left.
    bool (*call_host)(MachineContext& context) = nullptr;
    // For machine code and the functions that it calls.
    Thread* thread = nullptr;
    /// What is watched in memories: reads, then writes.
    std::array<WatchWords, 2> watches {};
    /// A function that machine code has called could not make an object.
    bool is_out_of_memory = false;

    /// The callee of a call, or the result of a function.
    uint64_t& rax() { return general[0]; }
    /// After a return: the number of result slots and, in bits 16 and up, a `ResultPlace`.
    uint64_t& rcx() { return general[1]; }
    Record* control() const { return reinterpret_cast<Record*>(general[4]); }
    void set_control(void* top) { general[4] = reinterpret_cast<uintptr_t>(top); }
    Slot* fp() const { return reinterpret_cast<Slot*>(general[5]); }
    void set_fp(Slot* fp) { general[5] = reinterpret_cast<uintptr_t>(fp); }
    void set_memory(uint8_t* base) { general[14] = reinterpret_cast<uintptr_t>(base); }
    Instance* instance() const { return reinterpret_cast<Instance*>(general[15]); }
    void set_instance(Instance* instance) { general[15] = reinterpret_cast<uintptr_t>(instance); }
};

/// Where a function has left its results.
enum class ResultPlace : uint8_t { Slots, Rax, Xmm0, Xmm0Whole };

/// How to enter machine code: jump to it, or call it, so that the stub's return address becomes the
/// record's `ReturnTo`.
enum class Entrance : uint32_t { Jump, CallForInterpreter, CallForHost, CallForHostFunction };

/// Why machine code was left.
enum class Left : uint32_t {
    /// A function has returned to the constant of `ReturnTo` of the same name. rsp is above the
    /// record.
    ToInterpreter,
    ToHost,
    ToHostFunction,
    /// A call of the function in rax, which has no machine code. rsp points at the new record, r15
    /// at the caller's instance.
    Call,
    /// Machine code asks for the interpreter at `MachineContext::address`.
    Exit,
    /// The instruction at `MachineContext::address` has faulted.
    Fault,
    /// `MachineContext::call_host` has returned false.
    HostCall,
};

extern "C" [[gnu::visibility("hidden")]] uint32_t vitrine_enter_code(
    RequestWords* words, const void* target, uint32_t entrance);

/// Enters machine code at `target`. `words.machine` must be the thread's context. With
/// `Entrance::Jump`, rsp is as `target` expects it; otherwise it is above the record, whose return
/// address is the constant that belongs to the entrance.
inline Left enter_code(RequestWords& words, const void* target, Entrance entrance)
{
    return static_cast<Left>(vitrine_enter_code(&words, target, static_cast<uint32_t>(entrance)));
}

// The offsets that the stubs use.
static_assert(offsetof(MachineContext, host_stack) == 0 && offsetof(MachineContext, address) == 8
    && offsetof(MachineContext, general) == 16 && offsetof(MachineContext, vectors) == 144
    && offsetof(MachineContext, call_host) == 400);

} // namespace vitrine::core
