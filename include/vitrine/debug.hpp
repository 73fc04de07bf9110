// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Debug sessions: breakpoints, watchpoints, stops, frames.
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

/// A breakpoint at the first instruction at or after a byte offset in the module. It applies to all
/// instances of the module in the session's stores, or to one of them.
struct BreakpointSpec {
    Module module;
    std::uint32_t offset = 0;
    std::optional<Instance> instance = std::nullopt;
    /// If not empty, an expression (docs/expressions.md) that must be true for the breakpoint to be
    /// hit, for example `$0 == 7 && i32[$sp+12] > 3`. The engine evaluates it; no client is
    /// involved.
    std::string condition {};
    /// Skip the first N hits.
    std::uint64_t ignore_count = 0;
    /// Stop only at every Nth of the hits after those. 0 is the same as 1.
    std::uint64_t every = 1;
    /// If not empty, the breakpoint logs this message (`Session::on_message`) instead of stopping.
    /// Each `{expression}` in it is replaced by its value.
    std::string message {};
    /// Removed after its first stop.
    bool is_temporary = false;
    bool is_enabled = true;
};

/// A breakpoint of a session.
struct Breakpoint {
    std::uint32_t id = 0;
    /// The specification as it was passed in.
    BreakpointSpec spec;
    /// Byte offset of the instruction that the breakpoint was set on.
    std::uint32_t offset = 0;
    /// How often the guest reached the breakpoint while its condition was true.
    std::uint64_t hits = 0;
};

/// The access that triggered a watchpoint.
struct WatchHit {
    bool is_write = false;
    /// The bytes before and after the access, if a memory is watched.
    std::vector<std::byte> old_bytes {};
    std::vector<std::byte> new_bytes {};
    /// The values before and after the access, if anything else is watched.
    Val old_value {};
    Val new_value {};
};

/// Why the guest stopped, with details. A stop has exactly one reason.
struct VITRINE_API StopReason {
    StopKind kind = StopKind::Entry;
    /// The id of the guest thread that stopped.
    std::uint32_t thread = 1;
    /// The id of the breakpoint or watchpoint. Only for `Breakpoint` and `Watchpoint`.
    std::uint32_t id = 0;
    /// Only for `Trap`. `HostError` if a host function failed.
    TrapKind trap = TrapKind::Unreachable;
    /// Details of the stop. For `Trap`, the trap's text. For `Throw`, the exception. For
    /// `Breakpoint`, why its condition could not be evaluated, or empty. For `Watchpoint`, `7 -> 9`
    /// for a write and `7` for a read.
    std::string text {};
    /// The exception as an exnref. Only for `Throw`, and for `Trap` if nothing catches the
    /// exception.
    Val exception {};
    /// The new instance. Only for `Load`.
    std::optional<Instance> instance = std::nullopt;
    /// For `CallEnd`, the results of the call, or why it failed. If a step out of a function ends
    /// with this stop, what the function returned. That is usually a `Step`, but a `Breakpoint`
    /// where the step would have ended has the results too. Empty if the step out ended in another
    /// way, such as an exception, a trap or a breakpoint before the return, and if the function was
    /// called by a host function, which received the results.
    std::optional<Result<std::vector<Val>>> results = std::nullopt;
    /// The access. Only for `Watchpoint`.
    std::optional<WatchHit> watch = std::nullopt;
    /// The status with which the guest ends when it resumes. Only for `Exit`.
    std::int32_t exit_status = 0;

    /// For example `entry`, `breakpoint 1`, `step`, `interrupt`, `trap: integer divide by zero`,
    /// `exit (status 3)`.
    std::string to_text() const;
};

/// A parameter or local of a frame.
struct Local {
    /// From the name section. Empty if the local has no name.
    std::string name;
    Val value;
    /// The declared type.
    ValType type {};
};

/// A stack frame of a stopped guest. It becomes invalid when the guest resumes: then it has no
/// locals and no operands, and changing it is an error.
class VITRINE_API Frame {
public:
    bool is_valid() const;
    /// Whether this is the frame of a host function that guest code called.
    bool is_host() const;
    Func function() const;
    /// Empty for a host function and for an invalid frame.
    std::optional<Instance> instance() const;
    std::optional<Module> module() const;
    /// Byte offset in the module. In the innermost frame of an activation, the offset of the next
    /// instruction; in its callers, the offset just after the call.
    std::uint32_t offset() const;
    /// The activation that the frame belongs to: host-to-guest calls counted from the outermost,
    /// from 0.
    std::uint32_t activation() const;
    /// Parameters and locals. Returns an empty vector if the frame is invalid; `try_locals` returns
    /// an error instead.
    std::vector<Local> locals() const;
    Result<std::vector<Local>> try_locals() const;
    /// Operands, bottom of the stack first. Returns an empty vector if the frame is invalid;
    /// `try_operands` returns an error instead.
    std::vector<Val> operands() const;
    Result<std::vector<Val>> try_operands() const;
    /// The exact types of the operands according to validation, bottom of the stack first.
    std::vector<ValType> operand_types() const;
    /// The value may have any subtype of the local's type.
    Result<void> set_local(std::uint32_t index, const Val& value) const;
    Result<void> set_operand(std::uint32_t index, const Val& value) const;
    /// Evaluates an expression over the frame's locals and operands and its instance's globals,
    /// memories and tables (docs/expressions.md). The offset of an error is a position in the
    /// expression's text.
    Result<Val> evaluate(std::string_view expression) const;
    /// Like `evaluate`, but returns text. The expression may also be a string, such as `cstr[$0]`.
    Result<std::string> text_of(std::string_view expression) const;
    /// Runs an assignment `place = expression`, or a compound one such as `+=`. The place can be a
    /// local, a global, an operand, bytes of a memory and so on (docs/expressions.md).
    Result<void> assign(std::string_view assignment) const;
    /// The state that an expression names, for a watchpoint: a local, a global, `i32[$p + 8]`,
    /// `table[2]`.
    Result<WatchPlace> place(std::string_view expression) const;

private:
    friend vitrine::detail::Access;
    Frame() = default;
    std::shared_ptr<detail::SessionBody> session_;
    std::shared_ptr<vitrine::detail::StoreLink> link_;
    std::shared_ptr<const void> frame_;
    std::uint64_t generation_ = 0;
};

/// A guest thread of a session. It belongs to the session's own store, to a store added with
/// `add_store`, or to a thread that the guest spawned.
class VITRINE_API GuestThread {
public:
    /// Starts at 1 and is never reused.
    std::uint32_t id() const { return id_; }
    /// Whether the thread runs guest code or is in a host function that guest code called.
    bool is_running() const { return is_running_; }
    /// The frames of all activations, innermost frame first. Returns an empty vector if the guest
    /// is not stopped; `try_frames` returns an error instead. A thread that runs no guest code has
    /// none.
    std::vector<Frame> frames() const;
    Result<std::vector<Frame>> try_frames() const;

private:
    friend vitrine::detail::Access;
    GuestThread() = default;
    std::shared_ptr<detail::SessionBody> session_;
    std::uint32_t id_ = 0;
    bool is_running_ = false;
};

/// A range of bytes in a memory.
struct MemoryRange {
    std::variant<Memory, SharedMemory> memory;
    std::uint64_t address = 0;
    std::uint64_t size = 0;
};

/// An element of a table.
struct TableSlot {
    Table table;
    std::uint64_t index = 0;
};

/// A local of a frame. Valid as long as the frame exists.
struct FrameLocal {
    Frame frame;
    std::uint32_t index = 0;
};

/// What to watch, and for which accesses. Reports accesses by any guest instruction, and host
/// function calls that change the watched state. The guest stops after the instruction.
struct WatchpointSpec {
    WatchPlace what;
    WatchAccess access = WatchAccess::Change;
    /// If not empty, an expression that must be true for a hit. It is evaluated in the innermost
    /// guest frame of the thread that accessed the place, whatever its function is.
    std::string condition {};
    /// See `BreakpointSpec`.
    std::uint64_t ignore_count = 0;
    std::uint64_t every = 1;
    bool is_enabled = true;
};

/// What can be changed about a watchpoint after it was added. See `WatchpointSpec`.
struct WatchpointOptions {
    std::string condition {};
    std::uint64_t ignore_count = 0;
    std::uint64_t every = 1;
    bool is_enabled = true;
};

/// A watchpoint of a session.
struct Watchpoint {
    std::uint32_t id = 0;
    WatchAccess access = WatchAccess::Change;
    /// How often the place was accessed while the condition was true.
    std::uint64_t hits = 0;
    WatchpointOptions options {};
};

/// A stopped guest. Resuming consumes this object: afterwards only `reason` can be used. If
/// resuming fails, the guest stays where it is and the object can be used again. If it is destroyed
/// instead, the guest stays stopped until its session ends.
class VITRINE_API Stopped {
public:
    Stopped(Stopped&&) noexcept = default;
    Stopped& operator=(Stopped&&) noexcept = default;
    ~Stopped() = default;

    const StopReason& reason() const { return reason_; }
    /// Whether the guest is still stopped here. False once it was resumed or ended, by this object
    /// or by another client.
    bool is_valid() const;
    /// The frames of the thread that stopped: all activations, innermost frame first. Returns an
    /// empty vector if the stop is not valid; `try_frames` returns an error instead.
    std::vector<Frame> frames() const;
    Result<std::vector<Frame>> try_frames() const;
    /// All guest threads. All of them are stopped. Returns an empty vector if the stop is not
    /// valid; `try_threads` returns an error instead.
    std::vector<GuestThread> threads() const;
    Result<std::vector<GuestThread>> try_threads() const;

    // The following functions change what a thread does when it resumes. `thread` is a thread id; 0
    // is the thread that stopped. Each call replaces the effect of the previous one. They fail and
    // change nothing if the thread is in a host function or has not started, or if the target is
    // invalid. On success, frames obtained earlier are invalid.

    /// Continues at the instruction at `offset` in the innermost frame's function. The operand
    /// types that validation expects there must be a prefix of the current ones; operands above
    /// them are dropped.
    Result<void> jump(std::uint32_t offset, std::uint32_t thread = 0);
    /// Skips the next instruction. The operands that it would have consumed are dropped. A result
    /// that it would have produced is zero or null, or one of those operands if there is no better
    /// value.
    Result<void> skip(std::uint32_t thread = 0);
    /// Makes the frame, which may belong to any thread, return to its caller with these results,
    /// and drops all frames that it called. Cannot return across a host function.
    Result<void> return_from(const Frame& frame, std::span<const Val> results);
    Result<void> return_from(const Frame& frame, std::initializer_list<Val> results);
    /// Throws an exception when the thread resumes, instead of executing the next instruction. The
    /// tag must belong to the thread's store.
    Result<void> throw_exception(const Tag& tag, std::span<const Val> values, std::uint32_t thread = 0);
    Result<void> throw_exception(const Tag& tag, std::initializer_list<Val> values, std::uint32_t thread = 0);
    /// Discards the exception that is being thrown, so that nothing catches it. The call from the
    /// host returns an error. To let the guest continue without the exception, use `return_from`.
    Result<void> clear_exception(std::uint32_t thread = 0);

private:
    friend vitrine::detail::Access;
    Stopped() = default;
    std::shared_ptr<detail::SessionBody> session_;
    StopReason reason_;
    std::uint64_t number_ = 0;
};

/// The guest has finished or could not be run: its results, or the error. Errors in the use of the
/// session are reported here too.
struct Exited {
    Result<std::vector<Val>> results;
};

/// What a running guest did next: it stopped, or it ended.
using Event = std::variant<Stopped, Exited>;

/// How a stop handler resumes the guest.
class Resume {
public:
    static Resume go() { return Resume(ResumeKind::Go); }
    /// Executes one instruction.
    static Resume step() { return Resume(ResumeKind::Step); }
    /// Executes one instruction. A call runs until it returns.
    static Resume step_over() { return Resume(ResumeKind::StepOver); }
    /// Runs until the innermost frame has returned to its caller.
    static Resume step_out() { return Resume(ResumeKind::StepOut); }
    /// Runs to the first instruction at or after an offset in the function of the innermost guest
    /// frame.
    static Resume run_to(std::uint32_t offset) { return Resume(ResumeKind::RunTo, offset); }
    /// Ends the guest with the trap `Killed`.
    static Resume stop_guest() { return Resume(ResumeKind::Kill); }

private:
    friend vitrine::detail::Access;
    explicit Resume(ResumeKind kind, std::uint32_t offset = 0) : kind_(kind), offset_(offset) {}
    ResumeKind kind_;
    std::uint32_t offset_;
};

/// Called at each stop, on the guest's thread. It may inspect and change the guest, call into it
/// (stops nest), and returns how to resume. An exception thrown from it ends the guest.
using StopHandler = std::function<Resume(Stopped&)>;

/// Debugs the guest of one or more stores. The stores must outlive the session. There are two ways
/// to use it:
///
/// Without a handler, the session runs the guest on a thread of its own. `call`, `instantiate`,
/// `run` and the functions that resume the guest block until its next stop or its end.
///
/// With a handler, the embedder calls the guest as usual, on its own thread, and the handler is
/// called at each stop.
///
/// All members may be called from any thread. Misuse, such as starting a call while the guest is
/// stopped or resuming with a stop of another session, is an error and changes nothing.
class VITRINE_API Session {
public:
    /// A store can have at most one session, and its engine needs `guest_debug`. If that does not
    /// hold, `error` says so.
    explicit Session(Store& store);
    Session(Store& store, StopHandler handler);
    static Result<Session> create(Store& store);
    static Result<Session> create(Store& store, StopHandler handler);
    /// Ends running guest calls, also in the stores that were added. A call that another thread
    /// starts during this runs without the session. Must not be called from the handler or from a
    /// thread that runs the guest: that aborts the program.
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    /// Why the session cannot be used. Null if it can.
    const Error* error() const;

    /// Adds the store of another guest thread, which the embedder runs. Breakpoints apply to it as
    /// well, and when one thread stops, all stop. The guest of that store must not be running.
    Result<void> add_store(Store& store);
    Result<void> remove_store(Store& store);

    /// Returns the breakpoint's id. The module does not need an instance yet.
    Result<std::uint32_t> add_breakpoint(const BreakpointSpec& spec);
    /// Replaces everything except module and offset, and keeps the hit count. Fails if module or
    /// offset differ.
    Result<void> change_breakpoint(std::uint32_t id, const BreakpointSpec& spec);
    Result<void> remove_breakpoint(std::uint32_t id);
    std::vector<Breakpoint> breakpoints() const;
    /// Returns the watchpoint's id. Breakpoints and watchpoints share one sequence of ids. Fails
    /// while the guest runs.
    Result<std::uint32_t> add_watchpoint(const WatchpointSpec& spec);
    /// Replaces all options, and keeps the hit count. Works while the guest runs, too. Fails for a
    /// local whose frame has ended.
    Result<void> change_watchpoint(std::uint32_t id, const WatchpointOptions& options);
    Result<void> remove_watchpoint(std::uint32_t id);
    /// All watchpoints. One on a local is removed when the local's frame returns; see embedding.md.
    std::vector<Watchpoint> watchpoints() const;
    /// Which other events stop the guest. The defaults are those of `StopsOn`.
    Result<void> stop_on(StopsOn what);
    /// Sets the function that receives the messages of breakpoints. It is called on the guest's
    /// thread.
    Result<void> on_message(std::function<void(std::string_view)> sink);

    /// Calls a function of the store. With `stop_at_entry`, the guest stops before its first
    /// instruction.
    Event call(const Func& function, std::span<const Val> arguments, bool stop_at_entry = false);
    Event call(const Func& function, std::initializer_list<Val> arguments, bool stop_at_entry = false);
    /// Creates an instance. Stops in its start function are reported like any other. Once the
    /// returned event says that this succeeded, `instance` returns the instance.
    Event instantiate(const Linker& linker, const Module& module, bool stop_at_entry = false);
    std::optional<Instance> instance() const;
    /// Creates an instance of a component (`<vitrine/component.hpp>`). Stops in the start functions
    /// of its core modules are reported like any other. Once the returned event says that this
    /// succeeded, `component_instance` returns the instance.
    Event instantiate(const ComponentLinker& linker, const Component& component, bool stop_at_entry = false);
    Event instantiate(const PreparedComponent& component, bool stop_at_entry = false);
    std::optional<ComponentInstance> component_instance() const;
    /// Calls a function of a component. The event with which the call ends has no values:
    /// `component_result` then returns the result.
    Event call(
        const ComponentFunc& function, std::span<const ComponentVal> arguments, bool stop_at_entry = false);
    Event call(const ComponentFunc& function, std::initializer_list<ComponentVal> arguments,
        bool stop_at_entry = false);
    /// The result of the last call of a component's function with `call`; the empty tuple if it
    /// returns nothing. Empty if that call failed or has not ended.
    std::optional<ComponentVal> component_result() const;
    /// Runs `body` on the guest's thread, where it may use the store's handles. The final event has
    /// its result.
    Event run(std::function<Result<std::vector<Val>>()> body, bool stop_at_entry = false);
    /// Waits for the next stop or the end of a running guest: one resumed with `go`, or one that
    /// the embedder runs.
    Event wait();

    // The functions that resume the guest consume the stop only if they succeed. After a failure
    // (the stop belongs to another session, the thread or offset does not exist, this thread may
    // not wait), the event is `Exited` with the error, and `Stopped::is_valid` is true.

    /// Resumes the guest and waits for its next stop or its end.
    Event resume(Stopped&& stopped);
    /// Like `resume`, but does not wait.
    Result<void> go(Stopped&& stopped);
    // `thread` is the id of the guest thread to step; 0 is the thread that stopped.

    /// Executes one instruction. The other threads stay stopped unless the instruction may wait for
    /// them.
    Event step(Stopped&& stopped, std::uint32_t thread = 0);
    /// Executes one instruction. A call runs until it returns. If an exception leaves the call,
    /// stops where it is caught. Stepping over a tail call stops after the call of the frame that
    /// it replaces.
    Event step_over(Stopped&& stopped, std::uint32_t thread = 0);
    /// Runs until the innermost frame has returned to its caller, or to the end of the guest if it
    /// has no caller. `StopReason::results` says what it returned.
    Event step_out(Stopped&& stopped, std::uint32_t thread = 0);
    /// Runs to the first instruction at or after an offset in the function of the innermost guest
    /// frame, or to a stop before that.
    Event run_to(Stopped&& stopped, std::uint32_t offset, std::uint32_t thread = 0);
    /// Ends the guest with the trap `Killed`.
    Event kill(Stopped&& stopped);
    /// Calls a function on a stopped thread, on top of the thread's frames. `thread` is a thread
    /// id; 0 is the thread that stopped. The function must belong to the thread's store.
    /// Breakpoints in the call stop, and a trap unwinds only the call. When the call ends, the
    /// event is a stop of kind `CallEnd` in that thread, with the guest where it was before.
    Event call(
        Stopped&& stopped, const Func& function, std::span<const Val> arguments, std::uint32_t thread = 0);
    Event call(Stopped&& stopped, const Func& function, std::initializer_list<Val> arguments,
        std::uint32_t thread = 0);
    /// The same for a function of a component. A call that traps leaves the component instances as
    /// they were: they can still be entered.
    Event call(Stopped&& stopped, const ComponentFunc& function, std::span<const ComponentVal> arguments,
        std::uint32_t thread = 0);
    Event call(Stopped&& stopped, const ComponentFunc& function,
        std::initializer_list<ComponentVal> arguments, std::uint32_t thread = 0);

    /// Stops the running guest at its next function entry or loop header, or in the host function
    /// in which it waits. Does nothing if the guest is not running.
    void interrupt();
    /// Ends the guest with the trap `Killed`, whether it is running or stopped. Its next event is
    /// `Exited`. If the guest is in a host function, it ends when that function returns. Does
    /// nothing if the guest has already ended.
    void kill();
    /// The reason of the current stop if the guest is stopped, also while a debug server controls
    /// it.
    std::optional<StopReason> stopped() const;

private:
    friend vitrine::detail::Access;
    Session() = default;
    std::shared_ptr<detail::SessionBody> body_;
};

} // namespace debug

} // namespace vitrine
