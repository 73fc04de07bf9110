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

class SymbolFinder;

/// A guest thread of a session.
struct ThreadInfo {
    /// Counts from 1, in the order in which threads joined. No id is reused.
    uint32_t id;
    Thread* thread;
    /// Whether it is in guest code, or in a host function that guest code called.
    bool is_running;
};

/// [doc] A debugging session
///
/// Watches the guest threads of one or more stores, and stops all of them when one stops. This is
/// the only place where the guests' threads and the debugger's threads meet, under one mutex.
///
/// The session runs the guest of its first store on a thread of its own, and the controller waits
/// for stops and resumes the guest from another thread. Or there is a handler: then the embedder
/// runs the guest as usual, and the session calls the handler at each stop, on the guest's thread.
/// In both cases the guest threads of other stores run on their own host threads.
///
///     Going --fire--> Stopping --all others are outside--> Stopped --resume--> Going
///                                                           |   ^
///                                                          call |  stops in the call nest
///
/// A thread is *outside* while it executes no guest instruction: it is in a host function, or waits
/// in the session. In the state `Stopped`, the controller may read and change everything in the
/// stores. A thread that comes back from outside waits until the others go on. If a second thread
/// has reached a stop meanwhile, that stop is reported after the first one has been resumed.
///
/// All members may be called from any thread. Those that need a stopped guest fail if there is
/// none.
class Session {
public:
    /// Decides how a stopped guest resumes. Called on the guest's thread.
    using Handler = std::function<Resume(const StopReason&)>;

    /// Fails if the store has a session already. The thread must be the store's. Without a handler,
    /// the session starts a thread that runs the guest.
    static Result<std::unique_ptr<Session>> create(Store& store, Thread& thread, Handler handler = nullptr);
    /// Closes the session.
    ~Session();
    /// Ends the guest, whether it runs or is stopped, and the session's thread. Every later request
    /// fails.
    void close();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Also watches the guest thread of another store, which from then on stops with the others. It
    /// must not be running, and must exist until it is removed or the session is closed.
    Result<void> add_store(Store& store, Thread& thread);
    /// Stops watching a store. Fails while its guest runs.
    Result<void> remove_store(Store& store);

    /// The first store and its thread.
    Store& store() const { return store_; }
    Thread& thread() const { return thread_; }
    /// All guest threads.
    std::vector<ThreadInfo> threads() const;

    /// Runs `body` on the session's thread. With `stop_at_entry` the guest stops before its first
    /// instruction.
    Result<void> start(std::function<Outcome()> body, bool stop_at_entry = false);
    /// Waits until the guest has stopped or ended. While an exclusive client is attached, waits
    /// until it has ended.
    Result<Event> wait();
    /// Resumes a stopped guest; if the number of a stop is given, only from that stop. Fails if
    /// another client is attached exclusively, unless `how` ends the guest.
    Result<void> resume(Resume how, std::optional<uint64_t> stop = std::nullopt, ClientId by = owner);
    /// Runs `body` on a guest thread (0: the one that stopped). `body` calls the guest and keeps
    /// the results. `wait` reports stops in it, and its end. C++ exceptions that it throws are
    /// dropped.
    Result<void> call(std::function<void()> body, uint32_t thread = 0);
    /// Asks a running guest to stop. One of its threads stops with `Interrupt` at its next function
    /// entry or loop header, or in the host function in which it is blocked. With `or_next_call`, a
    /// guest that does not run, or ends first, stops at the entry of its next call.
    void interrupt(bool or_next_call = false);
    /// Ends a running or stopped guest.
    void kill();
    /// Ends one thread, as if the guest's code had returned from it. If it is the one that stopped,
    /// the others go on. Without a thread that the guest has created, ends the guest.
    Result<void> kill_thread(uint32_t thread, ClientId by = owner);

    /// Whether the session's thread runs no guest, and no guest is stopped.
    bool is_idle() const;
    bool is_running() const;
    /// The reason why the guest is stopped. None if it is not stopped.
    std::optional<StopReason> stopped() const;

    /// Holds a stopped guest: if a client resumes or ends it meanwhile, that takes effect after the
    /// look has ended. False if the guest is not stopped.
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

    /// Permission for the calling thread to use a store. False if another thread runs the store's
    /// guest. A guest that is stopped or idle stays so meanwhile, unless the calling thread itself
    /// runs it.
    class Use {
    public:
        /// `Call` does not hold the guest if the call can stop: the session makes it wait instead.
        enum class Purpose : uint8_t { Data, Call };

        Use(Session& session, const Store& store, Purpose purpose);
        ~Use();
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        explicit operator bool() const { return is_allowed_; }

    private:
        friend Session;

        bool is_allowed_ = true;
        /// Null if it does not hold the guest.
        Session* session_ = nullptr;
        const std::thread::id thread_ = std::this_thread::get_id();
        /// The next in the session's list.
        Use* next_ = nullptr;
    };
    /// Whether a `Use` of the calling thread holds the guest. The thread must not wait for the
    /// guest then: it would wait forever.
    bool is_used_here() const;

    bool has_handler() const { return handler_ != nullptr; }
    /// Whether the calling thread runs a guest of the session or its handler, or holds the guest.
    /// It cannot close the session then.
    bool is_inside() const;
    /// How often the guest has been resumed. The frames of a stopped guest are valid while this
    /// number stays the same.
    uint64_t resumes() const;
    /// The innermost frames of a guest thread (0: the one that stopped), at most `limit`. Empty if
    /// the guest is not stopped.
    std::vector<Frame> frames(uint32_t thread = 0, size_t limit = SIZE_MAX) const;
    /// Finds a guest thread (0: the one that stopped) that can run calls. Fails if the guest is not
    /// stopped, and if the thread is idle or in a host function.
    Result<Thread*> find_callable(uint32_t thread = 0) const;

    // Decide where a guest thread (0: the one that stopped) continues. Each fails where that is
    // impossible, and then changes nothing. The last one counts. See debug/detour.h.
    Result<void> jump(CodeOffset offset, uint32_t thread = 0);
    Result<void> skip(uint32_t thread = 0);
    Result<void> return_from(const Frame& frame, std::span<const Value> results);
    Result<void> throw_exception(const Tag& tag, std::span<const Value> values, uint32_t thread = 0);
    Result<void> clear_exception(uint32_t thread = 0);

    /// Sets the events at which a client wants the guest to stop; nothing withdraws its wishes.
    void stop_on(std::optional<StopsOn> what, ClientId by = owner);
    /// The events that at least one client wants.
    StopsOn stops_on() const;
    /// Also stops the thread when an exception is caught in this frame or further out. For a client
    /// that waits with a breakpoint of its own for the return to the frame.
    void stop_at_catch(uint32_t thread, std::optional<FrameId> frame);
    Result<uint32_t> add_breakpoint(BreakpointSpec spec);
    /// Changes everything but the place.
    Result<void> change_breakpoint(uint32_t id, BreakpointSpec spec);
    Result<void> remove_breakpoint(uint32_t id);
    std::vector<Breakpoint> breakpoints() const;
    /// Fails while the guest runs. Breakpoints and watchpoints share one sequence of ids.
    Result<uint32_t> add_watchpoint(WatchpointSpec spec);
    /// Changes the condition, the count and whether it is enabled.
    Result<void> change_watchpoint(uint32_t id, WatchpointSpec spec);
    Result<void> remove_watchpoint(uint32_t id);
    /// Watchpoints of locals are removed when their frames end.
    std::vector<Watchpoint> watchpoints() const;

    Listeners::Id add_listener(Listener listener);
    void remove_listener(Listeners::Id id);
    /// For `Client`: attaches a client with its listener, and detaches it.
    Result<std::pair<ClientId, Listeners::Id>> attach(std::string name, bool is_exclusive, Listener listener);
    void detach(ClientId client, Listeners::Id listener);
    /// The name of the exclusive client, if there is one. No other client may resume the guest.
    std::optional<std::string> controller() const;
    bool has_clients_besides(ClientId client) const;
    /// Sets the receiver of breakpoints' messages. It is called on the guest's thread.
    void set_log(std::function<void(std::string)> log);
    /// Sets who finds the debug information of modules. Null: there are no source lines and names.
    void set_symbols(std::shared_ptr<SymbolFinder> finder);
    std::shared_ptr<SymbolFinder> symbols() const;
    /// Whether a request is pending for the guest that the calling thread runs. A host function
    /// that waits should then return.
    bool is_caller_asked() const;

private:
    class Watcher;
    enum class State : uint8_t { Going, Stopped };

    /// One call of `fire` by a guest thread. Visits nest if the debugger calls guest functions.
    struct Visit {
        Cause cause;
        /// How the thread goes on.
        Wish wish = Wish::Continue;
        /// While it is stopped: `StopReason::entered`.
        uint32_t entered = 0;
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
        /// Breakpoints or watchpoints have changed since the marks and watches were set.
        bool is_stale = true;
        /// Its guest code will be ended when its probe next fires.
        bool is_condemned = false;
        /// It is condemned, but the others are not.
        bool ends_alone = false;
        /// Whether the guest created it. Such a thread runs once, and ends with its creator even if
        /// it has not started.
        bool is_spawned = false;
        /// The session's probe has been removed from it.
        bool has_left = false;
        /// There are instances for which listeners want a stop that has not happened.
        bool has_news = false;
        /// How many instances of the store listeners have been told of.
        uint32_t told_instances = 0;
        /// The trap with which the guest ends because the debugger's code threw on this thread.
        std::optional<Trap> failure {};
        /// The step under way, or null.
        std::shared_ptr<Step> step {};
        /// See `stop_at_catch`.
        std::optional<FrameId> catch_frame {};
        /// The innermost visit, or null.
        Visit* visit = nullptr;
        /// Whether it waits in the session. If it also has a visit, it can be moved and can run
        /// calls.
        bool is_waiting = false;
        /// Keeps the exception alive that it was last told to throw.
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
    void tell_instances(Member& member, std::unique_lock<std::mutex>& lock);
    std::optional<StopReason> reason_for(Member& member, Cause cause, std::unique_lock<std::mutex>& lock);
    std::optional<StopReason> reason_of_load(Member& member) const;
    std::optional<StopReason> reason_of_component_call(Member& member) const;
    std::optional<StopReason> reason_in_turn(
        Member& member, std::optional<StopReason> reason, std::unique_lock<std::mutex>& lock);
    std::optional<StopReason> reason_of_trap(const Thread& thread) const;
    std::optional<StopReason> reason_of_mark(Member& member, std::unique_lock<std::mutex>& lock);
    std::optional<StopReason> reason_of_watch(Member& member);
    std::optional<StopReason> reason_of_catch(Member& member, std::unique_lock<std::mutex>& lock);
    std::optional<StopReason> reason_of_step(Member& member, Cause cause, std::unique_lock<std::mutex>& lock);
    std::optional<StopReason> take_answer(
        Member& member, StepAnswer answer, std::unique_lock<std::mutex>& lock);
    void log(Member& member, const Breakpoints::Messages& messages, std::unique_lock<std::mutex>& lock);
    StepAnswer ask_step(Member& member, Cause cause, std::unique_lock<std::mutex>& lock);
    void stop(Member& member, StopReason reason, std::unique_lock<std::mutex>& lock);
    void let_go(Member& member, const Resume& how, bool is_nested);
    void stop_others(Member& member, std::unique_lock<std::mutex>& lock);
    void tell(std::unique_lock<std::mutex>& lock);
    void tell_resume(Resumed resumed, std::unique_lock<std::mutex>& lock);
    Resume decide(Member& member, std::unique_lock<std::mutex>& lock);
    bool is_called(const Member& member) const { return call_ && caller_ == &member; }
    Resume stop_until_resumed(Member& member, std::unique_lock<std::mutex>& lock);
    void forget_step(Member& member);
    void forget_steps();
    void follow(Member& member, const StepPlan& plan);
    void change_plan(Member& member, const StepPlan& plan, std::unique_lock<std::mutex>& lock);
    void run_call(Member& member, std::unique_lock<std::mutex>& lock);
    void go_on(Member& stopped, const Resume& how);
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
    /// The thread that stopped all others, or null while they go on.
    Member* stopper_ = nullptr;
    /// Whether the thread that stopped is in a host function, and so does not wait in the session.
    bool is_from_outside_ = false;
    /// How many threads wait in the session until they may go on.
    uint32_t standing_ = 0;
    /// The only thread that goes on, or null if all do.
    Member* alone_ = nullptr;
    std::optional<StopReason> reason_;
    std::optional<Resume> resume_;
    /// The name of the client that resumed the guest from the last stop, or that calls a function.
    std::string resumer_;
    /// How many `Look` and `Use` objects hold the guest.
    uint32_t looks_ = 0;
    Use* uses_ = nullptr;
    uint64_t resumes_ = 0;
    uint64_t stops_ = 0;

    std::function<Outcome()> body_;
    bool is_body_running_ = false;
    std::optional<Outcome> outcome_;
    std::function<void()> call_;
    /// The thread that is to run `call_`.
    Member* caller_ = nullptr;

    Listeners listeners_;
    Clients clients_;
    std::function<void(std::string)> log_;
    std::shared_ptr<SymbolFinder> symbols_;
    Breakpoints breakpoints_;
    Watchpoints watchpoints_;
    uint32_t next_id_ = 1;
    bool at_entry_ = false;
    bool wants_stop_ = false;
    /// The next call stops at its entry.
    bool wants_stop_at_entry_ = false;
    bool is_telling_end_ = false;
    /// Listeners are being told of a stop: the caller waits for it must not see it before.
    bool is_telling_stop_ = false;
    bool is_closing_ = false;

    /// The thread on which the handler is being called, if any.
    std::thread::id handling_ {};
    std::thread guest_;
    /// Stops a guest at an interrupt if all its threads are in host functions. Started at the first
    /// interrupt.
    std::thread interrupts_;
};

} // namespace vitrine::core::debug
