// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "api/access.h"
#include "debug/session.h"

#include <algorithm>
#include <memory>
#include <optional>

namespace vitrine::debug::detail {

struct SessionBody {
    std::shared_ptr<vitrine::detail::StoreLink> link;
    /// Null when the session could not be made or its store is gone; `error` says why.
    std::shared_ptr<core::debug::Session> session;
    std::optional<Error> error;
    std::optional<Instance> instance;
    /// What the guest's thread ended with, for whoever waits; what the debugger's own call ended with.
    std::optional<Result<std::vector<Val>>> results;
    std::optional<Result<std::vector<Val>>> call_results;
};

/// Keeps a stopped guest as it is while this lives, whoever ends it meanwhile.
class Hold {
public:
    explicit Hold(const std::shared_ptr<SessionBody>& body)
    {
        if (body && body->session)
            look_.emplace(*body->session);
    }
    /// Holds for a frame: not when its guest went on since it was looked at.
    Hold(const std::shared_ptr<SessionBody>& body, const core::Thread* thread, uint64_t generation)
        : Hold(body)
    {
        is_stale_ = *this && !is_current(*body->session, thread, generation);
    }
    explicit operator bool() const { return look_ && *look_ && !is_stale_; }

private:
    /// A thread's own generation does not change when it stays in a host function. The thread may be gone.
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

/// The public form of the reason for a stop of the session.
StopReason reason_of(const SessionBody& body, const core::debug::StopReason& reason);
/// A store of the session, as the API knows it, whose thread can run calls.
Result<std::shared_ptr<vitrine::detail::StoreLink>> link_of_thread(
    const core::debug::Session& session, uint32_t thread);

} // namespace vitrine::debug::detail

namespace vitrine::detail {

/// The public form of a place that is no local of a frame.
debug::WatchPlace place_of(const std::shared_ptr<StoreLink>& link, const core::eval::WatchPlace& place);

} // namespace vitrine::detail
