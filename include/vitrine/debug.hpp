// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Debug sessions: breakpoints, stops, frames.
#pragma once

#include <vitrine/linker.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vitrine {

namespace debug {

namespace detail {
struct SessionBody;
}

/// Where to stop, and when: the first instruction at or behind a byte offset in the module, in all its instances of the
/// session's stores or in one.
struct BreakpointSpec {
    Module module;
    std::uint32_t offset = 0;
    std::optional<Instance> instance = std::nullopt;
    /// An expression that must hold (docs/expressions.md), as `$0 == 7 && i32[$sp+12] > 3`; without one it always does. Evaluated in the engine.
    std::string condition {};
    /// How often the guest passes before it stops.
    std::uint64_t ignore_count = 0;
    /// With a message the guest does not stop: the message is logged (`Session::on_message`), each `{expression}` in it
    /// replaced by its value.
    std::string message {};
    /// Gone after its first stop.
    bool is_temporary = false;
    bool is_enabled = true;
};

struct Breakpoint {
    std::uint32_t id = 0;
    /// As it was asked for.
    BreakpointSpec spec;
    /// Byte offset of the instruction where it stops.
    std::uint32_t offset = 0;
    /// How often the guest came there and the condition held.
    std::uint64_t hits = 0;
};

/// What a watchpoint has seen.
struct WatchHit {
    bool is_write = false;
    /// The bytes before and after, if a memory is watched.
    std::vector<std::byte> old_bytes {};
    std::vector<std::byte> new_bytes {};
    /// The values before and after, if anything else is watched.
    Val old_value {};
    Val new_value {};
};

struct VITRINE_API StopReason {
    StopKind kind = StopKind::Entry;
    /// The guest thread that stopped.
    std::uint32_t thread = 1;
    /// The id of the breakpoint or watchpoint. Only for `Breakpoint` and `Watchpoint`.
    std::uint32_t id = 0;
    /// Only for `Trap`; `HostError` if a host function failed.
    TrapKind trap = TrapKind::Unreachable;
    /// Says more about the stop. `Trap`: the trap's text. `Throw`: what was thrown. `Breakpoint`:
    /// why its condition could not be evaluated, else empty. `Watchpoint`: `7 -> 9`, or `7` if the
    /// place was read.
    std::string text {};
    /// What was thrown, as an exnref. Only for `Throw`, and for `Trap` if nobody catches it.
    Val exception {};
    /// The new instance. Only for `Load`.
    std::optional<Instance> instance = std::nullopt;
    /// The results of the call, or why it failed. Only for `CallEnd`.
    std::optional<Result<std::vector<Val>>> results = std::nullopt;
    /// What was accessed. Only for `Watchpoint`.
    std::optional<WatchHit> watch = std::nullopt;

    /// `entry`, `breakpoint 1`, `step`, `interrupt`, `trap: integer divide by zero`
    std::string to_text() const;
};

struct Local {
    /// From the name section; else empty.
    std::string name;
    Val value;
    /// As it is declared.
    ValType type {};
};

/// A frame of the stopped guest. Dies when the guest goes on: then it has no locals and no operands, and changes are errors.
class VITRINE_API Frame {
public:
    bool is_valid() const;
    /// Whether it is a host function between guest frames.
    bool is_host() const;
    Func function() const;
    /// None for a host function, and when the frame is dead.
    std::optional<Instance> instance() const;
    std::optional<Module> module() const;
    /// Byte offset in the module: of the next instruction for the innermost frame of an activation,
    /// behind the call for its callers.
    std::uint32_t offset() const;
    /// Which entry from the host into the guest it belongs to, counted from the outermost.
    std::uint32_t activation() const;
    /// Parameters and locals; empty when the frame is dead, which `try_locals` reports.
    std::vector<Local> locals() const;
    Result<std::vector<Local>> try_locals() const;
    /// Bottom first; empty when the frame is dead, which `try_operands` reports.
    std::vector<Val> operands() const;
    Result<std::vector<Val>> try_operands() const;
    /// The exact types of the operands, bottom first, as validation knows them.
    std::vector<ValType> operand_types() const;
    /// The value may be of any subtype of the local's type.
    Result<void> set_local(std::uint32_t index, const Val& value) const;
    Result<void> set_operand(std::uint32_t index, const Val& value) const;
    /// The value of an expression over the frame's locals, operands, globals, memories and tables (docs/expressions.md). The offset
    /// of an error in it is the position in the text.
    Result<Val> evaluate(std::string_view expression) const;
    /// The value as text; also of an expression that is itself a text (`cstr[$0]`).
    Result<std::string> text_of(std::string_view expression) const;
    /// `place = expression`, or `+=` and its like: writes to a local, a global, an operand, bytes of a memory, ...
    Result<void> assign(std::string_view assignment) const;
    /// What an expression stands for rather than its value, to watch it: a local, a global, `i32[$p + 8]`, `table[2]`.
    Result<WatchPlace> place(std::string_view expression) const;

private:
    friend vitrine::detail::Access;
    Frame() = default;
    std::shared_ptr<detail::SessionBody> session_;
    std::shared_ptr<vitrine::detail::StoreLink> link_;
    std::shared_ptr<const void> frame_;
    std::uint64_t generation_ = 0;
};

/// A guest thread of a session: that of its own store, or of another one that was added or spawned.
class VITRINE_API GuestThread {
public:
    /// From 1; none is given twice.
    std::uint32_t id() const { return id_; }
    /// Whether it runs code of the guest, or waits in a host function that the guest called.
    bool is_running() const { return is_running_; }
    /// Every activation, innermost frame first; empty when the guest is not stopped.
    std::vector<Frame> frames() const;

private:
    friend vitrine::detail::Access;
    GuestThread() = default;
    std::shared_ptr<detail::SessionBody> session_;
    std::uint32_t id_ = 0;
    bool is_running_ = false;
};

/// Bytes of a memory.
struct MemoryRange {
    std::variant<Memory, SharedMemory> memory;
    std::uint64_t address = 0;
    std::uint64_t size = 0;
};

struct TableSlot {
    Table table;
    std::uint64_t index = 0;
};

/// A local of a frame, as long as that lives.
struct FrameLocal {
    Frame frame;
    std::uint32_t index = 0;
};

/// What to watch, and for what: by instructions of every kind, and by host functions as far as they change something. The guest stops behind
/// the instruction.
struct WatchpointSpec {
    WatchPlace what;
    WatchAccess access = WatchAccess::Change;
};

struct Watchpoint {
    std::uint32_t id = 0;
    WatchAccess access = WatchAccess::Change;
    std::uint64_t hits = 0;
};

/// A guest that stands still. Letting it go on consumes this; dropping it leaves the guest as it is, until its session ends.
class VITRINE_API Stopped {
public:
    Stopped(Stopped&&) noexcept = default;
    Stopped& operator=(Stopped&&) noexcept = default;
    ~Stopped() = default;

    const StopReason& reason() const { return reason_; }
    /// The frames of the thread that stopped: all activations, innermost frame first.
    std::vector<Frame> frames() const;
    /// All guest threads; they all stand still.
    std::vector<GuestThread> threads() const;

    // What a thread does first when it goes on: the one that stopped (0), or another one by its
    // number. The last of these counts. What is refused (because the thread is in a host function
    // or has not begun, or the place does not fit) changes nothing; otherwise frames that were
    // looked at before are dead.

    /// The next instruction is the one at `offset` of the innermost function. It must expect the operands that are
    /// there, or fewer: the rest is dropped.
    Result<void> jump(std::uint32_t offset, std::uint32_t thread = 0);
    /// Leaves the next instruction out. What it would have made is zero or null, or an operand that it would have taken.
    Result<void> skip(std::uint32_t thread = 0);
    /// The frame, of any thread, and all that it has called, return to its caller with these
    /// results. Not beyond a host function.
    Result<void> return_from(const Frame& frame, std::span<const Val> results);
    Result<void> return_from(const Frame& frame, std::initializer_list<Val> results);
    /// Throws an exception when the thread goes on, instead of whatever was about to happen. The
    /// tag is one of the thread's store.
    Result<void> throw_exception(const Tag& tag, std::span<const Val> values, std::uint32_t thread = 0);
    Result<void> throw_exception(const Tag& tag, std::initializer_list<Val> values, std::uint32_t thread = 0);
    /// Takes the exception that is being thrown, so that nobody catches it: the call from the host fails cleanly. Use
    /// `return_from` to let the guest go on without it.
    Result<void> clear_exception(std::uint32_t thread = 0);

private:
    friend vitrine::detail::Access;
    Stopped() = default;
    std::shared_ptr<detail::SessionBody> session_;
    StopReason reason_;
};

/// The guest has ended, or could not be run: results, or the error. Misuse of the session arrives here too.
struct Exited {
    Result<std::vector<Val>> results;
};

using Event = std::variant<Stopped, Exited>;

/// How a handler lets the guest go on.
class Resume {
public:
    static Resume go() { return Resume(ResumeKind::Go); }
    /// One instruction.
    static Resume step() { return Resume(ResumeKind::Step); }
    /// One instruction; a call with all that happens in it.
    static Resume step_over() { return Resume(ResumeKind::StepOver); }
    /// To the instruction behind the call of the innermost frame.
    static Resume step_out() { return Resume(ResumeKind::StepOut); }
    /// To the first instruction at or behind an offset in the innermost guest frame's function.
    static Resume run_to(std::uint32_t offset) { return Resume(ResumeKind::RunTo, offset); }
    /// Ends the guest with the trap `Killed`.
    static Resume stop_guest() { return Resume(ResumeKind::Kill); }

private:
    friend vitrine::detail::Access;
    explicit Resume(ResumeKind kind, std::uint32_t offset = 0) : kind_(kind), offset_(offset) {}
    ResumeKind kind_;
    std::uint32_t offset_;
};

/// Called at each stop on the guest's thread: it may look at the guest, change it and call it (its stops nest), and says how it goes on.
/// The guest ends with what it throws.
using StopHandler = std::function<Resume(Stopped&)>;

/// Watches the guest of a store, or of several, and stops it. The stores must outlive it. Two ways:
///
/// Without a handler it runs the guest on a thread of its own: `call`, `instantiate`, `run` and those that resume wait for the next stop or
/// end. With a handler the embedder runs the guest as ever, on his own thread, and the handler is called at each stop.
///
/// All members may be called from any thread. Misuse (a call while the guest stands still, the stop of another
/// session, ...) is an error, and changes nothing.
class VITRINE_API Session {
public:
    /// A store has at most one session, and its engine must have guest_debug; otherwise the session carries the error.
    explicit Session(Store& store);
    Session(Store& store, StopHandler handler);
    static Result<Session> create(Store& store);
    static Result<Session> create(Store& store, StopHandler handler);
    /// Ends what runs, also in the stores that were added; a call that another thread begins meanwhile goes on without the session. On a
    /// thread that runs the guest, or in the handler, it ends the program.
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    /// Why the session cannot be used; null when it can.
    const Error* error() const;

    /// The guest of another store, which its embedder runs on another thread, is watched too: breakpoints hold for it, and all stop when one
    /// stops. Not while it runs.
    Result<void> add_store(Store& store);
    Result<void> remove_store(Store& store);

    /// Its id. The place may be in a module that has no instance yet.
    Result<std::uint32_t> add_breakpoint(const BreakpointSpec& spec);
    /// Everything but the place.
    Result<void> change_breakpoint(std::uint32_t id, const BreakpointSpec& spec);
    Result<void> remove_breakpoint(std::uint32_t id);
    std::vector<Breakpoint> breakpoints() const;
    /// Its id, of which breakpoints and watchpoints share the numbers. Not while the guest runs.
    Result<std::uint32_t> add_watchpoint(const WatchpointSpec& spec);
    Result<void> remove_watchpoint(std::uint32_t id);
    /// Those on locals end with their frames.
    std::vector<Watchpoint> watchpoints() const;
    /// What else stops; an exception that a guest catches does not at first.
    Result<void> stop_on(StopsOn what);
    /// Takes the messages of breakpoints, on the guest's thread.
    Result<void> on_message(std::function<void(std::string_view)> sink);

    /// Calls a function of the store. With `stop_at_entry` the guest stops before its first instruction.
    Event call(const Func& function, std::span<const Val> arguments, bool stop_at_entry = false);
    Event call(const Func& function, std::initializer_list<Val> arguments, bool stop_at_entry = false);
    /// Makes an instance: its start function stops as every other. `instance` is it, once that has ended well.
    Event instantiate(const Linker& linker, const Module& module, bool stop_at_entry = false);
    std::optional<Instance> instance() const;
    /// Runs any code on the guest's thread, which may use the store's handles there; its result is that of the event.
    Event run(std::function<Result<std::vector<Val>>()> body, bool stop_at_entry = false);
    /// Waits for the next stop or end of a guest that is running: of one that was let go, or that its embedder runs.
    Event wait();

    Event resume(Stopped stopped);
    /// As `resume`, and does not wait.
    Result<void> go(Stopped stopped);
    // The thread that stopped takes the step, or another guest thread of the stop, by its number.

    /// One instruction; the other threads stay stopped, unless it may wait for them.
    Event step(Stopped stopped, std::uint32_t thread = 0);
    /// One instruction; a call with all that happens in it. When an exception leaves the call, to where it is caught; over a
    /// tail call to behind the call of the frame that it ends.
    Event step_over(Stopped stopped, std::uint32_t thread = 0);
    /// To the instruction behind the call of the innermost frame; to the end when nobody called it.
    Event step_out(Stopped stopped, std::uint32_t thread = 0);
    /// To the first instruction at or behind an offset in the innermost guest frame's function, or to the next stop before it.
    Event run_to(Stopped stopped, std::uint32_t offset, std::uint32_t thread = 0);
    /// Ends the guest with the trap `Killed`.
    Event kill(Stopped stopped);
    /// Calls a function on a thread (0: the one that stopped), whose store it is of, as a call of
    /// its own on top of the thread's frames. Breakpoints in it stop; a trap unwinds only to it.
    /// The event of its end is the stop `CallEnd` of that thread, with the guest where it was.
    Event call(
        Stopped stopped, const Func& function, std::span<const Val> arguments, std::uint32_t thread = 0);
    Event call(Stopped stopped, const Func& function, std::initializer_list<Val> arguments,
        std::uint32_t thread = 0);

    /// Stops the running guest at its next function entry or loop header, or in the host function that it waits in. Does nothing when it does not run.
    void interrupt();
    /// Ends the guest with the trap `Killed`, whether it runs or is stopped: its next event is its end. A guest in a host function
    /// ends when that returns. Does nothing when it has ended.
    void kill();
    /// Why the guest stands still just now, if it does: also when a door has the say.
    std::optional<StopReason> stopped() const;

private:
    friend vitrine::detail::Access;
    Session() = default;
    std::shared_ptr<detail::SessionBody> body_;
};

} // namespace debug

} // namespace vitrine
