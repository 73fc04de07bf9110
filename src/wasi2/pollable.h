// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/wait.h"
#include "wasi2/definitions.h"

#include <memory>
#include <variant>

namespace vitrine::core::wasi2 {

/// The resource `pollable` of wasi:io/poll: something to wait for, as data.
class Pollable {
public:
    /// Is always ready.
    Pollable() = default;
    /// Is ready from a time of the host's monotonic clock on.
    explicit Pollable(uint64_t deadline) : what_(deadline) {}
    /// Is ready when events of a file (POLLIN, POLLOUT) happen.
    Pollable(std::shared_ptr<File> file, short events) : what_(Events { std::move(file), events }) {}

    /// Adds it to what is waited for.
    void add_to(host::WaitSet& set);
    /// Whether it is ready, after `add_to` and a wait for the same set.
    bool is_ready(const host::WaitSet& set, uint64_t now) const;

private:
    struct Always {};
    struct Events {
        std::shared_ptr<File> file;
        short events;
        /// In the set to which it was added last.
        size_t place = 0;
    };
    std::variant<Always, uint64_t, Events> what_;
};

} // namespace vitrine::core::wasi2
