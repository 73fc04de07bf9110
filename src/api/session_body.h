// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "api/access.h"
#include "debug/session.h"

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

} // namespace vitrine::debug::detail

namespace vitrine::detail {

/// The public form of a place that is no local of a frame.
debug::WatchPlace place_of(const std::shared_ptr<StoreLink>& link, const core::debug::WatchPlace& place);

} // namespace vitrine::detail
