// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Why a guest thread stops, how all threads are stopped, and how they go on.
#include "debug/session.h"

#include "base/guard.h"
#include "eval/message.h"
#include "exec/instrument.h"
#include "runtime/host_activity.h"
#include "runtime/program_view.h"
#include "wasm/instruction.h"
#include "wasm/validator.h"

#include <algorithm>
#include <chrono>
#include <ranges>

namespace vitrine::core::debug {

namespace {

/// For `StopReason::entered`: more than there can be means all.
uint16_t clipped(uint32_t entered) { return static_cast<uint16_t>(std::min<uint32_t>(entered, UINT16_MAX)); }

} // namespace

/// Whether the calling thread is one that may stop. Calls that the debugger makes on its own
/// thread, while the guest is stopped or idle, do not stop.
bool Session::stops_here(const Member& member) const
{
    const auto here = std::this_thread::get_id();
    if (!handler_ && member.thread == &thread_)
        return here == guest_.get_id();
    const auto runner = member.thread->runner.load();
    return runner == here || runner == std::thread::id {};
}

bool Session::must_stand(const Member& member) const
{
    // A `Look` needs complete threads: those that end wait for it too.
    if (member.is_condemned && looks_ == 0)
        return false;
    return (stopper_ && (stopper_ != &member || is_from_outside_)) || (alone_ && alone_ != &member);
}

/// Waits until the thread may go on. Runs the calls that the thread is asked to run meanwhile.
void Session::stand_outside(Member& member, std::unique_lock<std::mutex>& lock)
{
    const bool was_waiting = std::exchange(member.is_waiting, true);
    ++standing_;
    for (;;) {
        member.thread->execution.store(Execution::Outside);
        changed_.notify_all();
        changed_.wait(lock, [&] { return !must_stand(member) || (is_called(member) && looks_ == 0); });
        member.thread->execution.store(Execution::Inside);
        if (!is_called(member))
            break;
        run_call(member, lock);
    }
    --standing_;
    member.is_waiting = was_waiting;
    changed_.notify_all();
}

void Session::wait_outside(Member& member)
{
    if (!stops_here(member))
        return;
    std::unique_lock lock(mutex_);
    if (must_stand(member))
        stand_outside(member, lock);
    bring_in_line(member);
}

/// Updates the marks and watches of a thread before it executes its next instruction. Without
/// memory for that, the guest ends.
void Session::bring_in_line(Member& member, bool always)
{
    guarded(
        [&] {
            if (is_closing_ && !member.is_condemned)
                leave(member);
            else if (member.is_stale || always)
                sync(member);
        },
        [&](const Thrown&) {
            condemn_all();
            member.is_stale = member.is_condemned = true;
            member.thread->requests->add(Requests::pause);
        });
}

Wish Session::fire(Member& member, Cause cause)
{
    if (!stops_here(member))
        return Wish::Continue;
    std::unique_lock lock(mutex_);
    Visit visit { cause };
    struct Leave {
        Member& member;
        Visit* outer;
        ~Leave() { member.visit = outer; }
    } const leave { member, std::exchange(member.visit, &visit) };
    const auto goes_on_as_ever = [&] {
        return visit.wish == Wish::Continue && !member.is_condemned && !member.has_left && !member.failure;
    };
    if (must_stand(member))
        stand_outside(member, lock);
    bring_in_line(member);
    if (cause == Cause::Load || cause == Cause::Pause)
        tell_instances(member, lock);
    std::optional<StopReason> reason;
    // A thread that was moved while it waited for others no longer is where its probe fired.
    if (goes_on_as_ever())
        reason = reason_in_turn(member, reason_for(member, cause, lock), lock);
    if (reason) {
        const bool is_entry = reason->kind == StopKind::Entry;
        stop(member, std::move(*reason), lock);
        // No instruction has been executed at the entry. A breakpoint there stops the guest too,
        // unless it steps from here.
        if (is_entry && !member.step && goes_on_as_ever())
            if (auto at_once = reason_in_turn(member, reason_of_mark(member, lock), lock))
                stop(member, std::move(*at_once), lock);
    }
    return end_visit(member);
}

/// Tells listeners of instances of which they have not heard, on the guest's thread. They may set
/// breakpoints, which the thread then has.
void Session::tell_instances(Member& member, std::unique_lock<std::mutex>& lock)
{
    const auto instances = member.store->instances();
    const auto first = std::exchange(member.told_instances, static_cast<uint32_t>(instances.size()));
    if (first >= instances.size() || !listeners_.hear_of_instances() || member.is_condemned)
        return;
    guarded(
        [&] {
            const Listeners::Snapshot listeners = listeners_.all();
            std::vector<Instance*> news;
            for (Instance& instance : instances | std::views::drop(first))
                news.push_back(&instance);
            lock.unlock();
            for (const auto& listener : listeners)
                for (Instance* const instance : news)
                    if (listener->instances)
                        listener->instances(*instance);
        },
        [](const Thrown&) {});
    if (!lock.owns_lock())
        lock.lock();
    if (must_stand(member))
        stand_outside(member, lock);
    bring_in_line(member);
}

/// How the thread goes on.
Wish Session::end_visit(Member& member)
{
    Visit& visit = *member.visit;
    if (take_sentence(member))
        return Wish::Kill;
    if (member.failure) {
        member.thread->trap = *std::exchange(member.failure, std::nullopt);
        return Wish::Fail;
    }
    if (visit.wish == Wish::Throw) {
        member.thrown = std::move(visit.to_throw);
        member.thread->thrown = static_cast<ExceptionObject*>(member.thrown->object());
    } else if (visit.wish == Wish::Fail) {
        member.thread->trap = { .kind = TrapKind::HostError,
            .message = "the debugger took the exception",
            .trace = trace_of(*member.thread) };
    }
    return visit.wish;
}

std::optional<StopReason> Session::reason_of_trap(const Thread& thread) const
{
    const Trap& trap = thread.trap;
    const StopsOn stops_on = clients_.stops_on();
    if (trap.kind == TrapKind::Exit) {
        if (!stops_on.exit)
            return std::nullopt;
        return StopReason { .kind = StopKind::Exit,
            .trap = trap.kind,
            .entered = UINT16_MAX,
            .exit_status = trap.exit_status,
            .text = "status " + std::to_string(trap.exit_status) };
    }
    const bool is_wanted = trap.kind == TrapKind::UncaughtException ? stops_on.uncaught_throw
        : trap.kind == TrapKind::HostError                          ? stops_on.host_error
                                                                    : stops_on.trap;
    if (!is_wanted)
        return std::nullopt;
    return StopReason { .kind = StopKind::Trap,
        .trap = trap.kind,
        .entered = UINT16_MAX,
        .text = trap.to_text(),
        .exception = trap.exception };
}

std::optional<StopReason> Session::reason_of_mark(Member& member, std::unique_lock<std::mutex>& lock)
{
    const Frame frame = *innermost_frame(*member.thread);
    if (watchpoints_.drop_ended(*member.thread)) {
        stops_have_changed();
        sync(member);
    }
    StepAnswer answer = ask_step(member, Cause::Mark, lock);
    Breakpoints::Messages messages;
    auto hit = breakpoints_.hit(frame, messages);
    if (!messages.empty() && (log_ || listeners_.take_messages()))
        log(member, messages, lock);
    if (member.failure)
        return std::nullopt;
    if (hit.id == 0)
        return take_answer(member, std::move(answer), lock);
    StopReason reason { .kind = StopKind::Breakpoint,
        .entered = clipped(hit.entered),
        .id = hit.id,
        .text = std::move(hit.problem) };
    if (auto* end = std::get_if<StepEnd>(&answer))
        reason.results = std::move(end->results);
    return reason;
}

namespace {

/// The trap with which the guest ends after the debugger's code has thrown. Does not throw.
Trap failure_of(const Thread& thread, std::string_view what, const Thrown& thrown)
{
    const TrapKind kind = thrown.is_out_of_memory ? TrapKind::OutOfMemory : TrapKind::HostError;
    return guarded(
        [&] {
            return Trap {
                .kind = kind, .message = std::string(what) + ": " + thrown.text, .trace = trace_of(thread)
            };
        },
        [](const Thrown&) { return Trap { .kind = TrapKind::OutOfMemory }; });
}

} // namespace

/// Passes messages of breakpoints to the listeners and the log. Values of the source may have to
/// wait for debug information.
void Session::log(Member& member, const Breakpoints::Messages& messages, std::unique_lock<std::mutex>& lock)
{
    const Frame frame = *innermost_frame(*member.thread);
    const auto log = log_;
    const Listeners::Snapshot listeners = listeners_.all();
    lock.unlock();
    guarded(
        [&] {
            for (const auto& [breakpoint, text] : messages) {
                std::string message = text->text(frame);
                for (const auto& listener : listeners)
                    if (listener->messages)
                        listener->messages(breakpoint, message);
                if (log)
                    log(std::move(message));
            }
        },
        [&](const Thrown& thrown) {
            member.failure = failure_of(*member.thread, "the debugger's on_message failed", thrown);
        });
    lock.lock();
}

std::optional<StopReason> Session::reason_of_watch(Member& member)
{
    const ForeignWrites::Taken foreign = member.foreign_writes->take();
    // What is watched may have moved.
    if (member.thread->touched.empty())
        sync(member);
    watchpoints_.refresh(foreign.before_run);
    auto stop = watchpoints_.hit(*member.thread, member.thread->touched, foreign.during_run);
    if (!stop)
        return std::nullopt;
    return StopReason { .kind = StopKind::Watchpoint,
        .id = stop->id,
        .text = stop->hit.to_text() + (stop->problem.empty() ? "" : " (" + stop->problem + ")"),
        .watch = std::move(stop->hit) };
}

/// Asks the member's step about the instruction at which the thread is. The step may have to wait
/// for debug information, so it is asked without the lock. The thread counts as inside meanwhile:
/// no other thread's stop is complete, and the step stays the same.
StepAnswer Session::ask_step(Member& member, Cause cause, std::unique_lock<std::mutex>& lock)
{
    if (!member.step)
        return StepGoesOn {};
    const Frame frame = *innermost_frame(*member.thread);
    struct Relock {
        std::unique_lock<std::mutex>& lock;
        ~Relock() { lock.lock(); }
    };
    lock.unlock();
    const Relock relock { lock };
    return member.step->at(cause, frame);
}

std::optional<StopReason> Session::reason_of_step(
    Member& member, Cause cause, std::unique_lock<std::mutex>& lock)
{
    return take_answer(member, ask_step(member, cause, lock), lock);
}

std::optional<StopReason> Session::take_answer(
    Member& member, StepAnswer answer, std::unique_lock<std::mutex>& lock)
{
    if (auto* end = std::get_if<StepEnd>(&answer))
        return StopReason {
            .kind = StopKind::Step, .entered = clipped(end->entered), .results = std::move(end->results)
        };
    if (const auto* plan = std::get_if<StepPlan>(&answer))
        change_plan(member, *plan, lock);
    return std::nullopt;
}

/// An exception was caught, which may end a step, or be what a client waits for.
std::optional<StopReason> Session::reason_of_catch(Member& member, std::unique_lock<std::mutex>& lock)
{
    if (watchpoints_.drop_ended(*member.thread)) {
        stops_have_changed();
        sync(member);
    }
    if (auto reason = reason_of_step(member, Cause::Catch, lock))
        return reason;
    if (!member.catch_frame || innermost_id(*member.thread).is_above(*member.catch_frame))
        return std::nullopt;
    return StopReason { .kind = StopKind::Step, .text = "exception caught" };
}

std::optional<StopReason> Session::reason_for(Member& member, Cause cause, std::unique_lock<std::mutex>& lock)
{
    const Thread& thread = *member.thread;
    switch (cause) {
    case Cause::Trap: return reason_of_trap(thread);
    case Cause::Throw: {
        if (!clients_.stops_on().caught_throw)
            return std::nullopt;
        const Ref thrown = Ref::of(thread.thrown);
        return StopReason { .kind = StopKind::Throw,
            .entered = UINT16_MAX,
            .text = Value::ref(ValueType::exnref, thrown).to_text(),
            .exception = std::make_shared<Root>(member.store->heap, thread.thrown) };
    }
    case Cause::Catch: return reason_of_catch(member, lock);
    case Cause::Load:
        if (!clients_.stops_on().load && !listeners_.stop_at_loads())
            return std::nullopt;
        return reason_of_load(member);
    case Cause::Pause: {
        auto call = reason_of_component_call(member);
        if (wants_stop_)
            return StopReason { .kind = StopKind::Interrupt };
        if (call)
            return call;
        return member.has_news && !is_at_entry(member) ? reason_of_load(member) : std::nullopt;
    }
    case Cause::Tick: return std::nullopt;
    case Cause::Watch:
        if (auto reason = reason_of_watch(member))
            return reason;
        if (!thread.is_stepping())
            return std::nullopt;
        [[fallthrough]];
    case Cause::Step:
        if (is_at_entry(member))
            return StopReason { .kind = StopKind::Entry };
        return reason_of_step(member, Cause::Step, lock);
    case Cause::Mark:
        if (is_at_entry(member))
            return StopReason { .kind = StopKind::Entry };
        return reason_of_mark(member, lock);
    }
    std::unreachable();
}

/// The component's function that the guest is about to execute, if it asked to pause there.
std::optional<StopReason> Session::reason_of_component_call(Member& member) const
{
    ProgramView* const program = member.store->program_view;
    const HostActivity* const call = program ? std::exchange(program->begun, nullptr) : nullptr;
    if (!call || !clients_.stops_on().component)
        return std::nullopt;
    return StopReason { .kind = StopKind::ComponentCall, .text = call->title() };
}

std::optional<StopReason> Session::reason_of_load(Member& member) const
{
    Instance& newest = member.store->instances().back();
    return StopReason {
        .kind = StopKind::Load, .text = "instance " + std::to_string(newest.number), .instance = &newest
    };
}

/// Waits while other threads report their stops. If the breakpoint is removed meanwhile, looks for
/// another one at the same place.
std::optional<StopReason> Session::reason_in_turn(
    Member& member, std::optional<StopReason> reason, std::unique_lock<std::mutex>& lock)
{
    while (reason && must_stand(member)) {
        const bool can_be_removed =
            reason->kind == StopKind::Breakpoint && breakpoints_.find(reason->id) != nullptr;
        stand_outside(member, lock);
        if (member.visit->wish != Wish::Continue)
            return std::nullopt;
        if (can_be_removed && !breakpoints_.find(reason->id))
            reason = reason_of_mark(member, lock);
    }
    return member.is_condemned ? std::nullopt : reason;
}

/// Waits until no other thread executes guest code.
void Session::stop_others(Member& member, std::unique_lock<std::mutex>& lock)
{
    stopper_ = &member;
    alone_ = nullptr;
    const auto others_are_outside = [&] {
        return std::ranges::all_of(members_, [&](const auto& other) {
            return other.get() == &member || other->thread->execution.load() == Execution::Outside;
        });
    };
    for (const auto& other : members_)
        if (other.get() != &member)
            other->thread->requests->add(Requests::pause);
    // A thread that was just resumed counts as inside until it waits again.
    changed_.notify_all();
    // A thread that calls a host function goes outside without notifying.
    while (!others_are_outside())
        changed_.wait_for(lock, std::chrono::milliseconds(1));
}

/// Tells of the stop, and then lets `wait` return it.
void Session::tell(std::unique_lock<std::mutex>& lock)
{
    reason_->number = ++stops_;
    if (!listeners_.is_empty()) {
        const Listeners::Snapshot listeners = listeners_.all();
        const Event event = *reason_;
        struct Telling {
            Session& session;
            std::unique_lock<std::mutex>& lock;
            ~Telling()
            {
                lock.lock();
                session.is_telling_stop_ = false;
            }
        };
        is_telling_stop_ = true;
        lock.unlock();
        const Telling telling { *this, lock };
        for (const auto& listener : listeners)
            if (listener->events)
                listener->events(event);
    }
    changed_.notify_all();
}

/// Without memory for it, listeners are not told.
void Session::tell_resume(Resumed resumed, std::unique_lock<std::mutex>& lock)
{
    if (listeners_.is_empty() || resumed.how.kind == Resume::Kind::Kill)
        return;
    guarded(
        [&] {
            const Listeners::Snapshot listeners = listeners_.all();
            lock.unlock();
            for (const auto& listener : listeners)
                if (listener->resumes)
                    listener->resumes(resumed);
        },
        [](const Thrown&) {});
    if (!lock.owns_lock())
        lock.lock();
}

/// Waits until it is decided how the thread goes on from its stop. Runs the calls that the thread
/// is asked to run meanwhile.
Resume Session::decide(Member& member, std::unique_lock<std::mutex>& lock)
{
    if (handler_) {
        const StopReason reason = *reason_;
        resumer_ = clients_.name_of(owner);
        const auto outer = std::exchange(handling_, std::this_thread::get_id());
        lock.unlock();
        const Resume how = guarded([&] { return handler_(reason); },
            [&](const Thrown& thrown) {
                member.failure = failure_of(*member.thread, "the debugger's handler failed", thrown);
                return Resume {};
            });
        lock.lock();
        handling_ = outer;
        changed_.wait(lock, [&] { return looks_ == 0; });
        return how;
    }
    // While another thread runs a call, a decision is about a stop in that call.
    const auto is_decided = [&] { return stopper_ == &member && (resume_ || member.is_condemned); };
    for (;;) {
        changed_.wait_awake(lock, [&] { return (is_called(member) || is_decided()) && looks_ == 0; });
        if (!is_called(member))
            break;
        run_call(member, lock);
    }
    const auto how = std::exchange(resume_, std::nullopt);
    if (member.is_condemned && member.ends_alone)
        return {};
    return how && !member.is_condemned ? *how : Resume { Resume::Kind::Kill };
}

/// Tells of the stop and waits until it is decided how the thread goes on. A step that needs no
/// execution is the next stop.
Resume Session::stop_until_resumed(Member& member, std::unique_lock<std::mutex>& lock)
{
    for (;;) {
        const uint32_t thread = reason_->thread;
        if (member.visit)
            member.visit->entered = thread == member.id ? reason_->entered : 0;
        tell(lock);
        Resume how = decide(member, lock);
        if (how.thread == 0)
            how.thread = thread;
        ++resumes_;
        const bool steps = how.step && how.kind != Resume::Kind::Kill && !member.is_condemned;
        const auto end = steps ? how.step->end_at_once() : std::nullopt;
        if (!end)
            return how;
        tell_resume({ resumer_, how }, lock);
        state_ = State::Stopped;
        reason_ = StopReason { .kind = StopKind::Step,
            .entered = clipped(end->entered),
            .thread = how.thread,
            .results = end->results };
    }
}

void Session::forget_step(Member& member)
{
    set_stepping(*member.thread, false);
    member.step.reset();
    member.marks.clear_passing();
}

/// All threads are stopped, or about to be: a step does not go on after a stop, of whichever
/// thread.
void Session::forget_steps()
{
    for (const auto& member : members_)
        if (member->step)
            forget_step(*member);
}

/// Sets the marks and the single-step mode that a step's plan asks for. If marks change, no thread
/// of the store may be executing anything.
void Session::follow(Member& member, const StepPlan& plan)
{
    member.marks.clear_passing();
    for (const StepMark& mark : plan.marks)
        member.marks.add_passing(mark.place, mark.frame);
    set_stepping(*member.thread, plan.is_single || is_at_entry(member));
    if (plan.is_empty())
        member.step.reset();
}

/// Changes the plan of a step while its thread goes on. If marks change, stops all other threads
/// for that time.
void Session::change_plan(Member& member, const StepPlan& plan, std::unique_lock<std::mutex>& lock)
{
    if (stopper_ == &member || (plan.marks.empty() && !member.marks.has_passing()))
        return follow(member, plan);
    const auto step = member.step;
    if (must_stand(member))
        stand_outside(member, lock);
    // During another thread's stop, the debugger may have given this one another step, or moved it.
    if (member.step != step || member.is_condemned || member.visit->wish != Wish::Continue)
        return;
    struct Release {
        Session& session;
        Member* alone;
        ~Release()
        {
            session.stopper_ = nullptr;
            session.alone_ = alone;
            session.changed_.notify_all();
        }
    } const release { *this, alone_ };
    stop_others(member, lock);
    follow(member, plan);
}

/// Runs the debugger's call on this waiting thread. Stops in it nest. Drops the thread's step, if
/// it has one.
void Session::run_call(Member& member, std::unique_lock<std::mutex>& lock)
{
    const auto body = std::exchange(call_, nullptr);
    caller_ = nullptr;
    if (member.is_condemned)
        return;
    Member* const outer_stopper = std::exchange(stopper_, &member);
    const bool was_from_outside = std::exchange(is_from_outside_, false);
    forget_step(member);
    tell_resume({ .by = resumer_, .how = {}, .is_call = true }, lock);
    lock.unlock();
    guarded(body, [](const Thrown&) {});
    lock.lock();
    stopper_ = outer_stopper;
    is_from_outside_ = was_from_outside;
    forget_step(member);
    changed_.notify_all();
    // A kill during the call also ends what the thread was executing before.
    member.is_condemned = member.is_condemned || member.thread->is_killed;
    if (member.is_condemned)
        return;
    state_ = State::Stopped;
    reason_ = StopReason { .kind = StopKind::CallEnd,
        .entered = clipped(member.visit ? member.visit->entered : 0),
        .thread = member.id };
    tell(lock);
}

/// Resumes the thread, and the others too unless the stop was in a call. Updates marks and watches
/// if the debugger has changed them.
void Session::let_go(Member& member, const Resume& how, bool is_nested)
{
    if (how.kind == Resume::Kind::Kill)
        condemn_all();
    // The debugger's own writes must not trigger watchpoints.
    if (!watchpoints_.is_empty()) {
        watchpoints_.refresh();
        member.foreign_writes->take();
    }
    if (member.is_stale)
        sync(member);
    if (!is_nested)
        go_on(member, how);
    else if (!member.is_condemned)
        prepare(member, how);
}

void Session::stop(Member& member, StopReason reason, std::unique_lock<std::mutex>& lock)
{
    const bool is_nested = stopper_ == &member;
    if (!is_nested)
        stop_others(member, lock);
    member.has_news = false;
    // A new instance does not answer an interrupt, and is not the entry.
    if (reason.kind != StopKind::Load) {
        wants_stop_ = wants_stop_at_entry_ = false;
        at_entry_ = at_entry_ && !is_at_entry(member);
    }
    forget_steps();
    set_stepping(*member.thread, is_at_entry(member));
    reason.thread = member.id;
    const State outer_state = std::exchange(state_, State::Stopped);
    auto outer_reason = std::exchange(reason_, std::move(reason));
    const bool was_waiting = std::exchange(member.is_waiting, true);
    bool is_over = false;
    const auto end_stop = [&] {
        if (std::exchange(is_over, true))
            return;
        member.is_waiting = was_waiting;
        state_ = outer_state;
        reason_ = std::move(outer_reason);
    };
    guarded(
        [&] {
            const Resume how = stop_until_resumed(member, lock);
            end_stop();
            tell_resume({ resumer_, how }, lock);
            let_go(member, how, is_nested);
        },
        [&](const Thrown&) {
            // Out of memory: the guest ends without a stop.
            if (!lock.owns_lock())
                lock.lock();
            end_stop();
            condemn_all();
            if (!is_nested)
                stopper_ = alone_ = nullptr;
            member.visit->wish = Wish::Kill;
            changed_.notify_all();
        });
    if (!is_nested && !must_stand(member))
        // Give the threads that were just woken time to run, even if this one stops again at once.
        changed_.wait(lock, [&] { return standing_ == 0 || stopper_ || alone_; });
    if (must_stand(member))
        stand_outside(member, lock);
}

namespace {

/// Whether the thread may depend on another thread to complete its next instruction: it is in a
/// host function, or at `memory.atomic.wait`.
bool may_wait(const Thread& thread)
{
    if (!thread.is_at_instruction())
        return true;
    const Frame frame = *innermost_frame(thread);
    ByteReader in(frame.function->module().bytes().subspan(frame.offset), frame.offset);
    const auto instruction = decode_instruction(in);
    return instruction
        && (instruction->op == Op::MemoryAtomicWait32 || instruction->op == Op::MemoryAtomicWait64);
}

} // namespace

void Session::go_on(Member& stopped, const Resume& how)
{
    Member* goes = &stopped;
    for (const auto& member : members_)
        if (member->id == how.thread)
            goes = member.get();
    if (how.kind != Resume::Kind::Kill && !goes->is_condemned)
        prepare(*goes, how);
    const bool is_alone = how.is_alone && !(how.unless_it_waits && may_wait(*goes->thread));
    alone_ = is_alone ? goes : nullptr;
    stopper_ = nullptr;
    changed_.notify_all();
}

/// Begins the step that the thread is resumed with, if any.
void Session::prepare(Member& member, Resume how)
{
    auto step = how.step ? std::move(how.step) : make_step(how.kind, how.offset);
    if (!step)
        return;
    forget_step(member);
    // After a pause, a caught exception or a move, the probe fires once more before the same
    // instruction if the thread steps.
    const Visit* const visit = member.visit;
    const bool reports_again =
        visit && (visit->cause == Cause::Pause || visit->cause == Cause::Catch || visit->wish == Wish::Move);
    member.step = std::move(step);
    follow(member, member.step->begin(frames_for_step(*member.thread), reports_again));
}

} // namespace vitrine::core::debug
