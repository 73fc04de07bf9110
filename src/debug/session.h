// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/breakpoints.h"
#include "debug/inspect.h"
#include "exec/invoke.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>

namespace vitrine::core::debug {

enum class StopKind : uint8_t { Entry, Breakpoint, Step, Interrupt, Trap, Throw };

/// Why the guest stopped: one reason.
struct StopReason {
    StopKind kind = StopKind::Entry;
    /// Of `Breakpoint`.
    uint32_t breakpoint = 0;
    /// Of `Trap`.
    TrapKind trap = TrapKind::None;
    std::string trap_text {};
    /// Of `Throw`, and of the trap that nobody caught it: what was thrown.
    std::shared_ptr<Root> exception {};

    /// `entry`, `breakpoint 1`, `step`, `interrupt`, `trap: integer divide by zero`, `throw: exception {7}`
    std::string to_text() const;
};

/// How to go on from a stop.
struct Resume {
    enum class Kind : uint8_t { Go, Step, StepOver, StepOut, RunTo, Kill } kind = Kind::Go;
    /// Of `RunTo`: an offset in the innermost frame's function.
    CodeOffset offset = 0;
};

/// What guest code ended with: results, a refusal, or a trap (`Exit` among them).
using Outcome = std::expected<std::vector<Value>, Failure>;

/// The guest stopped, or it ended.
using Event = std::variant<StopReason, Outcome>;

/// [doc] A debugging session
///
/// Runs the guest of one store on a thread of its own, and stops it. Here the guest's thread and the debugger's thread meet,
/// and nowhere else: they hand a turn to each other under one mutex.
///
///     Idle --start--> Running --fire--> Stopped --resume--> Running --the body returns--> Idle
///
/// While `Stopped` or `Idle` the controlling thread may read and change everything in the store; while `Running` only the guest's thread does.
/// All members may be called from any thread; what needs a stopped guest refuses when there is none.
class Session {
public:
    /// A store has at most one session. The thread must be the store's.
    static Result<std::unique_ptr<Session>> create(Store& store, Thread& thread);
    /// Closes it.
    ~Session();
    /// Ends the guest if it runs or is stopped, and its thread; the session does nothing any more.
    void close();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    Store& store() const { return store_; }
    Thread& thread() const { return thread_; }

    /// Runs `body` on the guest's thread; with `stop_at_entry` the guest stops before its first instruction.
    Result<void> start(std::function<Outcome()> body, bool stop_at_entry = false);
    /// Waits until the guest has stopped or ended. With a listener, until it has ended.
    Result<Event> wait();
    /// Lets a stopped guest go on.
    Result<void> resume(Resume how);
    /// Asks a running guest to stop; it stops at its next function entry or loop header with `Interrupt`. Ignored unless it runs.
    void interrupt();
    /// Ends a running or stopped guest.
    void kill();

    bool is_idle() const;
    bool is_running() const;
    /// The reason, while the guest is stopped.
    std::optional<StopReason> stopped() const;

    /// While it lives, a stopped guest stays as it is, whoever lets it go on or ends it meanwhile. False when the guest is not stopped.
    class Look {
    public:
        explicit Look(Session& session);
        ~Look();
        Look(const Look&) = delete;
        Look& operator=(const Look&) = delete;
        explicit operator bool() const { return session_ != nullptr; }

    private:
        Session* session_;
    };

    /// The frames of a stopped guest; empty when it is not stopped.
    std::vector<Frame> frames() const;

    /// Whether to stop where an exception is thrown that a guest catches; one that nobody catches always stops, as a trap.
    void stop_on_throw(bool on);
    Result<uint32_t> add_breakpoint(BreakpointSpec spec);
    Result<void> remove_breakpoint(uint32_t id);
    std::vector<Breakpoint> breakpoints() const;

    /// Who else is told: called on the guest's thread right after each stop, and after the end, before `wait` answers. While one is set, stops are the
    /// listener's business.
    void set_listener(std::function<void(const Event&)> listener);
    /// Whether the calling thread may use the store now.
    bool may_use_store() const;

private:
    class Watcher;
    enum class State : uint8_t { Idle, Running, Stopped };

    Session(Store& store, Thread& thread);
    void run_guest();
    Wish fire(Cause cause);
    std::optional<StopReason> reason_for(Cause cause);
    Wish stop(StopReason reason, std::unique_lock<std::mutex>& lock);
    void marks_have_changed();
    void prepare(Resume how);

    Store& store_;
    Thread& thread_;
    std::unique_ptr<Watcher> watcher_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    State state_ = State::Idle;
    std::function<Outcome()> body_;
    std::optional<StopReason> reason_;
    std::optional<Outcome> outcome_;
    std::optional<Resume> resume_;
    std::function<void(const Event&)> listener_;
    Breakpoints breakpoints_;
    bool marks_are_stale_ = false;
    bool wants_stop_ = false;
    bool wants_kill_ = false;
    bool is_telling_end_ = false;
    bool stops_on_throw_ = false;
    uint32_t looks_ = 0;
    bool is_closing_ = false;
    /// Where the guest noticed that it shall stop: before an instruction, which a step from there shall execute.
    struct Place {
        const Record* control;
        const Function* function;
        uint32_t offset;
        friend bool operator==(const Place&, const Place&) = default;
    };
    std::optional<Place> paused_at_;
    /// Of the step under way: the frame it must end in, and where.
    bool at_entry_ = false;
    const Record* step_control_ = nullptr;
    std::optional<CodeOffset> step_offset_;
    std::thread guest_;
};

} // namespace vitrine::core::debug
