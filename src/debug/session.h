// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/breakpoints.h"
#include "debug/changes.h"
#include "debug/client.h"
#include "debug/events.h"
#include "debug/foreign_writes.h"
#include "debug/inspect.h"
#include "debug/listeners.h"
#include "debug/stepping.h"
#include "debug/watchpoints.h"
#include "exec/frame.h"

#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace vitrine::core::debug {

/// A guest thread of a session.
struct ThreadInfo {
    /// From 1, in the order in which they joined; none is given twice.
    uint32_t id;
    Thread* thread;
    /// Whether it is in guest code or waits in a host function.
    bool is_running;
};

/// [doc] A debugging session
///
/// Watches the guest threads of one or more stores, and stops them all when one of them stops. Here the guests' threads and the
/// debugger's meet, and nowhere else: under one mutex.
///
/// The session runs the guest of its first store on a thread of its own; whoever controls it, on another thread, waits and resumes. Or
/// there is a handler: then the store's embedder runs the guest as ever, and each stop calls the handler on the guest's
/// thread. The guest threads of other stores belong to their own host threads in either case.
///
///     Going --fire--> Stopping --all others are outside of guest code--> Stopped --resume--> Going
///                                                                         |   ^
///                                                                        call |  the call's stops nest
///
/// A thread is *outside* while it executes no guest instruction: it waits in a host function, or in here. While `Stopped` the
/// controlling thread may read and change everything in the stores. A thread that comes back from the outside waits
/// until the others go on. A stop that a second thread has come to meanwhile is told when the first has gone on.
///
/// All members may be called from any thread; what needs a stopped guest refuses when there is none.
class Session {
public:
    /// Decides on a guest's own thread how it goes on.
    using Handler = std::function<Resume(const StopReason&)>;

    /// A store has at most one session. The thread must be the store's. Without a handler the session has a thread that runs guests.
    static Result<std::unique_ptr<Session>> create(Store& store, Thread& thread, Handler handler = nullptr);
    /// Closes it.
    ~Session();
    /// Ends the guest if it runs or is stopped, and its thread; the session does nothing any more.
    void close();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Another store's guest thread is watched too, and stops with the others. It must not be running, and must be there until it is
    /// removed or the session is closed.
    Result<void> add_store(Store& store, Thread& thread);
    /// No more; what runs in it ends first.
    Result<void> remove_store(Store& store);

    /// The first store and its thread.
    Store& store() const { return store_; }
    Thread& thread() const { return thread_; }
    /// All guest threads.
    std::vector<ThreadInfo> threads() const;

    /// Runs `body` on the guest's thread; with `stop_at_entry` the guest stops before its first instruction.
    Result<void> start(std::function<Outcome()> body, bool stop_at_entry = false);
    /// Waits until the guest has stopped or ended; while there is an exclusive client, until it has
    /// ended.
    Result<Event> wait();
    /// Lets a stopped guest go on. With the number of a stop, only from that one. Refused when an
    /// exclusive client is attached and this is another one, unless it ends the guest.
    Result<void> resume(Resume how, std::optional<uint64_t> stop = std::nullopt, ClientId by = owner);
    /// Runs `body`, which calls the guest and keeps the results, on a guest thread (0: the one that
    /// stopped); `wait` reports the stops in it, and its end. What it throws is lost.
    Result<void> call(std::function<void()> body, uint32_t thread = 0);
    /// Asks a running guest to stop; a thread of it stops with `Interrupt` at its next function entry or loop header, or in the host function that it waits in.
    void interrupt();
    /// Ends a running or stopped guest.
    void kill();

    /// Whether the session's own thread runs no guest, and none is stopped.
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

    /// Lets the calling thread use a store while it lives. False when another thread runs the store's guest. When the guest is
    /// stopped or idle it stays so, unless it is the calling thread that runs it.
    class Use {
    public:
        /// A call that can stop does not hold the guest: the session makes it wait instead.
        enum class Purpose : uint8_t { Data, Call };

        Use(Session& session, const Store& store, Purpose purpose);
        ~Use();
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        explicit operator bool() const { return is_allowed_; }

    private:
        friend Session;

        bool is_allowed_ = true;
        /// Null where there is nothing to hold.
        Session* session_ = nullptr;
        const std::thread::id thread_ = std::this_thread::get_id();
        /// The next one of the session.
        Use* next_ = nullptr;
    };
    /// Whether a `Use` of the calling thread holds the guest: then waiting for the guest to go on would take for ever.
    bool is_used_here() const;

    bool has_handler() const { return handler_ != nullptr; }
    /// Whether the calling thread runs a guest of the session or the handler, or holds the guest: it cannot end the session.
    bool is_inside() const;
    /// How often the guest was let go on. While it is the same, so are the frames of a guest that stands still.
    uint64_t resumes() const;
    /// The frames of a guest thread (0: the one that stopped) of a stopped guest; empty when it is not stopped.
    std::vector<Frame> frames(uint32_t thread = 0) const;
    /// A guest thread (0: the one that stopped) that can run calls: the guest is stopped, and the
    /// thread is neither idle nor in a host function.
    Result<Thread*> find_callable(uint32_t thread = 0) const;

    // What a guest thread (0: the one that stopped) does first when it goes on. Each refuses where
    // that makes no sense, and changes nothing then; the last one counts. See debug/detour.h.
    Result<void> jump(CodeOffset offset, uint32_t thread = 0);
    Result<void> skip(uint32_t thread = 0);
    Result<void> return_from(const Frame& frame, std::span<const Value> results);
    Result<void> throw_exception(const Tag& tag, std::span<const Value> values, uint32_t thread = 0);
    Result<void> clear_exception(uint32_t thread = 0);

    /// What else the guest stops for. Each client asks for itself; nothing withdraws that.
    void stop_on(std::optional<StopsOn> what, ClientId by = owner);
    /// What the clients have asked for together.
    StopsOn stops_on() const;
    /// Also stops the thread when an exception is caught in this frame or further out, as at the
    /// end of a step. For a client that waits for a return to the frame.
    void stop_at_catch(uint32_t thread, std::optional<FrameId> frame);
    Result<uint32_t> add_breakpoint(BreakpointSpec spec);
    /// Everything but the place.
    Result<void> change_breakpoint(uint32_t id, BreakpointSpec spec);
    Result<void> remove_breakpoint(uint32_t id);
    std::vector<Breakpoint> breakpoints() const;
    /// Not while the guest runs. Ids are those of breakpoints and watchpoints alike.
    Result<uint32_t> add_watchpoint(WatchpointSpec spec);
    Result<void> remove_watchpoint(uint32_t id);
    /// Those on locals end with their frames.
    std::vector<Watchpoint> watchpoints() const;

    Listeners::Id add_listener(Listener listener);
    void remove_listener(Listeners::Id id);
    /// For `Client`: a client with its listener comes, and leaves.
    Result<std::pair<ClientId, Listeners::Id>> attach(std::string name, bool is_exclusive, Listener listener);
    void detach(ClientId client, Listeners::Id listener);
    /// The name of the exclusive client, if there is one: nobody else may resume the guest.
    std::optional<std::string> controller() const;
    bool has_clients_besides(ClientId client) const;
    /// Takes the messages of breakpoints; on the guest's thread.
    void set_log(std::function<void(std::string)> log);
    /// Whether a request is pending for the guest that the calling thread runs: a host function
    /// that waits should return.
    bool is_caller_asked() const;

private:
    class Watcher;
    enum class State : uint8_t { Going, Stopped };

    /// One call of `fire` by a guest thread. Visits nest when the debugger calls functions.
    struct Visit {
        Cause cause;
        /// What it does when it goes on, unless it just goes on.
        Wish wish = Wish::Continue;
        std::shared_ptr<Root> to_throw {};
    };

    /// A guest thread that is watched.
    struct Member {
        uint32_t id;
        Store* store;
        Thread* thread;
        Marks marks;
        std::unique_ptr<Watcher> watcher {};
        std::shared_ptr<ForeignWrites> foreign_writes {};
        std::unique_ptr<const Watches> watches {};
        /// Marks and watches do not stand for all that there is.
        bool is_stale = true;
        /// Its guest code ends where it next looks up.
        bool is_condemned = false;
        /// Whether the guest made it: it lives once, and ends with those who made it even if it has not begun.
        bool is_spawned = false;
        /// It has no probe of ours any more.
        bool has_left = false;
        /// There are instances that listeners have not been told of.
        bool has_news = false;
        /// What the debugger's own code has thrown on this thread: the guest ends with it.
        std::optional<Trap> failure {};
        /// The step under way, or null.
        std::shared_ptr<Step> step {};
        /// See `stop_at_catch`.
        std::optional<FrameId> catch_frame {};
        /// The innermost one; null when there is none.
        Visit* visit = nullptr;
        /// Whether it waits in the session. During a visit it can then be sent elsewhere and can
        /// run calls.
        bool is_waiting = false;
        /// Keeps what it was last told to throw until it is thrown.
        std::shared_ptr<Root> thrown {};

        /// Whether it is in guest code, or in host functions that it called.
        bool is_running() const { return thread->runner.load() != std::thread::id {}; }
    };

    Session(Store& store, Thread& thread, Handler handler);
    Member& add_member(Store& store, Thread& thread);
    void leave(Member& member);
    bool let_go(Member& member);
    void open();
    void run_guest();
    void run_body(std::unique_lock<std::mutex>& lock);
    void watch_interrupts();
    void stop_from_outside(std::unique_lock<std::mutex>& lock);

    bool stops_here(const Member& member) const;
    bool runs_here(const Member& member) const;
    bool holds_here() const;
    bool is_at_entry(const Member& member) const { return at_entry_ && member.thread == &thread_; }
    Wish fire(Member& member, Cause cause);
    Wish end_visit(Member& member);
    void wait_outside(Member& member);
    void bring_in_line(Member& member, bool always = false);
    bool take_sentence(Member& member);
    void on_instance(Member& member, Instance& instance);
    std::optional<StopReason> reason_for(Member& member, Cause cause, std::unique_lock<std::mutex>& lock);
    std::optional<StopReason> reason_of_load(Member& member) const;
    std::optional<StopReason> reason_in_turn(
        Member& member, std::optional<StopReason> reason, std::unique_lock<std::mutex>& lock);
    std::optional<StopReason> reason_of_trap(const Thread& thread) const;
    std::optional<StopReason> reason_of_mark(Member& member, std::unique_lock<std::mutex>& lock);
    std::optional<StopReason> reason_of_watch(Member& member);
    std::optional<StopReason> reason_of_catch(Member& member, std::unique_lock<std::mutex>& lock);
    std::optional<StopReason> reason_of_step(Member& member, Cause cause, std::unique_lock<std::mutex>& lock);
    std::optional<StopReason> take_answer(
        Member& member, StepAnswer answer, std::unique_lock<std::mutex>& lock);
    void log(Member& member, std::vector<std::string> messages, std::unique_lock<std::mutex>& lock);
    void stop(Member& member, StopReason reason, std::unique_lock<std::mutex>& lock);
    void let_go(Member& member, Resume how, bool is_nested);
    void stop_others(Member& member, std::unique_lock<std::mutex>& lock);
    void tell(std::unique_lock<std::mutex>& lock);
    void tell_resume(Resumed resumed, std::unique_lock<std::mutex>& lock);
    Resume decide(Member& member, std::unique_lock<std::mutex>& lock);
    bool is_called(const Member& member) const { return call_ && caller_ == &member; }
    void forget_step(Member& member);
    void follow(Member& member, const StepPlan& plan);
    void change_plan(Member& member, const StepPlan& plan, std::unique_lock<std::mutex>& lock);
    void run_call(Member& member, std::unique_lock<std::mutex>& lock);
    void go_on(Member& stopped, Resume how);
    void stand_outside(Member& member, std::unique_lock<std::mutex>& lock);
    bool must_stand(const Member& member) const;
    void pause_all();
    void condemn_all();
    void stops_have_changed();
    void sync(Member& member);
    void prepare(Member& member, Resume how);
    bool is_any_running() const;
    Member* find_member(const Store& store) const;
    Member* find_member(uint32_t thread) const;
    template<class Change> Result<void> change_stops(Change change);
    Result<Member*> waiting(uint32_t thread) const;
    static std::string busy_text(const Member& member);
    Result<Member*> steerable(uint32_t thread) const;
    template<class Act> Result<void> steer(uint32_t thread, Act act);

    Store& store_;
    Thread& thread_;
    const Handler handler_;
    mutable std::mutex mutex_;
    Changes changed_;
    std::vector<std::unique_ptr<Member>> members_;
    uint32_t next_thread_ = 1;

    State state_ = State::Going;
    /// The thread for whose stop the others stand still; null while all go.
    Member* stopper_ = nullptr;
    /// The stop was told for a thread that waits in a host function: nobody waits in here.
    bool is_from_outside_ = false;
    /// How many wait in here until they may go on.
    uint32_t standing_ = 0;
    /// The only one that goes on, if not all do.
    Member* alone_ = nullptr;
    std::optional<StopReason> reason_;
    std::optional<Resume> resume_;
    /// Who has resumed the guest, or calls a function, since the last stop.
    std::string resumer_;
    /// How many look at the guest or use its stores.
    uint32_t looks_ = 0;
    Use* uses_ = nullptr;
    uint64_t resumes_ = 0;
    uint64_t stops_ = 0;

    std::function<Outcome()> body_;
    bool is_body_running_ = false;
    std::optional<Outcome> outcome_;
    std::function<void()> call_;
    /// Who shall run it.
    Member* caller_ = nullptr;

    Listeners listeners_;
    Clients clients_;
    std::function<void(std::string)> log_;
    Breakpoints breakpoints_;
    Watchpoints watchpoints_;
    uint32_t next_id_ = 1;
    bool at_entry_ = false;
    bool wants_stop_ = false;
    bool is_telling_end_ = false;
    bool is_closing_ = false;

    /// On which thread the handler is being called, and in how many nested stops.
    std::thread::id handling_ {};
    std::thread guest_;
    /// Sees to it that an interrupt stops a guest whose threads all wait in host functions. Made at the first one.
    std::thread interrupts_;
};

} // namespace vitrine::core::debug
