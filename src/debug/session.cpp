// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/session.h"
#include "debug/source_view.h"

#include "base/guard.h"
#include "exec/instrument.h"
#include "runtime/program_view.h"

#include <algorithm>
#include <chrono>

namespace vitrine::core::debug {

namespace {

/// How long host functions may take to notice an interrupt before the guest counts as stopped in
/// them.
constexpr std::chrono::milliseconds patience { 50 };

} // namespace

/// The probe of a guest thread. Passes everything on to the session.
class Session::Watcher final : public Probe {
public:
    Watcher(Session& session, Member& member) : session_(session), member_(member) {}
    /// Ends the guest if there is no memory to stop with: no C++ exception may reach execution.
    Wish fire(Thread&, Cause cause) override
    {
        return guarded([&] { return session_.fire(member_, cause); },
            [&](const Thrown&) {
                session_.kill();
                return Wish::Kill;
            });
    }
    void on_instance(Instance&) override
    {
        const std::lock_guard lock(session_.mutex_);
        session_.bring_in_line(member_, true);
        member_.has_news |= session_.listeners_.stop_at_loads();
        // If another thread than the guest's made it, listeners hear of it when the guest next
        // runs.
        if (member_.has_news || session_.listeners_.hear_of_instances())
            member_.thread->requests->add(Requests::pause);
    }
    void wait_outside(Thread&) override { session_.wait_outside(member_); }
    bool wants_end(Thread&) override
    {
        const std::lock_guard lock(session_.mutex_);
        return session_.take_sentence(member_);
    }
    void on_spawn(Thread& child) override
    {
        const std::lock_guard lock(session_.mutex_);
        Member& spawned = session_.add_member(child.store, child);
        spawned.is_spawned = true;
        spawned.is_condemned = member_.is_condemned;
    }
    void on_thread_end(Thread&) override
    {
        Session& session = session_;
        const std::lock_guard lock(session.mutex_);
        ASSERT(session.let_go(member_));
    }

private:
    Session& session_;
    Member& member_;
};

std::string StopReason::to_text() const
{
    switch (kind) {
    case StopKind::Entry: return "entry";
    case StopKind::Breakpoint: return "breakpoint " + std::to_string(id) + (text.empty() ? "" : ": " + text);
    case StopKind::Step: return "step";
    case StopKind::Interrupt: return "interrupt";
    case StopKind::Trap: return "trap: " + text;
    case StopKind::Throw: return "throw: " + text;
    case StopKind::Load: return "load of " + text;
    case StopKind::CallEnd: return "call has ended";
    case StopKind::Watchpoint: return "watchpoint " + std::to_string(id) + ": " + text;
    case StopKind::Exit: return "exit (" + text + ")";
    case StopKind::ComponentCall: return "call of " + text;
    }
    std::unreachable();
}

// Creation and end.

namespace {

/// Fails if no session may watch the thread.
Result<void> check_watchable(const Store& store, const Thread& thread)
{
    if (!store.engine().config.guest_debug)
        return failure("the engine is not configured with guest_debug");
    if (thread.probes.find(ProbeRole::Session))
        return failure("the store has a session already");
    if (thread.runner.load() != std::thread::id {})
        return failure("the store's guest is running");
    return {};
}

} // namespace

Result<std::unique_ptr<Session>> Session::create(Store& store, Thread& thread, Handler handler)
{
    CHECK(check_watchable(store, thread));
    std::unique_ptr<Session> session(new Session(store, thread, std::move(handler)));
    // If the system cannot create a thread, the store remains without a session.
    return guarded(
        [&]() -> Result<std::unique_ptr<Session>> {
            session->open();
            return std::move(session);
        },
        [](const Thrown& thrown) -> Result<std::unique_ptr<Session>> {
            return failure("cannot begin a session: " + thrown.text);
        });
}

Session::Session(Store& store, Thread& thread, Handler handler)
    : store_(store), thread_(thread), handler_(std::move(handler)), breakpoints_(store.engine().types)
{}

void Session::open()
{
    add_member(store_, thread_);
    if (!handler_)
        guest_ = std::thread([this] { run_guest(); });
}

Session::~Session() { close(); }

void Session::close()
{
    {
        const std::lock_guard lock(mutex_);
        listeners_.clear();
        clients_.clear();
        if (is_closing_)
            return;
        is_closing_ = true;
        // Calls that begin from here on are not watched.
        pause_all();
        condemn_all();
    }
    changed_.notify_all();
    if (guest_.joinable())
        guest_.join();
    std::unique_lock lock(mutex_);
    // Wait for the threads that were told to end. Spawned threads announce their end.
    const auto is_with_us = [this](const auto& member) {
        return member->is_spawned || member.get() == stopper_ || (member->is_running() && !member->has_left);
    };
    while (std::ranges::any_of(members_, is_with_us))
        changed_.wait_for(lock, std::chrono::milliseconds(1));
    lock.unlock();
    if (interrupts_.joinable())
        interrupts_.join();
    lock.lock();
    breakpoints_.clear();
    watchpoints_.clear();
    while (!members_.empty())
        if (!let_go(*members_.back()))
            changed_.wait_for(lock, std::chrono::milliseconds(1));
}

Session::Member& Session::add_member(Store& store, Thread& thread)
{
    const Member* const sibling = find_member(store);
    std::unique_ptr<Member> made(new Member { .id = next_thread_++,
        .store = &store,
        .thread = &thread,
        .marks = { thread, sibling ? sibling->marks.all() : std::make_shared<MarksOfStore>() } });
    made->watcher = std::make_unique<Watcher>(*this, *made);
    made->told_instances = static_cast<uint32_t>(store.instances().size());
    made->foreign_writes = sibling ? sibling->foreign_writes : std::make_shared<ForeignWrites>(store);
    Member& member = *members_.emplace_back(std::move(made));
    thread.probes.set(ProbeRole::Session, member.watcher.get());
    member.foreign_writes->listen(!watchpoints_.is_empty());
    store.mutator.set_listener(member.foreign_writes.get());
    // It gets its marks, and waits if necessary, when it first enters guest code.
    thread.requests->add(Requests::pause);
    return member;
}

/// Removes everything of the session from a thread that is executing no instruction.
void Session::leave(Member& member)
{
    forget_step(member);
    set_watches(*member.thread, nullptr);
    member.marks.set({});
    member.thread->probes.set(ProbeRole::Session, nullptr);
    if (ProgramView* const program = member.store->program_view)
        program->pauses_at_calls = false;
    if (std::ranges::none_of(members_, [&](const auto& other) {
            return other.get() != &member && other->store == member.store && !other->has_left;
        }))
        member.store->mutator.set_listener(nullptr);
    member.has_left = true;
    changed_.notify_all();
}

/// Removes a thread from the session. Returns false if it runs. Its host thread may begin a call at
/// any time: the call finds either the request, and waits for the mutex before it executes
/// anything, or no probe.
bool Session::let_go(Member& member)
{
    if (!member.has_left) {
        member.thread->requests->add(Requests::pause);
        if (member.is_running())
            return false;
        leave(member);
        if (member.is_running()) {
            member.has_left = false;
            member.is_stale = true;
            member.thread->probes.set(ProbeRole::Session, member.watcher.get());
            member.store->mutator.set_listener(member.foreign_writes.get());
            return false;
        }
    }
    Store& store = *member.store;
    if (alone_ == &member)
        alone_ = nullptr;
    std::erase_if(members_, [&](const auto& candidate) { return candidate.get() == &member; });
    if (!find_member(store))
        watchpoints_.drop(store);
    changed_.notify_all();
    return true;
}

Result<void> Session::add_store(Store& store, Thread& thread)
{
    const std::lock_guard lock(mutex_);
    if (is_closing_)
        return failure("the session is closed");
    CHECK(check_watchable(store, thread));
    add_member(store, thread);
    return {};
}

Result<void> Session::remove_store(Store& store)
{
    const std::lock_guard lock(mutex_);
    if (!find_member(store))
        return failure("the store is not one of the session");
    if (&store == &store_)
        return failure("the session's own store stays until it ends");
    while (Member* const member = find_member(store))
        if (!let_go(*member))
            return failure("the store's guest is running");
    return {};
}

/// Finds a thread by its id (0: the one that stopped), or null.
Session::Member* Session::find_member(uint32_t thread) const
{
    const uint32_t id = thread == 0 && reason_ ? reason_->thread : thread;
    const auto found = std::ranges::find_if(members_, [&](const auto& member) { return member->id == id; });
    return found == members_.end() ? nullptr : found->get();
}

Session::Member* Session::find_member(const Store& store) const
{
    Member* found = nullptr;
    for (const auto& member : members_)
        if (member->store == &store && (!found || member->is_running()))
            found = member.get();
    return found;
}

bool Session::is_any_running() const
{
    return is_body_running_
        || std::ranges::any_of(members_, [](const auto& member) { return member->is_running(); });
}

std::vector<ThreadInfo> Session::threads() const
{
    const std::lock_guard lock(mutex_);
    std::vector<ThreadInfo> threads;
    for (const auto& member : members_)
        threads.push_back({ member->id, member->thread, member->is_running() });
    return threads;
}

// Running.

void Session::run_guest()
{
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return body_ ? looks_ == 0 : is_closing_; });
        if (!body_)
            return;
        run_body(lock);
    }
}

void Session::run_body(std::unique_lock<std::mutex>& lock)
{
    const auto body = std::exchange(body_, nullptr);
    set_stepping(thread_, at_entry_);
    lock.unlock();
    Outcome outcome = guarded([&] { return body(); },
        [](Thrown thrown) -> Outcome { return std::unexpected(Error { std::move(thrown.text) }); });
    lock.lock();
    Member& own = *members_.front();
    forget_step(own);
    own.is_condemned = false;
    // Outermost frames return to the host, where no mark shows that they have ended.
    if (watchpoints_.drop_ended(*own.thread))
        stops_have_changed();
    if (!own.has_news && own.told_instances == own.store->instances().size())
        own.thread->requests->bits.fetch_and(~Requests::pause);
    at_entry_ = wants_stop_ = false;
    is_body_running_ = false;
    outcome_ = std::move(outcome);
    if (!listeners_.is_empty()) {
        is_telling_end_ = true;
        // Without memory for it, listeners are not told.
        guarded(
            [&] {
                const Listeners::Snapshot listeners = listeners_.all();
                const Event event = *outcome_;
                lock.unlock();
                for (const auto& listener : listeners)
                    if (listener->events)
                        listener->events(event);
            },
            [](const Thrown&) {});
        if (!lock.owns_lock())
            lock.lock();
        is_telling_end_ = false;
    }
    changed_.notify_all();
}

/// Whether the thread must end its guest code now. True once, except for threads that run only
/// once.
bool Session::take_sentence(Member& member)
{
    if (!member.is_condemned)
        return false;
    // The session's own run ends as a whole, but the next call of another thread is a new one.
    member.is_condemned = member.is_spawned || (is_body_running_ && member.thread == &thread_);
    return true;
}

bool Session::is_inside() const
{
    const std::lock_guard lock(mutex_);
    const auto here = std::this_thread::get_id();
    return here == guest_.get_id() || here == handling_ || holds_here()
        || std::ranges::any_of(
            members_, [here](const auto& member) { return member->thread->runner.load() == here; });
}

bool Session::is_caller_asked() const
{
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(members_, [here = std::this_thread::get_id()](const auto& member) {
        return member->thread->runner.load() == here && member->thread->requests->bits.load() != 0;
    });
}

Result<void> Session::start(std::function<Outcome()> body, bool stop_at_entry)
{
    {
        const std::lock_guard lock(mutex_);
        if (is_closing_)
            return failure("the session is closed");
        if (handler_)
            return failure("the session's handler watches what the embedder runs");
        if (is_body_running_)
            return failure("the session's guest is already running");
        body_ = std::move(body);
        outcome_.reset();
        is_body_running_ = true;
        at_entry_ = std::exchange(wants_stop_at_entry_, false) || stop_at_entry;
    }
    changed_.notify_all();
    return {};
}

Result<Event> Session::wait()
{
    std::unique_lock lock(mutex_, std::defer_lock);
    changed_.lock_awake(lock);
    if (handler_)
        return failure("the session's handler is told of all stops");
    if (std::this_thread::get_id() == guest_.get_id())
        return failure("the session's guest cannot wait for itself");
    if (!is_body_running_ && !outcome_ && state_ != State::Stopped && members_.size() == 1)
        return failure("the session's guest is not running");
    changed_.wait_awake(lock, [&] {
        return is_closing_ || (state_ == State::Stopped && !is_telling_stop_ && !clients_.exclusive())
            || (outcome_ && !is_telling_end_);
    });
    if (state_ == State::Stopped && !clients_.exclusive())
        return Event(*reason_);
    if (outcome_)
        return Event(*std::exchange(outcome_, std::nullopt));
    return failure("the session is closed");
}

Result<void> Session::resume(Resume how, std::optional<uint64_t> stop, ClientId by)
{
    {
        const std::lock_guard lock(mutex_);
        if (how.kind != Resume::Kind::Kill)
            CHECK(clients_.check_may_resume(by));
        if (state_ != State::Stopped || handler_)
            return failure("the session's guest is not stopped");
        if (stop && *stop != reason_->number)
            return failure("the guest has already resumed from this stop");
        const Member* member = find_member(how.thread);
        if (!member)
            return failure("there is no guest thread " + std::to_string(how.thread));
        how.thread = member->id;
        resumer_ = clients_.name_of(by);
        resume_ = how;
        // The guest counts as running from here on, so that `wait` waits for the next stop.
        state_ = State::Going;
        reason_.reset();
    }
    changed_.notify_all();
    return {};
}

Result<void> Session::call(std::function<void()> body, uint32_t thread)
{
    {
        const std::lock_guard lock(mutex_);
        CHECK(clients_.check_may_resume(owner));
        if (handler_)
            return failure("the session's guest is not stopped");
        caller_ = TRY(waiting(thread));
        resumer_ = clients_.name_of(owner);
        call_ = std::move(body);
        state_ = State::Going;
        reason_.reset();
    }
    changed_.notify_all();
    return {};
}

void Session::pause_all()
{
    for (const auto& member : members_)
        member->thread->requests->add(Requests::pause);
}

void Session::interrupt(bool or_next_call)
{
    const std::lock_guard lock(mutex_);
    if (is_closing_ || state_ == State::Stopped)
        return;
    wants_stop_at_entry_ = wants_stop_at_entry_ || (or_next_call && !handler_);
    if (!is_any_running())
        return;
    wants_stop_ = true;
    pause_all();
    // Without this thread only guests that execute instructions notice.
    if (!handler_ && !interrupts_.joinable())
        guarded([&] { interrupts_ = std::thread([this] { watch_interrupts(); }); }, [](const Thrown&) {});
    changed_.notify_all();
}

void Session::watch_interrupts()
{
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return is_closing_ || wants_stop_; });
        changed_.wait_for(lock, patience, [&] { return is_closing_ || !wants_stop_; });
        if (is_closing_)
            return;
        const bool is_nobody_inside = std::ranges::none_of(members_,
            [](const auto& member) { return member->thread->execution.load() == Execution::Inside; });
        if (wants_stop_ && is_nobody_inside && !stopper_)
            stop_from_outside(lock);
    }
}

/// All running guest threads are in host functions. Reports a stop of one of them.
void Session::stop_from_outside(std::unique_lock<std::mutex>& lock)
{
    const auto running =
        std::ranges::find_if(members_, [](const auto& member) { return member->is_running(); });
    if (running == members_.end())
        return;
    Member& member = **running;
    stopper_ = &member;
    alone_ = nullptr;
    is_from_outside_ = true;
    wants_stop_ = wants_stop_at_entry_ = false;
    forget_steps();
    state_ = State::Stopped;
    reason_ = StopReason { .kind = StopKind::Interrupt, .thread = member.id };
    const Resume how = stop_until_resumed(member, lock);
    state_ = State::Going;
    reason_.reset();
    guarded([&] { tell_resume({ resumer_, how }, lock); }, [](const Thrown&) {});
    is_from_outside_ = false;
    if (how.kind == Resume::Kind::Kill)
        condemn_all();
    go_on(member, how);
}

void Session::condemn_all()
{
    for (const auto& member : members_) {
        member->ends_alone = false;
        const bool is_own = !handler_ && member == members_.front();
        if (member.get() == stopper_
            || (is_own ? is_body_running_ : member->is_running() || member->is_spawned))
            member->is_condemned = true;
        if (member->is_condemned)
            member->thread->requests->add(Requests::pause);
    }
}

void Session::kill()
{
    {
        const std::lock_guard lock(mutex_);
        condemn_all();
        // `wait` then waits for the end of the guest. A handler is still asked first.
        if (state_ == State::Stopped && !handler_) {
            state_ = State::Going;
            reason_.reset();
        }
    }
    changed_.notify_all();
}

Result<void> Session::kill_thread(uint32_t thread, ClientId by)
{
    {
        const std::lock_guard lock(mutex_);
        Member* const member = thread == 0 ? nullptr : find_member(thread);
        if (!member)
            return failure("there is no guest thread " + std::to_string(thread));
        if (member->is_spawned) {
            const bool is_stopper = state_ == State::Stopped && stopper_ == member && !handler_;
            if (is_stopper)
                CHECK(clients_.check_may_resume(by));
            member->is_condemned = member->ends_alone = true;
            member->thread->requests->add(Requests::pause);
            if (is_stopper) {
                resumer_ = clients_.name_of(by);
                state_ = State::Going;
                reason_.reset();
            }
            changed_.notify_all();
            return {};
        }
    }
    kill();
    return {};
}

bool Session::is_idle() const
{
    const std::lock_guard lock(mutex_);
    return !is_body_running_ && state_ != State::Stopped;
}

bool Session::is_running() const
{
    const std::lock_guard lock(mutex_);
    return is_body_running_ && state_ != State::Stopped;
}

std::optional<StopReason> Session::stopped() const
{
    const std::lock_guard lock(mutex_);
    return state_ == State::Stopped ? reason_ : std::nullopt;
}

// Breakpoints, watchpoints, events.

/// Changes breakpoints or watchpoints, and makes all threads notice.
template<class Change> Result<void> Session::change_stops(Change change)
{
    const std::lock_guard lock(mutex_);
    if (is_closing_)
        return failure("the session is closed");
    CHECK(change());
    stops_have_changed();
    return {};
}

Result<uint32_t> Session::add_breakpoint(BreakpointSpec spec)
{
    auto breakpoint = TRY(breakpoints_.compile(std::move(spec)));
    uint32_t id = 0;
    CHECK(change_stops([&]() -> Result<void> {
        id = next_id_++;
        breakpoints_.add(id, std::move(breakpoint));
        return {};
    }));
    return id;
}

Result<void> Session::change_breakpoint(uint32_t id, BreakpointSpec spec)
{
    auto breakpoint = TRY(breakpoints_.compile(std::move(spec)));
    return change_stops([&] { return breakpoints_.change(id, std::move(breakpoint)); });
}

Result<void> Session::remove_breakpoint(uint32_t id)
{
    return change_stops([&] { return breakpoints_.remove(id); });
}

std::vector<Breakpoint> Session::breakpoints() const
{
    const std::lock_guard lock(mutex_);
    return breakpoints_.list();
}

/// Each thread updates its marks and watches when its probe next fires or it next enters guest
/// code.
void Session::stops_have_changed()
{
    for (const auto& member : members_) {
        member->is_stale = true;
        member->foreign_writes->listen(!watchpoints_.is_empty());
    }
    pause_all();
}

void Session::sync(Member& member)
{
    member.is_stale = false;
    if (ProgramView* const program = member.store->program_view)
        program->pauses_at_calls = clients_.stops_on().component;
    GuardedPlaces places = breakpoints_.places_in(*member.store);
    for (const MarkedPlace& end : watchpoints_.places_in(*member.store))
        places[end] = {};
    member.marks.set(std::move(places));
    auto watches = watchpoints_.ranges();
    set_watches(*member.thread, watches.get());
    member.watches = std::move(watches);
}

Result<uint32_t> Session::add_watchpoint(WatchpointSpec spec)
{
    uint32_t id = 0;
    CHECK(change_stops([&]() -> Result<void> {
        if (state_ != State::Stopped && is_any_running())
            return failure("the guest is running: watchpoints are added while it is stopped");
        CHECK(watchpoints_.add(next_id_, std::move(spec)));
        id = next_id_++;
        return {};
    }));
    return id;
}

Result<void> Session::change_watchpoint(uint32_t id, WatchpointSpec spec)
{
    return change_stops([&] {
        const bool is_running = state_ != State::Stopped && is_any_running();
        return watchpoints_.change(id, std::move(spec), is_running);
    });
}

Result<void> Session::remove_watchpoint(uint32_t id)
{
    return change_stops([&] { return watchpoints_.remove(id); });
}

std::vector<Watchpoint> Session::watchpoints() const
{
    const std::lock_guard lock(mutex_);
    return watchpoints_.list();
}

void Session::stop_on(std::optional<StopsOn> what, ClientId by)
{
    const std::lock_guard lock(mutex_);
    const bool was_at_calls = clients_.stops_on().component;
    clients_.stop_on(by, what);
    if (clients_.stops_on().component != was_at_calls)
        stops_have_changed();
}

void Session::stop_at_catch(uint32_t thread, std::optional<FrameId> frame)
{
    const std::lock_guard lock(mutex_);
    if (Member* member = find_member(thread))
        member->catch_frame = frame;
}

StopsOn Session::stops_on() const
{
    const std::lock_guard lock(mutex_);
    return clients_.stops_on();
}

// Who is told.

Listeners::Id Session::add_listener(Listener listener)
{
    const std::lock_guard lock(mutex_);
    return listeners_.add(std::move(listener));
}

void Session::remove_listener(Listeners::Id id)
{
    const std::lock_guard lock(mutex_);
    listeners_.remove(id);
}

Result<std::pair<ClientId, Listeners::Id>> Session::attach(
    std::string name, bool is_exclusive, Listener listener)
{
    const std::lock_guard lock(mutex_);
    if (is_closing_)
        return failure("the session is closed");
    const Listeners::Id heard_as = listeners_.add(std::move(listener));
    const auto client = clients_.add(std::move(name), is_exclusive);
    if (!client) {
        listeners_.remove(heard_as);
        return std::unexpected(client.error());
    }
    return std::pair(*client, heard_as);
}

void Session::detach(ClientId client, Listeners::Id listener)
{
    {
        const std::lock_guard lock(mutex_);
        clients_.remove(client);
        listeners_.remove(listener);
    }
    // A stop that was the exclusive client's business may now be what the owner waits for.
    changed_.notify_all();
}

std::optional<std::string> Session::controller() const
{
    const std::lock_guard lock(mutex_);
    const std::string* name = clients_.exclusive();
    return name ? std::optional(*name) : std::nullopt;
}

bool Session::has_clients_besides(ClientId client) const
{
    const std::lock_guard lock(mutex_);
    return clients_.are_there_others(client);
}

void Session::set_log(std::function<void(std::string)> log)
{
    const std::lock_guard lock(mutex_);
    log_ = std::move(log);
}

void Session::set_symbols(std::shared_ptr<SymbolFinder> finder)
{
    const std::lock_guard lock(mutex_);
    breakpoints_.set_symbols(finder);
    watchpoints_.set_symbols(finder);
    symbols_ = std::move(finder);
}

std::shared_ptr<SymbolFinder> Session::symbols() const
{
    const std::lock_guard lock(mutex_);
    return symbols_;
}

} // namespace vitrine::core::debug
