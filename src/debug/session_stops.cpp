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

void Session::stand_outside(Member& member, std::unique_lock<std::mutex>& lock)
{
    member.thread->execution.store(Execution::Outside);
    changed_.notify_all();
    ++standing_;
    changed_.wait(lock, [&] { return !must_stand(member); });
    --standing_;
    member.thread->execution.store(Execution::Inside);
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
    if (must_stand(member))
        stand_outside(member, lock);
    bring_in_line(member);
    std::optional<StopReason> reason;
    if (!member.is_condemned && !member.has_left)
        reason = reason_in_turn(member, reason_for(member, cause, lock), lock);
    const bool is_entry = reason && reason->kind == StopKind::Entry;
    Wish wish = reason ? stop(member, std::move(*reason), lock) : Wish::Continue;
    // Nothing has been executed at an entry: a breakpoint there is still to come, unless a step leads from here.
    const bool is_passing = member.thread->is_stepping() || member.step_offset;
    if (is_entry && wish == Wish::Continue && !is_passing && !member.is_condemned && !member.failure)
        if (auto at_once = reason_in_turn(member, reason_of_mark(member, lock), lock))
            wish = stop(member, std::move(*at_once), lock);
    if (take_sentence(member))
        return Wish::Kill;
    if (!member.failure)
        return wish;
    member.thread->trap = *std::exchange(member.failure, std::nullopt);
    return Wish::Fail;
}

std::optional<StopReason> Session::reason_of_trap(const Thread& thread) const
{
    const Trap& trap = thread.trap;
    const bool is_wanted = trap.kind == TrapKind::UncaughtException ? stops_on_.uncaught_throw
        : trap.kind == TrapKind::HostError                          ? stops_on_.host_error
                                                                    : stops_on_.trap;
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
    if (!messages.empty() && (log_ || listens_to_.messages))
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
    const auto listener = listens_to_.messages;
    lock.unlock();
    guarded(
        [&] {
            for (std::string& message : messages) {
                if (listener)
                    listener(message);
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

std::optional<StopReason> Session::reason_for(Member& member, Cause cause, std::unique_lock<std::mutex>& lock)
{
    const Thread& thread = *member.thread;
    const FramePlace here = place_of(thread);
    const auto paused_at = std::exchange(member.paused_at, std::nullopt);
    switch (cause) {
    case Cause::Trap: return reason_of_trap(thread);
    case Cause::Throw: {
        if (!stops_on_.caught_throw)
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
        // The frame in which the step would have ended is gone, or goes on here.
        if (!member.step_frame || here.frame.is_above(*member.step_frame))
            return std::nullopt;
        member.paused_at = here;
        return StopReason { .kind = StopKind::Step };
    case Cause::Load:
        if (!stops_on_.load && !listens_to_.loads)
            return std::nullopt;
        return reason_of_load(member);
    case Cause::Pause:
        if (!wants_stop_)
            return member.has_news && !is_at_entry(member) ? reason_of_load(member) : std::nullopt;
        if (!thread.host)
            member.paused_at = here;
        return StopReason { .kind = StopKind::Interrupt };
    case Cause::Step: return reason_of_step(member, paused_at);
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

void Session::tell(std::unique_lock<std::mutex>& lock)
{
    if (const auto listener = listener_) {
        const StopReason reason = *reason_;
        lock.unlock();
        listener(reason);
        lock.lock();
    }
    changed_.notify_all();
}

Resume Session::decide(std::unique_lock<std::mutex>& lock)
{
    if (handler_) {
        const StopReason reason = *reason_;
        Member& member = *stopper_;
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
    for (;;) {
        changed_.wait_awake(
            lock, [&] { return (resume_ || call_ || stopper_->is_condemned) && looks_ == 0; });
        if (stopper_->is_condemned) {
            resume_.reset();
            call_ = nullptr;
            return { Resume::Kind::Kill };
        }
        if (!call_)
            return *std::exchange(resume_, std::nullopt);
        run_call(lock);
    }
}

/// A call that the debugger makes, on the thread of the guest that stopped. Stops in it nest.
void Session::run_call(std::unique_lock<std::mutex>& lock)
{
    const auto body = std::exchange(call_, nullptr);
    const Wish wish = std::exchange(wish_, Wish::Continue);
    const auto to_throw = to_throw_;
    lock.unlock();
    guarded(body, [](const Thrown&) {});
    lock.lock();
    wish_ = wish;
    to_throw_ = to_throw;
    set_stepping(*stopper_->thread, false);
    stopper_->marks.clear_passing();
    if (stopper_->is_condemned)
        return;
    state_ = State::Stopped;
    reason_ = StopReason { .kind = StopKind::CallEnd, .thread = stopper_->id };
    tell(lock);
}

/// What the thread does after its stop, with everything brought in line with what the debugger has changed meanwhile.
Wish Session::let_go(Member& member, Resume how, Wish wish, bool is_nested)
{
    if (how.kind == Resume::Kind::Kill)
        condemn_all();
    if (how.kind == Resume::Kind::Kill || member.is_condemned)
        wish = Wish::Kill;
    else if (wish == Wish::Throw)
        member.thread->thrown = static_cast<ExceptionObject*>(to_throw_->object());
    // What the debugger has written is not what the guest does.
    if (!watchpoints_.is_empty()) {
        watchpoints_.refresh();
        member.foreign_writes->take();
    }
    if (member.is_stale)
        sync(member);
    if (!is_nested)
        go_on(member, how);
    else if (wish != Wish::Kill)
        prepare(member, how);
    return wish;
}

Wish Session::stop(Member& member, StopReason reason, std::unique_lock<std::mutex>& lock)
{
    const bool is_nested = stopper_ == &member;
    if (!is_nested)
        stop_others(member, lock);
    Thread& thread = *member.thread;
    member.has_news = false;
    // A new instance does not stand for the stop that was asked for.
    if (reason.kind != StopKind::Load) {
        wants_stop_ = false;
        at_entry_ = at_entry_ && !is_at_entry(member);
    }
    set_stepping(thread, is_at_entry(member));
    member.step_frame.reset();
    member.step_offset.reset();
    member.marks.clear_passing();
    reason.thread = member.id;
    const State outer_state = std::exchange(state_, State::Stopped);
    auto outer_reason = std::exchange(reason_, std::move(reason));
    const Wish outer_wish = std::exchange(wish_, Wish::Continue);
    bool is_over = false;
    const auto end_stop = [&] {
        if (std::exchange(is_over, true))
            return wish_;
        state_ = outer_state;
        reason_ = std::move(outer_reason);
        return std::exchange(wish_, outer_wish);
    };
    const Wish wish = guarded(
        [&] {
            tell(lock);
            const Resume how = decide(lock);
            ++resumes_;
            return let_go(member, how, end_stop(), is_nested);
        },
        [&](const Thrown&) {
            // There is no memory to go on with. The guest ends, and nobody waits for this stop.
            if (!lock.owns_lock())
                lock.lock();
            end_stop();
            if (!is_nested)
                stopper_ = alone_ = nullptr;
            changed_.notify_all();
            return Wish::Kill;
        });
    if (!is_nested && !must_stand(member))
        // The others have been woken only now: a thread that stops again and again would leave them no time.
        changed_.wait(lock, [&] { return standing_ == 0 || stopper_ || alone_; });
    if (must_stand(member))
        stand_outside(member, lock);
    return wish;
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

/// The stopped thread, where it can be sent elsewhere.
Result<Session::Member*> Session::steerable() const
{
    if (state_ != State::Stopped)
        return failure("the session's guest is not stopped");
    if (is_from_outside_ || !stopper_->thread->is_at_instruction())
        return failure("the guest is not at an instruction of its own: it waits in a host function");
    return stopper_;
}

Result<void> Session::jump(CodeOffset offset)
{
    const std::lock_guard lock(mutex_);
    Member* member = TRY(steerable());
    CHECK(debug::jump(*member->thread, offset));
    wish_ = Wish::Move;
    return {};
}

Result<void> Session::skip()
{
    const std::lock_guard lock(mutex_);
    Member* member = TRY(steerable());
    CHECK(debug::skip(*member->thread));
    wish_ = Wish::Move;
    return {};
}

Result<void> Session::return_from(const Frame& frame, std::span<const Value> results)
{
    const std::lock_guard lock(mutex_);
    Member* member = TRY(steerable());
    CHECK(debug::return_from(*member->thread, frame, results));
    wish_ = Wish::Move;
    return {};
}

Result<void> Session::throw_exception(const Tag& tag, std::span<const Value> values)
{
    const std::lock_guard lock(mutex_);
    Member* member = TRY(steerable());
    to_throw_ = TRY(make_exception(*member->store, tag, values));
    wish_ = Wish::Throw;
    return {};
}

Result<void> Session::clear_exception()
{
    const std::lock_guard lock(mutex_);
    if (state_ != State::Stopped || !reason_->exception)
        return failure("no exception is being thrown");
    Thread& thread = *stopper_->thread;
    thread.trap = {
        .kind = TrapKind::HostError, .message = "the debugger took the exception", .trace = trace_of(thread)
    };
    wish_ = Wish::Fail;
    return {};
}

} // namespace vitrine::core::debug
