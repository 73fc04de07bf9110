// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"

#include <bit>
#include <functional>
#include <optional>
#include <span>
#include <vector>

// Addresses in the code of exec/crossing.cpp.
extern "C" {
[[gnu::visibility("hidden")]] extern const char vitrine_return_to_interpreter[];
[[gnu::visibility("hidden")]] extern const char vitrine_return_to_host[];
[[gnu::visibility("hidden")]] extern const char vitrine_return_to_host_function[];
[[gnu::visibility("hidden")]] extern const char vitrine_return_to_other_instance[];
}

namespace vitrine::core {

/// Who continues when a guest function returns: one of the three below, or a site in machine code.
///
/// The address at which machine code continues: the constants are addresses in `enter_code`
/// (exec/crossing.h). A single comparison tells whether the caller is interpreted.
class ReturnTo {
public:
    /// The guest function in the record, in the interpreter.
    static ReturnTo interpreter() { return ReturnTo(vitrine_return_to_interpreter); }
    /// The C++ code that entered the guest: this record is the base of an activation and names no
    /// function.
    static ReturnTo host() { return ReturnTo(vitrine_return_to_host); }
    /// The host function that asked for the call; the guest function in the record continues after
    /// it.
    static ReturnTo host_function() { return ReturnTo(vitrine_return_to_host_function); }
    /// A site of a function of another instance than the callee's. Its address and the instance are
    /// in the record (`Record::site`).
    static ReturnTo other_instance() { return ReturnTo(vitrine_return_to_other_instance); }
    /// A return address in machine code, to be looked up in `Thread::sites`.
    static ReturnTo site(uintptr_t return_address) { return ReturnTo(return_address); }

    bool is_interpreter() const { return word_ == interpreter().word_; }
    bool is_host() const { return word_ == host().word_; }
    bool is_host_function() const { return word_ == host_function().word_; }
    bool is_other_instance() const { return word_ == other_instance().word_; }
    /// Whether the caller is compiled, in the same instance or in another one.
    bool is_site() const { return !is_interpreter() && !is_host() && !is_host_function(); }
    uintptr_t word() const { return word_; }

private:
    explicit ReturnTo(uintptr_t word) : word_(word) {}
    explicit ReturnTo(const char* stub) : word_(reinterpret_cast<uintptr_t>(stub)) {}

    uintptr_t word_;
};

/// A call pushes a record onto the control stack. It tells where the caller continues. All tiers
/// write the same 32 bytes. Machine code only writes the return address; the other fields of such a
/// record are not valid. If the callee belongs to another instance, they have what machine code
/// needs to return to its own: `fp` is the caller's instance, `function` the return address, and
/// the rest the base of memory 0.
///
/// Only tiers and the functions of this header read records.
class Record {
public:
    Record(ReturnTo return_to, Slot* fp, Function* function, uint32_t offset, uint32_t entry)
        : fp_(fp), function_(function), offset_(offset), entry_(entry), return_to_(return_to)
    {}

    ReturnTo return_to() const { return return_to_; }
    /// The caller's state, with operands up to `sp`. Not available when `return_to` is a site.
    GuestState caller(Slot* sp) const { return { function_, offset_, entry_, fp_, sp }; }

    struct CallerSite {
        uintptr_t address;
        Instance* instance;
    };
    /// When `return_to` is a site: its address, and the caller's instance. `callee` is the instance
    /// of the callee.
    CallerSite site(Instance* callee) const
    {
        if (return_to_.is_other_instance())
            return { std::bit_cast<uintptr_t>(function_), std::bit_cast<Instance*>(fp_) };
        return { return_to_.word(), callee };
    }

private:
    friend struct RecordLayout;

    Slot* fp_;
    /// The caller; null at the base of an activation.
    Function* function_;
    /// The instruction after the call, relative to the body's first byte, and the side table's
    /// cursor there.
    uint32_t offset_;
    uint32_t entry_;
    /// The last field: a machine `call` instruction pushes it first, and the stack grows down.
    ReturnTo return_to_;
};

/// Field offsets for machine code.
struct RecordLayout {
    static_assert(sizeof(Record) == 32 && std::is_standard_layout_v<Record>);
    static constexpr size_t fp = offsetof(Record, fp_);
    static constexpr size_t function = offsetof(Record, function_);
    static constexpr size_t offset = offsetof(Record, offset_);
    static constexpr size_t entry = offsetof(Record, entry_);
    static constexpr size_t return_to = offsetof(Record, return_to_);
    static_assert(return_to == 24);
};

/// Identifies a frame among all frames of its thread. Valid as long as the frame exists.
class FrameId {
public:
    FrameId() = default;

    /// Whether the other frame of this thread called this one, directly or through other frames.
    bool is_above(const FrameId& other) const { return record_ < other.record_; }
    friend bool operator==(const FrameId&, const FrameId&) = default;

private:
    friend FrameId innermost_id(const Thread& thread);
    friend class FrameWalk;
    friend Record* record_of(const FrameId& id);
    explicit FrameId(Record* record) : record_(record) {}

    /// The top of the control stack while this frame executes.
    Record* record_ = nullptr;
};

// The control stack. For the driver and the tiers.

inline void push_record(Thread& thread, ReturnTo return_to, const GuestState& caller)
{
    *--thread.control = Record(return_to, caller.fp, caller.function, caller.offset, caller.entry);
}
inline const Record& innermost_record(const Thread& thread) { return *thread.control; }
/// Valid until the next push.
inline const Record& pop_record(Thread& thread) { return *thread.control++; }
/// The record that was popped last.
inline const Record& popped_record(const Thread& thread) { return thread.control[-1]; }

/// The number of records on the control stack.
inline uint32_t record_count(const Thread& thread)
{
    return thread.stack ? static_cast<uint32_t>(thread.stack->control_top() - thread.control) : 0;
}

/// The id of the frame in the thread's state.
inline FrameId innermost_id(const Thread& thread) { return FrameId(thread.control); }

/// A frame of a guest thread as plain data, identical in every tier. Valid until guest code runs.
struct Frame {
    /// A guest function or a host function. A host function at the base of an activation only has a
    /// frame while it waits for a call that it asked for.
    const Function* function = nullptr;
    /// Offset in the module: the next instruction in the innermost frame of an activation, the
    /// instruction after the call in its callers. 0 for host functions.
    CodeOffset offset = 0;
    /// The side table's cursor, as an index into the module's branches.
    uint32_t entry = 0;
    Slot* fp = nullptr;
    Slot* sp = nullptr;
    FrameId id {};
    /// Whether this is the innermost frame of its activation: `offset` is then the next instruction
    /// to be executed.
    bool is_innermost = false;
    /// The index of its activation; 0 is the outermost.
    uint32_t activation = 0;
    const Thread* thread = nullptr;
    /// Only for a host function that waits for a call that it asked for: what it says of itself.
    /// Can be null.
    const HostActivity* activity = nullptr;

    bool is_host() const { return function->is_host(); }
    Slot* locals() const { return fp; }
    Slot* operands() const { return fp + function->meta->local_slots; }
    uint32_t operand_slots() const { return static_cast<uint32_t>(sp - operands()); }
};

/// An instruction in a frame. Comparing two places tells whether a thread has moved in between.
struct FramePlace {
    FrameId frame;
    const Function* function;
    /// From the body's first byte.
    uint32_t offset;

    friend bool operator==(const FramePlace&, const FramePlace&) = default;
};
inline FramePlace place_of(const Thread& thread)
{
    return { innermost_id(thread), thread.state.function, thread.state.offset };
}

/// Calls `visit` with each frame of every activation, innermost first, until it returns false.
void walk_frames(const Thread& thread, const std::function<bool(const Frame&)>& visit);

/// The frames of every activation, innermost first, at most `limit`.
std::vector<Frame> frames_of(const Thread& thread, size_t limit = SIZE_MAX);
/// The innermost frame, of a host function or a guest function.
std::optional<Frame> innermost_frame(const Thread& thread);

/// The number of frames that `frames_of` would return, without building them: cheap enough for each
/// step.
size_t depth_of(const Thread& thread);

/// Functions and offsets for the backtrace of a trap. Guest frames only; a caller's offset is the
/// end of its call instruction.
std::vector<TraceEntry> trace_of(const Thread& thread);

/// Whether a frame of a guest function is still on its thread's stack.
bool is_alive(const Frame& frame);

/// The state in which the caller of a function continues, with the callee's arguments or results
/// removed. The callee's frame begins at `callee_fp`, and it belongs to `instance`. The state has
/// no function at the base of an activation.
GuestState caller_of(const Thread& thread, const Record& record, Slot* callee_fp, Instance& instance);
/// If the record's caller is a site, rewrites the record so that the interpreter continues the
/// caller.
void fill_in(const Thread& thread, Record& record, Slot* callee_fp, Instance& instance);
/// The same for the caller of the frame at `fp`, before the frame is replaced by one of another
/// instance.
inline void fill_in_caller(Thread& thread, Slot* fp, Instance& instance)
{
    fill_in(thread, *thread.control, fp, instance);
}
/// The same for all records of the thread. With `function`, only where that is the caller.
void fill_in_frames(Thread& thread, const Function* function = nullptr);

/// Where the caller of a guest frame continues. `return_place_of` returns none when the caller is
/// the host, or a host function that waits.
struct ReturnPlace {
    Function* function;
    CodeOffset offset;
};
std::optional<ReturnPlace> return_place_of(const Frame& frame);
/// Whether a host function asked for the call of this guest frame and waits for its results.
bool waits_host_function_for(const Frame& frame);

/// Ends the frames above the innermost waiting host function. `Thread::state` becomes that of the
/// host function's caller.
WaitingHost cut_to_waiting_host(Thread& thread);
/// Makes a frame of the innermost activation the thread's state: at its offset, with operands up to
/// `sp`. Ends the frames above it, together with the host functions that wait there.
void cut_to(Thread& thread, const Frame& frame, Slot* sp);
/// Like `cut_to`, but ends the frame as well. No host function may wait for it. Its caller becomes
/// the thread's state, with operands up to `sp`; at the base of the activation the state has no
/// function.
void cut_to_caller(Thread& thread, const Frame& frame, Slot* sp);
/// Moves the thread's innermost frame to another instruction. `offset` is the offset in the module,
/// `entry` the index of the side table's cursor there, and `sp` the end of the operands.
void move_to(Thread& thread, CodeOffset offset, uint32_t entry, Slot* sp);

} // namespace vitrine::core
