// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/host_thread.h"

#include <algorithm>
#include <pthread.h>

namespace vitrine::core {

namespace {

/// The space that must remain free for the code below an entry. For a small stack, a quarter of it
/// is enough.
constexpr uintptr_t usual_reserve = uintptr_t { 256 } << 10;

} // namespace

HostThread::HostThread()
{
    pthread_attr_t attributes;
    // If the system cannot tell where the stack is, there always seems to be room.
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    void* begin = nullptr;
    size_t size = 0, guard = 0;
    pthread_attr_getstack(&attributes, &begin, &size);
    pthread_attr_getguardsize(&attributes, &guard);
    pthread_attr_destroy(&attributes);
    // Some versions of the C library count the guard pages as part of the stack.
    guard = std::min(guard, size);
    stack_begin_ = reinterpret_cast<uintptr_t>(begin) + guard;
    reserve_ = std::min(usual_reserve, (size - guard) / 4);
}

thread_local constinit HostThread* HostThread::current_ = nullptr;

HostThread& HostThread::first()
{
    thread_local HostThread thread;
    current_ = &thread;
    return thread;
}

} // namespace vitrine::core
