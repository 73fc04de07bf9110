// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The debugger decides where a stopped guest thread goes on.
#include "debug/detour.h"
#include "debug/session.h"

namespace vitrine::core::debug {

/// Finds a thread that waits in a visit, and so can run calls.
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

/// Why a thread cannot run calls or be moved.
std::string Session::busy_text(const Member& member)
{
    const std::string name = "thread " + std::to_string(member.id);
    if (member.thread->host)
        return name + " is in a host function";
    if (member.thread->depth() != 0)
        return name + " is about to return to the host";
    return name + (member.is_spawned ? " has not begun, or has ended" : " executes nothing");
}

/// Finds a thread that can also be moved.
Result<Session::Member*> Session::steerable(uint32_t thread) const
{
    Member* member = TRY(waiting(thread));
    if (!member->thread->is_at_instruction())
        return failure(busy_text(*member));
    return member;
}

/// Applies `act` to a thread; its result says how the thread goes on.
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
