// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/guest_stack.h"

#include <cstdint>
#include <memory>
#include <thread>

namespace vitrine::core {

/// What calls of guests need to know about the host thread that makes them. Each host thread has
/// its own.
class HostThread {
public:
    static HostThread& current() { return current_ ? *current_ : first(); }

    std::thread::id id() const { return id_; }
    /// Whether the thread's own stack has room for another entry into the guest and the host
    /// functions that it may call. Also true when the thread runs on a stack other than the one
    /// that the system gave it (a fiber, a signal handler's stack), as the size of such a stack is
    /// unknown.
    bool has_stack() const
    {
        return reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) - stack_begin_ >= reserve_;
    }

    /// A guest stack for the thread's next call, from any engine; can be null.
    std::unique_ptr<GuestStack> idle_stack;

private:
    HostThread();
    static HostThread& first();

    /// What `first` has returned. With this model, a shared library reads it without calling the
    /// loader. There is little space for such variables, so this is a pointer.
    [[gnu::tls_model("initial-exec")]] static thread_local constinit HostThread* current_;

    const std::thread::id id_ = std::this_thread::get_id();
    /// The lowest usable byte of the thread's stack, and how many bytes must remain free above it.
    uintptr_t stack_begin_ = 0;
    uintptr_t reserve_ = 0;
};

} // namespace vitrine::core
