// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What may be done with a stopped or idle guest, and what holds it meanwhile.
#include "debug/session.h"

namespace vitrine::core::debug {

std::vector<Frame> Session::frames(uint32_t thread, size_t limit) const
{
    const std::lock_guard lock(mutex_);
    const Member* member = state_ == State::Stopped ? find_member(thread) : nullptr;
    return member ? frames_of(*member->thread, limit) : std::vector<Frame>();
}

uint64_t Session::resumes() const
{
    const std::lock_guard lock(mutex_);
    return resumes_;
}

Result<Thread*> Session::find_callable(uint32_t thread) const
{
    const std::lock_guard lock(mutex_);
    return TRY(waiting(thread))->thread;
}

Session::Look::Look(Session& session) : session_(nullptr)
{
    const std::lock_guard lock(session.mutex_);
    if (session.state_ != State::Stopped || session.stopper_->is_condemned)
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

/// Whether the calling thread runs the member's guest, or is in the handler.
bool Session::runs_here(const Member& member) const
{
    const auto here = std::this_thread::get_id();
    return member.thread->runner.load() == here || handling_ == here
        || (member.thread == &thread_ && guest_.get_id() == here);
}

bool Session::holds_here() const
{
    for (const Use* use = uses_; use; use = use->next_)
        if (use->thread_ == std::this_thread::get_id())
            return true;
    return false;
}

bool Session::is_used_here() const
{
    const std::lock_guard lock(mutex_);
    return holds_here();
}

Session::Use::Use(Session& session, const Store& store, Purpose purpose)
{
    const std::lock_guard lock(session.mutex_);
    const Member* member = session.find_member(store);
    if (!member || session.runs_here(*member))
        return;
    bool holds = false;
    if (session.holds_here()) {
        holds = true;
    } else if (session.state_ == State::Stopped && !session.stopper_->is_condemned) {
        // A call that can stop waits until the guest is resumed, so it must not hold the guest.
        holds = purpose == Purpose::Data || !session.stops_here(*member);
    } else if (member->thread == &session.thread_ && !session.handler_) {
        is_allowed_ = !session.is_body_running_;
        // With `Call`, a host function of the idle guest may start a run of the session.
        holds = is_allowed_ && purpose == Purpose::Data;
    } else {
        is_allowed_ = !member->is_running();
    }
    if (!holds)
        return;
    session_ = &session;
    next_ = std::exchange(session.uses_, this);
    ++session.looks_;
}

Session::Use::~Use()
{
    if (!session_)
        return;
    {
        const std::lock_guard lock(session_->mutex_);
        Use** link = &session_->uses_;
        while (*link != this)
            link = &(*link)->next_;
        *link = next_;
        --session_->looks_;
    }
    session_->changed_.notify_all();
}

} // namespace vitrine::core::debug
