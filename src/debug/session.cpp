// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/session.h"

#include "wasm/instruction.h"
#include "wasm/validator.h"

#include <algorithm>

namespace vitrine::core::debug {

/// What the store's thread fires; passes everything on to the session.
class Session::Watcher final : public Probe {
public:
    explicit Watcher(Session& session) : session_(session) {}
    Wish fire(Thread&, Cause cause) override { return session_.fire(cause); }
    void on_instance(Instance&) override
    {
        const std::lock_guard lock(session_.mutex_);
        session_.breakpoints_.sync();
    }

private:
    Session& session_;
};

std::string StopReason::to_text() const
{
    switch (kind) {
    case StopKind::Entry: return "entry";
    case StopKind::Breakpoint: return "breakpoint " + std::to_string(breakpoint);
    case StopKind::Step: return "step";
    case StopKind::Interrupt: return "interrupt";
    case StopKind::Trap: return "trap: " + trap_text;
    case StopKind::Throw: return "throw: " + trap_text;
    }
    std::unreachable();
}

Result<std::unique_ptr<Session>> Session::create(Store& store, Thread& thread)
{
    if (!store.engine().config.guest_debug)
        return failure("the engine is not configured with guest_debug");
    if (thread.probe)
        return failure("the store has a session already");
    if (thread.is_running())
        return failure("the store's guest is running");
    return std::unique_ptr<Session>(new Session(store, thread));
}

Session::Session(Store& store, Thread& thread)
    : store_(store), thread_(thread), watcher_(std::make_unique<Watcher>(*this)), breakpoints_(store)
{
    thread_.probe = watcher_.get();
    guest_ = std::thread([this] { run_guest(); });
}

Session::~Session() { close(); }

void Session::close()
{
    if (!guest_.joinable())
        return;
    set_listener(nullptr);
    kill();
    {
        const std::lock_guard lock(mutex_);
        is_closing_ = true;
    }
    changed_.notify_all();
    guest_.join();
    const std::lock_guard lock(mutex_);
    for (const Breakpoint& breakpoint : std::vector(breakpoints_.list()))
        (void)breakpoints_.remove(breakpoint.id);
    breakpoints_.sync();
    thread_.probe = nullptr;
}

void Session::run_guest()
{
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return is_closing_ || body_; });
        if (!body_)
            return;
        const auto body = std::exchange(body_, nullptr);
        lock.unlock();
        Outcome outcome = body();
        lock.lock();
        thread_.stepping = false;
        breakpoints_.clear_internal();
        breakpoints_.sync();
        thread_.requests->bits.fetch_and(~Requests::pause);
        at_entry_ = wants_stop_ = wants_kill_ = false;
        state_ = State::Idle;
        outcome_ = outcome;
        if (const auto listener = listener_) {
            is_telling_end_ = true;
            lock.unlock();
            listener(std::move(outcome));
            lock.lock();
            is_telling_end_ = false;
        }
        changed_.notify_all();
    }
}

Result<void> Session::start(std::function<Outcome()> body, bool stop_at_entry)
{
    {
        const std::lock_guard lock(mutex_);
        if (is_closing_)
            return failure("the session is closed");
        if (state_ != State::Idle)
            return failure("the session's guest is already running");
        body_ = std::move(body);
        outcome_.reset();
        state_ = State::Running;
        at_entry_ = stop_at_entry;
        thread_.stepping = stop_at_entry;
        breakpoints_.sync();
    }
    changed_.notify_all();
    return {};
}

Result<Event> Session::wait()
{
    std::unique_lock lock(mutex_);
    if (state_ == State::Idle && !outcome_)
        return failure("the session's guest is not running");
    changed_.wait(
        lock, [&] { return (outcome_ && !is_telling_end_) || (state_ == State::Stopped && !listener_); });
    if (outcome_)
        return Event(*std::exchange(outcome_, std::nullopt));
    return Event(*reason_);
}

Result<void> Session::resume(Resume how)
{
    {
        const std::lock_guard lock(mutex_);
        if (state_ != State::Stopped)
            return failure("the session's guest is not stopped");
        resume_ = how;
        // Running from here on, so that whoever waits next waits for the next stop.
        state_ = State::Running;
        reason_.reset();
    }
    changed_.notify_all();
    return {};
}

void Session::interrupt()
{
    const std::lock_guard lock(mutex_);
    if (state_ != State::Running)
        return;
    wants_stop_ = true;
    thread_.requests->add(Requests::pause);
}

void Session::kill()
{
    {
        const std::lock_guard lock(mutex_);
        if (state_ == State::Idle)
            return;
        wants_kill_ = true;
        thread_.requests->add(Requests::pause);
    }
    changed_.notify_all();
}

bool Session::is_idle() const
{
    const std::lock_guard lock(mutex_);
    return state_ == State::Idle;
}

bool Session::is_running() const
{
    const std::lock_guard lock(mutex_);
    return state_ == State::Running;
}

std::optional<StopReason> Session::stopped() const
{
    const std::lock_guard lock(mutex_);
    return state_ == State::Stopped ? reason_ : std::nullopt;
}

std::vector<Frame> Session::frames() const
{
    const std::lock_guard lock(mutex_);
    return state_ == State::Stopped ? frames_of(thread_) : std::vector<Frame> {};
}

Session::Look::Look(Session& session) : session_(nullptr)
{
    const std::lock_guard lock(session.mutex_);
    if (session.state_ != State::Stopped || session.wants_kill_)
        return;
    session_ = &session;
    ++session.looks_;
}

Session::Look::~Look()
{
    if (!session_)
        return;
    {
        const std::lock_guard lock(session_->mutex_);
        --session_->looks_;
    }
    session_->changed_.notify_all();
}

Result<uint32_t> Session::add_breakpoint(BreakpointSpec spec)
{
    const std::lock_guard lock(mutex_);
    if (is_closing_)
        return failure("the session is closed");
    auto added = breakpoints_.add(std::move(spec));
    marks_have_changed();
    return added;
}

Result<void> Session::remove_breakpoint(uint32_t id)
{
    const std::lock_guard lock(mutex_);
    if (is_closing_)
        return failure("the session is closed");
    auto removed = breakpoints_.remove(id);
    marks_have_changed();
    return removed;
}

std::vector<Breakpoint> Session::breakpoints() const
{
    const std::lock_guard lock(mutex_);
    return breakpoints_.list();
}

void Session::marks_have_changed()
{
    if (state_ != State::Running || std::this_thread::get_id() == guest_.get_id()) {
        breakpoints_.sync();
        return;
    }
    marks_are_stale_ = true;
    thread_.requests->add(Requests::pause);
}

void Session::stop_on_throw(bool on)
{
    const std::lock_guard lock(mutex_);
    stops_on_throw_ = on;
}

void Session::set_listener(std::function<void(const Event&)> listener)
{
    {
        const std::lock_guard lock(mutex_);
        listener_ = std::move(listener);
    }
    changed_.notify_all();
}

bool Session::may_use_store() const
{
    const std::lock_guard lock(mutex_);
    return state_ != State::Running || std::this_thread::get_id() == guest_.get_id();
}

Wish Session::fire(Cause cause)
{
    // A call made while the guest is stopped runs on the debugger's own thread, which has nobody to stop for.
    if (std::this_thread::get_id() != guest_.get_id())
        return Wish::Continue;
    std::unique_lock lock(mutex_);
    if (wants_kill_)
        return Wish::Kill;
    if (std::exchange(marks_are_stale_, false))
        breakpoints_.sync();
    auto reason = reason_for(cause);
    return reason ? stop(std::move(*reason), lock) : Wish::Continue;
}

std::optional<StopReason> Session::reason_for(Cause cause)
{
    if (cause == Cause::Trap)
        return StopReason { .kind = StopKind::Trap,
            .trap = thread_.trap.kind,
            .trap_text = thread_.trap.to_text(),
            .exception = thread_.trap.exception };
    if (cause == Cause::Throw) {
        if (!stops_on_throw_)
            return std::nullopt;
        const Ref thrown = Ref::of(thread_.thrown);
        return StopReason { .kind = StopKind::Throw,
            .trap_text = Value::ref(ValueType::exnref, thrown).to_text(),
            .exception = std::make_shared<Root>(store_.heap, thread_.thrown) };
    }
    const Place here { thread_.control, thread_.state.function, thread_.state.offset };
    const auto paused_at = std::exchange(paused_at_, std::nullopt);
    if (cause == Cause::Step && paused_at == here)
        return std::nullopt;
    if (cause == Cause::Catch) {
        // The frame in which the step would have ended is gone, or goes on here.
        if (!step_control_ || thread_.control < step_control_)
            return std::nullopt;
        paused_at_ = here;
        return StopReason { .kind = StopKind::Step };
    }
    if (cause == Cause::Pause) {
        if (!wants_stop_)
            return std::nullopt;
        if (!thread_.host)
            paused_at_ = here;
        return StopReason { .kind = StopKind::Interrupt };
    }
    if (at_entry_)
        return StopReason { .kind = StopKind::Entry };
    if (cause == Cause::Mark) {
        const Frame frame = frames_of(thread_, 1).front();
        if (const Breakpoint* breakpoint = breakpoints_.hit(frame))
            return StopReason { .kind = StopKind::Breakpoint, .breakpoint = breakpoint->id };
        const bool is_target =
            step_offset_ == frame.offset && (!step_control_ || step_control_ == frame.control);
        if (!is_target && !thread_.stepping)
            return std::nullopt;
    }
    return StopReason { .kind = StopKind::Step };
}

Wish Session::stop(StopReason reason, std::unique_lock<std::mutex>& lock)
{
    thread_.stepping = false;
    at_entry_ = wants_stop_ = false;
    step_control_ = nullptr;
    step_offset_.reset();
    breakpoints_.clear_internal();
    state_ = State::Stopped;
    reason_ = reason;
    if (const auto listener = listener_) {
        lock.unlock();
        listener(std::move(reason));
        lock.lock();
    }
    changed_.notify_all();
    changed_.wait(lock, [&] { return (resume_ || wants_kill_) && looks_ == 0; });
    state_ = State::Running;
    const auto how = std::exchange(resume_, std::nullopt);
    if (!how || how->kind == Resume::Kind::Kill)
        return Wish::Kill;
    prepare(*how);
    breakpoints_.sync();
    return Wish::Continue;
}

void Session::prepare(Resume how)
{
    if (how.kind == Resume::Kind::Go)
        return;
    const std::vector<Frame> frames = frames_of(thread_);
    const auto is_guest = [](const Frame& frame) { return !frame.is_host(); };
    const auto innermost = std::ranges::find_if(frames, is_guest);
    const auto run_to = [&](const Frame& frame, CodeOffset offset, const Record* control) {
        breakpoints_.add_internal(*frame.function, offset);
        step_offset_ = offset;
        step_control_ = control;
    };
    const auto step_out = [&] {
        const auto caller = std::find_if(innermost + 1, frames.end(), is_guest);
        if (caller != frames.end())
            run_to(*caller, caller->offset, caller->control);
    };
    if (how.kind == Resume::Kind::Step || innermost == frames.end()) {
        thread_.stepping = true;
    } else if (how.kind == Resume::Kind::StepOver) {
        const Module& module = innermost->function->module();
        ByteReader in(module.bytes().subspan(innermost->offset), innermost->offset);
        const auto instruction = decode_instruction(in);
        ASSERT(instruction);
        const OpInfo& row = info(instruction->op);
        if (row.shape != Shape::Call)
            thread_.stepping = true;
        else if (row.text.starts_with("return_call"))
            // Nothing of this frame is executed behind it.
            step_out();
        else
            run_to(*innermost, instruction->end, innermost->control);
    } else if (how.kind == Resume::Kind::StepOut) {
        step_out();
    } else if (how.kind == Resume::Kind::RunTo) {
        const auto offset =
            find_instruction_boundary(innermost->function->module(), innermost->function->index, how.offset);
        if (offset)
            run_to(*innermost, *offset, nullptr);
    }
}

} // namespace vitrine::core::debug
