// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Why a guest thread stops, how all of them come to stand still, and how they go on.
#include "debug/session.h"

#include "base/guard.h"
#include "debug/detour.h"
#include "exec/instrument.h"
#include "wasm/instruction.h"
#include "wasm/validator.h"

#include <algorithm>
#include <chrono>

namespace vitrine::core::debug {

namespace {

bool is_guest(const Frame& frame) { return !frame.is_host(); }

} // namespace

/// A call that the debugger makes on its own thread, while the guest is stopped or idle, has nobody to stop for.
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
    // Whoever looks at the threads wants them whole.
    if (member.is_condemned && looks_ == 0)
        return false;
    return (stopper_ && (stopper_ != &member || is_from_outside_)) || (alone_ && alone_ != &member);
}

/// Waits until the thread may go on. It may be told to run calls meanwhile.
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

/// Before the thread executes its next instruction. One that there is no memory to watch with ends.
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
    std::optional<StopReason> reason;
    // A thread that was sent elsewhere while it waited for others does not get to what it came to.
    if (goes_on_as_ever())
        reason = reason_in_turn(member, reason_for(member, cause, lock), lock);
    if (reason) {
        const bool is_entry = reason->kind == StopKind::Entry;
        stop(member, std::move(*reason), lock);
        // Nothing has been executed at an entry: a breakpoint there is still to come, unless a step
        // leads from here.
        const bool is_passing = member.thread->is_stepping() || member.step_offset;
        if (is_entry && !is_passing && goes_on_as_ever())
            if (auto at_once = reason_in_turn(member, reason_of_mark(member, lock), lock))
                stop(member, std::move(*at_once), lock);
    }
    return end_visit(member);
}

/// What the thread does now that it goes on.
Wish Session::end_visit(Member& member)
{
    Visit& visit = *member.visit;
    if (take_sentence(member))
        return Wish::Kill;
    if (member.failure) {
        member.thread->trap = *std::exchange(member.failure, std::nullopt);
        return Wish::Fail;
    }
    if (visit.wish == Wish::Move) {
        // Execution may look up there before it executes anything, which does not end a step.
        member.paused_at = place_of(*member.thread);
    } else if (visit.wish == Wish::Throw) {
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
    const bool is_wanted = trap.kind == TrapKind::UncaughtException ? stops_on.uncaught_throw
        : trap.kind == TrapKind::HostError                          ? stops_on.host_error
                                                                    : stops_on.trap;
    if (!is_wanted)
        return std::nullopt;
    return StopReason {
        .kind = StopKind::Trap, .trap = trap.kind, .text = trap.to_text(), .exception = trap.exception
    };
}

std::optional<StopReason> Session::reason_of_mark(Member& member, std::unique_lock<std::mutex>& lock)
{
    const Frame frame = *innermost_frame(*member.thread);
    if (watchpoints_.drop_ended(*member.thread)) {
        stops_have_changed();
        sync(member);
    }
    std::vector<std::string> messages;
    auto hit = breakpoints_.hit(frame, [&](std::string message) { messages.push_back(std::move(message)); });
    if (!messages.empty() && (log_ || listeners_.take_messages()))
        log(member, std::move(messages), lock);
    if (member.failure)
        return std::nullopt;
    if (hit.id != 0)
        return StopReason { .kind = StopKind::Breakpoint, .id = hit.id, .text = std::move(hit.problem) };
    const bool is_target =
        member.step_offset == frame.offset && (!member.step_frame || member.step_frame == frame.id);
    if (!is_target && !member.thread->is_stepping())
        return std::nullopt;
    return StopReason { .kind = StopKind::Step };
}

namespace {

/// The trap with which the guest ends after code of the debugger's has thrown. Never throws itself.
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

/// Hands messages of breakpoints to whoever takes them.
void Session::log(Member& member, std::vector<std::string> messages, std::unique_lock<std::mutex>& lock)
{
    const auto log = log_;
    const Listeners::Snapshot listeners = listeners_.all();
    lock.unlock();
    guarded(
        [&] {
            for (std::string& message : messages) {
                for (const auto& listener : listeners)
                    if (listener->messages)
                        listener->messages(message);
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
    // Whatever is watched may lie elsewhere now.
    if (member.thread->touched.empty())
        sync(member);
    watchpoints_.refresh(foreign.before_run);
    auto hit = watchpoints_.hit(*member.thread, member.thread->touched, foreign.during_run);
    if (!hit)
        return std::nullopt;
    return StopReason { .kind = StopKind::Watchpoint,
        .id = hit->first,
        .text = hit->second.to_text(),
        .watch = std::move(hit->second) };
}

std::optional<StopReason> Session::reason_of_step(Member& member, const std::optional<FramePlace>& paused_at)
{
    if (paused_at == place_of(*member.thread))
        return std::nullopt;
    return StopReason { .kind = is_at_entry(member) ? StopKind::Entry : StopKind::Step };
}

/// A handler goes on in a frame in which a step would have ended, or one further out.
std::optional<StopReason> Session::reason_of_catch(Member& member, const FramePlace& here)
{
    const auto is_reached = [&](const std::optional<FrameId>& frame) {
        return frame && !here.frame.is_above(*frame);
    };
    const bool ends_step = is_reached(member.step_frame);
    if (!ends_step && !is_reached(member.catch_frame))
        return std::nullopt;
    member.paused_at = here;
    return StopReason { .kind = StopKind::Step, .text = ends_step ? "" : "exception caught" };
}

std::optional<StopReason> Session::reason_for(Member& member, Cause cause, std::unique_lock<std::mutex>& lock)
{
    const Thread& thread = *member.thread;
    const FramePlace here = place_of(thread);
    const auto paused_at = std::exchange(member.paused_at, std::nullopt);
    switch (cause) {
    case Cause::Trap: return reason_of_trap(thread);
    case Cause::Throw: {
        if (!clients_.stops_on().caught_throw)
            return std::nullopt;
        const Ref thrown = Ref::of(thread.thrown);
        return StopReason { .kind = StopKind::Throw,
            .text = Value::ref(ValueType::exnref, thrown).to_text(),
            .exception = std::make_shared<Root>(member.store->heap, thread.thrown) };
    }
    case Cause::Catch:
        if (watchpoints_.drop_ended(thread)) {
            stops_have_changed();
            sync(member);
        }
        return reason_of_catch(member, here);
    case Cause::Load:
        if (!clients_.stops_on().load && !listeners_.stop_at_loads())
            return std::nullopt;
        return reason_of_load(member);
    case Cause::Pause:
        if (!wants_stop_)
            return member.has_news && !is_at_entry(member) ? reason_of_load(member) : std::nullopt;
        if (!thread.host)
            member.paused_at = here;
        return StopReason { .kind = StopKind::Interrupt };
    case Cause::Step: return reason_of_step(member, paused_at);
    case Cause::Tick: return std::nullopt;
    case Cause::Watch:
        if (auto reason = reason_of_watch(member))
            return reason;
        return thread.is_stepping() ? reason_of_step(member, paused_at) : std::nullopt;
    case Cause::Mark:
        if (is_at_entry(member))
            return StopReason { .kind = StopKind::Entry };
        return reason_of_mark(member, lock);
    }
    std::unreachable();
}

std::optional<StopReason> Session::reason_of_load(Member& member) const
{
    Instance& newest = member.store->instances().back();
    return StopReason {
        .kind = StopKind::Load, .text = "instance " + std::to_string(newest.number), .instance = &newest
    };
}

/// Lets the stops of other threads come first. A breakpoint that is removed meanwhile stops nobody, but another one at its
/// place may.
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
    // One that has stopped before may still be giving way to those that stood, and counts as inside until it looks.
    changed_.notify_all();
    // A thread that calls the host goes outside without a word.
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
        lock.unlock();
        for (const auto& listener : listeners)
            if (listener->events)
                listener->events(event);
        lock.lock();
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

/// Waits for the decision about the thread's stop. Runs the calls that the thread is asked to make
/// in the meantime.
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
    // While another thread runs a call, what is decided is about the stops in that call.
    const auto is_decided = [&] { return stopper_ == &member && (resume_ || member.is_condemned); };
    for (;;) {
        changed_.wait_awake(lock, [&] { return (is_called(member) || is_decided()) && looks_ == 0; });
        if (!is_called(member))
            break;
        run_call(member, lock);
    }
    const auto how = std::exchange(resume_, std::nullopt);
    return how && !member.is_condemned ? *how : Resume { Resume::Kind::Kill };
}

void Session::forget_step(Member& member)
{
    set_stepping(*member.thread, false);
    member.step_frame.reset();
    member.step_offset.reset();
    member.marks.clear_passing();
}

/// Runs the debugger's call on this waiting thread; stops in it nest. If another thread's stop
/// interrupted a step of this one, that step is forgotten.
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
    // An embedder's thread is told once that it shall end, and ends as a whole.
    member.is_condemned = member.is_condemned || member.thread->is_killed;
    if (member.is_condemned)
        return;
    state_ = State::Stopped;
    reason_ = StopReason { .kind = StopKind::CallEnd, .thread = member.id };
    tell(lock);
}

/// Lets the thread go on, and the others too unless the stop was within a call. Brings code and
/// watches in line with what the debugger has changed.
void Session::let_go(Member& member, Resume how, bool is_nested)
{
    if (how.kind == Resume::Kind::Kill)
        condemn_all();
    // What the debugger has written is not what the guest does.
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
    // A new instance does not stand for the stop that was asked for.
    if (reason.kind != StopKind::Load) {
        wants_stop_ = false;
        at_entry_ = at_entry_ && !is_at_entry(member);
    }
    forget_step(member);
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
            tell(lock);
            const Resume how = decide(member, lock);
            ++resumes_;
            end_stop();
            tell_resume({ resumer_, how }, lock);
            let_go(member, how, is_nested);
        },
        [&](const Thrown&) {
            // There is no memory to go on with. The guest ends, and nobody waits for this stop.
            if (!lock.owns_lock())
                lock.lock();
            end_stop();
            if (!is_nested)
                stopper_ = alone_ = nullptr;
            member.visit->wish = Wish::Kill;
            changed_.notify_all();
        });
    if (!is_nested && !must_stand(member))
        // The others have been woken only now: a thread that stops again and again would leave them no time.
        changed_.wait(lock, [&] { return standing_ == 0 || stopper_ || alone_; });
    if (must_stand(member))
        stand_outside(member, lock);
}

namespace {

/// Whether the thread's next instruction may end only when another thread does something: it waits in a host function,
/// or in `memory.atomic.wait`.
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

void Session::go_on(Member& stopped, Resume how)
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

/// Sets what ends the step.
void Session::prepare(Member& member, Resume how)
{
    if (how.kind == Resume::Kind::Go)
        return;
    Thread& thread = *member.thread;
    const std::vector<Frame> frames = frames_of(thread);
    const auto innermost = std::ranges::find_if(frames, is_guest);
    const auto run_to = [&](const Frame& frame, CodeOffset offset, std::optional<FrameId> id) {
        member.marks.add_passing(
            { frame.function->instance->functions[frame.function->index.value], offset });
        member.step_offset = offset;
        member.step_frame = id;
    };
    const auto step_out = [&] {
        const auto caller = std::find_if(innermost + 1, frames.end(), is_guest);
        if (caller != frames.end())
            run_to(*caller, caller->offset, caller->id);
    };
    if (how.kind == Resume::Kind::Step || innermost == frames.end()) {
        set_stepping(thread, true);
    } else if (how.kind == Resume::Kind::StepOver) {
        const Module& module = innermost->function->module();
        ByteReader in(module.bytes().subspan(innermost->offset), innermost->offset);
        const auto instruction = decode_instruction(in);
        ASSERT(instruction);
        const OpInfo& row = info(instruction->op);
        if (row.shape != Shape::Call || !innermost->is_innermost)
            set_stepping(thread, true);
        else if (is_tail_call(instruction->op))
            // Nothing of this frame is executed behind it.
            step_out();
        else
            run_to(*innermost, instruction->end, innermost->id);
    } else if (how.kind == Resume::Kind::StepOut) {
        step_out();
    } else if (how.kind == Resume::Kind::RunTo) {
        const auto offset =
            find_instruction_boundary(innermost->function->module(), innermost->function->index, how.offset);
        if (offset)
            run_to(*innermost, *offset, std::nullopt);
    }
}

// Detours.

/// A thread of a stopped guest that waits in a visit for what it shall do: it can run calls.
Result<Session::Member*> Session::waiting(uint32_t thread) const
{
    if (state_ != State::Stopped)
        return failure("the session's guest is not stopped");
    Member* member = find_member(thread);
    if (!member)
        return failure("there is no guest thread " + std::to_string(thread));
    if (member->visit && member->is_waiting)
        return member;
    return failure(busy_text(*member));
}

/// Why a thread cannot be told what to do.
std::string Session::busy_text(const Member& member)
{
    const std::string name = "thread " + std::to_string(member.id);
    if (member.thread->host)
        return name + " is in a host function";
    if (member.thread->depth() != 0)
        return name + " is about to return to the host";
    return name + (member.is_spawned ? " has not begun, or has ended" : " executes nothing");
}

/// One that can be sent elsewhere, too.
Result<Session::Member*> Session::steerable(uint32_t thread) const
{
    Member* member = TRY(waiting(thread));
    if (!member->thread->is_at_instruction())
        return failure(busy_text(*member));
    return member;
}

/// Does something to a thread, which says what the thread does when it goes on.
template<class Act> Result<void> Session::steer(uint32_t thread, Act act)
{
    const std::lock_guard lock(mutex_);
    Member* member = TRY(steerable(thread));
    member->visit->wish = TRY(act(*member));
    return {};
}

Result<void> Session::jump(CodeOffset offset, uint32_t thread)
{
    return steer(thread, [&](Member& member) -> Result<Wish> {
        CHECK(debug::jump(*member.thread, offset));
        return Wish::Move;
    });
}

Result<void> Session::skip(uint32_t thread)
{
    return steer(thread, [](Member& member) -> Result<Wish> {
        CHECK(debug::skip(*member.thread));
        return Wish::Move;
    });
}

Result<void> Session::return_from(const Frame& frame, std::span<const Value> results)
{
    uint32_t thread = 0;
    for (const ThreadInfo& info : threads())
        if (info.thread == frame.thread)
            thread = info.id;
    return steer(thread, [&](Member& member) -> Result<Wish> {
        CHECK(debug::return_from(*member.thread, frame, results));
        return Wish::Move;
    });
}

Result<void> Session::throw_exception(const Tag& tag, std::span<const Value> values, uint32_t thread)
{
    return steer(thread, [&](Member& member) -> Result<Wish> {
        member.visit->to_throw = TRY(make_exception(*member.store, tag, values));
        return Wish::Throw;
    });
}

Result<void> Session::clear_exception(uint32_t thread)
{
    const std::lock_guard lock(mutex_);
    Member* member = TRY(waiting(thread));
    const Cause cause = member->visit->cause;
    if (cause != Cause::Throw && !(cause == Cause::Trap && member->thread->trap.exception))
        return failure("no exception is being thrown");
    member->visit->wish = Wish::Fail;
    return {};
}

} // namespace vitrine::core::debug
