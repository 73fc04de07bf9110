// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "api/access.h"
#include "debug/session.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>

namespace vitrine::debug::detail {

struct SessionBody {
    std::shared_ptr<vitrine::detail::StoreLink> link;
    /// Null if the session could not be created or its store is gone. `error` says why.
    std::shared_ptr<core::debug::Session> session;
    std::optional<Error> error;
    std::optional<Instance> instance;
    /// The results of the code that ran on the guest's thread, and of a call made during a stop.
    std::optional<Result<std::vector<Val>>> results;
    std::optional<Result<std::vector<Val>>> call_results;
    // The same for components.
    std::optional<ComponentInstance> component_instance;
    std::optional<ComponentVal> component_result;
};

/// Code that runs on the guest's thread.
using GuestCode = std::function<Result<std::vector<Val>>()>;

/// Runs code on the guest's thread and waits for the next event.
Event start(const std::shared_ptr<SessionBody>& body, GuestCode code, bool stop_at_entry);
/// Runs code on a thread that has stopped and waits for the next event. Consumes the stop once the
/// code has started. `link` is that of the store that the code uses.
Event start_call(const std::shared_ptr<SessionBody>& body, Stopped& stopped,
    const std::shared_ptr<vitrine::detail::StoreLink>& link, GuestCode code, std::uint32_t thread);

inline Event exited(Error error) { return Exited { std::move(error) }; }

/// Like `guarded`, for code that returns an event.
template<class F> Event guarded_event(const F& code)
{
    return core::guarded(code, [](core::Thrown thrown) { return exited(Error(std::move(thrown.text))); });
}

/// Keeps a stopped guest unchanged during the lifetime of this object, even if another thread ends
/// the guest.
class Hold {
public:
    explicit Hold(const std::shared_ptr<SessionBody>& body)
    {
        if (body && body->session)
            look_.emplace(*body->session);
    }
    /// For use with a frame: false if the guest has resumed since the frame was obtained.
    Hold(const std::shared_ptr<SessionBody>& body, const core::Thread* thread, uint64_t generation)
        : Hold(body)
    {
        is_stale_ = *this && !is_current(*body->session, thread, generation);
    }
    explicit operator bool() const { return look_ && *look_ && !is_stale_; }

private:
    /// Whether the frame's thread still exists and has not resumed. A thread that stays in a host
    /// function keeps its own generation.
    static bool is_current(
        const core::debug::Session& session, const core::Thread* thread, uint64_t generation)
    {
        generation -= session.resumes();
        const auto threads = session.threads();
        return std::ranges::any_of(threads, [&](const core::debug::ThreadInfo& info) {
            return info.thread == thread && thread->generation() == generation;
        });
    }

    std::optional<core::debug::Session::Look> look_;
    bool is_stale_ = false;
};

Error stale_frame();
Error stale_stop();
/// What listeners are told about the end of the guest: its values are not passed on.
core::debug::Outcome outcome_of(const Result<std::vector<Val>>& results);
/// Refuses to change where or how the guest goes on while that is another client's business.
Result<void> check_in_control(const SessionBody& body);

/// Converts the reason of a stop.
StopReason reason_of(const SessionBody& body, const core::debug::StopReason& reason);
/// The link of the store whose thread, with this id, can run calls.
Result<std::shared_ptr<vitrine::detail::StoreLink>> link_of_thread(
    const core::debug::Session& session, uint32_t thread);

} // namespace vitrine::debug::detail

namespace vitrine::detail {

/// Converts a place that is not a local of a frame.
debug::WatchPlace place_of(const std::shared_ptr<StoreLink>& link, const core::eval::WatchPlace& place);

} // namespace vitrine::detail
