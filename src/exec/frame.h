// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/thread.h"

#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace vitrine::core {

/// Who goes on when a guest function returns: one of three, or a site in machine code.
///
/// One opaque word, so that a tier which compiles can put its return addresses there. A caller that is interpreted
/// is told apart by one comparison.
class ReturnTo {
public:
    /// The guest function in the record, interpreted.
    static constexpr ReturnTo interpreter() { return ReturnTo(0); }
    /// The C++ code that entered the guest: the base of an activation. The record names no function.
    static constexpr ReturnTo host() { return ReturnTo(1); }
    /// The host function that asked for the call, and after it the guest function in the record.
    static constexpr ReturnTo host_function() { return ReturnTo(2); }
    /// A return address in machine code, which `Thread::sites` knows.
    static constexpr ReturnTo site(uintptr_t return_address) { return ReturnTo(return_address); }

    bool is_interpreter() const { return word_ == interpreter().word_; }
    bool is_host() const { return word_ == host().word_; }
    bool is_host_function() const { return word_ == host_function().word_; }
    bool is_site() const { return word_ > host_function().word_; }
    uintptr_t word() const { return word_; }

private:
    explicit constexpr ReturnTo(uintptr_t word) : word_(word) {}

    uintptr_t word_;
};

/// What a call leaves on the control stack: where its caller goes on. All tiers write the same 32 bytes. Machine code
/// writes the return address alone; nothing else in such a record is valid.
///
/// Only the functions of this header and the tiers look into records.
class Record {
public:
    Record(ReturnTo return_to, Slot* fp, Function* function, uint32_t offset, uint32_t entry)
        : fp_(fp), function_(function), offset_(offset), entry_(entry), return_to_(return_to)
    {}

    ReturnTo return_to() const { return return_to_; }
    /// The caller's frame, with its operands up to `sp`. Not for a site.
    GuestState caller(Slot* sp) const { return { function_, offset_, entry_, fp_, sp }; }

private:
    friend struct RecordLayout;

    Slot* fp_;
    /// The caller; null at the base of an activation.
    Function* function_;
    /// The instruction after the call, from the body's first byte, and the side table's cursor there.
    uint32_t offset_;
    uint32_t entry_;
    /// Last, where a machine's call instruction leaves it.
    ReturnTo return_to_;
};

/// What machine code knows of a record.
struct RecordLayout {
    static_assert(sizeof(Record) == 32 && std::is_standard_layout_v<Record>);
    static constexpr size_t fp = offsetof(Record, fp_);
    static constexpr size_t function = offsetof(Record, function_);
    static constexpr size_t offset = offsetof(Record, offset_);
    static constexpr size_t entry = offsetof(Record, entry_);
    static constexpr size_t return_to = offsetof(Record, return_to_);
    static_assert(return_to == 24);
};

/// Tells a frame apart from all others of its thread while it lives.
class FrameId {
public:
    FrameId() = default;

    /// Whether this frame was called, directly or not, by the other frame of its thread.
    bool is_above(const FrameId& other) const { return record_ < other.record_; }
    friend bool operator==(const FrameId&, const FrameId&) = default;

private:
    friend FrameId innermost_id(const Thread& thread);
    friend class FrameWalk;
    friend Record* record_of(const FrameId& id);
    explicit FrameId(Record* record) : record_(record) {}

    /// The control stack as it is while the frame executes.
    Record* record_ = nullptr;
};

// The control stack, for the driver and the tiers.

inline void push_record(Thread& thread, ReturnTo return_to, const GuestState& caller)
{
    *--thread.control = Record(return_to, caller.fp, caller.function, caller.offset, caller.entry);
}
inline const Record& innermost_record(const Thread& thread) { return *thread.control; }
/// Valid until the next push.
inline const Record& pop_record(Thread& thread) { return *thread.control++; }
/// The record popped last.
inline const Record& popped_record(const Thread& thread) { return thread.control[-1]; }

/// How many records there are on the control stack.
inline uint32_t record_count(const Thread& thread)
{
    return thread.stack ? static_cast<uint32_t>(thread.stack->control_top() - thread.control) : 0;
}

/// The id of the frame in the thread's state.
inline FrameId innermost_id(const Thread& thread) { return FrameId(thread.control); }

/// A frame of a guest thread as data: the same in every tier. Valid until guest code runs.
struct Frame {
    /// A guest function, or a host function with a frame below it in its activation, or one that waits for a call.
    const Function* function = nullptr;
    /// In the module's file: the next instruction of the innermost frame of an activation, the instruction after
    /// the call in its callers. 0 for host functions.
    CodeOffset offset = 0;
    /// Index in the module's branches of the side table's cursor.
    uint32_t entry = 0;
    Slot* fp = nullptr;
    Slot* sp = nullptr;
    FrameId id {};
    /// Whether it is the innermost of its activation: `offset` is an instruction to be executed.
    bool is_innermost = false;
    /// Which activation, counted from the outermost.
    uint32_t activation = 0;
    const Thread* thread = nullptr;

    bool is_host() const { return function->is_host(); }
    Slot* locals() const { return fp; }
    Slot* operands() const { return fp + function->meta->local_slots; }
    uint32_t operand_slots() const { return static_cast<uint32_t>(sp - operands()); }
};

/// An instruction in a frame: tells whether a thread has gone on since.
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

/// Calls `visit` with each frame of every activation, innermost first, until it answers false.
void walk_frames(const Thread& thread, const std::function<bool(const Frame&)>& visit);

/// The frames of every activation, innermost first, at most `limit`.
std::vector<Frame> frames_of(const Thread& thread, size_t limit = SIZE_MAX);
/// The first of them, a host function's or a guest function's.
std::optional<Frame> innermost_frame(const Thread& thread);

/// The number of frames that `frames_of` would give: cheap to compare while stepping.
size_t depth_of(const Thread& thread);

/// Functions and offsets for a trap's backtrace: guest frames only, callers at their call instruction's end.
std::vector<TraceEntry> trace_of(const Thread& thread);

/// Whether the frame, of a guest function, is still on its thread's stack.
bool is_alive(const Frame& frame);

/// The caller of a function whose frame begins at `callee_fp`, in the instance of the callee: the frame in which it
/// goes on, with the callee's arguments or results taken away. No function at the base of an activation.
GuestState caller_of(const Thread& thread, const Record& record, Slot* callee_fp, Instance& instance);
/// Makes a record with a site one whose caller is interpreted.
void fill_in(const Thread& thread, Record& record, Slot* callee_fp, Instance& instance);

/// Where a guest frame's caller goes on in the guest. None when the caller is the host, or a host function that waits.
struct ReturnPlace {
    Function* function;
    CodeOffset offset;
};
std::optional<ReturnPlace> return_place_of(const Frame& frame);
/// Whether a host function has asked for the call of a guest frame, and waits for its results.
bool waits_host_function_for(const Frame& frame);

/// Ends the frames above the innermost host function that waits: the thread's state becomes that of the host function's caller.
WaitingHost cut_to_waiting_host(Thread& thread);
/// Makes the frame, of the innermost activation, the thread's state: at its offset, with its operands up to `sp`.
/// Frames above it end, and with them the host functions that wait there.
void cut_to(Thread& thread, const Frame& frame, Slot* sp);
/// Ends the frame too, for which no host function may wait: its caller becomes the thread's state, with operands up
/// to `sp`; at the base of the activation a state without a function.
void cut_to_caller(Thread& thread, const Frame& frame, Slot* sp);
/// Moves the thread's innermost frame to another instruction: an offset in the module's file, the index of the side
/// table's cursor there, and where the operands end.
void move_to(Thread& thread, CodeOffset offset, uint32_t entry, Slot* sp);

} // namespace vitrine::core
